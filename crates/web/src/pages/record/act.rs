//! Acting on a record of any kind.

use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::permission::{Action, Permit, decide};
use pendeen_casework::record::{Act, AnyRecord};
use pendeen_store::StoreError;

use super::form::{FormPage, Purpose, form, offers};
use super::{consulted, named, onward};
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::examinations;
use crate::request::Sent;
use crate::supply::{self, Supplied};
use crate::view::{FieldView, FormError, record_address};
use crate::viewer::Viewer;

/// The name under which the form carries the version that the person saw.
const VERSION: &str = "seen-version";

/// Which act on which record.
type Named = Path<(String, String, String)>;

/// `GET /records/{kind}/{id}/acts/{act}`.
pub(crate) async fn show_act(
    State(app): State<App>,
    viewer: Viewer,
    Path((key, id, act)): Named,
) -> Result<Response, WebError> {
    let (record, act, _) = allowed(&app, &viewer, &key, &id, &act).await?;
    page(&form_page(&app, &viewer, &record, act, &Fields::default(), None).await?)
}

/// `POST /records/{kind}/{id}/acts/{act}`.
pub(crate) async fn perform(
    State(app): State<App>,
    viewer: Viewer,
    Path((key, id, act)): Named,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    let (record, act, permit) = allowed(&app, &viewer, &key, &id, &act).await?;
    if fields.get(VERSION) != Some(record.head().version.to_string().as_str()) {
        return moved(&app, &viewer, &record, act, &fields).await;
    }
    let supplied = match supply::complete(&app, &viewer, &record, act, &fields).await? {
        Ok(supplied) => supplied,
        Err(refusal) => {
            return refused(
                &form_page(&app, &viewer, &record, act, &fields, Some(&refusal)).await?,
            );
        }
    };
    match keep(&app, &viewer, permit, supplied).await {
        Ok(after) => see_other(&onward(&viewer, &after, act.name)),
        Err(StoreError::Refused(refusal)) => {
            refused(&form_page(&app, &viewer, &record, act, &fields, Some(&refusal)).await?)
        }
        Err(StoreError::Moved { .. }) => moved(&app, &viewer, &record, act, &fields).await,
        Err(error) => Err(error.into()),
    }
}

/// Keeps the act with the document that goes with it, or neither.
async fn keep(
    app: &App,
    viewer: &Viewer,
    permit: Permit,
    supplied: Supplied,
) -> Result<AnyRecord, StoreError> {
    let now = app.now();
    let mut batch = app.store.batch().await?;
    if let Some((bytes, media_type)) = supplied.document {
        batch.put_document(&viewer.person, bytes, media_type, now).await?;
    }
    let after = batch.act(permit, &supplied.fields, now).await?;
    batch.commit().await?;
    Ok(after)
}

/// The record, the act and the permission, or the answer of a page that is not there.
async fn allowed(
    app: &App,
    viewer: &Viewer,
    key: &str,
    id: &str,
    act: &str,
) -> Result<(AnyRecord, &'static Act, Permit), WebError> {
    let (kind, id) = named(key, id)?;
    let act = kind.acts().iter().find(|known| known.name == act).ok_or(WebError::NotFound)?;
    let record = consulted(app, viewer, kind, id).await?;
    if let Ok(permit) = decide(&viewer.person, Action::Act(act.name), &record) {
        return Ok((record, act, permit));
    }
    app.store.denied(&viewer.person, act.name, Some((kind, id)), app.now()).await?;
    Err(WebError::NotFound)
}

/// Somebody else acted in between: says so, keeps what was typed, and lets the person look.
async fn moved(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    act: &'static Act,
    typed: &Fields,
) -> Result<Response, WebError> {
    let record = consulted(app, viewer, record.kind(), record.head().id).await?;
    let mut form = form_page(app, viewer, &record, act, typed, None).await?;
    form.form.errors.push(FormError {
        field: String::new(),
        text: format!(
            "Somebody changed this record while you filled in the form (it is now at version {}). \
             Nothing of yours was recorded: look at the record, then send the form again",
            record.head().version
        ),
    });
    refused(&form)
}

async fn form_page(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    act: &'static Act,
    typed: &Fields,
    refusal: Option<&Refusal>,
) -> Result<FormPage, WebError> {
    let offers = offers(app, viewer, act.fields).await?;
    let address = record_address(record.kind(), record.head().id);
    let purpose = Purpose {
        caption: format!("{}, {}", record.head().number, record.title()),
        action: format!("{address}/acts/{}", act.name),
        back: address,
        submit: act.label.to_owned(),
        hidden: vec![(VERSION, record.head().version.to_string())],
    };
    let shell = viewer.shell(act.label);
    let mut form = form(purpose, act.fields, typed, &offers, refusal);
    if let AnyRecord::Examination(examination) = record
        && supply::asks_for_folder(record.kind(), act)
    {
        let folders = examinations::finished(app, &examination.reference).await?;
        form.fields.push(FieldView::folder(&folders, typed, refusal));
    }
    Ok(FormPage { shell, form })
}
