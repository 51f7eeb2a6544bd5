//! What leaves cost a write and a reading: the same work by two stores on one database, the one
//! with leaves and the other without, turn by turn.

use std::time::Instant;

use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::Store;
use pendeen_store::query::Query;

use crate::Any;
use crate::database::{Place, at, make, person};
use crate::spread::Times;

/// Turns of each.
const TURNS: u128 = 400;

/// The work measured, by name.
const WORK: [&str; 5] = ["create", "act", "open a record", "list 50", "count"];

pub async fn measure(place: &Place) -> Result<(), Any> {
    let (_, with) = place.database("audit").await?;
    let without = with.clone().without_leaves();
    let by = person(1, Role::IntelligenceOfficer, None);
    let mut times = [[(); 2]; WORK.len()].map(|both| both.map(|()| Times::default()));
    // The first turns warm both up and are thrown away.
    for n in 0..TURNS + 20 {
        let mut order = [(0, &with), (1, &without)];
        if n % 2 == 1 {
            order.reverse();
        }
        for (which, store) in order {
            let turn = turn(store, &by, 2 * n + which as u128 + 1).await?;
            for (work, time) in turn.into_iter().enumerate() {
                if n >= 20 {
                    times[work][which].add(time);
                }
            }
        }
    }
    println!(
        "| {}, milliseconds | with leaves: median (p95) | without | more, median (p95) |",
        place.name
    );
    println!("|---|---|---|---|");
    for (name, [with, without]) in WORK.iter().zip(&times) {
        let [m, w] = [with, without].map(|times| (times.at(0.5), times.at(0.95)));
        let more = (m.0 - w.0) / w.0 * 100.0;
        println!(
            "| {name} | {:.2} ({:.2}) | {:.2} ({:.2}) | {:+.2} ({:+.2}), {more:+.0} % |",
            m.0,
            m.1,
            w.0,
            w.1,
            m.0 - w.0,
            m.1 - w.1
        );
    }
    Ok(())
}

async fn turn(store: &Store, by: &Person, n: u128) -> Result<[std::time::Duration; 5], Any> {
    let reference = n.to_string();
    let report = [("source", "NCMEC"), ("reference", &*reference), ("summary", "A report")];
    let report: Fields = report.into_iter().collect();
    let began = Instant::now();
    let made = make(store, by, Kind::Referral, n, &report).await?;
    let create = began.elapsed();
    let permit = decide(by, Action::Act("triage"), &made).map_err(|denied| denied.to_string())?;
    let began = Instant::now();
    let triaged: AnyRecord = store.act(permit, &Fields::default(), at(200_000)).await?;
    let act = began.elapsed();
    let began = Instant::now();
    let opened = store.open(by, Kind::Referral, triaged.head().id, None, at(200_001)).await?;
    let open = began.elapsed();
    opened.ok_or("a record that was made is not there")?;
    let began = Instant::now();
    let listed = store.list(by, &Query::of(Kind::Referral), at(200_002)).await?;
    let list = began.elapsed();
    let began = Instant::now();
    let counted = store.counts(by, &[Query::of(Kind::Referral)], at(200_003)).await?;
    let count = began.elapsed();
    if counted != [listed.total] {
        return Err("a list and its count differ".into());
    }
    Ok([create, act, open, list, count])
}
