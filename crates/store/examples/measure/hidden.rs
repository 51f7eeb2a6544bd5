//! Whether time tells of hidden records: a person who sees few, in a database that has no more,
//! and in one that has fifty thousand more of which they must not know, turn by turn.
//!
//! Half of the hidden ones are another force's, half the person's own force's and restricted to a
//! circle. All hold the word that is searched for, which eight visible ones hold too.

use std::time::{Duration, Instant};

use pendeen_casework::form::Fields;
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::Kind;
use pendeen_store::Store;
use pendeen_store::query::{Query, Slice};
use sea_orm::{ConnectionTrait, Database, DbBackend};
use uuid::Uuid;

use crate::Any;
use crate::database::{Place, at, make, person};
use crate::spread::Times;

const OWN: &str = "E23000035";
/// A circle that the person does not belong to.
const CIRCLE: &str = "00000000-0000-0000-0000-0000000000c1";
const VISIBLE: u128 = 200;
const TURNS: usize = 300;

/// What is asked, by name.
const ASKED: [&str; 8] = [
    "list",
    "count",
    "My work",
    "search, a word of both",
    "search, a word of hidden ones alone",
    "look up by a visible number",
    "look up by a hidden number",
    "open by a hidden identifier",
];

pub async fn measure(place: &Place) -> Result<(), Any> {
    let who = person(1, Role::OfficerInCase, Some(OWN));
    let few = filled(place, "few", &who).await?;
    let (url, many) = {
        let (url, store) = place.database("many").await?;
        fill(&store, &who).await?;
        (url, store)
    };
    let hidden = hide(&url).await?;
    let stores =
        [(&few, "CAS-1900-0001".to_owned(), Uuid::from_u128(9)), (&many, hidden.0, hidden.1)];
    let mut times = [[(); 2]; ASKED.len()].map(|both| both.map(|()| Times::default()));
    for n in 0..TURNS + 20 {
        for which in if n % 2 == 0 { [0, 1] } else { [1, 0] } {
            let (store, number, id) = &stores[which];
            for (asked, time) in turn(store, &who, number, *id).await?.into_iter().enumerate() {
                if n >= 20 {
                    times[asked][which].add(time);
                }
            }
        }
    }
    println!(
        "| {}, milliseconds | 0 hidden: median (p95) | 50,000 hidden | longer with them (Mann-Whitney z) |",
        place.name
    );
    println!("|---|---|---|---|");
    for (name, [few, many]) in ASKED.iter().zip(&times) {
        let [f, m] = [few, many].map(|times| (times.at(0.5), times.at(0.95)));
        let (chance, z) = few.longer(many);
        println!(
            "| {name} | {:.2} ({:.2}) | {:.2} ({:.2}) | {chance:.2} ({z:+.1}) |",
            f.0, f.1, m.0, m.1
        );
    }
    Ok(())
}

async fn filled(place: &Place, name: &str, who: &Person) -> Result<Store, Any> {
    let (url, store) = place.database(name).await?;
    fill(&store, who).await?;
    gather(&Database::connect(&url).await?).await?;
    Ok(store)
}

async fn fill(store: &Store, who: &Person) -> Result<(), Any> {
    for n in 1..=VISIBLE {
        let word = if n % 25 == 0 { "Harbour" } else { "Meadow" };
        let name = format!("{word} {n}");
        let fields: Fields = [("name", &*name)].into_iter().collect();
        make(store, who, Kind::Case, n, &fields).await?;
    }
    Ok(())
}

/// Puts the hidden records in past the store: copies of a visible one; gives the number and the
/// identifier of one.
async fn hide(url: &str) -> Result<(String, Uuid), Any> {
    let db = Database::connect(url).await?;
    let (count, new_id, text) = match db.get_database_backend() {
        DbBackend::Postgres => {
            ("SELECT generate_series(1, 50000) AS n", "gen_random_uuid()", "md5(n::text)")
        }
        _ => (
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50000) SELECT n FROM c",
            "randomblob(16)",
            "hex(n)",
        ),
    };
    let force = format!("CASE WHEN n % 2 = 0 THEN '{OWN}' ELSE 'E23000031' END");
    let restriction = format!("CASE WHEN n % 2 = 0 THEN '{CIRCLE}' ELSE 'none' END");
    let body = format!(
        "CASE WHEN n % 2 = 0 THEN replace(body, '\"restriction\":\"none\"', \
         '\"restriction\":{{\"circle\":\"{CIRCLE}\"}}') ELSE replace(body, '{OWN}', 'E23000031') END"
    );
    db.execute_unprepared(&format!(
        "INSERT INTO record (id, kind, number, version, state, title, search, force, operation, \
         restriction, simulated, author, next_role, next_what, next_urgency, created, updated, body, mark) \
         SELECT {new_id}, kind, 'CAS-1900-' || {text}, 1, state, 'Harbour hidden ' || n, 'harbour hidden', {force}, \
         NULL, {restriction}, FALSE, {new_id}, next_role, next_what, next_urgency, created + n, \
         updated + n, {body}, mark FROM (SELECT * FROM record LIMIT 1) AS like_it, ({count}) AS many; \
         INSERT INTO search_document (record_id, words, keys) SELECT id, 'harbour hidden ' || number, 'harbour' \
         FROM record WHERE title LIKE 'Harbour hidden%'"
    ))
    .await?;
    gather(&db).await?;
    let sql = "SELECT number, id FROM record WHERE title = 'Harbour hidden 40000'".to_owned();
    let statement = sea_orm::Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await?.ok_or("no hidden record")?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// What a server in use has done long ago: statistics for the planner.
async fn gather(db: &sea_orm::DatabaseConnection) -> Result<(), Any> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared("VACUUM ANALYZE").await?;
    }
    Ok(())
}

async fn turn(store: &Store, who: &Person, number: &str, id: Uuid) -> Result<[Duration; 8], Any> {
    let cases = Query::of(Kind::Case);
    let mut times = [Duration::ZERO; 8];
    let mut began = Instant::now();
    let mut took = |which: usize| {
        times[which] = began.elapsed();
        began = Instant::now();
    };
    let listed = store.list(who, &cases, at(1)).await?;
    took(0);
    store.counts(who, std::slice::from_ref(&cases), at(2)).await?;
    took(1);
    store.my_work(who, Slice::default(), at(3)).await?;
    took(2);
    let found = store.search(who, "harbour", cases.clone(), at(4)).await?;
    took(3);
    let none = store.search(who, "hidden", cases.clone(), at(5)).await?;
    took(4);
    let visible = listed.rows.first().map_or("", |row| row.number.as_str());
    let there = store.find_by_number(who, visible, None, at(6)).await?;
    took(5);
    let by_number = store.find_by_number(who, number, None, at(7)).await?;
    took(6);
    let by_id = store.view(who, Kind::Case, id, None, at(8)).await?;
    took(7);
    let right = (u128::from(listed.total), found.total, none.total) == (VISIBLE, 8, 0)
        && there.is_some()
        && by_number.is_none()
        && by_id.is_none();
    if !right {
        let told = (listed.total, found.total, none.total);
        return Err(format!("hidden records show, or visible ones do not: {told:?}").into());
    }
    Ok(times)
}
