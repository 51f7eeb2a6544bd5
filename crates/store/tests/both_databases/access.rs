//! Second factors, devices, lanes, links and tokens.

use std::collections::BTreeSet;

use pendeen_casework::person::{Person, Role};
use pendeen_store::StoreError;
use pendeen_store::account::administration::Changed;
use pendeen_store::account::second_factor::{Requirement, SecondFactor};
use pendeen_store::account::sign_in::Origin;
use pendeen_store::account::token::Scope;
use pendeen_store::session::Whose;
use uuid::Uuid;

use crate::fixture::{Fixture, at, person};

const PASSWORD: &str = "correct horse";

pub(crate) async fn examiner(db: &Fixture) -> Person {
    let examiner = person(1, &[Role::Examiner], Some("E23000035"));
    db.store.add_person(None, &examiner, "asha.penrose", PASSWORD, at(0)).await.unwrap();
    examiner
}

pub(crate) async fn administrators(db: &Fixture) -> [Person; 2] {
    let both = [8, 9].map(|n| person(n, &[Role::Administrator], None));
    for (each, name) in both.iter().zip(["admin", "admin2"]) {
        db.store.add_person(None, each, name, PASSWORD, at(0)).await.unwrap();
    }
    both
}

pub(crate) async fn leaves(db: &Fixture, action: &str) -> usize {
    let filter = pendeen_store::audit::EntryFilter::default();
    let slice = pendeen_store::query::Slice { offset: 0, limit: 1_000 };
    let auditor = person(90, &[Role::Auditor], None);
    let (entries, _) = db.store.audit_entries(&auditor, &filter, slice, at(9_999)).await.unwrap();
    entries.iter().filter(|entry| entry.leaf.action == action).count()
}

pub async fn a_second_factor_is_set_by_a_first_code_and_its_codes_open_once(db: Fixture) {
    let who = examiner(&db).await;
    let store = &db.store;
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::ToBeSet);
    let new = store.new_second_factor().unwrap();
    assert_eq!(store.set_second_factor(&who, &new, "000 000", at(0)).await.unwrap(), None);
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::ToBeSet);
    let first = new.code(at(0));
    let spaced = format!("{} {}", &first[..3], &first[3..]);
    assert!(store.set_second_factor(&who, &new, &spaced, at(0)).await.unwrap().is_some());
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::On);

    let check =
        async |code: String, now| store.check_code(&who, &code, None, at(now)).await.unwrap();
    assert!(!check(first, 1).await, "the code that set it is used");
    assert!(check(new.code(at(60)), 60).await);
    assert!(!check(new.code(at(60)), 61).await, "a used code opens nothing");
    assert!(!check(new.code(at(30)), 61).await, "nor one from before it");
    assert!(check(new.code(at(90)), 62).await, "a clock one step ahead");
    assert!(check(new.code(at(120)), 150).await, "a clock one step behind");
    assert!(!check(new.code(at(150)), 210).await, "two steps behind");
    assert!(!check(String::new(), 211).await);
    assert_eq!(leaves(&db, "code_accepted").await, 3);
    assert_eq!(leaves(&db, "set_second_factor").await, 1);
}

pub async fn recovery_codes_open_once_each_and_new_ones_end_them(db: Fixture) {
    let who = examiner(&db).await;
    let store = &db.store;
    let new = store.new_second_factor().unwrap();
    let codes =
        store.set_second_factor(&who, &new, &new.code(at(0)), at(0)).await.unwrap().unwrap();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10);
    let check = async |code: &str| store.check_code(&who, code, None, at(1)).await.unwrap();
    assert!(check(&codes[0].to_uppercase()).await);
    assert!(!check(&codes[0]).await, "used");
    assert_eq!(store.recovery_codes_left(who.id).await.unwrap(), 9);
    let renewed = store.renew_recovery_codes(&who, at(2)).await.unwrap();
    assert!(!check(&codes[1]).await, "replaced");
    assert!(check(&renewed[1]).await);
    assert_eq!(leaves(&db, "recovery_code_used").await, 2);
    for row in db.rows("SELECT digest FROM recovery_code").await {
        let digest: Vec<u8> = row.try_get_by_index(0).unwrap();
        assert!(renewed.iter().all(|code| code.as_bytes() != digest), "kept as digests only");
    }
}

pub async fn guessing_codes_is_slowed(db: Fixture) {
    let who = examiner(&db).await;
    let store = &db.store;
    let new = store.new_second_factor().unwrap();
    store.set_second_factor(&who, &new, &new.code(at(0)), at(0)).await.unwrap().unwrap();
    for _ in 0..5 {
        assert!(!store.check_code(&who, "12345", None, at(60)).await.unwrap());
    }
    let slowed = store.check_code(&who, &new.code(at(60)), None, at(60)).await;
    assert!(matches!(slowed, Err(StoreError::SlowDown { .. })), "{slowed:?}");
    assert!(
        store.check_code(&who, &new.code(at(60)), Some("mine"), at(60)).await.unwrap(),
        "the person's own device has a lane of its own"
    );
}

pub async fn a_second_factor_is_asked_of_whom_the_setting_names(db: Fixture) {
    let who = examiner(&db).await;
    let [admin, _] = administrators(&db).await;
    let store = &db.store;
    let set = async |by: &Person, requirement: Requirement| {
        store.set_second_factor_requirement(Some(by), &requirement, at(1)).await
    };
    assert!(matches!(set(&who, Requirement::Nobody).await, Err(StoreError::Denied(_))));
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::ToBeSet, "the default");
    set(&admin, Requirement::Nobody).await.unwrap();
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::Off);
    set(&admin, Requirement::Roles([Role::Administrator].into())).await.unwrap();
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::Off);
    assert_eq!(store.second_factor(&admin).await.unwrap(), SecondFactor::ToBeSet);
    db.sql("UPDATE account_setting SET value = 'emperor'").await.unwrap();
    assert_eq!(store.second_factor_requirement().await.unwrap(), Requirement::Everybody);
}

pub async fn a_stranger_who_guesses_keeps_nobody_out_of_their_own_browser(db: Fixture) {
    let who = examiner(&db).await;
    let store = &db.store;
    let device = store.remember_device(who.id, at(0)).await.unwrap();
    for second in 0..200 {
        let stranger = Origin { address: Some([192, 0, 2, 1].into()), device: None };
        let guessed = store.authenticate_from("asha.penrose", "guess", stranger, at(second)).await;
        assert!(matches!(guessed, Ok(None) | Err(StoreError::SlowDown { .. })), "{guessed:?}");
        if second % 50 == 0 {
            let own = Origin { device: Some(&device), ..stranger };
            let signed_in =
                store.authenticate_from("asha.penrose", PASSWORD, own, at(second)).await.unwrap();
            assert_eq!(signed_in.as_ref(), Some(&who), "at {second}");
        }
    }
    let looked_at = leaves(&db, "sign_in_failed").await;
    assert!(looked_at < 30, "of 200 guesses {looked_at} were looked at");
    // Whoever stole the device guesses no faster than anybody, and it opens no other account.
    let own = Origin { device: Some(&device), address: None };
    for _ in 0..5 {
        store.authenticate_from("asha.penrose", "guess", own, at(300)).await.unwrap();
    }
    let slowed = store.authenticate_from("asha.penrose", PASSWORD, own, at(300)).await;
    assert!(matches!(slowed, Err(StoreError::SlowDown { .. })), "{slowed:?}");
    let long_after = at(100 * 86_400);
    assert!(!store.knows_device(who.id, &device, long_after).await.unwrap());
    assert!(!store.knows_device(person(2, &[], None).id, &device, at(300)).await.unwrap());
}

pub async fn one_address_is_slowed_over_many_usernames_and_no_own_account_clears_it(db: Fixture) {
    let who = examiner(&db).await;
    let store = &db.store;
    let origin = Origin { address: Some("2001:db8::1".parse().unwrap()), device: None };
    for n in 0..20 {
        let name = format!("person{n}");
        assert_eq!(store.authenticate_from(&name, "guess", origin, at(1)).await.unwrap(), None);
        if n % 4 == 0 {
            let own = store.authenticate_from("asha.penrose", PASSWORD, origin, at(1)).await;
            assert_eq!(own.unwrap().as_ref(), Some(&who));
        }
    }
    let neighbour = Origin { address: Some("2001:db8::2".parse().unwrap()), device: None };
    let slowed = store.authenticate_from("person99", "guess", neighbour, at(1)).await;
    assert!(matches!(slowed, Err(StoreError::SlowDown { .. })), "the same /64: {slowed:?}");
    let elsewhere = Origin { address: Some("2001:db8:0:1::1".parse().unwrap()), device: None };
    assert_eq!(store.authenticate_from("person99", "guess", elsewhere, at(1)).await.unwrap(), None);
    store.forget_settled(at(3 * 86_400)).await.unwrap();
    assert_eq!(db.number("SELECT COUNT(*) FROM sign_in_attempt").await, 0);
}

pub async fn a_person_sees_and_ends_their_own_devices_only(db: Fixture) {
    let who = examiner(&db).await;
    let other = person(2, &[Role::Spoc], None);
    let store = &db.store;
    let session = async |id: &str, n: u128, person: &Person| {
        let device = format!("Firefox on Windows {n}");
        let handle = Uuid::from_u128(n);
        let whose = Whose { handle, person: person.id, device, began: at(0) };
        assert!(store.session_create(id, b"{}", at(500), Some(&whose)).await.unwrap());
    };
    session("a", 1, &who).await;
    session("b", 2, &who).await;
    session("c", 3, &who).await;
    session("d", 4, &other).await;
    store.session_used(who.id, Uuid::from_u128(1), at(60)).await.unwrap();
    store.session_used(who.id, Uuid::from_u128(2), at(400)).await.unwrap();
    let devices = store.devices(who.id, at(401)).await.unwrap();
    assert_eq!(devices.iter().map(|d| d.handle.as_u128()).collect::<Vec<_>>(), [2, 1, 3]);
    assert_eq!((devices[0].last_used, devices[1].last_used), (at(400), at(0)));
    assert!(!store.end_device(&who, Uuid::from_u128(4), at(62)).await.unwrap(), "not theirs");
    assert!(store.end_device(&who, Uuid::from_u128(2), at(62)).await.unwrap());
    assert!(store.session_load("b", at(63)).await.unwrap().is_none());
    assert_eq!(store.end_other_devices(&who, Uuid::from_u128(1), at(64)).await.unwrap(), 1);
    assert!(store.session_load("a", at(65)).await.unwrap().is_some());
    assert!(store.session_load("d", at(65)).await.unwrap().is_some());
    assert_eq!(leaves(&db, "end_devices").await, 2);
}

pub async fn a_link_sets_a_password_once_and_ends_after_three_days(db: Fixture) {
    let [admin, _] = administrators(&db).await;
    let who = examiner(&db).await;
    let store = &db.store;
    let refused = store.make_enrolment(Some(&who), admin.id, at(1)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "{refused:?}");
    let first = store.make_enrolment(Some(&admin), who.id, at(1)).await.unwrap();
    let link = store.make_enrolment(Some(&admin), who.id, at(2)).await.unwrap();
    assert!(store.enrolment(&first, at(3)).await.unwrap().is_none(), "a new one ends it");
    assert!(store.enrolment(&link, at(2 + 72 * 3600)).await.unwrap().is_none(), "over");
    assert_eq!(store.enrolment(&link, at(3)).await.unwrap().unwrap().username, "asha.penrose");
    let before = store.sign_in_epoch(who.id).await.unwrap();
    assert_eq!(store.enrol(&link, "of my choice", at(4)).await.unwrap(), Some(who.clone()));
    assert_eq!(store.enrol(&link, "of another's", at(5)).await.unwrap(), None, "used");
    assert_ne!(store.sign_in_epoch(who.id).await.unwrap(), before);
    let signed_in = store.authenticate("asha.penrose", "of my choice", at(6)).await.unwrap();
    assert_eq!(signed_in, Some(who));
    assert!(store.authenticate("asha.penrose", PASSWORD, at(7)).await.unwrap().is_none());
}

pub async fn one_administrator_does_not_open_an_account_and_hand_out_its_key(db: Fixture) {
    let [admin, second] = administrators(&db).await;
    let store = &db.store;
    let new = person(3, &[Role::Spoc], None);
    store.add_person_by_link(Some(&admin), &new, "new", at(1)).await.unwrap();
    for refused in [
        store.make_enrolment(Some(&admin), new.id, at(2)).await.map(drop),
        store.set_password(Some(&admin), new.id, "a password", at(2)).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
    store.make_enrolment(Some(&second), new.id, at(3)).await.unwrap();
    let roles: BTreeSet<Role> = [Role::Coordinator].into();
    let roles = Changed { name: "New".into(), roles, force: None, agency: None };
    for refused in [
        store.reset_second_factor(Some(&second), new.id, at(4)).await,
        store.change_person(Some(&second), new.id, &roles, at(4)).await,
        store.change_person(Some(&admin), admin.id, &roles, at(4)).await,
        store.change_person(Some(&new), second.id, &roles, at(4)).await,
    ] {
        assert!(
            matches!(refused, Err(StoreError::Conflict(_) | StoreError::Denied(_))),
            "{refused:?}"
        );
    }
    assert!(store.person(admin.id).await.unwrap().unwrap().is(Role::Administrator));
    let before = store.sign_in_epoch(new.id).await.unwrap();
    store.change_person(Some(&admin), new.id, &roles, at(5)).await.unwrap();
    assert_ne!(store.sign_in_epoch(new.id).await.unwrap(), before, "other roles end sign-ins");
    assert!(store.person(new.id).await.unwrap().unwrap().is(Role::Coordinator));
    let later = at(32 * 86_400);
    assert!(store.make_enrolment(Some(&admin), new.id, later).await.is_ok(), "a month later");
    assert_eq!(leaves(&db, "change_person").await, 1);
}

pub async fn a_token_opens_what_it_is_for_until_it_ends(db: Fixture) {
    let who = examiner(&db).await;
    let store = &db.store;
    let scopes: BTreeSet<Scope> = [Scope::Read, Scope::Figures].into();
    let make = async |n: u128, until: i64| {
        let id = Uuid::from_u128(n);
        store.make_token(&who, id, " nightly ", &scopes, at(until), at(1)).await
    };
    let secret = make(1, 1_000).await.unwrap();
    assert!(secret.starts_with("pendeen_") && secret.len() == 72, "{secret}");
    for refused in [make(2, 1).await, make(2, 400 * 86_400).await] {
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
    let bearer = store.bearer(&secret, at(2)).await.unwrap().unwrap();
    assert_eq!((&bearer.person, &bearer.scopes), (&who, &scopes));
    let listed = store.tokens(who.id).await.unwrap();
    assert_eq!((&*listed[0].name, listed[0].last_used), ("nightly", Some(at(2))));
    assert!(store.bearer("pendeen_nonsense", at(2)).await.unwrap().is_none());
    assert!(store.bearer(&secret, at(1_000)).await.unwrap().is_none(), "over");
    let other = person(2, &[Role::Spoc], None);
    assert!(!store.revoke_token(&other, listed[0].id, at(3)).await.unwrap(), "not theirs");
    assert!(store.revoke_token(&who, listed[0].id, at(3)).await.unwrap());
    assert!(store.bearer(&secret, at(4)).await.unwrap().is_none(), "revoked");
    let another = make(3, 1_000).await.unwrap();
    store.set_password(None, who.id, "new password", at(5)).await.unwrap();
    assert!(store.bearer(&another, at(6)).await.unwrap().is_none(), "ended with the sign-ins");
    for row in db.rows("SELECT digest FROM api_token").await {
        let digest: Vec<u8> = row.try_get_by_index(0).unwrap();
        assert_ne!(digest, secret.as_bytes());
    }
}
