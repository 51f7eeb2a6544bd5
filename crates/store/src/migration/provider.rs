//! Which account an identity at the sign-in service (OpenID Connect) is linked to.

use sea_orm_migration::prelude::*;

use super::tables::{column, index, key, refers, table};

/// See the module.
pub struct Provider;

impl MigrationName for Provider {
    fn name(&self) -> &'static str {
        "m20261125_000019_provider"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Provider {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let identity = table("provider_identity")
            .col(column("issuer").text())
            .col(column("subject").text())
            .col(column("person_id").uuid())
            .col(column("linked").big_integer())
            .primary_key(&mut key(["issuer", "subject"]))
            .foreign_key(&mut refers(("provider_identity", "person_id"), ("person", "id")))
            .to_owned();
        manager.create_table(identity).await?;
        // An account has one identity at an issuer.
        let one = index("provider_identity", &["person_id", "issuer"]).unique().take();
        manager.create_index(one).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
