//! Making a new record of any kind.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::jurisdiction::modelled;
use pendeen_casework::permission::{Permit, decide_create};
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Head, Kind};
use pendeen_store::StoreError;
use uuid::Uuid;

use super::form::{FormPage, Purpose, form, offers};
use super::list::lower;
use super::{kind, onward};
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::request::Asked;
use crate::resume::{self, WRITER};
use crate::supply::{self, Supplied};
use crate::upload::Filled;
use crate::viewer::Viewer;

/// The name under which the form carries the new record's id, so that sending it twice makes
/// one record.
const ID: &str = "new-id";

/// `GET /records/{kind}/new`; the address may fill in fields.
pub(crate) async fn show_new(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(key): Path<String>,
    Asked(prefilled): Asked<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let kind = kind(&key)?;
    let id = app.ids.fresh();
    let _allowed = permit(&app, &viewer.person, kind, id).await?;
    if let Some(typed) = resume::typed(&app, &headers, &viewer).await? {
        // The same form still: sent twice, it makes one record.
        let id = typed.get(ID).and_then(|id| id.parse().ok()).unwrap_or(id);
        let mut form = form_page(&app, &viewer, kind, id, &typed, None).await?;
        form.shell.notice = Some(resume::NOTICE.to_owned());
        return page(&form);
    }
    let unknown = modelled(viewer.person.force, kind, "create").err();
    let prefilled = prefilled.into_iter().collect();
    page(&form_page(&app, &viewer, kind, id, &prefilled, unknown.as_ref()).await?)
}

/// `POST /records/{kind}/new`.
pub(crate) async fn create(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Filled { fields, file }: Filled,
) -> Result<Response, WebError> {
    let kind = kind(&key)?;
    let id = fields.get(ID).and_then(|id| id.parse().ok()).unwrap_or_else(|| app.ids.fresh());
    let (permit, head) = permit(&app, &viewer.person, kind, id).await?;
    let complete = match supply::complete_new(&app, &viewer.person, kind, &fields, file).await? {
        Ok(complete) => complete,
        Err(refusal) => {
            return refused(&form_page(&app, &viewer, kind, id, &fields, Some(&refusal)).await?);
        }
    };
    let mut made = keep(&app, &viewer.person, permit, head, kind, &complete).await;
    if matches!(made, Err(StoreError::Conflict(_))) {
        if let Some(record) = sent_before(&app, &viewer.person, kind, id, &complete.fields).await? {
            return see_other(&onward(&app, &viewer, &record, "create").await?);
        }
        // The id or the number made from it is somebody else's.
        let (permit, head) = self::permit(&app, &viewer.person, kind, app.ids.fresh()).await?;
        made = keep(&app, &viewer.person, permit, head, kind, &complete).await;
    }
    match made {
        Ok(record) => see_other(&onward(&app, &viewer, &record, "create").await?),
        Err(StoreError::Refused(refusal)) => {
            refused(&form_page(&app, &viewer, kind, id, &fields, Some(&refusal)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Keeps the record with the document that goes with it, or neither.
pub(crate) async fn keep(
    app: &App,
    who: &Person,
    permit: Permit,
    head: Head,
    kind: Kind,
    complete: &Supplied,
) -> Result<AnyRecord, StoreError> {
    let now = app.now();
    let mut batch = app.store.batch().await?;
    if let Some((bytes, media_type)) = &complete.document {
        batch.put_document(who, bytes.clone(), media_type, now).await?;
    }
    let record = batch.create(permit, head, kind, &complete.fields, now).await?;
    batch.commit().await?;
    Ok(record)
}

/// The record that the same form made when it was sent before: the person's own, with the same
/// words in it.
pub(crate) async fn sent_before(
    app: &App,
    who: &Person,
    kind: Kind,
    id: Uuid,
    complete: &Fields,
) -> Result<Option<AnyRecord>, WebError> {
    let Some(record) = app.store.view(who, kind, id, None, app.now()).await? else {
        return Ok(None);
    };
    if record.head().author != who.id {
        return Ok(None);
    }
    let spec = kind.create_fields();
    let versions = app.store.history(who, kind, id, app.now()).await?;
    let same = versions.iter().find(|version| version.version == 1).is_some_and(|first| {
        let document = |fields: &Fields| fields.get("document").map(str::to_owned);
        document(&first.fields) == document(complete)
            && supply::from_person(&first.fields, spec) == supply::from_person(complete, spec)
    });
    Ok(same.then_some(record))
}

/// The permission to make a record with this id, or the answer of a page that is not there.
pub(crate) async fn permit(
    app: &App,
    who: &Person,
    kind: Kind,
    id: Uuid,
) -> Result<(Permit, Head), WebError> {
    let now = app.now();
    let head = Head::new(kind, id, who, now);
    if let Ok(permit) = decide_create(who, kind, &head) {
        return Ok((permit, head));
    }
    app.store.denied(who, "create", Some((kind, id)), now).await?;
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
    let offers = offers(app, viewer, spec, typed).await?;
    let purpose = Purpose {
        caption: kind.plural().to_owned(),
        action: format!("/records/{}/new", kind.key()),
        back: format!("/records/{}", kind.key()),
        submit: "Record".to_owned(),
        hidden: vec![(ID, id.to_string()), (WRITER, viewer.person.id.0.to_string())],
    };
    let shell = viewer.shell(format!("New {}", lower(kind.label())));
    let mut form = form(purpose, spec, typed, &offers, refusal);
    if kind == Kind::FiguresRelease && supply::figures_of(&viewer.person)?.is_some() {
        // Whoever sees one force's figures has no choice of force.
        form.fields.retain(|field| field.name != supply::SCOPE);
    }
    Ok(FormPage { shell, form })
}
