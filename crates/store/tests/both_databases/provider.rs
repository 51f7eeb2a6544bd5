//! Whose an identity at the sign-in service is: linked once, by whom it may be, and by nothing else.

use pendeen_casework::person::{Person, Role};
use pendeen_store::StoreError;
use pendeen_store::account::provider::{Identity, Known};

use crate::access::{administrators, examiner, leaves};
use crate::fixture::{Fixture, at, person};

const ISSUER: &str = "https://id.force.example";

fn identity(subject: &str) -> Identity {
    Identity { issuer: ISSUER.to_owned(), subject: subject.to_owned() }
}

async fn other(db: &Fixture) -> Person {
    let other = person(2, &[Role::OfficerInCase], Some("E23000035"));
    db.store.add_person(None, &other, "rowan", "correct horse", at(0)).await.unwrap();
    other
}

pub async fn an_identity_is_linked_once_and_to_one_account(db: Fixture) {
    let (who, other) = (examiner(&db).await, other(&db).await);
    let store = &db.store;
    let sign_in =
        async |subject, now| store.sign_in_by_provider(&identity(subject), at(now)).await.unwrap();
    assert_eq!(sign_in("s-1", 1).await, Known::Nobody);
    store.link_provider(&who, &identity("s-1"), at(2)).await.unwrap();
    store.link_provider(&who, &identity("s-1"), at(3)).await.unwrap();
    assert_eq!(store.linked_since(who.id, ISSUER).await.unwrap(), Some(at(2)), "once");
    assert_eq!(sign_in("s-1", 4).await, Known::Person(who.clone()));
    let elsewhere = Identity { issuer: "https://other.example".to_owned(), ..identity("s-1") };
    let found = store.sign_in_by_provider(&elsewhere, at(5)).await.unwrap();
    assert_eq!(found, Known::Nobody, "a subject counts at its issuer alone");
    assert_eq!(sign_in("S-1", 6).await, Known::Nobody, "case of letters matters");

    for refused in [
        store.link_provider(&other, &identity("s-1"), at(7)).await,
        store.link_provider(&who, &identity("s-2"), at(8)).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
    store.set_disabled(None, who.id, true, at(9)).await.unwrap();
    assert_eq!(sign_in("s-1", 10).await, Known::Disabled);
    assert_eq!(leaves(&db, "sign_in_by_provider").await, 1);
    assert_eq!(leaves(&db, "sign_in_by_provider_failed").await, 4);
    assert_eq!(leaves(&db, "link_provider").await, 1);
}

pub async fn the_database_itself_links_an_identity_to_one_account_only(db: Fixture) {
    let (who, other) = (examiner(&db).await, other(&db).await);
    db.store.link_provider(&who, &identity("s-1"), at(1)).await.unwrap();
    db.store.link_provider(&other, &identity("s-2"), at(1)).await.unwrap();
    for change in [
        "subject = 's-1'",
        "issuer = issuer, person_id = (SELECT person_id FROM provider_identity WHERE subject = 's-1')",
    ] {
        let sql = format!("UPDATE provider_identity SET {change} WHERE subject = 's-2'");
        assert!(db.sql(&sql).await.is_err(), "{change}");
    }
}

pub async fn a_link_to_the_service_is_removed_by_its_person_or_an_administrator(db: Fixture) {
    let (who, other, [admin, _]) =
        (examiner(&db).await, other(&db).await, administrators(&db).await);
    let store = &db.store;
    for by in [&who, &admin] {
        store.link_provider(&who, &identity("s-1"), at(1)).await.unwrap();
        let before = store.sign_in_epoch(who.id).await.unwrap();
        let refused = store.unlink_provider(Some(&other), who.id, ISSUER, at(2)).await;
        assert!(matches!(refused, Err(StoreError::Denied(_))), "{refused:?}");
        assert!(store.unlink_provider(Some(by), who.id, ISSUER, at(3)).await.unwrap());
        assert_ne!(store.sign_in_epoch(who.id).await.unwrap(), before, "earlier sign-ins end");
        let found = store.sign_in_by_provider(&identity("s-1"), at(4)).await.unwrap();
        assert_eq!(found, Known::Nobody);
        assert!(!store.unlink_provider(Some(by), who.id, ISSUER, at(5)).await.unwrap());
    }
    assert_eq!(leaves(&db, "unlink_provider").await, 2);
    assert_eq!(leaves(&db, "denied:unlink_provider").await, 2);
}

pub async fn a_one_time_link_links_an_identity_in_place_of_a_password_once(db: Fixture) {
    let (who, other, [admin, _]) =
        (examiner(&db).await, other(&db).await, administrators(&db).await);
    let store = &db.store;
    store.link_provider(&who, &identity("old"), at(1)).await.unwrap();
    store.link_provider(&other, &identity("others"), at(1)).await.unwrap();
    let link = store.make_enrolment(Some(&admin), who.id, at(2)).await.unwrap();
    let enrol = async |link: &str, subject, now| {
        store.enrol_by_provider(link, &identity(subject), at(now)).await
    };
    let taken = enrol(&link, "others", 3).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let found = store.sign_in_by_provider(&identity("old"), at(4)).await.unwrap();
    assert_eq!(found, Known::Person(who.clone()), "a refusal changes nothing");
    let before = store.sign_in_epoch(who.id).await.unwrap();
    assert_eq!(enrol(&link, "new", 5).await.unwrap(), Some(who.clone()));
    assert_ne!(store.sign_in_epoch(who.id).await.unwrap(), before, "earlier sign-ins end");
    assert_eq!(enrol(&link, "newer", 6).await.unwrap(), None, "used");
    let found = store.sign_in_by_provider(&identity("old"), at(7)).await.unwrap();
    assert_eq!(found, Known::Nobody, "replaced");
    let late = store.make_enrolment(None, who.id, at(8)).await.unwrap();
    assert_eq!(enrol(&late, "newer", 8 + 72 * 3600).await.unwrap(), None, "over");
    assert_eq!(leaves(&db, "enrol_by_provider").await, 1);
}
