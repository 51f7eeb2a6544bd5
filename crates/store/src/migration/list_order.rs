//! Indices that give a list in its own order, last changed first, so that the first page of a
//! million records is read without sorting them.

use sea_orm_migration::prelude::*;

use super::tables::index;

/// See the module.
pub struct ListOrder;

impl MigrationName for ListOrder {
    fn name(&self) -> &'static str {
        "m20261125_000023_list_order"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ListOrder {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("record", &["kind", "updated", "id"])).await?;
        manager.create_index(index("record", &["force", "kind", "updated", "id"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
