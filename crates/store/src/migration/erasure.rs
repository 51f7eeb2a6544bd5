//! Erasure: who emptied which record under which decision, and triggers that allow exactly that.
//!
//! A row of `erasure` comes first and is never changed. Only beside one may the database let a
//! version lose its content, its body becoming empty and its fields `{}`, everything else
//! staying as it was; nothing can be put back. The founding triggers, which refuse every change
//! of a version, are replaced.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The table of erasures and the triggers around it.
pub struct Erasure;

impl MigrationName for Erasure {
    fn name(&self) -> &'static str {
        "m20261125_000003_erasure"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Erasure {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table()).await?;
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => postgres(),
            _ => sqlite(),
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn table() -> TableCreateStatement {
    let column = |name: &'static str| ColumnDef::new(Alias::new(name)).not_null().take();
    let two_people = Expr::col(Alias::new("proposed_by")).ne(Expr::col(Alias::new("approved_by")));
    Table::create()
        .table(Alias::new("erasure"))
        .col(column("record_id").uuid().primary_key())
        .col(column("at").big_integer())
        .col(column("proposed_by").uuid())
        .col(column("approved_by").uuid())
        .col(column("approved_by_name").text())
        .col(column("decision").text())
        .foreign_key(
            ForeignKey::create()
                .from(Alias::new("erasure"), Alias::new("record_id"))
                .to(Alias::new("record"), Alias::new("id")),
        )
        .check(two_people)
        .to_owned()
}

/// A version that loses its content and nothing else, `{same}` being the dialect's "is".
fn emptied(same: &str) -> String {
    let kept = ["record_id", "version", "act", "by_id", "by_name", "at"];
    let kept: Vec<String> =
        kept.iter().map(|column| format!("NEW.{column} {same} OLD.{column}")).collect();
    format!(
        "NEW.body = '' AND NEW.fields = '{{}}' AND {} AND \
         EXISTS (SELECT 1 FROM erasure WHERE erasure.record_id = OLD.record_id)",
        kept.join(" AND ")
    )
}

fn postgres() -> Vec<String> {
    vec![
        "DROP TRIGGER record_version_append_only ON record_version".to_owned(),
        format!(
            "CREATE FUNCTION refuse_change_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$ \
             BEGIN IF TG_OP = 'UPDATE' THEN \
             IF {} THEN RETURN NEW; END IF; END IF; \
             RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
            emptied("IS NOT DISTINCT FROM")
        ),
        "CREATE TRIGGER record_version_append_only BEFORE UPDATE OR DELETE ON record_version \
         FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure()"
            .to_owned(),
        "CREATE TRIGGER erasure_append_only BEFORE UPDATE OR DELETE ON erasure \
         FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            .to_owned(),
        "CREATE TRIGGER erasure_no_truncate BEFORE TRUNCATE ON erasure \
         FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            .to_owned(),
        "CREATE TRIGGER record_stays_erased BEFORE UPDATE ON record FOR EACH ROW \
         WHEN (OLD.body = '') EXECUTE FUNCTION refuse_change()"
            .to_owned(),
    ]
}

fn sqlite() -> Vec<String> {
    let refuse = |table: &str| format!("SELECT RAISE(ABORT, '{table} is append-only')");
    let erasure = refuse("erasure");
    vec![
        "DROP TRIGGER record_version_no_update".to_owned(),
        format!(
            "CREATE TRIGGER record_version_no_update BEFORE UPDATE ON record_version \
             WHEN NOT ({}) BEGIN {}; END",
            emptied("IS"),
            refuse("record_version")
        ),
        format!("CREATE TRIGGER erasure_no_update BEFORE UPDATE ON erasure BEGIN {erasure}; END"),
        format!("CREATE TRIGGER erasure_no_delete BEFORE DELETE ON erasure BEGIN {erasure}; END"),
        format!(
            "CREATE TRIGGER erasure_no_replace BEFORE INSERT ON erasure WHEN EXISTS \
             (SELECT 1 FROM erasure WHERE record_id = NEW.record_id) BEGIN {erasure}; END"
        ),
        format!(
            "CREATE TRIGGER record_stays_erased BEFORE UPDATE ON record WHEN OLD.body = '' \
             BEGIN {}; END",
            refuse("record")
        ),
    ]
}
