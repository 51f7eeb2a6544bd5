//! Making records and acting on them: the form as JSON, the same permits, the same completing,
//! the same rules and the same transaction as a page's form.
//!
//! A request that makes a record may carry a key: sent again with the same key and the same
//! words, it makes no second record. An act names the version that it is about: where somebody
//! acted in between, the answer says what they changed beside what was sent, and nothing is
//! merged. The same act sent again on the same version is done once.
//!
//! The record as it then is goes along with the answer only where the token also reads and the
//! person may look at it: who asks for a check of a sensitive person does not see its result.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header (the key).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pendeen_casework::form::{Field, Fields};
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::{Act, AnyRecord, Kind, paper};
use pendeen_store::StoreError;
use pendeen_store::account::token::Scope;
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::ask::{At, Key, LONGEST, LONGEST_WITH_FILE, Reason, Unread};
use super::problem::{Problem, Wrong};
use super::{BASE, Writes, field, read, told};
use crate::app::App;
use crate::bearer::Bearer;
use crate::pages::record::{act as acting, conflict, create as creating};
use crate::supply::{self, Supplied};
use crate::upload::Upload;

/// A form that makes a record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    fields: Map<String, Value>,
    file: Option<File>,
}

/// A form of an act.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Done {
    /// The version that the act is about.
    version: Number,
    fields: Map<String, Value>,
    file: Option<File>,
}

/// A document that goes along.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    /// Its bytes in base 64.
    content: String,
}

/// `POST /records/{kind}`.
pub(super) async fn create(
    State(app): State<App>,
    bearer: Bearer<Writes>,
    At(kind): At<String>,
    Key(key): Key,
    body: Unread,
) -> Result<Response, Problem> {
    let who = &bearer.person;
    let kind = read::kind(&kind)?;
    let id = key.as_ref().map_or_else(|| app.ids.fresh(), |key| keyed(who, kind, key));
    let (permit, head) = creating::permit(&app, who, kind, id).await?;
    let New { fields, file } = body.json(longest(kind.create_fields())).await?;
    let (fields, file) = sent(kind.create_fields(), &fields, file)?;
    let complete = supply::complete_new(&app, who, kind, &fields, file).await??;
    let made = creating::keep(&app, who, permit, head, kind, &complete).await;
    match made {
        Err(StoreError::Conflict(_)) => again(&app, &bearer, kind, id, key, &complete).await,
        made => Ok(answer(StatusCode::CREATED, &bearer, &made?)),
    }
}

/// The answer where there is a record with this id or number already: the one that the same
/// request made, or else, where no key asked for this id, a record with another.
async fn again(
    app: &App,
    bearer: &Bearer<Writes>,
    kind: Kind,
    id: Uuid,
    key: Option<String>,
    complete: &Supplied,
) -> Result<Response, Problem> {
    let who = &bearer.person;
    if let Some(record) = creating::sent_before(app, who, kind, id, &complete.fields).await? {
        return Ok(answer(StatusCode::OK, bearer, &record));
    }
    if key.is_some() {
        return Err(Problem::key_reused());
    }
    let (permit, head) = creating::permit(app, who, kind, app.ids.fresh()).await?;
    let made = creating::keep(app, who, permit, head, kind, complete).await?;
    Ok(answer(StatusCode::CREATED, bearer, &made))
}

/// `POST /records/{kind}/{id}/acts/{act}`.
pub(super) async fn act(
    State(app): State<App>,
    bearer: Bearer<Writes>,
    At((kind, id, act)): At<(String, String, String)>,
    Reason(why): Reason,
    body: Unread,
) -> Result<Response, Problem> {
    let who = &bearer.person;
    let about = read::named(&app, who, (&kind, &id), why.as_deref()).await?;
    let (record, act, permit) = acting::allowed(&app, who, about, &act, why.as_deref()).await?;
    let Done { version, fields, file } = body.json(longest(act.fields)).await?;
    let (fields, file) = sent(act.fields, &fields, file)?;
    let wrong = || Problem::fields(&[Wrong::new("version", "send a whole number, 1 or more")]);
    let version: u32 = field::whole(&version).parse().map_err(|_| wrong())?;
    if version != record.head().version {
        return moved(&app, &bearer, &record, act, &fields, version).await;
    }
    let supplied = supply::complete(&app, who, &record, act, &fields, file).await??;
    match acting::keep(&app, who, permit, supplied).await {
        Err(StoreError::Moved { .. }) => moved(&app, &bearer, &record, act, &fields, version).await,
        done => Ok(answer(StatusCode::OK, &bearer, &done?)),
    }
}

/// Somebody acted since version `seen`: this very request, sent before, or another.
async fn moved(
    app: &App,
    bearer: &Bearer<Writes>,
    record: &AnyRecord,
    act: &Act,
    sent: &Fields,
    seen: u32,
) -> Result<Response, Problem> {
    let (who, kind, id) = (&bearer.person, record.kind(), record.head().id);
    let changes = app.store.changes(who, kind, id, app.now()).await?;
    let now = app.store.view(who, kind, id, None, app.now()).await?.ok_or_else(Problem::missing)?;
    if acting::sent_before(who, act, sent, Some(seen), &changes) {
        return Ok(answer(StatusCode::OK, bearer, &now));
    }
    let problem = Problem::moved(now.head().version);
    if !reads(bearer) {
        return Err(problem);
    }
    let theirs = conflict::theirs(act, sent, Some(seen), &changes);
    let theirs: Value = theirs
        .into_iter()
        .map(|change| {
            json!({
                "label": change.label, "before": change.before, "now": change.now,
                "by": change.by, "yours": change.mine,
            })
        })
        .collect();
    Err(problem.with("changes", theirs))
}

/// The fields and the file as a form brings them.
fn sent(
    spec: &[Field],
    fields: &Map<String, Value>,
    file: Option<File>,
) -> Result<(Fields, Option<Upload>), Problem> {
    let fields = field::read(spec, fields).map_err(|wrong| Problem::fields(&wrong))?;
    let wrong = |problem| Problem::fields(&[Wrong::new("file", problem)]);
    let Some(file) = file else { return Ok((fields, None)) };
    if !takes_file(spec) {
        return Err(wrong("the form takes no file"));
    }
    let bytes = STANDARD.decode(&file.content).map_err(|_| wrong("send its bytes in base 64"))?;
    Ok((fields, Some(Upload::new(file.name.as_deref(), bytes))))
}

/// Whether a form takes a file.
pub(super) fn takes_file(spec: &[Field]) -> bool {
    spec.contains(&paper::DOCUMENT)
}

/// How long the body of a form may be.
pub(super) fn longest(spec: &[Field]) -> usize {
    if takes_file(spec) { LONGEST_WITH_FILE } else { LONGEST }
}

/// The id of the record that this person makes under this key: the same for the same key, and
/// nobody else's.
fn keyed(who: &Person, kind: Kind, key: &str) -> Uuid {
    let digest = Sha256::new()
        .chain_update(who.id.0.as_bytes())
        .chain_update(kind.key())
        .chain_update([0])
        .chain_update(key)
        .finalize();
    let bytes = digest.first_chunk().copied().unwrap_or_default();
    Builder::from_custom_bytes(bytes).into_uuid()
}

fn reads(bearer: &Bearer<Writes>) -> bool {
    bearer.token.scopes.contains(&Scope::Read)
}

/// What was made or done, with the record where the token and the person may look at it.
fn answer(status: StatusCode, bearer: &Bearer<Writes>, record: &AnyRecord) -> Response {
    let (who, head) = (&bearer.person, record.head());
    let shown = reads(bearer) && decide(who, Action::View, record).is_ok();
    let body = json!({
        "kind": record.kind().key(),
        "id": head.id,
        "number": head.number,
        "version": head.version,
        "record": shown.then(|| told::record(who, record)),
    });
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::CREATED
        && let Ok(address) =
            HeaderValue::from_str(&format!("{BASE}/records/{}/{}", record.kind().key(), head.id))
    {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response
}
