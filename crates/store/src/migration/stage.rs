//! When each record entered each state: what durations are counted from.
//!
//! A row of `stage` is written with the version that brought the state, and never changed. The
//! migration fills the table from the versions that are there.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use super::tables::{column, index, key, refers, table};

/// The table of stages.
pub struct Stage;

impl MigrationName for Stage {
    fn name(&self) -> &'static str {
        "m20261125_000016_stage"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Stage {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let stage = table("stage")
            .col(column("record_id").uuid())
            .col(column("version").big_integer())
            .col(column("state").text())
            .col(column("entered").big_integer())
            .primary_key(&mut key(["record_id", "version"]))
            .foreign_key(&mut refers(("stage", "record_id"), ("record", "id")))
            .to_owned();
        manager.create_table(stage).await?;
        manager.create_index(index("stage", &["state", "record_id"])).await?;
        let state = |of: &str| match manager.get_database_backend() {
            DbBackend::Postgres => {
                format!(
                    "CASE WHEN {of}.body = '' THEN NULL ELSE body_json({of}.body) ->> 'state' END"
                )
            }
            _ => format!(
                "CASE WHEN {of}.body = '' THEN NULL ELSE json_extract({of}.body, '$.state') END"
            ),
        };
        let (now, before) = (state("v"), state("p"));
        let fill = format!(
            "INSERT INTO stage (record_id, version, state, entered) \
             SELECT v.record_id, v.version, {now}, v.at FROM record_version v \
             LEFT JOIN record_version p ON p.record_id = v.record_id AND p.version = v.version - 1 \
             WHERE {now} IS NOT NULL AND ({before} IS NULL OR {before} <> {now})"
        );
        manager.get_connection().execute_unprepared(&fill).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
