//! Search over everything that the person may see; hidden records change nothing of it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_store::query::{Query, Slice};
use serde::Deserialize;

use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::Shell;
use crate::text;
use crate::view::Row;
use crate::viewer::Viewer;

/// Records shown at most.
const SHOWN: u64 = 100;

/// The page.
#[derive(Debug, Template)]
#[template(path = "search.html")]
pub(crate) struct SearchPage {
    pub(crate) shell: Shell,
    pub(crate) words: String,
    pub(crate) tally: String,
    pub(crate) rows: Vec<Row>,
}

/// The words looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Words {
    #[serde(default)]
    q: String,
}

/// `GET /search`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(words): Asked<Words>,
) -> Result<Response, WebError> {
    let shell = viewer.shell("Search");
    let wanted = words.q.trim();
    if wanted.is_empty() {
        let tally = "Enter a number, a name, an address or an identifier.".to_owned();
        return page(&SearchPage { shell, words: words.q, tally, rows: Vec::new() });
    }
    let query = Query {
        text: Some(wanted.to_owned()),
        page: Slice { offset: 0, limit: SHOWN },
        ..Query::default()
    };
    let found = app.store.list(&viewer.person, &query, app.now()).await?;
    let tally = match found.total {
        0 => "Nothing that you may see has all these words.".to_owned(),
        total if total > SHOWN => {
            format!(
                "{} records; the {SHOWN} changed last are shown. Add a word.",
                text::count(total)
            )
        }
        total => format!("{}.", text::plural(total, "record")),
    };
    let rows = found.rows.iter().map(Row::from).collect();
    page(&SearchPage { shell, words: words.q, tally, rows })
}
