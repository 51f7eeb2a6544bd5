//! How people get in: second factors, devices, one-time links, tokens of programs; and which
//! device a session belongs to.

use sea_orm_migration::prelude::*;

use super::tables::{column, index, key, optional, refers, table};

/// See the module.
pub struct Access;

impl MigrationName for Access {
    fn name(&self) -> &'static str {
        "m20261125_000014_access"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Access {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        // One column at a time: SQLite adds no more at once.
        for column in [
            optional("handle").uuid().take(),
            optional("person_id").uuid().take(),
            optional("device").text().take(),
            optional("began").big_integer().take(),
            optional("last_used").big_integer().take(),
        ] {
            let session = Table::alter().table(Alias::new("session")).add_column(column).take();
            manager.alter_table(session).await?;
        }
        manager.create_index(index("session", &["person_id"])).await?;
        manager.create_index(index("api_token", &["person_id"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tables() -> [TableCreateStatement; 7] {
    let whose = |name| refers((name, "person_id"), ("person", "id"));
    [
        table("second_factor")
            .col(column("person_id").uuid().primary_key())
            .col(column("last_step").big_integer())
            .foreign_key(&mut whose("second_factor"))
            .to_owned(),
        table("recovery_code")
            .col(column("person_id").uuid())
            .col(column("digest").binary_len(32))
            .col(optional("used").big_integer())
            .primary_key(&mut key(["person_id", "digest"]))
            .foreign_key(&mut whose("recovery_code"))
            .to_owned(),
        table("known_device")
            .col(column("digest").binary_len(32).primary_key())
            .col(column("person_id").uuid())
            .col(column("last_used").big_integer())
            .foreign_key(&mut whose("known_device"))
            .to_owned(),
        table("enrolment")
            .col(column("digest").binary_len(32).primary_key())
            .col(column("person_id").uuid())
            .col(column("expires").big_integer())
            .foreign_key(&mut whose("enrolment"))
            .to_owned(),
        table("account_setting")
            .col(column("name").text().primary_key())
            .col(column("value").text())
            .to_owned(),
        table("account_act")
            .col(column("id").uuid().primary_key())
            .col(column("person_id").uuid())
            .col(column("by_id").uuid())
            .col(column("what").text())
            .col(column("at").big_integer())
            .foreign_key(&mut whose("account_act"))
            .to_owned(),
        table("api_token")
            .col(column("id").uuid().primary_key())
            .col(column("person_id").uuid())
            .col(column("name").text())
            .col(column("scopes").text())
            .col(column("digest").binary_len(32).unique_key())
            .col(column("sign_in_epoch").big_integer())
            .col(column("created").big_integer())
            .col(column("expires").big_integer())
            .col(optional("revoked").big_integer())
            .col(optional("last_used").big_integer())
            .foreign_key(&mut whose("api_token"))
            .to_owned(),
    ]
}
