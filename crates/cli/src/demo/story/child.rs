//! Children at risk, and what is done until they are safe.

use anyhow::Result;
use pendeen_casework::record::Kind;

use super::Story;
use crate::demo::people::AGENCY;
use crate::demo::walk::Ref;

impl Story<'_, '_> {
    /// A child is recorded as at risk.
    pub async fn child(
        &mut self,
        case: Ref,
        relation: &str,
        age: &str,
        immediate: bool,
    ) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let mut fields = vec![
            ("case", case.to_string()),
            ("name", "Child of the demo".to_owned()),
            ("age", age.to_owned()),
            ("relation", relation.to_owned()),
            ("concern", "Regular unsupervised contact with the suspect.".to_owned()),
            ("known_since", self.moment(-2)),
        ];
        if immediate {
            fields.push(("immediate_risk", "yes".to_owned()));
        }
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.walk.make(oic, Kind::Child, &fields).await
    }

    /// The child is protected, step by step, with Children's Services.
    pub async fn protect(&mut self, child: Ref) -> Result<()> {
        let officer = self.people.in_force("safeguarding", self.cast.force)?;
        let steps = [
            ("referral", "Referred to the local authority's duty team, reference CS-1044."),
            ("strategy_discussion", "Held the same day with health and education."),
            ("enquiry", "Section 47 enquiry opened; no contact agreed with the family."),
        ];
        for (step, note) in steps {
            self.walk.wait(3);
            let at = self.moment(-1);
            let mut fields = vec![("step", step), ("at", &*at), ("note", note)];
            if step == "referral" {
                // Devon's Children's Services have an account in the demo.
                fields.push(("agency", AGENCY));
            }
            self.walk.act(officer, child, "take_step", &fields).await?;
        }
        self.walk
            .act(
                officer,
                child,
                "lift_immediate_risk",
                &[("reason", "The suspect is out of the home.")],
            )
            .await?;
        self.walk.act(officer, child, "safeguard", &[]).await?;
        let support =
            [("support", "Family offered the Lucy Faithfull Foundation's service, accepted.")];
        self.walk.act(officer, child, "offer_support", &support).await?;
        Ok(())
    }

    /// The child is referred and declared safeguarded.
    pub async fn safeguard(&mut self, child: Ref, immediate: bool) -> Result<()> {
        let officer = self.people.in_force("safeguarding", self.cast.force)?;
        let told = [
            ("step", "referral"),
            ("at", &*self.moment(0)),
            ("note", "Referred to the local authority's duty team."),
        ];
        self.walk.act(officer, child, "take_step", &told).await?;
        self.walk.wait(6);
        if immediate {
            let why = [("reason", "The suspect is out of the home.")];
            self.walk.act(officer, child, "lift_immediate_risk", &why).await?;
        }
        self.walk.act(officer, child, "safeguard", &[]).await?;
        Ok(())
    }
}
