//! Access in an emergency: somebody opened, by its number and with a reason, a record that they
//! do not see otherwise.
//!
//! States: opened -> reviewed, as justified or not, by another person. Whether the number led
//! to a record and whether the person's role may break the glass at all
//! ([`crate::permission::decide_break_glass`]) is decided by the store, which supplies `opens`;
//! the person gets the same answer either way, and the alarm is raised either way, so that
//! guessing numbers tells nothing and does not go unseen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Act, ActContext, Detail, Facet, Head, Kind, Lines, Link, Next, REASON, Record, Signed, Signing, Urgency,
    moment, second_person,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::{PersonId, Role};

states! {
    /// Where an access stands.
    Opened = "opened" => [Reviewed], "Somebody broke the glass; another person must look at why.";
    Reviewed = "reviewed" => [], "Another person found it justified or not.";
}

choices! {
    /// What the review found.
    Finding {
        Justified = "justified", "Justified";
        NotJustified = "not_justified", "Not justified";
    }
}

/// The same whether or not there is such a record.
const TO_OPEN: &str = "Search for the number. If there is such a record and your role may open it \
                       in an emergency, it is found until then.";

/// The facet that holds who broke the glass: how the store finds what a person has open.
pub const BY: &str = "glass_broken_by";

/// An access in an emergency.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BreakGlass {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The number that was asked for, as typed.
    pub number: String,
    /// Why.
    pub reason: String,
    /// The record that it opened; none where the number led nowhere or the role opens nothing.
    pub opens: Option<Uuid>,
    /// Until when the record is open, UTC.
    pub until: Timestamp,
    /// By when the review is due, UTC.
    pub review_by: Timestamp,
    /// What the review found, why, by whom.
    pub review: Option<(Finding, String, Signed)>,
}

impl Record for BreakGlass {
    standing!();
    const KIND: Kind = Kind::BreakGlass;
    const SEALED: &'static [&'static str] = &["opened", "reviewed"];
    const IN_OPERATION: bool = false;
    const CREATE: &'static [Field] = &[
        Field::required("number", "Number of the record", Input::Text)
            .hint("As you were given it, such as CAS-7K3M9-QXD4Z"),
        Field::required("reason", "Why you must see it now", Input::LongText)
            .hint("Another person reads this and decides whether it was justified"),
        Field::optional("opens", "Record", Input::System),
    ];
    const SIGNINGS: &'static [Signing] = &[
        Signing {
            act: "review",
            refuses: None,
            waits: &["opened"],
            only: None,
            path: "head.approver",
        },
    ];
    const ACTS: &'static [Act] = &[Act {
        name: "review",
        label: "Review this access",
        from: &["opened"],
        fields: &[
            Field::required("finding", "The access was", Input::Choice(Finding::CHOICES)),
            REASON,
        ],
    }];

    fn title(&self) -> String {
        format!("{} opened {} in an emergency", self.head.author_name, self.number)
    }

    fn details(&self) -> Vec<Detail> {
        let review = self.review.as_ref();
        Lines::new()
            .line("Number of the record", &self.number)
            .line("Why", &self.reason)
            .line("Open until", moment(self.until))
            .line("To open it", TO_OPEN)
            .each("Found to be", review.map(|(finding, why, by)| format!("{finding}. {why}\n{by}")))
            .done()
    }

    fn links(&self) -> Vec<Link> {
        // A link would tell whoever reviews whether the record exists.
        Vec::new()
    }

    fn facets(&self) -> Vec<Facet> {
        let found = self.review.as_ref().map(|(finding, ..)| Facet::new("finding", finding.key()));
        let by = Facet::new(BY, self.head.author.0.to_string());
        found.into_iter().chain([by]).collect()
    }

    fn next(&self) -> Option<Next> {
        (self.state == State::Opened).then(|| Next {
            role: Role::Coordinator,
            what: "Review this access in an emergency".to_owned(),
            due: Some(self.review_by),
            urgency: Urgency::VeryHigh,
        })
    }

    fn create(head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, settings) = (context.fields, &context.settings.break_glass);
        let after =
            |span: jiff::SignedDuration| head.created.checked_add(span).unwrap_or(Timestamp::MAX);
        Ok(Self {
            state: State::Opened,
            number: fields.text("number")?,
            reason: fields.text("reason")?,
            opens: fields.if_given("opens", Fields::record)?,
            until: after(jiff::SignedDuration::from_mins(settings.open_for_minutes.get().into())),
            review_by: after(settings.review_within_hours.hours()),
            review: None,
            head,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        if act != "review" {
            return Err(Refusal::UnknownAct(act.to_owned()));
        }
        second_person("the review", self.head.author, &self.head.author_name, context.by)?;
        let (finding, why) = (context.fields.choice("finding")?, context.fields.text("reason")?);
        self.head.approver = Some(context.by.id);
        self.review = Some((finding, why, Signed::now(context)));
        self.state = State::Reviewed;
        Ok(())
    }
}

impl BreakGlass {
    /// The record that is open to this person at this moment because of it.
    pub fn opened(&self, to: PersonId, at: Timestamp) -> Option<Uuid> {
        self.opens.filter(|_| self.head.author == to && self.head.created <= at && at < self.until)
    }
}
