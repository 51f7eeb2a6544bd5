//! Support: what was offered to a child, a family or somebody else, by whom, and the answer.
//!
//! In: the fields of an act. Out: an [`Offer`]. An offer that was declined is kept as well: that
//! it was made is what somebody asks about. Which services there are differs between places, so
//! the service is named in words, beside what sort of help it is.

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::{ActContext, Signed, day};
use crate::form::{Field, Fields, Input, Refusal};

choices! {
    /// To whom support was offered.
    Whom {
        Child = "child", "The child";
        Parent = "parent", "Parent or carer";
        Sibling = "sibling", "Brother or sister";
        Partner = "partner", "Partner of the suspect";
        Family = "family", "Others of the family";
        Witness = "witness", "Witness";
        Suspect = "suspect", "The suspect";
    }
}

choices! {
    /// What sort of help it is.
    Help {
        VictimService = "victim_service", "Victim or witness service";
        Therapy = "therapy", "Counselling or therapy";
        Health = "health", "Health service";
        School = "school", "Support at school";
        FamilySupport = "family_support", "Support for the family";
        Prevention = "prevention", "Prevention service, such as Stop It Now";
        CrisisLine = "crisis_line", "Crisis or suicide prevention service";
        Other = "other", "Other";
    }
}

choices! {
    /// What the answer was.
    Answer {
        Accepted = "accepted", "Accepted";
        Declined = "declined", "Declined";
        Open = "open", "Not answered yet";
    }
}

/// What the act asks for; only the words must be there.
pub const FIELDS: &[Field] = &[
    Field::required("support", "What was offered, by whom", Input::LongText),
    Field::optional("to", "To whom", Input::Choice(Whom::CHOICES)),
    Field::optional("help", "What sort of help", Input::Choice(Help::CHOICES)),
    Field::optional("offered_on", "When", Input::Date),
    Field::optional("answer", "Answer", Input::Choice(Answer::CHOICES)),
];

/// One offer of support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct Offer {
    /// What was offered, by whom, in words.
    pub words: String,
    /// To whom.
    pub to: Option<Whom>,
    /// What sort of help.
    pub help: Option<Help>,
    /// On which day.
    pub on: Option<civil::Date>,
    /// The answer.
    pub answer: Option<Answer>,
    /// Recorded by whom, when; offers kept as words alone do not say.
    pub signed: Option<Signed>,
}

/// Offers were once kept as their words alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Words(String),
    Offer {
        words: String,
        to: Option<Whom>,
        help: Option<Help>,
        on: Option<civil::Date>,
        answer: Option<Answer>,
        signed: Option<Signed>,
    },
}

impl From<Kept> for Offer {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Words(words) => {
                Self { words, to: None, help: None, on: None, answer: None, signed: None }
            }
            Kept::Offer { words, to, help, on, answer, signed } => {
                Self { words, to, help, on, answer, signed }
            }
        }
    }
}

impl Offer {
    /// Reads [`FIELDS`].
    pub fn read(context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        let on = fields.if_given("offered_on", Fields::date)?;
        if on.is_some_and(|on| on > super::uk_date(context.at)) {
            return Err(Refusal::field("offered_on", "enter a day that is not in the future"));
        }
        Ok(Self {
            words: fields.text("support")?,
            to: fields.if_given("to", Fields::choice)?,
            help: fields.if_given("help", Fields::choice)?,
            on,
            answer: fields.if_given("answer", Fields::choice)?,
            signed: Some(Signed::now(context)),
        })
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let about = [
            self.to.map(|to| to.label().to_owned()),
            self.help.map(|help| help.label().to_owned()),
            self.on.map(day),
            self.answer.map(|answer| answer.label().to_lowercase()),
        ];
        let about: Vec<_> = about.into_iter().flatten().collect();
        f.write_str(&self.words)?;
        if about.is_empty() { Ok(()) } else { write!(f, " ({})", about.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_kept_as_words_alone_can_still_be_read() {
        let old: Vec<Offer> = serde_json::from_str(r#"["Victim service, by DC E"]"#).unwrap();
        assert_eq!(old[0].to_string(), "Victim service, by DC E");
        let new = serde_json::to_string(&old).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Offer>>(&new).unwrap(), old);
    }
}
