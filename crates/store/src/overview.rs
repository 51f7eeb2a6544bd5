//! What stands where, what is due and who signed what: the questions of the pages that oversee
//! many records at once.
//!
//! In: a person and what they ask about. Out: counts of kind, state and force in one question,
//! records with their bodies, what a second person signed, and what stands in the way of
//! signing. All of it goes through `sight::visible`; each answer leaves one leaf, whatever the
//! number of records in it, before it is handed out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pendeen_casework::force::ForceKey;
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::{Person, PersonId};
use pendeen_casework::record::{ActContext, AnyRecord, Kind, Need, Related};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query as Sql, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryResult,
    QuerySelect,
};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{record, record_version, standing};
use crate::error::Result;
use crate::firsts::{firsts, total};
use crate::query::{Listed, Query, Row, committed, row};
use crate::read::{linked, load, parse};
use crate::sight::{clauses, disjoint, of_standing, visible};
use crate::standing::NATIONAL;
use crate::{Store, micros, moment};

/// How many records of one kind stand in one state with one force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The kind.
    pub kind: Kind,
    /// The state's stable name.
    pub state: String,
    /// The force; none for national work.
    pub force: Option<ForceKey>,
    /// How many.
    pub count: u64,
    /// How many of them are past the time by which something is due.
    pub late: u64,
    /// How many of them ask for something at once because a child is at immediate risk.
    pub immediate: u64,
}

/// A signature, or its refusal, that a person gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The record as it is now.
    pub row: Row,
    /// The act, by stable name.
    pub act: String,
    /// The version that it made.
    pub version: u32,
    /// When, UTC.
    pub at: Timestamp,
}

impl Store {
    /// What the person may see of these kinds, counted by kind, state and force.
    pub async fn standing(
        &self,
        who: &Person,
        kinds: &[Kind],
        at: Timestamp,
    ) -> Result<Vec<Standing>> {
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.snapshot().await?;
        let mut groups = Groups::default();
        let (kept, others) = of_standing(who, kinds);
        groups.add(&db, &numbers(kept), |one, count| one.count += count).await?;
        if !others.is_empty() {
            for seen in apart(who, &others) {
                groups.add(&db, &grouped(seen), |one, count| one.count += count).await?;
            }
        }
        for seen in apart(who, kinds) {
            let late = seen.clone().add(record::Column::NextDue.lt(micros(at)));
            groups.add(&db, &grouped(late), |one, count| one.late += count).await?;
            let immediate = seen.add(record::Column::NextUrgency.eq(0_i16));
            groups.add(&db, &grouped(immediate), |one, count| one.immediate += count).await?;
        }
        db.rollback().await?;
        let keys: Vec<&str> = kinds.iter().map(|kind| kind.key()).collect();
        let leaf = Leaf::new(Processing::Consultation, Some(who), "standing", at);
        self.note(leaf, vec![Committed::kept("kinds", keys.join(" "))]).await?;
        Ok(groups.0.into_values().collect())
    }

    /// The same records as [`Store::list`], with their bodies, and how many there are in all,
    /// counted as there.
    pub async fn records(
        &self,
        who: &Person,
        query: &Query,
        at: Timestamp,
    ) -> Result<(Vec<AnyRecord>, u64)> {
        let (records, total) = self.read_page(who, query).await?;
        let leaf = Leaf::new(Processing::Consultation, Some(who), "read_list", at);
        self.note(leaf, committed(query)?).await?;
        Ok((records, total))
    }

    /// The same where each record is consulted by itself, as [`Store::view`] does: a leaf for
    /// the list and one for each record in it, in one commit.
    pub async fn views(
        &self,
        who: &Person,
        query: &Query,
        at: Timestamp,
    ) -> Result<(Vec<AnyRecord>, u64)> {
        let (records, total) = self.read_page(who, query).await?;
        let leaf = |action| Leaf::new(Processing::Consultation, Some(who), action, at);
        let mut leaves = vec![(leaf("list"), committed(query)?)];
        let why = query.why.as_deref().map(str::trim).filter(|why| !why.is_empty());
        for record in &records {
            let head = record.head();
            let leaf = leaf("view").about(record.kind(), head.id, head.version);
            let why = why.map(|why| Committed::kept("justification", why));
            leaves.push((leaf, why.into_iter().collect()));
        }
        self.note_all(leaves).await?;
        Ok((records, total))
    }

    /// The records of a page, in its order, and how many the list has; leaves no leaf.
    async fn read_page(&self, who: &Person, query: &Query) -> Result<(Vec<AnyRecord>, u64)> {
        let db = self.snapshot().await?;
        let (seen, apart) = (clauses(who, &query.kinds), disjoint(who, &query.kinds).is_some());
        let total = total(&db, query, &seen, apart, self.backend()).await?;
        let rows = firsts(&db, query, seen, self.backend()).await?;
        let mut stored: BTreeMap<Uuid, record::Model> = BTreeMap::new();
        for part in rows.chunks(1_000) {
            let ids = part.iter().map(|row| row.id);
            let some = record::Entity::find().filter(record::Column::Id.is_in(ids));
            stored.extend(some.all(&db).await?.into_iter().map(|stored| (stored.id, stored)));
        }
        db.rollback().await?;
        // What was erased has no body to read.
        let kept = rows.iter().filter_map(|row| stored.get(&row.id));
        let kept = kept.filter(|stored| stored.state != crate::erasure::ERASED);
        let records = kept.map(parse).collect::<Result<Vec<_>>>()?;
        let seen = |record: &AnyRecord| decide(who, Action::View, record).is_ok();
        Ok((records.into_iter().filter(seen).collect(), total))
    }

    /// What the person did by these acts to records of these kinds that they may see, newest
    /// first.
    pub async fn signed(
        &self,
        who: &Person,
        kinds: &[Kind],
        acts: &[&str],
        limit: u64,
        at: Timestamp,
    ) -> Result<Vec<Signed>> {
        if kinds.is_empty() || acts.is_empty() {
            return Ok(Vec::new());
        }
        // Act by act, each from an index in its own order: a person may have signed very much.
        let mut versions = Vec::new();
        for act in acts.iter().collect::<BTreeSet<_>>() {
            let of_act = self.db().query_all(&by_this_person(who, kinds, act, limit)).await?;
            versions.extend(of_act.iter().map(signature).collect::<Result<Vec<_>>>()?);
        }
        versions.sort_by_key(|(id, _, _, at)| (Reverse(*at), *id));
        versions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let ids: BTreeSet<Uuid> = versions.iter().map(|(id, ..)| *id).collect();
        let rows: BTreeMap<Uuid, Row> = record::Entity::find()
            .filter(visible(who, kinds))
            .filter(record::Column::Id.is_in(ids))
            .into_partial_model::<Listed>()
            .all(self.db())
            .await?
            .into_iter()
            .map(|stored| Ok((stored.id, row(stored)?)))
            .collect::<Result<_>>()?;
        let leaf = Leaf::new(Processing::Consultation, Some(who), "signed", at);
        self.note(leaf, Vec::new()).await?;
        let signed = versions.into_iter().filter_map(|(id, act, version, at)| {
            Some(Signed { row: rows.get(&id)?.clone(), act, version, at })
        });
        Ok(signed.collect())
    }

    /// The newest version that the person made of each of these records, if they made any.
    pub async fn last_touched(&self, who: PersonId, ids: &[Uuid]) -> Result<BTreeMap<Uuid, u32>> {
        use record_version::Column;
        // Whose versions they are is looked at here: a record has few, a person may have many.
        let found: Vec<(Uuid, i64, Uuid)> = record_version::Entity::find()
            .select_only()
            .columns([Column::RecordId, Column::Version, Column::ById])
            .filter(Column::RecordId.is_in(ids.iter().copied()))
            .into_tuple()
            .all(self.db())
            .await?;
        let mut newest: BTreeMap<Uuid, u32> = BTreeMap::new();
        for (id, version, _) in found.into_iter().filter(|(_, _, by)| *by == who.0) {
            let version = u32::try_from(version).unwrap_or(u32::MAX);
            let known = newest.entry(id).or_default();
            *known = Ord::max(version, *known);
        }
        Ok(newest)
    }

    /// Why a rule would refuse this person's act on the record as it is now, fields that a form
    /// asks for aside. Nothing is written, and nothing promised: the act itself decides.
    pub async fn hindrance(
        &self,
        who: &Person,
        record: &AnyRecord,
        act: &str,
        at: Timestamp,
    ) -> Result<Option<Refusal>> {
        let mut known = Vec::new();
        for need in record.needs(act) {
            match need {
                Need::Record(kind, id) => known.extend(load(self.db(), kind, id).await?),
                Need::LinkedTo { kind, role, to } => {
                    known.extend(linked(self.db(), kind, role, to).await?);
                }
            }
        }
        let (fields, related) = (Fields::default(), Related::new(known));
        let settings = self.settings();
        let context = ActContext { fields: &fields, related: &related, by: who, at, settings };
        Ok(match record.perform(act, &context) {
            Ok(_) | Err(Refusal::Field { .. }) => None,
            Err(refusal) => Some(refusal),
        })
    }
}

/// What the person may see of these kinds, clause by clause where none admits what another does:
/// each has an index of its own.
fn apart(who: &Person, kinds: &[Kind]) -> Vec<Condition> {
    disjoint(who, kinds).unwrap_or_else(|| vec![visible(who, kinds)])
}

/// The kept numbers by kind, state and force.
fn numbers(seen: Condition) -> SelectStatement {
    use standing::Column;
    Sql::select()
        .columns([Column::Kind, Column::State, Column::Force, Column::Number])
        .from(standing::Entity)
        .cond_where(seen.add(Column::Number.gt(0_i64)))
        .take()
}

/// Records counted by kind, state and force.
fn grouped(seen: Condition) -> SelectStatement {
    use record::Column;
    Sql::select()
        .columns([Column::Kind, Column::State, Column::Force])
        .expr(Expr::col(Asterisk).count())
        .from(record::Entity)
        .cond_where(seen)
        .group_by_columns([Column::Kind, Column::State, Column::Force])
        .take()
}

/// Counts by kind, state and force, as they come together.
#[derive(Debug, Default)]
struct Groups(BTreeMap<(Kind, String, Option<ForceKey>), Standing>);

impl Groups {
    /// Adds what a question counts: rows of kind, state, force and number. Left out are kinds and
    /// forces that this version does not know.
    async fn add<C: ConnectionTrait>(
        &mut self,
        db: &C,
        question: &SelectStatement,
        add: impl Fn(&mut Standing, u64),
    ) -> Result<()> {
        for row in db.query_all(question).await? {
            let (kind, state): (String, String) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let force: Option<String> = row.try_get_by_index(2)?;
            let count: i64 = row.try_get_by_index(3)?;
            let force = force.as_deref().filter(|force| *force != NATIONAL).map(ForceKey::parse);
            let (Some(kind), None | Some(Some(_))) = (Kind::from_key(&kind), force) else {
                continue;
            };
            let force = force.flatten();
            let key = (kind, state.clone(), force);
            let one = self.0.entry(key).or_insert_with(|| Standing {
                kind,
                state,
                force,
                count: 0,
                late: 0,
                immediate: 0,
            });
            add(one, u64::try_from(count).unwrap_or(0));
        }
        Ok(())
    }
}

fn by_this_person(who: &Person, kinds: &[Kind], act: &str, limit: u64) -> SelectStatement {
    use record_version::Column;
    let of = |column: Column| (record_version::Entity, column);
    let same = Expr::col(of(Column::RecordId)).equals((record::Entity, record::Column::Id));
    Sql::select()
        .column(of(Column::RecordId))
        .column(of(Column::Act))
        .column(of(Column::Version))
        .column(of(Column::At))
        .from(record_version::Entity)
        .inner_join(record::Entity, same)
        .cond_where(visible(who, kinds).add(Column::ById.eq(who.id.0)).add(Column::Act.eq(act)))
        .order_by(of(Column::At), Order::Desc)
        .order_by(of(Column::RecordId), Order::Asc)
        .limit(limit)
        .take()
}

fn signature(row: &QueryResult) -> Result<(Uuid, String, u32, Timestamp)> {
    let (version, at): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, version, moment(at)))
}
