//! Signing in, accounts, sessions.

use pendeen_casework::person::{PersonId, Role};
use pendeen_store::StoreError;
use pendeen_store::audit::EntryFilter;
use pendeen_store::query::Slice;

use crate::fixture::{Fixture, at, person};

async fn actions(db: &Fixture) -> Vec<String> {
    let auditor = person(90, &[Role::Auditor], None);
    let (entries, _) = db
        .store
        .audit_entries(
            &auditor,
            &EntryFilter::default(),
            Slice { offset: 0, limit: 1_000 },
            at(9_999),
        )
        .await
        .unwrap();
    let mut actions: Vec<_> = entries.into_iter().map(|entry| entry.leaf.action).collect();
    actions.reverse();
    actions
}

async fn with_examiner(db: &Fixture) {
    let examiner = person(1, &[Role::Examiner, Role::Auditor], Some("E23000035"));
    db.store.add_person(None, &examiner, "Asha.Penrose", "correct horse", at(0)).await.unwrap();
}

pub async fn the_right_password_signs_in_and_every_attempt_leaves_a_leaf(db: Fixture) {
    with_examiner(&db).await;
    let signed_in =
        db.store.authenticate(" asha.penrose ", "correct horse", at(1)).await.unwrap().unwrap();
    assert_eq!(signed_in, person(1, &[Role::Examiner, Role::Auditor], Some("E23000035")));
    assert_eq!(db.store.authenticate("asha.penrose", "correct house", at(2)).await.unwrap(), None);
    db.store.signed_out(&signed_in, at(3)).await.unwrap();
    assert_eq!(
        actions(&db).await,
        ["add_person", "sign_in", "sign_in_failed", "sign_out", "audit"]
    );
    let stored: String =
        db.rows("SELECT password FROM person").await[0].try_get_by_index(0).unwrap();
    assert!(stored.starts_with("$argon2id$"), "{stored}");
}

pub async fn an_unknown_username_and_a_wrong_password_answer_alike(db: Fixture) {
    with_examiner(&db).await;
    assert_eq!(db.store.authenticate("asha.penrose", "wrong", at(1)).await.unwrap(), None);
    assert_eq!(db.store.authenticate("nobody", "wrong", at(1)).await.unwrap(), None);
    assert_eq!(db.store.authenticate("nobody", "", at(1)).await.unwrap(), None);
    assert_eq!(actions(&db).await[1..4], ["sign_in_failed", "sign_in_failed", "sign_in_failed"]);
}

pub async fn guessing_is_slowed_for_known_and_unknown_usernames_alike_and_ends_by_itself(
    db: Fixture,
) {
    with_examiner(&db).await;
    for username in ["asha.penrose", "nobody"] {
        for _ in 0..5 {
            assert_eq!(db.store.authenticate(username, "guess", at(10)).await.unwrap(), None);
        }
        let slowed = db.store.authenticate(username, "correct horse", at(10)).await;
        assert!(
            matches!(slowed, Err(StoreError::SlowDown { until }) if until == at(11)),
            "{slowed:?}"
        );
    }
    let signed_in = db.store.authenticate("asha.penrose", "correct horse", at(11)).await.unwrap();
    assert!(signed_in.is_some(), "the pause is over");
    assert_eq!(
        db.store.authenticate("asha.penrose", "guess", at(11)).await.unwrap(),
        None,
        "counted anew"
    );
}

pub async fn guesses_made_at_once_are_slowed_like_guesses_made_in_turn(db: Fixture) {
    with_examiner(&db).await;
    for username in ["asha.penrose", "nobody"] {
        let guesses = (0..20).map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move {
                store.authenticate(username, &format!("guess {n}"), at(10)).await
            })
        });
        let guesses: Vec<_> = guesses.collect();
        let (mut looked_at, mut slowed) = (0, 0);
        for guess in guesses {
            match guess.await.unwrap() {
                Ok(None) => looked_at += 1,
                Err(StoreError::SlowDown { until }) if until == at(11) => slowed += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((looked_at, slowed), (5, 15), "{username}");
    }
    let actions = actions(&db).await;
    let count = |action: &str| actions.iter().filter(|known| *known == action).count();
    assert_eq!((count("sign_in_failed"), count("sign_in_slowed")), (10, 30));
    let signed_in = db.store.authenticate("asha.penrose", "correct horse", at(11)).await.unwrap();
    assert!(signed_in.is_some(), "the pause is over");
}

pub async fn a_clock_that_went_back_keeps_nobody_out(db: Fixture) {
    with_examiner(&db).await;
    for _ in 0..5 {
        assert_eq!(
            db.store.authenticate("asha.penrose", "guess", at(1_000_000)).await.unwrap(),
            None
        );
    }
    assert!(
        db.store.authenticate("asha.penrose", "correct horse", at(10)).await.unwrap().is_some()
    );
}

pub async fn a_disabled_account_does_not_sign_in(db: Fixture) {
    with_examiner(&db).await;
    let id = person(1, &[], None).id;
    db.store.set_disabled(None, id, true, at(1)).await.unwrap();
    assert_eq!(db.store.authenticate("asha.penrose", "correct horse", at(2)).await.unwrap(), None);
    assert_eq!(db.store.person(id).await.unwrap(), None);
    assert!(db.store.people().await.unwrap()[0].disabled);
    db.store.set_disabled(None, id, false, at(3)).await.unwrap();
    assert!(db.store.authenticate("asha.penrose", "correct horse", at(4)).await.unwrap().is_some());
}

pub async fn a_new_password_or_disabling_ends_earlier_sign_ins_and_nothing_else_does(db: Fixture) {
    with_examiner(&db).await;
    let store = &db.store;
    let (id, other) = (person(1, &[], None).id, person(2, &[Role::Spoc], None));
    store.add_person(None, &other, "other", "long enough", at(0)).await.unwrap();
    let epoch = async |id| store.sign_in_epoch(id).await.unwrap();
    let (first, others) = (epoch(id).await, epoch(other.id).await);
    assert!(first.is_some());
    store.authenticate("asha.penrose", "correct horse", at(1)).await.unwrap().unwrap();
    let new = store.new_second_factor().unwrap();
    let who = person(1, &[], None);
    store.set_second_factor(&who, &new, &new.code(at(1)), at(1)).await.unwrap().unwrap();
    assert_eq!(epoch(id).await, first);
    let mut seen = vec![first];
    // At one moment, so that no clock tells the changes apart.
    for password in ["another", "yet another"] {
        store.set_password(None, id, password, at(2)).await.unwrap();
        assert!(!seen.contains(&epoch(id).await), "{seen:?}");
        seen.push(epoch(id).await);
    }
    store.set_disabled(None, id, true, at(2)).await.unwrap();
    assert_eq!(epoch(id).await, None);
    store.set_disabled(None, id, false, at(2)).await.unwrap();
    assert!(epoch(id).await.is_some() && !seen.contains(&epoch(id).await), "{seen:?}");
    assert_eq!(epoch(other.id).await, others, "nobody else is signed out");
    assert_eq!(epoch(person(77, &[], None).id).await, None, "there is no such account");
}

pub async fn an_account_made_before_sign_in_epochs_gets_one_from_the_migration(db: Fixture) {
    with_examiner(&db).await;
    db.sql("ALTER TABLE person DROP COLUMN sign_in_epoch").await.unwrap();
    db.sql("DELETE FROM seaql_migrations WHERE version = 'm20261125_000002_sign_in_epoch'")
        .await
        .unwrap();
    db.store.migrate().await.unwrap();
    let id = person(1, &[], None).id;
    let before = db.store.sign_in_epoch(id).await.unwrap();
    assert_eq!(before, Some(0));
    db.store.set_password(None, id, "another", at(1)).await.unwrap();
    assert_ne!(db.store.sign_in_epoch(id).await.unwrap(), before);
    assert!(db.store.authenticate("asha.penrose", "another", at(2)).await.unwrap().is_some());
}

pub async fn only_an_administrator_manages_accounts(db: Fixture) {
    with_examiner(&db).await;
    let administrator = person(2, &[Role::Administrator], None);
    let examiner = person(1, &[Role::Examiner], None);
    let new = person(3, &[Role::Spoc], None);
    let refused = db.store.add_person(Some(&examiner), &new, "new", "long enough", at(1)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "{refused:?}");
    let refused = db.store.set_password(Some(&examiner), administrator.id, "mine now", at(2)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "{refused:?}");
    db.store.add_person(Some(&administrator), &new, "new", "long enough", at(3)).await.unwrap();
    db.store.set_password(Some(&new), new.id, "longer still", at(4)).await.unwrap();
    assert_eq!(db.store.authenticate("new", "longer still", at(5)).await.unwrap(), Some(new));
    let absent = db
        .store
        .set_password(Some(&administrator), PersonId(uuid::Uuid::from_u128(77)), "x", at(6))
        .await;
    assert!(matches!(absent, Err(StoreError::Conflict(_))), "{absent:?}");
    let actions = actions(&db).await;
    assert!(actions.starts_with(
        &["add_person", "denied:add_person", "denied:set_password", "add_person"].map(String::from)
    ));
}

pub async fn a_username_is_taken_whatever_its_case(db: Fixture) {
    with_examiner(&db).await;
    let taken =
        db.store.add_person(None, &person(5, &[], None), "ASHA.penrose", "another", at(1)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    assert_eq!(db.store.people().await.unwrap().len(), 1);
    assert!(db.store.audit_verify().await.unwrap().first_break.is_none());
}

pub async fn sessions_are_kept_until_they_expire(db: Fixture) {
    let store = &db.store;
    assert!(store.session_create("a", b"one", at(10), None).await.unwrap());
    assert!(!store.session_create("a", b"other", at(99), None).await.unwrap(), "the id is taken");
    assert_eq!(store.session_load("a", at(9)).await.unwrap(), Some((b"one".to_vec(), at(10))));
    store.session_save("a", b"two", at(20), None).await.unwrap();
    store.session_save("b", b"three", at(30), None).await.unwrap();
    assert_eq!(store.session_load("a", at(15)).await.unwrap(), Some((b"two".to_vec(), at(20))));
    assert_eq!(store.session_load("a", at(20)).await.unwrap(), None, "over");
    assert_eq!(store.session_expire(at(20)).await.unwrap(), 1);
    store.session_delete("b").await.unwrap();
    assert_eq!(store.session_load("b", at(1)).await.unwrap(), None);
}
