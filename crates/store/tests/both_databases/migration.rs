//! Databases of earlier schemas: brought to this one with all their rows, or left as they were.

use pendeen_casework::record::Kind;
use pendeen_store::Store;
use pendeen_store::migration::Migrator;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

use crate::fixture::{Fixture, at};
use crate::world::{act, fields, intelligence, make, referral};

/// The tables of the founding schema, in an order in which foreign keys find what they point to.
const FOUNDING: [&str; 10] = [
    "record",
    "record_version",
    "link",
    "facet",
    "document",
    "record_document",
    "person",
    "audit_leaf",
    "audit_opening",
    "audit_head",
];

/// A second, empty database of the founding schema, beside that of the case: a file of its own,
/// or a schema of its own on the same server.
struct Older {
    url: String,
    db: DatabaseConnection,
}

impl Older {
    async fn beside(case: &Fixture) -> Self {
        let url = match case.raw_backend() {
            DbBackend::Postgres => {
                case.sql("CREATE SCHEMA older").await.unwrap();
                format!("{}&options[search_path]=older", case.url)
            }
            _ => case.url.replace("case.db", "older.db"),
        };
        let db = Database::connect(&url).await.unwrap();
        Migrator::up(&db, Some(1)).await.unwrap();
        Self { url, db }
    }

    async fn columns(&self, table: &str) -> String {
        let sql = match self.db.get_database_backend() {
            DbBackend::Postgres => format!(
                "SELECT string_agg(column_name::text, ', ') FROM information_schema.columns \
                 WHERE table_name = '{table}' AND table_schema = 'older'"
            ),
            _ => format!("SELECT group_concat(name, ', ') FROM pragma_table_info('{table}')"),
        };
        self.one(&sql).await
    }

    /// Takes the rows of the case's database, as far as the founding schema has columns for them.
    async fn take_rows(&self, case: &Fixture) {
        let mut copy = vec!["DELETE FROM [new].audit_head".to_owned()];
        for table in FOUNDING {
            let columns = self.columns(table).await;
            copy.push(format!(
                "INSERT INTO [new].{table} ({columns}) SELECT {columns} FROM [old].{table}"
            ));
        }
        let copy = copy.join(";\n");
        let copy = if case.raw_backend() == DbBackend::Postgres {
            copy.replace("[new]", "older").replace("[old]", "public")
        } else {
            let path = case.url.trim_start_matches("sqlite:").trim_end_matches("?mode=rwc");
            let copy = copy.replace("[new]", "main").replace("[old]", "kept");
            format!("ATTACH DATABASE '{path}' AS kept;\n{copy};\nDETACH DATABASE kept")
        };
        self.db.execute_unprepared(&copy).await.unwrap();
    }

    async fn one(&self, sql: &str) -> String {
        text(&self.db, sql).await.pop().unwrap()
    }
}

/// The one column of a query, which is text.
async fn text(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// What migrations make out of the rows that are there already; each as one text a row.
const MADE: [&str; 3] = [
    "SELECT record_id || ' ' || version || ' ' || state || ' ' || entered FROM stage ORDER BY 1",
    "SELECT record_id || ' ' || version || ' ' || figure || ' ' || since || ' ' || until \
     FROM tally ORDER BY 1",
    "SELECT record_id || ' ' || words || ' ' || keys FROM search_document ORDER BY 1",
];

pub async fn a_database_of_the_founding_schema_is_brought_to_this_one_with_all_its_rows(
    db: Fixture,
) {
    let officer = intelligence(1);
    for (n, reference) in [(1, "plain"), (2, "a\0null"), (3, r"a \u0000 that is text"), (4, r"\")] {
        let made = referral(&db.store, &officer, n, reference).await;
        if n > 1 {
            let triaged = act(&db.store, &officer, &made, "triage", &fields([])).await.unwrap();
            let why = fields([("reason", "\0")]);
            act(&db.store, &officer, &triaged, "not_actionable", &why).await.unwrap();
        }
    }
    let suspect = fields([("name", "Rowan Thistlewood"), ("suspect", "yes")]);
    make(&db.store, &officer, Kind::Subject, 5, &suspect).await.unwrap();

    let older = Older::beside(&db).await;
    older.take_rows(&db).await;
    let store = Store::connect(&older.url).await.unwrap();
    store.migrate().await.unwrap();
    for made in MADE {
        let made = match db.raw_backend() {
            DbBackend::Postgres => made.to_owned(),
            _ => made.replace("record_id ||", "hex(record_id) ||"),
        };
        let (kept, by_migration) = (text(&db.raw, &made).await, text(&older.db, &made).await);
        assert!(kept.len() >= 4, "{made}: {kept:?}");
        assert_eq!(by_migration, kept, "{made}");
    }
    assert_eq!(store.audit_verify().await.unwrap(), db.store.audit_verify().await.unwrap());
    let list = pendeen_store::query::Query::default();
    let (old, new) =
        (store.list(&officer, &list, at(90)).await, db.store.list(&officer, &list, at(90)).await);
    assert_eq!(old.unwrap(), new.unwrap());
    // Work goes on.
    referral(&store, &officer, 9, "R-9").await;
    assert!(store.audit_verify().await.unwrap().whole());
}

/// Something stands where a late step of a migration wants to put its own.
pub async fn a_migration_that_fails_half_way_leaves_the_database_as_it_was(db: Fixture) {
    let officer = intelligence(1);
    referral(&db.store, &officer, 1, "R-1").await;
    let older = Older::beside(&db).await;
    older.take_rows(&db).await;
    let (obstacle, clear) = match db.raw_backend() {
        DbBackend::Postgres => (
            "CREATE TRIGGER record_stays_erased BEFORE TRUNCATE ON record \
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
            "DROP TRIGGER record_stays_erased ON record",
        ),
        _ => (
            "CREATE TRIGGER record_stays_erased AFTER INSERT ON facet BEGIN SELECT 1; END",
            "DROP TRIGGER record_stays_erased",
        ),
    };
    older.db.execute_unprepared(obstacle).await.unwrap();
    let store = Store::connect(&older.url).await.unwrap();
    let failed = store.migrate().await;
    assert!(failed.is_err(), "{failed:?}");
    let applied = "SELECT version FROM seaql_migrations ORDER BY version";
    let steps = ["m20261001_000001_founding", "m20261125_000002_sign_in_epoch"];
    assert_eq!(text(&older.db, applied).await, steps);
    let half = older.db.execute_unprepared("SELECT * FROM erasure").await;
    assert!(half.is_err(), "the table of the step that failed is not there");
    let refused = older.db.execute_unprepared("UPDATE record_version SET by_name = 'x'").await;
    assert!(refused.unwrap_err().to_string().contains("append-only"), "what it drops stays");

    older.db.execute_unprepared(clear).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.audit_verify().await.unwrap().whole());
    assert_eq!(
        store.list(&officer, &pendeen_store::query::Query::default(), at(9)).await.unwrap().total,
        1
    );
}
