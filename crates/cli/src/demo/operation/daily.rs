//! The daily work around the cases of the full operation: teams, tasks, documents, bodies that
//! must be told, packages that are finished. None of it is counted in a figure.

use anyhow::Result;
use pendeen_casework::force::ForceKey;

use super::Operation;
use crate::demo::people::short;
use crate::demo::story::Story;
use crate::demo::walk::Ref;

/// Forces that keep a team: each fifth.
const TEAM_IN_EVERY: usize = 5;

impl Operation<'_, '_> {
    /// A force of these keeps a team whose members have skills.
    pub(super) async fn team(&mut self, index: usize, force: ForceKey) -> Result<()> {
        if index % TEAM_IN_EVERY != TEAM_IN_EVERY - 1 {
            return Ok(());
        }
        let short = short(force.force());
        let desk = self.people.in_force("desk", &short)?;
        let about = [
            ("name", "Lantern visits"),
            ("purpose", "Searches, first examinations and contact with families."),
        ];
        let team = self.walk.make(desk, pendeen_casework::record::Kind::Team, &about).await?;
        for (work, skills) in [
            ("oic", ["search", "suspect_interviews"]),
            ("examiner", ["phones", "computers"]),
            ("safeguarding", ["child_interviews", "family_liaison"]),
        ] {
            let member = self.people.in_force(work, &short)?.id.0.to_string();
            let [first, second] = skills;
            let fields = [("member", &*member), (first, "yes"), (second, "yes")];
            self.walk.act(desk, team, "set_member", &fields).await?;
        }
        Ok(())
    }
}

impl Story<'_, '_> {
    /// What surrounds some cases: by the number of the suspect, a task, a document, a body to be
    /// told; where the suspect has a position of trust, that always.
    pub(super) async fn daily(&mut self, number: usize, case: Ref) -> Result<()> {
        match number % 24 {
            3 => {
                self.task(case, "Ask the employer for the duty rosters of the last year", 6)
                    .await?;
            }
            11 => self.task(case, "Take a statement from the occupier", 90).await?,
            17 => self.paper(case).await?,
            _ => {}
        }
        if self.cast.trust.is_some() {
            let told = self.owe_notification(case).await?;
            if !number.is_multiple_of(3) {
                self.make_notification(told).await?;
            }
        }
        Ok(())
    }
}
