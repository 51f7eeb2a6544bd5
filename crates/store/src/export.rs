//! A whole list given out as a file: what the person may see of it, row by row.
//!
//! In: who asks and what the list asks for. Out: an [`Export`] whose [`Label`] says how the file
//! is marked, to whom it is restricted and whose it is, and then its rows, a part at a time, so
//! that a long list is never in memory at once and a slow reader holds no transaction open. The
//! leaf that says so, a disclosure to who asked, is committed before the first row. Which
//! records it has is settled at that moment; each is given as it is when its part is read, and
//! only if the person may still see it and the label covers it: the rest are counted as left out.

use jiff::Timestamp;
use pendeen_casework::export::Label;
use pendeen_casework::person::Person;
use pendeen_casework::record::mark::Mark;
use sea_orm::{
    ColumnTrait, Condition as Cond, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::Store;
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::record;
use crate::error::{Result, StoreError};
use crate::query::{Listed, Query, Row, Sort, asked, ordered, row, select, waiting};
use crate::sight::{restriction, visible};

/// Records that one file has at most.
pub const MOST: u64 = 100_000;
/// Records to a part.
const PART: usize = 1_000;

/// A list on its way out.
#[derive(Debug)]
pub struct Export {
    store: Store,
    who: Person,
    query: Query,
    left: std::vec::IntoIter<Uuid>,
    /// How the file is marked, and whose it is.
    pub label: Label,
    /// How many records the whole list has; more than [`MOST`] do not go into the file.
    pub total: u64,
    /// How many were left out since, because they changed in a way that the label or the
    /// person's sight does not cover.
    pub left_out: usize,
}

impl Store {
    /// Begins to give out what [`Self::list`] would list for the person, whatever its page.
    pub async fn export(&self, who: &Person, query: &Query, at: Timestamp) -> Result<Export> {
        self.give_out(who, query, visible(who, &query.kinds), "export", at).await
    }

    /// Begins to give out what [`Self::my_work`] would list for the person.
    pub async fn export_my_work(&self, who: &Person, at: Timestamp) -> Result<Export> {
        let query = Query { order: Sort::Mine(who.id), ..Query::default() };
        let waiting = waiting(who, self.review_from(at), at);
        self.give_out(who, &query, waiting, "export_my_work", at).await
    }

    async fn give_out(
        &self,
        who: &Person,
        query: &Query,
        seen: Cond,
        action: &str,
        at: Timestamp,
    ) -> Result<Export> {
        let db = self.snapshot().await?;
        let found = select(query, seen, self.backend());
        let total = found.clone().count(&db).await?;
        let held: Vec<(Uuid, String, String)> = ordered(found, query.order)
            .select_only()
            .columns([record::Column::Id, record::Column::Mark, record::Column::Restriction])
            .limit(MOST)
            .into_tuple()
            .all(&db)
            .await?;
        db.rollback().await?;
        let (mut ids, mut kept) = (Vec::with_capacity(held.len()), Vec::new());
        for (id, mark, restricted) in &held {
            let known = Mark::from_key(mark).zip(restriction(restricted));
            let known = known.ok_or_else(|| StoreError::Corrupt {
                what: "record",
                id: *id,
                source: serde::de::Error::custom("its mark or restriction is not known"),
            })?;
            if !kept.contains(&known) {
                kept.push(known);
            }
            ids.push(*id);
        }
        let label = Label::of(who, at, kept.iter().map(|(mark, to)| (*mark, to)));
        let told = serde_json::to_string(&label).map_err(|source| StoreError::Corrupt {
            what: "label",
            id: Uuid::nil(),
            source,
        })?;
        let leaf = Leaf::new(Processing::Disclosure, Some(who), action, at).to(who.name.clone());
        let committed = vec![
            asked(query)?,
            Committed::kept("label", told),
            Committed::kept("records", ids.len().to_string()),
        ];
        self.note(leaf, committed).await?;
        Ok(Export {
            store: self.clone(),
            who: who.clone(),
            query: query.clone(),
            left: ids.into_iter(),
            label,
            total,
            left_out: 0,
        })
    }
}

impl Export {
    /// The next rows, in the list's order; none at its end.
    pub async fn part(&mut self) -> Result<Option<Vec<Row>>> {
        let ids: Vec<Uuid> = self.left.by_ref().take(PART).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let stored = record::Entity::find()
            .filter(visible(&self.who, &self.query.kinds))
            .filter(record::Column::Id.is_in(ids.iter().copied()))
            .into_partial_model::<Listed>()
            .all(self.store.db())
            .await?;
        let mut rows = stored.into_iter().map(row).collect::<Result<Vec<_>>>()?;
        rows.retain(|row| self.label.covers(row.mark, &row.restriction));
        self.left_out += ids.len() - rows.len();
        let places: std::collections::HashMap<_, _> = ids.into_iter().zip(0_usize..).collect();
        rows.sort_by_key(|row| places.get(&row.id).copied());
        Ok(Some(rows))
    }
}
