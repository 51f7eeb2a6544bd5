//! The demo's accounts: one per role, a second person where two are needed, every desk of a force
//! in three forces, and in the full operation the desks that a case needs in every other. Their
//! password is published, so a demo must never be served to a network.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use pendeen_casework::agency::AgencyKey;
use pendeen_casework::ambient::Ids;
use pendeen_casework::force::{FORCES as ALL_FORCES, Force, ForceKey};
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_store::Store;
use pendeen_store::account::second_factor::Requirement;
use serde::Serialize;

/// Every demo account's password.
pub const PASSWORD: &str = "water-butt-allotment";

/// The forces of the small story, by the short name that usernames end in.
const FORCES: [(&str, &str); 3] =
    [("devon", "E23000035"), ("lincs", "E23000020"), ("beds", "E23000026")];

/// The local authority whose Children's Services have an account: Devon.
pub const AGENCY: &str = "E10000008";

const NATIONAL: [(&str, &str, Role); 12] = [
    ("coordinator", "Superintendent Alder", Role::Coordinator),
    ("intel", "Officer Birch", Role::IntelligenceOfficer),
    ("intel2", "Officer Beech", Role::IntelligenceOfficer),
    ("authoriser", "Senior Officer Cedar", Role::AuthorisingOfficer),
    ("spoc", "Officer Elm", Role::Spoc),
    ("screening", "Officer Fir", Role::SensitiveCheckOfficer),
    ("victimid", "Officer Hazel", Role::VictimIdentification),
    ("figures", "Ms Juniper", Role::FiguresOfficer),
    ("figures2", "Mr Larch", Role::FiguresOfficer),
    ("partner", "Ms Rosewood", Role::Partner),
    ("auditor", "Dr Maple", Role::Auditor),
    ("admin", "Mx Oak", Role::Administrator),
];

/// Work in a force, and who does it in each of [`FORCES`].
const LOCAL: [(&str, Role, [&str; 3]); 6] = [
    ("desk", Role::ReceivingDesk, ["Sergeant Pine", "Sergeant Aspen", "Sergeant Acacia"]),
    ("oic", Role::OfficerInCase, ["DC Rowan", "DC Hawthorn", "DC Linden"]),
    ("examiner", Role::Examiner, ["Ms Spruce", "Ms Poplar", "Mr Plane"]),
    ("examiner2", Role::Examiner, ["Mr Sycamore", "Mr Dogwood", "Ms Box"]),
    ("safeguarding", Role::SafeguardingOfficer, ["Ms Willow", "Mr Medlar", "Ms Myrtle"]),
    ("disclosure", Role::DisclosureOfficer, ["Mr Yew", "Ms Privet", "Mr Spindle"]),
];

/// Work in every other force of the full operation.
const ELSEWHERE: [(&str, &str, Role); 4] = [
    ("desk", "Sergeant", Role::ReceivingDesk),
    ("oic", "DC", Role::OfficerInCase),
    ("examiner", "Mx", Role::Examiner),
    ("safeguarding", "Mx", Role::SafeguardingOfficer),
];

/// Surnames of the people elsewhere: birds and stones.
const SURNAMES: [&str; 40] = [
    "Heron", "Kestrel", "Plover", "Wren", "Martin", "Finch", "Swift", "Crane", "Rook", "Jay",
    "Dunlin", "Curlew", "Avocet", "Bittern", "Merlin", "Osprey", "Petrel", "Siskin", "Whimbrel",
    "Teal", "Flint", "Slate", "Granite", "Marl", "Chert", "Jasper", "Beryl", "Agate", "Garnet",
    "Amber", "Basalt", "Gypsum", "Mica", "Onyx", "Opal", "Pumice", "Quartz", "Ruby", "Schist",
    "Topaz",
];

/// One account as `accounts.json` lists it.
#[derive(Debug, Serialize)]
pub struct Account {
    username: String,
    password: &'static str,
    role: &'static str,
    name: String,
    force: Option<&'static str>,
}

/// The people of the demo, by username.
#[derive(Debug, Default)]
pub struct People(BTreeMap<String, Person>);

impl People {
    /// The person with this username.
    pub fn get(&self, username: &str) -> Result<&Person> {
        self.0.get(username).with_context(|| format!("the demo has no account {username}"))
    }

    /// The person who does this work in a force: `in_force("oic", "devon")`.
    pub fn in_force(&self, work: &str, force: &str) -> Result<&Person> {
        self.get(&format!("{work}-{force}"))
    }
}

/// The short name of a force, which usernames end in: its name in lower case with strokes.
pub fn short(force: &Force) -> String {
    match FORCES.iter().find(|(_, key)| *key == force.key.as_str()) {
        Some((short, _)) => (*short).to_owned(),
        None if force.key.as_str() == "PSNI" => "psni".to_owned(),
        None => force.name.to_lowercase().replace(' ', "-"),
    }
}

/// The force with this short name.
pub fn force_key(wanted: &str) -> Option<ForceKey> {
    ALL_FORCES.iter().find(|force| short(force) == wanted).map(|force| force.key)
}

/// Adds every account and lists them in `accounts.json`; those of forces that only the full
/// operation has where `everywhere`.
pub async fn add(
    store: &Store,
    ids: &dyn Ids,
    data: &Path,
    at: Timestamp,
    everywhere: bool,
) -> Result<People> {
    let mut wanted: Vec<(String, String, Role, Option<ForceKey>)> = NATIONAL
        .iter()
        .map(|(user, name, role)| ((*user).to_owned(), (*name).to_owned(), *role, None))
        .collect();
    wanted.extend(FORCES.iter().enumerate().flat_map(|(index, (short, key))| {
        LOCAL.iter().map(move |(work, role, names)| {
            (format!("{work}-{short}"), names[index].to_owned(), *role, ForceKey::parse(key))
        })
    }));
    if everywhere {
        wanted.extend(elsewhere());
    }
    // The accounts' password is published: a second factor would keep out nobody but the reader.
    store.set_second_factor_requirement(None, &Requirement::Nobody, at).await?;
    let mut people = People::default();
    let mut accounts = Vec::new();
    for (username, name, role, force) in wanted {
        let agency = (role == Role::Partner).then(|| AgencyKey::parse(AGENCY)).flatten();
        let knows = Knows { agency, ..Knows::default() };
        let person = Person { id: PersonId(ids.fresh()), name, roles: [role].into(), force, knows };
        accounts.push(Account {
            username: username.clone(),
            password: PASSWORD,
            role: role.key(),
            name: person.name.clone(),
            force: force.map(ForceKey::as_str),
        });
        people.0.insert(username, person);
    }
    let all: Vec<(&Person, &str)> =
        people.0.iter().map(|(username, person)| (person, username.as_str())).collect();
    store.add_people(None, &all, PASSWORD, at).await?;
    let path = data.join("accounts.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&accounts)?)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(people)
}

/// The desks of the forces that have no part in the small story.
fn elsewhere() -> Vec<(String, String, Role, Option<ForceKey>)> {
    let small = |force: &&Force| FORCES.iter().any(|(_, key)| *key == force.key.as_str());
    let others = ALL_FORCES.iter().filter(|force| !small(force)).enumerate();
    let desks = others.flat_map(|(index, force)| {
        ELSEWHERE.iter().enumerate().map(move |(work, (user, rank, role))| {
            let surname = SURNAMES[(index * ELSEWHERE.len() + work) % SURNAMES.len()];
            let initial = char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
            let name = format!("{rank} {initial}. {surname}");
            (format!("{user}-{}", short(force)), name, *role, Some(force.key))
        })
    });
    desks.collect()
}
