//! Figures: the numbers, what each counts, and the releases that froze them.
//!
//! Every number is counted from the records when the page is opened, as at now or as at the moment
//! in the address; none is kept but in a release. Each leads to the records behind it, as far as
//! the viewer may see them ([`behind`]), and stands as it was over time in [`over_time`]. Whoever
//! works for one force sees the figures of that force alone, whatever the address asks for.

pub(crate) mod behind;
pub(crate) mod over_time;
pub(crate) mod release;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use pendeen_casework::figure::{FIGURES, Figure, Part, Scope, as_at};
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::permission::decide_create;
use pendeen_casework::person::Person;
use pendeen_casework::record::{Head, Kind};
use pendeen_store::query::{Query, Slice};
use serde::Deserialize;

use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::{Shell, sees};
use crate::supply;
use crate::text;
use crate::view::{Anchor, Choice, Row};
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "figures.html")]
pub(crate) struct FiguresPage {
    pub(crate) shell: Shell,
    pub(crate) new: Option<Anchor>,
    pub(crate) scope: String,
    pub(crate) address: String,
    pub(crate) as_at: String,
    pub(crate) force: String,
    pub(crate) forces: Vec<Choice>,
    pub(crate) rows: Vec<FigureRow>,
    pub(crate) table: Vec<ForceRow>,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) drawable: Vec<Choice>,
    pub(crate) drawn: &'static str,
    pub(crate) releases: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone)]
pub(crate) struct FigureRow {
    /// What it is called.
    pub title: &'static str,
    /// What it counts.
    pub sentence: &'static str,
    /// In the operation.
    pub inside: String,
    /// In none.
    pub outside: String,
    /// Its key, for the address of what is behind it.
    pub key: &'static str,
}

/// One force with its main figures.
#[derive(Debug, Clone)]
pub(crate) struct ForceRow {
    /// The force.
    pub name: &'static str,
    /// Its key.
    pub key: &'static str,
    /// The figures, in the order of the columns: key and number.
    pub amounts: Vec<(&'static str, String)>,
    /// The length of its bar, of a hundred.
    pub bar: u64,
}

/// The figures that the table by force shows.
const MAIN: [&str; 6] = [
    "packages_sent",
    "warrants_executed",
    "properties_searched",
    "arrests",
    "devices_examined",
    "children_safeguarded",
];

/// Which force, as at when.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    force: String,
    #[serde(default)]
    as_at: String,
    /// The figure that is drawn force by force, by key.
    #[serde(default)]
    drawn: String,
}

/// `GET /figures`: as at now, or as at what the form asks for.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let at = asked_moment(&filter.as_at)?;
    shown(&app, &viewer, &filter, at).await
}

/// `GET /figures/{moment}`: the address that fixes date and time.
pub(crate) async fn show_as_at(
    State(app): State<App>,
    viewer: Viewer,
    Path(moment): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let at = as_at(&moment).ok_or(WebError::NotFound)?;
    shown(&app, &viewer, &filter, Some(at)).await
}

/// The moment in a form's field; none where it is empty.
fn asked_moment(text: &str) -> Result<Option<Timestamp>, WebError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let unreadable = "\"as at\" wants a day or a time, such as 2026-11-25 or 2026-11-25T09:30Z";
    as_at(text).map(Some).ok_or_else(|| WebError::Unreadable(unreadable.to_owned()))
}

/// Whoever sees no figures gets the answer of a page that is not there, which is recorded.
pub(crate) async fn only_for_readers(
    app: &App,
    who: &Person,
) -> Result<Option<ForceKey>, WebError> {
    if !sees(who, Kind::FiguresRelease) {
        app.store.denied(who, "figures", None, app.now()).await?;
        return Err(WebError::NotFound);
    }
    supply::figures_of(who)
}

async fn shown(
    app: &App,
    viewer: &Viewer,
    filter: &Filter,
    at: Option<Timestamp>,
) -> Result<Response, WebError> {
    let bound = only_for_readers(app, &viewer.person).await?;
    let force = bound.or_else(|| ForceKey::parse(&filter.force));
    let latest = Query { page: Slice { offset: 0, limit: 10 }, ..Query::of(Kind::FiguresRelease) };
    let releases = app.store.list(&viewer.person, &latest, app.now()).await?;
    let main: Vec<&Figure> = MAIN.iter().filter_map(|key| Figure::from_key(key)).collect();
    let chosen = force.map_or("", ForceKey::as_str);
    let drawn = main.iter().find(|figure| figure.key == filter.drawn);
    let drawn = drawn.or_else(|| main.iter().find(|figure| figure.key == "arrests")).copied();
    let drawn_key = drawn.map_or("", |figure| figure.key);
    page(&FiguresPage {
        shell: viewer.shell("Figures").marked(releases.rows.iter().map(|row| row.mark)),
        new: new(app, viewer),
        scope: format!(
            "{}, counted from the records {} {}",
            force.map_or("All forces", |force| force.force().name),
            if at.is_some() { "as at" } else { "on" },
            text::moment(at.unwrap_or_else(|| app.now()))
        ),
        address: format!("/figures/{}", at.unwrap_or_else(|| app.now())),
        as_at: at.map(|at| at.to_string()).unwrap_or_default(),
        force: chosen.to_owned(),
        forces: FORCES
            .iter()
            .filter(|_| bound.is_none())
            .map(|force| Choice::new(force.key.as_str(), force.name, chosen))
            .collect(),
        rows: rows(app, force, at).await?,
        table: table(app, &main, drawn, bound, at).await?,
        columns: main.iter().map(|figure| figure.title).collect(),
        drawable: main.iter().map(|f| Choice::new(f.key, f.title, drawn_key)).collect(),
        drawn: drawn.map_or("", |figure| figure.title),
        releases: releases.rows.iter().map(Row::from).collect(),
    })
}

async fn rows(
    app: &App,
    force: Option<ForceKey>,
    at: Option<Timestamp>,
) -> Result<Vec<FigureRow>, WebError> {
    let scope = |part| Scope { force, part };
    let inside = app.store.figures_as_at(&scope(Part::InsideAny), at).await?;
    let outside = app.store.figures_as_at(&scope(Part::Outside), at).await?;
    let both = inside.into_iter().zip(outside);
    Ok(both
        .map(|((figure, inside), (_, outside))| FigureRow {
            title: figure.title,
            sentence: figure.sentence,
            inside: text::count(inside),
            outside: text::count(outside),
            key: figure.key,
        })
        .collect())
}

/// The main figures of each force that has any, or of the one named, inside the operation. The
/// bar is that of the figure drawn.
async fn table(
    app: &App,
    main: &[&'static Figure],
    drawn: Option<&'static Figure>,
    only: Option<ForceKey>,
    at: Option<Timestamp>,
) -> Result<Vec<ForceRow>, WebError> {
    let counted = app.store.figures_by_force(Part::InsideAny, at).await?;
    let of = |force: ForceKey, figure: &Figure| {
        let place = FIGURES.iter().position(|known| known.key == figure.key);
        let counts = counted.get(&Some(force));
        counts.zip(place).and_then(|(counts, place)| counts.get(place)).map_or(0, |count| count.1)
    };
    let bar = |force| drawn.map_or(0, |figure| of(force, figure));
    let longest = FORCES.iter().map(|force| bar(force.key)).max().unwrap_or(0).max(1);
    let row = |force: &'static pendeen_casework::force::Force| {
        let amounts: Vec<u64> = main.iter().map(|figure| of(force.key, figure)).collect();
        amounts.iter().any(|amount| *amount > 0).then(|| ForceRow {
            name: force.name,
            key: force.key.as_str(),
            amounts: main.iter().map(|f| f.key).zip(amounts.into_iter().map(text::count)).collect(),
            bar: bar(force.key) * 100 / longest,
        })
    };
    let shown = FORCES.iter().filter(|force| only.is_none_or(|only| only == force.key));
    Ok(shown.filter_map(row).collect())
}

fn new(app: &App, viewer: &Viewer) -> Option<Anchor> {
    let kind = Kind::FiguresRelease;
    let head = Head::new(kind, app.ids.fresh(), &viewer.person, app.now());
    let _allowed = decide_create(&viewer.person, kind, &head).ok()?;
    Some(Anchor::new("Draft a release", format!("/records/{}/new", kind.key())))
}
