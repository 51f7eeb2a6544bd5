//! The contacts at which a suspect's risk of suicide is assessed, and the assessments made.
//!
//! An assessment is due at the search, the arrest or attendance, each interview, each bail date
//! and the charge. In: contacts as they happen. Out: the assessments made, with who made
//! them, and those still due. An assessment answers everything that is due by its moment; one
//! made on answering bail answers the bail date, early or late.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::form::{Field, Fields, Input, Refusal};
use crate::record::{ActContext, Signed, moment};

choices! {
    /// How high the risk of suicide is thought to be.
    SuicideRisk {
        High = "high", "High";
        Medium = "medium", "Medium";
        Low = "low", "Low";
    }
}

/// One assessment of the risk of suicide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskAssessment {
    /// At which contact: the act's name, or `arrest`.
    pub contact: String,
    /// How high.
    pub risk: SuicideRisk,
    /// What was seen and done.
    pub note: String,
    /// Support or prevention services were offered.
    pub support_offered: bool,
    /// By whom, when; none in records that did not keep it for the first.
    pub signed: Option<Signed>,
}

/// An assessment that a contact asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Which contact.
    pub contact: String,
    /// When it is, UTC.
    pub at: Timestamp,
}

/// How high, where the contact cannot be recorded without it.
pub const RISK: Field = Field::required(
    "suicide_risk",
    "Risk of suicide at this contact",
    Input::Choice(SuicideRisk::CHOICES),
);
/// What was seen, likewise.
pub const RISK_NOTE: Field =
    Field::required("risk_note", "What was seen and done about it", Input::LongText);
/// How high, where the assessment may follow: it is then due.
pub const RISK_IF_MADE: Field = Field {
    required: false,
    hint: "Leave empty where the assessment is still to be made: it is then due",
    ..RISK
};
/// What was seen, likewise.
pub const NOTE_IF_MADE: Field = Field { required: false, ..RISK_NOTE };
/// Whether support was offered at this contact.
pub const SUPPORT: Field =
    Field::optional("support_offered", "Support and prevention services offered", Input::Tick);

impl RiskAssessment {
    /// Reads the fields above; none where the assessment is left for later.
    pub fn read(contact: &str, context: &ActContext<'_>) -> Result<Option<Self>, Refusal> {
        let fields = context.fields;
        let Some(risk) = fields.if_given("suicide_risk", Fields::choice)? else {
            return match fields.get("risk_note") {
                Some(_) => Err(Refusal::field("suicide_risk", "say how high the risk is")),
                None => Ok(None),
            };
        };
        Ok(Some(Self {
            contact: contact.to_owned(),
            risk,
            note: fields.text("risk_note")?,
            support_offered: fields.ticked("support_offered"),
            signed: Some(Signed::now(context)),
        }))
    }
}

impl std::fmt::Display for RiskAssessment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let contact = self.contact.replace('_', " ");
        write!(f, "{} ({contact}): {}", self.risk, self.note)?;
        if self.support_offered {
            f.write_str(". Support offered")?;
        }
        self.signed.as_ref().map_or(Ok(()), |signed| write!(f, ". By {signed}"))
    }
}

impl std::fmt::Display for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.contact, moment(self.at))
    }
}

/// The bail date as a contact.
pub const BAIL_DATE: &str = "bail date";
/// An interview as a contact.
pub const INTERVIEW: &str = "interview";

/// Takes off the list what an assessment made at `now` answers.
pub fn answer(due: &mut Vec<Due>, contact: &str, now: Timestamp) {
    let answers_bail = contact == "answer_bail";
    due.retain(|one| one.at > now && !(answers_bail && one.contact == BAIL_DATE));
}

/// Puts the bail date on the list, in place of an earlier one; takes it off where bail ends.
pub fn bail_date(due: &mut Vec<Due>, returns: Option<Timestamp>) {
    due.retain(|one| one.contact != BAIL_DATE);
    due.extend(returns.map(|at| Due { contact: BAIL_DATE.to_owned(), at }));
}
