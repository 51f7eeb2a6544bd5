//! Triggers that make a table append-only, and the first row of the audit head.

use sea_orm_migration::sea_orm::DbBackend;

/// Tables whose rows are never changed or deleted.
const APPEND_ONLY: [(&str, &str); 2] = [
    ("record_version", "record_id = NEW.record_id AND version = NEW.version"),
    ("audit_leaf", "seq = NEW.seq"),
];

/// Every statement, in order.
pub fn all(backend: DbBackend) -> Vec<String> {
    let mut statements: Vec<String> = match backend {
        DbBackend::Postgres => postgres(),
        _ => APPEND_ONLY.iter().flat_map(|(table, same_key)| sqlite(table, same_key)).collect(),
    };
    let zero = "00".repeat(32);
    statements.push(match backend {
        DbBackend::Postgres => {
            format!(
                "INSERT INTO audit_head (id, seq, digest) VALUES (1, 0, decode('{zero}', 'hex'))"
            )
        }
        _ => format!("INSERT INTO audit_head (id, seq, digest) VALUES (1, 0, x'{zero}')"),
    });
    statements
}

fn postgres() -> Vec<String> {
    let function = "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$";
    let per_table = APPEND_ONLY.iter().flat_map(|(table, _)| {
        [
            format!(
                "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            ),
            format!(
                "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            ),
        ]
    });
    std::iter::once(function.to_owned()).chain(per_table).collect()
}

/// SQLite's INSERT OR REPLACE deletes without firing delete triggers, so inserting over an
/// existing row is refused as well.
fn sqlite(table: &str, same_key: &str) -> [String; 3] {
    let refuse = format!("SELECT RAISE(ABORT, '{table} is append-only')");
    [
        format!("CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refuse}; END"),
        format!("CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}; END"),
        format!(
            "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} \
             WHEN EXISTS (SELECT 1 FROM {table} WHERE {same_key}) BEGIN {refuse}; END"
        ),
    ]
}
