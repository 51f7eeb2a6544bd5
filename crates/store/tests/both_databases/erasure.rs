//! Erasing: what goes, what stays, who decides, and that nothing else is let through.

use pendeen_casework::permission::{Action, decide, decide_create};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::StoreError;
use pendeen_store::audit::{EntryFilter, Processing};
use pendeen_store::erasure::{Hole, Order};
use pendeen_store::query::Slice;

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, head, intelligence, make, referral};

/// What nobody must find any more.
const SECRET: &str = "a telling name";

/// A referral with two versions, a document of its own and one that another record names too.
async fn told(db: &Fixture, by: &Person) -> AnyRecord {
    let mut batch = db.store.batch().await.unwrap();
    let mut digests = Vec::new();
    for bytes in ["its own", "another's too"] {
        let put = batch.put_document(by, bytes.as_bytes().to_vec(), "text/plain", at(1));
        digests.push(put.await.unwrap().to_string());
    }
    let mut made = Vec::new();
    for (n, document) in [(1, &digests[0]), (2, &digests[1]), (3, &digests[1])] {
        let filled = fields([
            ("source", "IWF"),
            ("reference", SECRET),
            ("summary", SECRET),
            ("document", document),
        ]);
        let head = head(Kind::Referral, n, by);
        let permit = decide_create(by, Kind::Referral, &head).unwrap();
        made.push(batch.create(permit, head, Kind::Referral, &filled, at(2)).await.unwrap());
    }
    batch.commit().await.unwrap();
    act(&db.store, by, &made[0], "triage", &fields([])).await.unwrap()
}

/// Erases under a decision that `author` made and `approver` takes.
async fn erase(
    db: &Fixture,
    what: &AnyRecord,
    author: &Person,
    approver: &Person,
) -> Result<Hole, StoreError> {
    let decision = referral(&db.store, author, 77 + approver.id.0.as_u128(), "a decision").await;
    let permit = decide(approver, Action::Act("triage"), &decision).unwrap();
    let order = Order { kind: what.kind(), record: what.head().id, reason: "retention is over" };
    let mut batch = db.store.batch().await.unwrap();
    let hole = batch.erase(&permit, &decision, order, at(50)).await?;
    batch.commit().await.unwrap();
    Ok(hole)
}

/// Rows about erased records that still hold the secret, and rows of others that do.
async fn traces(db: &Fixture) -> (i64, i64) {
    let (mut erased, mut others) = (0, 0);
    for (table, columns, key) in [
        ("record", "title || search || body", "id"),
        ("record_version", "fields || body", "record_id"),
        ("facet", "value", "record_id"),
        ("search_document", "words || keys", "record_id"),
        ("audit_opening", "COALESCE(value, '')", "seq"),
    ] {
        let about = match key {
            "seq" => {
                "SELECT seq FROM audit_leaf WHERE record_id IN (SELECT record_id FROM erasure)"
            }
            _ => "SELECT record_id FROM erasure",
        };
        for (count, word) in [(&mut erased, "IN"), (&mut others, "NOT IN")] {
            *count += db
                .number(&format!(
                    "SELECT COUNT(*) FROM {table} WHERE {columns} LIKE '%telling%' \
                     AND {key} {word} ({about})"
                ))
                .await;
        }
    }
    (erased, others)
}

pub async fn an_erased_record_leaves_a_hole_that_the_log_proves(db: Fixture) {
    let (author, approver) = (intelligence(1), intelligence(2));
    let record = told(&db, &author).await;
    let id = record.head().id;
    db.store.view(&author, Kind::Referral, id, Some(SECRET), at(10)).await.unwrap().unwrap();
    let (_, before) = traces(&db).await;
    let hole = erase(&db, &record, &author, &approver).await.unwrap();
    assert_eq!((hole.versions, hole.approved_by), (2, approver.id));
    crate::overview::assert_standings_are_kept(&db).await;
    let (erased, others) = traces(&db).await;
    assert_eq!(erased, 0, "nothing of it is found any more");
    assert!(0 < others && others < before, "the others are as they were");
    let left = db
        .number(&format!(
            "SELECT COUNT(*) FROM record WHERE number = '{}' AND body = '' AND state = 'erased'",
            record.head().number
        ))
        .await;
    assert_eq!(left, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM record_version WHERE body = ''").await, 2);
    assert_eq!(db.number("SELECT COUNT(*) FROM document").await, 1, "the other's document stays");

    assert_eq!(db.store.hole(&author, Kind::Referral, id).await.unwrap(), Some(hole));
    let stranger = person(9, &[Role::Examiner], Some("E23000035"));
    assert_eq!(db.store.hole(&stranger, Kind::Referral, id).await.unwrap(), None);
    let view = db.store.view(&author, Kind::Referral, id, None, at(60)).await.unwrap();
    assert!(view.is_none());
    let number = &record.head().number;
    let by_number = db.store.find_by_number(&author, number, None, at(61)).await.unwrap();
    assert!(by_number.is_none());
    assert!(db.store.history(&author, Kind::Referral, id, at(62)).await.unwrap().is_empty());

    let report = db.store.audit_verify().await.unwrap();
    assert!(report.whole(), "{report:?}");
    assert_eq!(report.erased, 1);
    assert!(report.holes >= 5, "two versions, a reason and a document: {}", report.holes);
    let auditor = person(8, &[Role::Auditor], None);
    let wanted = EntryFilter { processing: Some(Processing::Erasure), ..EntryFilter::default() };
    let (entries, total) =
        db.store.audit_entries(&auditor, &wanted, Slice::default(), at(70)).await.unwrap();
    assert_eq!(
        (total, entries[0].leaf.record, entries[0].leaf.who),
        (1, Some(id), Some(approver.id))
    );
    assert!(
        entries[0]
            .values
            .iter()
            .any(|(name, value)| name == "reason" && value == "retention is over")
    );
}

pub async fn nobody_erases_alone_or_twice(db: Fixture) {
    let (author, approver) = (intelligence(1), intelligence(2));
    let record = told(&db, &author).await;
    let alone = erase(&db, &record, &author, &author).await;
    assert!(matches!(alone, Err(StoreError::Denied(_))), "{alone:?}");
    erase(&db, &record, &author, &approver).await.unwrap();
    let again = erase(&db, &record, &author, &intelligence(3)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let itself = referral(&db.store, &author, 5, "its own decision").await;
    let permit = decide(&approver, Action::Act("triage"), &itself).unwrap();
    let order = Order { kind: Kind::Referral, record: itself.head().id, reason: "r" };
    let mut batch = db.store.batch().await.unwrap();
    let refused = batch.erase(&permit, &itself, order, at(51)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "a decision is kept: {refused:?}");
}

pub async fn the_database_lets_an_erasure_empty_a_version_and_nothing_else(db: Fixture) {
    let (author, approver) = (intelligence(1), intelligence(2));
    let record = told(&db, &author).await;
    let empty = "UPDATE record_version SET body = '', fields = '{}'";
    let refused = db.sql(empty).await.unwrap_err().to_string();
    assert!(refused.contains("append-only"), "without an erasure: {refused}");
    erase(&db, &record, &author, &approver).await.unwrap();
    let erased = "record_id IN (SELECT record_id FROM erasure)";
    for attempt in [
        format!("UPDATE record_version SET body = 'x' WHERE {erased}"),
        format!(
            "UPDATE record_version SET body = '', fields = '{{}}', by_name = 'x' WHERE {erased}"
        ),
        format!("UPDATE record_version SET body = '', fields = '{{}}', at = 1 WHERE {erased}"),
        format!("DELETE FROM record_version WHERE {erased}"),
        "UPDATE record SET body = '{}' WHERE state = 'erased'".to_owned(),
        "UPDATE erasure SET decision = 'x'".to_owned(),
        "DELETE FROM erasure".to_owned(),
    ] {
        let refused = db.sql(&attempt).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{attempt}: {refused}");
    }
    assert!(db.store.audit_verify().await.unwrap().whole());
}

/// Emptied with every right in the database and no leaf: tampering, found where it was done.
pub async fn an_emptied_version_without_an_erasure_in_the_log_is_a_break(db: Fixture) {
    let author = intelligence(1);
    told(&db, &author).await;
    db.unprotect("record_version").await;
    db.sql("DELETE FROM audit_opening WHERE seq = 6").await.unwrap();
    db.sql("UPDATE record_version SET body = '', fields = '{}' WHERE version = 2").await.unwrap();
    db.sql("UPDATE record SET body = '', state = 'erased' WHERE version = 2").await.unwrap();
    let found = db.store.audit_verify().await.unwrap().first_break.unwrap();
    let what = "a value that the leaf commits to is gone without an erasure";
    assert_eq!((found.seq, found.what), (6, what));
}

/// A closed subject of a force, with a name that nobody must find any more.
async fn closed_subject(db: &Fixture, by: &Person) -> AnyRecord {
    let filled = fields([("name", SECRET), ("suspect", "yes")]);
    let subject = make(&db.store, by, Kind::Subject, 40, &filled).await.unwrap();
    act(&db.store, by, &subject, "close", &fields([("reason", "Over")])).await.unwrap()
}

pub async fn a_finished_record_waits_for_its_review_when_that_is_due_and_not_before(db: Fixture) {
    let reviewer = intelligence(1);
    let subject = closed_subject(&db, &reviewer).await;
    let due = subject.head().review_due.unwrap();
    let waits = async |hours_before: i64| {
        let at = due.checked_sub(jiff::SignedDuration::from_hours(hours_before)).unwrap();
        db.store.my_work(&reviewer, Slice::default(), at).await.unwrap().rows
    };
    assert_eq!(waits(24 * 91).await, [], "a year of reviews is not shown beforehand");
    let shown = waits(24 * 89).await;
    assert_eq!(shown.iter().map(|row| row.id).collect::<Vec<_>>(), [subject.head().id]);
    assert_eq!(shown[0].next.as_ref().unwrap().due, Some(due));

    let named = fields([("record", &*format!("subject/{}", subject.head().id))]);
    let review = make(&db.store, &reviewer, Kind::RetentionReview, 41, &named).await.unwrap();
    let shown = waits(24 * 89).await;
    let ids: Vec<_> = shown.iter().map(|row| row.id).collect();
    assert_eq!(ids, [review.head().id], "the review, and no more what it is about");
    let keep = fields([("group", "group_1"), ("reason", "Still a risk")]);
    act(&db.store, &reviewer, &review, "keep", &keep).await.unwrap();
    assert_eq!(waits(0).await, [], "kept for ten years, not for six");
}

pub async fn an_approved_review_erases_the_record_and_a_refused_one_does_not(db: Fixture) {
    let reviewer = intelligence(1);
    let approver = person(2, &[Role::AuthorisingOfficer], None);
    let subject = closed_subject(&db, &reviewer).await;
    let id = subject.head().id;
    let named = fields([("record", &*format!("subject/{id}"))]);
    let review = make(&db.store, &reviewer, Kind::RetentionReview, 41, &named).await.unwrap();
    let why = fields([("reason", "retention is over")]);
    let proposed = act(&db.store, &reviewer, &review, "propose_erasure", &why).await.unwrap();
    let refused = act(&db.store, &approver, &proposed, "refuse_erasure", &why).await.unwrap();
    assert!(db.store.view(&reviewer, Kind::Subject, id, None, at(50)).await.unwrap().is_some());

    let proposed = act(&db.store, &reviewer, &refused, "propose_erasure", &why).await.unwrap();
    let both = person(1, &[Role::IntelligenceOfficer, Role::AuthorisingOfficer], None);
    assert!(act(&db.store, &both, &proposed, "erase", &why).await.is_err(), "nobody alone");
    assert_eq!(db.store.hole(&reviewer, Kind::Subject, id).await.unwrap(), None);

    let done = act(&db.store, &approver, &proposed, "erase", &why).await.unwrap();
    assert_eq!(done.state(), "carried_out");
    let hole = db.store.hole(&reviewer, Kind::Subject, id).await.unwrap().unwrap();
    assert_eq!((hole.proposed_by, hole.approved_by), (reviewer.id, approver.id));
    assert_eq!(hole.decision, review.head().number);
    assert_eq!(traces(&db).await.0, 0, "nothing of it is found any more");
    let kept = db.store.view(&approver, Kind::RetentionReview, done.head().id, None, at(60)).await;
    assert_eq!(kept.unwrap().unwrap().state(), "carried_out");
    let report = db.store.audit_verify().await.unwrap();
    assert!(report.whole() && report.erased == 1, "{report:?}");
}
