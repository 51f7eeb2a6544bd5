//! Indices that give what waits, and what a person signed, in the order in which it is shown.

use sea_orm_migration::prelude::*;

use super::tables::index;

/// See the module.
pub struct Waiting;

impl MigrationName for Waiting {
    fn name(&self) -> &'static str {
        "m20261125_000024_waiting"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Waiting {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let order = ["next_urgency", "next_due", "created", "id"];
        let of_role: Vec<&str> = ["next_role", "force"].into_iter().chain(order).collect();
        manager.create_index(index("record", &of_role)).await?;
        let of_kind: Vec<&str> = ["kind"].into_iter().chain(order).collect();
        manager.create_index(index("record", &of_kind)).await?;
        let before = "record_version_by_by_id_at";
        let drop = Index::drop().name(before).table(Alias::new("record_version")).to_owned();
        manager.drop_index(drop).await?;
        manager.create_index(index("record_version", &["by_id", "act", "at"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
