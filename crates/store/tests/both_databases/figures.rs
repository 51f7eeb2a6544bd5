//! Figures in SQL give what plain counting over the records gives.

use std::collections::{BTreeMap, BTreeSet};

use pendeen_casework::figure::{FIGURES, Part, Scope, count};
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

pub async fn every_figure_in_sql_is_what_plain_counting_gives(db: Fixture) {
    let (records, operations) = many(&db).await;
    let parts = [
        Part::All,
        Part::Inside(Id::new(operations[0])),
        Part::Inside(Id::new(operations[1])),
        Part::InsideAny,
        Part::Outside,
    ];
    let mut counted_something = 0;
    for part in parts {
        for force in FORCES.map(|force| force.and_then(ForceKey::parse)) {
            let scope = Scope { force, part };
            for (figure, number) in db.store.figures(&scope).await.unwrap() {
                assert_eq!(number, count(figure, &scope, &records), "{} in {scope:?}", figure.key);
                assert_eq!(number, db.store.figure(figure, &scope).await.unwrap());
                counted_something += number;
            }
        }
        for figure in &FIGURES {
            let by_force = db.store.figure_by_force(figure, part).await.unwrap();
            let mut plain: BTreeMap<_, _> = FORCES
                .map(|force| force.and_then(ForceKey::parse))
                .map(|force| {
                    let of_force = records.iter().filter(|record| record.head().force == force);
                    (force, count(figure, &Scope { force: None, part }, of_force))
                })
                .into();
            plain.retain(|_, number| *number > 0);
            assert_eq!(by_force, plain, "{} in {part:?}", figure.key);
        }
    }
    assert!(counted_something > 100, "only {counted_something} counted");
    let referrals = records.iter().filter(|record| record.kind() == Kind::Referral).count();
    let all = db.store.figure(&FIGURES[0], &Scope::default()).await.unwrap();
    assert_eq!(all, u64::try_from(referrals).unwrap());
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
        let (text, _) = db.store.frozen_figures(None).await.unwrap();
        let frozen: serde_json::Value = serde_json::from_str(&text).unwrap();
        let counts = &frozen[FIGURES[0].key];
        let inside = counts["in_operation"].as_u64().unwrap();
        assert_eq!(inside, counts["outside_operation"].as_u64().unwrap());
        seen.insert(inside);
        if last {
            break;
        }
    }
    writing.await.unwrap();
    assert_eq!(seen.last(), Some(&60));
}
