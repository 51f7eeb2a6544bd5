//! Figures in SQL give what plain counting over the records gives.

use std::collections::{BTreeMap, BTreeSet};

use pendeen_casework::figure::{FIGURES, Figure, Part, Scope, count};
use pendeen_casework::force::ForceKey;
use pendeen_casework::permission::decide_create;
use pendeen_casework::person::Role;
use pendeen_casework::record::{AnyRecord, Head, Id, Kind};
use uuid::Uuid;

use crate::fixture::{Fixture, at, person};
use crate::need_to_know::one_of_each;
use crate::world::{fields, head, intelligence};

const FORCES: [Option<&str>; 3] = [None, Some("E23000035"), Some("E23000031")];

/// Many records of every kind: a copy of each for every force, in two operations and in none,
/// each in turn; links lead to a few shared records, so that distinct counting matters.
async fn many(db: &Fixture) -> (Vec<AnyRecord>, [Uuid; 2]) {
    let author = person(507, &[Role::IntelligenceOfficer], None);
    let templates = one_of_each(&author);
    let operations = [Uuid::from_u128(71), Uuid::from_u128(72)];
    let mut kept = templates.clone();
    for round in 0..6_u128 {
        for template in &templates {
            let mut record = template.clone();
            let n = 1_000 + kept.len() as u128;
            let turn = usize::try_from(n * 7 + round).unwrap();
            let operation = [None, Some(operations[0]), Some(operations[1])][turn % 3].map(Id::new);
            let force = FORCES[turn / 3 % 3].and_then(ForceKey::parse);
            let new = head(record.kind(), n, &author);
            *record.head_mut() = Head { operation, force, ..new };
            kept.push(record);
        }
    }
    for record in &kept {
        db.plant(record).await;
    }
    (kept, operations)
}

/// The versions of records over many hours: each record is made in one hour, then moved to
/// another force or operation, taken out of one, changed into something else and back, at random.
async fn histories(db: &Fixture) -> (Vec<(i64, AnyRecord)>, [Uuid; 2]) {
    let (records, operations) = many(db).await;
    let mut seed = 12_345_u64;
    let mut below = |limit: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    let mut versions = Vec::new();
    for mut record in records {
        let kind = record.kind();
        let mut hour = below(10);
        for version in 1..=1 + u32::try_from(below(5)).unwrap() {
            let head = record.head_mut();
            (head.version, head.updated) = (version, at(3600 * i64::try_from(hour).unwrap()));
            db.plant_version(&record).await;
            versions.push((3600 * i64::try_from(hour).unwrap(), record.clone()));
            hour += below(8);
            let head = record.head_mut();
            head.force = FORCES[usize::try_from(below(3)).unwrap()].and_then(ForceKey::parse);
            head.operation = [None, Some(operations[0]), Some(operations[1])]
                [usize::try_from(below(3)).unwrap()]
            .map(Id::new);
            let states = kind.states();
            let state = states[usize::try_from(below(states.len() as u64)).unwrap()].key;
            let mut body = record.to_json().unwrap();
            body["state"] = state.into();
            if let Ok(changed) = AnyRecord::from_json(kind, body) {
                record = changed;
            }
        }
    }
    db.store.recount().await.unwrap();
    (versions, operations)
}

/// The records as they were at a moment.
fn as_at(versions: &[(i64, AnyRecord)], seconds: i64) -> Vec<AnyRecord> {
    let mut then: BTreeMap<Uuid, &AnyRecord> = BTreeMap::new();
    for (made, record) in versions.iter().filter(|(made, _)| *made <= seconds) {
        let _ = made;
        then.insert(record.head().id, record);
    }
    then.into_values().cloned().collect()
}

pub async fn every_figure_at_every_moment_is_what_plain_counting_gives(db: Fixture) {
    let (versions, operations) = histories(&db).await;
    let parts = [Part::All, Part::Inside(Id::new(operations[0])), Part::InsideAny, Part::Outside];
    let mut counted_something = BTreeSet::new();
    for hour in [0, 3, 7, 12, 20, 100] {
        let (moment, seconds) = (at(3600 * hour), 3600 * hour);
        let records = as_at(&versions, seconds);
        for part in parts {
            for force in FORCES.map(|force| force.and_then(ForceKey::parse)) {
                let scope = Scope { force, part };
                let counted = db.store.figures_as_at(&scope, Some(moment)).await.unwrap();
                for (figure, number) in counted {
                    let plain = count(figure, &scope, &records);
                    assert_eq!(number, plain, "{} in {scope:?} at {hour} h", figure.key);
                    if number > 0 {
                        counted_something.insert(figure.key);
                    }
                }
            }
            let by_force = db.store.figures_by_force(part, Some(moment)).await.unwrap();
            for (force, counted) in by_force {
                let of_force = || records.iter().filter(|record| record.head().force == force);
                for (figure, number) in counted {
                    let plain = count(figure, &Scope { force: None, part }, of_force());
                    assert_eq!(number, plain, "{} of {force:?} at {hour} h", figure.key);
                }
            }
        }
    }
    assert!(counted_something.len() * 2 > FIGURES.len(), "counted: {counted_something:?}");
    now_is_as_at_now(&db, &parts).await;
    let last = as_at(&versions, i64::MAX);
    for (figure, number) in db.store.figures(&Scope::default()).await.unwrap() {
        assert_eq!(number, count(figure, &Scope::default(), &last), "{} as at now", figure.key);
        assert_eq!(number, db.store.figure(figure, &Scope::default()).await.unwrap());
    }
}

/// The numbers that are kept are those that counting the rows open now gives.
async fn now_is_as_at_now(db: &Fixture, parts: &[Part]) {
    let now = Some(at(1_000_000));
    for part in parts {
        for force in FORCES.map(|force| force.and_then(ForceKey::parse)) {
            let scope = Scope { force, part: *part };
            let kept = db.store.figures(&scope).await.unwrap();
            assert_eq!(kept, db.store.figures_as_at(&scope, now).await.unwrap(), "{scope:?}");
        }
        let kept = db.store.figures_by_force(*part, None).await.unwrap();
        assert_eq!(kept, db.store.figures_by_force(*part, now).await.unwrap(), "{part:?}");
        for figure in &FIGURES {
            let of_one = db.store.figure_by_force(figure, *part).await.unwrap();
            let of_all = kept.iter().map(|(force, counted)| (force, number_of(figure, counted)));
            let of_all: BTreeMap<_, _> = of_all.filter(|(_, n)| *n > 0).collect();
            assert_eq!(
                of_one.iter().map(|(force, n)| (force, *n)).collect::<BTreeMap<_, _>>(),
                of_all
            );
        }
    }
}

fn number_of(figure: &Figure, counted: &[(&'static Figure, u64)]) -> u64 {
    counted.iter().find(|(one, _)| one.key == figure.key).map_or(0, |(_, number)| *number)
}

/// What writing keeps, act by act, is what all the versions together give.
pub async fn what_writing_keeps_is_what_counting_anew_gives(db: Fixture) {
    let officer = intelligence(1);
    for n in 0..8 {
        let made = crate::world::referral(&db.store, &officer, n, &n.to_string()).await;
        if n % 2 == 0 {
            crate::world::act(&db.store, &officer, &made, "triage", &fields([])).await.unwrap();
        }
    }
    let kept = "SELECT record_id, version, figure, counted, since, until FROM tally \
         ORDER BY record_id, version, figure, counted";
    let rows = |rows: Vec<sea_orm::QueryResult>| -> Vec<(Uuid, i64, String, i64, i64)> {
        let row = |row: &sea_orm::QueryResult| {
            let get = |name: &str| row.try_get::<i64>("", name).unwrap();
            let (id, figure) = ("record_id", "figure");
            (
                row.try_get("", id).unwrap(),
                get("version"),
                row.try_get("", figure).unwrap(),
                get("since"),
                get("until"),
            )
        };
        rows.iter().map(row).collect()
    };
    let before = rows(db.rows(kept).await);
    assert_eq!(before.len(), 8, "{before:?}");
    let numbers = totals(&db).await;
    assert!(!numbers.is_empty());
    db.store.recount().await.unwrap();
    assert_eq!(rows(db.rows(kept).await), before);
    assert_eq!(totals(&db).await, numbers);
}

/// The numbers kept of figures as at now, in order.
pub async fn totals(db: &Fixture) -> Vec<(String, i64)> {
    let kept = "SELECT figure || ' ' || part || ' ' || force AS name, CAST(SUM(number) AS BIGINT) AS number \
         FROM figure_total WHERE number <> 0 GROUP BY figure, part, force ORDER BY 1";
    let rows = db.rows(kept).await;
    rows.iter()
        .map(|row| (row.try_get("", "name").unwrap(), row.try_get("", "number").unwrap()))
        .collect()
}

/// By this program or another on the same database.
pub async fn figures_as_at_now_follow_every_writing_of_whatever_program(db: Fixture) {
    let officer = intelligence(1);
    let another = pendeen_store::Store::connect(&db.url).await.unwrap();
    let received = async || {
        let counted = db.store.figures(&Scope::default()).await.unwrap();
        let by_force = db.store.figures_by_force(Part::All, None).await.unwrap();
        let national = by_force.get(&None).map_or(0, |counted| counted[0].1);
        assert_eq!(counted[0].1, national, "both are of one moment");
        counted[0].1
    };
    assert_eq!(received().await, 0);
    for n in 1..=3 {
        let store = if n % 2 == 0 { &db.store } else { &another };
        crate::world::referral(store, &officer, n.into(), &n.to_string()).await;
        assert_eq!(received().await, n, "of {n} received");
    }
}

/// Whatever becomes of records, the release as it was frozen can be counted again and is the same.
pub async fn figures_frozen_as_at_a_moment_stay_what_they_were(db: Fixture) {
    let officer = intelligence(1);
    for n in 0..6 {
        crate::world::referral(&db.store, &officer, n, &n.to_string()).await;
    }
    let (first, digest) = db.store.freeze(None, at(10), Vec::new()).await.unwrap();
    for n in 6..9 {
        crate::world::referral(&db.store, &officer, n + 100, &n.to_string()).await;
    }
    assert_eq!(db.store.freeze(None, at(10), Vec::new()).await.unwrap(), (first, digest.clone()));
    let (_, later) = db.store.freeze(None, at(1_000), Vec::new()).await.unwrap();
    assert_ne!(later, digest, "records that came since count later");
    let scope = Scope::default();
    let changes = db.store.figure_changes(&scope, at(10), at(1_000)).await.unwrap();
    let referrals = changes.iter().find(|(figure, _)| figure.key == FIGURES[0].key).unwrap();
    assert_eq!((referrals.1.new, referrals.1.came, referrals.1.went), (3, 0, 0));
}

/// Every commit adds one referral inside an operation and one outside, so that a release in which
/// the two numbers differ has mixed two moments.
pub async fn a_release_counts_inside_and_outside_as_of_one_moment(db: Fixture) {
    let officer = intelligence(1);
    let writing = {
        let (store, officer) = (db.store.clone(), officer.clone());
        tokio::spawn(async move {
            for n in 0..60_u128 {
                let mut batch = store.batch().await.unwrap();
                for (operation, n) in [(Some(Uuid::from_u128(71)), 2 * n), (None, 2 * n + 1)] {
                    let mut head = head(Kind::Referral, n + 1, &officer);
                    head.operation = operation.map(Id::new);
                    let permit = decide_create(&officer, Kind::Referral, &head).unwrap();
                    let reference = n.to_string();
                    let filled =
                        [("source", "IWF"), ("reference", &*reference), ("summary", "A report")];
                    let filled = fields(filled);
                    batch.create(permit, head, Kind::Referral, &filled, at(1)).await.unwrap();
                }
                batch.commit().await.unwrap();
            }
        })
    };
    let mut seen = BTreeSet::new();
    loop {
        let last = writing.is_finished();
        let (text, _) = db.store.freeze(None, at(1_000_000), Vec::new()).await.unwrap();
        let frozen: serde_json::Value = serde_json::from_str(&text).unwrap();
        let counts = &frozen["table"][FIGURES[0].key]["all"]["counts"];
        let inside = counts[0].as_u64().unwrap();
        assert_eq!(inside, counts[1].as_u64().unwrap());
        seen.insert(inside);
        if last {
            break;
        }
    }
    writing.await.unwrap();
    assert_eq!(seen.last(), Some(&60));
}
