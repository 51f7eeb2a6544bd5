//! "The same person" on the page of a subject or another person: who says that this record and
//! another are about one human being. Nothing is joined: each statement leads to the other
//! record, if the viewer may see it, and to the statement itself.

use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::read::RelatedRows;
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::view::{Anchor, record_address};
use crate::viewer::Viewer;

/// One statement about the record shown.
#[derive(Debug, Clone)]
pub(crate) struct SameView {
    /// The other record.
    pub other: Anchor,
    /// Whether a second person confirmed it.
    pub confirmed: bool,
    /// Who said so, when.
    pub asserted: String,
    /// The statement.
    pub statement: Anchor,
}

/// The statements that hold about a record, as far as the viewer may see them.
pub(super) async fn statements(
    app: &App,
    viewer: &Viewer,
    id: Uuid,
    related: &RelatedRows,
) -> Result<Vec<SameView>, WebError> {
    let mut views: Vec<SameView> = Vec::new();
    for row in related.incoming.iter().map(|r| &r.row).filter(|r| r.kind == Kind::SamePerson) {
        let found =
            app.store.view(&viewer.person, row.kind, row.id, viewer.reason(), app.now()).await?;
        let Some(AnyRecord::SamePerson(said)) =
            found.filter(|_| !views.iter().any(|view| view.statement.text == row.number))
        else {
            continue;
        };
        let Some(other) = said.other_than(id).filter(|_| said.holds()) else { continue };
        let seen = app
            .store
            .view(&viewer.person, other.kind, other.id, viewer.reason(), app.now())
            .await?;
        let statement = record_address(row.kind, row.id);
        views.push(SameView {
            // Of a record that the viewer may not see, the number alone, and nowhere to go.
            other: match seen {
                Some(seen) => Anchor::new(
                    format!("{} ({})", seen.title(), other.number),
                    record_address(other.kind, other.id),
                ),
                None => Anchor::new(other.number.clone(), String::new()),
            },
            confirmed: said.decided.is_some(),
            asserted: said.asserted.to_string(),
            statement: Anchor::new(row.number.clone(), statement),
        });
    }
    Ok(views)
}
