//! What a person may see, and that nothing tells of the rest.

use std::collections::{BTreeMap, BTreeSet};

use pendeen_casework::force::ForceKey;
use pendeen_casework::form::Field;
use pendeen_casework::permission::{Action, Visibility, decide, decide_create, visibility};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::{AnyRecord, Head, Kind, Related, Restriction};
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
        let related = Related::new(made.values().cloned().collect());
        let filled = plausible(kind.create_fields(), &made, FORCE);
        let made_at = head(*kind, n, author);
        let context = context(&filled, &related, author, made_at.created);
        let record = AnyRecord::create(*kind, made_at, &context);
        let mut record = record.unwrap_or_else(|refusal| panic!("{kind:?}: {refusal}"));
        for name in prepared_by(*kind) {
            let filled = plausible(act_fields(*kind, name), &made, FORCE);
            let context = context(&filled, &related, author, record.head().created);
            record = record.perform(name, &context).unwrap();
        }
        made.insert(*kind, record);
    }
    made.into_values().collect()
}

pub async fn every_kind_of_record_is_kept_and_reads_back(db: Fixture) {
    let mut made: BTreeMap<Kind, AnyRecord> = BTreeMap::new();
    for (n, kind) in (1_u128..).zip(Kind::ALL) {
        let filled = plausible(kind.create_fields(), &made, FORCE);
        let sees = |who: &Person, record: &AnyRecord| decide(who, Action::View, record).is_ok();
        let maker = everybody(FORCE).into_iter().find(|who| {
            let mut named =
                kind.create_fields().iter().filter_map(|field| filled.record(field.name).ok());
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
        let reader = everybody(FORCE).into_iter().find(|who| sees(who, &record));
        let reader = reader.unwrap_or_else(|| panic!("nobody may see a {kind:?}"));
        let seen =
            db.store.view(&reader, *kind, record.head().id, None, at(1)).await.unwrap().unwrap();
        assert_eq!(seen.to_json().unwrap(), record.to_json().unwrap());
        made.insert(*kind, record);
    }
    assert_eq!(db.store.audit_verify().await.unwrap().first_break, None);
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
    ];
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
            *record.head_mut() = Head { force, restriction: restriction.clone(), ..new };
            db.plant(&record).await;
            planted.push(record);
        }
    }
    let mut seen_by_somebody = 0;
    for who in everybody(FORCE).into_iter().chain([author, person(1, &[], Some(FORCE))]) {
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
        writeln!(all, "{:?}", db.store.count(who, query, at(50)).await).unwrap();
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
