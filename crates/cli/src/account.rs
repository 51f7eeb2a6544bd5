//! `pendeen account`: the people who may sign in, kept by whoever operates the machine.
//!
//! Passwords come from standard input, never from an argument, which other users of the machine
//! could read. Every change leaves an audit leaf.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use pendeen_casework::ambient::{Clock, Ids};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_store::Store;
use pendeen_store::account::second_factor::Requirement;

use crate::args::Account;
use crate::system::{SystemClock, SystemIds};
use crate::{Ended, data, output};

/// The shortest password that is accepted (NCSC: three random words are longer).
const SHORTEST: usize = 12;

/// Adds, changes or lists accounts.
pub async fn run(args: &Account) -> Result<Ended> {
    match args {
        Account::Add { username, name, role, force, data } => {
            let person = Person {
                id: PersonId(SystemIds.fresh()),
                name: name.clone(),
                roles: role.iter().copied().collect(),
                force: *force,
                knows: Knows::default(),
            };
            let password = password()?;
            let store = data::open_or_make(data).await?;
            if store
                .people()
                .await?
                .iter()
                .any(|known| known.username.eq_ignore_ascii_case(username))
            {
                bail!("there is an account {username:?} already: choose another username");
            }
            store.add_person(None, &person, username, &password, SystemClock.now()).await?;
        }
        Account::Password { username, data } => {
            let password = password()?;
            let store = data::open_existing(data).await?;
            let whose = find(&store, username).await?;
            store.set_password(None, whose, &password, SystemClock.now()).await?;
        }
        Account::Disable { username, data } => {
            let store = data::open_existing(data).await?;
            let whose = find(&store, username).await?;
            store.set_disabled(None, whose, true, SystemClock.now()).await?;
        }
        Account::Link { username, data } => {
            let store = data::open_existing(data).await?;
            let whose = find(&store, username).await?;
            let secret = store.make_enrolment(None, whose, SystemClock.now()).await?;
            output::lines([("Open once, within three days", format!("/enrol/{secret}"))])?;
        }
        Account::ResetSecondFactor { username, data } => {
            let store = data::open_existing(data).await?;
            let whose = find(&store, username).await?;
            store.reset_second_factor(None, whose, SystemClock.now()).await?;
        }
        Account::SecondFactor { who, data } => {
            let requirement = Requirement::from_key(&who.join(" ")).context(
                "say everybody, nobody, or keys of roles: see pendeen account add --help",
            )?;
            let store = data::open_or_make(data).await?;
            store.set_second_factor_requirement(None, &requirement, SystemClock.now()).await?;
        }
        Account::Sessions { username, data } => {
            let store = data::open_existing(data).await?;
            let whose = find(&store, username).await?;
            for device in store.devices(whose, SystemClock.now()).await? {
                let about = format!("since {}, last used {}", device.began, device.last_used);
                output::lines([(device.device.as_str(), about)])?;
            }
        }
        Account::List { data } => list(&data::open_existing(data).await?).await?,
    }
    Ok(Ended::Done)
}

async fn find(store: &Store, username: &str) -> Result<PersonId> {
    let people = store.people().await?;
    let found = people.into_iter().find(|known| known.username.eq_ignore_ascii_case(username));
    let found = found
        .with_context(|| format!("there is no account {username:?}: see pendeen account list"))?;
    Ok(found.person.id)
}

async fn list(store: &Store) -> Result<()> {
    for account in store.people().await? {
        let roles: Vec<&str> =
            account.person.roles.iter().map(|role: &Role| role.label()).collect();
        let force = account.person.force.map_or("National", |key: ForceKey| key.force().name);
        let state = if account.disabled { ", disabled" } else { "" };
        let about = format!("{}; {}; {force}{state}", account.person.name, roles.join(", "));
        output::lines([(account.username.as_str(), about)])?;
    }
    Ok(())
}

/// The first line of standard input.
fn password() -> Result<String> {
    if io::stdin().is_terminal() {
        eprintln!("Type the password and press Enter (it is shown as you type):");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("reading the password from standard input")?;
    let password = line.trim_end_matches(['\n', '\r']).to_owned();
    if password.chars().count() < SHORTEST {
        bail!("the password has fewer than {SHORTEST} characters: take three random words");
    }
    Ok(password)
}
