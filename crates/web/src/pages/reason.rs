//! The page that asks why somebody looks at a case, a list or a search; see [`crate::reason`].
//!
//! It says nothing of the record that it leads to. At a sign-in it asks for what is owed from an
//! earlier session, the longest first.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use pendeen_casework::form::{Field, Fields, Input, Refusal};
use pendeen_store::owed::Owed;
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use super::sign_in::{local, with_next};
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::reason::{self, About, Wanted};
use crate::request::{Asked, Sent};
use crate::shell::Shell;
use crate::text;
use crate::view::{FieldView, FormError, FormView, Widget};
use crate::viewer::Viewer;

/// What is asked.
const ASKED: [Field; 3] = [
    Field::required("reason", "Reason", Input::Choice(REASONS)),
    Field::optional("words", "In your own words", Input::Text)
        .hint("Needed where the reason is another one."),
    Field::optional("reference", "Reference", Input::Text)
        .hint("Such as a crime, incident or request number."),
];

/// Reasons to pick from: key and words.
const REASONS: &[(&str, &str)] = &[
    ("tasked", "Tasked on the case"),
    ("supervision", "Supervision or review"),
    ("disclosure", "Disclosure"),
    ("intelligence", "Intelligence check"),
    (OTHER, "Another reason"),
];

/// The reason that must be put into words.
const OTHER: &str = "other";
/// The longest text that is kept, in characters.
const LONGEST: usize = 300;

/// The page.
#[derive(Debug, Template)]
#[template(path = "reason.html")]
pub(crate) struct ReasonPage {
    pub(crate) shell: Shell,
    pub(crate) form: FormView,
    /// Whether it can be given after.
    pub(crate) urgent: bool,
}

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

/// `GET /reason`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(next): Asked<Next>,
) -> Result<Response, WebError> {
    let next = local(&next.next);
    match wanted(&app, &viewer, next).await? {
        Some((about, _)) => page(&form(&viewer, about, next, &Fields::default(), None)),
        None => see_other(next),
    }
}

/// `POST /reason`: what was filled in, or that it is urgent.
pub(crate) async fn give(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    let next = local(fields.get("next").unwrap_or_default());
    let Some((about, matter)) = wanted(&app, &viewer, next).await? else { return see_other(next) };
    let words = if fields.ticked("urgent") {
        None
    } else {
        match words(&fields) {
            Ok(words) => Some(words),
            Err(refusal) => return refused(&form(&viewer, about, next, &fields, Some(&refusal))),
        }
    };
    reason::give(&app, &session, &viewer.person, (matter, next), words).await?;
    see_other(next)
}

/// `GET /reason/owed`: the reason that is owed the longest, or on to the page.
pub(crate) async fn show_owed(
    State(app): State<App>,
    viewer: Viewer,
    Asked(next): Asked<Next>,
) -> Result<Response, WebError> {
    let next = local(&next.next);
    match app.store.reasons_owed(viewer.person.id).await?.first() {
        Some(owed) => page(&owed_form(&viewer, owed, next, &Fields::default(), None)),
        None => see_other(next),
    }
}

/// `POST /reason/owed`.
pub(crate) async fn settle(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    let next = local(fields.get("next").unwrap_or_default());
    let owed = app.store.reasons_owed(viewer.person.id).await?;
    let meant = fields.get("matter").and_then(|text| text.parse::<Uuid>().ok());
    let Some(owed) = owed.iter().find(|owed| Some(owed.matter) == meant) else {
        return see_other(&with_next("/reason/owed", next));
    };
    match words(&fields) {
        Ok(words) => {
            let about = (owed.matter, &*owed.place);
            reason::give(&app, &session, &viewer.person, about, Some(words)).await?;
            see_other(&with_next("/reason/owed", next))
        }
        Err(refusal) => refused(&owed_form(&viewer, owed, next, &fields, Some(&refusal))),
    }
}

/// What the next page is about and for which matter, if a reason is wanted for it.
async fn wanted(app: &App, viewer: &Viewer, next: &str) -> Result<Option<(About, Uuid)>, WebError> {
    let asks = app.store.settings().audit.ask_justification;
    let about = next.parse::<Uri>().ok().as_ref().and_then(reason::about).filter(|_| asks);
    let Some(about) = about else { return Ok(None) };
    Ok(match reason::matter(app, &viewer.person, about).await? {
        Wanted::For(matter) => Some((about, matter)),
        Wanted::Not(_) => None,
    })
}

/// The reason in one line, as the log keeps it.
fn words(fields: &Fields) -> Result<String, Refusal> {
    fields.check(&ASKED).map_err(|refusal| refusal.labelled(&ASKED))?;
    let picked = REASONS.iter().find(|(key, _)| fields.get("reason") == Some(key));
    let (key, label) =
        picked.ok_or_else(|| Refusal::field("reason", "choose one").labelled(&ASKED))?;
    if *key == OTHER && fields.get("words").is_none() {
        return Err(Refusal::field("words", "say which").labelled(&ASKED));
    }
    let mut line = (*label).to_owned();
    for (before, name) in [(": ", "words"), ("; reference ", "reference")] {
        let Some(text) = fields.get(name) else { continue };
        if text.chars().count() > LONGEST {
            let problem = format!("use {LONGEST} characters at most");
            return Err(Refusal::field(name, problem).labelled(&ASKED));
        }
        line = format!("{line}{before}{text}");
    }
    Ok(line)
}

fn owed_form(
    viewer: &Viewer,
    owed: &Owed,
    next: &str,
    typed: &Fields,
    refusal: Option<&Refusal>,
) -> ReasonPage {
    let about = if owed.matter.is_nil() { "lists or a search" } else { "a record" };
    let mut asked = form(viewer, About::Lists, next, typed, refusal);
    asked.shell = viewer.shell("Why did you open this?");
    asked.form.caption = format!(
        "You opened {about} as urgent on {} and have not said why",
        text::moment(owed.since)
    );
    "/reason/owed".clone_into(&mut asked.form.action);
    asked.form.hidden.push(("matter", owed.matter.to_string()));
    asked.urgent = false;
    asked
}

fn form(
    viewer: &Viewer,
    about: About,
    next: &str,
    typed: &Fields,
    refusal: Option<&Refusal>,
) -> ReasonPage {
    let title = match about {
        About::Record(..) => "Why do you open this?",
        About::Lists => "Why do you look through records?",
    };
    let form = FormView {
        caption: "Asked once for each case until you sign out".to_owned(),
        action: "/reason".to_owned(),
        back: "/".to_owned(),
        submit: "Go on".to_owned(),
        hidden: vec![("next", next.to_owned())],
        fields: FieldView::all(&ASKED, typed, &[], refusal),
        errors: refusal.map(FormError::from).into_iter().collect(),
        theirs: Vec::new(),
    };
    ReasonPage { shell: viewer.shell(title), form, urgent: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_and_another_reason_needs_words() {
        let of = |pairs: &[(&str, &str)]| words(&pairs.iter().copied().collect());
        let full = [("reason", "disclosure"), ("words", "MG6C"), ("reference", "R/7")];
        assert_eq!(of(&full).unwrap(), "Disclosure: MG6C; reference R/7");
        assert_eq!(of(&[("reason", "tasked")]).unwrap(), "Tasked on the case");
        assert!(of(&[("reason", "other")]).is_err());
        assert!(of(&[]).is_err() && of(&[("reason", "nonsense")]).is_err());
        let long = "x".repeat(LONGEST + 1);
        assert!(of(&[("reason", "tasked"), ("reference", &long)]).is_err());
    }
}
