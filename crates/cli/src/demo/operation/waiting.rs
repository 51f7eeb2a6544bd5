//! Work that waits for somebody: each role finds something to do.

use anyhow::Result;
use pendeen_casework::force::ForceKey;

use super::Operation;
use super::suspect::cast;
use crate::demo::story::{Cast, Story};

/// How far a national story goes before it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    RequestDrafted,
    RequestChecked,
    RequestWithSpoc,
    RequestAuthorised,
    RequestSent,
    Unscreened,
    OnTheList,
    PackageDrafted,
    PackageAssessed,
    PackageAuthorised,
    PackageReturned,
    SentInEmergency,
}

/// Every stop, and how many stories stop there.
const STOPS: [(Stop, usize); 12] = [
    (Stop::RequestDrafted, 4),
    (Stop::RequestChecked, 3),
    (Stop::RequestWithSpoc, 5),
    (Stop::RequestAuthorised, 3),
    (Stop::RequestSent, 3),
    (Stop::Unscreened, 3),
    (Stop::OnTheList, 1),
    (Stop::PackageDrafted, 4),
    (Stop::PackageAssessed, 5),
    (Stop::PackageAuthorised, 3),
    (Stop::PackageReturned, 2),
    (Stop::SentInEmergency, 2),
];

impl Operation<'_, '_> {
    /// What a force has not done yet: a package that nobody has read, and in some forces one
    /// that is read and a warrant that soon runs out.
    pub(super) async fn waiting(&mut self, force: ForceKey) -> Result<()> {
        let folder = self.folder;
        let kinds = if force.as_str() == super::OUTSIDE.0 { 2 } else { 3 };
        for kind in 0..kinds {
            let days = [9, 12, 16][kind];
            let (person, short) = self.begin(force, days);
            let cast = cast(&person, &short, false);
            let number = self.made;
            if kind > 0 && !number.is_multiple_of(3) {
                continue;
            }
            let mut story = Story { walk: &mut *self.walk, people: self.people, cast: &cast };
            let (referral, event) = story.report(number).await?;
            let (premises, package) = story.with_event(&[referral], &event, folder).await?;
            match kind {
                0 => {}
                1 => story.acknowledge(package).await?,
                _ => {
                    let case = story.open_case(package).await?;
                    if !story.under_pace()? {
                        continue;
                    }
                    story.warrant_until(case, premises, self.now, 2).await?;
                }
            }
        }
        Ok(())
    }

    /// What waits at the national desks.
    pub(super) async fn national(&mut self) -> Result<()> {
        let forces = &pendeen_casework::force::FORCES;
        for (stop, count) in STOPS {
            for nth in 0..count {
                let force = forces[(self.made * 7 + nth) % forces.len()].key;
                // Oral authority must be ratified within hours.
                let days = if stop == Stop::SentInEmergency { 4 } else { 10 };
                let (mut person, short) = self.begin(force, days);
                if stop == Stop::OnTheList {
                    "Quentin Zouch".clone_into(&mut person.name);
                }
                let cast = cast(&person, &short, false);
                self.until(&cast, stop).await?;
            }
        }
        Ok(())
    }

    async fn until(&mut self, cast: &Cast<'_>, stop: Stop) -> Result<()> {
        let (number, folder) = (self.made, self.folder);
        let mut story = Story { walk: &mut *self.walk, people: self.people, cast };
        let (referral, event) = story.report(number).await?;
        let subject = story.subject(&[referral]).await?;
        story.background(subject).await?;
        let request = story.draft_request(&event, subject).await?;
        if stop == Stop::RequestDrafted {
            return Ok(());
        }
        story.check_request(&event, request).await?;
        let desks = match stop {
            Stop::RequestChecked => 0,
            Stop::RequestWithSpoc => 1,
            Stop::RequestAuthorised => 2,
            Stop::RequestSent => 3,
            _ => 4,
        };
        if desks < 4 {
            return story.request_as_far_as(request, desks).await;
        }
        story.attribute(request, subject).await?;
        if stop == Stop::Unscreened {
            return story.ask_for_screening(subject).await.map(drop);
        }
        if stop == Stop::SentInEmergency {
            return story.send_in_emergency(subject, folder).await;
        }
        story.screen(subject).await?;
        let package = story.draft_package(subject).await?;
        if matches!(stop, Stop::PackageDrafted | Stop::OnTheList) {
            return Ok(());
        }
        story.assess(package).await?;
        match stop {
            Stop::PackageAuthorised => story.authorise(package).await,
            Stop::PackageReturned => {
                story.dispatch(package, folder).await?;
                story.give_back(package).await
            }
            _ => Ok(()),
        }
    }
}
