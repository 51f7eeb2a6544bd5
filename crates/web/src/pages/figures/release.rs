//! A release as it goes out: to read and print, as CSV and as JSON, each from what was frozen.
//!
//! What is left out is a `c` for whoever reads, and `null` in JSON. Before it is published, only
//! those see it who may see the draft.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::export::Label;
use pendeen_casework::figure::frozen::{Decision, Frozen, Row};
use pendeen_casework::figure::table::{Side, Whose};
use pendeen_casework::figure::{Part, Scope};
use pendeen_casework::person::Person;
use pendeen_casework::record::release::FiguresRelease;
use pendeen_casework::record::{AnyRecord, Record, Signed};
use pendeen_store::figures::Change;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::behind::file;
use super::only_for_readers;
use crate::app::App;
use crate::csv::line;
use crate::error::{WebError, page};
use crate::label;
use crate::shell::Shell;
use crate::text;
use crate::viewer::Viewer;

/// What stands for a number that is left out.
const LEFT_OUT: &str = "c";

/// The page.
#[derive(Debug, Template)]
#[template(path = "figures_release.html")]
pub(crate) struct ReleasePage {
    pub(crate) shell: Shell,
    pub(crate) number: String,
    pub(crate) state: String,
    pub(crate) whose: &'static str,
    pub(crate) as_at: String,
    pub(crate) notes: String,
    pub(crate) threshold: u32,
    pub(crate) out: usize,
    pub(crate) digest: String,
    pub(crate) label: String,
    pub(crate) hands: Vec<(&'static str, String)>,
    pub(crate) whole: bool,
    pub(crate) figures: Vec<FigureLine>,
    pub(crate) tables: Vec<FigureTable>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) changes: Option<(String, Vec<ChangeLine>)>,
}

/// One figure over all.
#[derive(Debug, Clone)]
pub(crate) struct FigureLine {
    /// What it is called.
    pub title: String,
    /// What it counts.
    pub sentence: String,
    /// In the operation, outside, together.
    pub amounts: Vec<String>,
}

/// One figure by force.
#[derive(Debug, Clone)]
pub(crate) struct FigureTable {
    /// What it is called.
    pub title: String,
    /// Whose, and the numbers.
    pub rows: Vec<(&'static str, Vec<String>)>,
}

/// Why a figure is not what it was.
#[derive(Debug, Clone)]
pub(crate) struct ChangeLine {
    /// The figure.
    pub title: &'static str,
    /// What changed.
    pub words: String,
}

/// `GET /figures/releases/{number}`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(number): Path<String>,
) -> Result<Response, WebError> {
    let (release, frozen) = found(&app, &viewer.person, &number).await?;
    let over_all = frozen.force.map_or(Whose::All, Whose::Force);
    let lines = frozen.definitions.iter().map(|definition| FigureLine {
        title: definition.title.clone(),
        sentence: definition.sentence.clone(),
        amounts: amounts(frozen.row(&definition.key, over_all)),
    });
    let changes = changes(&app, &release, &frozen).await?;
    let label = Label::new(&viewer.person, app.now(), [&release.head]);
    page(&ReleasePage {
        shell: viewer.shell(release.name.clone()).marked([release.head.mark]),
        number: release.head.number.clone(),
        state: text::words(release.state()),
        whose: over_all.name(),
        as_at: text::moment(frozen.as_at),
        notes: release.notes.clone(),
        threshold: frozen.threshold,
        out: frozen.out(),
        whole: hex::encode(Sha256::digest(release.figures.to_string())) == release.digest,
        digest: release.digest.clone(),
        label: label::sentence(&whose(&release, &viewer.person, &label), &label),
        hands: hands(&release),
        figures: lines.collect(),
        tables: tables(&frozen),
        decisions: frozen.decisions.clone(),
        changes,
    })
}

/// `GET /figures/releases/{number}/csv`.
pub(crate) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Path(number): Path<String>,
) -> Result<Response, WebError> {
    let (release, frozen) = found(&app, &viewer.person, &number).await?;
    let label = Label::new(&viewer.person, app.now(), [&release.head]);
    let mut csv = label::first_line_of(&whose(&release, &viewer.person, &label), &label);
    csv.push_str(&line(&["figure", "title", "whose", "in_operation", "outside", "together"]));
    for definition in &frozen.definitions {
        for whose in frozen.whose() {
            let mut cells =
                vec![definition.key.clone(), definition.title.clone(), whose.name().to_owned()];
            let row = frozen.row(&definition.key, whose);
            cells.extend(Side::ALL.map(|side| {
                row.shown(side).map_or_else(|| LEFT_OUT.to_owned(), |count| count.to_string())
            }));
            csv.push_str(&line(&cells.iter().map(String::as_str).collect::<Vec<_>>()));
        }
    }
    disclosed(&app, &viewer.person, release, "figures release as CSV").await?;
    file(&format!("{number}.csv"), "text/csv; charset=utf-8", csv)
}

/// `GET /figures/releases/{number}/json`.
pub(crate) async fn as_json(
    State(app): State<App>,
    viewer: Viewer,
    Path(number): Path<String>,
) -> Result<Response, WebError> {
    let (release, frozen) = found(&app, &viewer.person, &number).await?;
    let mut text = told(&release, &frozen);
    text["label"] = labelled(&app, &viewer.person, &release);
    disclosed(&app, &viewer.person, release, "figures release as JSON").await?;
    file(&format!("{number}.json"), "application/json", format!("{text:#}\n"))
}

/// Who drafted, approved and published it, and when.
fn hands(release: &FiguresRelease) -> Vec<(&'static str, String)> {
    let head = &release.head;
    let drafted = ("Drafted by", format!("{}, {}", head.author_name, text::moment(head.created)));
    let signed = [("Approved by", &release.approved), ("Published by", &release.published)];
    let signed = signed.into_iter().map(|(did, by)| {
        let by = by.as_ref().map(|by| format!("{}, {}", by.name, text::moment(by.at)));
        (did, by.unwrap_or_else(|| "Nobody yet".to_owned()))
    });
    std::iter::once(drafted).chain(signed).collect()
}

/// For whom a release is: a published one for everybody, whoever saves it.
fn whose(release: &FiguresRelease, who: &Person, label: &Label) -> String {
    match &release.published {
        Some(published) => {
            let day = text::moment(published.at);
            format!("Published {day}; saved by {}, {}", who.name, text::moment(label.at))
        }
        None => label::given(who, label),
    }
}

/// How the release is labelled for whoever it is given to.
pub(crate) fn labelled(app: &App, who: &Person, release: &FiguresRelease) -> Value {
    label::json(who, &Label::new(who, app.now(), [&release.head]))
}

/// A release with its figures as JSON: what is left out is null.
pub(crate) fn told(release: &FiguresRelease, frozen: &Frozen) -> Value {
    let figures: Vec<Value> = frozen
        .definitions
        .iter()
        .map(|definition| {
            let rows = frozen.whose().into_iter().map(|whose| {
                let row = frozen.row(&definition.key, whose);
                let [inside, outside, both] = Side::ALL.map(|side| row.shown(side));
                json!({
                    "whose": whose.key(), "name": whose.name(),
                    "in_operation": inside, "outside_operation": outside, "together": both,
                })
            });
            json!({
                "key": definition.key, "title": definition.title,
                "sentence": definition.sentence, "query": definition.query,
                "rows": rows.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "release": release.head.number, "title": release.name, "state": release.state(),
        "as_at": frozen.as_at, "force": frozen.force, "threshold": frozen.threshold,
        "left_out": "null: left out, so that no small count is told",
        "approved": signed(release.approved.as_ref()),
        "published": signed(release.published.as_ref()),
        "figures_digest_sha256": release.digest, "figures": figures,
    })
}

/// Who signed and when, for programs; null where nobody has.
fn signed(by: Option<&Signed>) -> Value {
    by.map_or(Value::Null, |by| json!({ "by": by.name, "at": by.at }))
}

/// The release with this number, if the viewer may see it; that it was looked at is recorded.
pub(crate) async fn found(
    app: &App,
    who: &Person,
    number: &str,
) -> Result<(FiguresRelease, Frozen), WebError> {
    only_for_readers(app, who).await?;
    let found = app.store.find_by_number(who, number, None, app.now()).await?;
    let Some(AnyRecord::FiguresRelease(release)) = found else { return Err(WebError::NotFound) };
    let frozen = release.frozen().ok_or(WebError::NotFound)?;
    Ok((release, frozen))
}

pub(crate) async fn disclosed(
    app: &App,
    who: &Person,
    release: FiguresRelease,
    what: &str,
) -> Result<(), WebError> {
    let record = AnyRecord::FiguresRelease(release);
    let to = who.name.clone();
    Ok(app.store.disclosed(who, &record, &to, what, app.now()).await?)
}

fn amounts(row: Row) -> Vec<String> {
    let shown = |side| row.shown(side).map_or_else(|| LEFT_OUT.to_owned(), text::count);
    Side::ALL.map(shown).to_vec()
}

/// Each figure by force, without forces that have nothing to count.
fn tables(frozen: &Frozen) -> Vec<FigureTable> {
    let table = |definition: &pendeen_casework::figure::frozen::Definition| {
        let forces = frozen.table.get(&definition.key)?.iter();
        let rows: Vec<_> = forces
            .filter(|(whose, row)| **whose != Whose::All && **row != Row::EMPTY)
            .map(|(whose, row)| (whose.name(), amounts(*row)))
            .collect();
        let by_force = frozen.force.is_none() && !rows.is_empty();
        by_force.then(|| FigureTable { title: definition.title.clone(), rows })
    };
    frozen.definitions.iter().filter_map(table).collect()
}

/// What changed since the release before of the same scope, figure by figure, for those who see
/// the draft: counts of records alone, small ones without their number.
async fn changes(
    app: &App,
    release: &FiguresRelease,
    frozen: &Frozen,
) -> Result<Option<(String, Vec<ChangeLine>)>, WebError> {
    let before = app.store.release_before(release).await?;
    let Some((known, as_at)) = before else { return Ok(None) };
    let scope = Scope { force: frozen.force, part: Part::All };
    let changed = app.store.figure_changes(&scope, as_at, frozen.as_at).await?;
    let lines = changed.into_iter().filter(|(_, change)| change.any()).map(|(figure, change)| {
        ChangeLine { title: figure.title, words: words(change, frozen.threshold) }
    });
    Ok(Some((format!("{known}, as at {}", text::moment(as_at)), lines.collect())))
}

/// What changed, in words; a small count is told no more exactly here than in the tables, nor
/// can it be worked out: the published numbers tell what came less what went.
fn words(change: Change, threshold: u32) -> String {
    let least = u64::from(threshold);
    let few = |count: u64| 0 < count && count < least;
    let balance = [change.new, change.came, change.went].into_iter().any(few);
    let told = |count: u64, vague: bool| match count {
        _ if few(count) => format!("fewer than {threshold}"),
        _ if vague => format!("{threshold} or more"),
        _ => text::count(count),
    };
    let parts = [
        (change.new, balance, "new"),
        (change.came, balance, "there before, counted now"),
        (change.went, balance, "counted no more"),
        (change.corrected, false, "corrected or moved within"),
    ];
    let said = parts.into_iter().filter(|(count, ..)| *count > 0);
    let said = said.map(|(count, vague, what)| format!("{} {what}", told(count, vague)));
    said.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_records_changed_is_not_told_where_they_are_few() {
        let change = Change { new: 4, came: 0, went: 5, corrected: 1 };
        let vague =
            "fewer than 5 new, 5 or more counted no more, fewer than 5 corrected or moved within";
        assert_eq!(words(change, 5), vague);
        assert_eq!(words(change, 0), "4 new, 5 counted no more, 1 corrected or moved within");
        let change = Change { new: 9, came: 0, went: 5, corrected: 1 };
        let exact = "9 new, 5 counted no more, fewer than 5 corrected or moved within";
        assert_eq!(words(change, 5), exact);
    }
}
