//! What holds for records of every kind: corrections, moves, the same person, four eyes in the
//! database, durations.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use pendeen_casework::figure::{Figure, Part, Scope};
use pendeen_casework::force::ForceKey;
use pendeen_casework::form::Refusal;
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::audit::{EntryFilter, Processing};
use pendeen_store::duration::Between;
use pendeen_store::query::Slice;
use pendeen_store::{Store, StoreError};
use sea_orm::ConnectionTrait;
use sea_orm::{DbBackend, Statement};

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, intelligence, make, referral};

const FORCE: &str = "E23000035";

fn officer_in_case() -> Person {
    person(1, &[Role::OfficerInCase], Some(FORCE))
}

async fn case(store: &Store, n: u128, name: &str) -> AnyRecord {
    make(store, &officer_in_case(), Kind::Case, n, &fields([("name", name)])).await.unwrap()
}

async fn child(store: &Store, n: u128, case: &AnyRecord, name: &str) -> AnyRecord {
    let about = fields([
        ("case", &*case.head().id.to_string()),
        ("name", name),
        ("relation", "Neighbour"),
        ("concern", "Unsupervised contact"),
        ("known_since", "2026-06-01T08:00:00Z"),
    ]);
    make(store, &officer_in_case(), Kind::Child, n, &about).await.unwrap()
}

async fn operation(store: &Store, n: u128, name: &str) -> AnyRecord {
    let coordinator = person(2, &[Role::Coordinator], None);
    let filled = fields([("name", name), ("purpose", "Prevention")]);
    make(store, &coordinator, Kind::Operation, n, &filled).await.unwrap()
}

pub async fn a_correction_is_a_version_that_tells_what_was_changed_by_whom_and_why(db: Fixture) {
    let oic = officer_in_case();
    let made = case(&db.store, 1, "Exampel").await;
    let note = fields([("note", "Rang the school"), ("text", "Rang the school")]);
    let noted = act(&db.store, &oic, &made, "add_note", &note).await.unwrap();
    let right = fields([("name", "Example"), ("why", "A slip of the pen")]);
    let corrected = act(&db.store, &oic, &noted, "correct", &right).await.unwrap();
    assert_eq!(corrected.title(), "Example");
    assert_eq!(corrected.head().version, 3);
    let old = db.store.view_version(&oic, Kind::Case, made.head().id, 1, at(9)).await.unwrap();
    assert_eq!(old.unwrap().title(), "Exampel", "the older one stays readable");

    let told = db.store.changes(&oic, Kind::Case, made.head().id, at(9)).await.unwrap();
    let newest = &told[0];
    assert_eq!(newest.version.act, "correct");
    assert_eq!(newest.version.by_name, oic.name);
    assert_eq!(newest.why.as_deref(), Some("A slip of the pen"));
    let changed: Vec<_> =
        newest.changes.iter().map(|c| (c.from.join("|"), c.to.join("|"))).collect();
    assert_eq!(changed, [("Exampel".to_owned(), "Example".to_owned())]);
    assert_eq!(told.len(), 3);
    let again = fields([("name", "Example."), ("why", "A full stop")]);
    let again = act(&db.store, &oic, &corrected, "correct", &again).await.unwrap();
    assert_eq!(again.title(), "Example.", "a corrected record can be corrected");
}

pub async fn a_correction_is_refused_where_the_rules_of_creation_refuse_it(db: Fixture) {
    let oic = officer_in_case();
    let case = case(&db.store, 1, "A case").await;
    let made = child(&db.store, 2, &case, "Kim Example").await;
    let wanted = |known_since: &str, case: &str| {
        fields([
            ("case", case),
            ("name", "Kim Example"),
            ("relation", "Neighbour"),
            ("concern", "Unsupervised contact"),
            ("known_since", known_since),
            ("why", "Because"),
        ])
    };
    let id = case.head().id.to_string();
    for (filled, field) in [
        (wanted("2031-06-01T08:00:00Z", &id), "known_since"),
        (wanted("2026-06-01T08:00:00Z", "00000000-0000-0000-0000-000000000001"), "case"),
        (fields([("why", "x"), ("case", &*id)]), "relation"),
    ] {
        let refused = act(&db.store, &oic, &made, "correct", &filled).await;
        assert!(
            matches!(&refused, Err(StoreError::Refused(Refusal::Field { name, .. })) if name == field),
            "{field}: {refused:?}"
        );
    }
    let nothing =
        act(&db.store, &oic, &made, "correct", &wanted("2026-06-01T08:00:00Z", &id)).await;
    assert!(matches!(nothing, Err(StoreError::Refused(Refusal::Missing { .. }))), "{nothing:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM record_version").await, 2);
}

pub async fn the_history_of_changes_hides_guarded_lines_in_every_version(db: Fixture) {
    let case = case(&db.store, 1, "A case").await;
    let made = child(&db.store, 2, &case, "Kim Example").await;
    let identity = fields([("name", "Kim Sample"), ("source", "School"), ("age", "9")]);
    act(&db.store, &officer_in_case(), &made, "identify", &identity).await.unwrap();
    let told = async |who: &Person| {
        let id = made.head().id;
        format!("{:?}", db.store.changes(who, Kind::Child, id, at(9)).await.unwrap())
    };
    assert!(told(&officer_in_case()).await.contains("Kim Example"));
    let coordinator = told(&person(3, &[Role::Coordinator], None)).await;
    assert!(coordinator.contains("identify") && !coordinator.contains("Kim"), "{coordinator}");
    let elsewhere = person(4, &[Role::OfficerInCase], Some("E23000036"));
    assert_eq!(told(&elsewhere).await, "[]");
    // Nor is the form for a correction shown to who may not see all of it.
    let form = async |who: &Person| {
        db.store.made_with(who, Kind::Child, made.head().id, at(9)).await.unwrap()
    };
    assert!(form(&officer_in_case()).await.is_some());
    assert_eq!(form(&person(3, &[Role::Coordinator], None)).await, None);
}

pub async fn a_moved_case_takes_its_parts_along_and_figures_follow(db: Fixture) {
    let (store, oic) = (&db.store, officer_in_case());
    let (case, operation) = (case(store, 1, "A case").await, operation(store, 3, "Hartland").await);
    let known = child(store, 2, &case, "Kim Example").await;
    let children = Figure::from_key("children_known").unwrap();
    let counted = async || {
        let of = |part| Scope { force: ForceKey::parse(FORCE), part };
        let inside = store.figure(children, &of(Part::InsideAny)).await.unwrap();
        (inside, store.figure(children, &of(Part::Outside)).await.unwrap())
    };
    assert_eq!(counted().await, (0, 1));
    let target = operation.head().id.to_string();
    let to = fields([("operation", &*target), ("why", "Part of the national work")]);
    let alone = act(store, &oic, &known, "move_to_operation", &to).await;
    assert!(alone.unwrap_err().to_string().contains(&case.head().number), "parts move with it");
    let moved = act(store, &oic, &case, "move_to_operation", &to).await.unwrap();
    assert_eq!(counted().await, (1, 0));
    let told = store.changes(&oic, Kind::Child, known.head().id, at(2_000)).await.unwrap();
    assert_eq!(told[0].changes.len(), 1, "{told:?}");
    assert_eq!(told[0].changes[0].to, ["Hartland"]);
    assert_eq!(told[0].why.as_deref(), Some("Part of the national work"));
    let same = act(store, &oic, &moved, "move_to_operation", &to).await;
    assert!(matches!(same, Err(StoreError::Refused(_))), "it is there already: {same:?}");

    let out = fields([("why", "Not part of it after all")]);
    act(store, &oic, &moved, "take_out_of_operation", &out).await.unwrap();
    assert_eq!(counted().await, (0, 1));
    let scope = Scope { force: ForceKey::parse(FORCE), part: Part::InsideAny };
    let then = store.figures_as_at(&scope, Some(at(1_001))).await.unwrap();
    let then = then.iter().find(|(figure, _)| figure.key == "children_known").unwrap();
    assert_eq!(then.1, 1, "as at then it was inside");
    assert_eq!(store.audit_verify().await.unwrap().first_break, None);
}

pub async fn a_statement_of_the_same_person_is_a_combination_logged_about_both(db: Fixture) {
    let (store, officer) = (&db.store, intelligence(1));
    let mut subjects = Vec::new();
    for n in 1..=2 {
        let filled = fields([("name", "R Example"), ("suspect", "yes")]);
        subjects.push(make(store, &officer, Kind::Subject, n, &filled).await.unwrap());
    }
    let [one, other] = [0, 1].map(|n: usize| format!("subject/{}", subjects[n].head().id));
    let filled = fields([
        ("one", &*one),
        ("other", &*other),
        ("reason", "The same telephone"),
        ("evidence", "Two services"),
    ]);
    let made = make(store, &officer, Kind::SamePerson, 3, &filled).await.unwrap();
    let own = act(store, &officer, &made, "confirm", &fields([])).await;
    assert!(matches!(own, Err(StoreError::Refused(Refusal::SamePerson { .. }))), "{own:?}");
    let confirmed = act(store, &intelligence(2), &made, "confirm", &fields([])).await.unwrap();
    let turned =
        fields([("one", &*other), ("other", &*one), ("reason", "Again"), ("evidence", "Again")]);
    let again = make(store, &officer, Kind::SamePerson, 4, &turned).await.unwrap_err();
    assert!(again.to_string().contains(&made.head().number), "{again}");
    let why = fields([("reason", "Two people after all")]);
    act(store, &officer, &confirmed, "undo", &why).await.unwrap();

    let auditor = person(9, &[Role::Auditor], None);
    for subject in &subjects {
        let wanted = EntryFilter {
            record: Some(subject.head().id),
            processing: Some(Processing::Combination),
            ..EntryFilter::default()
        };
        let (entries, _) =
            store.audit_entries(&auditor, &wanted, Slice::default(), at(9)).await.unwrap();
        let mut done: Vec<_> = entries.iter().map(|entry| entry.leaf.action.as_str()).collect();
        done.sort_unstable();
        assert_eq!(done, ["same_person:confirm", "same_person:create", "same_person:undo"]);
        let now = store.view(&officer, Kind::Subject, subject.head().id, None, at(9)).await;
        assert_eq!(now.unwrap().unwrap().head().version, 1, "the records stay themselves");
    }
}

/// For every pair of steps that any kind declares, on the record and on a version, by SQL.
pub async fn the_database_refuses_one_person_at_both_of_any_two_steps(db: Fixture) {
    let refuses = async |kind: Kind, one: &str, other: &str, same: bool| {
        let (author, second) =
            ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002");
        let mut body = serde_json::json!({});
        for (path, who) in [(one, author), (other, if same { author } else { second })] {
            let mut place = &mut body;
            for step in path.split('.') {
                place = &mut place[step];
            }
            *place = who.into();
        }
        let insert = "INSERT INTO record (id, kind, number, version, state, title, search, \
             restriction, mark, simulated, author, created, updated, body) VALUES \
             ($1, $2, $3, 1, 's', 't', 's', 'none', 'official_sensitive', FALSE, $1, 1, 1, $4)";
        let id = uuid::Uuid::from_u128(u128::from(rand_like(kind, one, other, same)));
        let values = [id.into(), kind.key().into(), id.to_string().into(), body.to_string().into()];
        let statement = Statement::from_sql_and_values(db.raw_backend(), insert, values);
        match db.raw.execute_raw(statement).await {
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        }
    };
    let mut pairs = 0;
    for kind in Kind::ALL {
        for (one, other) in kind.four_eyes() {
            pairs += 1;
            let refused = refuses(*kind, one, other, true).await;
            let why = refused.unwrap_or_else(|| panic!("{kind:?}: {one} and {other} were one"));
            assert!(why.contains("one person cannot take both"), "{kind:?} {one} {other}: {why}");
            assert_eq!(refuses(*kind, one, other, false).await, None, "{kind:?} {one} {other}");
        }
    }
    assert!(pairs > Kind::ALL.len() + 8, "{pairs}");
    // Changing what is there, the kind, or the rules themselves.
    let second = "00000000-0000-0000-0000-000000000002";
    let author = "00000000-0000-0000-0000-000000000001";
    let mut attempts = vec![
        format!("UPDATE record SET body = REPLACE(body, '{second}', '{author}')"),
        "UPDATE record SET kind = 'premises' WHERE kind = 'package'".to_owned(),
        "DELETE FROM four_eyes".to_owned(),
        "UPDATE four_eyes SET other = 'nobody'".to_owned(),
        format!(
            "INSERT INTO record_version (record_id, version, act, fields, by_id, by_name, at, body) \
             SELECT id, 1, 'create', '{{}}', author, 'n', 1, REPLACE(body, '{second}', '{author}') \
             FROM record"
        ),
    ];
    if db.raw.get_database_backend() == DbBackend::Postgres {
        attempts.push("TRUNCATE four_eyes".to_owned());
    }
    for attempt in attempts {
        assert!(db.sql(&attempt).await.is_err(), "{attempt}");
    }
}

/// A number of its own for every case, spread over the ids.
fn rand_like(kind: Kind, one: &str, other: &str, same: bool) -> u64 {
    let text = format!("{kind:?}{one}{other}{same}");
    text.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte))
}

pub async fn durations_tell_median_and_tail_over_what_the_person_may_see(db: Fixture) {
    let officer = intelligence(1);
    for n in 1..=4_u128 {
        let made = referral(&db.store, &officer, n, &format!("R-{n}")).await;
        if n < 4 {
            let action = pendeen_casework::permission::Action::Act("triage");
            let permit = pendeen_casework::permission::decide(&officer, action, &made).unwrap();
            let hours = i64::try_from(n).unwrap() * 3_600;
            let then = made.head().created + SignedDuration::from_secs(hours);
            db.store.act(permit, &fields([]), then).await.unwrap();
        }
    }
    let between = Between {
        kind: Kind::Referral,
        from: "received".to_owned(),
        to: "triaged".to_owned(),
        force: None,
        operation: None,
        since: None,
        before: None,
    };
    let found = db.store.durations(&officer, &between, at(9)).await.unwrap();
    let hours = |n| Some(SignedDuration::from_hours(n));
    assert_eq!((found.all.done, found.all.waiting), (3, 1));
    assert_eq!(
        (found.all.median, found.all.p90, found.all.longest),
        (hours(2), hours(3), hours(3))
    );
    assert_eq!(found.by_force, BTreeMap::from([(None, found.all.clone())]));
    let first = Between { before: Some(at(2)), ..between.clone() };
    assert_eq!(db.store.durations(&officer, &first, at(9)).await.unwrap().all.longest, hours(1));
    let examiner = person(3, &[Role::Examiner], Some(FORCE));
    let hidden = db.store.durations(&examiner, &between, at(9)).await.unwrap();
    assert_eq!(hidden.all, pendeen_store::duration::Spread::default());
    let back = Between { from: "triaged".to_owned(), to: "received".to_owned(), ..between };
    assert_eq!(db.store.durations(&officer, &back, at(9)).await.unwrap().all.done, 0);
}
