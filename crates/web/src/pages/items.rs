//! The items of an examination: what was found on the exhibit, and what could not be read.
//!
//! Of a picture its place, type, digests and a strongly blurred preview are shown, no more.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::permission::decide_create;
use pendeen_casework::record::examination::Examination;
use pendeen_casework::record::{AnyRecord, Head, Kind};
use pendeen_item::{Gap, Item, Origin};
use serde::Deserialize;
use uuid::Uuid;

use super::preview;
use crate::app::App;
use crate::error::{WebError, page};
use crate::examinations::{self, FolderError, Wanted};
use crate::request::{Asked, page_number};
use crate::shell::Shell;
use crate::text;
use crate::view::{Anchor, Choice, Pages, record_address};
use crate::viewer::Viewer;

/// Items to a page.
const ITEMS: u64 = 50;

/// The page.
#[derive(Debug, Template)]
#[template(path = "items.html")]
pub(crate) struct ItemsPage {
    pub(crate) shell: Shell,
    pub(crate) back: Anchor,
    pub(crate) caption: String,
    pub(crate) address: String,
    pub(crate) origins: Vec<Choice>,
    pub(crate) media: Vec<Choice>,
    pub(crate) known: bool,
    pub(crate) tally: String,
    pub(crate) rows: Vec<ItemRow>,
    pub(crate) pages: Pages,
    pub(crate) gaps: Vec<GapRow>,
}

/// One item.
#[derive(Debug, Clone)]
pub(crate) struct ItemRow {
    /// Where it lay.
    pub path: String,
    /// How to get there.
    pub forensic_path: String,
    /// How it was come by, and how sure its content is.
    pub origin: String,
    /// Size in words.
    pub size: String,
    /// What it is.
    pub media: String,
    /// When last modified.
    pub modified: String,
    /// SHA-256.
    pub digest: String,
    /// The known list and category that have it.
    pub known: Option<String>,
    /// What is wrong with it.
    pub gap: Option<String>,
    /// Whether a picture or video: it has a tile.
    pub tile: bool,
    /// Where the blurred preview of a picture is.
    pub preview: Option<String>,
    /// Where to grade it.
    pub grade: Option<String>,
}

/// One thing that could not be read.
#[derive(Debug, Clone)]
pub(crate) struct GapRow {
    /// Where.
    pub place: String,
    /// What was wanted.
    pub wanted: String,
    /// Why not.
    pub reason: String,
}

/// How the items are narrowed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    origin: String,
    #[serde(default)]
    media: String,
    known: Option<String>,
    #[serde(default, deserialize_with = "page_number")]
    page: Option<u64>,
}

impl From<FolderError> for WebError {
    fn from(error: FolderError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// `GET /records/examination/{id}/items`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let id: Uuid = id.parse().map_err(|_| WebError::NotFound)?;
    let seen =
        app.store.view(&viewer.person, Kind::Examination, id, viewer.reason(), app.now()).await?;
    let Some(AnyRecord::Examination(examination)) = seen else { return Err(WebError::NotFound) };
    let folder = examination.outcome.as_ref().ok_or(WebError::NotFound)?.folder.clone();
    let number = filter.page.unwrap_or(1).max(1);
    let wanted = wanted(&filter);
    let from = (number - 1).saturating_mul(ITEMS);
    let (items, total) = examinations::items(&app, &folder, wanted.clone(), from, ITEMS).await?;
    let gaps = examinations::gaps(&app, &folder).await?;
    let grades = grades(&app, &viewer);
    page(&ItemsPage {
        shell: viewer.shell("Items").marked([examination.head.mark]),
        back: Anchor::new(
            format!("Examination of {}", examination.reference),
            record_address(Kind::Examination, id),
        ),
        caption: format!("Exhibit {}", examination.reference),
        origins: origins(&wanted.origin),
        media: media(&wanted.media),
        known: wanted.known,
        tally: format!("{}, in the order of their paths.", text::plural(total, "item")),
        rows: items.iter().map(|item| row(item, &examination, grades)).collect(),
        pages: Pages::new(&narrowed(&viewer.path, &wanted), number, ITEMS, total),
        gaps: gaps.iter().map(gap).collect(),
        address: viewer.path,
    })
}

const MEDIA: [(&str, &str); 5] = [
    ("image/", "Pictures"),
    ("video/", "Video"),
    ("application/", "Documents and archives"),
    ("text/", "Text"),
    ("audio/", "Sound"),
];

fn wanted(filter: &Filter) -> Wanted {
    let origin = Origin::from_key(&filter.origin).map_or("", Origin::key);
    let media = MEDIA.iter().find(|(key, _)| *key == filter.media).map_or("", |(key, _)| key);
    Wanted { origin: origin.to_owned(), media: media.to_owned(), known: filter.known.is_some() }
}

fn narrowed(path: &str, wanted: &Wanted) -> String {
    let known = if wanted.known { "&known=yes" } else { "" };
    format!("{path}?origin={}&media={}{known}", wanted.origin, wanted.media)
}

fn origins(present: &str) -> Vec<Choice> {
    let all = [Origin::Live, Origin::Deleted, Origin::Embedded, Origin::Carved, Origin::Slack];
    all.into_iter().map(|o| Choice::new(o.key(), text::words(o.key()), present)).collect()
}

fn media(present: &str) -> Vec<Choice> {
    MEDIA.iter().map(|(key, label)| Choice::new(*key, *label, present)).collect()
}

/// Whether this person may grade.
fn grades(app: &App, viewer: &Viewer) -> bool {
    let head = Head::new(Kind::Grading, app.ids.fresh(), &viewer.person, app.now());
    decide_create(&viewer.person, Kind::Grading, &head).is_ok()
}

fn row(item: &Item, examination: &Examination, grades: bool) -> ItemRow {
    let media = item.media_type.clone().unwrap_or_default();
    let picture = media.starts_with("image/");
    let tile = picture || media.starts_with("video/");
    let digest = item.sha256.map(hex::encode).unwrap_or_default();
    let recovery = item.recovery.map(|recovery| format!(", {}", recovery.key()));
    let known = item.known_list.as_ref().map(|list| match &item.known_category {
        Some(category) => format!("{list}: {category}"),
        None => list.clone(),
    });
    let grade = (grades && tile && !digest.is_empty()).then(|| {
        let media = if media.starts_with("video/") { "moving" } else { "still" };
        let unknown = if known.is_none() { "&unknown=yes" } else { "" };
        let id = examination.head.id;
        format!("/records/grading/new?examination={id}&digest={digest}&media={media}{unknown}")
    });
    ItemRow {
        path: item.path.clone(),
        forensic_path: item.forensic_path.clone(),
        origin: format!("{}{}", text::words(item.origin.key()), recovery.unwrap_or_default()),
        size: text::bytes(item.size_bytes),
        modified: item.modified.and_then(when).unwrap_or_default(),
        media: if media.is_empty() { "Not recognised".to_owned() } else { media },
        digest,
        known,
        gap: item.gap.clone(),
        tile,
        preview: (picture && item.sha256.is_some())
            .then(|| preview::address(examination.head.id, &item.id())),
        grade,
    }
}

fn when(nanoseconds: i64) -> Option<String> {
    jiff::Timestamp::from_nanosecond(nanoseconds.into()).ok().map(text::moment)
}

fn gap(gap: &Gap) -> GapRow {
    GapRow {
        place: gap.forensic_path.clone(),
        wanted: gap.wanted.clone(),
        reason: gap.reason.clone(),
    }
}
