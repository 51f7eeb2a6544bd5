//! Indices behind the pages that oversee many records at once: what stands where, what is due
//! when, who signed what.
//!
//! The first takes the place of the one over kind, restriction, force and state, which it
//! begins with: counts of what is late are answered from it without reading a record.

use sea_orm_migration::prelude::*;

use super::tables::index;

/// The indices.
pub struct Overview;

impl MigrationName for Overview {
    fn name(&self) -> &'static str {
        "m20261125_000020_overview"
    }
}

/// What lists were narrowed by, and what they are narrowed by from now on.
const BEFORE: [&str; 4] = ["kind", "restriction", "force", "state"];
const NOW: [&str; 6] = ["kind", "restriction", "force", "state", "next_due", "next_urgency"];

#[async_trait::async_trait]
impl MigrationTrait for Overview {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("record", &NOW)).await?;
        let before = format!("record_by_{}", BEFORE.join("_"));
        let drop = Index::drop().name(before).table(Alias::new("record")).to_owned();
        manager.drop_index(drop).await?;
        manager.create_index(index("record", &["next_due", "kind"])).await?;
        manager.create_index(index("record_version", &["by_id", "at"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
