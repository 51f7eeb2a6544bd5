//! What stands where, what is due, who signed what: over what a person may see, and no more.

use jiff::Timestamp;
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::Role;
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::query::{Query, Sort};

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, intelligence, make, referral};

const FORCE: &str = "E23000035";

pub async fn standings_are_what_listing_each_kind_and_state_counts(db: Fixture) {
    let store = &db.store;
    let intel = intelligence(1);
    let first = referral(store, &intel, 10, "A-1").await;
    referral(store, &intel, 11, "A-2").await;
    act(store, &intel, &first, "triage", &fields([])).await.unwrap();
    let officer = person(2, &[Role::OfficerInCase], Some(FORCE));
    let case = make(store, &officer, Kind::Case, 12, &fields([("name", "Case")])).await.unwrap();
    let on = format!("case/{}", case.head().id);
    let action =
        [("on", &*on), ("what", "Call"), ("role", "officer_in_case"), ("due", "2026-06-02")];
    make(store, &officer, Kind::Action, 13, &fields(action)).await.unwrap();

    let kinds = [Kind::Referral, Kind::Case, Kind::Action];
    let later: Timestamp = "2026-07-01T00:00:00Z".parse().unwrap();
    for who in [&intel, &officer] {
        let standings = store.standing(who, &kinds, later).await.unwrap();
        for standing in &standings {
            let query = Query {
                states: vec![standing.state.clone()],
                force: standing.force,
                ..Query::of(standing.kind)
            };
            let listed = store.list(who, &query, later).await.unwrap();
            let late = listed.rows.iter().filter_map(|row| row.next.as_ref()?.due);
            assert_eq!(standing.count, listed.total, "{standing:?}");
            assert_eq!(standing.late, late.filter(|due| *due < later).count() as u64);
        }
        let all: u64 = standings.iter().map(|standing| standing.count).sum();
        let query = Query { kinds: kinds.to_vec(), ..Query::default() };
        assert_eq!(
            [all],
            *store.counts(who, &[query], later).await.unwrap(),
            "nothing is left out"
        );
    }
    let seen = store.standing(&officer, &kinds, later).await.unwrap();
    assert!(seen.iter().all(|standing| standing.kind != Kind::Referral), "{seen:?}");
    assert_eq!(seen.iter().map(|standing| standing.late).sum::<u64>(), 1, "{seen:?}");
    let before = store.standing(&officer, &kinds, at(60)).await.unwrap();
    assert_eq!(before.iter().map(|standing| standing.late).sum::<u64>(), 0, "not late yet");
    assert!(store.standing(&intel, &[], later).await.unwrap().is_empty());
}

/// What is kept of how many records stand where is what counting all of them gives.
pub async fn assert_standings_are_kept(db: &Fixture) {
    let shown = |rows: Vec<sea_orm::QueryResult>| -> Vec<(String, i64)> {
        let row = |row: &sea_orm::QueryResult| {
            (row.try_get("", "place").unwrap(), row.try_get("", "number").unwrap())
        };
        rows.iter().map(row).collect()
    };
    let kept = "SELECT kind || ' ' || restriction || ' ' || force || ' ' || state AS place, number \
         FROM standing WHERE number <> 0 ORDER BY 1";
    let counted = "SELECT kind || ' ' || restriction || ' ' || COALESCE(force, '-') || ' ' || state AS place, \
         COUNT(*) AS number FROM record GROUP BY kind, restriction, force, state ORDER BY 1";
    assert_eq!(shown(db.rows(kept).await), shown(db.rows(counted).await));
}

pub async fn how_many_stand_where_is_kept_through_every_way_of_writing(db: Fixture) {
    let store = &db.store;
    let intel = intelligence(1);
    for n in 0..5 {
        let made = referral(store, &intel, 10 + n, &format!("A-{n}")).await;
        if n % 2 == 0 {
            act(store, &intel, &made, "triage", &fields([])).await.unwrap();
        }
        assert_standings_are_kept(&db).await;
    }
    let officer = person(2, &[Role::OfficerInCase], Some(FORCE));
    let case = make(store, &officer, Kind::Case, 22, &fields([("name", "Case")])).await.unwrap();
    let on = format!("case/{}", case.head().id);
    let action =
        [("on", &*on), ("what", "Call"), ("role", "officer_in_case"), ("due", "2026-06-02")];
    let action = make(store, &officer, Kind::Action, 24, &fields(action)).await.unwrap();
    act(store, &officer, &action, "complete", &fields([("result", "called")])).await.unwrap();
    assert_standings_are_kept(&db).await;
    let number = db.number("SELECT CAST(SUM(number) AS BIGINT) FROM standing").await;
    assert_eq!(number, 7);
    db.store.recount().await.unwrap();
    assert_standings_are_kept(&db).await;
}

pub async fn what_is_due_between_two_moments_is_listed_first_things_first(db: Fixture) {
    let store = &db.store;
    let officer = person(2, &[Role::OfficerInCase], Some(FORCE));
    let case = make(store, &officer, Kind::Case, 12, &fields([("name", "Case")])).await.unwrap();
    let on = format!("case/{}", case.head().id);
    for (n, due) in [(20, "2026-06-09"), (21, "2026-06-03"), (22, "2026-07-20")] {
        let what = format!("Due {due}");
        let action = [("on", &*on), ("what", &*what), ("role", "officer_in_case"), ("due", due)];
        make(store, &officer, Kind::Action, n, &fields(action)).await.unwrap();
    }
    let moment = |text: &str| -> Timestamp { text.parse().unwrap() };
    let due = Some((moment("2026-06-01T00:00:00Z"), moment("2026-07-01T00:00:00Z")));
    let query = Query { due, order: Sort::Due, ..Query::default() };
    let found = store.list(&officer, &query, at(90)).await.unwrap();
    let titles: Vec<_> = found.rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["Due 2026-06-03", "Due 2026-06-09"]);
    let stranger = person(3, &[Role::OfficerInCase], Some("E23000001"));
    assert_eq!(store.list(&stranger, &query, at(91)).await.unwrap().total, 0);
}

pub async fn signatures_are_told_to_who_gave_them_as_long_as_they_may_see_the_record(db: Fixture) {
    let store = &db.store;
    let (author, second) = (intelligence(1), intelligence(2));
    let subject = fields([("name", "Robin Example"), ("suspect", "yes")]);
    let mut ids = Vec::new();
    for n in [20, 21] {
        let made = make(store, &author, Kind::Subject, n, &subject).await.unwrap();
        ids.push(format!("subject/{}", made.head().id));
    }
    let form = fields([
        ("one", &*ids[0]),
        ("other", &*ids[1]),
        ("reason", "The same telephone"),
        ("evidence", "Two services"),
    ]);
    let said = make(store, &author, Kind::SamePerson, 30, &form).await.unwrap();
    let step = said.waiting_signings().next().unwrap();
    assert!(said.has_hand_in(step, author.id) && !said.has_hand_in(step, second.id));
    let hindered = store.hindrance(&author, &said, "confirm", at(50)).await.unwrap();
    assert!(hindered.is_some(), "the author is refused before trying");
    assert!(store.hindrance(&second, &said, "confirm", at(51)).await.unwrap().is_none());
    let confirmed = act(store, &second, &said, "confirm", &fields([])).await.unwrap();
    assert_eq!(confirmed.head().version, 2);

    let kinds = [Kind::SamePerson];
    let acts = ["confirm", "reject"];
    let signed = store.signed(&second, &kinds, &acts, 10, at(2_000)).await.unwrap();
    let [signature] = &signed[..] else { panic!("{signed:?}") };
    assert_eq!((&*signature.act, signature.version), ("confirm", 2));
    assert_eq!(signature.row.id, said.head().id);
    assert!(store.signed(&author, &kinds, &acts, 10, at(2_001)).await.unwrap().is_empty());
    let touched = store.last_touched(second.id, &[said.head().id]).await.unwrap();
    assert_eq!(touched.get(&said.head().id), Some(&2));
    let moved = person(2, &[Role::Examiner], Some(FORCE));
    let hidden = store.signed(&moved, &kinds, &acts, 10, at(2_002)).await.unwrap();
    assert!(hidden.is_empty(), "another role since, and no sight of it: {hidden:?}");
}

pub async fn records_are_listed_with_their_bodies_and_leave_one_leaf(db: Fixture) {
    let store = &db.store;
    let intel = intelligence(1);
    for (n, reference) in [(10, "A-1"), (11, "A-2"), (12, "A-3")] {
        referral(store, &intel, n, reference).await;
    }
    let query = Query { order: Sort::Oldest, ..Query::of(Kind::Referral) };
    let leaves = store.audit_count().await.unwrap();
    let (records, total) = store.records(&intel, &query, at(90)).await.unwrap();
    assert_eq!(store.audit_count().await.unwrap(), leaves + 1);
    assert_eq!((records.len(), total), (3, 3));
    assert!(matches!(&records[0], AnyRecord::Referral(first) if first.reference == "A-1"));
    assert!(records.iter().all(|record| decide(&intel, Action::View, record).is_ok()));
    let officer = person(2, &[Role::OfficerInCase], Some(FORCE));
    assert_eq!(store.records(&officer, &query, at(91)).await.unwrap().0.len(), 0);
}
