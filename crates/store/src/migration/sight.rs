//! Need to know: the partner agency that a record was referred to or that a person works for,
//! and handling marks.
//!
//! Records made before are OFFICIAL-SENSITIVE. What is restricted to a circle needs no column:
//! `restriction` holds the circle's id, and a person's circles are found by the facet `member`.

use sea_orm_migration::prelude::*;

/// The columns and the index behind a partner's list.
pub struct Sight;

impl MigrationName for Sight {
    fn name(&self) -> &'static str {
        "m20261125_000004_sight"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Sight {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let agency = || ColumnDef::new(Alias::new("agency")).text().take();
        let mark = ColumnDef::new(Alias::new("mark"))
            .text()
            .not_null()
            .default("official_sensitive")
            .take();
        let alter = |table: &'static str| Table::alter().table(Alias::new(table)).take();
        // SQLite adds one column at a time.
        manager.alter_table(alter("record").add_column(agency()).take()).await?;
        manager.alter_table(alter("record").add_column(mark).take()).await?;
        manager.alter_table(alter("person").add_column(agency()).take()).await?;
        let index = Index::create()
            .name("record_by_agency_kind")
            .table(Alias::new("record"))
            .col(Alias::new("agency"))
            .col(Alias::new("kind"))
            .take();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
