//! Figures count from records, and speak only of what records have.

use std::collections::BTreeSet;

use pendeen_casework::figure::{FIGURES, Figure, Part, Scope, Unit, count, traced};
use pendeen_casework::record::{AnyRecord, Kind};

use crate::world::World;

fn grown(seed: u64) -> World {
    let mut world = World::new(seed);
    for _ in 0..8000 {
        world.step();
    }
    world
}

fn figure(key: &str) -> &'static Figure {
    Figure::from_key(key).unwrap()
}

#[test]
fn every_figure_speaks_of_states_facets_and_links_that_its_kind_has() {
    let world = grown(1);
    let keys: BTreeSet<_> = FIGURES.iter().map(|f| f.key).collect();
    assert_eq!(keys.len(), FIGURES.len());
    for figure in &FIGURES {
        let kind = figure.query.kind;
        for state in figure.query.states {
            assert!(kind.states().iter().any(|s| s.key == *state), "{} {state}", figure.key);
        }
        let of_kind: Vec<_> = world.records.iter().filter(|r| r.kind() == kind).collect();
        for (name, value) in figure.query.facets {
            let has =
                |r: &&AnyRecord| r.facets().iter().any(|f| f.name == *name && f.value == *value);
            assert!(of_kind.iter().any(has), "{}: nothing has {name} = {value}", figure.key);
        }
        if let Unit::Distinct(role) = figure.unit {
            let has = |r: &&AnyRecord| r.links().iter().any(|l| l.role == role);
            assert!(of_kind.iter().any(has), "{}: nothing has a {role}", figure.key);
        }
        assert!(figure.sentence.ends_with('.'));
    }
}

#[test]
fn inside_and_outside_the_operation_add_up_for_figures_of_records() {
    let world = grown(2);
    let mut seen = 0;
    for figure in FIGURES.iter().filter(|f| f.unit == Unit::Records) {
        let of = |part| count(figure, &Scope { force: None, part }, &world.records);
        assert_eq!(of(Part::All), of(Part::InsideAny) + of(Part::Outside), "{}", figure.key);
        seen += of(Part::All);
    }
    assert!(seen > 100, "the generated world is too small to show anything");
}

#[test]
fn premises_searched_twice_count_once() {
    let world = grown(3);
    let searches: Vec<_> = world
        .records
        .iter()
        .filter(|r| r.kind() == Kind::Search && r.state() == "carried_out")
        .collect();
    let premises: BTreeSet<_> = searches
        .iter()
        .flat_map(|s| s.links())
        .filter(|l| l.kind == Kind::Premises)
        .map(|l| l.to)
        .collect();
    let all = Scope::default();
    assert_eq!(count(figure("searches"), &all, &world.records), searches.len() as u64);
    assert_eq!(traced(figure("properties_searched"), &all, &world.records), premises);
    assert!(premises.len() < searches.len(), "no premises were searched twice");
}

#[test]
fn a_force_counts_its_own_records_only() {
    let world = grown(4);
    let all = count(figure("arrests"), &Scope::default(), &world.records);
    let by_force = |key: &str| {
        let force = pendeen_casework::force::ForceKey::parse(key);
        count(figure("arrests"), &Scope { force, part: Part::All }, &world.records)
    };
    let national = world
        .records
        .iter()
        .filter(|r| r.head().force.is_none() && figure("arrests").query.selects(r))
        .count() as u64;
    assert!(all > 0);
    assert_eq!(by_force("E23000035") + national, all);
    assert_eq!(by_force("E23000036"), 0);
}
