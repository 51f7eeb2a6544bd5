//! Acting on a record of any kind.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::jurisdiction::modelled;
use pendeen_casework::permission::{Action, Permit, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::{Act, AnyRecord, Kind, common};
use pendeen_store::StoreError;
use pendeen_store::changes::VersionChanges;
use uuid::Uuid;

use super::form::{FormPage, Purpose, form, offers};
use super::{conflict, consulted, consulted_by, correction, named, onward};
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::examinations;
use crate::resume::{self, WRITER};
use crate::supply::{self, Supplied};
use crate::upload::Filled;
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
    headers: HeaderMap,
    Path((key, id, act)): Named,
) -> Result<Response, WebError> {
    let (record, act, _) = allowed(&app, &viewer.person, named(&key, &id)?, &act, None).await?;
    if let Some(typed) = resume::typed(&app, &headers, &viewer).await? {
        return resumed(&app, &viewer, &record, act, &typed).await;
    }
    let typed = match act.name {
        common::CORRECT => correction::to_correct(&app, &viewer, &record).await?,
        _ => Fields::default(),
    };
    let unknown = modelled(record.head().force, record.kind(), act.name).err();
    page(&form_page(&app, &viewer, &record, act, &typed, unknown.as_ref()).await?)
}

/// `POST /records/{kind}/{id}/acts/{act}`.
pub(crate) async fn perform(
    State(app): State<App>,
    viewer: Viewer,
    Path((key, id, act)): Named,
    Filled { fields, file }: Filled,
) -> Result<Response, WebError> {
    let (record, act, permit) =
        allowed(&app, &viewer.person, named(&key, &id)?, &act, None).await?;
    if fields.get(VERSION) != Some(record.head().version.to_string().as_str()) {
        return moved(&app, &viewer, &record, act, &fields).await;
    }
    let fields = match act.name {
        common::CORRECT => correction::as_recorded(&app, &viewer, &record, fields).await?,
        _ => fields,
    };
    let supplied = match supply::complete(&app, &viewer.person, &record, act, &fields, file).await?
    {
        Ok(supplied) => supplied,
        Err(refusal) => {
            return refused(
                &form_page(&app, &viewer, &record, act, &fields, Some(&refusal)).await?,
            );
        }
    };
    match keep(&app, &viewer.person, permit, supplied).await {
        Ok(after) => see_other(&onward(&app, &viewer, &after, act.name).await?),
        Err(StoreError::Refused(refusal)) => {
            refused(&form_page(&app, &viewer, &record, act, &fields, Some(&refusal)).await?)
        }
        Err(StoreError::Moved { .. }) => moved(&app, &viewer, &record, act, &fields).await,
        Err(error) => Err(error.into()),
    }
}

/// The form with what was typed before the session ended; if the record was changed meanwhile,
/// with what others changed beside it.
async fn resumed(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    act: &'static Act,
    typed: &Fields,
) -> Result<Response, WebError> {
    let seen = typed.get(VERSION).and_then(|version| version.parse().ok());
    let mut form = form_page(app, viewer, record, act, typed, None).await?;
    if seen != Some(record.head().version) {
        let (kind, id) = (record.kind(), record.head().id);
        let changes = app.store.changes(&viewer.person, kind, id, app.now()).await?;
        form.form.theirs = conflict::theirs(act, typed, seen, &changes);
    }
    form.shell.notice = Some(resume::NOTICE.to_owned());
    page(&form)
}

/// Keeps the act with the document that goes with it, or neither.
pub(crate) async fn keep(
    app: &App,
    who: &Person,
    permit: Permit,
    supplied: Supplied,
) -> Result<AnyRecord, StoreError> {
    let now = app.now();
    let mut batch = app.store.batch().await?;
    if let Some((bytes, media_type)) = supplied.document {
        batch.put_document(who, bytes, media_type, now).await?;
    }
    let after = batch.act(permit, &supplied.fields, now).await?;
    batch.commit().await?;
    Ok(after)
}

/// The record, the act and the permission, or the answer of a page that is not there.
pub(crate) async fn allowed(
    app: &App,
    who: &Person,
    (kind, id): (Kind, Uuid),
    act: &str,
    why: Option<&str>,
) -> Result<(AnyRecord, &'static Act, Permit), WebError> {
    let act = kind.acts().iter().find(|known| known.name == act).ok_or(WebError::NotFound)?;
    let record = consulted_by(app, who, kind, id, why).await?;
    if let Ok(permit) = decide(who, Action::Act(act.name), &record) {
        return Ok((record, act, permit));
    }
    app.store.denied(who, act.name, Some((kind, id)), app.now()).await?;
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
    let seen = typed.get(VERSION).and_then(|version| version.parse().ok());
    let record = consulted(app, viewer, record.kind(), record.head().id).await?;
    let (kind, id) = (record.kind(), record.head().id);
    let changes = app.store.changes(&viewer.person, kind, id, app.now()).await?;
    if sent_before(&viewer.person, act, typed, seen, &changes) {
        return see_other(&onward(app, viewer, &record, act.name).await?);
    }
    let mut form = form_page(app, viewer, &record, act, typed, None).await?;
    form.form.theirs = conflict::theirs(act, typed, seen, &changes);
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

/// Whether this very form was sent before: the next version after the one that it was filled in
/// on is the person's own, by the same act with the same words.
pub(crate) fn sent_before(
    who: &Person,
    act: &Act,
    typed: &Fields,
    seen: Option<u32>,
    changes: &[VersionChanges],
) -> bool {
    let next = seen.and_then(|seen| seen.checked_add(1));
    let made = changes.iter().map(|told| &told.version).find(|v| Some(v.version) == next);
    made.is_some_and(|made| {
        made.act == act.name
            && made.by == who.id
            && supply::from_person(&made.fields, act.fields)
                == supply::from_person(typed, act.fields)
    })
}

async fn form_page(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    act: &'static Act,
    typed: &Fields,
    refusal: Option<&Refusal>,
) -> Result<FormPage, WebError> {
    let mut offers = offers(app, viewer, act.fields, typed).await?;
    if act.name == common::CORRECT {
        correction::keep_offered(act.fields, typed, &mut offers);
    }
    let address = record_address(record.kind(), record.head().id);
    let purpose = Purpose {
        caption: format!("{}, {}", record.head().number, record.title()),
        action: format!("{address}/acts/{}", act.name),
        back: address,
        submit: act.label.to_owned(),
        hidden: vec![
            (VERSION, record.head().version.to_string()),
            (WRITER, viewer.person.id.0.to_string()),
        ],
    };
    let shell = viewer.shell(act.label).marked([record.head().mark]);
    let mut form = form(purpose, act.fields, typed, &offers, refusal);
    if let AnyRecord::Examination(examination) = record
        && supply::asks_for_folder(record.kind(), act)
    {
        let folders = examinations::finished(app, &examination.reference).await?;
        form.fields.push(FieldView::folder(&folders, typed, refusal));
    }
    Ok(FormPage { shell, form })
}
