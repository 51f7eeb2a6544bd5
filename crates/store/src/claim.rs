//! Taking the next record: who has what in hand, and what was passed over.
//!
//! In: a person who asks for work. Out: the most pressing record that they may see, that waits
//! for one of their roles and for nobody by name, that nobody else has taken, and whose skill
//! they have, where it wants one; it is theirs from then on. Two people who ask at once get two
//! records: taking is a write, and writes happen one after another.
//!
//! A kind of record that names its owner by an act `take` is taken by that act. Any other is
//! *claimed*: that somebody has it in hand is no change of the record, so it makes no version; it
//! holds while the record stays at that version, for [`HELD`] at most, and is in the audit log.
//! Passing over needs a reason and holds for that version as well, for that person alone.
//!
//! Refused: more than [`MOST`] records in hand, and whatever the policies do not let them see.

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::{Person, PersonId};
use pendeen_casework::record::{AnyRecord, Kind};
use sea_orm::sea_query::{
    Expr, ExprTrait, IntoColumnRef, OnConflict, Query as Sql, SelectStatement, SimpleExpr,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{claim, facet, passed_over, record};
use crate::error::Result;
use crate::query::{Listed, Row, Sort, ordered, row, waiting};
use crate::read::parse;
use crate::sight::visible;
use crate::write::Batch;
use crate::{Store, micros};

/// How long a record stays in hand without anything being done to it: a long shift.
pub const HELD: SignedDuration = SignedDuration::from_hours(12);
/// Records that one person has in hand at most.
pub const MOST: u64 = 10;
/// The facet of a record that wants a skill, and that of a team's members who have one.
const SKILL: &str = "skill";
const MEMBER_SKILL: &str = "member_skill";
/// The act by which a kind of record names its owner.
const TAKE: &str = "take";

impl Store {
    /// Takes the most pressing record that waits for the person; none where nothing does.
    pub async fn take_next(&self, who: &Person, at: Timestamp) -> Result<Option<AnyRecord>> {
        let mut batch = self.batch().await?;
        if held(who.id, at).count(batch.transaction()).await? >= MOST {
            let problem = format!("you have {MOST} records in hand: finish or give back one first");
            return Err(Refusal::field("", problem).into());
        }
        let skills = skills(batch.transaction(), who.id).await?;
        let next = wanted(who, waiting(who, self.review_from(at), at), &skills, at);
        let next = next.one(batch.transaction()).await?.as_ref().map(parse).transpose()?;
        let Some(found) = next.filter(|record| decide(who, Action::View, record).is_ok()) else {
            return Ok(None);
        };
        let taken = batch.take(who, found, at).await?;
        batch.commit().await?;
        Ok(Some(taken))
    }

    /// What the person has in hand, the last taken
    /// first.
    pub async fn in_hand(&self, who: &Person, at: Timestamp) -> Result<Vec<Row>> {
        let taken = claim::Entity::find().filter(claim::Column::PersonId.eq(who.id.0));
        let taken = taken.all(self.db()).await?;
        let since = |id: Uuid| taken.iter().find(|claim| claim.record_id == id).map(|c| c.at);
        let mut rows = held(who.id, at)
            .filter(visible(who, &[]))
            .into_partial_model::<Listed>()
            .all(self.db())
            .await?;
        rows.sort_by_key(|row| (std::cmp::Reverse(since(row.id)), row.id));
        let leaf = Leaf::new(Processing::Consultation, Some(who), "in_hand", at);
        self.note(leaf, vec![]).await?;
        rows.into_iter().map(row).collect()
    }

    /// Gives back what the person has in hand; with a reason, they pass it over and are not
    /// offered it again as it is. False where it is not in their hand.
    pub async fn give_back(
        &self,
        who: &Person,
        id: Uuid,
        passed: Option<&str>,
        at: Timestamp,
    ) -> Result<bool> {
        let mut batch = self.batch().await?;
        let found = held(who.id, at).filter(record::Column::Id.eq(id));
        let found = found.one(batch.transaction()).await?.as_ref().map(parse).transpose()?;
        let Some(record) = found else { return Ok(false) };
        claim::Entity::delete_by_id(id).exec(batch.transaction()).await?;
        let mut why = vec![];
        if let Some(reason) = passed {
            batch.pass_over(who, &record, at).await?;
            why.push(Committed::kept("reason", reason));
        }
        let action = if passed.is_some() { "pass_over" } else { "give_back" };
        batch.append(about(who, &record, action, at), why).await?;
        batch.commit().await?;
        Ok(true)
    }
}

impl Batch {
    async fn take(&mut self, who: &Person, found: AnyRecord, at: Timestamp) -> Result<AnyRecord> {
        let by_act = found.kind().acts().iter().any(|act| act.name == TAKE);
        let taken = match decide(who, Action::Act(TAKE), &found) {
            Ok(permit) if by_act => self.act(permit, &Fields::default(), at).await?,
            _ => found,
        };
        let row = claim::Model {
            record_id: taken.head().id,
            person_id: who.id.0,
            version: taken.head().version.into(),
            at: micros(at),
        };
        let mut over = OnConflict::column(claim::Column::RecordId);
        over.update_columns([claim::Column::PersonId, claim::Column::Version, claim::Column::At]);
        claim::Entity::insert(row.into_active_model())
            .on_conflict(over)
            .exec_without_returning(self.transaction())
            .await?;
        self.append(about(who, &taken, "take_next", at), vec![]).await?;
        Ok(taken)
    }

    async fn pass_over(&mut self, who: &Person, record: &AnyRecord, at: Timestamp) -> Result<()> {
        let row = passed_over::Model {
            record_id: record.head().id,
            person_id: who.id.0,
            version: record.head().version.into(),
            at: micros(at),
        };
        let key = [passed_over::Column::RecordId, passed_over::Column::PersonId];
        let mut over = OnConflict::columns(key);
        over.update_columns([passed_over::Column::Version, passed_over::Column::At]);
        passed_over::Entity::insert(row.into_active_model())
            .on_conflict(over)
            .exec_without_returning(self.transaction())
            .await?;
        Ok(())
    }
}

fn about(who: &Person, record: &AnyRecord, action: &str, at: Timestamp) -> Leaf {
    let head = record.head();
    Leaf::new(Processing::Alteration, Some(who), action, at).about(
        record.kind(),
        head.id,
        head.version,
    )
}

/// What of all that waits can be taken by a person with these skills, the most pressing first.
fn wanted(
    who: &Person,
    waiting: Condition,
    skills: &[String],
    at: Timestamp,
) -> sea_orm::Select<record::Entity> {
    use record::Column;
    let wants_skill = Sql::select()
        .column(facet::Column::RecordId)
        .from(facet::Entity)
        .and_where(facet::Column::Name.eq(SKILL))
        .and_where(facet::Column::Value.is_not_in(skills.iter().cloned()))
        .take();
    let passed = Sql::select()
        .column(passed_over::Column::RecordId)
        .from(passed_over::Entity)
        .and_where(passed_over::Column::PersonId.eq(who.id.0))
        .and_where(same((passed_over::Entity, passed_over::Column::Version)))
        .take();
    let free = record::Entity::find()
        .filter(waiting)
        .filter(Column::Assigned.is_null())
        .filter(Column::Id.not_in_subquery(claims(at, claim::Column::RecordId.is_not_null())))
        .filter(Column::Id.not_in_subquery(passed))
        .filter(Column::Id.not_in_subquery(wants_skill));
    ordered(free, Sort::Urgency)
}

/// The skills that a person has in any team that is at work.
async fn skills<C: ConnectionTrait>(db: &C, whose: PersonId) -> Result<Vec<String>> {
    let standing = Sql::select()
        .column(record::Column::Id)
        .from(record::Entity)
        .and_where(record::Column::Kind.eq(Kind::Team.key()))
        .and_where(record::Column::State.eq("standing"))
        .take();
    let mine = format!("{}:", whose.0);
    let found: Vec<String> = facet::Entity::find()
        .select_only()
        .column(facet::Column::Value)
        .filter(facet::Column::Name.eq(MEMBER_SKILL))
        .filter(facet::Column::Value.starts_with(&mine))
        .filter(facet::Column::RecordId.in_subquery(standing))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.iter().filter_map(|value| value.strip_prefix(&mine)).map(str::to_owned).collect())
}

/// The records that the person has in hand.
fn held(whose: PersonId, at: Timestamp) -> sea_orm::Select<record::Entity> {
    record::Entity::find()
        .filter(record::Column::Id.in_subquery(claims(at, claim::Column::PersonId.eq(whose.0))))
}

/// The records that somebody other than this person has in hand.
pub(crate) fn with_others(whose: PersonId, at: Timestamp) -> SelectStatement {
    claims(at, claim::Column::PersonId.ne(whose.0))
}

/// The records that whom this condition on `claim` names have in hand.
fn claims(at: Timestamp, whose: SimpleExpr) -> SelectStatement {
    let held = i64::try_from(HELD.as_micros()).unwrap_or(i64::MAX);
    taken(whose).and_where(claim::Column::At.gt(micros(at).saturating_sub(held))).take()
}

/// The records that whom this condition names took last, and to which nothing was done since.
fn taken(whose: SimpleExpr) -> SelectStatement {
    Sql::select()
        .column(claim::Column::RecordId)
        .from(claim::Entity)
        .and_where(whose)
        .and_where(same((claim::Entity, claim::Column::Version)))
        .take()
}

/// Whether the version in this column is the record's own: in a subquery beside `record`.
fn same(version: impl IntoColumnRef) -> SimpleExpr {
    Expr::col(version).equals((record::Entity, record::Column::Version))
}

/// Whether this person took the record last and nothing was done to it since.
pub(crate) fn taken_by(whose: PersonId) -> SimpleExpr {
    record::Column::Id.in_subquery(taken(claim::Column::PersonId.eq(whose.0)))
}
