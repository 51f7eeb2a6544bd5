//! Accounts: who may sign in, and signing in.
//!
//! In: a username and a password. Out: the [`Person`] whose decisions and acts follow. Passwords
//! are kept as argon2id in PHC strings. An unknown username costs the same work as a wrong
//! password. After five failures in a row, attempts for that username (known or not) are looked
//! at only after a pause that doubles up to thirty seconds: guessing is hopeless, while a
//! colleague cannot be locked out. An attempt counts as failed from before its password is
//! looked at until it proves right, so that guesses made at once are slowed like guesses made
//! in turn; and two passwords at most are hashed at a time, because each takes 19 MiB and a
//! core. Every attempt leaves an audit leaf.

mod password;

pub(crate) use password::PLACES as HASHED_AT_A_TIME;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::agency::AgencyKey;
use pendeen_casework::force::ForceKey;
use pendeen_casework::permission::Denied;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use sha2::{Digest, Sha256};

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{person, sign_in_attempt};
use crate::error::{Result, StoreError};
use crate::{Store, clean, micros, moment};

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

/// Failures in a row before attempts are slowed.
const FREE_FAILURES: i64 = 5;
/// The longest pause between attempts, in seconds.
const LONGEST_PAUSE: i64 = 30;

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
        self.administrator(by, "add_person", at).await?;
        let hash = self.hash(password).await?;
        let row = person::ActiveModel {
            id: Set(new.id.0),
            username: Set(canonical(username)),
            name: Set(clean(&new.name)),
            force: Set(new.force.map(|force| force.as_str().to_owned())),
            roles: Set(new.roles.iter().map(|role| role.key()).collect::<Vec<_>>().join(" ")),
            password: Set(hash),
            totp_secret: Set(None),
            disabled: Set(false),
            created: Set(micros(at)),
            sign_in_epoch: Set(0),
            agency: Set(new.knows.agency.as_ref().map(|agency| agency.as_str().to_owned())),
        };
        let mut batch = self.batch().await?;
        person::Entity::insert(row).exec_without_returning(batch.transaction()).await?;
        let roles = new.roles.iter().map(|role| role.key()).collect::<Vec<_>>().join(" ");
        let about =
            Committed::kept("account", format!("{} {username} {} {roles}", new.id.0, new.name));
        batch
            .append(Leaf::new(Processing::AccessControl, by, "add_person", at), vec![about])
            .await?;
        batch.commit().await
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

    /// Sets or removes the secret of a person's one-time codes.
    pub async fn set_totp_secret(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        secret: Option<Vec<u8>>,
        at: Timestamp,
    ) -> Result<()> {
        if by.is_none_or(|by| by.id != whose) {
            self.administrator(by, "set_totp", at).await?;
        }
        let values = [(person::Column::TotpSecret, Expr::value(secret))];
        self.change(by, whose, values, "set_totp", at).await
    }

    /// The secret of a person's one-time codes, if one is set.
    pub async fn totp_secret(&self, whose: PersonId) -> Result<Option<Vec<u8>>> {
        let found = person::Entity::find_by_id(whose.0).one(self.db()).await?;
        Ok(found.and_then(|found| found.totp_secret))
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

    /// The person, if username and password are right and the account is not disabled.
    ///
    /// [`StoreError::SlowDown`] after too many failures: nothing was looked at.
    pub async fn authenticate(
        &self,
        username: &str,
        password: &str,
        at: Timestamp,
    ) -> Result<Option<Person>> {
        let username = canonical(username);
        let key = Sha256::digest(username.as_bytes()).to_vec();
        self.count_attempt(&key, &username, at).await?;
        let found = person::Entity::find()
            .filter(person::Column::Username.eq(&username))
            .one(self.db())
            .await?;
        let right =
            self.right(found.as_ref().map(|found| found.password.clone()), password).await?;
        let person =
            found.filter(|found| right && !found.disabled).map(|found| account(found).person);
        self.attempted(&key, username, person.as_ref(), at).await?;
        Ok(person)
    }

    /// Notes that somebody signed out.
    pub async fn signed_out(&self, who: &Person, at: Timestamp) -> Result<()> {
        self.note(Leaf::new(Processing::AccessControl, Some(who), "sign_out", at), vec![]).await
    }

    /// Counts an attempt as a failure, which [`Self::attempted`] takes back where it was none.
    ///
    /// The pause is read and the attempt counted in one writing transaction: of several attempts
    /// at once, each sees those before it. [`StoreError::SlowDown`] while a pause runs.
    async fn count_attempt(&self, key: &[u8], username: &str, at: Timestamp) -> Result<()> {
        let mut batch = self.batch().await?;
        let before =
            sign_in_attempt::Entity::find_by_id(key.to_vec()).one(batch.transaction()).await?;
        let until = before.as_ref().and_then(|before| pause(before, at));
        if until.is_some() {
            let leaf = Leaf::new(Processing::AccessControl, None, "sign_in_slowed", at);
            batch.append(leaf, vec![Committed::kept("username", username)]).await?;
        } else {
            let failures = before.map_or(0, |before| before.failures).saturating_add(1);
            keep_failures(batch.transaction(), key, failures, at).await?;
        }
        batch.commit().await?;
        until.map_or(Ok(()), |until| Err(StoreError::SlowDown { until }))
    }

    /// Leaves the leaf of an attempt that was looked at; one that was right ends the count.
    async fn attempted(
        &self,
        key: &[u8],
        username: String,
        person: Option<&Person>,
        at: Timestamp,
    ) -> Result<()> {
        let mut batch = self.batch().await?;
        let action = if person.is_some() {
            sign_in_attempt::Entity::delete_by_id(key.to_vec()).exec(batch.transaction()).await?;
            "sign_in"
        } else {
            "sign_in_failed"
        };
        let leaf = Leaf::new(Processing::AccessControl, person, action, at);
        batch.append(leaf, vec![Committed::kept("username", username)]).await?;
        batch.commit().await
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

/// Until when attempts for this username are not looked at, if a pause runs.
fn pause(attempt: &sign_in_attempt::Model, at: Timestamp) -> Option<Timestamp> {
    let over = attempt.failures - FREE_FAILURES;
    if over < 0 {
        return None;
    }
    let seconds =
        1_i64.checked_shl(u32::try_from(over).unwrap_or(u32::MAX)).unwrap_or(LONGEST_PAUSE);
    let pause = SignedDuration::from_secs(seconds.clamp(1, LONGEST_PAUSE));
    let until = moment(attempt.last).checked_add(pause).unwrap_or(Timestamp::MAX);
    // A clock that went back must not keep anybody out for longer than the pause.
    Some(until).filter(|until| at < *until && at.duration_until(*until) <= pause)
}

async fn keep_failures<C: ConnectionTrait>(
    db: &C,
    key: &[u8],
    failures: i64,
    at: Timestamp,
) -> Result<()> {
    let row = sign_in_attempt::ActiveModel {
        username_digest: Set(key.to_vec()),
        failures: Set(failures),
        last: Set(micros(at)),
    };
    let newer = OnConflict::column(sign_in_attempt::Column::UsernameDigest)
        .update_columns([sign_in_attempt::Column::Failures, sign_in_attempt::Column::Last])
        .to_owned();
    sign_in_attempt::Entity::insert(row).on_conflict(newer).exec_without_returning(db).await?;
    Ok(())
}

/// Counts up rather than noting a time: a clock that went back brings no earlier epoch back.
fn next_epoch() -> (person::Column, SimpleExpr) {
    let epoch = person::Column::SignInEpoch;
    (epoch, Expr::col(epoch).add(1_i64))
}

/// Usernames differ by more than case of letters or spaces around them.
fn canonical(username: &str) -> String {
    clean(username.trim()).to_lowercase()
}

/// A stored account; a role or force that this version does not know grants nothing.
fn account(stored: person::Model) -> Account {
    let roles: BTreeSet<Role> = stored.roles.split(' ').filter_map(Role::from_key).collect();
    let force = stored.force.as_deref().and_then(ForceKey::parse);
    let agency = stored.agency.as_deref().and_then(AgencyKey::parse);
    let knows = Knows { agency, ..Knows::default() };
    let person = Person { id: PersonId(stored.id), name: stored.name, roles, force, knows };
    Account { person, username: stored.username, disabled: stored.disabled }
}
