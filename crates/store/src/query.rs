//! Lists, counts, search and My work: what a person may see, and no more.
//!
//! `sight::visible` is the one function that turns need to know into SQL; every list, count
//! and search goes through it, so that a hidden row changes no byte of any answer.

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::{Person, PersonId, Role};
use pendeen_casework::record::mark::Mark;
use pendeen_casework::record::{Kind, Next, Restriction, Urgency, retention_review};
use sea_orm::sea_query::{
    Alias, Asterisk, Expr, ExprTrait, NullOrdering, Query as Sql, SelectStatement, SimpleExpr,
};
use sea_orm::{
    ColumnTrait, Condition as Cond, ConnectionTrait, DbBackend, DerivePartialModel, EntityTrait,
    Order, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::Serialize;
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::claim::{taken_by, with_others};
use crate::entity::{facet, link, record};
use crate::error::{Result, StoreError};
use crate::firsts::{firsts, total};
use crate::search::worded;
use crate::sight::{clauses, disjoint, restriction, visible};
use crate::{Store, micros, moment};

/// Which operation a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Belongs {
    /// To this one.
    To(Uuid),
    /// To any.
    ToSome,
    /// To none.
    ToNone,
}

/// In which order a list comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Last changed first.
    #[default]
    Updated,
    /// Last made first.
    Created,
    /// Oldest first.
    Oldest,
    /// Most pressing first, then by due time.
    Urgency,
    /// What is due first, first.
    Due,
    /// Most pressing first, but before all that is not about a child at immediate risk comes what is this
    /// person's by name or belongs to a case that is.
    Mine(PersonId),
    /// By title.
    Title,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// Rows left out at the beginning.
    pub offset: u64,
    /// Rows at most.
    pub limit: u64,
}

impl Default for Slice {
    fn default() -> Self {
        Self { offset: 0, limit: 50 }
    }
}

/// What a list asks for; every part narrows it, an empty part does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Query {
    /// Any of these kinds; all where empty.
    pub kinds: Vec<Kind>,
    /// Any of these states, by stable name.
    pub states: Vec<String>,
    /// The force whose work it is.
    pub force: Option<ForceKey>,
    /// The operation that it belongs to.
    pub operation: Option<Belongs>,
    /// All of these properties: name and value.
    pub facets: Vec<(String, String)>,
    /// A relation by name to this record.
    pub linked: Option<(String, Uuid)>,
    /// Waiting for this role.
    pub next_role: Option<Role>,
    /// Waiting for something as pressing as this.
    pub urgency: Option<Urgency>,
    /// This person's by name, or taken by them.
    pub assigned: Option<PersonId>,
    /// Something is due at the first of these moments or later, and before the second.
    pub due: Option<(Timestamp, Timestamp)>,
    /// Words that all occur in number, title or properties, in any case of letters.
    pub text: Option<String>,
    /// The order.
    pub order: Sort,
    /// The part wanted.
    pub page: Slice,
    /// The reason given for looking: kept in the leaf by itself.
    #[serde(skip)]
    pub why: Option<String>,
}

impl Query {
    /// Everything of one kind.
    pub fn of(kind: Kind) -> Self {
        Self { kinds: vec![kind], ..Self::default() }
    }

    /// The text that is looked for; nothing but spaces looks for nothing.
    pub(crate) fn asked_for(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !text.trim().is_empty())
    }
}

/// One record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Identifies the record.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// What people call it.
    pub number: String,
    /// Its present version.
    pub version: u32,
    /// Its state's stable name.
    pub state: String,
    /// One line that names it.
    pub title: String,
    /// The force whose work it is.
    pub force: Option<ForceKey>,
    /// The operation it belongs to.
    pub operation: Option<Uuid>,
    /// Who may know of it.
    pub restriction: Restriction,
    /// How it is to be handled.
    pub mark: Mark,
    /// Made by the demo.
    pub simulated: bool,
    /// What must happen next.
    pub next: Option<Next>,
    /// Whose work it is by name.
    pub assigned: Option<PersonId>,
    /// When it was made.
    pub created: Timestamp,
    /// When its present version was made.
    pub updated: Timestamp,
}

/// One part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows of this part.
    pub rows: Vec<Row>,
    /// How many rows the whole list has; one more than [`COUNTED`] where it has more than that.
    pub total: u64,
}

/// Rows of a list counted at most: counting a million for a page of fifty is what makes people
/// wait. Figures are counted whole ([`crate::figures`]).
pub const COUNTED: u64 = 10_000;

/// How many rows there are, up to one more than `most`.
pub(crate) async fn counted<C: ConnectionTrait, E: EntityTrait>(
    db: &C,
    found: &Select<E>,
    most: u64,
) -> Result<u64> {
    use sea_orm::QueryTrait;
    let some = found.clone().select_only().expr(Expr::val(1)).limit(most.saturating_add(1));
    let count = Sql::select()
        .expr(Expr::col(Asterisk).count())
        .from_subquery(some.into_query(), Alias::new("found"))
        .take();
    let row = db.query_one(&count).await?;
    let number: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(u64::try_from(number).unwrap_or(0))
}

impl Store {
    /// The records that match and that the person may see.
    pub async fn list(&self, who: &Person, query: &Query, at: Timestamp) -> Result<Page> {
        let apart = disjoint(who, &query.kinds).is_some();
        self.listed(who, query, (clauses(who, &query.kinds), apart), "list", at).await
    }

    /// How many records match each of these and may be seen, counted as in a [`Page`] and without
    /// a list: for the numbers above one.
    pub async fn counts(&self, who: &Person, queries: &[Query], at: Timestamp) -> Result<Vec<u64>> {
        let db = self.snapshot().await?;
        let mut counts = Vec::with_capacity(queries.len());
        for query in queries {
            let bare = Query { facets: Vec::new(), ..query.clone() };
            let having: Vec<_> =
                query.facets.iter().map(|(n, v)| having(n, v, self.backend())).collect();
            let with = |clause: Cond| having.iter().cloned().fold(clause, Cond::add);
            let seen: Vec<_> = clauses(who, &query.kinds).into_iter().map(with).collect();
            let apart = disjoint(who, &query.kinds).is_some();
            counts.push(total(&db, &bare, &seen, apart, self.backend()).await?);
        }
        db.rollback().await?;
        let leaf = Leaf::new(Processing::Consultation, Some(who), "count", at);
        self.note(leaf, vec![asked(&queries)?]).await?;
        Ok(counts)
    }

    /// Reviews of finished records are shown as due up to this moment.
    pub(crate) fn review_from(&self, at: Timestamp) -> Timestamp {
        let days = i64::from(self.settings.retention.due_soon_days.get());
        at.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX)
    }

    /// A list of what one of these conditions lets be `seen`; `apart` where none admits what
    /// another does.
    pub(crate) async fn listed(
        &self,
        who: &Person,
        query: &Query,
        (seen, apart): (Vec<Cond>, bool),
        action: &str,
        at: Timestamp,
    ) -> Result<Page> {
        let db = self.snapshot().await?;
        let total = total(&db, query, &seen, apart, self.backend()).await?;
        let rows = firsts(&db, query, seen, self.backend()).await?;
        db.rollback().await?;
        self.note(Leaf::new(Processing::Consultation, Some(who), action, at), committed(query)?)
            .await?;
        let rows = rows.into_iter().map(row).collect::<Result<_>>()?;
        Ok(Page { rows, total })
    }
}

/// What waits for the person: see [`Store::my_work`].
///
/// A review of whether a finished record is still needed waits from `review_from` on, and not
/// beside a review that was begun.
pub(crate) fn waiting(who: &Person, review_from: Timestamp, at: Timestamp) -> Cond {
    use record::Column;
    let roles = who.roles.iter().map(|role| role.key());
    let anybodys = Cond::all()
        .add(Column::Assigned.is_null())
        .add(Column::NextRole.is_in(roles))
        .add(Column::Id.not_in_subquery(with_others(who.id, at)));
    let named = Cond::all().add(Column::Assigned.eq(who.id.0)).add(Column::NextRole.is_not_null());
    visible(who, &[]).add(Cond::any().add(anybodys).add(named)).add(not_yet(review_from))
}

/// Leaves out reviews that do not wait yet, or that were begun.
pub(crate) fn not_yet(review_from: Timestamp) -> Cond {
    use record::Column;
    let begun = Sql::select()
        .column(link::Column::ToId)
        .from(link::Entity)
        .and_where(link::Column::Role.eq(retention_review::ROLE))
        // Looked up for the record: without it, both databases go through every link.
        .and_where(
            Expr::col((link::Entity, link::Column::ToId)).equals((record::Entity, Column::Id)),
        )
        .take();
    Cond::any().add(Column::NextWhat.ne(retention_review::REVIEW)).add(
        Cond::all()
            .add(Column::NextDue.lte(micros(review_from)))
            .add(Column::Id.not_in_subquery(begun)),
    )
}

/// What the leaf of a list keeps: what was asked for, and the reason given.
pub(crate) fn committed(query: &Query) -> Result<Vec<Committed>> {
    let why = query.why.as_deref().map(|why| Committed::kept("justification", why));
    Ok([asked(query)?].into_iter().chain(why).collect())
}

pub(crate) fn asked(query: &impl Serialize) -> Result<Committed> {
    let text = serde_json::to_string(query).map_err(|source| StoreError::Corrupt {
        what: "query",
        id: Uuid::nil(),
        source,
    })?;
    Ok(Committed::kept("query", text))
}

pub(crate) fn select(query: &Query, seen: Cond, backend: DbBackend) -> Select<record::Entity> {
    use record::Column;
    use sea_orm::QueryTrait;
    let mut found = record::Entity::find().filter(seen);
    if !query.states.is_empty() {
        found = found.filter(Column::State.is_in(&query.states));
    }
    for (name, value) in &query.facets {
        found = found.filter(Column::Id.in_subquery(with_facet(name, value)));
    }
    found
        .apply_if(query.force, |q, force| q.filter(Column::Force.eq(force.as_str())))
        .apply_if(query.operation, |q, operation| q.filter(belongs(operation)))
        .apply_if(query.linked.as_ref(), |q, (role, to)| {
            q.filter(Column::Id.in_subquery(linked_to(role, *to)))
        })
        .apply_if(query.next_role, |q, role| q.filter(Column::NextRole.eq(role.key())))
        .apply_if(query.urgency, |q, urgency| {
            q.filter(Column::NextUrgency.eq(urgency_rank(urgency)))
        })
        .apply_if(query.assigned, |q, who| {
            q.filter(Cond::any().add(Column::Assigned.eq(who.0)).add(taken_by(who)))
        })
        .apply_if(query.due, |q, (from, until)| {
            q.filter(Column::NextDue.gte(micros(from))).filter(Column::NextDue.lt(micros(until)))
        })
        .apply_if(query.asked_for(), |q, text| q.filter(worded(text, backend)))
}

pub(crate) fn belongs(operation: Belongs) -> SimpleExpr {
    use record::Column;
    match operation {
        Belongs::To(id) => Column::Operation.eq(id),
        Belongs::ToSome => Column::Operation.is_not_null(),
        Belongs::ToNone => Column::Operation.is_null(),
    }
}

pub(crate) fn with_facet(name: &str, value: &str) -> SelectStatement {
    Sql::select()
        .column(facet::Column::RecordId)
        .from(facet::Entity)
        .and_where(facet::Column::Name.eq(name))
        .and_where(facet::Column::Value.eq(crate::write::facet_value(value)))
        .take()
}

/// The same as a condition for a property that few records have: PostgreSQL finds them first, and
/// does not go through all that is of the kind.
fn having(name: &str, value: &str, backend: DbBackend) -> SimpleExpr {
    if backend != DbBackend::Postgres {
        return record::Column::Id.in_subquery(with_facet(name, value));
    }
    Expr::cust_with_values(
        r#""record"."id" IN (WITH having AS MATERIALIZED (SELECT record_id FROM facet
            WHERE name = $1 AND value = $2) SELECT record_id FROM having)"#,
        [name.to_owned(), crate::write::facet_value(value)],
    )
}

pub(crate) fn linked_to(role: &str, to: Uuid) -> SelectStatement {
    Sql::select()
        .column(link::Column::FromId)
        .from(link::Entity)
        .and_where(link::Column::Role.eq(role))
        .and_where(link::Column::ToId.eq(to))
        .take()
}

/// Whether a record is this person's by name, or belongs to a case that is.
pub(crate) fn by_name(who: PersonId) -> SimpleExpr {
    use record::Column;
    let cases = Sql::select()
        .column(Column::Id)
        .from(record::Entity)
        .and_where(Column::Kind.eq(Kind::Case.key()))
        .and_where(Column::Assigned.eq(who.0))
        .take();
    let of_them = Sql::select()
        .column(link::Column::FromId)
        .from(link::Entity)
        .and_where(link::Column::Role.eq("case"))
        .and_where(link::Column::ToId.in_subquery(cases))
        .take();
    // Never NULL, which the two databases order differently.
    let named = Column::Assigned.is_not_null().and(Column::Assigned.eq(who.0));
    named.or(taken_by(who)).or(Column::Id.in_subquery(of_them))
}

pub(crate) fn ordered(found: Select<record::Entity>, order: Sort) -> Select<record::Entity> {
    use record::Column;
    let found = match order {
        Sort::Updated => found.order_by_desc(Column::Updated),
        Sort::Created => found.order_by_desc(Column::Created),
        Sort::Oldest => found.order_by_asc(Column::Created),
        Sort::Title => found.order_by_asc(Column::Title),
        Sort::Due => found.order_by_with_nulls(Column::NextDue, Order::Asc, NullOrdering::Last),
        Sort::Mine(who) => {
            let found = found.order_by_desc(Column::NextUrgency.eq(0)).order_by_desc(by_name(who));
            return ordered(found, Sort::Urgency);
        }
        Sort::Urgency => found
            .order_by_with_nulls(Column::NextUrgency, Order::Asc, NullOrdering::Last)
            .order_by_with_nulls(Column::NextDue, Order::Asc, NullOrdering::Last)
            .order_by_asc(Column::Created),
    };
    found.order_by_asc(Column::Id)
}

/// Urgencies in the order of their stored rank.
const URGENCIES: [Urgency; 5] =
    [Urgency::Immediate, Urgency::VeryHigh, Urgency::High, Urgency::Medium, Urgency::Low];

pub(crate) fn urgency_rank(urgency: Urgency) -> i16 {
    URGENCIES
        .into_iter()
        .zip(0..)
        .find(|(known, _)| *known == urgency)
        .map_or(i16::MAX, |(_, rank)| rank)
}

/// The columns of a row in a list: not its body, which may be long.
#[derive(Debug, Clone, DerivePartialModel)]
#[sea_orm(entity = "record::Entity")]
pub(crate) struct Listed {
    pub id: Uuid,
    pub kind: String,
    pub number: String,
    pub version: i64,
    pub state: String,
    pub title: String,
    pub force: Option<String>,
    pub operation: Option<Uuid>,
    pub restriction: String,
    pub mark: String,
    pub simulated: bool,
    pub next_role: Option<String>,
    pub next_what: Option<String>,
    pub next_due: Option<i64>,
    pub next_urgency: Option<i16>,
    pub assigned: Option<Uuid>,
    pub created: i64,
    pub updated: i64,
}

/// A stored row as a list shows it.
pub(crate) fn row(stored: Listed) -> Result<Row> {
    let unreadable = || StoreError::Corrupt {
        what: "record",
        id: stored.id,
        source: serde::de::Error::custom("a column has a value that this version does not know"),
    };
    let kind = Kind::from_key(&stored.kind).ok_or_else(unreadable)?;
    let force = stored
        .force
        .as_deref()
        .map(|key| ForceKey::parse(key).ok_or_else(unreadable))
        .transpose()?;
    let restriction = restriction(&stored.restriction).ok_or_else(unreadable)?;
    let mark = Mark::from_key(&stored.mark).ok_or_else(unreadable)?;
    let next = match (
        stored.next_role.as_deref().and_then(Role::from_key),
        stored.next_what,
        stored.next_urgency,
    ) {
        (Some(role), Some(what), Some(rank)) => {
            let urgency = usize::try_from(rank).ok().and_then(|rank| URGENCIES.get(rank)).copied();
            Some(Next {
                role,
                what,
                due: stored.next_due.map(moment),
                urgency: urgency.unwrap_or(Urgency::Medium),
            })
        }
        _ => None,
    };
    Ok(Row {
        id: stored.id,
        kind,
        number: stored.number,
        version: u32::try_from(stored.version).unwrap_or(u32::MAX),
        state: stored.state,
        title: stored.title,
        force,
        operation: stored.operation,
        restriction,
        mark,
        simulated: stored.simulated,
        next,
        assigned: stored.assigned.map(PersonId),
        created: moment(stored.created),
        updated: moment(stored.updated),
    })
}
