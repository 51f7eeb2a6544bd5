//! What the program itself supplies to an act: the digest of a sealed bundle, the totals of an
//! examination. A person never types these; fields of this sort never come from a form.
//!
//! Keys lie in `keys/` in the data folder: `sender.ed25519` signs, `FORCE.age` opens what is
//! sealed for that force. Missing ones are made.

use jiff::Timestamp;
use pendeen_casework::figure::frozen::Decision;
use pendeen_casework::figure::table::Whose;
use pendeen_casework::force::ForceKey;
use pendeen_casework::form::{Field, Fields, Input, Refusal};
use pendeen_casework::permission::visibility;
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::package::Package;
use pendeen_casework::record::paper;
use pendeen_casework::record::release::FiguresRelease;
use pendeen_casework::record::{Act, AnyRecord, Kind};
use pendeen_exchange::dispatch::seal_package;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::app::App;
use crate::error::WebError;
use crate::examinations;
use crate::upload::Upload;

/// The form field that names an examination's folder.
pub(crate) const FOLDER: &str = "folder";
/// The form field that names the one force of a figures release.
pub(crate) const SCOPE: &str = "scope";

/// What an act gets besides what was typed.
#[derive(Debug, Default)]
pub(crate) struct Supplied {
    /// The filled-in fields together.
    pub fields: Fields,
    /// A document that goes into the same transaction, with its media type.
    pub document: Option<(Vec<u8>, &'static str)>,
}

/// Whether this act of an examination asks for the folder of its results.
pub(crate) fn asks_for_folder(kind: Kind, act: &Act) -> bool {
    kind == Kind::Examination && act.fields.iter().any(|field| field.name == FOLDER)
}

/// Completes what was typed for `act` on `record`; a refusal names what a person can mend.
pub(crate) async fn complete(
    app: &App,
    who: &Person,
    record: &AnyRecord,
    act: &Act,
    typed: &Fields,
    file: Option<Upload>,
) -> Result<Result<Supplied, Refusal>, WebError> {
    let mut pairs = from_person(typed, act.fields);
    let mut document = match filed(act.fields, file, &mut pairs) {
        Ok(document) => document,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match record {
        AnyRecord::Package(package) if act.fields.iter().any(|field| field.name == "bundle") => {
            let bundle = match sealed(app, package, typed).await? {
                Ok(bundle) => bundle,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let digest = pendeen_store::document::DocumentDigest::of(&bundle);
            pairs.push(("bundle".to_owned(), digest.to_string()));
            document = Some((bundle, "application/age"));
        }
        AnyRecord::Examination(examination) if asks_for_folder(record.kind(), act) => {
            match totals(app, &examination.reference, typed).await {
                Ok(totals) => pairs.extend(totals),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        AnyRecord::FiguresRelease(release) if counts(act.fields) => {
            let bound = figures_of(who)?;
            if bound.is_some() && bound != release.scope {
                return Ok(Err(Refusal::Field {
                    name: SCOPE.to_owned(),
                    label: "One force only".to_owned(),
                    problem: "this release is not of your force alone; draft a new one".to_owned(),
                }));
            }
            let decisions = match decisions(app, who, release, act, typed) {
                Ok(decisions) => decisions,
                Err(refusal) => return Ok(Err(refusal)),
            };
            // A decision is about the numbers as they stand; counting again is as at now.
            let as_at = if act.name == "count_again" { app.now() } else { release.as_at };
            pairs.extend(counted(app, release.scope, as_at, decisions).await?);
        }
        AnyRecord::FiguresRelease(release) if act.name == "publish" => {
            let earlier = release.frozen().map(|frozen| frozen.earlier).unwrap_or_default();
            if app.store.releases_published().await? != earlier {
                return Ok(Err(Refusal::missing(
                    "a count that knows of every release published since (send this one back \
                     and count again)",
                    Role::FiguresOfficer,
                )));
            }
        }
        _ => {}
    }
    Ok(Ok(Supplied { fields: pairs.into_iter().collect(), document }))
}

/// Completes what was typed for a new record of `kind`.
pub(crate) async fn complete_new(
    app: &App,
    who: &Person,
    kind: Kind,
    typed: &Fields,
    file: Option<Upload>,
) -> Result<Result<Supplied, Refusal>, WebError> {
    let mut pairs = from_person(typed, kind.create_fields());
    let document = match filed(kind.create_fields(), file, &mut pairs) {
        Ok(document) => document,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if counts(kind.create_fields()) {
        let bound = figures_of(who)?;
        if let Some(force) = bound {
            pairs.retain(|(name, _)| name != SCOPE);
            pairs.push((SCOPE.to_owned(), force.as_str().to_owned()));
        }
        let force = bound.or_else(|| typed.get(SCOPE).and_then(ForceKey::parse));
        let as_at = typed.moment("moment").map_or_else(|_| app.now(), |at| at.min(app.now()));
        pairs.extend(counted(app, force, as_at, Vec::new()).await?);
    }
    if kind == Kind::BreakGlass
        && let (Some(number), Some(reason)) = (typed.get("number"), typed.get("reason"))
    {
        let opens = app.store.glass_for(who, number, reason, app.now()).await?;
        pairs.extend(opens.map(|id| ("opens".to_owned(), id.to_string())));
    }
    Ok(Ok(Supplied { fields: pairs.into_iter().collect(), document }))
}

/// The file that a form with a place for one must bring, with what the record says of it added
/// to `pairs`.
fn filed(
    spec: &[Field],
    file: Option<Upload>,
    pairs: &mut Vec<(String, String)>,
) -> Result<Option<(Vec<u8>, &'static str)>, Refusal> {
    if !spec.contains(&paper::DOCUMENT) {
        return Ok(None);
    }
    let kept = file.unwrap_or_default().kept()?;
    pairs.extend(kept.pairs);
    Ok(Some((kept.bytes, kept.media_type)))
}

/// The one force whose figures the person sees, or none where they see those of all; who sees
/// none at all gets the answer of a page that is not there.
pub(crate) fn figures_of(person: &Person) -> Result<Option<ForceKey>, WebError> {
    let sight = visibility(person, Kind::FiguresRelease);
    if sight.all || sight.national {
        return Ok(None);
    }
    sight.force.map(Some).ok_or(WebError::NotFound)
}

/// Whether these fields want figures that the program counts.
fn counts(spec: &[Field]) -> bool {
    spec.iter().any(|field| field.name == "figures" && field.input == Input::System)
}

/// The decisions of a release to publish small counts, with the one that `act` adds.
fn decisions(
    app: &App,
    who: &Person,
    release: &FiguresRelease,
    act: &Act,
    typed: &Fields,
) -> Result<Vec<Decision>, Refusal> {
    let mut decisions = release.frozen().map(|frozen| frozen.decisions).unwrap_or_default();
    if act.name == "show_small_count" {
        let force = typed.if_given("force", Fields::force)?.or(release.scope);
        decisions.push(Decision {
            figure: typed.text("figure")?,
            whose: force.map_or(Whose::All, Whose::Force),
            decided_by: typed.text("decided_by")?,
            why: typed.text("reason")?,
            recorded_by: who.name.clone(),
            at: app.now(),
        });
    }
    Ok(decisions)
}

/// The figures of one force or all, as at a moment, with the digest of their bytes.
async fn counted(
    app: &App,
    force: Option<ForceKey>,
    as_at: Timestamp,
    decisions: Vec<Decision>,
) -> Result<Vec<(String, String)>, WebError> {
    let (figures, digest) = app.store.freeze(force, as_at, decisions).await?;
    let pairs = [("as_at", as_at.to_string()), ("figures", figures), ("digest", digest)];
    Ok(pairs.map(|(name, value)| (name.to_owned(), value)).into())
}

/// What a person may fill in: everything but the fields that the program supplies.
pub(crate) fn from_person(typed: &Fields, spec: &[Field]) -> Vec<(String, String)> {
    let supplied = |name: &str| spec.iter().any(|f| f.name == name && f.input == Input::System);
    let own = typed.iter().filter(|(name, _)| !supplied(name));
    own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The package, sealed for the force that it is meant for or that the form names.
async fn sealed(
    app: &App,
    package: &Package,
    typed: &Fields,
) -> Result<Result<Vec<u8>, Refusal>, WebError> {
    let force = match typed.get("destination") {
        Some(_) => match typed.force("destination") {
            Ok(force) => force,
            Err(refusal) => return Ok(Err(refusal)),
        },
        None => package.destination,
    };
    let (package, addendum) = (package.clone(), typed.get("addendum").map(str::to_owned));
    let (folder, now) = (app.data_dir.join("keys"), app.now());
    let work = move || {
        let random = &mut UnwrapErr(SysRng);
        seal_package(&package, addendum.as_deref(), force, &folder, now, random)
    };
    let bundle = tokio::task::spawn_blocking(work).await.map_err(internal)?;
    Ok(Ok(bundle.map_err(internal)?))
}

/// What a person reads whose folder is none of this exhibit: another's and a missing one alike.
const NOT_OFFERED: &str = "choose one of the folders offered";
/// What a person reads whose folder is the exhibit's, but damaged.
const NOT_WHOLE: &str = "the results in this folder are not whole; examine the exhibit again";

/// The totals of the examination in the folder that was chosen, every file checked. The folder's
/// own record must name the exhibit of this examination, by `reference`.
async fn totals(
    app: &App,
    reference: &str,
    typed: &Fields,
) -> Result<Vec<(String, String)>, Refusal> {
    let refused = |problem: &str| Refusal::Field {
        name: FOLDER.to_owned(),
        label: "Results".to_owned(),
        problem: problem.to_owned(),
    };
    let folder = typed.get(FOLDER).ok_or_else(|| refused("choose a folder"))?;
    let ours = examinations::summary(app, folder).await;
    if !ours.is_ok_and(|found| found.exhibit == reference) {
        return Err(refused(NOT_OFFERED));
    }
    let (record, digest) = examinations::checked(app, folder).await.map_err(|error| {
        tracing::warn!(%error, folder, "an examination is not whole");
        refused(NOT_WHOLE)
    })?;
    if record.exhibit != reference || recorded_already(app, &digest).await {
        return Err(refused(NOT_OFFERED));
    }
    let counts = &record.counts;
    Ok([
        (FOLDER, folder.to_owned()),
        ("examination_digest", digest),
        ("items", counts.items.to_string()),
        ("gaps", counts.gaps.to_string()),
        ("known_hits", counts.known.to_string()),
        ("tool_version", format!("{} {}", record.tool, record.version)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into())
}

/// Whether some examination has these tables, whoever may see it: two exhibits of two forces may
/// bear the same reference. What cannot be asked counts as taken.
async fn recorded_already(app: &App, digest: &str) -> bool {
    let asked = async {
        let batch = app.store.batch().await?;
        batch.first_with(Kind::Examination, "examination_digest", digest).await
    };
    asked.await.map_or(true, |found| found.is_some())
}

fn internal(error: impl std::fmt::Display) -> WebError {
    WebError::Internal(error.to_string())
}
