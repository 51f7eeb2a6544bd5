//! Figures as at now as numbers, so that nobody waits for a count over all records.
//!
//! An old database's numbers are counted here, from the rows that it has.

use sea_orm_migration::prelude::*;

use super::tables::{column, key, table};

/// See the module.
pub struct FigureTotal;

impl MigrationName for FigureTotal {
    fn name(&self) -> &'static str {
        "m20261125_000022_figure_total"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FigureTotal {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let total = table("figure_total")
            .col(column("figure").text())
            .col(column("part").small_integer())
            .col(column("operation").uuid())
            .col(column("force").text())
            .col(column("number").big_integer())
            .primary_key(&mut key(["figure", "part", "operation", "force"]))
            .to_owned();
        manager.create_table(total).await?;
        crate::tally::total::fill(manager.get_connection()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
