//! The whole database as lines of JSON, and back: one form for SQLite and PostgreSQL, so that
//! a backup of either is restored into either.
//!
//! Out ([`Store::dump`]): a first line that names the form and the migrations; for each table
//! a line with its name and columns, then a line per row, in the order of the primary key; a
//! last line with the number of rows of each table. All of one moment, while work goes on.
//! In ([`Store::load`]): the same, into a database that holds nothing yet, in one transaction.
//! A backup of an earlier program is read at its own migrations, and brought on from there.
//! Refused: a database that holds anything, a form or migration that this program does not
//! know, and lines that end early or do not add up.
//! Not kept: sign-in sessions, known devices, one-time links, counts of failed sign-ins and mail
//! on its way, which end with a restore.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use jiff::Timestamp;
use pendeen_casework::person::Person;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, EntityTrait, IdenStatic, Iterable, ModelTrait, Order,
    PaginatorTrait, PrimaryKeyToColumn, QueryFilter, QueryOrder, QuerySelect, TransactionTrait,
    Value,
};
use sea_orm_migration::MigratorTrait;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use thiserror::Error;

use crate::audit::{Leaf, Processing};
use crate::document::DocumentDigest;
use crate::error::StoreError;
use crate::migration::Migrator;
use crate::{Place, Store, entity};

/// Why a backup was not written or not taken in.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The file or the stream failed.
    #[error("the backup cannot be written or read")]
    Io(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database holds something already: restore into an empty one.
    #[error("the database is not empty: restore into a new one")]
    NotEmpty,
    /// Not a backup, or one of a newer program.
    #[error("this is no backup that this version can read: {0}")]
    Form(String),
    /// A line is not what its table says.
    #[error("line {line} of the backup is damaged: {what}")]
    Line {
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

impl From<sea_orm::DbErr> for BackupError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// What a backup holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Leaves of the audit log at that moment.
    pub leaves: i64,
    /// The end of its chain, in hexadecimal digits.
    pub head: String,
}

/// The form of the lines; a change that an older program would misread gets the next number.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct First {
    pendeen_backup: u32,
    migrations: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Heading {
    table: String,
    columns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Row(Vec<Json>),
    Heading(Heading),
    Last(Contents),
}

/// Names every table once, in an order in which foreign keys find what they point to.
macro_rules! tables {
    ($($module:ident),* $(,)?) => {
        /// The tables that a backup holds.
        pub const TABLES: &[&str] = &[$(stringify!($module)),*];

        async fn dump_all(
            db: &DatabaseTransaction,
            place: &Place,
            out: &mut (dyn Write + Send),
        ) -> Result<Contents, BackupError> {
            let mut contents = Contents::default();
            $(
                let rows = dump_table::<entity::$module::Entity>(db, place, stringify!($module), out).await?;
                contents.rows.insert(stringify!($module).to_owned(), rows);
            )*
            Ok(contents)
        }

        async fn load_rows(
            db: &DatabaseTransaction,
            heading: &Heading,
            rows: Vec<(u64, Vec<Json>)>,
        ) -> Result<(), BackupError> {
            match heading.table.as_str() {
                $(stringify!($module) => {
                    load_table::<entity::$module::Entity>(db, &heading.columns, rows).await
                })*
                other => Err(BackupError::Form(format!("there is no table {other}"))),
            }
        }

        async fn clear(db: &DatabaseTransaction, table: &str) -> Result<(), BackupError> {
            match table {
                $(stringify!($module) => {
                    entity::$module::Entity::delete_many().exec(db).await?;
                    Ok(())
                })*
                other => Err(BackupError::Form(format!("there is no table {other}"))),
            }
        }
    };
}

tables! {
    record, record_version, link, facet, search_document, document, record_document, person, audit_leaf,
    audit_opening, audit_head, erasure, tally, tally_basis, figure_total, stage, standing,
    second_factor, recovery_code, account_setting, account_act, api_token, provider_identity,
    saved_filter, claim, passed_over, notice, owed_reason,
}

/// Tables that a backup leaves out: what they hold ends with a restore, or is written anew by the
/// program from what the kinds of record declare.
pub const LEFT_OUT: &[&str] =
    &["session", "sign_in_attempt", "known_device", "enrolment", "four_eyes", "outbox"];

/// Puts the bytes of a document that lies elsewhere into its row, for a backup that is whole.
async fn with_bytes(place: &Place, table: &str, row: &mut [Json]) -> Result<(), BackupError> {
    if table == "document"
        && let Some((digest, bytes)) = document_of(row)
        && bytes.as_str() == Some("")
    {
        let found = place.fetch(digest).await.map_err(StoreError::from)?;
        *bytes = hex::encode(found).into();
    }
    Ok(())
}

/// Puts the bytes of a document where documents lie here, and takes them out of its row.
async fn without_bytes(place: &Place, table: &str, row: &mut [Json]) -> Result<(), BackupError> {
    if table == "document"
        && place.is_elsewhere()
        && let Some((digest, bytes)) = document_of(row)
    {
        let held = bytes.as_str().and_then(|digits| hex::decode(digits).ok()).unwrap_or_default();
        place.keep(digest, &held).await.map_err(StoreError::from)?;
        *bytes = "".into();
    }
    Ok(())
}

/// The digest of a row of documents, and its bytes; none where the document is empty.
fn document_of(row: &mut [Json]) -> Option<(DocumentDigest, &mut Json)> {
    use entity::document::Column;
    let place = |wanted: Column| Column::iter().position(|c| c.as_str() == wanted.as_str());
    let digest = DocumentDigest::parse(row.get(place(Column::Sha256)?)?.as_str()?)?;
    let size = row.get(place(Column::Size)?)?.as_i64()?;
    let bytes = row.get_mut(place(Column::Bytes)?)?;
    (size > 0).then_some((digest, bytes))
}

/// Rows read from the database at a time.
const PAGE: u64 = 500;
/// Rows, values and bytes written to the database at a time: both databases bound the values
/// of a statement (32,766 on SQLite, 65,535 on PostgreSQL).
const ROWS_AT_ONCE: usize = 500;
const VALUES_AT_ONCE: usize = 20_000;
const BYTES_AT_ONCE: usize = 8 << 20;

impl Store {
    /// Writes the whole database as it is at one moment, which the audit log tells first.
    pub async fn dump(
        &self,
        by: &Person,
        at: Timestamp,
        out: &mut (dyn Write + Send),
    ) -> Result<Contents, BackupError> {
        self.note(Leaf::new(Processing::Consultation, Some(by), "backup", at), vec![]).await?;
        let db = self.snapshot().await?;
        let applied = Migrator::get_applied_migrations_read_only(&db).await?;
        let migrations = applied.iter().map(|m| m.name().to_owned()).collect();
        line(out, &First { pendeen_backup: FORM, migrations })?;
        let mut contents = dump_all(&db, &self.place, out).await?;
        (contents.leaves, contents.head) = end_of_log(&db).await?;
        line(out, &contents)?;
        db.rollback().await?;
        Ok(contents)
    }

    /// Takes a backup into a database that holds nothing yet: all of it or nothing. The schema
    /// ends at this program's version.
    pub async fn load(&self, from: &mut (dyn BufRead + Send)) -> Result<Contents, BackupError> {
        let mut lines = Lines { from, number: 0 };
        let first: First = lines
            .next()?
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(|| BackupError::Form("its first line is another".to_owned()))?;
        self.migrate_to(&first).await?;
        if self.holds_anything().await? {
            return Err(BackupError::NotEmpty);
        }
        let db = self.db().begin().await?;
        let contents = take_in(&db, &self.place, &mut lines).await?;
        if end_of_log(&db).await? != (contents.leaves, contents.head.clone()) {
            return Err(lines.damaged("the audit log does not end where the backup says"));
        }
        db.commit().await?;
        self.migrate().await?;
        Ok(contents)
    }

    /// Brings an empty database to the migrations of a backup and no further.
    async fn migrate_to(&self, first: &First) -> Result<(), BackupError> {
        if first.pendeen_backup != FORM {
            return Err(BackupError::Form(format!("its form is {}", first.pendeen_backup)));
        }
        let known: Vec<String> =
            Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
        if !known.starts_with(&first.migrations) {
            return Err(BackupError::Form("a newer version made it".to_owned()));
        }
        let steps = u32::try_from(first.migrations.len()).unwrap_or(u32::MAX);
        let applied = Migrator::get_applied_migrations(self.db()).await?.len();
        match steps.checked_sub(u32::try_from(applied).unwrap_or(u32::MAX)) {
            Some(0) => Ok(()),
            Some(steps) => Ok(Migrator::up(self.db(), Some(steps)).await?),
            None => Err(BackupError::NotEmpty),
        }
    }

    async fn holds_anything(&self) -> Result<bool, BackupError> {
        let people = entity::person::Entity::find().count(self.db()).await?;
        let records = entity::record::Entity::find().count(self.db()).await?;
        let leaves = entity::audit_leaf::Entity::find().count(self.db()).await?;
        Ok(people + records + leaves > 0)
    }
}

async fn end_of_log(db: &DatabaseTransaction) -> Result<(i64, String), BackupError> {
    let head = entity::audit_head::Entity::find_by_id(1_i16).one(db).await?;
    Ok(head.map(|head| (head.seq, hex::encode(head.digest))).unwrap_or_default())
}

fn line(out: &mut (dyn Write + Send), what: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, what)?;
    out.write_all(b"\n")
}

async fn dump_table<E>(
    db: &DatabaseTransaction,
    elsewhere: &Place,
    table: &str,
    out: &mut (dyn Write + Send),
) -> Result<u64, BackupError>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + Send + Sync,
{
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let key: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let names = columns.iter().map(|column| column.as_str().to_owned()).collect();
    line(out, &Heading { table: table.to_owned(), columns: names })?;
    let mut written = 0;
    let mut after: Option<E::Model> = None;
    loop {
        let mut page = E::find().limit(PAGE);
        if let Some(last) = &after {
            let place = Expr::tuple(key.iter().map(|column| Expr::col(*column)));
            let passed = Expr::tuple(key.iter().map(|column| Expr::value(last.get(*column))));
            page = page.filter(place.gt(passed));
        }
        for column in &key {
            page = page.order_by(*column, Order::Asc);
        }
        let rows = page.all(db).await?;
        for row in &rows {
            let mut values: Vec<Json> =
                columns.iter().map(|column| json(row.get(*column))).collect();
            with_bytes(elsewhere, table, &mut values).await?;
            line(out, &values)?;
            written += 1;
        }
        match rows.into_iter().next_back() {
            Some(last) => after = Some(last),
            None => return Ok(written),
        }
    }
}

/// A value as a line holds it: bytes as hexadecimal digits, identifiers as text.
fn json(value: Value) -> Json {
    match value {
        Value::Bool(v) => v.into(),
        Value::SmallInt(v) => v.into(),
        Value::Int(v) => v.into(),
        Value::BigInt(v) => v.into(),
        Value::Double(v) => v.into(),
        Value::String(v) => v.into(),
        Value::Bytes(v) => v.map(hex::encode).into(),
        Value::Uuid(v) => v.map(|v| v.to_string()).into(),
        other => unreachable!("no table of ours has a column of this type: {other:?}"),
    }
}

/// A value as a column of this type takes it.
fn value(json: Json, column: &ArrayType) -> Result<Value, String> {
    fn read<T: serde::de::DeserializeOwned>(json: Json) -> Result<Option<T>, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }
    Ok(match column {
        ArrayType::Bool => Value::Bool(read(json)?),
        ArrayType::SmallInt => Value::SmallInt(read(json)?),
        ArrayType::Int => Value::Int(read(json)?),
        ArrayType::BigInt => Value::BigInt(read(json)?),
        ArrayType::Double => Value::Double(read(json)?),
        ArrayType::String => Value::String(read(json)?),
        ArrayType::Uuid => Value::Uuid(read(json)?),
        ArrayType::Bytes => {
            let digits: Option<String> = read(json)?;
            let bytes = digits.map(hex::decode).transpose().map_err(|e| e.to_string())?;
            Value::Bytes(bytes)
        }
        other => return Err(format!("a column of type {other:?}")),
    })
}

/// Lines with their numbers.
struct Lines<'a> {
    from: &'a mut (dyn BufRead + Send),
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<String>, BackupError> {
        let mut text = String::new();
        self.number += 1;
        match self.from.read_line(&mut text)? {
            0 => Ok(None),
            _ => Ok(Some(text)),
        }
    }

    fn damaged(&self, what: impl ToString) -> BackupError {
        BackupError::Line { line: self.number, what: what.to_string() }
    }
}

async fn take_in(
    db: &DatabaseTransaction,
    place: &Place,
    lines: &mut Lines<'_>,
) -> Result<Contents, BackupError> {
    let mut seen = Contents::default();
    let mut open: Option<Heading> = None;
    let mut held: Vec<(u64, Vec<Json>)> = Vec::new();
    let mut bytes = 0;
    while let Some(text) = lines.next()? {
        match serde_json::from_str(&text).map_err(|error| lines.damaged(error))? {
            Line::Row(mut row) => {
                let heading = open.as_ref().ok_or_else(|| lines.damaged("a row of no table"))?;
                without_bytes(place, &heading.table, &mut row).await?;
                *seen.rows.entry(heading.table.clone()).or_default() += 1;
                let values = (held.len() + 1) * row.len().max(1);
                held.push((lines.number, row));
                bytes += text.len();
                if held.len() >= ROWS_AT_ONCE || values >= VALUES_AT_ONCE || bytes >= BYTES_AT_ONCE
                {
                    load_rows(db, heading, std::mem::take(&mut held)).await?;
                    bytes = 0;
                }
            }
            Line::Heading(heading) => {
                if let Some(before) = open.replace(heading) {
                    load_rows(db, &before, std::mem::take(&mut held)).await?;
                }
                let heading = open.as_ref().map_or("", |heading| heading.table.as_str());
                seen.rows.entry(heading.to_owned()).or_default();
                clear(db, heading).await?;
            }
            Line::Last(contents) => {
                if let Some(before) = open {
                    load_rows(db, &before, held).await?;
                }
                if contents.rows != seen.rows {
                    return Err(lines.damaged("the numbers of rows are not those of its tables"));
                }
                return Ok(contents);
            }
        }
    }
    Err(lines.damaged("it ends early"))
}

async fn load_table<E>(
    db: &DatabaseTransaction,
    names: &[String],
    rows: Vec<(u64, Vec<Json>)>,
) -> Result<(), BackupError>
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let damaged = |line, what: String| BackupError::Line { line, what };
    let Some((first, _)) = rows.first() else { return Ok(()) };
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let column = E::Column::iter().find(|column| column.as_str() == name);
        columns.push(column.ok_or_else(|| damaged(*first, format!("no column {name}")))?);
    }
    let mut models = Vec::with_capacity(rows.len());
    for (line, row) in rows {
        if row.len() != columns.len() {
            return Err(damaged(
                line,
                format!("{} values for {} columns", row.len(), columns.len()),
            ));
        }
        let mut model = <E::ActiveModel as ActiveModelTrait>::default();
        for (column, json) in columns.iter().zip(row) {
            let kind = E::Model::get_value_type(*column);
            let value = value(json, &kind).map_err(|what| damaged(line, what))?;
            model.try_set(*column, value).map_err(|error| damaged(line, error.to_string()))?;
        }
        models.push(model);
    }
    E::insert_many(models).exec_without_returning(db).await?;
    Ok(())
}
