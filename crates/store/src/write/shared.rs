//! What the common acts need beside themselves: the form that a record was made with, the
//! records that it named then, and the parts that move along with their whole.
//!
//! In: a record and what was filled in. Out: what `casework::record::common` asks for, and the
//! next versions of the parts. Refused: correcting what the person may see only guarded, since
//! the form shows all of it.

use jiff::Timestamp;
use pendeen_casework::form::{Field, Fields};
use pendeen_casework::permission::{Action, Denied, Permit, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::{ActContext, AnyRecord, Kind, Related, common};
use sea_orm::sea_query::Query as Sql;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{Batch, Deed};
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{link, record, record_version};
use crate::erasure::Order;
use crate::error::{Result, StoreError};
use crate::read::{from_body, load, parse};
use crate::{Store, micros};

impl Store {
    /// The form that a record was made with, every correction since included, for a person who
    /// corrects it; nothing where the program built the record, or where the person may not see
    /// all of it.
    pub async fn made_with(
        &self,
        who: &Person,
        kind: Kind,
        id: Uuid,
        at: Timestamp,
    ) -> Result<Option<Fields>> {
        let found = load(self.db(), kind, id).await?;
        let seen = self.consulted(who, (kind, id), found, "made_with", None, at).await?;
        match seen.filter(|record| sees_all(who, record)) {
            Some(_) => made_with(self.db(), kind, id).await,
            None => Ok(None),
        }
    }
}

impl Batch {
    /// What a correction is decided on: the form that the record was made with, the records that
    /// it named as they were then, and those that it names now for the first time.
    pub(super) async fn for_correction(
        &mut self,
        who: &Person,
        before: &AnyRecord,
        specs: &[Field],
        fields: &Fields,
    ) -> Result<Related> {
        if !sees_all(who, before) {
            return Err(Denied.into());
        }
        let (kind, head) = (before.kind(), before.head());
        let Some(made_with) = made_with(&self.held.txn, kind, head.id).await? else {
            return Ok(Related::default());
        };
        let changed: Fields =
            fields.iter().filter(|(name, value)| made_with.get(name) != Some(*value)).collect();
        let mut records = self.named(who, specs, &changed).await?;
        records.extend(self.needed(&AnyRecord::create_needs(kind, fields)).await?);
        let named_then = kind.create_fields().iter().filter_map(|field| field.chosen(&made_with));
        for (kind, id) in named_then {
            if !records.iter().any(|known| known.head().id == id) {
                records.extend(self.as_it_was(kind, id, head.created).await?);
            }
        }
        let people = self.colleagues(specs, fields).await?;
        Ok(Related::new(records).with_people(people).with_made(made_with))
    }

    /// A record as it was just before a moment; as it was first made, if that is later.
    async fn as_it_was(&self, kind: Kind, id: Uuid, at: Timestamp) -> Result<Option<AnyRecord>> {
        use record_version::{Column, Entity};
        let of = || Entity::find().filter(Column::RecordId.eq(id)).filter(Column::Body.ne(""));
        let then = of().filter(Column::At.lt(micros(at))).order_by_desc(Column::Version);
        let stored = match then.one(&self.held.txn).await? {
            Some(stored) => Some(stored),
            None => {
                of().filter(Column::At.lte(micros(at)))
                    .order_by_desc(Column::Version)
                    .one(&self.held.txn)
                    .await?
            }
        };
        stored.map(|stored| from_body(kind, id, &stored.body)).transpose()
    }

    /// Moves the parts of a record that has just been moved: they belong where it belongs.
    /// Whoever may move the whole moves its parts.
    pub(super) async fn move_parts(&mut self, whole: &AnyRecord, deed: &Deed<'_>) -> Result<()> {
        let (id, place) = (whole.head().id, whole.head().operation);
        let target = place.map(|operation| operation.uuid().to_string());
        let why = deed.fields.get(common::WHY.name).map(str::to_owned);
        let fields: Fields = [("operation", target), (common::WHY.name, why)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let act = if place.is_some() { common::MOVE } else { common::TAKE_OUT };
        let mut known = vec![whole.clone()];
        if let Some(operation) = place {
            known.extend(load(&self.held.txn, Kind::Operation, operation.uuid()).await?);
        }
        let related = Related::new(known);
        for part in self.leading_to(id).await? {
            if part.head().operation == place || !common::moves_along(part.part_of(), id) {
                continue;
            }
            let Deed { by, at, .. } = *deed;
            let settings = &self.settings;
            let context = ActContext { fields: &fields, related: &related, by, at, settings };
            let moved = part.perform(act, &context)?;
            self.keep(&part, &moved, &Deed { act, specs: &[], fields: &fields, ..*deed }).await?;
            Box::pin(self.move_parts(&moved, deed)).await?;
        }
        Ok(())
    }

    /// Erases a record under a decision, and before it what hangs on it: its parts, and theirs.
    pub(super) async fn erase_whole(
        &mut self,
        permit: &Permit,
        decision: &AnyRecord,
        order: Order<'_>,
        at: Timestamp,
    ) -> Result<()> {
        for part in self.leading_to(order.record).await? {
            let decides = part.kind() == decision.kind();
            if common::moves_along(part.part_of(), order.record) && !decides {
                let order = Order { kind: part.kind(), record: part.head().id, ..order };
                Box::pin(self.erase_whole(permit, decision, order, at)).await?;
            }
        }
        self.erase(permit, decision, order, at).await.map(drop)
    }

    /// Notes about each of the records that an act joined, or parted again, that it did so.
    pub(super) async fn joined(&mut self, by: &AnyRecord, deed: &Deed<'_>) -> Result<()> {
        if !by.joins(deed.act) {
            return Ok(());
        }
        let action = format!("{}:{}", by.kind().key(), deed.act);
        for link in by.links() {
            let leaf = Leaf::new(Processing::Combination, Some(deed.by), &action, deed.at);
            let statement = Committed::kept("record", by.head().number.clone());
            self.append(leaf.about(link.kind, link.to, 0), vec![statement]).await?;
        }
        Ok(())
    }

    /// Every record that names this one, apart from erased ones.
    async fn leading_to(&self, id: Uuid) -> Result<Vec<AnyRecord>> {
        let linked = Sql::select()
            .column(link::Column::FromId)
            .from(link::Entity)
            .and_where(link::Column::ToId.eq(id))
            .take();
        let stored = record::Entity::find()
            .filter(record::Column::Id.in_subquery(linked))
            .filter(record::Column::State.ne(crate::erasure::ERASED))
            .order_by_asc(record::Column::Id)
            .all(&self.held.txn)
            .await?;
        stored.iter().map(parse).collect()
    }
}

/// Whether nothing of the record is hidden from the person.
fn sees_all(who: &Person, record: &AnyRecord) -> bool {
    !record.details().iter().any(|line| line.guarded)
        || decide(who, Action::ViewGuarded, record).is_ok()
}

/// The first form, with the latest correction of it.
async fn made_with<C: ConnectionTrait>(db: &C, kind: Kind, id: Uuid) -> Result<Option<Fields>> {
    use record_version::{Column, Entity};
    let forms = Entity::find()
        .filter(Column::RecordId.eq(id))
        .filter(Column::Act.is_in(["create", common::CORRECT]))
        .order_by_asc(Column::Version)
        .all(db)
        .await?;
    let read = |stored: &record_version::Model| -> Result<Fields> {
        serde_json::from_str(&stored.fields).map_err(|source| StoreError::Corrupt {
            what: "version",
            id,
            source,
        })
    };
    let Some(first) = forms.first().map(read).transpose()? else { return Ok(None) };
    if first.iter().next().is_none() {
        return Ok(None);
    }
    let latest = forms.last().map(read).transpose()?.unwrap_or_default();
    let source = |field: &Field| if common::correctable(field) { &latest } else { &first };
    let specs = kind.create_fields().iter();
    let form = specs.filter_map(|field| Some((field.name, source(field).get(field.name)?)));
    Ok(Some(form.collect()))
}
