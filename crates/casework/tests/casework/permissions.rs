//! Who may do what: the whole matrix on paper, the rules that matter most by name, and the
//! filter behind lists held against the decision on each record.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pendeen_casework::agency::AgencyKey;
use pendeen_casework::force::ForceKey;
use pendeen_casework::permission::{
    Action, BREAK_GLASS, COMMON_ACTIONS, decide, decide_break_glass, decide_create, visibility,
};
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::retention_review::REVIEW;
use pendeen_casework::record::{AnyRecord, Head, Kind, Restriction};
use proptest::prelude::*;
use uuid::Uuid;

use crate::documents::written_down;
use crate::world::{World, officer};

pub const OWN: &str = "E23000035";
const OTHER: &str = "E23000036";

/// The circle that every person here belongs to, and one that none does.
const CIRCLE: Uuid = Uuid::from_u128(0xC1);
const OTHER_CIRCLE: Uuid = Uuid::from_u128(0xC2);
/// The record that every person here broke the glass for.
const OPENED: Uuid = Uuid::from_u128(0x61A5);
/// The agency that every person here works for.
const AGENCY: &str = "E06000026";
const OTHER_AGENCY: &str = "E10000008";

pub fn person(roles: &[Role], force: Option<&str>) -> Person {
    Person { roles: roles.iter().copied().collect(), knows: knows(), ..officer(99, force) }
}

fn knows() -> Knows {
    Knows { agency: AgencyKey::parse(AGENCY), circles: [CIRCLE].into(), opened: [OPENED].into() }
}

/// One record of each kind, to be given any head.
pub fn examples() -> Vec<AnyRecord> {
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

/// The relations of the golden matrix; what each letter stands for is written at its top.
pub fn relations(record: &AnyRecord, own: Option<&str>, role: Role) -> [(char, AnyRecord); 9] {
    let with_head = |force: Option<&str>, restriction, change: fn(&mut Head)| {
        let mut record = with(record, force, restriction);
        change(record.head_mut());
        record
    };
    let own_or_some = own.or(Some(OWN));
    let stranger = if role == Role::Coordinator { Role::Examiner } else { Role::Coordinator };
    [
        ('o', with(record, own_or_some, Restriction::None)),
        ('x', with(record, Some(OTHER), Restriction::None)),
        ('n', with(record, None, Restriction::None)),
        ('r', with(record, own, Restriction::Role(stranger))),
        ('c', with(record, own_or_some, Restriction::Circle(CIRCLE))),
        ('k', with(record, own_or_some, Restriction::Circle(OTHER_CIRCLE))),
        ('w', with_head(Some(OTHER), Restriction::None, |h| h.author = officer(99, None).id)),
        ('a', with_head(Some(OTHER), Restriction::None, |h| h.agency = AgencyKey::parse(AGENCY))),
        ('g', with_head(Some(OTHER), Restriction::Circle(OTHER_CIRCLE), |h| h.id = OPENED)),
    ]
}

pub fn may(person: &Person, action: &str, record: &AnyRecord) -> bool {
    match action {
        "create" => decide_create(person, record.kind(), record.head()).is_ok(),
        "view" => decide(person, Action::View, record).is_ok(),
        "view_guarded" => decide(person, Action::ViewGuarded, record).is_ok(),
        BREAK_GLASS => decide_break_glass(person, record).is_ok(),
        act => decide(person, Action::Act(act), record).is_ok(),
    }
}

pub fn actions(kind: Kind) -> impl Iterator<Item = &'static str> {
    COMMON_ACTIONS.into_iter().chain(kind.acts().iter().map(|act| act.name))
}

#[test]
fn the_whole_matrix_of_permissions_is_as_written_down() {
    let examples = examples();
    let mut text = String::from(
        "# role, place of the person, kind: action and the relations it is permitted in\n\
         # o own force (for national staff: a force), x another force, n national, r restricted \
         to another role,\n# c own force and a circle of the person's, k own force and another \
         circle, w another force but\n# written by the person, a another force but referred to \
         the person's agency, g another force and\n# circle but opened by breaking the glass\n\
         # what is not listed is denied\n",
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

type Placed = (Option<&'static str>, Option<&'static str>, Restriction, bool, bool);

fn any_head() -> impl Strategy<Value = Placed> {
    let force = prop_oneof![Just(None), Just(Some(OWN)), Just(Some(OTHER)), Just(Some("PSNI"))];
    let agency = prop_oneof![Just(None), Just(Some(AGENCY)), Just(Some(OTHER_AGENCY))];
    let restriction = prop_oneof![
        2 => Just(Restriction::None),
        1 => (0..Role::ALL.len()).prop_map(|i| Restriction::Role(Role::ALL[i])),
        1 => Just(Restriction::Circle(CIRCLE)),
        1 => Just(Restriction::Circle(OTHER_CIRCLE)),
    ];
    (force, agency, restriction, any::<bool>(), any::<bool>())
}

fn any_knows() -> impl Strategy<Value = Knows> {
    let agency = prop_oneof![Just(None), Just(AgencyKey::parse(AGENCY))];
    (agency, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(agency, one, two, glass)| {
        let circles = [(one, CIRCLE), (two, OTHER_CIRCLE)];
        Knows {
            agency,
            circles: circles.into_iter().filter(|(in_it, _)| *in_it).map(|(_, id)| id).collect(),
            opened: glass.then_some(OPENED).into_iter().collect(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_filter_of_a_list_and_the_decision_on_each_of_its_records_agree(
        heads in proptest::collection::vec(any_head(), 8),
        roles in proptest::collection::btree_set(0..Role::ALL.len(), 0..4),
        national in any::<bool>(),
        knows in any_knows(),
    ) {
        let roles: BTreeSet<_> = roles.into_iter().map(|i| Role::ALL[i]).collect();
        let person = Person { roles, knows, ..officer(99, (!national).then_some(OWN)) };
        for kind in Kind::ALL {
            let filter = visibility(&person, *kind);
            for (force, agency, restriction, authored, opened) in &heads {
                let author = if *authored { person.clone() } else { officer(5, None) };
                let mut head =
                    Head::new(*kind, Uuid::from_u128(77), &author, "2026-06-01T09:00:00Z".parse().unwrap());
                head.force = force.and_then(ForceKey::parse);
                head.restriction = restriction.clone();
                head.agency = agency.and_then(AgencyKey::parse);
                head.id = if *opened { OPENED } else { head.id };
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
            let mut person = person(&[next.role], force);
            if let Restriction::Circle(circle) = record.head().restriction {
                person.knows.circles.insert(circle);
            }
            assert!(may(&person, "view", record), "{next:?} cannot see {record:?}");
            let possible =
                record.kind().acts().iter().any(|act| {
                    act.from.contains(&record.state()) && may(&person, act.name, record)
                });
            // What is finished is reviewed by a record of its own.
            let reviews = next.what == REVIEW
                && decide_create(&person, Kind::RetentionReview, record.head()).is_ok();
            assert!(possible || reviews, "{next:?} can do nothing to {record:?}");
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
