//! Signing in with a password, and slowing those who guess.
//!
//! In: a username, a password, and where they come from ([`Origin`]). Out: the person whose they
//! are. An unknown username costs the same work as a wrong password and gets the same answer.
//!
//! **Lanes.** Failures are counted in lanes; after some in a row, attempts in that lane are looked
//! at only after a pause that doubles. A browser on which the person signed in before has a lane
//! of its own, so that nobody else's guesses slow it: knowing a colleague's username keeps the
//! colleague out of nothing. Everybody else shares a lane for the username (known or not) and one
//! for the network address, which stops a lone guesser sooner than it slows the username for long.
//!
//! An attempt counts as failed from before its password is looked at until it proves right, so
//! that guesses made at once are slowed like guesses made in turn. Every attempt leaves a leaf.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::person::{Person, PersonId};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{account, canonical};
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{enrolment, known_device, person, sign_in_attempt};
use crate::error::{Result, StoreError};
use crate::{Store, micros, moment};

/// Where an attempt to sign in comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// What the browser keeps of an earlier sign-in ([`Store::remember_device`]).
    pub device: Option<&'a str>,
    /// The network address, where it is known.
    pub address: Option<IpAddr>,
}

/// How long a browser that is not used stays known, in hours: ninety days.
const DEVICE_KNOWN_HOURS: i64 = 90 * 24;
/// How long failures are remembered, in hours; every pause is shorter.
const FAILURES_KEPT_HOURS: i64 = 24;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// A count of failures.
pub(super) struct Lane {
    key: Vec<u8>,
    /// Failures in a row before attempts are slowed.
    free: i64,
    /// The longest pause, in seconds.
    longest: i64,
    /// Whether somebody who gets in clears all failures, or only takes back the own attempt.
    cleared: bool,
}

impl Lane {
    fn new(of: &str, what: &[u8], free: i64, longest: i64) -> Self {
        let key = Sha256::new().chain_update(of).chain_update([0]).chain_update(what).finalize();
        Self { key: key.to_vec(), free, longest, cleared: true }
    }

    /// Everybody's on unknown devices, for one username.
    fn username(username: &str) -> Self {
        Self::new("username", username.as_bytes(), 5, 30)
    }

    /// One browser's on which the person signed in before.
    fn device(digest: &[u8]) -> Self {
        Self::new("device", digest, 5, 30)
    }

    /// A network address's. An own account must not clear it: it would be a licence to guess.
    fn address(address: IpAddr) -> Self {
        let part = match address.to_canonical() {
            IpAddr::V4(four) => four.octets().to_vec(),
            // One customer has all of a /64.
            IpAddr::V6(six) => six.octets()[..8].to_vec(),
        };
        Self { cleared: false, ..Self::new("address", &part, 20, 60) }
    }

    /// Codes for one account: whoever gets here knows its password.
    pub(super) fn codes(whose: PersonId, device: Option<&str>) -> Self {
        let device = device.map(|device| super::digest(device.as_bytes())).unwrap_or_default();
        Self::new("codes", &[whose.0.as_bytes(), device.as_slice()].concat(), 5, 300)
    }

    /// Until when attempts in this lane are not looked at, if a pause runs.
    fn pause(&self, before: &sign_in_attempt::Model, at: Timestamp) -> Option<Timestamp> {
        let over = u32::try_from(before.failures - self.free).ok()?;
        let seconds = 1_i64.checked_shl(over).filter(|pause| *pause > 0).unwrap_or(self.longest);
        let pause = SignedDuration::from_secs(Ord::min(seconds, self.longest));
        let until = moment(before.last).checked_add(pause).unwrap_or(Timestamp::MAX);
        // A clock that went back must not keep anybody out for longer than the pause.
        Some(until).filter(|until| at < *until && at.duration_until(*until) <= pause)
    }

    /// Counts a failure, unless a pause runs: then until when.
    pub(super) async fn count<C: ConnectionTrait>(
        lanes: &[Self],
        db: &C,
        at: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let mut counts = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let before = sign_in_attempt::Entity::find_by_id(lane.key.clone()).one(db).await?;
            if let Some(until) = before.as_ref().and_then(|before| lane.pause(before, at)) {
                return Ok(Some(until));
            }
            counts.push(before.map_or(0, |before| before.failures).saturating_add(1));
        }
        for (lane, failures) in lanes.iter().zip(counts) {
            lane.keep(db, failures, at).await?;
        }
        Ok(None)
    }

    /// Takes back what was counted for an attempt that was right.
    pub(super) async fn clear<C: ConnectionTrait>(lanes: &[Self], db: &C) -> Result<()> {
        use sign_in_attempt::Column::Failures;
        for lane in lanes {
            if lane.cleared {
                sign_in_attempt::Entity::delete_by_id(lane.key.clone()).exec(db).await?;
            } else {
                sign_in_attempt::Entity::update_many()
                    .col_expr(Failures, Expr::col(Failures).sub(1_i64))
                    .filter(sign_in_attempt::Column::UsernameDigest.eq(lane.key.clone()))
                    .exec(db)
                    .await?;
            }
        }
        Ok(())
    }

    async fn keep<C: ConnectionTrait>(&self, db: &C, failures: i64, at: Timestamp) -> Result<()> {
        let row = sign_in_attempt::ActiveModel {
            username_digest: Set(self.key.clone()),
            failures: Set(failures),
            last: Set(micros(at)),
        };
        let newer = OnConflict::column(sign_in_attempt::Column::UsernameDigest)
            .update_columns([sign_in_attempt::Column::Failures, sign_in_attempt::Column::Last])
            .to_owned();
        sign_in_attempt::Entity::insert(row).on_conflict(newer).exec_without_returning(db).await?;
        Ok(())
    }
}

impl Store {
    /// As [`Self::authenticate_from`], from an unknown device and address.
    pub async fn authenticate(
        &self,
        username: &str,
        password: &str,
        at: Timestamp,
    ) -> Result<Option<Person>> {
        self.authenticate_from(username, password, Origin::default(), at).await
    }

    /// The person, if username and password are right and the account is not disabled.
    ///
    /// Whether a one-time code is wanted besides is told by [`Self::second_factor`].
    /// [`StoreError::SlowDown`] after too many failures: nothing was looked at.
    pub async fn authenticate_from(
        &self,
        username: &str,
        password: &str,
        origin: Origin<'_>,
        at: Timestamp,
    ) -> Result<Option<Person>> {
        let username = canonical(username);
        let found = person::Entity::find()
            .filter(person::Column::Username.eq(&username))
            .one(self.db())
            .await?;
        let whose = found.as_ref().map_or(Uuid::nil(), |found| found.id);
        let lanes = self.lanes(&username, whose, origin, at).await?;
        self.count_attempt(&lanes, &username, at).await?;
        let right =
            self.right(found.as_ref().map(|found| found.password.clone()), password).await?;
        let person =
            found.filter(|found| right && !found.disabled).map(|found| account(found).person);
        self.attempted(&lanes, username, person.as_ref(), at).await?;
        Ok(person)
    }

    /// Whether this is the password of somebody who is signed in already; slowed like codes are.
    pub async fn confirm_password(
        &self,
        who: &Person,
        password: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let lanes = [Lane::new("confirm", who.id.0.as_bytes(), 5, 300)];
        let batch = self.batch().await?;
        let until = Lane::count(&lanes, batch.transaction(), at).await?;
        batch.commit().await?;
        if let Some(until) = until {
            return Err(StoreError::SlowDown { until });
        }
        let found = person::Entity::find_by_id(who.id.0).one(self.db()).await?;
        let right = self.right(found.map(|found| found.password), password).await?;
        let mut batch = self.batch().await?;
        let action = if right { "password_confirmed" } else { "password_refused" };
        if right {
            Lane::clear(&lanes, batch.transaction()).await?;
        }
        batch.append(Leaf::new(Processing::AccessControl, Some(who), action, at), vec![]).await?;
        batch.commit().await?;
        Ok(right)
    }

    /// Makes the browser on which a person signed in a known one; answers what it must keep.
    pub async fn remember_device(&self, whose: PersonId, at: Timestamp) -> Result<String> {
        let secret = self.secret()?;
        let _writer = self.writer.lock().await;
        let row = known_device::ActiveModel {
            digest: Set(super::digest(secret.as_bytes())),
            person_id: Set(whose.0),
            last_used: Set(micros(at)),
        };
        known_device::Entity::insert(row).exec_without_returning(self.db()).await?;
        Ok(secret)
    }

    /// Whether the person signed in on this browser before, within ninety days; notes that they
    /// do so again.
    pub async fn knows_device(&self, whose: PersonId, device: &str, at: Timestamp) -> Result<bool> {
        let digest = super::digest(device.as_bytes());
        if !self.device_known(&digest, whose.0, at).await? {
            return Ok(false);
        }
        let _writer = self.writer.lock().await;
        known_device::Entity::update_many()
            .col_expr(known_device::Column::LastUsed, Expr::value(micros(at)))
            .filter(known_device::Column::Digest.eq(digest))
            .exec(self.db())
            .await?;
        Ok(true)
    }

    /// Forgets what time has settled: old failures, browsers not used for long, links that are over.
    pub async fn forget_settled(&self, at: Timestamp) -> Result<()> {
        let ago = |hours: i64| micros(at) - hours * MICROS_PER_HOUR;
        let _writer = self.writer.lock().await;
        sign_in_attempt::Entity::delete_many()
            .filter(sign_in_attempt::Column::Last.lt(ago(FAILURES_KEPT_HOURS)))
            .exec(self.db())
            .await?;
        known_device::Entity::delete_many()
            .filter(known_device::Column::LastUsed.lt(ago(DEVICE_KNOWN_HOURS)))
            .exec(self.db())
            .await?;
        enrolment::Entity::delete_many()
            .filter(enrolment::Column::Expires.lte(micros(at)))
            .exec(self.db())
            .await?;
        Ok(())
    }

    async fn device_known(&self, digest: &[u8], whose: Uuid, at: Timestamp) -> Result<bool> {
        let found = known_device::Entity::find_by_id(digest.to_vec())
            .filter(known_device::Column::PersonId.eq(whose))
            .one(self.db())
            .await?;
        let oldest = SignedDuration::from_hours(DEVICE_KNOWN_HOURS);
        Ok(found.is_some_and(|found| moment(found.last_used).duration_until(at) <= oldest))
    }

    /// The lanes of an attempt. An unknown username is asked for just like a known one.
    async fn lanes(
        &self,
        username: &str,
        whose: Uuid,
        origin: Origin<'_>,
        at: Timestamp,
    ) -> Result<Vec<Lane>> {
        if let Some(device) = origin.device {
            let digest = super::digest(device.as_bytes());
            if self.device_known(&digest, whose, at).await? {
                return Ok(vec![Lane::device(&digest)]);
            }
        }
        let address = origin.address.map(Lane::address);
        Ok(address.into_iter().chain([Lane::username(username)]).collect())
    }

    /// Counts an attempt as a failure, which [`Self::attempted`] takes back where it was none.
    ///
    /// The pauses are read and the attempt counted in one writing transaction: of several attempts
    /// at once, each sees those before it. [`StoreError::SlowDown`] while a pause runs.
    async fn count_attempt(&self, lanes: &[Lane], username: &str, at: Timestamp) -> Result<()> {
        let mut batch = self.batch().await?;
        let until = Lane::count(lanes, batch.transaction(), at).await?;
        if until.is_some() {
            let leaf = Leaf::new(Processing::AccessControl, None, "sign_in_slowed", at);
            batch.append(leaf, vec![Committed::kept("username", username)]).await?;
        }
        batch.commit().await?;
        until.map_or(Ok(()), |until| Err(StoreError::SlowDown { until }))
    }

    /// Leaves the leaf of an attempt that was looked at; one that was right ends the count.
    async fn attempted(
        &self,
        lanes: &[Lane],
        username: String,
        person: Option<&Person>,
        at: Timestamp,
    ) -> Result<()> {
        let mut batch = self.batch().await?;
        let action = if person.is_some() {
            Lane::clear(lanes, batch.transaction()).await?;
            "sign_in"
        } else {
            "sign_in_failed"
        };
        let leaf = Leaf::new(Processing::AccessControl, person, action, at);
        batch.append(leaf, vec![Committed::kept("username", username)]).await?;
        batch.commit().await
    }
}
