//! Why somebody looks: asked once for each case in a session, kept with every consultation.
//!
//! In: a request for a record, a list or a search. Out: the same request with the reason that the
//! person gave for that matter earlier in the session, or the page that asks for it, which leads
//! back. A matter is the case that a record is a part of, or the record itself; lists and
//! searches are one matter. Nobody is asked about what is theirs by name, what they recorded or
//! what they opened in an emergency: the leaf then says so. Only looking is held up, never a form
//! that is sent, and one press opens what is urgent: the reason is owed, the page says so, and
//! within [`OWED_FOR`] it is asked for again, and if the session ends before, at the person's next
//! sign-in ([`pendeen_store::owed`]); the auditor sees what is owed until then. Refused: nothing; a record that may not be seen is
//! not asked about, and is not found as ever.
//!
//! Source: Data Protection Act 2018, s.62(2) and (3); the setting is `audit.ask_justification`.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::person::Person;
use pendeen_casework::record::Kind;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::error::{WebError, see_other};
use crate::pages::sign_in::{broken, with_next};
use crate::shell::sees_any;
use crate::viewer::SignedIn;

/// Under which key a session holds the reasons that were given in it.
const REASONS: &str = "reasons";
/// How long what was opened as urgent stays open before the reason is asked for again.
const OWED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Reasons that one session holds at most; past them the oldest matters are asked about again.
const MOST: usize = 500;
/// What the leaf says of what was opened as urgent.
const URGENT: &str = "Urgent: the reason is given after";

/// What a reason is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// A record, and with it its whole matter.
    Record(Kind, Uuid),
    /// Lists and searches.
    Lists,
}

/// A reason that was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Given {
    /// In words, as the leaf keeps it.
    words: String,
    /// When, where it was urgent and the reason is still owed.
    owed_since: Option<Timestamp>,
    /// When, to forget the oldest first.
    at: Timestamp,
}

/// The reason that goes with a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Why {
    /// In words.
    pub words: Option<String>,
    /// Where the reason can be given that is still owed.
    pub owed: Option<String>,
}

/// Gives the request its reason, or leads to the page that asks for one.
pub(crate) async fn ask(
    State(app): State<App>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(about) = about(request.uri()) else { return next.run(request).await };
    let who = match SignedIn::of(request.extensions(), &session, &app).await {
        Ok(Some(who)) => who,
        // The handler leads to the sign-in page.
        Ok(None) => return next.run(request).await,
        Err(error) => return error.into_response(),
    };
    let page = address(request.uri());
    match reason(&app, &session, &who.0, about, &page).await {
        Ok(None) if request.method() == Method::GET => {
            return see_other(&page).unwrap_or_else(IntoResponse::into_response);
        }
        Ok(why) => request.extensions_mut().insert(why.unwrap_or_default()),
        Err(error) => return error.into_response(),
    };
    request.extensions_mut().insert(who);
    next.run(request).await
}

/// The address of the page that asks, to go on to this one afterwards.
fn address(next: &Uri) -> String {
    with_next("/reason", next.path_and_query().map_or("/", |next| next.as_str()))
}

/// The reason for this; none where it must be asked for.
async fn reason(
    app: &App,
    session: &Session,
    who: &Person,
    about: About,
    page: &str,
) -> Result<Option<Why>, WebError> {
    if !app.store.settings().audit.ask_justification {
        return Ok(Some(Why::default()));
    }
    let matter = match matter(app, who, about).await? {
        Wanted::For(matter) => matter,
        Wanted::Not(words) => {
            return Ok(Some(Why { words: words.map(str::to_owned), owed: None }));
        }
    };
    let Some(given) = reasons(session).await?.remove(&matter) else { return Ok(None) };
    let over = |since: Timestamp| app.now().duration_since(since) > OWED_FOR;
    if given.owed_since.is_some_and(over) {
        return Ok(None);
    }
    let owed = given.owed_since.map(|_| page.to_owned());
    Ok(Some(Why { words: Some(given.words), owed }))
}

/// Whether a reason is wanted.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// For this matter.
    For(Uuid),
    /// Not asked for; in words where the record itself gives it.
    Not(Option<&'static str>),
}

/// What matter a request is about, as far as this person may see it.
pub(crate) async fn matter(app: &App, who: &Person, about: About) -> Result<Wanted, WebError> {
    let (kind, id) = match about {
        About::Record(kind, id) => (kind, id),
        About::Lists if sees_any(who) => return Ok(Wanted::For(Uuid::nil())),
        About::Lists => return Ok(Wanted::Not(None)),
    };
    Ok(match app.store.matter(who, kind, id).await? {
        Some(matter) if matter.known.is_none() => Wanted::For(matter.id),
        Some(matter) => Wanted::Not(matter.known),
        None => Wanted::Not(None),
    })
}

/// Keeps a reason for the rest of the session: what was filled in, or that it is urgent. What is
/// owed outlives the session, until it is given.
pub(crate) async fn give(
    app: &App,
    session: &Session,
    who: &Person,
    (matter, place): (Uuid, &str),
    words: Option<String>,
) -> Result<(), WebError> {
    let now = app.now();
    match &words {
        Some(words) => {
            let _owed = app.store.settle_reason(who, matter, words, now).await?;
        }
        None => app.store.owe_reason(who.id, matter, place, now).await?,
    }
    let mut reasons = reasons(session).await?;
    let owed = reasons.get(&matter).and_then(|given| given.owed_since);
    let given = match words {
        Some(words) => {
            let after = owed.map(|since| format!(" (given after opening it as urgent at {since})"));
            Given { words: words + &after.unwrap_or_default(), owed_since: None, at: now }
        }
        None => Given { words: URGENT.to_owned(), owed_since: Some(now), at: now },
    };
    reasons.insert(matter, given);
    while reasons.len() > MOST
        && let Some(oldest) = reasons.iter().min_by_key(|(_, given)| given.at).map(|(id, _)| *id)
    {
        reasons.remove(&oldest);
    }
    session.insert(REASONS, reasons).await.map_err(broken)
}

async fn reasons(session: &Session) -> Result<BTreeMap<Uuid, Given>, WebError> {
    Ok(session.get(REASONS).await.map_err(broken)?.unwrap_or_default())
}

/// What an address shows that a reason is kept for.
pub(crate) fn about(address: &Uri) -> Option<About> {
    let mut parts = address.path().split('/').skip(1);
    match (parts.next()?, parts.next(), parts.next()) {
        ("records", Some(_), Some("new")) => None,
        ("records", Some(kind), Some(id)) => {
            let kind = Kind::from_key(kind)?;
            Some(id.parse().map_or(About::Lists, |id| About::Record(kind, id)))
        }
        ("records", Some(kind), None) => Kind::from_key(kind).map(|_| About::Lists),
        ("figures", Some("behind"), Some(_)) | ("children", _, None) => Some(About::Lists),
        ("search", _, None) => address.query().map(|_| About::Lists),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lists_and_searches_are_asked_about_and_nothing_else() {
        let id = Uuid::from_u128(7);
        let record = Some(About::Record(Kind::Case, id));
        for (address, wanted) in [
            (format!("/records/case/{id}"), record),
            (format!("/records/case/{id}/history"), record),
            (format!("/records/case/{id}/acts/close"), record),
            ("/records/case".to_owned(), Some(About::Lists)),
            ("/records/case/csv?state=open".to_owned(), Some(About::Lists)),
            ("/search?q=Sample".to_owned(), Some(About::Lists)),
            ("/search/csv?q=Sample".to_owned(), Some(About::Lists)),
            ("/children/csv".to_owned(), Some(About::Lists)),
            ("/children".to_owned(), Some(About::Lists)),
            ("/figures/behind/arrests".to_owned(), Some(About::Lists)),
            ("/search".to_owned(), None),
            ("/records/case/new?package=1".to_owned(), None),
            ("/records/nonsense".to_owned(), None),
            ("/".to_owned(), None),
            ("/figures".to_owned(), None),
            ("/account".to_owned(), None),
        ] {
            assert_eq!(about(&address.parse().unwrap()), wanted, "{address}");
        }
    }
}
