//! Making records and acting on them: the rules, the new version, its links and facets and its
//! audit leaf in one transaction, or none of it.
//!
//! In: a [`Permit`], which only `casework::permission` can make, and what was filled in.
//! Out: the record as it now is. Refused: a record that moved on since the permit was given
//! ([`StoreError::Moved`]), a field that names a record which the person may not see, whatever
//! the rules of the act refuse.
//!
//! Several creates and acts go into one transaction through [`Store::batch`]; a great many, such
//! as a whole operation, through [`Store::bulk`], which writes them many rows at a time.

mod behind;
mod bulk;
mod restricted;
mod rows;
mod shared;

use std::sync::Arc;

use jiff::Timestamp;
use pendeen_casework::form::{Field, Fields, Input, Refusal};
use pendeen_casework::permission::{Action, Denied, Permit, decide, decide_create};
use pendeen_casework::person::Person;
use pendeen_casework::record::{ActContext, AnyRecord, Head, Kind, Need, Related, common};
use pendeen_casework::settings::Settings;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::audit::log::{Committed, Tail};
use crate::audit::{Leaf, Processing};
use crate::document::DocumentDigest;
use crate::entity::record;
use crate::erasure::Order;
use crate::error::{Result, StoreError};
use crate::query::with_facet;
use crate::read::{linked, parse};
use crate::{Entropy, Place, Store};

use behind::Behind;
pub use bulk::Bulk;
pub(crate) use rows::facet_value;

/// Several writes in one transaction; nothing of it is kept before [`Batch::commit`], and
/// nothing at all where it is dropped. No other write happens in between.
pub struct Batch {
    held: Arc<Held>,
    tail: Tail,
    entropy: Arc<dyn Entropy>,
    settings: Settings,
    pub(crate) place: Place,
    /// Documents whose rows this batch takes away: their bytes follow once it is committed.
    pub(crate) gone: Vec<DocumentDigest>,
    /// What waits to be written, where this is the inside of a [`Bulk`].
    behind: Option<Behind>,
}

/// A transaction, and the right to be the only one that writes.
struct Held {
    // Dropped in this order: the transaction ends before the next writer begins.
    txn: DatabaseTransaction,
    _writer: OwnedMutexGuard<()>,
}

impl Store {
    /// Begins a transaction of several writes; waits until no other writes.
    pub async fn batch(&self) -> Result<Batch> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let held = Arc::new(Held { txn: self.begin_write().await?, _writer: writer });
        let tail = Tail::lock(&held.txn).await?;
        #[cfg(feature = "measure")]
        let tail = tail.silenced(self.silent);
        let (entropy, settings) = (Arc::clone(&self.entropy), self.settings);
        let place = self.place.clone();
        let gone = Vec::new();
        Ok(Batch { held, tail, entropy, settings, place, gone, behind: None })
    }

    /// Makes a record from a filled-in form.
    pub async fn create(
        &self,
        permit: Permit,
        head: Head,
        kind: Kind,
        fields: &Fields,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        let mut batch = self.batch().await?;
        let record = batch.create(permit, head, kind, fields, at).await?;
        batch.commit().await?;
        Ok(record)
    }

    /// Keeps a record that the program built, such as a referral taken in with its selectors.
    /// It names no stored document: only the fields of a create or an act can.
    pub async fn create_record(
        &self,
        permit: Permit,
        record: AnyRecord,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        let mut batch = self.batch().await?;
        let record = batch.create_record(permit, record, at).await?;
        batch.commit().await?;
        Ok(record)
    }

    /// Does the act that was permitted.
    pub async fn act(&self, permit: Permit, fields: &Fields, at: Timestamp) -> Result<AnyRecord> {
        let mut batch = self.batch().await?;
        let record = batch.act(permit, fields, at).await?;
        batch.commit().await?;
        Ok(record)
    }

    /// Notes that somebody asked for an act or a page and was refused.
    pub async fn denied(
        &self,
        who: &Person,
        action: &str,
        about: Option<(Kind, Uuid)>,
        at: Timestamp,
    ) -> Result<()> {
        let leaf = Leaf::new(Processing::AccessControl, Some(who), &format!("denied:{action}"), at);
        let leaf = match about {
            Some((kind, id)) => leaf.about(kind, id, 0),
            None => leaf,
        };
        self.note(leaf, vec![]).await
    }
}

/// What is done to a record, by whom, with what, when.
#[derive(Clone, Copy)]
struct Deed<'a> {
    act: &'a str,
    by: &'a Person,
    specs: &'a [Field],
    fields: &'a Fields,
    at: Timestamp,
}

impl Batch {
    /// See [`Store::create`].
    pub async fn create(
        &mut self,
        permit: Permit,
        head: Head,
        kind: Kind,
        fields: &Fields,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        permitted_to_create(&permit, kind, &head)?;
        let mut related = self.named(permit.person(), kind.create_fields(), fields).await?;
        related.extend(self.needed(&AnyRecord::create_needs(kind, fields)).await?);
        let people = self.colleagues(kind.create_fields(), fields).await?;
        let (related, by) = (Related::new(related).with_people(people), permit.person());
        let settings = &self.settings;
        let context = ActContext { fields, related: &related, by, at, settings };
        let record = AnyRecord::create(kind, head, &context)?;
        self.insert(permit.person(), record, kind.create_fields(), fields, at).await
    }

    /// See [`Store::create_record`].
    pub async fn create_record(
        &mut self,
        permit: Permit,
        record: AnyRecord,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        permitted_to_create(&permit, record.kind(), record.head())?;
        self.insert(permit.person(), record, &[], &Fields::default(), at).await
    }

    /// See [`Store::act`].
    pub async fn act(
        &mut self,
        permit: Permit,
        fields: &Fields,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        let kind = permit.kind();
        if permit.action() == common::CORRECT {
            self.flush().await?;
        }
        let before = self.find(kind, permit.id()).await?.ok_or(StoreError::NotFound { kind })?;
        let (held, now) = (permit.version(), before.head().version);
        if held != now {
            return Err(StoreError::Moved { held, now });
        }
        let specs = kind
            .acts()
            .iter()
            .find(|act| act.name == permit.action())
            .map_or(&[][..], |act| act.fields);
        let (by, act) = (permit.person(), permit.action());
        let related = match act {
            common::CORRECT => self.for_correction(by, &before, specs, fields).await?,
            _ => {
                let mut related = self.named(by, specs, fields).await?;
                related.extend(self.needed(&before.needs(act)).await?);
                Related::new(related).with_people(self.colleagues(specs, fields).await?)
            }
        };
        let settings = &self.settings;
        let context = ActContext { fields, related: &related, by, at, settings };
        let after = before.perform(act, &context)?;
        if let Some(erases) = before.erases(act) {
            self.flush().await?;
            let reason = fields.get("reason").unwrap_or_default();
            let order = Order { kind: erases.kind, record: erases.record, reason };
            self.erase_whole(&permit, &before, order, at).await?;
        }
        let deed = Deed { act, by, specs, fields, at };
        self.keep(&before, &after, &deed).await?;
        if after.head().operation != before.head().operation {
            self.flush().await?;
            Box::pin(self.move_parts(&after, &deed)).await?;
        }
        if after.head().restriction != before.head().restriction {
            self.flush().await?;
            self.carry_restriction(&before, &after, &deed).await?;
        }
        Ok(after)
    }

    /// Keeps the version that an act made, with its leaf.
    async fn keep(&mut self, before: &AnyRecord, after: &AnyRecord, deed: &Deed<'_>) -> Result<()> {
        let Deed { act, by, specs, fields, at } = *deed;
        let body = rows::body(after)?;
        if self.waits(after.head().id) {
            return self.keep_behind(after, body, deed).await;
        }
        self.flush().await?;
        rows::update(&self.held.txn, before, after, &body).await?;
        rows::add_version(&self.held.txn, after, act, by, fields, at, &body).await?;
        rows::name_documents(&self.held.txn, after, specs, fields).await?;
        self.leaf(altered(after, deed), after, body, fields).await?;
        self.joined(after, deed).await
    }

    /// The first record of this kind with this property, whoever may see it: the program's own
    /// question whether something is there already. No other writer can come between the answer
    /// and what this batch writes.
    pub async fn first_with(
        &self,
        kind: Kind,
        facet: &str,
        value: &str,
    ) -> Result<Option<AnyRecord>> {
        let found = record::Entity::find()
            .filter(record::Column::Kind.eq(kind.key()))
            .filter(record::Column::Id.in_subquery(with_facet(facet, value)))
            .order_by_asc(record::Column::Created)
            .one(&self.held.txn)
            .await?;
        found.as_ref().map(parse).transpose()
    }

    /// Keeps everything, or answers with why nothing was kept.
    pub async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        let in_use = StoreError::Conflict("the transaction is still in use; nothing was kept");
        let Held { txn, _writer } = Arc::into_inner(self.held).ok_or(in_use)?;
        txn.commit().await?;
        for digest in self.gone {
            self.place.remove(digest).await?;
        }
        Ok(())
    }

    pub(crate) fn transaction(&self) -> &DatabaseTransaction {
        &self.held.txn
    }

    pub(crate) async fn append(&mut self, leaf: Leaf, committed: Vec<Committed>) -> Result<()> {
        if let Some(behind) = &mut self.behind {
            behind.leaf(leaf, committed);
            return Ok(());
        }
        self.tail.append(&self.held.txn, self.entropy.as_ref(), leaf, committed).await
    }

    async fn insert(
        &mut self,
        by: &Person,
        record: AnyRecord,
        specs: &[Field],
        fields: &Fields,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        let body = rows::body(&record)?;
        if self.behind.is_some() && !record.joins("create") {
            let deed = Deed { act: "create", by, specs, fields, at };
            self.keep_behind(&record, body, &deed).await?;
            return Ok(record);
        }
        self.flush().await?;
        rows::insert(&self.held.txn, &record, &body).await?;
        rows::add_version(&self.held.txn, &record, "create", by, fields, at, &body).await?;
        rows::name_documents(&self.held.txn, &record, specs, fields).await?;
        let joins = record.joins("create");
        let processing = if joins { Processing::Combination } else { Processing::Collection };
        self.leaf(Leaf::new(processing, Some(by), "create", at), &record, body, fields).await?;
        self.joined(&record, &Deed { act: "create", by, specs, fields, at }).await?;
        Ok(record)
    }

    /// Appends a leaf about a record as it is now, with commitments to its content.
    async fn leaf(
        &mut self,
        leaf: Leaf,
        record: &AnyRecord,
        body: String,
        fields: &Fields,
    ) -> Result<()> {
        let leaf = leaf.about(record.kind(), record.head().id, record.head().version);
        let committed = vec![
            Committed { name: "body", value: body, keep: false },
            Committed { name: "fields", value: rows::fields_json(fields)?, keep: false },
        ];
        self.append(leaf, committed).await
    }

    /// The records that filled-in fields name: there, and visible to the person.
    async fn named(
        &mut self,
        who: &Person,
        specs: &[Field],
        fields: &Fields,
    ) -> Result<Vec<AnyRecord>> {
        let mut named = Vec::new();
        for spec in specs {
            let names_one = matches!(spec.input, Input::Record(_) | Input::AnyOf(_));
            if !names_one || fields.get(spec.name).is_none() {
                continue;
            }
            let found = match spec.chosen(fields) {
                Some((kind, id)) => self.find(kind, id).await?,
                None => None,
            };
            let seen = found.filter(|record| decide(who, Action::View, record).is_ok());
            named.push(seen.ok_or_else(|| Refusal::Field {
                name: spec.name.to_owned(),
                label: spec.label.to_owned(),
                problem: "choose a record that exists and that you may see".to_owned(),
            })?);
        }
        Ok(named)
    }

    /// The colleagues that filled-in fields name, whose accounts are in use.
    async fn colleagues(&mut self, specs: &[Field], fields: &Fields) -> Result<Vec<Person>> {
        let mut people = Vec::new();
        for spec in specs.iter().filter(|spec| spec.input == Input::Person) {
            if let Ok(id) = fields.person(spec.name) {
                self.settle().await?;
                people.extend(crate::people::in_use(&self.held.txn, id).await?);
            }
        }
        Ok(people)
    }

    /// The records that the rules must know, whoever acts.
    async fn needed(&mut self, needs: &[Need]) -> Result<Vec<AnyRecord>> {
        let mut needed = Vec::new();
        for need in needs {
            match *need {
                Need::Record(kind, id) => needed.extend(self.find(kind, id).await?),
                Need::LinkedTo { kind, role, to } => {
                    needed.extend(self.linked_behind(kind, role, to));
                    if self.waits(to) {
                        continue; // The database does not know it, so nothing there names it.
                    }
                    self.settle().await?;
                    needed.extend(linked(&self.held.txn, kind, role, to).await?);
                }
            }
        }
        Ok(needed)
    }
}

/// The leaf of an act: an alteration, or the disclosure or combination that it was.
fn altered(after: &AnyRecord, deed: &Deed<'_>) -> Leaf {
    let Deed { act, by, at, .. } = *deed;
    match after.disclosed_to(act) {
        _ if after.joins(act) => Leaf::new(Processing::Combination, Some(by), act, at),
        None => Leaf::new(Processing::Alteration, Some(by), act, at),
        Some(recipient) => Leaf::new(Processing::Disclosure, Some(by), act, at).to(recipient),
    }
}

/// The permit must be for making exactly this record, and the decision must still hold for its
/// head, which the caller may have filled in further since.
fn permitted_to_create(permit: &Permit, kind: Kind, head: &Head) -> Result<()> {
    let same = permit.action() == "create"
        && permit.kind() == kind
        && permit.id() == head.id
        && head.author == permit.person().id
        && head.version == 1;
    if !same {
        return Err(Denied.into());
    }
    decide_create(permit.person(), kind, head).map(drop).map_err(StoreError::from)
}
