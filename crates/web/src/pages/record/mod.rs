//! Records of any kind: their lists, their pages, making them and acting on them, all drawn
//! from the descriptions in casework.

mod act;
mod create;
mod form;
mod glance;
mod list;
mod page;

pub(crate) use act::{perform, show_act};
pub(crate) use create::{create, show_new};
pub(crate) use form::FormPage;
pub(crate) use glance::{Clock, Glance, Handover, Moment, Sides, Step, Totals, clocks};
pub(crate) use list::{ListPage, list};
pub(crate) use page::{RecordPage, show};

use pendeen_casework::record::{AnyRecord, Kind};
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::viewer::Viewer;

/// The kind named in an address.
fn kind(key: &str) -> Result<Kind, WebError> {
    Kind::from_key(key).ok_or(WebError::NotFound)
}

/// The kind and id named in an address.
fn named(kind_key: &str, id: &str) -> Result<(Kind, Uuid), WebError> {
    Ok((kind(kind_key)?, id.parse().map_err(|_| WebError::NotFound)?))
}

/// The record, if the person may see it; its consultation is in the audit log by then.
async fn consulted(
    app: &App,
    viewer: &Viewer,
    kind: Kind,
    id: Uuid,
) -> Result<AnyRecord, WebError> {
    app.store.view(&viewer.person, kind, id, None, app.now()).await?.ok_or(WebError::NotFound)
}
