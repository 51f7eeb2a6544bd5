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
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::force::ForceKey;
use crate::form::{Field, Fields, Refusal};
use crate::person::{Person, PersonId, Role};
use crate::settings::Settings;

#[macro_use]
mod vocabulary;

#[cfg(test)]
mod testing;

pub use vocabulary::{
    Basis, CASE, Finding, Lines, OPERATION, REASON, Signed, StateSpec, day, end_of, link, links,
    moment, months_after, uk_date,
};

/// What a person is told who names a record that is not there or not theirs to see.
pub(crate) const NOT_SEEN: &str = "choose a record that exists and that you may see";

/// Identifies a record of one kind; ids of different kinds do not mix.
pub struct Id<R> {
    uuid: Uuid,
    kind: PhantomData<fn() -> R>,
}

impl<R> Id<R> {
    /// Wraps a bare identifier; the caller vouches for the kind.
    pub const fn new(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// The bare identifier.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<R> Clone for Id<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Id<R> {}
impl<R> PartialEq for Id<R> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<R> Eq for Id<R> {}
impl<R> fmt::Debug for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}
impl<R> fmt::Display for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}
impl<R> Serialize for Id<R> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}
impl<'de, R> Deserialize<'de> for Id<R> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::new)
    }
}

/// Who may know that a record exists, beyond what role and force allow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restriction {
    /// Role and force decide.
    #[default]
    None,
    /// Only holders of this role, whatever their force; invisible to all others.
    Role(Role),
}

/// What every record has, whatever its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Identifies the record.
    pub id: Uuid,
    /// What people call it, such as `PKG-7K3M9-QXD4Z`: made from the id, so that it tells
    /// nothing about how many others there are.
    pub number: String,
    /// 1 for the first version, one more for each act.
    pub version: u32,
    /// The force whose work it is; none for national work.
    pub force: Option<ForceKey>,
    /// The operation it belongs to, if any.
    pub operation: Option<Id<operation::Operation>>,
    /// Who may know of it.
    pub restriction: Restriction,
    /// Made by the demo, not by work: shown as such wherever it appears.
    pub simulated: bool,
    /// Who made it.
    pub author: PersonId,
    /// The author's name at that time.
    pub author_name: String,
    /// Who approved it, where the kind asks for a second person; never the author.
    pub approver: Option<PersonId>,
    /// When it was made, UTC.
    pub created: Timestamp,
    /// When its present version was made, UTC.
    pub updated: Timestamp,
}

impl Head {
    /// The head of a new record of this kind.
    pub fn new(kind: Kind, id: Uuid, author: &Person, now: Timestamp) -> Self {
        Self {
            id,
            number: number(kind, id),
            version: 1,
            force: author.force,
            operation: None,
            restriction: Restriction::None,
            simulated: false,
            author: author.id,
            author_name: author.name.clone(),
            approver: None,
            created: now,
            updated: now,
        }
    }
}

/// A record's number: the kind's prefix and 50 bits of its id in Crockford's base 32. Of a
/// million records of one kind, two have the same number with a chance of one in 2,000; the
/// store refuses the second, and its maker draws another id.
fn number(kind: Kind, id: Uuid) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = id.as_u128() & ((1 << 50) - 1);
    let digit = |i: u32| char::from(DIGITS[usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0)]);
    let code: String = (0..10).rev().map(digit).collect();
    format!("{}-{}-{}", kind.prefix(), &code[..5], &code[5..])
}

/// A named relation from one record to another, such as a warrant's `case`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What the other record is to this one: `case`, `subject`, `premises`, ...
    pub role: &'static str,
    /// The other record's kind.
    pub kind: Kind,
    /// The other record.
    pub to: Uuid,
}

impl Link {
    /// A link to a typed record.
    pub fn to<R: Record>(role: &'static str, id: Id<R>) -> Self {
        Self { role, kind: R::KIND, to: id.uuid() }
    }
}

/// A property that lists and figures select by, such as `immediate_risk = yes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Stable name.
    pub name: &'static str,
    /// Value.
    pub value: String,
}

impl Facet {
    /// A facet with a text value.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into() }
    }

    /// A facet that is `yes` or `no`.
    pub fn flag(name: &'static str, set: bool) -> Self {
        Self::new(name, if set { "yes" } else { "no" })
    }
}

/// One line of a record as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The label.
    pub label: &'static str,
    /// The text; paragraphs are separated by line feeds.
    pub text: String,
    /// Shown only to those who may [`crate::permission::Action::ViewGuarded`]: a child's name.
    pub guarded: bool,
}

impl Detail {
    /// A line that is always shown.
    pub fn new(label: &'static str, text: impl fmt::Display) -> Self {
        Self { label, text: text.to_string(), guarded: false }
    }
}

/// How pressing something is; the order of My work. A child at immediate risk comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// A child is at immediate risk.
    Immediate,
    /// Risk band very high.
    VeryHigh,
    /// Risk band high.
    High,
    /// Risk band medium, and whatever has no band.
    Medium,
    /// Risk band low.
    Low,
}

/// What must be done next with a record, by whom, by when: a line of somebody's My work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Who does it.
    pub role: Role,
    /// What, as an instruction: "Authorise or return this package".
    pub what: String,
    /// By when, if a clock runs.
    pub due: Option<Timestamp>,
    /// How pressing.
    pub urgency: Urgency,
}

/// Another record that a rule must know before an act, whoever acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// This record.
    Record(Kind, Uuid),
    /// Every record of `kind` whose link called `role` leads to `to`: a subject's
    /// sensitive-person checks, a case's searches.
    LinkedTo {
        /// The kind wanted.
        kind: Kind,
        /// The name of its link.
        role: &'static str,
        /// Where the link leads.
        to: Uuid,
    },
}

/// The records that were asked for by [`Need`]s and record fields, as the store holds them in
/// the transaction of the act. Rules read them; the person who acts need not be able to.
#[derive(Debug, Clone, Default)]
pub struct Related(Vec<AnyRecord>);

impl Related {
    /// From what the store loaded.
    pub fn new(records: Vec<AnyRecord>) -> Self {
        Self(records)
    }

    /// The record of this kind and id, or a refusal that names the field `field`.
    pub fn get<R: Record + TryFrom<AnyRecord>>(&self, field: &str, id: Uuid) -> Result<R, Refusal> {
        self.all::<R>().find(|r| r.head().id == id).ok_or_else(|| Refusal::Field {
            name: field.to_owned(),
            label: R::KIND.label().to_owned(),
            problem: NOT_SEEN.to_owned(),
        })
    }

    /// Every record of one kind.
    pub fn all<R: Record + TryFrom<AnyRecord>>(&self) -> impl Iterator<Item = R> {
        self.0.iter().filter_map(|record| R::try_from(record.clone()).ok())
    }
}

/// An act that a kind of record knows.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// Stable name: in stored history, addresses and policies.
    pub name: &'static str,
    /// What the button says.
    pub label: &'static str,
    /// The states in which it is possible.
    pub from: &'static [&'static str],
    /// What it asks for.
    pub fields: &'static [Field],
}

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
    /// What lists and figures select it by, beyond state, force and operation.
    fn facets(&self) -> Vec<Facet> {
        Vec::new()
    }
    /// What must happen next, if anything.
    fn next(&self) -> Option<Next>;
    /// What the rules of an act must know besides the records its fields name.
    fn needs(&self, act: &str) -> Vec<Need> {
        let _ = act;
        Vec::new()
    }
    /// To whom the act that has just been done gave what the record holds, where it was a
    /// disclosure (Data Protection Act 2018 s.62): the audit log names the recipient.
    fn disclosed_to(&self, act: &str) -> Option<String> {
        let _ = act;
        None
    }
    /// A new record from filled-in fields; the context holds the records that they name.
    fn create(head: Head, context: &ActContext<'_>) -> Result<Self, Refusal>;
    /// Does an act; a refusal changes nothing that is kept.
    /// Callers go through [`perform`], which checks state and required fields first.
    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal>;
}

/// Everything that making a record or an act is done with.
#[derive(Debug, Clone, Copy)]
pub struct ActContext<'a> {
    /// What was filled in.
    pub fields: &'a Fields,
    /// The records that fields and needs name.
    pub related: &'a Related,
    /// Who acts.
    pub by: &'a Person,
    /// When, UTC.
    pub at: Timestamp,
    /// What the force or the operation set for itself.
    pub settings: &'a Settings,
}

/// Makes a record from a filled-in form, after checking the required fields.
pub fn create<R: Record>(head: Head, context: &ActContext<'_>) -> Result<R, Refusal> {
    context.fields.check(R::CREATE)?;
    R::create(head, context).map_err(|refusal| refusal.labelled(R::CREATE))
}

/// The next version of a record after an act; the record itself is not changed.
pub fn perform<R: Record>(record: &R, act: &str, context: &ActContext<'_>) -> Result<R, Refusal> {
    let spec = R::ACTS
        .iter()
        .find(|a| a.name == act)
        .ok_or_else(|| Refusal::UnknownAct(act.to_owned()))?;
    if !spec.from.contains(&record.state()) {
        return Err(Refusal::WrongState {
            act: spec.label.to_owned(),
            record: record.title(),
            state: record.state().replace('_', " "),
        });
    }
    context.fields.check(spec.fields)?;
    let mut after = record.clone();
    after.apply(act, context).map_err(|refusal| refusal.labelled(spec.fields))?;
    after.head_mut().version += 1;
    after.head_mut().updated = context.at;
    Ok(after)
}

/// Refuses that one person takes both of two steps.
pub fn second_person(
    step: &str,
    first: PersonId,
    first_name: &str,
    second: &Person,
) -> Result<(), Refusal> {
    if first == second.id {
        return Err(Refusal::SamePerson { step: step.to_owned(), other: first_name.to_owned() });
    }
    Ok(())
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
                match self { $(Self::$Type => <$module::$Type as Record>::CREATE,)* }
            }
            /// The states it passes through; a new record is in the first.
            pub fn states(self) -> &'static [StateSpec] {
                match self { $(Self::$Type => <$module::$Type as Record>::STATES,)* }
            }
            /// What can be done to one.
            pub fn acts(self) -> &'static [Act] {
                match self { $(Self::$Type => <$module::$Type as Record>::ACTS,)* }
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
            /// See [`Record::needs`].
            pub fn needs(&self, act: &str) -> Vec<Need> {
                match self { $(Self::$Type(r) => r.needs(act),)* }
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
            /// See [`Record::facets`].
            pub fn facets(&self) -> Vec<Facet> {
                match self { $(Self::$Type(r) => r.facets(),)* }
            }
            /// See [`Record::next`].
            pub fn next(&self) -> Option<Next> {
                match self { $(Self::$Type(r) => r.next(),)* }
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
    release::FiguresRelease, "figures_release", "FIG", "Figures release", "Figures releases";
}

impl Kind {
    /// The kind with this key, if there is one.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.key() == key)
    }
}
