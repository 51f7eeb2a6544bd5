//! Assignment: whose work a record is by name, beside the role that it waits for.
//!
//! Old rows have nobody: no kind of record could name one before.

use sea_orm_migration::prelude::*;

/// The column `record.assigned` and its index.
pub struct Assignment;

impl MigrationName for Assignment {
    fn name(&self) -> &'static str {
        "m20261125_000005_assignment"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Assignment {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let record = Alias::new("record");
        let assigned = ColumnDef::new(Alias::new("assigned")).uuid().take();
        let table = Table::alter().table(record.clone()).add_column(assigned).take();
        manager.alter_table(table).await?;
        let index = Index::create()
            .name("record_by_assigned")
            .table(record)
            .col(Alias::new("assigned"))
            .take();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
