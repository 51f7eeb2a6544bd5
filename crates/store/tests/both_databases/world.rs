//! The shortest way to make records and act on them in a case.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use pendeen_casework::form::{Field, Fields, Input};
use pendeen_casework::permission::{Action, Denied, decide, decide_create};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::{ActContext, AnyRecord, Head, Kind, Related};
use pendeen_casework::settings::Settings;
use pendeen_store::{Store, StoreError};
use uuid::Uuid;

use crate::fixture::{at, person};

/// An intelligence officer of no force.
pub fn intelligence(n: u128) -> Person {
    person(n, &[Role::IntelligenceOfficer], None)
}

/// Filled-in fields.
pub fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.into_iter().collect()
}

/// A head with an identifier made from `n`, spread so that numbers differ.
pub fn head(kind: Kind, n: u128, by: &Person) -> Head {
    Head::new(kind, Uuid::from_u128(n * 0x1_0001_0001_0001), by, at(i64::try_from(n).unwrap()))
}

/// What rules are given, under the default settings.
pub fn context<'a>(
    fields: &'a Fields,
    related: &'a Related,
    by: &'a Person,
    at: Timestamp,
) -> ActContext<'a> {
    static DEFAULTS: LazyLock<Settings> = LazyLock::new(Settings::default);
    ActContext { fields, related, by, at, settings: &DEFAULTS }
}

/// Makes a record as a person would.
pub async fn make(
    store: &Store,
    by: &Person,
    kind: Kind,
    n: u128,
    fields: &Fields,
) -> Result<AnyRecord, StoreError> {
    let head = head(kind, n, by);
    let permit = decide_create(by, kind, &head)?;
    let moment = head.created;
    store.create(permit, head, kind, fields, moment).await
}

/// A referral with this reference.
pub async fn referral(store: &Store, by: &Person, n: u128, reference: &str) -> AnyRecord {
    let filled = fields([("source", "NCMEC"), ("reference", reference), ("summary", "A report")]);
    make(store, by, Kind::Referral, n, &filled).await.unwrap()
}

/// Does an act as a person would.
pub async fn act(
    store: &Store,
    by: &Person,
    record: &AnyRecord,
    name: &str,
    fields: &Fields,
) -> Result<AnyRecord, StoreError> {
    let permit = decide(by, Action::Act(name), record).map_err(|Denied| Denied)?;
    store.act(permit, fields, at(1_000 + i64::from(record.head().version))).await
}

/// A person in each role, of no force and of the force.
pub fn everybody(force: &str) -> Vec<Person> {
    let roles = (0_u128..).zip(Role::ALL);
    roles
        .flat_map(|(n, role)| {
            [person(500 + n, &[role], None), person(600 + n, &[role], Some(force))]
        })
        .collect()
}

/// The acts that must follow on a record of this kind before others can name it.
pub fn prepared_by(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Exhibit => &["store", "to_examiner"],
        Kind::Examination => &["queue", "start", "finish"],
        _ => &[],
    }
}

/// Fields filled in plausibly; `made` has the records that they may name, made before in the
/// order of the kinds.
pub fn plausible(specs: &[Field], made: &BTreeMap<Kind, AnyRecord>, force: &str) -> Fields {
    let fill = |field: &Field| -> Option<String> {
        let always =
            ["suspect", "registration", "observation", "subject", "warrant"].contains(&field.name);
        if !field.required && !always {
            return None;
        }
        Some(match (field.name, field.input) {
            ("postcode", _) => "PL1 1AA".to_owned(),
            ("registration", _) => "AB12 CDE".to_owned(),
            ("time", _) => "2026-05-01T10:00:00".to_owned(),
            ("figures", _) => "{}".to_owned(),
            ("as_at", _) => "2026-05-01T10:00:00Z".to_owned(),
            ("seal", _) => "S1".to_owned(),
            ("zone", _) => "UTC".to_owned(),
            ("address", _) => "203.0.113.7".to_owned(),
            ("reference", _) => "ABC/1".to_owned(),
            ("digest" | "examination_digest" | "document", _) => "ab".repeat(32),
            ("items" | "gaps" | "known_hits" | "size", _) | (_, Input::Count) => "1".to_owned(),
            (_, Input::Text | Input::LongText | Input::System) => format!("a {}", field.label),
            (_, Input::Date) => "2026-05-01".to_owned(),
            (_, Input::Moment) => "2026-05-01T10:00:00Z".to_owned(),
            (_, Input::Choice(choices)) => choices[0].0.to_owned(),
            (_, Input::Force) => force.to_owned(),
            (_, Input::Record(kind)) => made.get(&kind)?.head().id.to_string(),
            // The last of the kinds: another field has named one of the first.
            ("other", Input::AnyOf(kinds)) => {
                let on = kinds.iter().rev().find_map(|kind| made.get(kind))?;
                format!("{}/{}", on.kind().key(), on.head().id)
            }
            (_, Input::AnyOf(kinds)) => {
                let on = kinds.iter().find_map(|kind| made.get(kind))?;
                format!("{}/{}", on.kind().key(), on.head().id)
            }
            (_, Input::Person) => return None,
            (_, Input::Tick) => "yes".to_owned(),
        })
    };
    specs.iter().filter_map(|field| Some((field.name, fill(field)?))).collect()
}
