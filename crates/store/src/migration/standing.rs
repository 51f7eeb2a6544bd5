//! How many records stand where, as numbers: an old database's are counted here.

use sea_orm_migration::prelude::*;

use super::tables::{column, key, table};

/// See the module.
pub struct Standing;

impl MigrationName for Standing {
    fn name(&self) -> &'static str {
        "m20261125_000027_standing"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Standing {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let standing = table("standing")
            .col(column("kind").text())
            .col(column("restriction").text())
            .col(column("force").text())
            .col(column("state").text())
            .col(column("number").big_integer())
            .primary_key(&mut key(["kind", "restriction", "force", "state"]))
            .to_owned();
        manager.create_table(standing).await?;
        crate::standing::fill(manager.get_connection()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
