//! Search over everything that the person may see; hidden records change nothing of it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_casework::record::Kind;
use pendeen_store::query::{Query, Slice};
use pendeen_store::search::CONSIDERED;
use serde::Deserialize;

use crate::app::App;
use crate::csv;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::{Shell, sees, sees_any};
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
    /// The same as a file, where something was found.
    pub(crate) csv: Option<String>,
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
        return page(&SearchPage {
            shell,
            words: words.q,
            kinds,
            tally,
            rows: Vec::new(),
            csv: None,
        });
    }
    let kind = Kind::from_key(&words.kind);
    let query = Query {
        kinds: kind.into_iter().collect(),
        page: Slice { offset: 0, limit: SHOWN },
        why: viewer.reason().map(str::to_owned),
        ..Query::default()
    };
    let found = app.store.search(&viewer.person, wanted, query, app.now()).await?;
    let tally = match found.total {
        0 => "Nothing that you may see has all these words, or words spelt nearly so.".to_owned(),
        total if total > SHOWN => {
            format!(
                "{} records; the best {SHOWN} are shown. Add a word.",
                text::up_to(total, CONSIDERED)
            )
        }
        total => format!("{}.", text::plural(total, "record")),
    };
    let shell = shell.marked(found.rows.iter().map(|row| row.mark));
    let rows = found.rows.iter().map(Row::from).collect();
    let csv = format!("/search/csv?q={}&kind={}", text::coded(wanted), kind.map_or("", Kind::key));
    let csv = (found.total > 0).then_some(csv);
    page(&SearchPage { shell, words: words.q, kinds, tally, rows, csv })
}

/// `GET /search/csv`.
pub(crate) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Asked(words): Asked<Words>,
) -> Result<Response, WebError> {
    let wanted = words.q.trim();
    if wanted.is_empty() || !sees_any(&viewer.person) {
        return Err(WebError::NotFound);
    }
    let kind = Kind::from_key(&words.kind);
    let text = Some(wanted.to_owned());
    let query = Query { kinds: kind.into_iter().collect(), text, ..Query::default() };
    csv::of_list(&app, &viewer, "search", &query).await
}

/// The kinds of record that this person sees any of.
fn kinds(viewer: &Viewer, present: &str) -> Vec<Choice> {
    Kind::ALL
        .iter()
        .filter(|kind| sees(&viewer.person, **kind))
        .map(|kind| Choice::new(kind.key(), kind.plural(), present))
        .collect()
}
