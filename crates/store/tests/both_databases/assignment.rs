//! Work given to a person by name: who may be named, and in whose My work it stands.

use pendeen_casework::form::Refusal;
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::query::{Query, Slice};
use pendeen_store::{Store, StoreError};

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, make};

const FORCE: &str = "E23000035";

/// An officer in the case of the force, with an account.
async fn officer(store: &Store, n: u128, force: &str) -> Person {
    let officer = person(n, &[Role::OfficerInCase], Some(force));
    store
        .add_person(None, &officer, &format!("officer{n}"), "a long password", at(1))
        .await
        .unwrap();
    officer
}

async fn case(store: &Store, by: &Person, n: u128) -> AnyRecord {
    let filled = fields([("name", &*format!("Case {n}")), ("officer", "DC Somebody")]);
    make(store, by, Kind::Case, n, &filled).await.unwrap()
}

async fn action(
    store: &Store,
    by: &Person,
    n: u128,
    on: &AnyRecord,
    owner: &str,
) -> Result<AnyRecord, StoreError> {
    let on = format!("case/{}", on.head().id);
    let what = format!("Action {n}");
    let filled = [("on", &*on), ("what", &*what), ("role", "officer_in_case"), ("owner", owner)];
    make(store, by, Kind::Action, n, &fields(filled)).await
}

async fn work(store: &Store, who: &Person) -> Vec<String> {
    let found = store.my_work(who, Slice::default(), at(90)).await.unwrap();
    found.rows.into_iter().map(|row| row.title).collect()
}

pub async fn what_is_given_to_a_person_by_name_stands_in_their_work_and_no_colleagues(db: Fixture) {
    let store = &db.store;
    let (one, two) = (officer(store, 1, FORCE).await, officer(store, 2, FORCE).await);
    let case = case(store, &one, 10).await;
    action(store, &one, 11, &case, "").await.unwrap();
    let named = action(store, &one, 12, &case, &two.id.0.to_string()).await.unwrap();
    assert_eq!(work(store, &one).await, ["Case 10", "Action 11"]);
    assert_eq!(work(store, &two).await, ["Action 12", "Case 10", "Action 11"], "mine first");
    let row = store.list(&one, &Query::of(Kind::Action), at(91)).await.unwrap().rows;
    let assigned = row.iter().find(|row| row.id == named.head().id).unwrap().assigned;
    assert_eq!(assigned, Some(two.id));
    let over = fields([("role", "officer_in_case"), ("reason", "On leave")]);
    act(store, &two, &named, "reassign", &over).await.unwrap();
    assert!(work(store, &one).await.contains(&"Action 12".to_owned()));
}

pub async fn what_belongs_to_a_persons_case_comes_before_what_is_anybodys(db: Fixture) {
    let store = &db.store;
    let (one, two) = (officer(store, 1, FORCE).await, officer(store, 2, FORCE).await);
    let (first, second) = (case(store, &one, 10).await, case(store, &one, 11).await);
    act(store, &two, &second, "take", &fields([])).await.unwrap();
    for (n, case) in [(20, &first), (21, &second)] {
        let id = case.head().id.to_string();
        let filled = [
            ("case", &*id),
            ("recipient", "lado"),
            ("name", &*format!("Council {n}")),
            ("decided_by", "Det Insp E"),
            ("power", "Working Together"),
            ("content", "Works with children"),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let filled = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let subject = fields([("name", "Robin Example"), ("suspect", "yes")]);
        let subject = make(store, &one, Kind::Subject, n + 50, &subject).await.unwrap();
        let added = fields([("subject", &*subject.head().id.to_string())]);
        let fresh = store.view(&one, Kind::Case, case.head().id, None, at(5)).await.unwrap();
        act(store, &one, &fresh.unwrap(), "add_subject", &added).await.unwrap();
        make(store, &one, Kind::Notification, n, &filled).await.unwrap();
    }
    let theirs = work(store, &two).await;
    let place = |what: &str| theirs.iter().position(|title| title.contains(what)).unwrap();
    assert!(place("Council 21") < place("Council 20"), "{theirs:?}");
    assert!(!work(store, &one).await.contains(&"Case 11".to_owned()), "it is a colleague's");
}

pub async fn only_a_colleague_whose_account_is_in_use_is_given_work(db: Fixture) {
    let store = &db.store;
    let one = officer(store, 1, FORCE).await;
    let stranger = officer(store, 2, "E23000036").await;
    let gone = officer(store, 3, FORCE).await;
    let nobody = person(4, &[Role::OfficerInCase], Some(FORCE));
    store.set_disabled(None, gone.id, true, at(2)).await.unwrap();
    let case = case(store, &one, 10).await;
    for (n, owner) in [(20, &stranger), (21, &gone), (22, &nobody)] {
        let refused = action(store, &one, n, &case, &owner.id.0.to_string()).await.unwrap_err();
        let StoreError::Refused(Refusal::Field { name, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(name, "owner");
    }
    let names: Vec<_> =
        store.colleagues(&one).await.unwrap().into_iter().map(|person| person.id).collect();
    assert_eq!(names, [one.id], "and no other is offered");
}

pub async fn an_action_moves_with_the_record_it_was_raised_on(db: Fixture) {
    let store = &db.store;
    let one = officer(store, 1, FORCE).await;
    let coordinator = person(9, &[Role::Coordinator], None);
    let operation = fields([("name", "Sample"), ("purpose", "p"), ("begun", "2026-05-01")]);
    let operation = make(store, &coordinator, Kind::Operation, 5, &operation).await.unwrap();
    let case = case(store, &one, 10).await;
    let raised = action(store, &one, 11, &case, "").await.unwrap();
    let into = fields([("operation", &*operation.head().id.to_string()), ("why", "Part of it")]);
    act(store, &one, &case, "move_to_operation", &into).await.unwrap();
    let moved = store.view(&one, Kind::Action, raised.head().id, None, at(80)).await.unwrap();
    assert_eq!(
        moved.unwrap().head().operation.map(pendeen_casework::record::Id::uuid),
        Some(operation.head().id)
    );
}
