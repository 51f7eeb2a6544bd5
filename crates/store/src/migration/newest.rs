//! Indices that give records in the order in which they were changed, whatever their kind, and
//! what is due with a force: for what newly waits, for search, and for the calendar.
//!
//! PostgreSQL is also told which columns go together: its planner takes them for independent,
//! and a kind, its states and the role that works it are anything but.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use super::tables::index;

/// See the module.
pub struct Newest;

impl MigrationName for Newest {
    fn name(&self) -> &'static str {
        "m20261125_000026_newest"
    }
}

const TOGETHER: [&str; 5] = [
    "CREATE STATISTICS record_standing (mcv) ON kind, state, restriction FROM record",
    "CREATE STATISTICS record_waiting (mcv) ON next_role, kind, restriction FROM record",
    "CREATE STATISTICS facet_flag (mcv) ON name, value FROM facet",
    // Nothing is known of them before.
    "ANALYZE record",
    "ANALYZE facet",
];

#[async_trait::async_trait]
impl MigrationTrait for Newest {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("record", &["updated", "id"])).await?;
        manager.create_index(index("record", &["force", "updated", "id"])).await?;
        manager.create_index(index("record", &["force", "next_due"])).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            for statement in TOGETHER {
                manager.get_connection().execute_unprepared(statement).await?;
            }
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
