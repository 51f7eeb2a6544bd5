//! One act on several records of a list, after a step that says what will happen to which.
//!
//! In: records chosen on a list, each at the version that the person saw. Out, step by step: the
//! acts that every one of them allows the person now; the act's form with the records it will be
//! done to; then each done by itself, in its own permit and transaction, and for each of them
//! whether it was done or why not. One that was changed since it was chosen is refused, and so is
//! one that the person may not see, which reads like one that is not there.
//!
//! Refused: acts that take a file, or that correct one record; more than [`MOST`] records.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::record::{Act, AnyRecord, Kind, common, paper};
use pendeen_store::StoreError;
use uuid::Uuid;

use super::act::keep;
use super::form::{Purpose, form, offers};
use super::list::{lower, seen};
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::request::SentAs;
use crate::shell::{Shell, force_name};
use crate::supply;
use crate::text;
use crate::view::{Anchor, FormView, Row, Tag, Widget, record_address};
use crate::viewer::Viewer;

/// Records in one go at most.
const MOST: usize = 200;
/// What the form calls a record, the act, and that it is confirmed.
const PICK: &str = "pick";
const ACT: &str = "bulk-act";
const CONFIRMED: &str = "confirmed";

/// The page of every step.
#[derive(Debug, Template)]
#[template(path = "record/bulk.html")]
pub(crate) struct BulkPage {
    pub(crate) shell: Shell,
    pub(crate) action: String,
    pub(crate) back: String,
    pub(crate) caption: String,
    pub(crate) rows: Vec<BulkRow>,
    pub(crate) stage: Stage,
}

/// One chosen record.
#[derive(Debug, Clone)]
pub(crate) struct BulkRow {
    /// The record as it is now.
    pub row: Row,
    /// What will happen to it, or what did.
    pub outcome: String,
    /// It was or will be refused.
    pub refused: bool,
}

/// Which step it is.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// Choose an act: its words, and its name in place of an address.
    Choose(Vec<Anchor>),
    /// Fill in and confirm.
    Confirm(FormView),
    /// Done.
    Done,
}

/// What was sent.
struct Sent {
    picks: Vec<(Uuid, u32)>,
    act: Option<String>,
    confirmed: bool,
    fields: Fields,
}

/// One pick that was read: the record at the version that was seen, or why not.
struct Chosen {
    record: AnyRecord,
    moved: bool,
}

/// `GET /records/{kind}/bulk`: the list, from which this page is reached.
pub(crate) async fn back(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
) -> Result<Response, WebError> {
    let kind = seen(&app, &viewer, &key, "bulk").await?;
    see_other(&format!("/records/{}", kind.key()))
}

/// `POST /records/{kind}/bulk`.
pub(crate) async fn act(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    SentAs(pairs): SentAs<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let kind = seen(&app, &viewer, &key, "bulk").await?;
    let sent = sent(pairs)?;
    let chosen = chosen(&app, &viewer, kind, &sent.picks).await?;
    let Some(name) = &sent.act else {
        return page(&choose(&viewer, kind, &chosen));
    };
    let act = possible(&viewer, &chosen).into_iter().find(|act| act.name == *name);
    let act = match act {
        Some(act) => act,
        // What all of them allowed a moment ago, some do not any more: say so row by row.
        None if sent.confirmed => {
            kind.acts().iter().find(|act| act.name == *name).ok_or(WebError::NotFound)?
        }
        None => return page(&choose(&viewer, kind, &chosen)),
    };
    if !sent.confirmed {
        return page(&confirm(&app, &viewer, kind, act, &chosen, &sent, None).await?);
    }
    if let Err(refusal) = sent.fields.check(act.fields) {
        let refusal = refusal.labelled(act.fields);
        return refused(&confirm(&app, &viewer, kind, act, &chosen, &sent, Some(&refusal)).await?);
    }
    let mut rows = Vec::with_capacity(chosen.len());
    for one in &chosen {
        let outcome = done(&app, &viewer, act, one, &sent.fields).await?;
        rows.push(BulkRow {
            row: row(&one.record),
            refused: outcome.is_err(),
            outcome: outcome.map_or_else(|why| why, |()| format!("Done: {}", lower(act.label))),
        });
    }
    page(&shown(&viewer, kind, act.label, rows, Stage::Done))
}

fn sent(pairs: Vec<(String, String)>) -> Result<Sent, WebError> {
    let unreadable = |what: &str| WebError::Unreadable(what.to_owned());
    let (mut picks, mut rest, mut act, mut confirmed) = (Vec::new(), Vec::new(), None, false);
    for (name, value) in pairs {
        match name.as_str() {
            PICK => {
                let read = value.split_once(':');
                let read = read.and_then(|(id, v)| Some((id.parse().ok()?, v.parse().ok()?)));
                picks.push(read.ok_or_else(|| unreadable("a chosen record has no such name"))?);
            }
            ACT => act = Some(value).filter(|act| !act.is_empty()),
            CONFIRMED => confirmed = value == "yes",
            _ => rest.push((name, value)),
        }
    }
    picks.sort_unstable();
    picks.dedup_by_key(|(id, _)| *id);
    if picks.is_empty() {
        return Err(unreadable("choose at least one record on the list"));
    }
    if picks.len() > MOST {
        return Err(unreadable(&format!("choose at most {MOST} records")));
    }
    Ok(Sent { picks, act, confirmed, fields: rest.into_iter().collect() })
}

/// The chosen records that the person may see; each consultation is in the log.
async fn chosen(
    app: &App,
    viewer: &Viewer,
    kind: Kind,
    picks: &[(Uuid, u32)],
) -> Result<Vec<Chosen>, WebError> {
    let mut chosen = Vec::with_capacity(picks.len());
    for (id, version) in picks {
        let found = app.store.view(&viewer.person, kind, *id, viewer.reason(), app.now()).await?;
        let record = found.ok_or(WebError::NotFound)?;
        let moved = record.head().version != *version;
        chosen.push(Chosen { record, moved });
    }
    Ok(chosen)
}

/// The acts that every chosen record allows this person now, and that make sense for several.
fn possible(viewer: &Viewer, chosen: &[Chosen]) -> Vec<&'static Act> {
    let Some(first) = chosen.first() else { return Vec::new() };
    let kind = first.record.kind();
    let acts = kind.acts().iter().filter(|act| {
        let one_by_one = act.name == common::CORRECT
            || supply::asks_for_folder(kind, act)
            || act.fields.iter().any(|field| field.name == paper::DOCUMENT.name);
        !one_by_one
    });
    acts.filter(|act| chosen.iter().all(|one| allows(viewer, act, &one.record))).collect()
}

fn allows(viewer: &Viewer, act: &Act, record: &AnyRecord) -> bool {
    let possible = act.from.contains(&record.state());
    possible && decide(&viewer.person, Action::Act(act.name), record).is_ok()
}

fn choose(viewer: &Viewer, kind: Kind, chosen: &[Chosen]) -> BulkPage {
    let acts = possible(viewer, chosen);
    let acts = acts.into_iter().map(|act| Anchor::new(act.label, act.name)).collect();
    let rows = chosen.iter().map(|one| before(one, "")).collect();
    shown(viewer, kind, "Act on several records", rows, Stage::Choose(acts))
}

async fn confirm(
    app: &App,
    viewer: &Viewer,
    kind: Kind,
    act: &'static Act,
    chosen: &[Chosen],
    sent: &Sent,
    refusal: Option<&Refusal>,
) -> Result<BulkPage, WebError> {
    let offers = offers(app, viewer, act.fields, &sent.fields).await?;
    let purpose = Purpose {
        caption: String::new(),
        action: address(kind),
        back: format!("/records/{}", kind.key()),
        submit: format!("{}: {}", act.label, text::plural(chosen.len() as u64, "record")),
        hidden: vec![(ACT, act.name.to_owned()), (CONFIRMED, "yes".to_owned())],
    };
    let form = form(purpose, act.fields, &sent.fields, &offers, refusal);
    let rows = chosen.iter().map(|one| before(one, act.label)).collect();
    Ok(shown(viewer, kind, act.label, rows, Stage::Confirm(form)))
}

/// What will happen to a record.
fn before(one: &Chosen, label: &str) -> BulkRow {
    let outcome = if one.moved { CHANGED } else { label };
    BulkRow { row: row(&one.record), outcome: outcome.to_owned(), refused: one.moved }
}

const CHANGED: &str = "Changed since you chose it: nothing will be done to it";

/// Does the act to one record, or says why not.
async fn done(
    app: &App,
    viewer: &Viewer,
    act: &'static Act,
    one: &Chosen,
    fields: &Fields,
) -> Result<Result<(), String>, WebError> {
    if one.moved {
        return Ok(Err("Not done: it was changed since you chose it".to_owned()));
    }
    let (kind, id) = (one.record.kind(), one.record.head().id);
    let Ok(permit) = decide(&viewer.person, Action::Act(act.name), &one.record) else {
        app.store.denied(&viewer.person, act.name, Some((kind, id)), app.now()).await?;
        return Ok(Err("Not done: you may not do this to it".to_owned()));
    };
    let supplied =
        match supply::complete(app, &viewer.person, &one.record, act, fields, None).await? {
            Ok(supplied) => supplied,
            Err(refusal) => return Ok(Err(format!("Not done: {refusal}"))),
        };
    match keep(app, &viewer.person, permit, supplied).await {
        Ok(_after) => Ok(Ok(())),
        Err(StoreError::Refused(refusal)) => Ok(Err(format!("Not done: {refusal}"))),
        Err(StoreError::Moved { .. }) => {
            Ok(Err("Not done: it was changed at this very moment".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

fn row(record: &AnyRecord) -> Row {
    let head = record.head();
    Row {
        href: record_address(record.kind(), head.id),
        pick: format!("{}:{}", head.id, head.version),
        number: head.number.clone(),
        title: record.title(),
        state: Tag::state(record.state()),
        force: force_name(head.force),
        updated: text::moment(head.updated),
        simulated: head.simulated,
        mark: None,
    }
}

fn address(kind: Kind) -> String {
    format!("/records/{}/bulk", kind.key())
}

fn shown(viewer: &Viewer, kind: Kind, title: &str, rows: Vec<BulkRow>, stage: Stage) -> BulkPage {
    BulkPage {
        shell: viewer.shell(title),
        action: address(kind),
        back: format!("/records/{}", kind.key()),
        caption: text::plural(rows.len() as u64, &lower(kind.label())),
        rows,
        stage,
    }
}
