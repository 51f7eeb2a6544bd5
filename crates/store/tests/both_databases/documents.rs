//! Documents: kept byte for byte, read only through a record.

use pendeen_casework::permission::decide_create;
use pendeen_casework::person::Role;
use pendeen_casework::record::{AnyRecord, Kind, Related};
use pendeen_store::Place;
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

pub async fn a_document_kept_in_a_folder_is_read_backed_up_and_swept(db: Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().join("documents"));
    let store = db.store.clone().with_documents(place);
    let officer = intelligence(1);
    let bytes = b"<report/>".to_vec();
    let digest =
        store.put_document(&officer, bytes.clone(), "application/xml", at(1)).await.unwrap();
    let stored: Vec<u8> =
        db.rows("SELECT bytes FROM document").await[0].try_get_by_index(0).unwrap();
    assert_eq!(stored, b"", "the database holds no bytes of it");
    let hex = digest.to_string();
    let naming =
        fields([("source", "IWF"), ("reference", "1"), ("summary", "s"), ("document", &*hex)]);
    let naming = make(&store, &officer, Kind::Referral, 1, &naming).await.unwrap();
    let id = naming.head().id;
    let read = async || store.document(&officer, Kind::Referral, id, digest, at(5)).await;
    assert_eq!(read().await.unwrap().unwrap().bytes, bytes);

    // A backup holds the bytes, wherever they lie; a restore puts them where documents lie there.
    let mut backup = Vec::new();
    store.dump(&officer, at(6), &mut backup).await.unwrap();
    let restored = Fixture::sqlite().await;
    restored.store.load(&mut backup.as_slice()).await.unwrap();
    let there = restored.store.document(&officer, Kind::Referral, id, digest, at(7)).await.unwrap();
    assert_eq!(there.unwrap().bytes, bytes);

    // What a stop left over goes; what a row tells of stays.
    let path = folder.path().join("documents").join(&hex[..2]).join(&hex);
    let left = DocumentDigest::of(b"left over").to_string();
    let left = folder.path().join("documents").join(&left[..2]).join(&left);
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    std::fs::write(&left, b"left over").unwrap();
    assert_eq!(store.sweep_documents().await.unwrap(), 1);
    assert!(path.exists() && !left.exists());

    // Damage is told, never handed on.
    std::fs::write(&path, b"<other/>").unwrap();
    let damaged = read().await.unwrap_err().to_string();
    assert!(damaged.contains("restore it from a backup"), "{damaged}");
}
