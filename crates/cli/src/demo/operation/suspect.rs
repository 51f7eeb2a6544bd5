//! One suspect of the full operation, from the report to the examined devices.

use anyhow::Result;
use pendeen_casework::force::ForceKey;

use super::Operation;
use super::invented::{self, Invented};
use crate::demo::story::{Cast, Simulated, Story};
use crate::demo::walk::Ref;

/// What a suspect's case comes to.
pub struct Suspect {
    /// Registered sex offender.
    pub rso: bool,
    /// Premises searched besides the home.
    pub second_addresses: usize,
    /// Devices examined.
    pub devices: usize,
    /// Things seized and not examined yet.
    pub backlog: usize,
    /// Children safeguarded, and whether each was at immediate risk.
    pub immediate: Vec<bool>,
    /// Charged.
    pub charged: bool,
    /// On police bail, unless charged.
    pub bailed: bool,
}

/// Kinds of device, and what an officer calls one.
const DEVICES: [(&str, &str); 8] = [
    ("phone", "Phone"),
    ("laptop", "Laptop"),
    ("usb_storage", "USB stick"),
    ("hard_drive", "External drive"),
    ("computer", "Desktop computer"),
    ("tablet", "Tablet"),
    ("memory_card", "Memory card"),
    ("optical_disc", "Disc, recordable"),
];

impl Operation<'_, '_> {
    /// A suspect is reported, visited and arrested; devices are seized and examined.
    pub(super) async fn arrested(&mut self, force: ForceKey, suspect: &Suspect) -> Result<()> {
        let days = 22 + i64::try_from(self.made * 29 % 46)?;
        let (person, short) = self.begin(force, days);
        let number = self.made;
        let cast = cast(&person, &short, suspect.rso);
        let folder = self.folder;
        let mut story = Story { walk: &mut *self.walk, people: self.people, cast: &cast };
        let (referral, event) = story.report(number).await?;
        let (premises, package) = story.with_event(&[referral], &event, folder).await?;
        let case = story.open_case(package).await?;
        let search = story.search(case, premises).await?;
        for second in 0..suspect.second_addresses {
            let place = invented::address(40_000 + number * 3 + second);
            let postcode = invented::postcode(40_000 + number * 3 + second);
            let place = story.place(&place, &postcode).await?;
            story.search(case, place).await?;
        }
        // Most return to bail in the days to come; some should have returned already.
        let missed = number % 12 == 5;
        let returns = if missed { 10 } else { days - 4 + i64::try_from(number % 19)? };
        let arrest = story.arrest(case, returns).await?;
        if suspect.charged {
            story.charge(arrest, package).await?;
        } else if !suspect.bailed {
            story.release(arrest).await?;
        } else if number % 7 == 2 {
            story.tell_result(package).await?;
            if number.is_multiple_of(2) {
                story.close_package(package).await?;
            }
        }
        story.daily(number, case).await?;
        for immediate in &suspect.immediate {
            let age = (2 + (number + suspect.devices) % 14).to_string();
            let child = story.child(case, "Child of the household", &age, *immediate).await?;
            story.safeguard(child, *immediate).await?;
        }
        if number % 40 == 9 {
            // Somebody must act: the clock runs.
            story.child(case, "Child of a neighbour", "8", number % 80 == 9).await?;
        }
        self.devices(force, &cast, (case, search), suspect).await
    }

    async fn devices(
        &mut self,
        force: ForceKey,
        cast: &Cast<'_>,
        (case, search): (Ref, Ref),
        suspect: &Suspect,
    ) -> Result<()> {
        for nth in 0..suspect.devices + suspect.backlog {
            let number = self.next_exhibit(force);
            let mixed = usize::try_from(number)? * 31 + nth;
            let (device, what) = DEVICES[mixed % DEVICES.len()];
            let mut story = Story { walk: &mut *self.walk, people: self.people, cast };
            let exhibit = story.seize(case, search, number, device, what).await?;
            let examined = nth < suspect.devices;
            if !examined && mixed % 3 > 0 {
                continue; // In the store, waiting for an examiner.
            }
            let examination = story.queue_examination(exhibit).await?;
            if examined {
                let found = Simulated {
                    items: 400 + u64::try_from(mixed * 7_919 % 90_000)?,
                    gaps: if mixed % 17 == 0 { 2 } else { 0 },
                    known: if mixed % 5 == 0 { u64::try_from(mixed % 60)? } else { 0 },
                };
                story.simulate_examination(exhibit, examination, &found).await?;
            }
        }
        Ok(())
    }

    /// A force's own case, in no operation.
    pub(super) async fn outside(&mut self, force: ForceKey) -> Result<()> {
        let days = 15 + i64::try_from(self.made % 30)?;
        let (person, short) = self.begin(force, days);
        let cast = cast(&person, &short, false);
        let mut story = Story { walk: &mut *self.walk, people: self.people, cast: &cast };
        story.own_case("Local report", days + 20).await
    }
}

/// An invented person as somebody of a story.
pub(super) fn cast<'c>(person: &'c Invented, short: &'c str, rso: bool) -> Cast<'c> {
    Cast {
        name: &person.name,
        born: &person.born,
        address: &person.address,
        postcode: &person.postcode,
        force: short,
        band: person.band,
        trust: person.trust,
        rso,
    }
}
