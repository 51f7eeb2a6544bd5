//! Who may do what: the whole matrix on paper, the rules that matter most by name, and the
//! filter behind lists held against the decision on each record.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pendeen_casework::force::ForceKey;
use pendeen_casework::permission::{Action, decide, decide_create, visibility};
use pendeen_casework::person::{Person, PersonId, Role};
use pendeen_casework::record::{AnyRecord, Head, Kind, Restriction};
use proptest::prelude::*;
use uuid::Uuid;

use crate::documents::written_down;
use crate::world::{World, officer};

const OWN: &str = "E23000035";
const OTHER: &str = "E23000036";

fn person(roles: &[Role], force: Option<&str>) -> Person {
    Person { roles: roles.iter().copied().collect(), ..officer(99, force) }
}

/// One record of each kind, to be given any head.
fn examples() -> Vec<AnyRecord> {
    let world = World::of_every_kind(11);
    let first = |kind: &Kind| world.records.iter().find(|r| r.kind() == *kind).cloned();
    Kind::ALL.iter().map(|kind| first(kind).expect("one of each kind")).collect()
}

fn with(record: &AnyRecord, force: Option<&str>, restriction: Restriction) -> AnyRecord {
    let mut record = record.clone();
    record.head_mut().force = force.and_then(ForceKey::parse);
    record.head_mut().restriction = restriction;
    record
}

/// `o` own force, `x` another force, `n` national, `r` own force but restricted to another role.
fn relations(record: &AnyRecord, own: Option<&str>, role: Role) -> [(char, AnyRecord); 4] {
    let stranger = if role == Role::Coordinator { Role::Examiner } else { Role::Coordinator };
    [
        ('o', with(record, own.or(Some(OWN)), Restriction::None)),
        ('x', with(record, Some(OTHER), Restriction::None)),
        ('n', with(record, None, Restriction::None)),
        ('r', with(record, own, Restriction::Role(stranger))),
    ]
}

fn may(person: &Person, action: &str, record: &AnyRecord) -> bool {
    match action {
        "create" => decide_create(person, record.kind(), record.head()).is_ok(),
        "view" => decide(person, Action::View, record).is_ok(),
        "view_guarded" => decide(person, Action::ViewGuarded, record).is_ok(),
        act => decide(person, Action::Act(act), record).is_ok(),
    }
}

fn actions(kind: Kind) -> impl Iterator<Item = &'static str> {
    ["view", "view_guarded", "create"].into_iter().chain(kind.acts().iter().map(|act| act.name))
}

#[test]
fn the_whole_matrix_of_permissions_is_as_written_down() {
    let examples = examples();
    let mut text = String::from(
        "# role, place of the person, kind: action and the relations it is permitted in\n\
         # o own force (for national staff: a force), x another force, n national, r restricted \
         to another role\n# what is not listed is denied\n",
    );
    for role in Role::ALL {
        for (place, force) in [("national", None), ("force", Some(OWN))] {
            for record in &examples {
                let mut line = String::new();
                for action in actions(record.kind()) {
                    let person = person(&[role], force);
                    let in_relations: String = relations(record, force, role)
                        .iter()
                        .filter(|(_, record)| may(&person, action, record))
                        .map(|(relation, _)| *relation)
                        .collect();
                    if !in_relations.is_empty() {
                        write!(line, " {action}:{in_relations}").unwrap();
                    }
                }
                if !line.is_empty() {
                    writeln!(text, "{} {place} {}:{line}", role.key(), record.kind().key())
                        .unwrap();
                }
            }
        }
    }
    written_down("tests/golden/permissions.txt", &text);
}

#[test]
fn a_person_without_a_role_may_do_nothing() {
    for record in examples() {
        for force in [None, Some(OWN)] {
            for action in actions(record.kind()) {
                assert!(!may(&person(&[], force), action, &record), "{action} {record:?}");
            }
        }
    }
}

#[test]
fn an_officer_of_another_force_cannot_open_a_package_not_sent_to_them() {
    let examples = examples();
    let package = examples.iter().find(|r| r.kind() == Kind::Package).unwrap();
    for role in [Role::ReceivingDesk, Role::OfficerInCase] {
        let person = person(&[role], Some(OWN));
        assert!(may(&person, "view", &with(package, Some(OWN), Restriction::None)));
        assert!(!may(&person, "view", &with(package, Some(OTHER), Restriction::None)));
        assert!(!may(&person, "view", &with(package, None, Restriction::None)));
    }
}

#[test]
fn the_author_of_a_package_keeps_sight_of_it_when_it_is_with_another_force() {
    let examples = examples();
    let package = examples.iter().find(|r| r.kind() == Kind::Package).unwrap();
    let mut sent = with(package, Some(OTHER), Restriction::None);
    let author = person(&[Role::IntelligenceOfficer], Some(OWN));
    assert!(!may(&author, "view", &sent));
    sent.head_mut().author = author.id;
    assert!(may(&author, "view", &sent));
    assert!(!may(&author, "add_addendum", &sent));
}

#[test]
fn a_restricted_record_is_invisible_to_every_other_role_whatever_it_may_see_otherwise() {
    for (index, record) in examples().iter().enumerate() {
        // Three of the roles for each kind, so that all kinds together meet every role.
        for restricted_to in [0, 5, 10].map(|step| Role::ALL[(index + step) % Role::ALL.len()]) {
            let record = with(record, Some(OWN), Restriction::Role(restricted_to));
            for role in Role::ALL.into_iter().filter(|role| *role != restricted_to) {
                for force in [None, Some(OWN)] {
                    let person = person(&[role], force);
                    for action in actions(record.kind()) {
                        assert!(!may(&person, action, &record), "{role:?} {action} {record:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn only_the_check_officer_ever_sees_a_sensitive_person_check() {
    let examples = examples();
    let check = examples.iter().find(|r| r.kind() == Kind::SensitivePersonCheck).unwrap();
    for role in Role::ALL {
        let sees = may(&person(&[role], None), "view", check);
        assert_eq!(sees, role == Role::SensitiveCheckOfficer, "{role:?}");
    }
}

#[test]
fn auditors_and_administrators_see_no_record_whatever_other_role_they_hold() {
    for record in examples() {
        for role in [Role::Auditor, Role::Administrator] {
            for other in Role::ALL {
                let person = person(&[role, other], None);
                assert!(!may(&person, "view", &record), "{role:?} {other:?} {record:?}");
            }
        }
    }
}

#[test]
fn a_childs_name_is_seen_by_those_who_must_and_not_by_the_coordinator() {
    let examples = examples();
    let child = examples.iter().find(|r| r.kind() == Kind::Child).unwrap();
    let child = with(child, Some(OWN), Restriction::None);
    let sees = |role, force| {
        let person = person(&[role], force);
        (may(&person, "view", &child), may(&person, "view_guarded", &child))
    };
    assert_eq!(sees(Role::SafeguardingOfficer, Some(OWN)), (true, true));
    assert_eq!(sees(Role::OfficerInCase, Some(OWN)), (true, true));
    assert_eq!(sees(Role::Coordinator, None), (true, false));
    assert_eq!(sees(Role::DisclosureOfficer, Some(OWN)), (true, false));
    assert_eq!(sees(Role::FiguresOfficer, None), (false, false));
    assert_eq!(sees(Role::Examiner, Some(OWN)), (false, false));
    assert_eq!(sees(Role::SafeguardingOfficer, Some(OTHER)), (false, false));
}

#[test]
fn a_permit_is_for_one_person_one_action_and_one_version() {
    let examples = examples();
    let case = examples.iter().find(|r| r.kind() == Kind::Case).unwrap();
    let case = with(case, Some(OWN), Restriction::None);
    let person = person(&[Role::OfficerInCase], Some(OWN));
    let permit = decide(&person, Action::Act("close"), &case).unwrap();
    assert_eq!(permit.person(), &person);
    assert_eq!((permit.kind(), permit.id()), (Kind::Case, case.head().id));
    assert_eq!((permit.version(), permit.action()), (case.head().version, "close"));
    assert!(decide(&person, Action::Act("no such act"), &case).is_err());
}

fn any_head() -> impl Strategy<Value = (Option<&'static str>, usize, bool)> {
    let force = prop_oneof![Just(None), Just(Some(OWN)), Just(Some(OTHER)), Just(Some("PSNI"))];
    (force, 0..=Role::ALL.len(), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_filter_of_a_list_and_the_decision_on_each_of_its_records_agree(
        heads in proptest::collection::vec(any_head(), 8),
        roles in proptest::collection::btree_set(0..Role::ALL.len(), 0..4),
        national in any::<bool>(),
    ) {
        let roles: BTreeSet<_> = roles.into_iter().map(|i| Role::ALL[i]).collect();
        let person = Person { roles, ..officer(99, (!national).then_some(OWN)) };
        for kind in Kind::ALL {
            let filter = visibility(&person, *kind);
            for (force, restricted_to, authored) in &heads {
                let author = if *authored { person.clone() } else { officer(5, None) };
                let mut head =
                    Head::new(*kind, Uuid::from_u128(77), &author, "2026-06-01T09:00:00Z".parse().unwrap());
                head.force = force.and_then(ForceKey::parse);
                head.restriction =
                    Role::ALL.get(*restricted_to).map_or(Restriction::None, |r| Restriction::Role(*r));
                let record = record_with(*kind, head);
                prop_assert_eq!(
                    filter.admits(record.head()),
                    decide(&person, Action::View, &record).is_ok(),
                    "{:?} {:?} {:?} {:?}", kind, filter, record.head(), person
                );
            }
        }
    }
}

/// An example of a kind with this head, made once.
fn record_with(kind: Kind, head: Head) -> AnyRecord {
    static EXAMPLES: std::sync::OnceLock<Vec<AnyRecord>> = std::sync::OnceLock::new();
    let all = EXAMPLES.get_or_init(examples);
    let mut record = all.iter().find(|r| r.kind() == kind).unwrap().clone();
    *record.head_mut() = head;
    record
}

#[test]
fn who_is_told_to_do_something_next_may_see_the_record_and_do_something_to_it() {
    let mut told = BTreeSet::new();
    for seed in 0..20 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            world.step();
        }
        for record in &world.records {
            let Some(next) = record.next() else { continue };
            let force = record.head().force.map(ForceKey::as_str);
            let person = person(&[next.role], force);
            assert!(may(&person, "view", record), "{next:?} cannot see {record:?}");
            let possible =
                record.kind().acts().iter().any(|act| {
                    act.from.contains(&record.state()) && may(&person, act.name, record)
                });
            assert!(possible, "{next:?} can do nothing to {record:?}");
            told.insert((record.kind(), record.state(), next.role));
        }
    }
    assert!(told.len() > 30, "the generated worlds are too small to show anything: {told:?}");
}

#[test]
fn a_person_id_of_zero_is_no_way_around_authorship() {
    let mut person = person(&[Role::IntelligenceOfficer], Some(OWN));
    person.id = PersonId(Uuid::nil());
    assert_eq!(visibility(&person, Kind::Package).authored_by, Some(person.id));
    assert_eq!(visibility(&person, Kind::Subject).authored_by, None);
}
