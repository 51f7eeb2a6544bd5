//! Accounts: who may sign in, and what an administrator does about them.
//!
//! In: people, usernames, passwords. Out: the [`Person`] whose decisions and acts follow.
//! Passwords are kept as argon2id in PHC strings; two at most are hashed at a time, because each
//! takes 19 MiB and a core. Every act leaves an audit leaf.
//!
//! Find your way: [`sign_in`] checks a password and slows guessing; [`second_factor`] one-time
//! and recovery codes; [`provider`] the force's sign-in service; [`enrolment`] the link with
//! which a person sets a password; [`token`] what programs sign in with; [`administration`] changing accounts, and the rule that one
//! administrator does not both open an account and hand out its key.

pub mod administration;
pub mod enrolment;
mod password;
pub mod provider;
pub mod second_factor;
pub mod sign_in;
pub mod token;

pub(crate) use password::PLACES as HASHED_AT_A_TIME;

use administration::Part;

use std::collections::BTreeSet;

use jiff::Timestamp;
use pendeen_casework::agency::AgencyKey;
use pendeen_casework::force::ForceKey;
use pendeen_casework::permission::Denied;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::person;
use crate::error::{Result, StoreError};
use crate::write::Batch;
use crate::{Store, clean, micros};

/// An account as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who it is.
    pub person: Person,
    /// What they sign in with.
    pub username: String,
    /// Whether signing in is refused.
    pub disabled: bool,
}

impl Store {
    /// Adds an account. `by` is the administrator; none where the operator of the machine sets
    /// up the first accounts from the command line.
    pub async fn add_person(
        &self,
        by: Option<&Person>,
        new: &Person,
        username: &str,
        password: &str,
        at: Timestamp,
    ) -> Result<()> {
        self.add_people(by, &[(new, username)], password, at).await
    }

    /// Adds several accounts that have the same first password, hashed once: all of them or none.
    pub async fn add_people(
        &self,
        by: Option<&Person>,
        people: &[(&Person, &str)],
        password: &str,
        at: Timestamp,
    ) -> Result<()> {
        self.administrator(by, "add_person", at).await?;
        let hash = self.hash(password).await?;
        let mut batch = self.batch().await?;
        for (new, username) in people {
            self.add_to(&mut batch, by, new, username, &hash, at).await?;
        }
        batch.commit().await
    }

    async fn add_to(
        &self,
        batch: &mut Batch,
        by: Option<&Person>,
        new: &Person,
        username: &str,
        hash: &str,
        at: Timestamp,
    ) -> Result<()> {
        let row = person::ActiveModel {
            id: Set(new.id.0),
            username: Set(canonical(username)),
            name: Set(clean(&new.name)),
            force: Set(new.force.map(|force| force.as_str().to_owned())),
            roles: Set(role_keys(&new.roles)),
            password: Set(hash.to_owned()),
            totp_secret: Set(None),
            disabled: Set(false),
            created: Set(micros(at)),
            sign_in_epoch: Set(0),
            agency: Set(new.knows.agency.as_ref().map(|agency| agency.as_str().to_owned())),
        };
        person::Entity::insert(row).exec_without_returning(batch.transaction()).await?;
        self.take_part(batch, by, new.id, Part::Opening, at).await?;
        let roles = role_keys(&new.roles);
        let about =
            Committed::kept("account", format!("{} {username} {} {roles}", new.id.0, new.name));
        batch.append(Leaf::new(Processing::AccessControl, by, "add_person", at), vec![about]).await
    }

    /// Adds an account that nobody can sign in to until its person uses a link
    /// ([`Self::make_enrolment`]); `by` as in [`Self::add_person`].
    pub async fn add_person_by_link(
        &self,
        by: Option<&Person>,
        new: &Person,
        username: &str,
        at: Timestamp,
    ) -> Result<()> {
        let nobodys = self.secret()?;
        self.add_person(by, new, username, &nobodys, at).await
    }

    /// Sets a new password, which ends every earlier sign-in (see [`Self::sign_in_epoch`]); `by`
    /// as in [`Self::add_person`], or the person themself.
    pub async fn set_password(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        password: &str,
        at: Timestamp,
    ) -> Result<()> {
        if by.is_none_or(|by| by.id != whose) {
            self.administrator(by, "set_password", at).await?;
        }
        let hash = self.hash(password).await?;
        if let Some(by) = by.filter(|by| by.id != whose) {
            let batch = self.batch().await?;
            self.take_part(&batch, Some(by), whose, Part::Key, at).await?;
            batch.commit().await?;
        }
        let values = [(person::Column::Password, Expr::value(hash)), next_epoch()];
        self.change(by, whose, values, "set_password", at).await
    }

    /// Stops or allows signing in; either way, earlier sign-ins end.
    pub async fn set_disabled(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        disabled: bool,
        at: Timestamp,
    ) -> Result<()> {
        let action = if disabled { "disable_person" } else { "enable_person" };
        self.administrator(by, action, at).await?;
        let values = [(person::Column::Disabled, Expr::value(disabled)), next_epoch()];
        self.change(by, whose, values, action, at).await
    }

    /// The person with this identifier, unless the account is disabled.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>> {
        let found = person::Entity::find_by_id(id.0).one(self.db()).await?;
        Ok(found.filter(|found| !found.disabled).map(account).map(|account| account.person))
    }

    /// A number that is another one after every act that ends earlier sign-ins; none where the
    /// account is disabled or not there.
    ///
    /// Read it as soon as [`Self::authenticate`] answers and keep it with the session: the session
    /// is over once this answers with anything else.
    pub async fn sign_in_epoch(&self, id: PersonId) -> Result<Option<i64>> {
        let found = person::Entity::find_by_id(id.0)
            .filter(person::Column::Disabled.eq(false))
            .select_only()
            .column(person::Column::SignInEpoch)
            .into_tuple()
            .one(self.db())
            .await?;
        Ok(found)
    }

    /// Every account, by name. For administration and for names beside acts: says nothing of
    /// case data.
    pub async fn people(&self) -> Result<Vec<Account>> {
        let found =
            person::Entity::find().order_by_asc(person::Column::Name).all(self.db()).await?;
        Ok(found.into_iter().map(account).collect())
    }

    /// Notes that somebody signed out.
    pub async fn signed_out(&self, who: &Person, at: Timestamp) -> Result<()> {
        self.note(Leaf::new(Processing::AccessControl, Some(who), "sign_out", at), vec![]).await
    }

    async fn administrator(&self, by: Option<&Person>, action: &str, at: Timestamp) -> Result<()> {
        match by {
            Some(by) if !by.is(Role::Administrator) => {
                self.denied(by, action, None, at).await?;
                Err(Denied.into())
            }
            _ => Ok(()),
        }
    }

    async fn change<const N: usize>(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        values: [(person::Column, SimpleExpr); N],
        action: &str,
        at: Timestamp,
    ) -> Result<()> {
        let mut batch = self.batch().await?;
        let changed = values
            .into_iter()
            .fold(person::Entity::update_many(), |update, (column, value)| {
                update.col_expr(column, value)
            })
            .filter(person::Column::Id.eq(whose.0))
            .exec(batch.transaction())
            .await?;
        if changed.rows_affected != 1 {
            return Err(StoreError::Conflict("there is no such account"));
        }
        let about = Committed::kept("account", whose.0.to_string());
        batch.append(Leaf::new(Processing::AccessControl, by, action, at), vec![about]).await?;
        batch.commit().await
    }

    async fn hash(&self, password: &str) -> Result<String> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt).map_err(StoreError::Entropy)?;
        password::hash(&self.hashing, password.to_owned(), salt).await
    }

    /// Whether the password is the one behind the hash; the same work where there is none.
    async fn right(&self, stored: Option<String>, password: &str) -> Result<bool> {
        let known = stored.is_some();
        let stored = match stored {
            Some(stored) => stored,
            None => password::NOBODY.to_owned(),
        };
        Ok(password::verify(&self.hashing, password.to_owned(), stored).await? && known)
    }
}

/// Counts up rather than noting a time: a clock that went back brings no earlier epoch back.
fn next_epoch() -> (person::Column, SimpleExpr) {
    let epoch = person::Column::SignInEpoch;
    (epoch, Expr::col(epoch).add(1_i64))
}

/// A secret's digest, which is what the database keeps of it.
fn digest(secret: &[u8]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// Keys of roles, separated by spaces.
fn role_keys(roles: &BTreeSet<Role>) -> String {
    roles.iter().map(|role| role.key()).collect::<Vec<_>>().join(" ")
}

/// A byte as an address holds it.
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Usernames differ by more than case of letters or spaces around them.
fn canonical(username: &str) -> String {
    clean(username.trim()).to_lowercase()
}

/// A stored account; a role or force that this version does not know grants nothing.
pub(crate) fn account(stored: person::Model) -> Account {
    let roles: BTreeSet<Role> = stored.roles.split(' ').filter_map(Role::from_key).collect();
    let force = stored.force.as_deref().and_then(ForceKey::parse);
    let agency = stored.agency.as_deref().and_then(AgencyKey::parse);
    let knows = Knows { agency, ..Knows::default() };
    let person = Person { id: PersonId(stored.id), name: stored.name, roles, force, knows };
    Account { person, username: stored.username, disabled: stored.disabled }
}
