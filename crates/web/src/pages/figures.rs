//! Figures: the numbers, what each counts, and the releases that froze them.
//!
//! Every number is counted from the records when the page is opened; none is kept but in a
//! release. Whoever works for one force sees the figures of that force alone,
//! whatever the address asks for.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_casework::figure::{Figure, Part, Scope};
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::permission::decide_create;
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
    pub(crate) forces: Vec<Choice>,
    pub(crate) rows: Vec<FigureRow>,
    pub(crate) table: Vec<ForceRow>,
    pub(crate) columns: Vec<&'static str>,
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
}

/// One force with its main figures.
#[derive(Debug, Clone)]
pub(crate) struct ForceRow {
    /// The force.
    pub name: &'static str,
    /// The figures, in the order of the columns.
    pub amounts: Vec<String>,
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

/// Which force.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    force: String,
}

/// `GET /figures`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    if !sees(&viewer.person, Kind::FiguresRelease) {
        app.store.denied(&viewer.person, "figures", None, app.now()).await?;
        return Err(WebError::NotFound);
    }
    let bound = supply::figures_of(&viewer.person)?;
    let force = bound.or_else(|| ForceKey::parse(&filter.force));
    let latest = Query { page: Slice { offset: 0, limit: 10 }, ..Query::of(Kind::FiguresRelease) };
    let releases = app.store.list(&viewer.person, &latest, app.now()).await?;
    let main: Vec<&Figure> = MAIN.iter().filter_map(|key| Figure::from_key(key)).collect();
    page(&FiguresPage {
        shell: viewer.shell("Figures"),
        new: new(&app, &viewer),
        scope: format!(
            "{}, counted from the records on {}",
            force.map_or("All forces", |force| force.force().name),
            text::moment(app.now())
        ),
        forces: FORCES
            .iter()
            .filter(|_| bound.is_none())
            .map(|force| Choice::new(force.key.as_str(), force.name, &filter.force))
            .collect(),
        rows: rows(&app, force).await?,
        table: table(&app, &main, bound).await?,
        columns: main.iter().map(|figure| figure.title).collect(),
        releases: releases.rows.iter().map(Row::from).collect(),
    })
}

async fn rows(app: &App, force: Option<ForceKey>) -> Result<Vec<FigureRow>, WebError> {
    let inside = app.store.figures(&Scope { force, part: Part::InsideAny }).await?;
    let outside = app.store.figures(&Scope { force, part: Part::Outside }).await?;
    let both = inside.into_iter().zip(outside);
    Ok(both
        .map(|((figure, inside), (_, outside))| FigureRow {
            title: figure.title,
            sentence: figure.sentence,
            inside: text::count(inside),
            outside: text::count(outside),
        })
        .collect())
}

/// The main figures of each force that has any, or of the one named, inside the operation.
async fn table(
    app: &App,
    main: &[&'static Figure],
    only: Option<ForceKey>,
) -> Result<Vec<ForceRow>, WebError> {
    let mut columns = Vec::new();
    for figure in main {
        columns.push(app.store.figure_by_force(figure, Part::InsideAny).await?);
    }
    let row = |force: &'static pendeen_casework::force::Force| {
        let of = |column: &std::collections::BTreeMap<Option<ForceKey>, u64>| {
            column.get(&Some(force.key)).copied().unwrap_or(0)
        };
        let amounts: Vec<u64> = columns.iter().map(of).collect();
        amounts.iter().any(|amount| *amount > 0).then(|| ForceRow {
            name: force.name,
            amounts: amounts.into_iter().map(text::count).collect(),
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
