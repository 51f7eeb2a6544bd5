//! The demo's stories: what happens to the people of the synthetic operation, stage by stage.
//!
//! Every stage is a function over the [`Walk`], so that a story is a list of stages and stops
//! where somebody still has something to do. Names are invented; places are streets that do
//! not exist.

mod child;
mod exhibit;
mod force;
mod intelligence;

pub use exhibit::Simulated;

use std::path::Path;

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::force::ForceKey;
use pendeen_casework::record::{AnyRecord, Record};

use super::people::People;
use super::walk::{Ref, Walk};

/// A person of the story, before anything is known of them.
pub struct Cast<'c> {
    /// Invented name.
    pub name: &'c str,
    /// Date of birth.
    pub born: &'c str,
    /// Invented address.
    pub address: &'c str,
    /// Postcode.
    pub postcode: &'c str,
    /// Short name of the force (see [`super::people::force_key`]).
    pub force: &'c str,
    /// KIRAT band, as an officer enters it.
    pub band: &'c str,
    /// Work or volunteering that gives access to children, if any.
    pub trust: Option<&'c str>,
    /// Registered sex offender.
    pub rso: bool,
}

/// What a story has made so far.
pub struct Story<'a, 'w> {
    /// The walk it goes on.
    pub walk: &'w mut Walk<'a>,
    /// Who acts.
    pub people: &'w People,
    /// Whom it is about.
    pub cast: &'w Cast<'w>,
}

/// The event that an attribution request is about.
pub struct Event {
    observation: Ref,
    address: String,
    port: String,
    seen: String,
}

impl Story<'_, '_> {
    fn force_key(&self) -> Result<ForceKey> {
        super::people::force_key(self.cast.force)
            .ok_or_else(|| anyhow!("the demo has no force {}", self.cast.force))
    }

    /// A moment before or after the present one, as a form takes it.
    fn moment(&self, hours: i64) -> String {
        (self.walk.now + SignedDuration::from_hours(hours)).to_string()
    }

    fn date(&self, days: i64) -> String {
        day(self.walk.now + SignedDuration::from_hours(24 * days))
    }

    /// From referrals about one person to a package on its way to a force: answers with the
    /// premises and the package.
    pub async fn until_sent(&mut self, referrals: &[Ref], folder: &Path) -> Result<(Ref, Ref)> {
        let first = *referrals.first().ok_or_else(|| anyhow!("a story begins with a referral"))?;
        let event = self.event(first).await?;
        self.with_event(referrals, &event, folder).await
    }

    /// The same where the event is known.
    pub async fn with_event(
        &mut self,
        referrals: &[Ref],
        event: &Event,
        folder: &Path,
    ) -> Result<(Ref, Ref)> {
        let subject = self.subject(referrals).await?;
        self.background(subject).await?;
        let request = self.request(event, subject).await?;
        let premises = self.attribute(request, subject).await?;
        self.screen(subject).await?;
        let package = self.draft(subject).await?;
        self.dispatch(package, folder).await?;
        Ok((premises, package))
    }
}

/// A record as its own type.
fn typed<R: Record + TryFrom<AnyRecord>>(record: AnyRecord) -> Result<R> {
    let number = record.head().number.clone();
    R::try_from(record).map_err(|_| anyhow!("{number} is no {}", R::KIND.label()))
}

/// The calendar day of a moment, UTC.
fn day(at: Timestamp) -> String {
    jiff::tz::TimeZone::UTC.to_datetime(at).date().to_string()
}
