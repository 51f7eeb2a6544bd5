//! Documents in a bucket of an S3-compatible store. Run by `make s3`, which starts one on
//! loopback and names a bucket of it in `PENDEEN_TEST_BUCKET`.
#![cfg(feature = "s3")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use pendeen_casework::form::Fields;
use pendeen_casework::permission::decide_create;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::{Head, Kind};
use pendeen_store::{Place, Store};
use uuid::Uuid;

#[tokio::test]
async fn a_document_in_a_bucket_comes_back_byte_for_byte_and_leftovers_are_swept() {
    let Some(bucket) = std::env::var_os("PENDEEN_TEST_BUCKET") else {
        println!("PENDEEN_TEST_BUCKET names no bucket: run this by `make s3`");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("case.db").display());
    let place = || Place::parse(bucket.to_str().unwrap()).unwrap();
    let store = Store::connect(&url).await.unwrap().with_documents(place());
    store.migrate().await.unwrap();
    let officer = Person {
        id: PersonId(Uuid::from_u128(1)),
        name: "Officer 1".to_owned(),
        roles: [Role::IntelligenceOfficer].into(),
        force: None,
        knows: Knows::default(),
    };
    let at = "2026-06-01T09:00:00Z".parse().unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let digest = store.put_document(&officer, bytes.clone(), "text/xml", at).await.unwrap();
    let hex = digest.to_string();
    let fields: Fields = [
        ("source", "IWF"),
        ("reference", "1"),
        ("summary", "A report"),
        ("document", hex.as_str()),
    ]
    .into_iter()
    .collect();
    let head = Head::new(Kind::Referral, Uuid::from_u128(7), &officer, at);
    let permit = decide_create(&officer, Kind::Referral, &head).unwrap();
    let made = store.create(permit, head, Kind::Referral, &fields, at).await.unwrap();
    let read = async |store: &Store| {
        store.document(&officer, Kind::Referral, made.head().id, digest, at).await
    };
    assert_eq!(read(&store).await.unwrap().unwrap().bytes, bytes);

    // Another database over the same bucket knows none of it: all of it is left over there.
    let other = format!("sqlite:{}?mode=rwc", folder.path().join("other.db").display());
    let other = Store::connect(&other).await.unwrap().with_documents(place());
    other.migrate().await.unwrap();
    assert_eq!(store.sweep_documents().await.unwrap(), 0);
    assert_eq!(other.sweep_documents().await.unwrap(), 1);
    assert!(read(&store).await.is_err(), "what is gone is told, not taken for empty");
}
