//! Documents: kept byte for byte, read only through a record.

use pendeen_casework::permission::decide_create;
use pendeen_casework::person::Role;
use pendeen_casework::record::{AnyRecord, Kind, Related};
use pendeen_store::document::{Document, DocumentDigest};

use crate::fixture::{Fixture, at, person};
use crate::world::{act, context, fields, head, intelligence, make};

pub async fn a_document_is_kept_byte_for_byte_and_once(db: Fixture) {
    let officer = person(1, &[Role::IntelligenceOfficer], None);
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let first =
        db.store.put_document(&officer, bytes.clone(), "application/xml", at(1)).await.unwrap();
    let second = db.store.put_document(&officer, bytes.clone(), "text/plain", at(2)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(DocumentDigest::parse(&first.to_string()), Some(first));
    assert_eq!(db.number("SELECT COUNT(*) FROM document").await, 1);
    let stored: Vec<u8> =
        db.rows("SELECT bytes FROM document").await[0].try_get_by_index(0).unwrap();
    assert_eq!(stored, bytes);
}

pub async fn a_document_is_read_through_a_record_that_names_it_and_no_other(db: Fixture) {
    let officer = intelligence(1);
    let store = &db.store;
    let digest = store
        .put_document(&officer, b"<report/>".to_vec(), "application/xml", at(1))
        .await
        .unwrap();
    let hex = digest.to_string();
    let naming = fields([
        ("source", "NCMEC"),
        ("reference", "1"),
        ("summary", "A report"),
        ("document", &*hex),
    ]);
    let naming = make(store, &officer, Kind::Referral, 1, &naming).await.unwrap();
    let other = fields([("source", "NCMEC"), ("reference", "2"), ("summary", "Another")]);
    let other = make(store, &officer, Kind::Referral, 2, &other).await.unwrap();

    let read = async |who, record: &AnyRecord| {
        store.document(who, Kind::Referral, record.head().id, digest, at(5)).await.unwrap()
    };
    let expected =
        Document { media_type: "application/xml".to_owned(), bytes: b"<report/>".to_vec() };
    assert_eq!(read(&officer, &naming).await, Some(expected.clone()));
    assert_eq!(read(&officer, &other).await, None, "the other record does not name it");
    let examiner = person(2, &[Role::Examiner], Some("E23000035"));
    assert_eq!(read(&examiner, &naming).await, None, "the person may not see the record");
    let triaged = act(store, &officer, &naming, "triage", &fields([])).await.unwrap();
    assert_eq!(read(&officer, &triaged).await, Some(expected), "later versions name it too");
}

/// Whoever knows a digest must not open the document by writing the digest into a record.
pub async fn writing_a_digest_down_opens_nothing(db: Fixture) {
    let officer = intelligence(1);
    let store = &db.store;
    let digest =
        store.put_document(&officer, b"elsewhere".to_vec(), "text/plain", at(1)).await.unwrap();
    let hex = digest.to_string();
    for (n, typed) in [(1, hex.clone()), (2, hex.to_uppercase())] {
        let filled = fields([("source", "IWF"), ("reference", "1"), ("summary", &*typed)]);
        let made = make(store, &officer, Kind::Referral, n, &filled).await.unwrap();
        let id = made.head().id;
        let read = store.document(&officer, Kind::Referral, id, digest, at(5)).await.unwrap();
        assert_eq!(read, None);
        act(store, &officer, &made, "triage", &fields([])).await.unwrap();
        let read = store.document(&officer, Kind::Referral, id, digest, at(6)).await.unwrap();
        assert_eq!(read, None, "an act does not take up what was typed before it");
    }
}

/// A record built by the program comes without fields, so its text names no document.
pub async fn a_record_kept_as_it_was_built_opens_no_document(db: Fixture) {
    let officer = intelligence(1);
    let store = &db.store;
    let digest =
        store.put_document(&officer, b"elsewhere".to_vec(), "text/plain", at(1)).await.unwrap();
    let hex = digest.to_string();
    let filled = fields([("source", "IWF"), ("reference", "1"), ("summary", &*hex)]);
    let head = head(Kind::Referral, 1, &officer);
    let permit = decide_create(&officer, Kind::Referral, &head).unwrap();
    let none = Related::default();
    let context = context(&filled, &none, &officer, at(1));
    let built = AnyRecord::create(Kind::Referral, head, &context).unwrap();
    let kept = store.create_record(permit, built, at(2)).await.unwrap();
    let kept = act(store, &officer, &kept, "triage", &fields([])).await.unwrap();
    let read = store.document(&officer, Kind::Referral, kept.head().id, digest, at(5)).await;
    assert_eq!(read.unwrap(), None);
}
