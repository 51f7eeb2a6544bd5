//! The full operation around the hand-written thread: 45 forces, as much work as was published.
//!
//! In: the targets of every force ([`mod@targets`]), less what the thread has made already, which is
//! counted from its records. Out: suspects, each walked by the same stages as the thread's
//! ([`super::story`]), through the same rules, in bulk. Then what is still to do: packages nobody has
//! read, warrants about to expire, children who wait, requests at every desk.

mod daily;
mod invented;
mod suspect;
mod targets;
mod waiting;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::figure::{Figure, Part};
use pendeen_casework::force::ForceKey;
use pendeen_store::Store;

use super::people::{People, short};
use super::walk::Walk;
use invented::Invented;
use suspect::Suspect;
use targets::{OUTSIDE, Target, targets};

/// Versions and leaves that wait at most before they are written.
const WAITING: usize = 12_000;
/// Suspects after whom everything is committed: a crash loses the demo anyway, but a database's
/// journal of a hundredfold operation must not grow without end.
const SUSPECTS_AT_A_TIME: usize = 400;

/// Everything that the operation is made with.
pub struct Operation<'a, 'w> {
    /// The walk.
    pub walk: &'w mut Walk<'a>,
    /// Who acts.
    pub people: &'w People,
    /// The demo's folder.
    pub folder: &'w Path,
    /// The present.
    pub now: Timestamp,
    made: usize,
    exhibits: BTreeMap<ForceKey, usize>,
    bar: ProgressBar,
}

/// Plays the operation, `scale` times as large as the published one.
pub async fn play(
    walk: &mut Walk<'_>,
    people: &People,
    folder: &Path,
    now: Timestamp,
    scale: usize,
) -> Result<()> {
    let (store, within) = (walk.store, walk.operation);
    let targets = remaining(store, targets(scale)?).await?;
    let outside = of_force(store, "arrests", Part::Outside).await?;
    let bar = bar(targets.iter().map(|target| target.arrests).sum());
    let exhibits = BTreeMap::new();
    let mut operation = Operation { walk, people, folder, now, made: 0, exhibits, bar };
    operation.walk.bulk = Some(store.bulk().await?);
    for (index, target) in targets.iter().enumerate() {
        operation.force(target).await?;
        operation.team(index, target.force).await?;
    }
    operation.national().await?;
    let (key, arrests) = OUTSIDE;
    let force = ForceKey::parse(key).context("the force of the work outside")?;
    let done = outside.get(&force).copied().unwrap_or(0);
    operation.walk.operation = None;
    for _ in done..arrests * scale {
        operation.outside(force).await?;
    }
    operation.walk.operation = within;
    if let Some(bulk) = operation.walk.bulk.take() {
        bulk.commit().await?;
    }
    operation.bar.finish_and_clear();
    Ok(())
}

impl Operation<'_, '_> {
    /// Everything that a force has.
    async fn force(&mut self, target: &Target) -> Result<()> {
        let force = target.force.force();
        self.bar.set_message(force.name);
        let suspects = target.arrests;
        let mut child = 0;
        for index in 0..suspects {
            let part = |total: usize| part(total, suspects, index);
            let children = part(target.children);
            let suspect = Suspect {
                rso: part(target.rso) > 0,
                second_addresses: part(target.properties - target.arrests),
                devices: part(target.devices),
                backlog: part(target.seized - target.devices),
                immediate: (child..child + children)
                    .map(|c| self::part(target.immediate, target.children, c) > 0)
                    .collect(),
                charged: part(target.charged) > 0,
                bailed: target.all_on_bail || self.made % 11 != 3,
            };
            child += children;
            self.arrested(target.force, &suspect).await?;
            self.bar.inc(1);
            self.keep().await?;
        }
        self.waiting(target.force).await
    }

    /// A story about the next invented person, in a force, that began some days ago.
    fn begin(&mut self, force: ForceKey, days: i64) -> (Invented, String) {
        self.made += 1;
        self.walk.now = self.now - SignedDuration::from_hours(24 * days)
            + SignedDuration::from_mins(i64::try_from(self.made * 17 % 600).unwrap_or(0));
        (invented::person(self.made), short(force.force()))
    }

    /// The number of the next exhibit of a force.
    fn next_exhibit(&mut self, force: ForceKey) -> u32 {
        let number = self.exhibits.entry(force).or_insert(100);
        *number += 1;
        u32::try_from(*number).unwrap_or(u32::MAX)
    }

    /// Writes what waits where it is much, and commits now and then.
    async fn keep(&mut self) -> Result<()> {
        let Some(mut bulk) = self.walk.bulk.take() else { return Ok(()) };
        if self.made.is_multiple_of(SUSPECTS_AT_A_TIME) {
            bulk.commit().await?;
            bulk = self.walk.store.bulk().await?;
        } else if bulk.waiting() > WAITING {
            bulk.flush().await?;
        }
        self.walk.bulk = Some(bulk);
        Ok(())
    }
}

/// The part of a total that falls to one of `of` in turn; all parts add up to it.
fn part(total: usize, of: usize, index: usize) -> usize {
    let up_to = |index: usize| (total * index).checked_div(of).unwrap_or(0);
    up_to(index + 1) - up_to(index)
}

/// The targets without what was counted already.
async fn remaining(store: &Store, targets: Vec<Target>) -> Result<Vec<Target>> {
    let count = |key| of_force(store, key, Part::InsideAny);
    let (arrests, rso) = (count("arrests").await?, count("arrests_rso").await?);
    let (properties, devices) =
        (count("properties_searched").await?, count("devices_examined").await?);
    let (seized, charged) = (count("exhibits").await?, count("charged").await?);
    let children = count("children_safeguarded").await?;
    let immediate = count("children_at_immediate_risk").await?;
    let left = targets.into_iter().map(|t| {
        let less = |wanted: usize, counted: &BTreeMap<ForceKey, usize>| {
            wanted.saturating_sub(counted.get(&t.force).copied().unwrap_or(0))
        };
        Target {
            arrests: less(t.arrests, &arrests),
            rso: less(t.rso, &rso),
            properties: less(t.properties, &properties),
            devices: less(t.devices, &devices),
            seized: less(t.seized, &seized),
            children: less(t.children, &children),
            immediate: less(t.immediate, &immediate),
            charged: less(t.charged, &charged),
            ..t
        }
    });
    Ok(left.collect())
}

/// One figure by force.
async fn of_force(store: &Store, key: &str, part: Part) -> Result<BTreeMap<ForceKey, usize>> {
    let figure = Figure::from_key(key).with_context(|| format!("no figure is called {key}"))?;
    let counted = store.figure_by_force(figure, part).await?;
    let known = counted.into_iter().filter_map(|(force, count)| Some((force?, count)));
    known.map(|(force, count)| Ok((force, usize::try_from(count)?))).collect()
}

fn bar(suspects: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("demo: {bar:30} {pos}/{len} suspects, {msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::try_from(suspects).unwrap_or(u64::MAX)).with_style(style)
}
