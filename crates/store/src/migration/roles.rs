//! An index that gives what waits for a role in the order in which it is shown, whoever's work it
//! is; it takes the place of the one that gave it force by force and kind by kind.

use sea_orm_migration::prelude::*;

use super::tables::index;

/// See the module.
pub struct Roles;

impl MigrationName for Roles {
    fn name(&self) -> &'static str {
        "m20261125_000025_roles"
    }
}

const BEFORE: &str = "record_by_next_role_restriction_force_kind_next_urgency_next_due";
/// PostgreSQL keeps 63 letters of a name.
const LETTERS: usize = 63;

#[async_trait::async_trait]
impl MigrationTrait for Roles {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_role = ["next_role", "next_urgency", "next_due", "created", "id"];
        manager.create_index(index("record", &of_role)).await?;
        let before = match manager.get_database_backend() {
            sea_orm::DatabaseBackend::Postgres => &BEFORE[..LETTERS],
            _ => BEFORE,
        };
        let drop = Index::drop().name(before).table(Alias::new("record")).to_owned();
        manager.drop_index(drop).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
