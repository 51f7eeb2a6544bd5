//! The schema and how it grows: forward migrations, the same for SQLite and PostgreSQL.
//!
//! Each migration runs in one transaction on both databases, so that one which fails half-way
//! leaves nothing behind. A released migration is never edited: the next one changes what it
//! made. There is no way back: a version that has written data is left by restoring a backup.
//!
//! Times are microseconds since 1970 UTC in BIGINT; ids are UUIDs; record bodies are JSON in
//! TEXT, because the typed structs in `casework` are their schema.
//!
//! What the database itself refuses, whoever asks:
//! - an approver who is the author (`record`), and any two steps that a kind wants two people
//!   for in the hands of one (`four_eyes`, on `record` and `record_version`);
//! - changing or deleting a version (`record_version`) or a leaf of the audit log
//!   (`audit_leaf`), by triggers; on PostgreSQL also TRUNCATE. The one exception is emptying a
//!   version whose record has a row in `erasure`.

mod access;
mod assignment;
mod desk;
mod erasure;
mod figure_total;
pub(crate) mod four_eyes;
mod list_order;
mod newest;
mod overview;
mod owed;
mod provider;
mod roles;
mod search;
mod sight;
mod stage;
mod standing;
mod tables;
mod tally;
mod triggers;
mod waiting;

use sea_orm_migration::prelude::*;

/// Every migration, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Founding),
            Box::new(SignInEpoch),
            Box::new(erasure::Erasure),
            Box::new(tally::Tally),
            Box::new(sight::Sight),
            Box::new(access::Access),
            Box::new(assignment::Assignment),
            Box::new(four_eyes::FourEyes),
            Box::new(stage::Stage),
            Box::new(search::Search),
            Box::new(overview::Overview),
            Box::new(provider::Provider),
            Box::new(desk::Desk),
            Box::new(figure_total::FigureTotal),
            Box::new(owed::Owed),
            Box::new(list_order::ListOrder),
            Box::new(waiting::Waiting),
            Box::new(roles::Roles),
            Box::new(newest::Newest),
            Box::new(standing::Standing),
        ]
    }
}

/// Records, versions, links, facets, documents, accounts, sessions and the audit log.
struct Founding;

impl MigrationName for Founding {
    fn name(&self) -> &'static str {
        "m20261001_000001_founding"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Founding {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables::all() {
            manager.create_table(table).await?;
        }
        for index in tables::indices() {
            manager.create_index(index).await?;
        }
        for statement in triggers::all(manager.get_database_backend()) {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A number per account that changes whenever earlier sign-ins must end.
struct SignInEpoch;

impl MigrationName for SignInEpoch {
    fn name(&self) -> &'static str {
        "m20261125_000002_sign_in_epoch"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SignInEpoch {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let epoch = ColumnDef::new(Alias::new("sign_in_epoch"))
            .big_integer()
            .not_null()
            .default(0_i64)
            .take();
        let person = Table::alter().table(Alias::new("person")).add_column(epoch).take();
        manager.alter_table(person).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
