//! Approvals: what a second person is asked to sign, what changed, what is missing.
//!
//! In: who looks. Out: what waits for a signature that the policies let them give, what they
//! signed, what they refused or took back, and what a rule would refuse to let them sign now,
//! with what is missing. Which steps want a second person is said by the kinds themselves
//! ([`pendeen_casework::record::sign`]). One's own is left out: whoever has a hand in a record
//! does not sign it; how many of them wait for others is told.
//!
//! What changed is told since the viewer's own last act on the record. When somebody last looked
//! stands in the audit log alone, which serves no other purpose (DPA 2018 s.62(4)).

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use pendeen_casework::permission::{Action, decide, may_sometimes};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::sign::signed_kinds;
use pendeen_casework::record::{AnyRecord, Kind, Signing};
use pendeen_store::overview::Signed;
use pendeen_store::query::{Query, Slice, Sort};
use serde::Deserialize;
use uuid::Uuid;

use super::record::history::ChangeView;
use super::record::list::lower;
use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::{Shell, force_name};
use crate::text::{self, Due};
use crate::view::{Anchor, Row, Tag, record_address};
use crate::viewer::Viewer;

/// Records of one kind that are looked at.
const WAITING: u64 = 50;
/// Signatures that are listed.
const SIGNED: u64 = 100;

/// The page.
#[derive(Debug, Template)]
#[template(path = "approvals.html")]
pub(crate) struct ApprovalsPage {
    pub(crate) shell: Shell,
    pub(crate) tabs: Vec<Tab>,
    /// What waits, for the first and the last tab.
    pub(crate) waiting: Vec<Waiting>,
    /// What was signed or refused, for the others.
    pub(crate) signed: Vec<SignedRow>,
    /// The tab that is open.
    pub(crate) view: &'static str,
    /// How many wait for others because the viewer has a hand in them.
    pub(crate) own: usize,
    /// There may be more than were looked at.
    pub(crate) more: bool,
}

/// One of the four tabs.
#[derive(Debug, Clone)]
pub(crate) struct Tab {
    /// Its words.
    pub text: String,
    /// Its address.
    pub href: String,
    /// It is open.
    pub here: bool,
}

/// A record that waits for a signature.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// Its page.
    pub href: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its number.
    pub number: String,
    /// What names it.
    pub title: String,
    /// Whose work it is.
    pub force: String,
    /// How pressing.
    pub urgency: Option<Tag>,
    /// By when.
    pub due: Option<Due>,
    /// Who prepared it, how long ago it was last changed.
    pub prepared: String,
    /// What changed since the viewer last did something to it; none where they never did.
    pub changes: Option<Vec<ChangeView>>,
    /// Why a rule would refuse the signature now.
    pub hindrance: Option<String>,
    /// To sign.
    pub sign: Anchor,
    /// To refuse.
    pub refuse: Option<Anchor>,
    /// Made by the demonstration.
    pub simulated: bool,
}

/// A signature or its refusal.
#[derive(Debug, Clone)]
pub(crate) struct SignedRow {
    /// The record as it is now.
    pub row: Row,
    /// What was done.
    pub act: String,
    /// When.
    pub at: String,
}

/// Which tab.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct View {
    #[serde(default)]
    view: String,
}

/// What the viewer looks at: its key and its words.
const TABS: [(&str, &str); 4] = [
    ("review", "To review"),
    ("rejected", "Rejected by you"),
    ("approved", "Approved by you"),
    ("failed", "Stopped by a rule"),
];

/// Whether the person may sign anything as a second person.
pub(crate) fn opens(person: &Person) -> bool {
    signed_kinds().any(|kind| signs(person, kind))
}

fn signs(person: &Person, kind: Kind) -> bool {
    kind.signings().iter().any(|step| may_sometimes(person, step.act, kind))
}

/// `GET /approvals`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(asked): Asked<View>,
) -> Result<Response, WebError> {
    let now = app.now();
    if !opens(&viewer.person) {
        app.store.denied(&viewer.person, "approvals", None, now).await?;
        return Err(WebError::NotFound);
    }
    let view = TABS.iter().find(|(key, _)| *key == asked.view).map_or(TABS[0].0, |(key, _)| key);
    let kinds: Vec<Kind> = signed_kinds().filter(|kind| signs(&viewer.person, *kind)).collect();
    let found = waiting(&app, &viewer, &kinds, now).await?;
    let (failed, review): (Vec<Waiting>, Vec<Waiting>) =
        found.waiting.into_iter().partition(|one| one.hindrance.is_some());
    let signed = signed(&app, &viewer, &kinds, now).await?;
    let (rejected, approved): (Vec<_>, Vec<_>) =
        signed.into_iter().partition(|one| refuses(one.row.kind, &one.act));
    let amounts = [review.len(), rejected.len(), approved.len(), failed.len()];
    let rows = match view {
        "rejected" => rejected,
        "approved" => approved,
        _ => Vec::new(),
    };
    let waiting = match view {
        "review" => review,
        "failed" => failed,
        _ => Vec::new(),
    };
    page(&ApprovalsPage {
        shell: viewer
            .shell("Approvals")
            .marked(found.marks.into_iter().chain(rows.iter().map(|one| one.row.mark))),
        tabs: tabs(view, amounts),
        waiting,
        signed: rows.iter().map(signed_row).collect(),
        view,
        own: found.own,
        more: found.more,
    })
}

fn tabs(view: &str, amounts: [usize; 4]) -> Vec<Tab> {
    let tab = |((key, words), amount): (&(&str, &str), usize)| Tab {
        text: format!("{words} ({amount})"),
        href: format!("/approvals?view={key}"),
        here: *key == view,
    };
    TABS.iter().zip(amounts).map(tab).collect()
}

/// What was found to wait.
#[derive(Default)]
struct Found {
    waiting: Vec<Waiting>,
    marks: Vec<pendeen_casework::record::mark::Mark>,
    own: usize,
    more: bool,
}

async fn waiting(
    app: &App,
    viewer: &Viewer,
    kinds: &[Kind],
    now: Timestamp,
) -> Result<Found, WebError> {
    let mut found = Found::default();
    let mut mine: Vec<(AnyRecord, &'static Signing)> = Vec::new();
    let roles = &viewer.person.roles;
    let asked: Vec<(Kind, Role)> =
        kinds.iter().flat_map(|kind| roles.iter().map(move |role| (*kind, *role))).collect();
    for (kind, role) in asked {
        let states = kind.signings().iter().flat_map(|step| step.waits);
        let query = Query {
            states: states.map(|state| (*state).to_owned()).collect(),
            next_role: Some(role),
            order: Sort::Urgency,
            page: Slice { offset: 0, limit: WAITING },
            why: viewer.reason().map(str::to_owned),
            ..Query::of(kind)
        };
        let (records, total) = app.store.records(&viewer.person, &query, now).await?;
        found.more |= total > WAITING;
        for record in records {
            let may =
                |step: &&Signing| decide(&viewer.person, Action::Act(step.act), &record).is_ok();
            let Some(step) = record.waiting_signings().find(may) else { continue };
            if record.has_hand_in(step, viewer.person.id) {
                found.own += 1;
            } else {
                mine.push((record, step));
            }
        }
    }
    mine.sort_by_key(|(record, _)| record.next().map(|next| (next.urgency, next.due)));
    let ids: Vec<Uuid> = mine.iter().map(|(record, _)| record.head().id).collect();
    let touched = app.store.last_touched(viewer.person.id, &ids).await?;
    for (record, step) in &mine {
        found.marks.push(record.head().mark);
        found.waiting.push(one(app, viewer, (record, step), &touched, now).await?);
    }
    Ok(found)
}

async fn one(
    app: &App,
    viewer: &Viewer,
    (record, step): (&AnyRecord, &Signing),
    touched: &BTreeMap<Uuid, u32>,
    now: Timestamp,
) -> Result<Waiting, WebError> {
    let (kind, head) = (record.kind(), record.head());
    let href = record_address(kind, head.id);
    let label = |act: &str| {
        kind.acts().iter().find(|known| known.name == act).map_or("", |known| known.label)
    };
    let acts = |act: &str| Anchor::new(label(act), format!("{href}/acts/{act}"));
    let refuse = step.refuses.filter(|act| {
        let possible =
            |name| kind.acts().iter().any(|a| a.name == name && a.from.contains(&record.state()));
        possible(*act) && decide(&viewer.person, Action::Act(act), record).is_ok()
    });
    let hindrance = app.store.hindrance(&viewer.person, record, step.act, now).await?;
    let changes = match touched.get(&head.id) {
        Some(last) => Some(changes_since(app, viewer, record, *last, now).await?),
        None => None,
    };
    let next = record.next();
    Ok(Waiting {
        kind: kind.label(),
        number: head.number.clone(),
        title: record.title(),
        force: force_name(head.force),
        urgency: next.as_ref().map(|next| Tag::urgency(next.urgency)),
        due: next.and_then(|next| next.due).map(|due| Due::new(due, now)),
        prepared: format!(
            "Prepared by {}; last changed {}",
            head.author_name,
            text::ago(head.updated, now)
        ),
        changes,
        hindrance: hindrance.map(|refusal| refusal.to_string()),
        sign: acts(step.act),
        refuse: refuse.map(acts),
        simulated: head.simulated,
        href,
    })
}

/// What others changed since this version, newest first.
async fn changes_since(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    last: u32,
    now: Timestamp,
) -> Result<Vec<ChangeView>, WebError> {
    let (kind, id) = (record.kind(), record.head().id);
    let versions = app.store.changes(&viewer.person, kind, id, now).await?;
    let since = versions.into_iter().filter(|told| told.version.version > last);
    Ok(since
        .flat_map(|told| told.changes.iter().map(ChangeView::from).collect::<Vec<_>>())
        .collect())
}

async fn signed(
    app: &App,
    viewer: &Viewer,
    kinds: &[Kind],
    now: Timestamp,
) -> Result<Vec<Signed>, WebError> {
    let steps = kinds.iter().flat_map(|kind| kind.signings());
    let acts: Vec<&str> = steps.flat_map(|step| [Some(step.act), step.refuses]).flatten().collect();
    let mut signed = app.store.signed(&viewer.person, kinds, &acts, SIGNED, now).await?;
    // One kind's signature may be called as another kind's quite different act.
    signed.retain(|one| {
        let steps = one.row.kind.signings().iter();
        steps.flat_map(|step| [Some(step.act), step.refuses]).flatten().any(|act| act == one.act)
    });
    Ok(signed)
}

fn refuses(kind: Kind, act: &str) -> bool {
    kind.signings().iter().any(|step| step.refuses == Some(act))
}

fn signed_row(signed: &Signed) -> SignedRow {
    let act = signed.row.kind.acts().iter().find(|known| known.name == signed.act);
    SignedRow {
        row: Row::from(&signed.row),
        act: act.map_or_else(|| signed.act.clone(), |act| lower(act.label)),
        at: text::moment(signed.at),
    }
}
