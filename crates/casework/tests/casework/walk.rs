//! Random acts in a random world, and what must hold after each.

use std::collections::BTreeSet;

use pendeen_casework::form::Refusal;
use pendeen_casework::record::restriction::{LIFT, RESTRICT};
use pendeen_casework::record::{AnyRecord, Kind};
use proptest::prelude::*;

use crate::world::World;

fn leads_to(record: &AnyRecord, state: &str) -> bool {
    let spec = record.kind().states().iter().find(|s| s.key == record.state()).unwrap();
    state == record.state() || spec.to.contains(&state)
}

fn holds_after_an_act(act: &str, before: &AnyRecord, after: &AnyRecord) {
    let (old, new) = (before.head(), after.head());
    assert!(leads_to(before, after.state()), "{} -> {}", before.state(), after.state());
    assert_eq!(new.version, old.version + 1);
    assert_eq!(
        (new.id, &new.number, new.author, new.created),
        (old.id, &old.number, old.author, old.created)
    );
    let restricts = [RESTRICT, LIFT].contains(&act);
    assert_eq!(new.restriction != old.restriction, restricts, "{act} of {:?}", after.kind());
    assert_ne!(new.approver, Some(new.author), "{:?} approved by its author", after.kind());
    let kept = AnyRecord::from_json(after.kind(), after.to_json().unwrap()).unwrap();
    assert_eq!(kept.to_json().unwrap(), after.to_json().unwrap());
    assert!(!after.title().is_empty());
    let _ = (after.details(), after.links(), after.facets(), after.next());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_sequence_of_acts_leaves_the_declared_transitions(seed in any::<u64>()) {
        let mut world = World::new(seed);
        for _ in 0..250 {
            world.step();
            if world.records.is_empty() {
                continue;
            }
            let index = world.dice.below(world.records.len());
            let before = world.records[index].clone();
            let Some(act) = world.dice.pick(before.kind().acts()) else { continue };
            match world.perform(index, act) {
                Ok(after) => {
                    prop_assert!(act.from.contains(&before.state()));
                    holds_after_an_act(act.name, &before, &after);
                }
                Err(Refusal::UnknownAct(name)) => prop_assert!(false, "{name} is not handled"),
                Err(Refusal::WrongState { .. }) => {
                    prop_assert!(!act.from.contains(&before.state()));
                }
                Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn no_answer_in_any_field_makes_a_rule_panic(
        seed in any::<u64>(),
        answer in prop_oneof![
            "\\PC{0,12}",
            "[-+0-9:TZ./]{0,20}",
            Just("9999-12-31T23:59:59Z".to_owned()),
            Just("-009999-01-02T00:00:00Z".to_owned()),
            Just("9999-12-31".to_owned()),
            Just("4294967295".to_owned()),
        ],
    ) {
        let mut world = World::new(seed);
        for _ in 0..120 {
            world.step();
        }
        for record in world.records.clone() {
            for act in record.kind().acts() {
                for field in act.fields {
                    world.try_with(&record, act, field.name, &answer);
                }
            }
        }
        for kind in Kind::ALL {
            for field in kind.create_fields() {
                world.try_create_with(*kind, field.name, &answer);
            }
        }
    }
}

#[test]
fn acts_start_from_states_that_exist_and_records_begin_where_no_act_leads() {
    for kind in Kind::ALL {
        let states: BTreeSet<_> = kind.states().iter().map(|s| s.key).collect();
        assert_eq!(states.len(), kind.states().len(), "{kind:?} names a state twice");
        for act in kind.acts() {
            assert!(!act.from.is_empty(), "{kind:?} {} can never be done", act.name);
            for from in act.from {
                assert!(states.contains(from), "{kind:?} {} starts from {from:?}", act.name);
            }
        }
        let names: BTreeSet<_> = kind.acts().iter().map(|act| act.name).collect();
        assert_eq!(names.len(), kind.acts().len(), "{kind:?} names an act twice");
        assert!(!names.contains("view") && !names.contains("create"));
    }
    let mut world = World::new(7);
    for _ in 0..400 {
        let kind = *world.dice.pick(Kind::ALL).unwrap();
        if let Ok(record) = world.create(kind) {
            let state = record.state();
            let led_to = kind.states().iter().any(|s| s.to.contains(&state));
            assert!(state == kind.states()[0].key || !led_to, "{kind:?} begins as {state}");
            assert_eq!(record.head().version, 1);
        }
    }
}

#[test]
fn every_act_of_every_kind_is_handled() {
    let mut world = World::of_every_kind(11);
    for kind in Kind::ALL {
        let index = world.records.iter().position(|r| r.kind() == *kind);
        let index = index.unwrap_or_else(|| panic!("no {kind:?} came into being"));
        for act in kind.acts() {
            for from in act.from {
                let mut body = world.records[index].to_json().unwrap();
                body["state"] = (*from).into();
                world.records[index] = AnyRecord::from_json(*kind, body).unwrap();
                let before = world.records[index].clone();
                let answer = world.perform(index, act);
                assert!(
                    !matches!(answer, Err(Refusal::UnknownAct(_) | Refusal::WrongState { .. })),
                    "{kind:?} {} from {from}: {answer:?}",
                    act.name
                );
                world.records[index] = before;
            }
        }
    }
}

#[test]
fn every_declared_transition_is_made_by_some_act() {
    let mut wanted: BTreeSet<(Kind, &str, &str)> = Kind::ALL
        .iter()
        .flat_map(|kind| kind.states().iter().map(move |s| (*kind, s)))
        .flat_map(|(kind, s)| s.to.iter().map(move |to| (kind, s.key, *to)))
        .collect();
    // Many small worlds: in a large one, records that belong together hardly ever meet.
    for seed in 0..1500 {
        let mut world = World::new(seed);
        for step in 0..600 {
            if step % 100 == 99 {
                world.scramble();
            }
            if let Some((before, after)) = world.step() {
                wanted.remove(&(before.kind(), before.state(), after.state()));
            }
        }
        if wanted.is_empty() {
            return;
        }
    }
    panic!("never made: {wanted:?}");
}
