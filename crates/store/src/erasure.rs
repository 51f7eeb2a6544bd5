//! Erasing a record: its content goes, a hole stays that says when, by whom and under which
//! decision.
//!
//! In: the permit of the act that decides, on a record that another person made: two people, and
//! the database refuses one. Out: the [`Hole`]. Emptied, in one transaction with the leaf: the
//! record's body, title, search text and next step, its properties and its own relations; the
//! content of each version; salts and values behind every leaf about it; documents that no other
//! record names. What stays: identifier, number, kind, force, restriction, who made which
//! version when, when it entered which state, what it added to figures, and the log, which still
//! verifies because leaves hold commitments only.
//! Refused: a record that is erased already, one that is not there, one person deciding alone.
//!
//! Source of the rule: Data Protection Act 2018 ss.47 and 62; docs/reference/audit.md.

use jiff::Timestamp;
use pendeen_casework::permission::{Denied, Permit};
use pendeen_casework::person::{Person, PersonId};
use pendeen_casework::record::{AnyRecord, Kind};
use sea_orm::sea_query::{Expr, IntoCondition, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::document::DocumentDigest;
use crate::entity::{
    audit_leaf, audit_opening, document, erasure, facet, link, record, record_document,
    record_version,
};
use crate::error::{Result, StoreError};
use crate::sight::visible;
use crate::write::Batch;
use crate::{Store, clean, micros, moment, search, standing};

/// The state of a record whose content was erased.
pub const ERASED: &str = "erased";

/// What lists show instead of a title.
const TITLE: &str = "(erased)";

/// What stands where a record was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// The record's kind.
    pub kind: Kind,
    /// The record's identifier.
    pub id: Uuid,
    /// What people called it.
    pub number: String,
    /// Versions that it had.
    pub versions: u32,
    /// When it was erased, UTC.
    pub at: Timestamp,
    /// Who proposed that.
    pub proposed_by: PersonId,
    /// Who decided it.
    pub approved_by: PersonId,
    /// That person's name at the time.
    pub approved_by_name: String,
    /// The number of the record that holds the decision.
    pub decision: String,
}

/// Which record is to be erased, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its identifier.
    pub record: Uuid,
    /// Why; kept behind the leaf.
    pub reason: &'a str,
}

impl Batch {
    /// Erases a record's content under a decision: `permit` is for the act that decides, on
    /// `decision`, which another person made. Call it in the batch of that act, before it.
    pub async fn erase(
        &mut self,
        permit: &Permit,
        decision: &AnyRecord,
        order: Order<'_>,
        at: Timestamp,
    ) -> Result<Hole> {
        let (head, approver) = (decision.head(), permit.person());
        let decided = permit.kind() == decision.kind()
            && permit.id() == head.id
            && permit.version() == head.version
            && head.author != approver.id
            && head.id != order.record;
        if !decided {
            return Err(Denied.into());
        }
        let stored = record::Entity::find_by_id(order.record)
            .filter(record::Column::Kind.eq(order.kind.key()))
            .one(self.transaction())
            .await?
            .ok_or(StoreError::NotFound { kind: order.kind })?;
        if stored.state == ERASED {
            return Err(StoreError::Conflict("the record is erased already"));
        }
        let hole = Hole {
            kind: order.kind,
            id: stored.id,
            number: stored.number,
            versions: u32::try_from(stored.version).unwrap_or(u32::MAX),
            at,
            proposed_by: head.author,
            approved_by: approver.id,
            approved_by_name: clean(&approver.name),
            decision: head.number.clone(),
        };
        let txn = self.transaction();
        note(txn, &hole).await?;
        search::keep(txn, hole.id, Some(&stored.search), &hole.number.to_lowercase()).await?;
        empty_record(txn, &hole).await?;
        let gone = empty_documents(txn, hole.id).await?;
        let digests = gone.iter().filter_map(|digest| DocumentDigest::parse(&hex::encode(digest)));
        let digests: Vec<_> = digests.collect();
        let collected = empty_openings(txn, hole.id, &gone).await?;
        self.gone.extend(digests);
        self.append(leaf(approver, &hole), committed(&hole, order.reason, &collected)).await?;
        Ok(hole)
    }
}

impl Store {
    /// What stands where an erased record was, for a person who might have seen the record;
    /// nothing where it was not erased. Leaves no leaf: it holds no content of the record.
    pub async fn hole(&self, who: &Person, kind: Kind, id: Uuid) -> Result<Option<Hole>> {
        let stored = record::Entity::find_by_id(id)
            .filter(record::Column::Kind.eq(kind.key()))
            .filter(record::Column::State.eq(ERASED))
            .filter(visible(who, &[kind]))
            .one(self.db())
            .await?;
        let Some(stored) = stored else { return Ok(None) };
        let erased = erasure::Entity::find_by_id(id).one(self.db()).await?;
        Ok(erased.map(|erased| Hole {
            kind,
            id,
            number: stored.number,
            versions: u32::try_from(stored.version).unwrap_or(u32::MAX),
            at: moment(erased.at),
            proposed_by: PersonId(erased.proposed_by),
            approved_by: PersonId(erased.approved_by),
            approved_by_name: erased.approved_by_name,
            decision: erased.decision,
        }))
    }
}

/// The row without which the database lets no version be emptied.
async fn note<C: ConnectionTrait>(db: &C, hole: &Hole) -> Result<()> {
    let row = erasure::ActiveModel {
        record_id: Set(hole.id),
        at: Set(micros(hole.at)),
        proposed_by: Set(hole.proposed_by.0),
        approved_by: Set(hole.approved_by.0),
        approved_by_name: Set(hole.approved_by_name.clone()),
        decision: Set(hole.decision.clone()),
    };
    erasure::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

async fn empty_record<C: ConnectionTrait>(db: &C, hole: &Hole) -> Result<()> {
    use record::Column;
    let nothing = || Expr::value(None::<String>);
    if let Some(row) = record::Entity::find_by_id(hole.id).one(db).await? {
        let mut standing = standing::Changes::default();
        standing.leaves(&row);
        standing.enters(&record::Model { state: ERASED.to_owned(), ..row });
        standing.write(db).await?;
    }
    record::Entity::update_many()
        .col_expr(Column::State, Expr::value(ERASED))
        .col_expr(Column::Title, Expr::value(TITLE))
        .col_expr(Column::Search, Expr::value(hole.number.to_lowercase()))
        .col_expr(Column::Body, Expr::value(""))
        .col_expr(Column::NextRole, nothing())
        .col_expr(Column::NextWhat, nothing())
        .col_expr(Column::NextDue, Expr::value(None::<i64>))
        .col_expr(Column::NextUrgency, Expr::value(None::<i16>))
        .col_expr(Column::Assigned, Expr::value(None::<Uuid>))
        .col_expr(Column::Updated, Expr::value(micros(hole.at)))
        .filter(Column::Id.eq(hole.id))
        .exec(db)
        .await?;
    record_version::Entity::update_many()
        .col_expr(record_version::Column::Body, Expr::value(""))
        .col_expr(record_version::Column::Fields, Expr::value("{}"))
        .filter(record_version::Column::RecordId.eq(hole.id))
        .exec(db)
        .await?;
    facet::Entity::delete_many().filter(facet::Column::RecordId.eq(hole.id)).exec(db).await?;
    link::Entity::delete_many().filter(link::Column::FromId.eq(hole.id)).exec(db).await?;
    Ok(())
}

/// Deletes the documents that this record alone names; gives their digests.
async fn empty_documents<C: ConnectionTrait>(db: &C, id: Uuid) -> Result<Vec<Vec<u8>>> {
    use record_document::Column;
    let digests = |of: sea_orm::Condition| {
        record_document::Entity::find()
            .select_only()
            .column(Column::Sha256)
            .filter(of)
            .into_tuple::<Vec<u8>>()
            .all(db)
    };
    let named = digests(Column::RecordId.eq(id).into_condition()).await?;
    record_document::Entity::delete_many().filter(Column::RecordId.eq(id)).exec(db).await?;
    let elsewhere = digests(Column::Sha256.is_in(named.clone()).into_condition()).await?;
    let alone: Vec<_> = named.into_iter().filter(|digest| !elsewhere.contains(digest)).collect();
    document::Entity::delete_many()
        .filter(document::Column::Sha256.is_in(alone.clone()))
        .exec(db)
        .await?;
    Ok(alone)
}

/// Deletes salts and values of every leaf about the record, and of the leaves by which the
/// documents that are gone were collected: gives the numbers of these.
async fn empty_openings<C: ConnectionTrait>(
    db: &C,
    id: Uuid,
    gone: &[Vec<u8>],
) -> Result<Vec<i64>> {
    use audit_opening::Column;
    let about = Query::select()
        .column(audit_leaf::Column::Seq)
        .from(audit_leaf::Entity)
        .and_where(audit_leaf::Column::RecordId.eq(id))
        .to_owned();
    audit_opening::Entity::delete_many().filter(Column::Seq.in_subquery(about)).exec(db).await?;
    let collected: Vec<i64> = audit_opening::Entity::find()
        .select_only()
        .column(Column::Seq)
        .filter(Column::Name.eq("document"))
        .filter(Column::Value.is_in(gone.iter().map(hex::encode)))
        .order_by_asc(Column::Seq)
        .into_tuple()
        .all(db)
        .await?;
    audit_opening::Entity::delete_many()
        .filter(Column::Seq.is_in(collected.clone()))
        .exec(db)
        .await?;
    Ok(collected)
}

/// What stays of an erasure in the log.
fn leaf(approver: &Person, hole: &Hole) -> Leaf {
    Leaf::new(Processing::Erasure, Some(approver), "erase", hole.at).about(
        hole.kind,
        hole.id,
        hole.versions,
    )
}

fn committed(hole: &Hole, reason: &str, collected: &[i64]) -> Vec<Committed> {
    let mut committed = vec![
        Committed::kept("reason", reason),
        Committed::kept("decision", hole.decision.clone()),
        Committed::kept("proposed_by", hole.proposed_by.0.to_string()),
    ];
    if !collected.is_empty() {
        let numbers: Vec<String> = collected.iter().map(ToString::to_string).collect();
        committed.push(Committed::kept(COLLECTED, numbers.join(",")));
    }
    committed
}

/// The commitment of an erasure leaf to the numbers of leaves, about no record, whose values
/// went with it.
pub(crate) const COLLECTED: &str = "collected";
