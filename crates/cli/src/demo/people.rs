//! The demo's accounts: one per role, a second person where two are needed, and the same desk
//! in three forces. Their password is published, so a demo must never be served to a network.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use pendeen_casework::ambient::Ids;
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_store::Store;
use serde::Serialize;

/// Every demo account's password.
pub const PASSWORD: &str = "water-butt-allotment";

/// The forces of the demo, by the short name that usernames end in.
pub const FORCES: [(&str, &str); 3] =
    [("devon", "E23000035"), ("lincs", "E23000020"), ("beds", "E23000026")];

const NATIONAL: [(&str, &str, Role); 11] = [
    ("coordinator", "Superintendent Alder", Role::Coordinator),
    ("intel", "Officer Birch", Role::IntelligenceOfficer),
    ("intel2", "Officer Beech", Role::IntelligenceOfficer),
    ("authoriser", "Senior Officer Cedar", Role::AuthorisingOfficer),
    ("spoc", "Officer Elm", Role::Spoc),
    ("screening", "Officer Fir", Role::SensitiveCheckOfficer),
    ("victimid", "Officer Hazel", Role::VictimIdentification),
    ("figures", "Ms Juniper", Role::FiguresOfficer),
    ("figures2", "Mr Larch", Role::FiguresOfficer),
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

/// Adds every account and lists them in `accounts.json`.
pub async fn add(store: &Store, ids: &dyn Ids, data: &Path, at: Timestamp) -> Result<People> {
    let national = NATIONAL
        .iter()
        .map(|(user, name, role)| ((*user).to_owned(), (*name).to_owned(), *role, None));
    let local = FORCES.iter().enumerate().flat_map(|(index, (short, key))| {
        LOCAL.iter().map(move |(work, role, names)| {
            (format!("{work}-{short}"), names[index].to_owned(), *role, ForceKey::parse(key))
        })
    });
    let mut people = People::default();
    let mut accounts = Vec::new();
    for (username, name, role, force) in national.chain(local) {
        let knows = Knows::default();
        let person = Person { id: PersonId(ids.fresh()), name, roles: [role].into(), force, knows };
        store.add_person(None, &person, &username, PASSWORD, at).await?;
        accounts.push(Account {
            username: username.clone(),
            password: PASSWORD,
            role: role.key(),
            name: person.name.clone(),
            force: force.map(ForceKey::as_str),
        });
        people.0.insert(username, person);
    }
    let path = data.join("accounts.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&accounts)?)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(people)
}
