//! What people have on their desks: the next record taken, filters saved, lists given out, letters.

use std::collections::BTreeSet;

use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::Kind;
use pendeen_store::StoreError;
use pendeen_store::audit::{EntryFilter, Processing};
use pendeen_store::claim;
use pendeen_store::outbox::{Fate, TRIES};
use pendeen_store::query::{Query, Slice};
use pendeen_store::saved::{MOST, Saved};
use uuid::Uuid;

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, intelligence, make, referral};

/// Somebody with an account.
async fn account(db: &Fixture, who: &Person) {
    let name = format!("user{}", who.id.0.as_u128());
    db.store.add_person(None, who, &name, "a long password", at(1)).await.unwrap();
}

pub async fn two_people_who_take_next_at_once_get_two_records(db: Fixture) {
    let by = intelligence(90);
    let people: Vec<Person> = (1..=6).map(intelligence).collect();
    for who in people.iter().chain([&by]) {
        account(&db, who).await;
    }
    for n in 10..14 {
        referral(&db.store, &by, n, &format!("R-{n}")).await;
    }
    let takes = people.iter().cloned().map(|who| {
        let store = db.store.clone();
        tokio::spawn(async move { store.take_next(&who, at(100)).await.unwrap() })
    });
    let takes: Vec<_> = takes.collect();
    let mut taken = Vec::new();
    for take in takes {
        taken.extend(take.await.unwrap().map(|record| record.head().id));
    }
    let different: BTreeSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), different.len()), (4, 4), "four records, four people, two left out");
    assert!(db.store.take_next(&by, at(101)).await.unwrap().is_none());
    let mine = db.store.in_hand(&people[0], at(102)).await.unwrap();
    assert!(mine.len() <= 1);
    assert!(db.store.audit_verify().await.is_ok());
}

pub async fn what_is_in_a_colleagues_hand_is_offered_again_after_an_act_or_a_shift(db: Fixture) {
    let (one, two) = (intelligence(1), intelligence(2));
    account(&db, &one).await;
    account(&db, &two).await;
    let made = referral(&db.store, &one, 10, "R-10").await;
    let taken = db.store.take_next(&one, at(100)).await.unwrap().unwrap();
    assert_eq!(taken.head().id, made.head().id);
    assert_eq!(taken.head().version, 1, "having it in hand is no change of it");
    let work = async |who: &Person, seconds| {
        db.store.my_work(who, Slice::default(), at(seconds)).await.unwrap().total
    };
    assert_eq!((work(&one, 101).await, work(&two, 101).await), (1, 0));
    let mine = Query { assigned: Some(one.id), ..Query::default() };
    assert_eq!(db.store.list(&one, &mine, at(101)).await.unwrap().total, 1);
    let shift = claim::HELD.as_secs();
    assert!(db.store.take_next(&two, at(100 + shift - 1)).await.unwrap().is_none());
    assert!(db.store.take_next(&two, at(100 + shift)).await.unwrap().is_some());
    act(&db.store, &two, &made, "triage", &fields([])).await.unwrap();
    assert!(db.store.take_next(&one, at(101 + shift)).await.unwrap().is_some(), "done, and free");
}

pub async fn what_is_passed_over_with_a_reason_is_offered_to_others_alone(db: Fixture) {
    let (one, two) = (intelligence(1), intelligence(2));
    account(&db, &one).await;
    account(&db, &two).await;
    let made = referral(&db.store, &one, 10, "R-10").await;
    let id = made.head().id;
    db.store.take_next(&one, at(100)).await.unwrap().unwrap();
    assert!(!db.store.give_back(&two, id, None, at(101)).await.unwrap(), "it is not theirs");
    assert!(db.store.give_back(&one, id, Some("I know the family"), at(102)).await.unwrap());
    assert!(db.store.take_next(&one, at(103)).await.unwrap().is_none());
    assert!(db.store.take_next(&two, at(103)).await.unwrap().is_some());
    assert!(db.store.give_back(&two, id, None, at(104)).await.unwrap());
    assert!(db.store.take_next(&two, at(105)).await.unwrap().is_some(), "given back, not passed");
    let auditor = person(80, &[Role::Auditor], None);
    let all = (EntryFilter::default(), Slice::default());
    let entries = db.store.audit_entries(&auditor, &all.0, all.1, at(106)).await.unwrap().0;
    let said = format!("{entries:?}");
    assert!(said.contains("pass_over") && said.contains("I know the family"), "{said}");
}

pub async fn work_that_takes_a_skill_is_offered_to_who_has_it_in_a_team_at_work(db: Fixture) {
    const FORCE: &str = "E23000035";
    let officer = person(1, &[Role::OfficerInCase], Some(FORCE));
    let examiner = person(2, &[Role::Examiner], Some(FORCE));
    let desk = person(3, &[Role::ReceivingDesk], Some(FORCE));
    for who in [&officer, &examiner, &desk] {
        account(&db, who).await;
    }
    let form = fields([("name", "Example"), ("officer", "DC Example")]);
    let case = make(&db.store, &officer, Kind::Case, 10, &form).await.unwrap();
    let case = case.head().id.to_string();
    let form = fields([
        ("case", &*case),
        ("reference", "AB/1"),
        ("device", "phone"),
        ("owner", "suspect"),
        ("description", "A phone"),
        ("found", "Kitchen"),
        ("seal", "S1"),
        ("seized_at", "2026-06-01T08:00:00Z"),
    ]);
    let exhibit = make(&db.store, &officer, Kind::Exhibit, 11, &form).await.unwrap();
    let store = fields([("to", "Store 1"), ("seal", "S1")]);
    act(&db.store, &officer, &exhibit, "store", &store).await.unwrap();
    assert!(db.store.take_next(&examiner, at(100)).await.unwrap().is_none(), "no skill, no offer");
    let team = fields([("name", "Digital"), ("purpose", "Examines")]);
    let team = make(&db.store, &desk, Kind::Team, 12, &team).await.unwrap();
    let who = examiner.id.0.to_string();
    let member = fields([("member", &*who), ("phones", "yes")]);
    let team = act(&db.store, &desk, &team, "set_member", &member).await.unwrap();
    let taken = db.store.take_next(&examiner, at(101)).await.unwrap().unwrap();
    assert_eq!(taken.head().id, exhibit.head().id);
    assert!(db.store.give_back(&examiner, taken.head().id, None, at(102)).await.unwrap());
    act(&db.store, &desk, &team, "disband", &fields([("reason", "Merged")])).await.unwrap();
    assert!(db.store.take_next(&examiner, at(103)).await.unwrap().is_none(), "the team is gone");
}

pub async fn saved_filters_are_their_persons_own(db: Fixture) {
    let (one, two) = (intelligence(1), intelligence(2));
    account(&db, &one).await;
    account(&db, &two).await;
    let saved = |n: u128, name: &str, query: &str| Saved {
        id: Uuid::from_u128(n),
        name: name.to_owned(),
        place: "/records/referral".to_owned(),
        query: query.to_owned(),
    };
    db.store.save_filter(one.id, saved(1, " Urgent ", "urgency=high")).await.unwrap();
    db.store.save_filter(one.id, saved(2, "Urgent", "urgency=immediate")).await.unwrap();
    let own = db.store.saved_filters(one.id, Some("/records/referral")).await.unwrap();
    assert_eq!(own, [saved(2, "Urgent", "urgency=immediate")], "a name is used again");
    assert!(db.store.saved_filters(one.id, Some("/records/case")).await.unwrap().is_empty());
    assert!(db.store.saved_filters(two.id, None).await.unwrap().is_empty());
    assert!(!db.store.forget_filter(two.id, Uuid::from_u128(2)).await.unwrap());
    assert!(db.store.forget_filter(one.id, Uuid::from_u128(2)).await.unwrap());
    for wrong in ["", " ", &"a".repeat(61)] {
        let refused = db.store.save_filter(one.id, saved(3, wrong, "")).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{wrong:?}");
    }
    for n in 0..MOST {
        db.store.save_filter(one.id, saved(100 + u128::from(n), &n.to_string(), "")).await.unwrap();
    }
    let refused = db.store.save_filter(one.id, saved(9, "one more", "")).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
}

pub async fn a_reason_is_owed_once_until_it_is_given_and_then_the_log_has_it(db: Fixture) {
    let (one, two) = (intelligence(1), intelligence(2));
    account(&db, &one).await;
    account(&db, &two).await;
    let matter = Uuid::from_u128(7);
    for (n, place) in [(1, "/records/case/7"), (2, "/records/child/8")] {
        db.store.owe_reason(one.id, matter, place, at(n)).await.unwrap();
    }
    db.store.owe_reason(two.id, Uuid::nil(), "/search?q=x", at(3)).await.unwrap();
    let owed = db.store.reasons_owed(one.id).await.unwrap();
    assert_eq!(owed.len(), 1, "one matter is owed for once: {owed:?}");
    assert_eq!((&*owed[0].place, owed[0].since), ("/records/case/7", at(1)));
    assert_eq!(db.store.reasons_owed_by_all().await.unwrap().len(), 2);
    let before = db.store.audit_count().await.unwrap();
    assert!(!db.store.settle_reason(&two, matter, "Not mine", at(4)).await.unwrap());
    assert!(db.store.settle_reason(&one, matter, "Tasked", at(5)).await.unwrap());
    assert_eq!(db.store.audit_count().await.unwrap(), before + 1);
    assert!(!db.store.settle_reason(&one, matter, "Again", at(6)).await.unwrap());
    assert!(db.store.reasons_owed(one.id).await.unwrap().is_empty());
    assert_eq!(db.store.reasons_owed(two.id).await.unwrap().len(), 1);
}

pub async fn a_list_given_out_holds_what_its_person_may_see_and_is_logged_as_given(db: Fixture) {
    let officer = person(1, &[Role::OfficerInCase], Some("E23000035"));
    let other = person(2, &[Role::OfficerInCase], Some("E23000001"));
    let mut cases = Vec::new();
    for (n, who) in [(10, &officer), (11, &officer), (12, &other)] {
        let form = fields([("name", &*format!("Case {n}")), ("officer", "DC Example")]);
        cases.push(make(&db.store, who, Kind::Case, n, &form).await.unwrap());
    }
    let query = Query { page: Slice { offset: 0, limit: 1 }, ..Query::of(Kind::Case) };
    let mut export = db.store.export(&officer, &query, at(50)).await.unwrap();
    assert_eq!((export.total, export.label.asked_by), (2, officer.id));
    let rows = export.part().await.unwrap().unwrap();
    let titles: Vec<_> = rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["Case 11", "Case 10"], "the whole list, in its order");
    assert!(export.part().await.unwrap().is_none());
    let auditor = person(80, &[Role::Auditor], None);
    let all = (EntryFilter::default(), Slice::default());
    let entries = db.store.audit_entries(&auditor, &all.0, all.1, at(51)).await.unwrap().0;
    let given = entries.iter().find(|entry| entry.leaf.action == "export").unwrap();
    assert_eq!(given.leaf.processing, Processing::Disclosure);
    assert_eq!(given.leaf.recipient.as_deref(), Some(&*officer.name));

    let mut export = db.store.export(&officer, &Query::of(Kind::Case), at(52)).await.unwrap();
    let circle = fields([("name", "A circle"), ("reason", "A colleague is involved")]);
    let circle = make(&db.store, &officer, Kind::Circle, 20, &circle).await.unwrap();
    let id = circle.head().id;
    let mut member = officer.clone();
    member.knows.circles.insert(id);
    let form = fields([("circle", &*id.to_string()), ("why", "Need to know")]);
    let restricted = act(&db.store, &member, &cases[0], "restrict", &form).await;
    assert!(restricted.is_ok(), "{restricted:?}");
    let rows = export.part().await.unwrap().unwrap();
    assert_eq!(rows.len(), 1, "what was restricted meanwhile is not given out");
    assert_eq!(export.left_out, 1);
}

pub async fn a_letter_is_written_once_and_outlives_a_relay_that_is_down(db: Fixture) {
    let who = intelligence(1);
    account(&db, &who).await;
    let [one, two, three] = [71, 72, 73].map(Uuid::from_u128);
    let words = |n: u64| (format!("{n} wait"), "Look in Pendeen".to_owned());
    db.store.set_mail_address(&who, "a.person@example.org", at(1)).await.unwrap();
    let day = 86_400;
    assert_eq!(db.store.write_letters(words, || one, at(day)).await.unwrap(), 0, "nothing waits");
    referral(&db.store, &who, 10, "R-10").await;
    let (first, second) = tokio::join!(
        db.store.write_letters(words, || one, at(day)),
        db.store.write_letters(words, || two, at(day))
    );
    assert_eq!(first.unwrap() + second.unwrap(), 1, "two programs write one letter");
    let letter = db.store.take_letter(at(day)).await.unwrap().unwrap();
    assert_eq!(letter.subject, "1 wait");
    assert!(db.store.take_letter(at(day)).await.unwrap().is_none(), "it is in one program's hands");
    db.store.letter_went(letter.id, Fate::Later, at(day)).await.unwrap();
    assert!(db.store.take_letter(at(day + 59)).await.unwrap().is_none());
    let again = db.store.take_letter(at(day + 60)).await.unwrap().unwrap();
    assert_eq!(again, letter);
    db.store.letter_went(letter.id, Fate::Sent, at(day + 61)).await.unwrap();
    assert!(db.store.take_letter(at(9 * day)).await.unwrap().is_none(), "sent once");
    assert_eq!(
        db.store.write_letters(words, || three, at(9 * day)).await.unwrap(),
        0,
        "told already"
    );
    referral(&db.store, &who, 10 * 86_400 + 5, "R-11").await;
    assert_eq!(db.store.write_letters(words, || three, at(11 * day)).await.unwrap(), 1);
    let mut now = 11 * day;
    for _ in 0..TRIES {
        let letter = db.store.take_letter(at(now)).await.unwrap().unwrap();
        db.store.letter_went(letter.id, Fate::Later, at(now)).await.unwrap();
        now += day;
    }
    assert!(db.store.take_letter(at(now)).await.unwrap().is_none(), "given up at last");
    assert!(db.store.forget_letters(at(now + 30 * day)).await.unwrap() >= 2);
}

pub async fn what_newly_waits_is_what_came_since_the_person_looked(db: Fixture) {
    let (who, other) = (intelligence(1), person(2, &[Role::Examiner], Some("E23000035")));
    account(&db, &who).await;
    account(&db, &other).await;
    referral(&db.store, &who, 10, "R-10").await;
    assert_eq!(db.store.newly_waiting(&who, at(20)).await.unwrap(), 1);
    assert_eq!(db.store.newly_waiting(&other, at(20)).await.unwrap(), 0);
    db.store.looked(&who, at(21)).await.unwrap();
    assert_eq!(db.store.newly_waiting(&who, at(22)).await.unwrap(), 0);
    referral(&db.store, &who, 30, "R-11").await;
    assert_eq!(db.store.newly_waiting(&who, at(31)).await.unwrap(), 1);
    db.store.set_mail_address(&who, "a@example.org", at(32)).await.unwrap();
    assert_eq!(db.store.newly_waiting(&who, at(33)).await.unwrap(), 1, "an address is no look");
    assert_eq!(db.store.mail_address(who.id).await.unwrap().as_deref(), Some("a@example.org"));
    db.store.looked(&who, at(34)).await.unwrap();
    assert!(db.store.mail_address(who.id).await.unwrap().is_some(), "a look keeps the address");
    assert!(db.store.set_mail_address(&who, "a@b.uk\r\nBcc: c@d.uk", at(35)).await.is_err());
    db.store.set_mail_address(&who, "", at(36)).await.unwrap();
    assert!(db.store.mail_address(who.id).await.unwrap().is_none());
}
