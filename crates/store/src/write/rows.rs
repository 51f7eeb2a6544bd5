//! From a record to its rows: itself, its version, links, facets, documents.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pendeen_casework::form::{Field, Fields, Input};
use pendeen_casework::person::Person;
use pendeen_casework::record::AnyRecord;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ModelTrait,
    QueryFilter, QuerySelect,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::document::DocumentDigest;
use crate::entity::{document, facet, link, record, record_document, record_version, stage};
use crate::error::{Result, StoreError};
use crate::query::urgency_rank;
use crate::sight::restriction_key;
use crate::{clean, micros, search, standing, tally};

/// The record as JSON, as it is kept and committed to.
pub fn body(record: &AnyRecord) -> Result<String> {
    let id = record.head().id;
    record.to_text().map_err(|source| StoreError::Corrupt { what: "record", id, source })
}

/// Filled-in fields as JSON, as they are kept and committed to.
pub fn fields_json(fields: &Fields) -> Result<String> {
    serde_json::to_string(fields).map_err(|source| StoreError::Corrupt {
        what: "form",
        id: Uuid::nil(),
        source,
    })
}

/// Writes a new record with its links and facets.
pub async fn insert<C: ConnectionTrait>(db: &C, record: &AnyRecord, body: &str) -> Result<()> {
    let row = stored_as(record, body);
    let mut standing = standing::Changes::default();
    standing.enters(&row);
    record::Entity::insert(record::ActiveModel::from(row)).exec_without_returning(db).await?;
    standing.write(db).await?;
    change_links(db, BTreeSet::new(), links(record)).await?;
    change_facets(db, BTreeSet::new(), facets(record)).await?;
    search::keep(db, record.head().id, None, &search_text(record)).await?;
    tally::begin(db, record).await?;
    enter_state(db, record, record.head().created).await
}

/// Writes the next version over the one before, which must still be the stored one.
pub async fn update<C: ConnectionTrait>(
    db: &C,
    before: &AnyRecord,
    after: &AnyRecord,
    body: &str,
) -> Result<()> {
    let held = before.head().version;
    let row = stored_as(after, body);
    let mut standing = standing::Changes::default();
    standing.leaves(&stored_as(before, ""));
    standing.enters(&row);
    let changed = record::Entity::update_many()
        .set(record::ActiveModel::from(row).reset_all())
        .filter(record::Column::Id.eq(before.head().id))
        .filter(record::Column::Version.eq(i64::from(held)))
        .exec(db)
        .await?;
    if changed.rows_affected != 1 {
        return Err(StoreError::Moved { held, now: held + 1 });
    }
    standing.write(db).await?;
    change_links(db, links(before), links(after)).await?;
    search::keep(db, after.head().id, Some(&search_text(before)), &search_text(after)).await?;
    change_facets(db, facets(before), facets(after)).await?;
    if before.state() != after.state() {
        enter_state(db, after, after.head().updated).await?;
    }
    tally::change(db, before, after).await
}

/// Keeps when the record entered the state that it is in now.
async fn enter_state<C: ConnectionTrait>(db: &C, record: &AnyRecord, at: Timestamp) -> Result<()> {
    let entered = stage::ActiveModel::from(entered(record, at));
    stage::Entity::insert(entered).exec_without_returning(db).await?;
    Ok(())
}

/// The row of the state that a record entered.
pub fn entered(record: &AnyRecord, at: Timestamp) -> stage::Model {
    stage::Model {
        record_id: record.head().id,
        version: record.head().version.into(),
        state: record.state().to_owned(),
        entered: micros(at),
    }
}

/// Keeps the version that an act made.
pub async fn add_version<C: ConnectionTrait>(
    db: &C,
    record: &AnyRecord,
    act: &str,
    by: &Person,
    fields: &Fields,
    at: Timestamp,
    body: &str,
) -> Result<()> {
    let version = version(record, act, by, fields, at, body)?;
    record_version::Entity::insert(record_version::ActiveModel::from(version))
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The row of the version that an act made.
pub fn version(
    record: &AnyRecord,
    act: &str,
    by: &Person,
    fields: &Fields,
    at: Timestamp,
    body: &str,
) -> Result<record_version::Model> {
    Ok(record_version::Model {
        record_id: record.head().id,
        version: record.head().version.into(),
        act: act.to_owned(),
        fields: fields_json(fields)?,
        by_id: by.id.0,
        by_name: clean(&by.name),
        at: micros(at),
        body: body.to_owned(),
    })
}

/// The digests that the program supplied.
pub fn digests(specs: &[Field], fields: &Fields) -> BTreeSet<Vec<u8>> {
    specs
        .iter()
        .filter(|spec| spec.input == Input::System)
        .filter_map(|spec| DocumentDigest::parse(fields.get(spec.name)?))
        .map(|digest| digest.as_bytes().to_vec())
        .collect()
}

/// Notes which stored documents the record names: digests that the program supplied in a field
/// of the create or act ([`Input::System`]), and no others. What a person typed, and what a
/// record holds from earlier, opens nothing: who knows a digest must not be able to open a
/// document by writing it down.
pub async fn name_documents<C: ConnectionTrait>(
    db: &C,
    record: &AnyRecord,
    specs: &[Field],
    fields: &Fields,
) -> Result<()> {
    let digests = digests(specs, fields);
    if digests.is_empty() {
        return Ok(());
    }
    let record_id = record.head().id;
    let known = record_document::Entity::find()
        .filter(record_document::Column::RecordId.eq(record_id))
        .all(db)
        .await?;
    let stored: Vec<Vec<u8>> = document::Entity::find()
        .select_only()
        .column(document::Column::Sha256)
        .filter(document::Column::Sha256.is_in(digests))
        .into_tuple()
        .all(db)
        .await?;
    let new = stored.into_iter().filter(|digest| !known.iter().any(|k| k.sha256 == *digest));
    let rows: Vec<_> = new
        .map(|sha256| record_document::ActiveModel {
            record_id: Set(record_id),
            sha256: Set(sha256),
        })
        .collect();
    if !rows.is_empty() {
        record_document::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The row that a record is kept as.
pub fn stored_as(record: &AnyRecord, body: &str) -> record::Model {
    let head = record.head();
    let next = record.next();
    record::Model {
        id: head.id,
        kind: record.kind().key().to_owned(),
        number: head.number.clone(),
        version: head.version.into(),
        state: record.state().to_owned(),
        title: clean(&record.title()),
        search: search_text(record),
        force: head.force.map(|force| force.as_str().to_owned()),
        operation: head.operation.map(pendeen_casework::record::Id::uuid),
        restriction: restriction_key(&head.restriction),
        agency: head.agency.as_ref().map(|agency| agency.as_str().to_owned()),
        mark: head.mark.key().to_owned(),
        simulated: head.simulated,
        author: head.author.0,
        approver: head.approver.map(|approver| approver.0),
        next_role: next.as_ref().map(|n| n.role.key().to_owned()),
        next_what: next.as_ref().map(|n| clean(&n.what)),
        next_due: next.as_ref().and_then(|n| n.due).map(micros),
        next_urgency: next.as_ref().map(|n| urgency_rank(n.urgency)),
        assigned: record.assigned().map(|person| person.0),
        created: micros(head.created),
        updated: micros(head.updated),
        body: body.to_owned(),
    }
}

/// What free-text search looks through: number, title and properties other than flags, in
/// lower case, so that both databases compare letters alike.
pub fn search_text(record: &AnyRecord) -> String {
    let facets =
        record.facets().into_iter().map(|facet| facet.value).filter(|v| v != "yes" && v != "no");
    let parts: Vec<String> =
        [record.head().number.clone(), record.title()].into_iter().chain(facets).collect();
    clean(&parts.join("\n")).to_lowercase()
}

/// A property's value as it is kept and looked up: longer ones, which an index cannot hold, by
/// their digest.
pub fn facet_value(value: &str) -> String {
    const LONGEST: usize = 512;
    let value = clean(value);
    if value.len() <= LONGEST {
        return value;
    }
    format!("sha256:{}", hex::encode(Sha256::digest(value.as_bytes())))
}

/// Its relations as rows.
pub fn links(record: &AnyRecord) -> BTreeSet<link::Model> {
    let from_id = record.head().id;
    record
        .links()
        .into_iter()
        .map(|l| link::Model {
            from_id,
            role: l.role.to_owned(),
            to_id: l.to,
            to_kind: l.kind.key().to_owned(),
        })
        .collect()
}

/// Its properties as rows.
pub fn facets(record: &AnyRecord) -> BTreeSet<facet::Model> {
    let record_id = record.head().id;
    record
        .facets()
        .into_iter()
        .map(|f| facet::Model { record_id, name: f.name.to_owned(), value: facet_value(&f.value) })
        .collect()
}

async fn change_links<C: ConnectionTrait>(
    db: &C,
    before: BTreeSet<link::Model>,
    after: BTreeSet<link::Model>,
) -> Result<()> {
    for gone in before.difference(&after) {
        gone.clone().delete(db).await?;
    }
    let new: Vec<_> = after.difference(&before).cloned().map(link::ActiveModel::from).collect();
    if !new.is_empty() {
        link::Entity::insert_many(new).exec_without_returning(db).await?;
    }
    Ok(())
}

async fn change_facets<C: ConnectionTrait>(
    db: &C,
    before: BTreeSet<facet::Model>,
    after: BTreeSet<facet::Model>,
) -> Result<()> {
    for gone in before.difference(&after) {
        gone.clone().delete(db).await?;
    }
    let new: Vec<_> = after.difference(&before).cloned().map(facet::ActiveModel::from).collect();
    if !new.is_empty() {
        facet::Entity::insert_many(new).exec_without_returning(db).await?;
    }
    Ok(())
}
