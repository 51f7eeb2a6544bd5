//! The table of what each record added to which figure, from when until when.
//!
//! It is filled from the versions of records, by the definitions of the program that starts
//! ([`crate::tally`]), so that a migration need not know them.

use sea_orm_migration::prelude::*;

use super::tables::{column, index, key, optional, refers, table};

/// See the module.
pub struct Tally;

impl MigrationName for Tally {
    fn name(&self) -> &'static str {
        "m20261125_000013_tally"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tally {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tally = table("tally")
            .col(column("record_id").uuid())
            .col(column("version").big_integer())
            .col(column("figure").text())
            .col(column("counted").uuid())
            .col(optional("force").text())
            .col(optional("operation").uuid())
            .col(column("since").big_integer())
            .col(column("until").big_integer())
            .primary_key(&mut key(["record_id", "version", "figure", "counted"]))
            .foreign_key(&mut refers(("tally", "record_id"), ("record", "id")))
            .to_owned();
        manager.create_table(tally).await?;
        let basis = table("tally_basis")
            .col(column("id").small_integer().primary_key())
            .col(column("digest").text())
            .check(Expr::col(Alias::new("id")).eq(1))
            .to_owned();
        manager.create_table(basis).await?;
        // Answers a figure as at now by itself, in order, so that nothing is sorted.
        let open = ["until", "figure", "counted", "force", "operation"];
        manager.create_index(index("tally", &open)).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
