//! The rules of packages, one sentence each.

use super::*;
use crate::record::testing::{World, fields, officer};

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn drafted(world: &mut World, immediate: bool) -> Package {
    let subject = world.subject();
    let band = fields([("band", "high"), ("source", "KIRAT"), ("date", "2026-05-01")]);
    let mut subject = world.act(&subject, "assess_risk", &band).unwrap();
    if immediate {
        let risk = fields([
            ("text", "Lives with a child"),
            ("source", "School"),
            ("date", "2026-05-02"),
            ("basis", "fact"),
        ]);
        subject = world.act(&subject, "raise_immediate_risk", &risk).unwrap();
    }
    world.create(&fields([
        ("subject", &*subject.head.id.to_string()),
        ("destination", "E23000035"),
        ("content", "What is known"),
        ("asked", "Search and safeguard"),
        ("source_grade", "1"),
        ("information_grade", "a"),
        ("handling", "p"),
    ]))
}

fn authorised(world: &mut World) -> Package {
    let package = drafted(world, false);
    let package = world.act(&package, "assess", &fields([("assessment", "High risk")])).unwrap();
    world.officer(2);
    world.act(&package, "authorise", &fields([])).unwrap()
}

fn check(world: &mut World, package: &Package, result: Option<&str>) -> SensitivePersonCheck {
    let subject = package.about.subject.to_string();
    world.officer(1);
    let check = world.create(&fields([("subject", &*subject)]));
    world.officer(9);
    match result {
        None => check,
        Some(act) => world.act(&check, act, &fields([("list", "1"), ("note", "n")])).unwrap(),
    }
}

#[test]
fn the_authoriser_is_neither_author_nor_assessor() {
    let mut world = World::new();
    let package = drafted(&mut world, false);
    world.officer(2);
    let package = world.act(&package, "assess", &fields([("assessment", "A")])).unwrap();
    for n in [1, 2] {
        world.officer(n);
        let refusal = world.act(&package, "authorise", &fields([])).unwrap_err();
        assert!(matches!(refusal, Refusal::SamePerson { .. }), "officer {n}");
    }
    world.officer(3);
    let package = world.act(&package, "authorise", &fields([])).unwrap();
    assert_eq!(package.head.approver, Some(officer(3, None).id));
}

#[test]
fn a_package_is_not_sent_before_the_sensitive_person_check_is_complete() {
    let mut world = World::new();
    let package = authorised(&mut world);
    let bundle = fields([("bundle", DIGEST)]);
    assert!(world.act(&package, "send", &bundle).is_err());
    check(&mut world, &package, Some("clear"));
    let sent = world.act(&package, "send", &bundle).unwrap();
    assert_eq!((sent.state(), sent.head.force), ("sent", ForceKey::parse("E23000035")));
}

#[test]
fn no_check_a_pending_check_and_a_match_are_refused_in_the_same_words() {
    let refusal_after = |result: Option<Option<&str>>| {
        let mut world = World::new();
        let package = authorised(&mut world);
        if let Some(result) = result {
            check(&mut world, &package, result);
        }
        world.act(&package, "send", &fields([("bundle", DIGEST)])).unwrap_err()
    };
    let none = refusal_after(None);
    assert!(
        matches!(&none, Refusal::Missing { who: Some(Role::SensitiveCheckOfficer), .. }),
        "{none:?}"
    );
    assert_eq!(none, refusal_after(Some(None)));
    assert_eq!(none, refusal_after(Some(Some("match"))));
}

#[test]
fn a_clear_check_does_not_hide_a_later_pending_one() {
    let mut world = World::new();
    let package = authorised(&mut world);
    check(&mut world, &package, Some("clear"));
    check(&mut world, &package, None);
    assert!(world.act(&package, "send", &fields([("bundle", DIGEST)])).is_err());
}

#[test]
fn an_emergency_goes_at_once_without_the_check_and_waits_for_ratification() {
    let mut world = World::new();
    let package = drafted(&mut world, true);
    let oral = fields([
        ("given_by", "Superintendent A"),
        ("reason", "Child in the house"),
        ("bundle", DIGEST),
    ]);
    let sent = world.act(&package, "send_in_emergency", &oral).unwrap();
    let next = sent.next().unwrap();
    assert_eq!((next.role, next.urgency), (Role::AuthorisingOfficer, Urgency::Immediate));
    assert_eq!(next.due.unwrap().to_string(), "2026-06-01T13:00:00Z");
    assert!(world.act(&sent, "ratify", &fields([])).is_err(), "not by the author");
    world.officer(2);
    let ratified = world.act(&sent, "ratify", &fields([])).unwrap();
    assert!(ratified.ratification_due().is_none());
    assert!(world.act(&ratified, "ratify", &fields([])).is_err(), "not twice");
}

#[test]
fn oral_authority_needs_a_child_at_immediate_risk() {
    let mut world = World::new();
    let package = drafted(&mut world, false);
    let oral = fields([("given_by", "A"), ("reason", "B"), ("bundle", DIGEST)]);
    let refusal = world.act(&package, "send_in_emergency", &oral).unwrap_err();
    assert!(matches!(refusal, Refusal::Missing { .. }));
}

#[test]
fn a_package_returned_by_the_wrong_force_goes_to_another_with_a_new_seal() {
    let mut world = World::new();
    let package = authorised(&mut world);
    check(&mut world, &package, Some("clear"));
    let bundle = fields([("bundle", DIGEST)]);
    let sent = world.act(&package, "send", &bundle).unwrap();
    let returned = world.act(&sent, "return", &fields([("reason", "Moved away")])).unwrap();
    let elsewhere = fields([("destination", "E23000036"), ("bundle", DIGEST)]);
    let sent = world.act(&returned, "send_elsewhere", &elsewhere).unwrap();
    assert_eq!((sent.sealed.len(), sent.destination.as_str()), (2, "E23000036"));
}

#[test]
fn a_package_without_its_sealed_bundle_does_not_leave() {
    let mut world = World::new();
    let package = authorised(&mut world);
    check(&mut world, &package, Some("clear"));
    assert!(world.act(&package, "send", &fields([])).is_err());
    assert!(world.act(&package, "send", &fields([("bundle", "abc")])).is_err());
}
