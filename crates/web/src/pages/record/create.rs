//! Making a new record of any kind.

use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::permission::{Permit, decide_create};
use pendeen_casework::record::{Head, Kind};
use pendeen_store::StoreError;
use uuid::Uuid;

use super::form::{FormPage, Purpose, form, offers};
use super::list::lower;
use super::{kind, onward};
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::request::{Asked, Sent};
use crate::supply;
use crate::view::record_address;
use crate::viewer::Viewer;

/// The name under which the form carries the new record's id, so that sending it twice makes
/// one record.
const ID: &str = "new-id";

/// `GET /records/{kind}/new`; the address may fill in fields.
pub(crate) async fn show_new(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Asked(prefilled): Asked<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let kind = kind(&key)?;
    let id = app.ids.fresh();
    let _allowed = permit(&app, &viewer, kind, id).await?;
    page(&form_page(&app, &viewer, kind, id, &prefilled.into_iter().collect(), None).await?)
}

/// `POST /records/{kind}/new`.
pub(crate) async fn create(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    let kind = kind(&key)?;
    let id = fields.get(ID).and_then(|id| id.parse().ok()).unwrap_or_else(|| app.ids.fresh());
    let (permit, head) = permit(&app, &viewer, kind, id).await?;
    let complete = supply::complete_new(&app, kind, &fields).await?;
    match app.store.create(permit, head, kind, &complete, app.now()).await {
        Ok(record) => see_other(&onward(&viewer, &record, "create")),
        // The same form sent again: the record is there already.
        Err(StoreError::Conflict(_)) if fields.get(ID).is_some() => {
            see_other(&format!("{}?done=create", record_address(kind, id)))
        }
        Err(StoreError::Refused(refusal)) => {
            refused(&form_page(&app, &viewer, kind, id, &fields, Some(&refusal)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The permission to make a record with this id, or the answer of a page that is not there.
async fn permit(
    app: &App,
    viewer: &Viewer,
    kind: Kind,
    id: Uuid,
) -> Result<(Permit, Head), WebError> {
    let now = app.now();
    let head = Head::new(kind, id, &viewer.person, now);
    if let Ok(permit) = decide_create(&viewer.person, kind, &head) {
        return Ok((permit, head));
    }
    app.store.denied(&viewer.person, "create", Some((kind, id)), now).await?;
    Err(WebError::NotFound)
}

async fn form_page(
    app: &App,
    viewer: &Viewer,
    kind: Kind,
    id: Uuid,
    typed: &Fields,
    refusal: Option<&Refusal>,
) -> Result<FormPage, WebError> {
    let spec = kind.create_fields();
    let offers = offers(app, viewer, spec).await?;
    let purpose = Purpose {
        caption: kind.plural().to_owned(),
        action: format!("/records/{}/new", kind.key()),
        back: format!("/records/{}", kind.key()),
        submit: "Record".to_owned(),
        hidden: vec![(ID, id.to_string())],
    };
    let shell = viewer.shell(format!("New {}", lower(kind.label())));
    Ok(FormPage { shell, form: form(purpose, spec, typed, &offers, refusal) })
}
