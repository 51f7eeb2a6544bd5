//! Records of any kind: their lists, their pages, making them and acting on them, all drawn
//! from the descriptions in casework.

pub(crate) mod act;
pub(crate) mod bulk;
pub(crate) mod conflict;
mod correction;
pub(crate) mod create;
pub(crate) mod filter;
pub(crate) mod form;
pub(crate) mod glance;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod person;
pub(crate) mod plan;

pub(crate) use act::{perform, show_act};
pub(crate) use create::{create, show_new};
pub(crate) use list::list;
pub(crate) use page::show;

use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::read::Opened;
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::view::record_address;
use crate::viewer::Viewer;

/// Where to go after `act` led to `record`: its page, or My work where the person may not look
/// at it (any more), such as a sensitive-person check that was asked for. What the act itself let
/// them into counts: whoever made a circle belongs to it.
async fn onward(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    act: &str,
) -> Result<String, WebError> {
    let kind = record.kind();
    let now = app.store.person_at(viewer.person.id, app.now()).await?;
    let person = now.as_ref().unwrap_or(&viewer.person);
    Ok(match decide(person, Action::View, record) {
        Ok(_) => format!("{}?done={act}", record_address(kind, record.head().id)),
        Err(_) => format!("/?kind={}&done={act}", kind.key()),
    })
}

/// What was just done, in words; an act that the kind does not have says nothing.
pub(crate) fn notice(kind: Kind, act: &str) -> Option<String> {
    if act == "create" {
        return Some(format!("{} recorded", kind.label()));
    }
    let act = kind.acts().iter().find(|known| known.name == act)?;
    Some(format!("{}: {}", kind.label(), list::lower(act.label)))
}

/// The kind named in an address.
fn kind(key: &str) -> Result<Kind, WebError> {
    Kind::from_key(key).ok_or(WebError::NotFound)
}

/// The kind and id named in an address.
fn named(kind_key: &str, id: &str) -> Result<(Kind, Uuid), WebError> {
    Ok((kind(kind_key)?, id.parse().map_err(|_| WebError::NotFound)?))
}

/// The record, if the person may see it; its consultation is in the audit log by then. One that
/// was erased is told as such to whoever might have seen it.
async fn consulted(
    app: &App,
    viewer: &Viewer,
    kind: Kind,
    id: Uuid,
) -> Result<AnyRecord, WebError> {
    consulted_by(app, &viewer.person, kind, id, viewer.reason()).await
}

/// The same for whoever asks, with the reason that they gave.
pub(crate) async fn consulted_by(
    app: &App,
    who: &Person,
    kind: Kind,
    id: Uuid,
    why: Option<&str>,
) -> Result<AnyRecord, WebError> {
    match app.store.view(who, kind, id, why, app.now()).await? {
        Some(record) => Ok(record),
        None => Err(gone(app, who, kind, id).await?),
    }
}

/// The same with its relations and history.
async fn opened(app: &App, viewer: &Viewer, kind: Kind, id: Uuid) -> Result<Opened, WebError> {
    match app.store.open(&viewer.person, kind, id, viewer.reason(), app.now()).await? {
        Some(opened) => Ok(opened),
        None => Err(gone(app, &viewer.person, kind, id).await?),
    }
}

/// What to say where there is no record to see.
async fn gone(app: &App, who: &Person, kind: Kind, id: Uuid) -> Result<WebError, WebError> {
    let hole = app.store.hole(who, kind, id).await?;
    Ok(hole.map_or(WebError::NotFound, |hole| WebError::Erased(Box::new(hole))))
}
