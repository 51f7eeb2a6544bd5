//! Operation: where the packages stand, force by force; what is late; where a child waits.
//!
//! In: who looks. Out: the country as a map of tiles with a table of the same numbers behind it,
//! the way from referral to charge as bars, and what is late, oldest first. Everything is counted
//! among what the viewer may see, in one question for all kinds and forces. The stages that the
//! national side has no sight of (searches, arrests, charges) come from the figures, which count
//! every record by design, and only for those who see figures of every force. Whoever sees one
//! force alone gets the same without a map.

mod map;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::figure::{FIGURES, Part, Scope};
use pendeen_casework::force::ForceKey;
use pendeen_casework::permission::visibility;
use pendeen_casework::person::Person;
use pendeen_casework::record::Kind;
use pendeen_store::overview::Standing;
use pendeen_store::query::{Query, Row, Slice, Sort};

use crate::app::App;
use crate::error::{WebError, page};
use crate::shell::{Shell, force_name, sees};
use crate::text;
use crate::view::{Anchor, Count, record_address};
use crate::viewer::Viewer;
pub(crate) use map::Tile;

/// The kinds whose standing makes the picture.
const KINDS: [Kind; 6] =
    [Kind::Referral, Kind::Package, Kind::Warrant, Kind::Search, Kind::Arrest, Kind::Child];
/// States of a package that is with a force or was worked there.
const SENT: [&str; 5] = ["sent", "acknowledged", "in_progress", "resulted", "closed"];
/// Lines of each kind of lateness.
const LATE: u64 = 10;
/// A warrant with less time left than this is shown.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The page.
#[derive(Debug, Template)]
#[template(path = "operation.html")]
pub(crate) struct OperationPage {
    pub(crate) shell: Shell,
    pub(crate) counts: Vec<Count>,
    /// None where the viewer sees one force alone.
    pub(crate) map: Option<Vec<Tile>>,
    pub(crate) funnel: Vec<Stage>,
    pub(crate) late: Vec<Lateness>,
}

/// One stage of the way from a referral to a charge.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// What it counts.
    pub label: &'static str,
    /// How many, grouped.
    pub amount: String,
    /// The length of its bar, of a thousand.
    pub bar: u64,
    /// It stands beside the way, not on it.
    pub beside: bool,
}

/// What is late in one way, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Lateness {
    /// What is late.
    pub heading: &'static str,
    /// How many there are in all.
    pub total: String,
    /// The first of them.
    pub rows: Vec<LateRow>,
    /// The list of all, where there are more.
    pub all: Option<Anchor>,
}

/// One late thing.
#[derive(Debug, Clone)]
pub(crate) struct LateRow {
    /// The record's page.
    pub href: String,
    /// Its number.
    pub number: String,
    /// What names it.
    pub title: String,
    /// Whose work it is.
    pub force: String,
    /// Since when, or by when, in words.
    pub words: String,
    /// It has passed.
    pub late: bool,
    /// Made by the demonstration.
    pub simulated: bool,
}

/// Whether the rules let the person see what this page is about.
pub(crate) fn opens(person: &Person) -> bool {
    sees(person, Kind::Package)
}

/// `GET /operation`.
pub(crate) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, WebError> {
    let now = app.now();
    if !opens(&viewer.person) {
        app.store.denied(&viewer.person, "operation", None, now).await?;
        return Err(WebError::NotFound);
    }
    let kinds: Vec<Kind> = KINDS.into_iter().filter(|kind| sees(&viewer.person, *kind)).collect();
    let standings = app.store.standing(&viewer.person, &kinds, now).await?;
    let late = lateness(&app, &viewer, &kinds, now).await?;
    let nationwide = visibility(&viewer.person, Kind::Package).all;
    page(&OperationPage {
        shell: viewer.shell("Operation"),
        counts: counts(&standings),
        map: nationwide.then(|| map::tiles(&by_force(&standings))),
        funnel: funnel(&app, &viewer, &kinds, &standings).await?,
        late,
    })
}

/// What the tile of one force is made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Packages that were sent there.
    pub sent: u64,
    /// Of them, not acknowledged.
    pub unread: u64,
    /// Things past the time by which they were due.
    pub late: u64,
    /// Children at risk and not protected yet.
    pub waiting: u64,
    /// Of them and of the packages not acknowledged, those about a child at immediate risk.
    pub immediate: u64,
}

fn by_force(standings: &[Standing]) -> BTreeMap<ForceKey, Picture> {
    let mut pictures: BTreeMap<ForceKey, Picture> = BTreeMap::new();
    for standing in standings {
        let Some(force) = standing.force else { continue };
        let picture = pictures.entry(force).or_default();
        picture.late += standing.late;
        match (standing.kind, standing.state.as_str()) {
            (Kind::Package, state) if SENT.contains(&state) => {
                picture.sent += standing.count;
                if state == "sent" {
                    picture.unread += standing.count;
                    picture.immediate += standing.immediate;
                }
            }
            (Kind::Child, "at_risk") => {
                picture.waiting += standing.count;
                picture.immediate += standing.immediate;
            }
            _ => {}
        }
    }
    pictures
}

/// How many of a kind stand in one of these states; in any where there are none.
fn sum(standings: &[Standing], kind: Kind, states: &[&str]) -> u64 {
    let among =
        |s: &&Standing| s.kind == kind && (states.is_empty() || states.contains(&s.state.as_str()));
    standings.iter().filter(among).map(|s| s.count).sum()
}

fn counts(standings: &[Standing]) -> Vec<Count> {
    let immediate = |s: &&Standing| {
        matches!((s.kind, s.state.as_str()), (Kind::Package, "sent") | (Kind::Child, "at_risk"))
    };
    vec![
        Count::alarm(
            standings.iter().filter(immediate).map(|s| s.immediate).sum(),
            "about a child at immediate risk, waiting",
        ),
        Count::alarm(sum(standings, Kind::Package, &["sent"]), "packages not acknowledged"),
        Count::alarm(standings.iter().map(|s| s.late).sum(), "late"),
        Count::new(sum(standings, Kind::Package, &SENT), "packages with forces"),
        Count::new(
            sum(standings, Kind::Child, &["at_risk"]),
            "children at risk, not protected yet",
        ),
    ]
}

/// The stages that the viewer may know of.
async fn funnel(
    app: &App,
    viewer: &Viewer,
    kinds: &[Kind],
    standings: &[Standing],
) -> Result<Vec<Stage>, WebError> {
    let mut stages: Vec<(&'static str, u64, bool)> = Vec::new();
    let mut stand = |label, kind: Kind, states: &[&str], beside| {
        if kinds.contains(&kind) {
            stages.push((label, sum(standings, kind, states), beside));
        }
    };
    stand("Referrals received", Kind::Referral, &[], false);
    stand("Packages sent to forces", Kind::Package, &SENT, false);
    stand("Acknowledged", Kind::Package, &SENT[1..], false);
    stand("In work", Kind::Package, &SENT[2..], false);
    stand("Searches carried out", Kind::Search, &["carried_out"], false);
    stand("Arrests and voluntary attendances", Kind::Arrest, &[], false);
    stand("Of them charged", Kind::Arrest, &["charged"], false);
    let counted =
        [("searches", Kind::Search), ("arrests", Kind::Arrest), ("charged", Kind::Arrest)];
    if sees(&viewer.person, Kind::FiguresRelease) && viewer.person.force.is_none() {
        for (key, kind) in counted {
            let figure = FIGURES.iter().find(|figure| figure.key == key);
            let Some(figure) = figure.filter(|_| !kinds.contains(&kind)) else { continue };
            let scope = Scope { force: None, part: Part::All };
            stages.push((figure.title, app.store.figure(figure, &scope).await?, false));
        }
    }
    if kinds.contains(&Kind::Child) {
        let safe = sum(standings, Kind::Child, &["safeguarded", "stepped_down"]);
        stages.push(("Children safeguarded", safe, true));
    }
    let longest = stages.iter().map(|(_, amount, _)| *amount).max().unwrap_or(0).max(1);
    let stage = |(label, amount, beside): (&'static str, u64, bool)| Stage {
        label,
        amount: text::count(amount),
        bar: amount.saturating_mul(1_000) / longest,
        beside,
    };
    Ok(stages.into_iter().map(stage).collect())
}

/// What is late, of the kinds that the viewer sees.
async fn lateness(
    app: &App,
    viewer: &Viewer,
    kinds: &[Kind],
    now: Timestamp,
) -> Result<Vec<Lateness>, WebError> {
    let past = Some((Timestamp::MIN, now));
    let soon = Some((Timestamp::MIN, now.checked_add(SOON).unwrap_or(Timestamp::MAX)));
    let asked = [
        ("Packages not acknowledged", Kind::Package, &["sent"][..], None, Sort::Oldest),
        (
            "Children not referred to Children's Services in time",
            Kind::Child,
            &["at_risk"][..],
            past,
            Sort::Due,
        ),
        (
            "Bail and suicide-risk assessments missed",
            Kind::Arrest,
            &["made", "bailed"][..],
            past,
            Sort::Due,
        ),
        ("Warrants that expire within 14 days", Kind::Warrant, &["granted"][..], soon, Sort::Due),
    ];
    let mut late = Vec::new();
    for (heading, kind, states, due, order) in asked {
        if !kinds.contains(&kind) {
            continue;
        }
        let query = Query {
            states: states.iter().map(|state| (*state).to_owned()).collect(),
            due,
            order,
            page: Slice { offset: 0, limit: LATE },
            why: viewer.reason().map(str::to_owned),
            ..Query::of(kind)
        };
        let found = app.store.list(&viewer.person, &query, now).await?;
        let list = format!("/records/{}?state={}", kind.key(), states[0]);
        late.push(Lateness {
            heading,
            total: text::total(found.total),
            all: (found.total > LATE).then(|| Anchor::new(format!("All: {heading}"), list)),
            rows: found.rows.iter().map(|row| late_row(row, now)).collect(),
        });
    }
    Ok(late)
}

fn late_row(row: &Row, now: Timestamp) -> LateRow {
    let due = row.next.as_ref().and_then(|next| next.due).map(|due| text::Due::new(due, now));
    LateRow {
        href: record_address(row.kind, row.id),
        number: row.number.clone(),
        title: row.title.clone(),
        force: force_name(row.force),
        late: due.as_ref().is_none_or(|due| due.late),
        words: due
            .map_or_else(|| format!("waits since {}", text::moment(row.updated)), |due| due.words),
        simulated: row.simulated,
    }
}
