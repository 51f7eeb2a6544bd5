//! Many writes at a time: a bulk leaves what single writes leave, refuses what they refuse, and
//! keeps nothing where it is dropped.

use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, decide, decide_create};
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::write::Bulk;
use pendeen_store::{Result, Store, StoreError};

use crate::figures::totals;
use crate::fixture::{Fixture, at};
use crate::world::{fields, head, intelligence};

/// Every table that a write touches.
const TABLES: [&str; 9] = [
    "record",
    "record_version",
    "link",
    "facet",
    "stage",
    "tally",
    "search_document",
    "audit_leaf",
    "audit_opening",
];

/// Where writes go.
enum Way<'a> {
    Single(&'a Store),
    Bulk(&'a mut Bulk),
}

impl Way<'_> {
    async fn make(&mut self, by: &Person, kind: Kind, n: u128, fields: &Fields) -> AnyRecord {
        let head = head(kind, n, by);
        let permit = decide_create(by, kind, &head).unwrap();
        let moment = head.created;
        let made = match self {
            Self::Single(store) => store.create(permit, head, kind, fields, moment).await,
            Self::Bulk(bulk) => bulk.create(permit, head, kind, fields, moment).await,
        };
        made.unwrap()
    }

    async fn act(
        &mut self,
        by: &Person,
        on: &AnyRecord,
        act: &str,
        fields: &Fields,
    ) -> Result<AnyRecord> {
        let permit = decide(by, Action::Act(act), on).unwrap();
        let moment = at(5_000 + i64::from(on.head().version));
        match self {
            Self::Single(store) => store.act(permit, fields, moment).await,
            Self::Bulk(bulk) => bulk.act(permit, fields, moment).await,
        }
    }
}

/// A report becomes a subject with a risk band, and a check of the subject waits.
async fn story(way: &mut Way<'_>, by: &Person, n: u128) -> AnyRecord {
    let report = fields([("source", "NCMEC"), ("reference", "1"), ("summary", "A report")]);
    let referral = way.make(by, Kind::Referral, n, &report).await;
    let referral = way.act(by, &referral, "triage", &fields([])).await.unwrap();
    let about = fields([("name", "Robin Example"), ("suspect", "yes")]);
    let subject = way.make(by, Kind::Subject, n + 1, &about).await;
    let id = subject.head().id.to_string();
    way.act(by, &referral, "link", &fields([("subject", &*id)])).await.unwrap();
    way.make(by, Kind::SensitivePersonCheck, n + 2, &fields([("subject", &*id)])).await;
    let band = fields([("band", "high"), ("source", "KIRAT"), ("date", "2026-05-01")]);
    way.act(by, &subject, "assess_risk", &band).await.unwrap()
}

async fn counts(f: &Fixture) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(f.number(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

pub async fn a_bulk_leaves_what_single_writes_leave(f: Fixture) {
    let by = intelligence(1);
    let before = counts(&f).await;
    story(&mut Way::Single(&f.store), &by, 10).await;
    let single = counts(&f).await;
    let mut bulk = f.store.bulk().await.unwrap();
    story(&mut Way::Bulk(&mut bulk), &by, 20).await;
    assert!(bulk.waiting() > 0);
    bulk.flush().await.unwrap();
    assert_eq!(bulk.waiting(), 0);
    bulk.commit().await.unwrap();
    crate::overview::assert_standings_are_kept(&f).await;
    let both = counts(&f).await;
    for (index, table) in TABLES.iter().enumerate() {
        let added = single[index] - before[index];
        assert!(added > 0, "the story writes nothing into {table}");
        assert_eq!(both[index] - single[index], added, "{table}");
    }
    assert!(f.store.audit_verify().await.unwrap().first_break.is_none());
    let tally = "SELECT COUNT(*) FROM tally WHERE until = 9223372036854775807";
    let (kept, numbers) = (f.number(tally).await, totals(&f).await);
    f.store.recount().await.unwrap();
    assert_eq!(f.number(tally).await, kept, "what was kept is what counting anew gives");
    assert_eq!(totals(&f).await, numbers);
}

pub async fn a_bulk_acts_on_what_was_written_before_and_refuses_an_old_version(f: Fixture) {
    let by = intelligence(1);
    let old = story(&mut Way::Single(&f.store), &by, 10).await;
    let mut bulk = f.store.bulk().await.unwrap();
    let mut way = Way::Bulk(&mut bulk);
    let fresh = story(&mut way, &by, 20).await;
    let band = fields([("band", "low"), ("source", "KIRAT"), ("date", "2026-05-02")]);
    let moved = way.act(&by, &old, "assess_risk", &band).await.unwrap();
    assert_eq!(moved.head().version, old.head().version + 1);
    for stale in [&old, &AnyRecord::clone(&fresh)] {
        let _ = way.act(&by, stale, "assess_risk", &band).await;
        let refused = way.act(&by, stale, "assess_risk", &band).await;
        assert!(matches!(refused, Err(StoreError::Moved { .. })), "{refused:?}");
    }
    let seen = bulk.see(&by, Kind::Subject, fresh.head().id).await.unwrap().unwrap();
    assert_eq!(seen.head().version, fresh.head().version + 1);
    bulk.commit().await.unwrap();
    crate::overview::assert_standings_are_kept(&f).await;
    assert!(f.store.audit_verify().await.unwrap().first_break.is_none());
}

pub async fn a_dropped_bulk_keeps_nothing(f: Fixture) {
    let by = intelligence(1);
    let before = counts(&f).await;
    let mut bulk = f.store.bulk().await.unwrap();
    story(&mut Way::Bulk(&mut bulk), &by, 10).await;
    bulk.flush().await.unwrap();
    story(&mut Way::Bulk(&mut bulk), &by, 20).await;
    drop(bulk);
    story(&mut Way::Single(&f.store), &by, 30).await;
    let after = counts(&f).await;
    assert_eq!(after[0] - before[0], 3, "the records of the story that was kept");
}
