//! What an arrest allows, asks for and refuses.

use super::*;
use crate::form::Fields;
use crate::record::testing::{World, at, fields};

const RISK: [(&str, &str); 2] = [("suicide_risk", "high"), ("risk_note", "Supervised")];

pub fn arrest(world: &mut World, kind: &str) -> Arrest {
    let case = world.case().head.id.to_string();
    let all = [
        ("case", &*case),
        ("kind", kind),
        ("at", "2026-06-01T07:00:00Z"),
        ("place", "Plymouth"),
        ("offence", "Making indecent images"),
    ];
    world.create(&all.into_iter().chain(RISK).collect())
}

fn bail(returns: &str, authority: &str) -> Fields {
    [("conditions", "No contact with children"), ("returns", returns), ("authority", authority)]
        .into_iter()
        .chain(RISK)
        .collect()
}

#[test]
fn an_arrest_belongs_to_its_cases_force_and_knows_its_only_suspect() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    assert_eq!(arrest.head.force.unwrap().as_str(), "E23000035");
    assert_eq!(arrest.about.name, "Robin Example");
}

#[test]
fn arrest_bail_release_and_charge_are_not_recorded_without_a_suicide_risk_assessment() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    for name in ["bail", "extend_bail", "answer_bail", "release", "charge", "no_further_action"] {
        let act = Arrest::ACTS.iter().find(|act| act.name == name).unwrap();
        assert!(act.fields.iter().any(|f| f.name == "suicide_risk" && f.required), "{name}");
    }
    let released = world.act(&arrest, "release", &RISK.into_iter().collect()).unwrap();
    assert_eq!(released.assessments.len(), 2);
    let by: Vec<_> =
        released.assessments.iter().map(|a| &a.signed.as_ref().unwrap().name).collect();
    assert_eq!(by, ["Officer 1", "Officer 1"]);
    assert!(world.act(&arrest, "release", &fields([])).is_err());
}

#[test]
fn an_interview_without_an_assessment_leaves_one_due_until_it_is_made() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "voluntary");
    let talked = fields([("at", "2026-06-01T08:30:00Z"), ("interview", "DC A, solicitor")]);
    let arrest = world.act(&arrest, "record_interview", &talked).unwrap();
    let next = arrest.next().unwrap();
    assert_eq!(next.due, Some(at("2026-06-01T08:30:00Z")));
    assert!(next.what.contains("suicide-risk"), "{}", next.what);
    assert_eq!(next.urgency, Urgency::VeryHigh);
    let arrest = world.act(&arrest, "assess_suicide_risk", &RISK.into_iter().collect()).unwrap();
    assert!(arrest.due.is_empty());
    assert!(!arrest.next().unwrap().what.contains("suicide-risk"));
}

#[test]
fn an_interview_with_its_assessment_leaves_nothing_due() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    let talked = [("at", "2026-06-01T08:30:00Z"), ("interview", "DC A")];
    let talked: Fields = talked.into_iter().chain(RISK).collect();
    assert!(world.act(&arrest, "record_interview", &talked).unwrap().due.is_empty());
    let before = fields([("at", "2026-05-30T08:30:00Z"), ("interview", "DC A")]);
    assert!(world.act(&arrest, "record_interview", &before).is_err());
}

#[test]
fn a_risk_note_without_the_risk_is_refused() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    let half =
        fields([("at", "2026-06-01T08:30:00Z"), ("interview", "DC A"), ("risk_note", "Calm")]);
    let refusal = world.act(&arrest, "record_interview", &half).unwrap_err();
    assert!(matches!(refusal, Refusal::Field { name, .. } if name == "suicide_risk"));
}

fn bailed(world: &mut World) -> Arrest {
    let arrest = arrest(world, "arrest");
    world.act(&arrest, "bail", &bail("2026-07-01T10:00", "custody")).unwrap()
}

#[test]
fn every_bail_date_asks_for_an_assessment_that_answering_it_brings() {
    let mut world = World::new();
    let arrest = bailed(&mut world);
    assert_eq!(arrest.due.len(), 1);
    let moved = bail("2026-08-01T10:00", "custody").iter().chain([("reason", "Job")]).collect();
    let arrest = world.act(&arrest, "vary_bail", &moved).unwrap();
    assert_eq!(arrest.due.iter().map(|d| d.at).collect::<Vec<_>>(), [at("2026-08-01T09:00:00Z")]);
    world.now = at("2026-08-01T09:30:00Z");
    let came: Fields = [("at", "2026-08-01T09:00:00Z")].into_iter().chain(RISK).collect();
    let arrest = world.act(&arrest, "answer_bail", &came).unwrap();
    assert_eq!((arrest.state(), arrest.due.len()), ("made", 0));
}

#[test]
fn an_assessment_made_before_the_bail_date_leaves_that_of_the_date_due() {
    let mut world = World::new();
    let arrest = bailed(&mut world);
    let arrest = world.act(&arrest, "assess_suicide_risk", &RISK.into_iter().collect()).unwrap();
    assert_eq!(arrest.due.len(), 1);
}

#[test]
fn a_suspect_who_does_not_answer_is_looked_for_and_only_after_the_date() {
    let mut world = World::new();
    let arrest = bailed(&mut world);
    let gone = fields([("note", "Circulated as wanted")]);
    assert!(world.act(&arrest, "fail_to_answer", &gone).is_err());
    world.now = at("2026-07-01T12:00:00Z");
    let arrest = world.act(&arrest, "fail_to_answer", &gone).unwrap();
    let next = arrest.next().unwrap();
    assert!(next.what.starts_with("Find this suspect"), "{}", next.what);
    assert_eq!(next.urgency, Urgency::VeryHigh);
    let came: Fields = [("at", "2026-07-01T11:00:00Z")].into_iter().chain(RISK).collect();
    let back = world.act(&arrest, "answer_bail", &came).unwrap();
    let again = world.act(&back, "bail", &bail("2026-08-01T10:00", "custody")).unwrap();
    assert!(again.next().unwrap().what.starts_with("Prepare the return"));
}

#[test]
fn a_breach_is_kept_with_what_was_done() {
    let mut world = World::new();
    let arrest = bailed(&mut world);
    let breach = fields([("at", "2026-06-01T08:00:00Z"), ("note", "Seen near a school; arrested")]);
    let arrest = world.act(&arrest, "record_breach", &breach).unwrap();
    assert_eq!(arrest.state(), "bailed");
    assert!(arrest.facets().contains(&Facet::new("bail_event", "breach")));
    assert!(arrest.details().iter().any(|d| d.text.contains("Seen near a school")));
}

#[test]
fn bail_is_extended_by_the_next_rank_and_varied_only_within_what_is_authorised() {
    let mut world = World::new();
    let arrest = bailed(&mut world);
    let vary = |returns| -> Fields {
        bail(returns, "custody").iter().chain([("reason", "Work")]).collect()
    };
    assert!(world.act(&arrest, "vary_bail", &vary("2026-09-01T10:00")).is_ok());
    assert!(world.act(&arrest, "vary_bail", &vary("2026-09-02T10:00")).is_err());
    let later = bail("2026-11-30T10:00", "inspector");
    let extended = world.act(&arrest, "extend_bail", &later).unwrap();
    assert!(world.act(&extended, "vary_bail", &vary("2026-12-01T10:00")).is_ok());
    world.now = at("2026-12-02T09:00:00Z");
    let refusal = world.act(&extended, "extend_bail", &bail("2027-01-01T10:00", "superintendent"));
    assert!(matches!(refusal, Err(Refusal::Field { name, .. }) if name == "authority"));
}

#[test]
fn support_and_prevention_services_are_kept_with_who_offered_them() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    let offer = fields([
        ("support", "Stop It Now helpline, leaflet left"),
        ("to", "partner"),
        ("help", "prevention"),
        ("offered_on", "2026-06-01"),
    ]);
    let arrest = world.act(&arrest, "offer_support", &offer).unwrap();
    assert_eq!(arrest.support[0].signed.as_ref().unwrap().name, "Officer 1");
    assert!(arrest.details().iter().any(|d| d.text.contains("Stop It Now")));
}

#[test]
fn numbers_of_other_systems_stand_on_the_page() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    let number = fields([("system", "pnc"), ("number", "2014/123456X")]);
    let arrest = world.act(&arrest, "add_number", &number).unwrap();
    assert!(arrest.details().iter().any(|d| d.text == "PNC number: 2014/123456X"));
}

#[test]
fn an_arrest_stored_before_bail_was_kept_as_steps_can_still_be_read() {
    let mut world = World::new();
    let arrest = bailed(&mut world);
    let mut old = serde_json::to_value(&arrest).unwrap();
    let fields = old.as_object_mut().unwrap();
    for added in
        ["authorised", "designated", "bail_events", "interviews", "due", "support", "numbers"]
    {
        fields.remove(added).unwrap();
    }
    for added in ["representations", "signed"] {
        fields["bails"][0].as_object_mut().unwrap().remove(added).unwrap();
    }
    let read: Arrest = serde_json::from_value(old).unwrap();
    assert_eq!(read.state(), "bailed");
    let answered = [("at", "2026-06-01T08:00:00Z")].into_iter().chain(RISK).collect();
    assert!(world.act(&read, "answer_bail", &answered).is_ok());
    assert!(world.act(&read, "extend_bail", &bail("2026-11-01T10:00", "inspector")).is_ok());
}

#[test]
fn a_person_who_attends_voluntarily_is_not_bailed() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "voluntary");
    let refusal = world.act(&arrest, "bail", &bail("2026-07-01T10:00", "custody")).unwrap_err();
    assert!(matches!(refusal, Refusal::Missing { .. }));
}

#[test]
fn a_custody_officer_bails_for_three_months_from_the_day_after_the_arrest() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    for (returns, authority, allowed) in [
        ("2026-09-01T10:00", "custody", true),
        ("2026-09-02T10:00", "custody", false),
        ("2026-08-01T10:00", "inspector", false),
        ("2026-08-01T10:00", "court", false),
        ("2026-05-31T10:00", "custody", false),
        ("2028-05-31T10:00", "prosecutor", true),
    ] {
        let answer = world.act(&arrest, "bail", &bail(returns, authority));
        assert_eq!(answer.is_ok(), allowed, "{returns} {authority}: {answer:?}");
    }
}

#[test]
fn bail_puts_its_return_date_on_my_work() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    let bailed = world.act(&arrest, "bail", &bail("2026-07-01T10:00", "custody")).unwrap();
    assert_eq!(bailed.next().unwrap().due, Some(at("2026-07-01T09:00:00Z")));
}

#[test]
fn nobody_counts_as_charged_without_a_recorded_charge() {
    let mut world = World::new();
    let arrest = arrest(&mut world, "arrest");
    let refusal = world.act(&arrest, "charge", &RISK.into_iter().collect()).unwrap_err();
    assert!(matches!(refusal, Refusal::Missing { .. }));
}

#[test]
fn an_arrest_in_a_case_of_another_force_is_refused_as_if_the_case_did_not_exist() {
    let mut world = World::new();
    let case = world.case().head.id.to_string();
    world.by = crate::record::testing::officer(7, Some("E23000036"));
    let all = [
        ("case", &*case),
        ("kind", "arrest"),
        ("at", "2026-06-01T07:00:00Z"),
        ("place", "P"),
        ("offence", "O"),
    ];
    let all: Fields = all.into_iter().chain(RISK).collect();
    let hidden = world.try_create::<Arrest>(&all).unwrap_err();
    let absent: Fields = all
        .iter()
        .filter(|(name, _)| *name != "case")
        .chain([("case", "00000000-0000-0000-0000-00000000dead")])
        .collect();
    let Refusal::Field { problem, .. } = hidden else { panic!("{hidden:?}") };
    let Refusal::Field { problem: absent, .. } = world.try_create::<Arrest>(&absent).unwrap_err()
    else {
        panic!()
    };
    assert_eq!(problem, absent);
}
