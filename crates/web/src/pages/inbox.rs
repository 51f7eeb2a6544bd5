//! Inbox of a force's receiving desk: what was sent to us, what is new, who takes it.
//!
//! In: who looks, for a force. Out: the packages that nobody works on yet, a child at immediate
//! risk first, then by risk band; new is what nobody has acknowledged. Each line leads in one
//! press to the form that acknowledges it, and then to a case opened from it; the form is the
//! confirming step. Refused: whoever belongs to no force.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::package::{Package, State as Stands};
use pendeen_casework::record::{AnyRecord, Kind, Urgency};
use pendeen_store::query::{Query, Slice, Sort};
use serde::Deserialize;

use crate::app::App;
use crate::error::{WebError, page};
use crate::request::{Asked, page_number};
use crate::shell::{Shell, force_name, sees};
use crate::text;
use crate::view::{Anchor, Count, Pages, Tag, record_address};
use crate::viewer::Viewer;

/// Packages to a page.
const PACKAGES: u64 = 50;

/// The page.
#[derive(Debug, Template)]
#[template(path = "inbox.html")]
pub(crate) struct InboxPage {
    pub(crate) shell: Shell,
    pub(crate) force: String,
    pub(crate) counts: Vec<Count>,
    pub(crate) rows: Vec<PackageRow>,
    pub(crate) pages: Pages,
}

/// One package that nobody works on yet.
#[derive(Debug, Clone)]
pub(crate) struct PackageRow {
    /// The package's page.
    pub href: String,
    /// Its number.
    pub number: String,
    /// What names it.
    pub title: String,
    /// Nobody has acknowledged it.
    pub new: bool,
    /// How pressing it is.
    pub urgency: Tag,
    /// It came on oral authority.
    pub emergency: bool,
    /// How long ago it was sent.
    pub age: String,
    /// When it was sent.
    pub sent: String,
    /// Who acknowledged it.
    pub taken: Option<String>,
    /// What the viewer can do with it now.
    pub acts: Vec<Anchor>,
    /// Made by the demonstration.
    pub simulated: bool,
}

/// Which page of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    #[serde(default, deserialize_with = "page_number")]
    page: Option<u64>,
}

/// Whether the person takes in what is sent to a force.
pub(crate) fn opens(person: &Person) -> bool {
    let takes = person.is(Role::ReceivingDesk) || person.is(Role::OfficerInCase);
    takes && person.force.is_some() && sees(person, Kind::Package)
}

/// `GET /inbox`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(part): Asked<Part>,
) -> Result<Response, WebError> {
    let now = app.now();
    if !opens(&viewer.person) {
        app.store.denied(&viewer.person, "inbox", None, now).await?;
        return Err(WebError::NotFound);
    }
    let number = part.page.unwrap_or(1).max(1);
    let query = Query {
        states: vec!["sent".to_owned(), "acknowledged".to_owned()],
        force: viewer.person.force,
        order: Sort::Urgency,
        page: Slice { offset: (number - 1).saturating_mul(PACKAGES), limit: PACKAGES },
        why: viewer.reason().map(str::to_owned),
        ..Query::of(Kind::Package)
    };
    let (records, total) = app.store.records(&viewer.person, &query, now).await?;
    let standings = app.store.standing(&viewer.person, &[Kind::Package], now).await?;
    let stand = |state: &'static str| standings.iter().filter(move |s| s.state == state);
    let counts = vec![
        Count::alarm(stand("sent").map(|s| s.immediate).sum(), "new, child at immediate risk"),
        Count::alarm(stand("sent").map(|s| s.count).sum(), "new: nobody has acknowledged them"),
        Count::new(stand("acknowledged").map(|s| s.count).sum(), "acknowledged, work not started"),
        Count::new(stand("in_progress").map(|s| s.count).sum(), "in work"),
    ];
    page(&InboxPage {
        shell: viewer.shell("Inbox").marked(records.iter().map(|record| record.head().mark)),
        force: force_name(viewer.person.force),
        counts,
        rows: records.iter().filter_map(|record| row(&viewer, record, now)).collect(),
        pages: Pages::new("/inbox", number, PACKAGES, total),
    })
}

fn row(viewer: &Viewer, record: &AnyRecord, now: Timestamp) -> Option<PackageRow> {
    let AnyRecord::Package(package) = record else { return None };
    let href = record_address(Kind::Package, package.head.id);
    let sent = package.sealed.last().map_or(package.head.updated, |sealed| sealed.sent.at);
    // A ratification that is due is the national side's; here the child counts.
    let urgency =
        if package.about.immediate_risk { Urgency::Immediate } else { package.about.urgency() };
    Some(PackageRow {
        number: package.head.number.clone(),
        title: record.title(),
        new: package.state == Stands::Sent,
        urgency: Tag::urgency(urgency),
        emergency: package.oral.is_some(),
        age: text::ago(sent, now),
        sent: text::moment(sent),
        taken: package.acknowledged.as_ref().map(ToString::to_string),
        acts: acts(viewer, record, package, &href),
        simulated: package.head.simulated,
        href,
    })
}

/// Acknowledge; then open a case from it, and start.
fn acts(viewer: &Viewer, record: &AnyRecord, package: &Package, href: &str) -> Vec<Anchor> {
    let may = |act| decide(&viewer.person, Action::Act(act), record).is_ok();
    match package.state {
        Stands::Sent if may("acknowledge") => {
            vec![Anchor::new("Acknowledge", format!("{href}/acts/acknowledge"))]
        }
        Stands::Acknowledged if may("start") => vec![
            Anchor::new("Open a case", format!("/records/case/new?package={}", package.head.id)),
            Anchor::new("Start work", format!("{href}/acts/start")),
        ],
        _ => Vec::new(),
    }
}
