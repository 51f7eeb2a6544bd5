//! What people have on their desks: their saved filters, what they took, what they passed over,
//! what they have seen of what waits for them, and the mail that tells them of it.
//!
//! Old databases have none of it: every table begins empty.

use sea_orm_migration::prelude::*;

use super::tables::{column, index, key, optional, refers, table};

/// See the module.
pub struct Desk;

impl MigrationName for Desk {
    fn name(&self) -> &'static str {
        "m20261125_000021_desk"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Desk {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        manager.create_index(index("saved_filter", &["person_id", "name"]).unique().take()).await?;
        manager.create_index(index("claim", &["person_id"])).await?;
        manager.create_index(index("outbox", &["state", "next_try"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tables() -> [TableCreateStatement; 5] {
    let of_person = |name| refers((name, "person_id"), ("person", "id"));
    let of_record = |name| refers((name, "record_id"), ("record", "id"));
    [
        table("saved_filter")
            .col(column("id").uuid().primary_key())
            .col(column("person_id").uuid())
            .col(column("name").text())
            .col(column("place").text())
            .col(column("query").text())
            .foreign_key(&mut of_person("saved_filter"))
            .to_owned(),
        // One person at most has a record taken.
        table("claim")
            .col(column("record_id").uuid().primary_key())
            .col(column("person_id").uuid())
            .col(column("version").big_integer())
            .col(column("at").big_integer())
            .foreign_key(&mut of_record("claim"))
            .foreign_key(&mut of_person("claim"))
            .to_owned(),
        table("passed_over")
            .col(column("record_id").uuid())
            .col(column("person_id").uuid())
            .col(column("version").big_integer())
            .col(column("at").big_integer())
            .primary_key(&mut key(["record_id", "person_id"]))
            .foreign_key(&mut of_record("passed_over"))
            .foreign_key(&mut of_person("passed_over"))
            .to_owned(),
        table("notice")
            .col(column("person_id").uuid().primary_key())
            .col(column("seen").big_integer())
            .col(optional("address").text())
            .col(column("told").big_integer())
            .foreign_key(&mut of_person("notice"))
            .to_owned(),
        table("outbox")
            .col(column("id").uuid().primary_key())
            .col(column("person_id").uuid())
            .col(column("address").text())
            .col(column("subject").text())
            .col(column("body").text())
            .col(column("made").big_integer())
            .col(column("state").text())
            .col(column("tries").big_integer())
            .col(column("next_try").big_integer())
            .foreign_key(&mut of_person("outbox"))
            .to_owned(),
    ]
}
