//! The log: whole, and found not whole wherever somebody meddled.

use pendeen_casework::person::Role;
use pendeen_casework::record::Kind;
use pendeen_store::StoreError;
use pendeen_store::audit::{Break, EntryFilter, Processing};
use pendeen_store::query::Slice;
use sea_orm::DbBackend;

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, make};

async fn leaves(db: &Fixture, n: i64) {
    let officer = person(1, &[Role::Examiner, Role::Auditor], None);
    for i in 0..n {
        db.store.denied(&officer, "page", None, at(i)).await.unwrap();
    }
}

async fn first_break(db: &Fixture) -> Option<u64> {
    db.store.audit_verify().await.unwrap().first_break.map(|found| found.seq)
}

pub async fn a_fresh_log_verifies_and_grows_leaf_by_leaf(db: Fixture) {
    let fresh = db.store.audit_verify().await.unwrap();
    assert_eq!((fresh.count, fresh.head, fresh.first_break), (0, [0; 32], None));
    leaves(&db, 3).await;
    let grown = db.store.audit_verify().await.unwrap();
    assert_eq!((grown.count, grown.first_break), (3, None));
    leaves(&db, 1).await;
    assert_ne!(db.store.audit_verify().await.unwrap().head, grown.head);
}

/// Telling Children's Services is a disclosure: the leaf of the act names the recipient.
pub async fn an_act_that_gives_something_away_leaves_a_disclosure_with_its_recipient(db: Fixture) {
    let oic = person(1, &[Role::OfficerInCase], Some("E23000035"));
    let case = fields([("name", "A case")]);
    let case = make(&db.store, &oic, Kind::Case, 1, &case).await.unwrap();
    let about = fields([
        ("case", &*case.head().id.to_string()),
        ("relation", "Neighbour"),
        ("concern", "Unsupervised contact"),
        ("known_since", "2026-06-01T09:00:00Z"),
    ]);
    let child = make(&db.store, &oic, Kind::Child, 2, &about).await.unwrap();
    let step =
        |step| fields([("step", step), ("at", "2026-06-01T09:00:03Z"), ("note", "By telephone")]);
    let child = act(&db.store, &oic, &child, "take_step", &step("bail_conditions")).await.unwrap();
    act(&db.store, &oic, &child, "take_step", &step("referral")).await.unwrap();
    let auditor = person(9, &[Role::Auditor], None);
    let wanted = EntryFilter { record: Some(child.head().id), ..EntryFilter::default() };
    let (entries, _) =
        db.store.audit_entries(&auditor, &wanted, Slice::default(), at(9)).await.unwrap();
    let steps: Vec<_> = entries
        .iter()
        .filter(|entry| entry.leaf.action == "take_step")
        .map(|entry| (entry.leaf.processing, entry.leaf.recipient.as_deref()))
        .collect();
    assert!(steps.contains(&(Processing::Disclosure, Some("Children's Services"))), "{steps:?}");
    assert!(steps.contains(&(Processing::Alteration, None)), "{steps:?}");
}

pub async fn the_database_refuses_to_change_or_delete_a_leaf(db: Fixture) {
    leaves(&db, 2).await;
    let mut attempts = vec![
        "UPDATE audit_leaf SET at = 1",
        "UPDATE audit_leaf SET bytes = bytes WHERE seq = 1",
        "DELETE FROM audit_leaf WHERE seq = 2",
    ];
    attempts.push(match db.raw.get_database_backend() {
        DbBackend::Postgres => "TRUNCATE audit_leaf CASCADE",
        _ => "INSERT OR REPLACE INTO audit_leaf SELECT * FROM audit_leaf WHERE seq = 1",
    });
    for attempt in attempts {
        let refused = db.sql(attempt).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{attempt}: {refused}");
    }
    assert_eq!(db.store.audit_verify().await.unwrap().count, 2);
}

/// With an owner's rights, past the triggers: edit, delete, swap, cut in the middle, cut off
/// the end, forge a consistent end.
pub async fn every_kind_of_tampering_is_found_at_its_place(db: Fixture) {
    leaves(&db, 9).await;
    db.unprotect("audit_leaf").await;
    assert_eq!(first_break(&db).await, None);
    let meddling = [
        (
            "UPDATE audit_leaf SET bytes = (SELECT bytes FROM audit_leaf WHERE seq = 2) WHERE seq = 5",
            5,
        ),
        (
            "UPDATE audit_leaf SET digest = (SELECT digest FROM audit_leaf WHERE seq = 2) WHERE seq = 5",
            5,
        ),
        (
            "UPDATE audit_leaf SET prev = (SELECT prev FROM audit_leaf WHERE seq = 2) WHERE seq = 5",
            5,
        ),
        ("UPDATE audit_leaf SET at = at + 1 WHERE seq = 4", 4),
        ("UPDATE audit_leaf SET record_id = who WHERE seq = 4", 4),
        ("UPDATE audit_leaf SET processing = 1 WHERE seq = 4", 4),
        ("DELETE FROM audit_leaf WHERE seq = 6", 6),
        ("DELETE FROM audit_leaf WHERE seq BETWEEN 3 AND 7", 3),
        ("DELETE FROM audit_leaf WHERE seq = 1", 1),
        ("DELETE FROM audit_leaf WHERE seq > 7", 8),
        ("DELETE FROM audit_leaf", 1),
        (
            "UPDATE audit_leaf SET seq = CASE seq WHEN 4 THEN -5 WHEN 5 THEN -4 END WHERE seq IN (4, 5); \
          UPDATE audit_leaf SET seq = -seq WHERE seq < 0",
            4,
        ),
        (
            "UPDATE audit_leaf SET seq = seq + 100 WHERE seq > 5; UPDATE audit_leaf SET seq = seq - 99 WHERE seq > 100",
            6,
        ),
        ("UPDATE audit_head SET seq = 8", 10),
        ("DELETE FROM audit_head", 10),
    ];
    db.sql("CREATE TABLE kept AS SELECT * FROM audit_leaf").await.unwrap();
    db.sql("CREATE TABLE kept_head AS SELECT * FROM audit_head").await.unwrap();
    for (sql, expected) in meddling {
        db.sql(sql).await.unwrap();
        assert_eq!(first_break(&db).await, Some(expected), "{sql}");
        for table in ["audit_leaf", "audit_head"] {
            let kept = table.replace("audit_leaf", "kept").replace("audit_head", "kept_head");
            db.sql(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {kept}"))
                .await
                .unwrap();
        }
        assert_eq!(first_break(&db).await, None, "restored after {sql}");
    }
}

pub async fn an_auditor_alone_reads_the_log(db: Fixture) {
    leaves(&db, 3).await;
    let examiner = person(2, &[Role::Examiner], None);
    let auditor = person(3, &[Role::Auditor], None);
    let all = EntryFilter::default();
    let refused = db.store.audit_entries(&examiner, &all, Slice::default(), at(10)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))));
    let (entries, total) = db
        .store
        .audit_entries(&auditor, &all, Slice { offset: 1, limit: 2 }, at(11))
        .await
        .unwrap();
    assert_eq!(total, 5, "three, the refusal, and this reading itself");
    let seen: Vec<_> = entries.iter().map(|e| (e.seq, e.leaf.action.as_str(), e.leaf.at)).collect();
    assert_eq!(seen, [(4, "denied:audit", at(10)), (3, "denied:page", at(2))]);
    let by_examiner = EntryFilter { person: Some(examiner.id), ..EntryFilter::default() };
    let (entries, _) =
        db.store.audit_entries(&auditor, &by_examiner, Slice::default(), at(12)).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].leaf.roles, ["examiner"]);
    let early = EntryFilter { from: Some(at(1)), until: Some(at(2)), ..EntryFilter::default() };
    assert_eq!(
        db.store.audit_entries(&auditor, &early, Slice::default(), at(13)).await.unwrap().1,
        1
    );
    let read = EntryFilter { processing: Some(Processing::Consultation), ..EntryFilter::default() };
    assert_eq!(
        db.store.audit_entries(&auditor, &read, Slice::default(), at(14)).await.unwrap().1,
        4
    );
}

pub async fn a_value_that_goes_without_an_erasure_is_a_break(db: Fixture) {
    let auditor = person(3, &[Role::Auditor], None);
    db.store.authenticate("nobody", "x", at(1)).await.unwrap();
    let read = async || {
        let all = EntryFilter::default();
        let (entries, _) =
            db.store.audit_entries(&auditor, &all, Slice::default(), at(2)).await.unwrap();
        entries.last().unwrap().values.clone()
    };
    assert_eq!(read().await, [("username".to_owned(), "nobody".to_owned())]);
    db.sql("DELETE FROM audit_opening WHERE seq = 1").await.unwrap();
    assert_eq!(read().await, []);
    assert_eq!(first_break(&db).await, Some(1));
}

pub async fn many_writers_at_once_make_one_chain(db: Fixture) {
    let second = pendeen_store::Store::connect(&db.url).await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let store = if n % 2 == 0 { db.store.clone() } else { second.clone() };
            tokio::spawn(async move {
                store.denied(&person(n, &[Role::Spoc], None), "page", None, at(0)).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let report = db.store.audit_verify().await.unwrap();
    assert_eq!((report.count, report.first_break), (40, None::<Break>));
    let after = db.number("SELECT COUNT(*) FROM audit_leaf").await;
    assert_eq!(after, 40, "each waits for its own leaf, whoever wrote it");
}

pub async fn migrating_again_changes_nothing(db: Fixture) {
    leaves(&db, 2).await;
    let before = db.store.audit_verify().await.unwrap();
    db.store.migrate().await.unwrap();
    let again = pendeen_store::Store::connect(&db.url).await.unwrap();
    again.migrate().await.unwrap();
    assert_eq!(again.audit_verify().await.unwrap(), before);
}

pub async fn the_length_of_the_log_is_told_without_walking_it(db: Fixture) {
    let store = &db.store;
    assert_eq!(store.audit_count().await.unwrap(), 0);
    leaves(&db, 3).await;
    let counted = store.audit_count().await.unwrap();
    assert_eq!(counted, 3);
    assert_eq!(store.audit_verify().await.unwrap().count, counted);
    assert_eq!(store.audit_count().await.unwrap(), counted, "asking leaves no leaf");
}
