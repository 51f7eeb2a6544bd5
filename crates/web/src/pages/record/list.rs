//! The list of one kind of record, narrowed, and the same as a file.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::permission::decide_create;
use pendeen_casework::record::{Head, Kind};

use super::filter::{Filter, FilterView, ROWS};
use super::kind;
use crate::app::App;
use crate::error::{WebError, page};
use crate::pages::saved;
use crate::request::Asked;
use crate::shell::{Shell, sees};
use crate::text;
use crate::view::{Anchor, Pages, Row};
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "record/list.html")]
pub(crate) struct ListPage {
    pub(crate) shell: Shell,
    pub(crate) address: String,
    pub(crate) new: Option<Anchor>,
    pub(crate) filter: FilterView,
    pub(crate) saved: Vec<saved::SavedView>,
    pub(crate) tally: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) pages: Pages,
}

/// `GET /records/{kind}`.
pub(crate) async fn list(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let kind = seen(&app, &viewer, &key, "list").await?;
    let wanted = filter.query(&viewer, kind);
    let found = app.store.list(&viewer.person, &wanted, app.now()).await?;
    let view = filter.view(&app, &viewer, kind).await?;
    let address = format!("{}?{}", viewer.path, view.asked);
    page(&ListPage {
        shell: viewer.shell(kind.plural()).marked(found.rows.iter().map(|row| row.mark)),
        new: new(&app, &viewer, kind),
        filter: view,
        saved: saved::of_list(&app, &viewer, Some(&viewer.path)).await?,
        tally: tally(found.total, kind),
        rows: found.rows.iter().map(Row::from).collect(),
        pages: Pages::new(&address, filter.page(), ROWS, found.total),
        address: viewer.path,
    })
}

/// `GET /records/{kind}/csv`.
pub(crate) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let kind = seen(&app, &viewer, &key, "export").await?;
    filter.csv(&app, &viewer, kind).await
}

/// The kind in the address, if the person sees any records of it.
pub(crate) async fn seen(
    app: &App,
    viewer: &Viewer,
    key: &str,
    action: &str,
) -> Result<Kind, WebError> {
    let kind = kind(key)?;
    if !sees(&viewer.person, kind) {
        app.store.denied(&viewer.person, action, None, app.now()).await?;
        return Err(WebError::NotFound);
    }
    Ok(kind)
}

/// The link to make a new one, if the person may.
fn new(app: &App, viewer: &Viewer, kind: Kind) -> Option<Anchor> {
    let head = Head::new(kind, app.ids.fresh(), &viewer.person, app.now());
    let _allowed = decide_create(&viewer.person, kind, &head).ok()?;
    let text = format!("New {}", lower(kind.label()));
    Some(Anchor::new(text, format!("/records/{}/new", kind.key())))
}

fn tally(total: u64, kind: Kind) -> String {
    match total {
        0 => format!("No {} that you may see.", lower(kind.plural())),
        1 => format!("1 {}.", lower(kind.label())),
        _ => format!("{} {}, last changed first.", text::total(total), lower(kind.plural())),
    }
}

/// A label inside a sentence.
pub(crate) fn lower(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |c| c.to_lowercase().chain(letters).collect())
}
