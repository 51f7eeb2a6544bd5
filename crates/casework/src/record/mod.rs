//! The records of the operation, one file per kind.
//!
//! Each kind is a typed struct with explicit states. A person moves a record only by an
//! [`Act`]: [`Record::apply`] checks the state, the fields and the rules, and either changes
//! the record or answers with a [`Refusal`] that says what is missing and who can supply it.
//! Whether that person may act at all is decided elsewhere ([`crate::permission`]); keeping
//! the result, its earlier versions and its audit leaf is the store's work.
//!
//! To add a kind: a file here, a line in `records!`, its rules in `policies/`.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::form::{Field, Fields, Refusal};
use crate::person::PersonId;

#[macro_use]
mod vocabulary;

mod act;
pub mod common;
mod correction;
pub mod difference;
mod head;
mod id;
pub mod mark;
mod need;
pub mod numbers;
pub mod restriction;
mod shown;
pub mod sign;
pub mod support;
mod ties;

#[cfg(test)]
pub(crate) mod testing;

pub use act::{Act, ActContext, create, perform, second_person};
pub use head::{Head, Restriction, Reviewed};
pub use id::Id;
pub use need::{Erases, Link, Need, Related};
pub use shown::{Detail, Facet, Next, Urgency};
pub use sign::Signing;
pub use vocabulary::{
    Basis, CASE, Colleague, Finding, Lines, OPERATION, REASON, Signed, StateSpec, day, end_of,
    link, links, moment, months_after, uk_date,
};

/// What a person is told who names a record that is not there or not theirs to see.
pub(crate) const NOT_SEEN: &str = "choose a record that exists and that you may see";

/// A record of the operation.
pub trait Record:
    Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static
{
    /// Its kind.
    const KIND: Kind;
    /// What making a new one asks for.
    const CREATE: &'static [Field];
    /// What can be done to it.
    const ACTS: &'static [Act];
    /// Its states and the steps between them; a new record is in the first.
    const STATES: &'static [StateSpec];
    /// The states in which what it was made with is corrected no more: somebody has signed it,
    /// or it has gone out. What was wrong is then superseded by an act of the kind.
    const SEALED: &'static [&'static str] = &[];
    /// Which steps two persons must take, as pairs of paths in the stored body at which two
    /// different persons stand. Acts refuse one person for both; so does the database itself.
    const FOUR_EYES: &'static [(&'static str, &'static str)] = &[];
    /// The steps that wait for a second person's signature.
    const SIGNINGS: &'static [Signing] = &[];
    /// In which state it is finished, and who reviews then whether it is still needed.
    const REVIEWED: Option<Reviewed> = None;
    /// Whether it is work that belongs to one operation or to none.
    const IN_OPERATION: bool = true;

    /// What every record has.
    fn head(&self) -> &Head;
    /// The same, to change.
    fn head_mut(&mut self) -> &mut Head;
    /// The state's stable name, as stored.
    fn state(&self) -> &'static str;
    /// One line that names it in lists.
    fn title(&self) -> String;
    /// What a page shows of it.
    fn details(&self) -> Vec<Detail>;
    /// Its relations to other records.
    fn links(&self) -> Vec<Link>;
    /// The record that it is a part of: it belongs to the operation of that one, and moves with
    /// it. As a rule the case that it names, or the referral.
    fn part_of(&self) -> Option<Link> {
        self.links().into_iter().find(|link| {
            matches!((link.role, link.kind), ("case", Kind::Case) | ("referral", Kind::Referral))
        })
    }
    /// What lists and figures select it by, beyond state, force and operation.
    fn facets(&self) -> Vec<Facet> {
        Vec::new()
    }
    /// What must happen next, if anything.
    fn next(&self) -> Option<Next>;
    /// The person whose work it is by name, where one was chosen: it stands in that person's My
    /// work and in no colleague's.
    fn assigned(&self) -> Option<PersonId> {
        None
    }
    /// What whoever does what is next must have been trained for, where it takes more than the
    /// role: work is offered to members of teams who have the skill.
    fn skill(&self) -> Option<team::Skill> {
        None
    }
    /// What the rules of an act must know besides the records its fields name.
    fn needs(&self, act: &str) -> Vec<Need> {
        let _ = act;
        Vec::new()
    }
    /// What the rules of making one must know besides the records that the form names.
    fn create_needs(fields: &Fields) -> Vec<Need> {
        let _ = fields;
        Vec::new()
    }
    /// Whether the act (or `create`) joins the records that this one links, or parts them again:
    /// a combination (Data Protection Act 2018 s.62), logged about each of them.
    fn joins(&self, act: &str) -> bool {
        let _ = act;
        false
    }
    /// To whom the act that has just been done gave what the record holds, where it was a
    /// disclosure (Data Protection Act 2018 s.62): the audit log names the recipient.
    fn disclosed_to(&self, act: &str) -> Option<String> {
        let _ = act;
        None
    }
    /// What the act erases for good, once the rules allow it: another record, whose content the
    /// store empties in the same transaction.
    fn erases(&self, act: &str) -> Option<Erases> {
        let _ = act;
        None
    }
    /// A new record from filled-in fields; the context holds the records that they name.
    fn create(head: Head, context: &ActContext<'_>) -> Result<Self, Refusal>;
    /// Does an act; a refusal changes nothing that is kept.
    /// Callers go through [`perform`], which checks state and required fields first.
    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal>;
}

/// Defines the modules, [`Kind`] and [`AnyRecord`] from one list.
macro_rules! records {
    ($($module:ident :: $Type:ident, $key:literal, $prefix:literal, $label:literal, $plural:literal;)*) => {
        $(pub mod $module;)*

        /// The kinds of record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $(#[doc = $label] $Type,)*
        }

        impl Kind {
            /// Every kind, in the order of the flow.
            pub const ALL: &'static [Self] = &[$(Self::$Type,)*];

            /// Stable key: in the database, addresses and policies.
            pub fn key(self) -> &'static str {
                match self { $(Self::$Type => $key,)* }
            }
            /// What its numbers begin with.
            pub fn prefix(self) -> &'static str {
                match self { $(Self::$Type => $prefix,)* }
            }
            /// What a person calls one.
            pub fn label(self) -> &'static str {
                match self { $(Self::$Type => $label,)* }
            }
            /// What a person calls several.
            pub fn plural(self) -> &'static str {
                match self { $(Self::$Type => $plural,)* }
            }
            /// What making a new one asks for.
            pub fn create_fields(self) -> &'static [Field] {
                match self { $(Self::$Type => {
                    static FIELDS: LazyLock<Vec<Field>> =
                        LazyLock::new(restriction::create_fields::<$module::$Type>);
                    &FIELDS
                })* }
            }
            /// The states it passes through; a new record is in the first.
            pub fn states(self) -> &'static [StateSpec] {
                match self { $(Self::$Type => <$module::$Type as Record>::STATES,)* }
            }
            /// See [`Record::REVIEWED`].
            pub fn reviewed(self) -> Option<Reviewed> {
                match self { $(Self::$Type => <$module::$Type as Record>::REVIEWED,)* }
            }
            /// Pairs of paths in a stored body at which one person must never stand twice.
            pub fn four_eyes(self) -> impl Iterator<Item = (&'static str, &'static str)> {
                let own = match self { $(Self::$Type => <$module::$Type as Record>::FOUR_EYES,)* };
                own.iter().copied().chain([("head.author", "head.approver")])
            }
            /// The steps that wait for a second person's signature.
            pub fn signings(self) -> &'static [Signing] {
                match self { $(Self::$Type => <$module::$Type as Record>::SIGNINGS,)* }
            }
            /// What can be done to one: the kind's own acts, then those of every kind.
            pub fn acts(self) -> &'static [Act] {
                match self { $(Self::$Type => {
                    static ACTS: LazyLock<Vec<Act>> = LazyLock::new(common::acts::<$module::$Type>);
                    &ACTS
                })* }
            }
        }

        /// A record whose kind is known only when the program runs.
        #[derive(Debug, Clone)]
        pub enum AnyRecord {
            $(#[doc = $label] $Type($module::$Type),)*
        }

        $(impl From<$module::$Type> for AnyRecord {
            fn from(record: $module::$Type) -> Self {
                Self::$Type(record)
            }
        })*

        $(impl TryFrom<AnyRecord> for $module::$Type {
            type Error = AnyRecord;
            fn try_from(record: AnyRecord) -> Result<Self, AnyRecord> {
                match record {
                    AnyRecord::$Type(record) => Ok(record),
                    other => Err(other),
                }
            }
        })*

        impl AnyRecord {
            /// Reads a stored body.
            pub fn from_json(kind: Kind, body: serde_json::Value) -> Result<Self, serde_json::Error> {
                match kind { $(Kind::$Type => serde_json::from_value(body).map(Self::$Type),)* }
            }
            /// The body as stored.
            pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $(Self::$Type(r) => serde_json::to_value(r),)* }
            }
            /// The same as text, with its fields in the order of the record: what is kept.
            pub fn to_text(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$Type(r) => serde_json::to_string(r),)* }
            }
            /// A new record of a kind.
            pub fn create(kind: Kind, head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
                match kind { $(Kind::$Type => create::<$module::$Type>(head, context).map(Self::$Type),)* }
            }
            /// See [`perform`].
            pub fn perform(&self, act: &str, context: &ActContext<'_>) -> Result<Self, Refusal> {
                match self { $(Self::$Type(r) => perform(r, act, context).map(Self::$Type),)* }
            }
            /// See [`Record::disclosed_to`].
            pub fn disclosed_to(&self, act: &str) -> Option<String> {
                match self { $(Self::$Type(r) => r.disclosed_to(act),)* }
            }
            /// See [`Record::erases`].
            pub fn erases(&self, act: &str) -> Option<Erases> {
                match self { $(Self::$Type(r) => r.erases(act),)* }
            }
            /// What the rules of an act must know besides the records its fields name.
            pub fn needs(&self, act: &str) -> Vec<Need> {
                match self { $(Self::$Type(r) => common::needs(r, act),)* }
            }
            /// See [`Record::create_needs`].
            pub fn create_needs(kind: Kind, fields: &Fields) -> Vec<Need> {
                match kind { $(Kind::$Type => <$module::$Type as Record>::create_needs(fields),)* }
            }
            /// See [`Record::joins`].
            pub fn joins(&self, act: &str) -> bool {
                match self { $(Self::$Type(r) => r.joins(act),)* }
            }
            /// See [`Record::part_of`].
            pub fn part_of(&self) -> Option<Link> {
                match self { $(Self::$Type(r) => r.part_of(),)* }
            }
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$Type(_) => Kind::$Type,)* }
            }
            /// See [`Record::head`].
            pub fn head(&self) -> &Head {
                match self { $(Self::$Type(r) => r.head(),)* }
            }
            /// See [`Record::head_mut`].
            pub fn head_mut(&mut self) -> &mut Head {
                match self { $(Self::$Type(r) => r.head_mut(),)* }
            }
            /// See [`Record::state`].
            pub fn state(&self) -> &'static str {
                match self { $(Self::$Type(r) => r.state(),)* }
            }
            /// See [`Record::title`].
            pub fn title(&self) -> String {
                match self { $(Self::$Type(r) => r.title(),)* }
            }
            /// See [`Record::details`].
            pub fn details(&self) -> Vec<Detail> {
                match self { $(Self::$Type(r) => r.details(),)* }
            }
            /// See [`Record::links`].
            pub fn links(&self) -> Vec<Link> {
                match self { $(Self::$Type(r) => r.links(),)* }
            }
            /// See [`Record::facets`]; with the skill that what is next takes, as `skill`.
            pub fn facets(&self) -> Vec<Facet> {
                let mut facets = match self { $(Self::$Type(r) => r.facets(),)* };
                facets.extend(self.skill().map(|skill| Facet::new("skill", skill.key())));
                facets
            }
            /// See [`Record::skill`].
            pub fn skill(&self) -> Option<team::Skill> {
                match self { $(Self::$Type(r) => r.skill(),)* }
            }
            /// See [`Record::assigned`].
            pub fn assigned(&self) -> Option<PersonId> {
                match self { $(Self::$Type(r) => r.assigned(),)* }
            }
            /// What must happen next: see [`Record::next`]; of a finished record, its review.
            pub fn next(&self) -> Option<Next> {
                let own = match self { $(Self::$Type(r) => r.next(),)* };
                own.or_else(|| retention_review::due(self.kind(), self.head()))
            }
        }
    };
}

records! {
    operation::Operation, "operation", "OPN", "Operation", "Operations";
    referral::Referral, "referral", "REF", "Referral", "Referrals";
    observation::Observation, "observation", "OBS", "Observation", "Observations";
    attribution::AttributionRequest, "attribution", "ATT", "Attribution request", "Attribution requests";
    subject::Subject, "subject", "SUB", "Subject", "Subjects";
    sensitive::SensitivePersonCheck, "sensitive_check", "SPC", "Sensitive-person check", "Sensitive-person checks";
    package::Package, "package", "PKG", "Intelligence package", "Intelligence packages";
    case::Case, "case", "CAS", "Case", "Cases";
    premises::Premises, "premises", "PRM", "Premises", "Premises";
    warrant::Warrant, "warrant", "WAR", "Warrant", "Warrants";
    search::Search, "search", "SRC", "Search", "Searches";
    arrest::Arrest, "arrest", "ARR", "Arrest or voluntary attendance", "Arrests and voluntary attendances";
    charge::Charge, "charge", "CHG", "Charge", "Charges";
    exhibit::Exhibit, "exhibit", "EXH", "Exhibit", "Exhibits";
    examination::Examination, "examination", "EXM", "Examination", "Examinations";
    grading::Grading, "grading", "GRD", "Grading", "Gradings";
    child::Child, "child", "CHD", "Child", "Children";
    notification::Notification, "notification", "NOT", "Notification", "Notifications";
    nominal::Nominal, "nominal", "NOM", "Person", "People";
    same_person::SamePerson, "same_person", "SAM", "Statement of the same person", "Statements of the same person";
    vehicle::Vehicle, "vehicle", "VEH", "Vehicle", "Vehicles";
    device::Device, "device", "DEV", "Device known of", "Devices known of";
    event::Event, "event", "EVT", "Event", "Events";
    action::Action, "action", "ACT", "Action", "Actions";
    paper::Paper, "paper", "DOC", "Document", "Documents";
    team::Team, "team", "TEA", "Team", "Teams";
    release::FiguresRelease, "figures_release", "FIG", "Figures release", "Figures releases";
    circle::Circle, "circle", "CIR", "Circle of need to know", "Circles of need to know";
    break_glass::BreakGlass, "break_glass", "BRK", "Access in an emergency", "Accesses in an emergency";
    retention_review::RetentionReview, "retention_review", "RET", "Retention review", "Retention reviews";
}

impl Kind {
    /// The kind with this key, if there is one.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.key() == key)
    }
}
