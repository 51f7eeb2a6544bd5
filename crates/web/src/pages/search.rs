//! Search over everything that the person may see; hidden records change nothing of it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_casework::record::Kind;
use pendeen_store::query::{Query, Slice};
use serde::Deserialize;

use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::{Shell, sees};
use crate::text;
use crate::view::{Choice, Row};
use crate::viewer::Viewer;

/// Records shown at most.
const SHOWN: u64 = 100;

/// The page.
#[derive(Debug, Template)]
#[template(path = "search.html")]
pub(crate) struct SearchPage {
    pub(crate) shell: Shell,
    pub(crate) words: String,
    pub(crate) kinds: Vec<Choice>,
    pub(crate) tally: String,
    pub(crate) rows: Vec<Row>,
}

/// The words looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Words {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
}

/// `GET /search`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(words): Asked<Words>,
) -> Result<Response, WebError> {
    let shell = viewer.shell("Search");
    let wanted = words.q.trim();
    let kinds = kinds(&viewer, &words.kind);
    if wanted.is_empty() {
        let tally = "Enter a number, a name, an address, a phone number, a plate or an exhibit reference; spelling need not be exact.".to_owned();
        return page(&SearchPage { shell, words: words.q, kinds, tally, rows: Vec::new() });
    }
    let kind = Kind::from_key(&words.kind);
    let query = Query {
        kinds: kind.into_iter().collect(),
        page: Slice { offset: 0, limit: SHOWN },
        ..Query::default()
    };
    let found = app.store.search(&viewer.person, wanted, query, app.now()).await?;
    let tally = match found.total {
        0 => "Nothing that you may see has all these words, or words spelt nearly so.".to_owned(),
        total if total > SHOWN => {
            format!("{} records; the best {SHOWN} are shown. Add a word.", text::count(total))
        }
        total => format!("{}.", text::plural(total, "record")),
    };
    let shell = shell.marked(found.rows.iter().map(|row| row.mark));
    let rows = found.rows.iter().map(Row::from).collect();
    page(&SearchPage { shell, words: words.q, kinds, tally, rows })
}

/// The kinds of record that this person sees any of.
fn kinds(viewer: &Viewer, present: &str) -> Vec<Choice> {
    Kind::ALL
        .iter()
        .filter(|kind| sees(&viewer.person, **kind))
        .map(|kind| Choice::new(kind.key(), kind.plural(), present))
        .collect()
}
