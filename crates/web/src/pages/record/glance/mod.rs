//! What a reader of one kind of record wants to know in five seconds, above its details.

mod case;
mod child;
mod examination;
mod exhibit;
mod package;
mod paper;
mod subject;

pub(crate) use case::CaseView;
#[cfg(test)]
pub(crate) use case::{Elsewhere, Moment};
pub(crate) use child::{Clock, clocks};
pub(crate) use examination::Totals;
pub(crate) use exhibit::Handover;
pub(crate) use package::Step;
pub(crate) use paper::Copy as PaperCopy;
pub(crate) use subject::Sides;

use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::read::RelatedRows;

use crate::app::App;
use crate::error::WebError;
use crate::view::{Anchor, record_address};
use crate::viewer::Viewer;

/// The part of a record's page that only its kind has.
#[derive(Debug, Clone)]
pub(crate) enum Glance {
    /// A package: who did which step, what is still to do.
    Package(Vec<Step>),
    /// A case: what happened in it, newest first.
    Case(CaseView),
    /// An exhibit: who had it when, under which seal.
    Exhibit(Vec<Handover>),
    /// An examination: what it found.
    Examination(Totals),
    /// A child: how long known, how long since Children's Services were told.
    Child(Vec<Clock>),
    /// A subject: fact apart from opinion.
    Subject(Sides),
    /// A document: its versions, newest first.
    Paper(Vec<PaperCopy>),
    /// A search: the plan for the phone at the door.
    Search(Anchor),
    /// Nothing beyond the details.
    Nothing,
}

/// Whether the glance at this kind of record already tells what a line of its details says.
pub(super) fn tells(kind: Kind, label: &str) -> bool {
    match kind {
        Kind::Exhibit => label == "Custody",
        Kind::Paper => label == "Version",
        Kind::Subject => ["Fact", "Opinion", "A child is at immediate risk"].contains(&label),
        _ => false,
    }
}

/// The glance at this record.
pub(super) async fn at(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    related: &RelatedRows,
) -> Result<Glance, WebError> {
    Ok(match record {
        AnyRecord::Package(package) => Glance::Package(package::steps(package)),
        AnyRecord::Case(_) => Glance::Case(case::at(app, viewer, related).await?),
        AnyRecord::Exhibit(exhibit) => Glance::Exhibit(exhibit::custody(exhibit)),
        AnyRecord::Examination(examination) => {
            examination::totals(app, examination).await.map_or(Glance::Nothing, Glance::Examination)
        }
        AnyRecord::Child(child) => Glance::Child(child::clocks(child, app.now())),
        AnyRecord::Paper(paper) => Glance::Paper(paper::versions(paper)),
        AnyRecord::Search(search) => {
            let page = record_address(Kind::Search, search.head.id);
            Glance::Search(Anchor::new(
                "The plan for the phone at the door",
                format!("{page}/plan"),
            ))
        }
        AnyRecord::Subject(subject) => Glance::Subject(subject::sides(subject)),
        _ => Glance::Nothing,
    })
}
