//! Reasons that are owed for what was opened as urgent: see [`crate::owed`].
//!
//! Old databases owe none: until now a session kept them, and they ended with it.

use sea_orm_migration::prelude::*;

use super::tables::{column, key, refers, table};

/// The table of what is owed.
pub struct Owed;

impl MigrationName for Owed {
    fn name(&self) -> &'static str {
        "m20261125_000023_owed"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Owed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let owed = table("owed_reason")
            .col(column("person_id").uuid())
            .col(column("matter").uuid())
            .col(column("place").text())
            .col(column("since").big_integer())
            .primary_key(&mut key(["person_id", "matter"]))
            .foreign_key(&mut refers(("owed_reason", "person_id"), ("person", "id")))
            .to_owned();
        manager.create_table(owed).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
