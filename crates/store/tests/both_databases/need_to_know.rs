//! What a person may see, and that nothing tells of the rest.

use std::collections::{BTreeMap, BTreeSet};

use pendeen_casework::agency::AgencyKey;
use pendeen_casework::force::ForceKey;
use pendeen_casework::form::Field;
use pendeen_casework::permission::{Action, Visibility, decide, decide_create, visibility};
use pendeen_casework::person::{Knows, Person, Role};
use pendeen_casework::record::{AnyRecord, Head, Kind, Related, Restriction};
use pendeen_store::StoreError;
use pendeen_store::audit::EntryFilter;
use pendeen_store::query::{Belongs, Query, Slice, Sort};
use uuid::Uuid;

use crate::fixture::{Fixture, at, person};
use crate::world::{
    act, context, everybody, fields, head, intelligence, make, plausible, prepared_by, referral,
};

const FORCE: &str = "E23000035";
const OTHER: &str = "E23000031";

const EVERYTHING: Slice = Slice { offset: 0, limit: 100_000 };

fn act_fields(kind: Kind, name: &str) -> &'static [Field] {
    kind.acts().iter().find(|act| act.name == name).unwrap().fields
}

/// One record of each kind, made by the rules alone.
pub fn one_of_each(author: &Person) -> Vec<AnyRecord> {
    let mut made = BTreeMap::new();
    for (n, kind) in (1_u128..).zip(Kind::ALL) {
        if *kind == Kind::RetentionReview {
            // Only what is finished is reviewed.
            let subject: &AnyRecord = &made[&Kind::Subject];
            let (why, nothing) = (fields([("reason", "Done")]), Related::default());
            let closing = context(&why, &nothing, author, subject.head().created);
            made.insert(Kind::Subject, subject.perform("close", &closing).unwrap());
        }
        let related = Related::new(made.values().cloned().collect());
        let filled = plausible(kind.create_fields(), &made, FORCE);
        let made_at = head(*kind, n, author);
        let making = context(&filled, &related, author, made_at.created);
        let record = AnyRecord::create(*kind, made_at, &making);
        let mut record = record.unwrap_or_else(|refusal| panic!("{kind:?}: {refusal}"));
        for name in prepared_by(*kind) {
            let filled = plausible(act_fields(*kind, name), &made, FORCE);
            let acting = context(&filled, &related, author, record.head().created);
            record = record.perform(name, &acting).unwrap();
        }
        made.insert(*kind, record);
    }
    made.into_values().collect()
}

pub async fn every_kind_of_record_is_kept_and_reads_back(db: Fixture) {
    let mut made: BTreeMap<Kind, AnyRecord> = BTreeMap::new();
    // Two people of one force are wanted for a statement that they are one: see `shared`.
    let of_one = |kind: &&Kind| **kind != Kind::SamePerson;
    for (n, kind) in (1_u128..).zip(Kind::ALL.iter().filter(of_one)) {
        if *kind == Kind::RetentionReview {
            // Only what is finished is reviewed.
            let may =
                |who: &Person| decide(who, Action::Act("close"), &made[&Kind::Subject]).is_ok();
            let who = everybody(FORCE).into_iter().find(may).unwrap();
            let why = fields([("reason", "Done")]);
            let closed = act(&db.store, &who, &made[&Kind::Subject], "close", &why).await.unwrap();
            made.insert(Kind::Subject, closed);
        }
        let filled = plausible(kind.create_fields(), &made, FORCE);
        let sees = |who: &Person, record: &AnyRecord| decide(who, Action::View, record).is_ok();
        let maker = everybody(FORCE).into_iter().find(|who| {
            let chosen = kind.create_fields().iter().filter_map(|field| field.chosen(&filled));
            let mut named = chosen.map(|(_, id)| id);
            decide_create(who, *kind, &head(*kind, n, who)).is_ok()
                && named.all(|id| made.values().filter(|r| r.head().id == id).all(|r| sees(who, r)))
        });
        let maker = maker.unwrap_or_else(|| panic!("nobody may make a {kind:?}"));
        let record = make(&db.store, &maker, *kind, n, &filled).await;
        let mut record = record.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        for name in prepared_by(*kind) {
            let may = |who: &Person| decide(who, Action::Act(name), &record).is_ok();
            let who = everybody(FORCE).into_iter().find(may).unwrap();
            let filled = plausible(act_fields(*kind, name), &made, FORCE);
            record = act(&db.store, &who, &record, name, &filled).await.unwrap();
        }
        let within = |who: Person| inside(who, &record);
        let reader = everybody(FORCE).into_iter().map(within).find(|who| sees(who, &record));
        let reader = reader.unwrap_or_else(|| panic!("nobody may see a {kind:?}"));
        let seen =
            db.store.view(&reader, *kind, record.head().id, None, at(1)).await.unwrap().unwrap();
        assert_eq!(seen.to_json().unwrap(), record.to_json().unwrap());
        made.insert(*kind, record);
    }
    assert_eq!(db.store.audit_verify().await.unwrap().first_break, None);
}

/// The same person as a member of the circle that the record is restricted to.
fn inside(mut who: Person, record: &AnyRecord) -> Person {
    if let Restriction::Circle(circle) = record.head().restriction {
        who.knows.circles.insert(circle);
    }
    who
}

const CIRCLE: Uuid = Uuid::from_u128(0xC1);
const OTHER_CIRCLE: Uuid = Uuid::from_u128(0xC2);
const AGENCY: &str = "E06000026";

/// People with everything that they can be let into one by one, and with some of it.
fn let_in(who: &Person, opened: &BTreeSet<Uuid>) -> [Person; 3] {
    let agency = AgencyKey::parse(AGENCY);
    let all = Knows { agency: agency.clone(), circles: [CIRCLE].into(), opened: opened.clone() };
    let both = Knows { circles: [CIRCLE, OTHER_CIRCLE].into(), ..Knows::default() };
    let partner = Knows { agency, ..Knows::default() };
    [all, both, partner].map(|knows| Person { knows, ..who.clone() })
}

pub async fn the_sql_filter_and_the_policies_agree_row_by_row(db: Fixture) {
    let author = person(507, &[Role::IntelligenceOfficer], None);
    let open = Restriction::None;
    let relations = [
        (None, open.clone()),
        (Some(FORCE), open.clone()),
        (Some(OTHER), open),
        (None, Restriction::Role(Role::SensitiveCheckOfficer)),
        (Some(OTHER), Restriction::Role(Role::OfficerInCase)),
        (None, Restriction::Circle(CIRCLE)),
        (Some(FORCE), Restriction::Circle(CIRCLE)),
        (Some(OTHER), Restriction::Circle(CIRCLE)),
        (Some(FORCE), Restriction::Circle(OTHER_CIRCLE)),
    ];
    let agencies = [None, AgencyKey::parse(AGENCY), AgencyKey::parse("E10000008")];
    let mut planted = Vec::new();
    let templates = one_of_each(&author);
    for template in &templates {
        db.plant(template).await;
        planted.push(template.clone());
    }
    for template in templates {
        for (force, restriction) in &relations {
            let mut record = template.clone();
            let n = planted.len() as u128 + 1_000;
            let new = head(record.kind(), n, &author);
            let force = force.and_then(ForceKey::parse);
            let agency = agencies[planted.len() % agencies.len()].clone();
            *record.head_mut() = Head { force, restriction: restriction.clone(), agency, ..new };
            db.plant(&record).await;
            planted.push(record);
        }
    }
    let mut seen_by_somebody = 0;
    // Every seventh record, of whatever kind, force and restriction.
    let opened: BTreeSet<Uuid> = planted.iter().step_by(7).map(|r| r.head().id).collect();
    let people = everybody(FORCE).into_iter().chain([author, person(1, &[], Some(FORCE))]);
    for who in people.flat_map(|who| [vec![who.clone()], let_in(&who, &opened).into()]).flatten() {
        let by_policy: BTreeSet<Uuid> = planted
            .iter()
            .filter(|record| decide(&who, Action::View, record).is_ok())
            .map(|record| record.head().id)
            .collect();
        let sight: BTreeMap<Kind, Visibility> =
            Kind::ALL.iter().map(|kind| (*kind, visibility(&who, *kind))).collect();
        let by_admits: BTreeSet<Uuid> = planted
            .iter()
            .filter(|record| sight[&record.kind()].admits(record.head()))
            .map(|record| record.head().id)
            .collect();
        let query = Query { page: EVERYTHING, ..Query::default() };
        let page = db.store.list(&who, &query, at(1)).await.unwrap();
        let by_sql: BTreeSet<Uuid> = page.rows.iter().map(|row| row.id).collect();
        assert_eq!(by_sql, by_admits, "SQL and filter differ for {:?}", who.roles);
        assert_eq!(by_sql, by_policy, "SQL and policies differ for {:?}", who.roles);
        assert_eq!(page.total, by_sql.len() as u64);
        seen_by_somebody += by_sql.len();
    }
    assert!(seen_by_somebody > planted.len(), "the case compares something");
}

/// Everything that a person can ask, as text.
async fn answers(db: &Fixture, who: &Person, ids: &[(Kind, Uuid)], numbers: &[String]) -> String {
    use std::fmt::Write;
    let mut all = String::new();
    let queries = [
        Query::default(),
        Query { page: Slice { offset: 1, limit: 2 }, order: Sort::Title, ..Query::default() },
        Query { text: Some("check".to_owned()), ..Query::default() },
        Query { text: Some("person".to_owned()), order: Sort::Urgency, ..Query::default() },
        Query { operation: Some(Belongs::ToNone), ..Query::of(Kind::SensitivePersonCheck) },
        Query { next_role: Some(Role::SensitiveCheckOfficer), ..Query::default() },
        Query { linked: Some(("subject".to_owned(), ids[0].1)), ..Query::default() },
        Query { states: vec!["pending".to_owned(), "received".to_owned()], ..Query::default() },
    ];
    for query in &queries {
        writeln!(all, "{:?}", db.store.list(who, query, at(50)).await).unwrap();
        writeln!(all, "{:?}", db.store.counts(who, std::slice::from_ref(query), at(50)).await)
            .unwrap();
    }
    writeln!(all, "{:?}", db.store.my_work(who, Slice::default(), at(50)).await).unwrap();
    for (kind, id) in ids {
        writeln!(all, "{:?}", db.store.view(who, *kind, *id, None, at(50)).await).unwrap();
        writeln!(all, "{:?}", db.store.view_version(who, *kind, *id, 1, at(50)).await).unwrap();
        writeln!(all, "{:?}", db.store.history(who, *kind, *id, at(50)).await).unwrap();
        writeln!(all, "{:?}", db.store.related(who, *kind, *id, at(50)).await).unwrap();
    }
    for number in numbers {
        writeln!(all, "{:?}", db.store.find_by_number(who, number, None, at(50)).await).unwrap();
    }
    all
}

pub async fn hidden_rows_change_no_byte_of_any_answer(db: Fixture) {
    let officer = intelligence(1);
    let filled = fields([("name", "A Person"), ("suspect", "yes")]);
    let subject = make(&db.store, &officer, Kind::Subject, 1, &filled).await.unwrap();
    for n in 2..=4 {
        referral(&db.store, &officer, n, &format!("R-{n}")).await;
    }
    let hidden: Vec<Head> =
        (10..14).map(|n| head(Kind::SensitivePersonCheck, n, &officer)).collect();
    let mut ids = vec![(Kind::Subject, subject.head().id)];
    ids.extend(hidden.iter().map(|head| (Kind::SensitivePersonCheck, head.id)));
    let numbers: Vec<String> = hidden.iter().map(|head| head.number.clone()).collect();

    let before = answers(&db, &officer, &ids, &numbers).await;
    for (n, _) in (10..14).zip(&hidden) {
        let about = fields([("subject", &*subject.head().id.to_string())]);
        make(&db.store, &officer, Kind::SensitivePersonCheck, n, &about).await.unwrap();
    }
    let after = answers(&db, &officer, &ids, &numbers).await;
    assert_eq!(before, after);
    let checker = person(9, &[Role::SensitiveCheckOfficer], None);
    assert_ne!(
        answers(&db, &checker, &ids, &numbers).await,
        before,
        "the rows are there for those who may"
    );
    let all = Query::of(Kind::SensitivePersonCheck);
    assert_eq!(db.store.list(&checker, &all, at(60)).await.unwrap().total, 4);
}

pub async fn every_read_leaves_its_leaf_and_a_refused_one_says_so(db: Fixture) {
    let officer = intelligence(1);
    let made = referral(&db.store, &officer, 1, "R-1").await;
    let id = made.head().id;
    let examiner = person(2, &[Role::Examiner], Some(FORCE));
    let store = &db.store;
    store.view(&officer, Kind::Referral, id, Some("  triage "), at(2)).await.unwrap();
    store.view(&examiner, Kind::Referral, id, None, at(3)).await.unwrap();
    store.view(&examiner, Kind::Referral, Uuid::from_u128(99), None, at(4)).await.unwrap();
    store.find_by_number(&officer, &made.head().number, None, at(5)).await.unwrap();
    store.find_by_number(&officer, "REF-0000-0000", None, at(6)).await.unwrap();
    store.list(&officer, &Query::of(Kind::Referral), at(7)).await.unwrap();
    store.my_work(&officer, Slice::default(), at(8)).await.unwrap();
    act(store, &officer, &made, "triage", &fields([])).await.unwrap();
    store.disclosed(&officer, &made, "E23000035", "export of the list", at(9)).await.unwrap();
    let auditor = person(3, &[Role::Auditor], None);
    let entries = store
        .audit_entries(&auditor, &EntryFilter::default(), Slice::default(), at(10))
        .await
        .unwrap()
        .0;
    let told: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            let leaf = &entry.leaf;
            format!("{} {} v{}", leaf.processing.label(), leaf.action, leaf.version)
        })
        .collect();
    let expected = [
        "Collection create v1",
        "Consultation view v1",
        "Access control denied:view v0",
        "Access control denied:view v0",
        "Consultation find v1",
        "Access control denied:find v0",
        "Consultation list v0",
        "Consultation my_work v0",
        "Alteration triage v2",
        "Disclosure disclose v1",
        "Consultation audit v0",
    ];
    assert_eq!(told, expected);
    let view = &entries[entries.len() - 2];
    assert_eq!(view.values, [("justification".to_owned(), "triage".to_owned())]);
    assert_eq!((view.leaf.record, view.leaf.who), (Some(id), Some(officer.id)));
    let disclosure = &entries[1];
    assert_eq!(disclosure.leaf.recipient.as_deref(), Some("E23000035"));
}

pub async fn a_history_withholds_what_a_person_may_see_only_guarded(db: Fixture) {
    let officer = person(1, &[Role::OfficerInCase], Some(FORCE));
    let case = plausible(Kind::Case.create_fields(), &BTreeMap::new(), FORCE);
    let case = make(&db.store, &officer, Kind::Case, 1, &case).await.unwrap();
    let child = fields([
        ("case", &*case.head().id.to_string()),
        ("name", "Robin Example"),
        ("relation", "Neighbour"),
        ("concern", "Robin Example is alone with the suspect"),
        ("known_since", "2026-05-01T10:00:00Z"),
    ]);
    let child = make(&db.store, &officer, Kind::Child, 2, &child).await.unwrap();
    let coordinator = person(2, &[Role::Coordinator], None);
    let id = child.head().id;
    let told = async |who: &Person| {
        let history = db.store.history(who, Kind::Child, id, at(5)).await.unwrap();
        let fields = history[0].fields.clone();
        ["name", "concern", "relation"].map(|name| fields.get(name).unwrap_or("").to_owned())
    };
    let whole = ["Robin Example", "Robin Example is alone with the suspect", "Neighbour"];
    assert_eq!(told(&officer).await, whole);
    assert_eq!(told(&coordinator).await, ["(withheld)", "(withheld)", "Neighbour"]);
}

pub async fn what_hangs_on_a_restricted_case_is_restricted_with_it_and_opened_with_it(db: Fixture) {
    let store = &db.store;
    let mut officer = person(1, &[Role::OfficerInCase], Some(FORCE));
    let colleague = person(2, &[Role::OfficerInCase], Some(FORCE));
    let case = plausible(Kind::Case.create_fields(), &BTreeMap::new(), FORCE);
    let case = make(store, &officer, Kind::Case, 1, &case).await.unwrap();
    let child = fields([
        ("case", &*case.head().id.to_string()),
        ("relation", "Neighbour"),
        ("concern", "Alone with the suspect"),
        ("known_since", "2026-05-01T10:00:00Z"),
    ]);
    let child = make(store, &officer, Kind::Child, 2, &child).await.unwrap();
    let circle = fields([("name", "Birch"), ("reason", "A colleague is involved")]);
    let circle = make(store, &officer, Kind::Circle, 3, &circle).await.unwrap();
    officer.knows.circles.insert(circle.head().id);
    let sees = async |who: &Person| {
        let mut seen = Vec::new();
        for record in [&case, &child, &circle] {
            let (kind, id) = (record.kind(), record.head().id);
            seen.push(store.view(who, kind, id, None, at(50)).await.unwrap().is_some());
        }
        let list = store.list(who, &Query::default(), at(50)).await.unwrap();
        assert_eq!(list.total, seen.iter().filter(|seen| **seen).count() as u64);
        seen
    };
    assert_eq!(sees(&colleague).await, [true, true, false]);
    let to = fields([("circle", &*circle.head().id.to_string()), ("why", "A colleague")]);
    let unknown = act(store, &colleague, &case, "restrict", &to).await;
    assert!(matches!(unknown, Err(StoreError::Refused(_))), "{unknown:?}");
    let restricted = act(store, &officer, &case, "restrict", &to).await.unwrap();
    assert_eq!(sees(&colleague).await, [false, false, false]);
    assert_eq!(sees(&officer).await, [true, true, true]);
    let history = store.history(&officer, Kind::Child, child.head().id, at(51)).await.unwrap();
    assert_eq!((history[0].act.as_str(), history[0].version), ("restrict", 2));

    let held = store.view(&officer, Kind::Child, child.head().id, None, at(52)).await.unwrap();
    let lifted = fields([("why", "The colleague has left")]);
    let alone = act(store, &officer, &held.unwrap(), "lift_restriction", &lifted).await;
    assert!(matches!(alone, Err(StoreError::Refused(_))), "its case is still restricted");
    act(store, &officer, &restricted, "lift_restriction", &lifted).await.unwrap();
    assert_eq!(sees(&colleague).await, [true, true, false]);
    assert_eq!(store.audit_verify().await.unwrap().first_break, None);
}

pub async fn a_broken_glass_lasts_for_its_time_and_for_one_record_and_person(db: Fixture) {
    let store = &db.store;
    let officer = person(1, &[Role::OfficerInCase], Some(FORCE));
    let case = plausible(Kind::Case.create_fields(), &BTreeMap::new(), FORCE);
    let case = make(store, &officer, Kind::Case, 1, &case).await.unwrap();
    let stranger = person(2, &[Role::SafeguardingOfficer], Some(OTHER));
    let auditor = person(3, &[Role::Auditor], None);
    for who in [&stranger, &auditor] {
        let name = format!("person{}", who.id.0.as_u128());
        store.add_person(None, who, &name, "correct horse battery", at(1)).await.unwrap();
    }
    let number = case.head().number.to_lowercase();
    let opens = store.glass_for(&stranger, &number, "A child", at(10)).await.unwrap();
    assert_eq!(opens, Some(case.head().id));
    assert_eq!(store.glass_for(&stranger, "CAS-1", "A child", at(11)).await.unwrap(), None);
    assert_eq!(store.glass_for(&auditor, &number, "A look", at(12)).await.unwrap(), None);
    let form = fields([
        ("number", &*number),
        ("reason", "A child"),
        ("opens", &*case.head().id.to_string()),
    ]);
    make(store, &stranger, Kind::BreakGlass, 20, &form).await.unwrap();
    let sees = async |seconds: i64, who: &Person| {
        let who = store.person_at(who.id, at(seconds)).await.unwrap().unwrap();
        let id = case.head().id;
        store.view(&who, Kind::Case, id, None, at(seconds)).await.unwrap().is_some()
    };
    assert!(!sees(19, &stranger).await, "before");
    assert!(sees(21, &stranger).await, "while it lasts");
    assert!(!sees(20 + 60 * 60, &stranger).await, "after");
    assert!(!sees(21, &auditor).await);
    let who = store.person_at(stranger.id, at(21)).await.unwrap().unwrap();
    assert!(decide(&who, Action::Act("add_note"), &case).is_err(), "looking, and nothing more");
}
