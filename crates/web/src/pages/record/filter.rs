//! How a list is narrowed: read from the address, asked of the store, and written back as an
//! address that leads to the same list.
//!
//! Refused in silence, as if not asked for: a state that the kind does not have, a force or an
//! operation that is none, a date that is none.

use axum::response::Response;
use jiff::Timestamp;
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::permission::visibility;
use pendeen_casework::record::{Kind, Urgency};
use pendeen_store::query::{Belongs, Query, Slice};
use serde::Deserialize;

use crate::app::App;
use crate::csv;
use crate::error::WebError;
use crate::pages::durations::day;
use crate::request::page_number;
use crate::text;
use crate::view::{Choice, Tag};
use crate::viewer::Viewer;

/// Rows to a page.
pub(crate) const ROWS: u64 = 50;
/// The longest text that is looked for, in characters.
const LONGEST: usize = 200;

/// Urgencies as an address names them.
const URGENCIES: [(&str, Urgency); 5] = [
    ("immediate", Urgency::Immediate),
    ("very_high", Urgency::VeryHigh),
    ("high", Urgency::High),
    ("medium", Urgency::Medium),
    ("low", Urgency::Low),
];

/// How a list is narrowed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    state: String,
    force: String,
    /// An operation's id, `in` for any, `out` for none.
    operation: String,
    urgency: String,
    q: String,
    due: String,
    mine: String,
    #[serde(default, deserialize_with = "page_number")]
    page: Option<u64>,
}

/// What the form above a list offers and what is chosen in it.
#[derive(Debug, Clone)]
pub(crate) struct FilterView {
    /// States of the kind.
    pub states: Vec<Choice>,
    /// Forces, for those who see more than their own.
    pub forces: Vec<Choice>,
    /// Operations, any of them, or none.
    pub operations: Vec<Choice>,
    /// How pressing.
    pub urgencies: Vec<Choice>,
    /// Words looked for.
    pub text: String,
    /// A date before which it is due.
    pub due: String,
    /// Only what is the person's by name or in their hand.
    pub mine: bool,
    /// What stands behind the question mark of the list's address.
    pub asked: String,
    /// The kind of the list.
    pub kind: &'static str,
    /// The same as names and values, for a form that takes the filter along.
    pub hidden: Vec<(&'static str, String)>,
}

impl Filter {
    /// Which page of the list, from 1.
    pub(crate) fn page(&self) -> u64 {
        self.page.unwrap_or(1).max(1)
    }

    /// What the list asks of the store.
    pub(crate) fn query(&self, viewer: &Viewer, kind: Kind) -> Query {
        let states = kind.states().iter().filter(|state| state.key == self.state);
        let urgency = URGENCIES.iter().find(|(key, _)| *key == self.urgency);
        Query {
            states: states.map(|state| state.key.to_owned()).collect(),
            force: ForceKey::parse(&self.force),
            operation: self.operation(),
            urgency: urgency.map(|(_, urgency)| *urgency),
            text: Some(self.text()).filter(|text| !text.is_empty()),
            due: day(&self.due).map(|until| (Timestamp::MIN, until)),
            assigned: self.mine().then_some(viewer.person.id),
            page: Slice { offset: (self.page() - 1).saturating_mul(ROWS), limit: ROWS },
            why: viewer.reason().map(str::to_owned),
            ..Query::of(kind)
        }
    }

    /// What stands behind the question mark of an address that leads to the same list.
    pub(crate) fn asked(&self, kind: Kind) -> String {
        let parts = self.parts(kind).into_iter();
        let parts = parts.map(|(name, value)| format!("{name}={}", text::coded(&value)));
        parts.collect::<Vec<_>>().join("&")
    }

    /// Names and values of what is asked for.
    fn parts(&self, kind: Kind) -> Vec<(&'static str, String)> {
        let states = kind.states().iter().find(|state| state.key == self.state);
        let force = ForceKey::parse(&self.force);
        let operation = self.operation().map(|_| self.operation.clone());
        let urgency = URGENCIES.iter().find(|(key, _)| *key == self.urgency);
        let parts = [
            ("state", states.map(|state| state.key.to_owned())),
            ("force", force.map(|force| force.as_str().to_owned())),
            ("operation", operation),
            ("urgency", urgency.map(|(key, _)| (*key).to_owned())),
            ("q", Some(self.text())),
            ("due", day(&self.due).map(|_| self.due.clone())),
            ("mine", self.mine().then(|| "yes".to_owned())),
        ];
        let parts = parts.into_iter();
        parts.filter_map(|(name, v)| Some((name, v.filter(|v| !v.is_empty())?))).collect()
    }

    /// The form with what is chosen in it.
    pub(crate) async fn view(
        &self,
        app: &App,
        viewer: &Viewer,
        kind: Kind,
    ) -> Result<FilterView, WebError> {
        let states = kind.states().iter();
        let mut operations = vec![
            Choice::new("in", "Any operation", &self.operation),
            Choice::new("out", "No operation", &self.operation),
        ];
        for (id, name) in csv::operations(app, viewer).await? {
            operations.push(Choice::new(id.to_string(), name, &self.operation));
        }
        let urgencies = URGENCIES.iter();
        Ok(FilterView {
            states: states.map(|s| Choice::new(s.key, text::words(s.key), &self.state)).collect(),
            forces: self.forces(viewer, kind),
            operations,
            urgencies: urgencies
                .map(|(key, u)| Choice::new(*key, Tag::urgency(*u).text, &self.urgency))
                .collect(),
            text: self.text(),
            due: self.due.clone(),
            mine: self.mine(),
            asked: self.asked(kind),
            kind: kind.key(),
            hidden: self.parts(kind),
        })
    }

    /// The whole list as a file.
    pub(crate) async fn csv(
        &self,
        app: &App,
        viewer: &Viewer,
        kind: Kind,
    ) -> Result<Response, WebError> {
        let name = kind.key().replace('_', "-");
        csv::of_list(app, viewer, &name, &self.query(viewer, kind)).await
    }

    fn forces(&self, viewer: &Viewer, kind: Kind) -> Vec<Choice> {
        if !visibility(&viewer.person, kind).all {
            return Vec::new();
        }
        let forces = FORCES.iter();
        forces.map(|f| Choice::new(f.key.as_str(), f.name, &self.force)).collect()
    }

    fn operation(&self) -> Option<Belongs> {
        match self.operation.as_str() {
            "in" => Some(Belongs::ToSome),
            "out" => Some(Belongs::ToNone),
            id => id.parse().ok().map(Belongs::To),
        }
    }

    fn text(&self) -> String {
        self.q.trim().chars().take(LONGEST).collect()
    }

    fn mine(&self) -> bool {
        self.mine == "yes"
    }
}
