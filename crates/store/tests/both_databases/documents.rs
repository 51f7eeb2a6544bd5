//! Documents.

use pendeen_casework::person::Role;

use crate::fixture::{Fixture, at, person};

pub async fn a_document_is_kept_byte_for_byte_and_once(db: Fixture) {
    let officer = person(1, &[Role::IntelligenceOfficer], None);
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let first =
        db.store.put_document(&officer, bytes.clone(), "application/xml", at(1)).await.unwrap();
    let second = db.store.put_document(&officer, bytes.clone(), "text/plain", at(2)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(db.number("SELECT COUNT(*) FROM document").await, 1);
    let stored: Vec<u8> =
        db.rows("SELECT bytes FROM document").await[0].try_get_by_index(0).unwrap();
    assert_eq!(stored, bytes);
}
