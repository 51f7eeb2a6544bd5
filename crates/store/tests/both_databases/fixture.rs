//! A migrated database of its own for every case, people in every role, a fixed clock.

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::{AnyRecord, Id, Restriction};
use pendeen_store::Store;
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    Statement, Value,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::postgres::Server;

/// A database of its own.
pub struct Fixture {
    /// The store under test.
    pub store: Store,
    /// The same database past the store, with its owner's rights.
    pub raw: DatabaseConnection,
    /// Its address.
    pub url: String,
    _folder: Option<TempDir>,
}

impl Fixture {
    pub async fn sqlite() -> Self {
        let folder = TempDir::with_prefix("pendeen-store-").unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("case.db").display());
        Self::open(url, Some(folder)).await
    }

    /// Makes the migrated database that those of the cases are copies of.
    pub async fn postgres_template(server: &Server) {
        create(server, TEMPLATE, "template1").await;
        let store = Store::connect(&server.url(TEMPLATE)).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await.unwrap();
    }

    pub async fn postgres(server: &Server, case: &str) -> Self {
        // PostgreSQL cuts names at 63 bytes: number the databases by a digest of the case.
        let name = format!(
            "case_{:x}",
            case.bytes().fold(5381_u64, |h, b| h.wrapping_mul(33) ^ u64::from(b))
        );
        create(server, &name, TEMPLATE).await;
        Self::open(server.url(&name), None).await
    }

    async fn open(url: String, folder: Option<TempDir>) -> Self {
        let store = Store::connect(&url).await.unwrap();
        store.migrate().await.unwrap();
        let raw = Database::connect(&url).await.unwrap();
        Self { store, raw, url, _folder: folder }
    }

    /// Which database it is.
    pub fn raw_backend(&self) -> DbBackend {
        self.raw.get_database_backend()
    }

    /// Runs SQL past the store.
    pub async fn sql(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.raw.execute_unprepared(sql).await
    }

    /// The rows of a query past the store.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.raw.get_database_backend(), sql.to_owned());
        self.raw.query_all_raw(statement).await.unwrap()
    }

    /// A number from a query past the store.
    pub async fn number(&self, sql: &str) -> i64 {
        self.rows(sql).await[0].try_get_by_index(0).unwrap()
    }

    async fn put<const N: usize>(&self, sql: &str, values: [Value; N]) {
        let statement = Statement::from_sql_and_values(self.raw_backend(), sql, values);
        self.raw.execute_raw(statement).await.unwrap();
    }

    /// Puts a record into the database past the store and its permissions.
    pub async fn plant(&self, record: &AnyRecord) {
        let head = record.head();
        let text = |text: &str| Value::from(text.to_owned());
        let restriction = match &head.restriction {
            Restriction::None => "none".to_owned(),
            Restriction::Role(role) => role.key().to_owned(),
            Restriction::Circle(circle) => circle.to_string(),
        };
        let columns = "INSERT INTO record (id, kind, number, version, state, title, search, force, operation, \
             restriction, author, next_role, next_what, next_urgency, simulated, created, updated, body, \
             agency, mark) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, FALSE, 1, 1, $15, $16, $17)";
        let values = [
            head.id.into(),
            text(record.kind().key()),
            text(&head.number),
            i64::from(head.version).into(),
            text(record.state()),
            text(&record.title()),
            text(&format!("{}\n{}", head.number, record.title()).to_lowercase()),
            head.force.map(|force| force.as_str().to_owned()).into(),
            head.operation.map(Id::uuid).into(),
            text(&restriction),
            head.author.0.into(),
            record.next().map(|next| next.role.key().to_owned()).into(),
            record.next().map(|next| next.what).into(),
            record.next().map(|_| 3_i16).into(),
            text(&record.to_json().unwrap().to_string()),
            head.agency.as_ref().map(|agency| agency.as_str().to_owned()).into(),
            text(head.mark.key()),
        ];
        self.put(columns, values).await;
        for link in record.links() {
            let values = [head.id.into(), text(link.role), link.to.into(), text(link.kind.key())];
            self.put("INSERT INTO link VALUES ($1, $2, $3, $4)", values).await;
        }
        for facet in record.facets() {
            let values = [head.id.into(), text(facet.name), text(&facet.value)];
            self.put("INSERT INTO facet VALUES ($1, $2, $3)", values).await;
        }
    }

    /// Puts a version of a record into the database past the store.
    pub async fn plant_version(&self, record: &AnyRecord) {
        let head = record.head();
        let text = |text: &str| Value::from(text.to_owned());
        let columns = "INSERT INTO record_version \
             (record_id, version, act, fields, by_id, by_name, at, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            head.id.into(),
            i64::from(head.version).into(),
            text("planted"),
            text("{}"),
            head.author.0.into(),
            text("Nobody"),
            head.updated.as_microsecond().into(),
            text(&record.to_json().unwrap().to_string()),
        ];
        self.put(columns, values).await;
    }

    /// Takes away the protection of a table, as its owner can.
    pub async fn unprotect(&self, table: &str) {
        match self.raw.get_database_backend() {
            DbBackend::Postgres => {
                self.sql(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await.unwrap();
            }
            _ => {
                for event in ["update", "delete", "replace"] {
                    self.sql(&format!("DROP TRIGGER {table}_no_{event}")).await.unwrap();
                }
            }
        }
    }
}

const TEMPLATE: &str = "pendeen_template";

async fn create(server: &Server, name: &str, from: &str) {
    let admin = Database::connect(server.url("postgres")).await.unwrap();
    let create = format!("CREATE DATABASE {name} TEMPLATE {from}");
    admin.execute_unprepared(&create).await.unwrap();
    admin.close().await.unwrap();
}

/// The moment `seconds` after the case began.
pub fn at(seconds: i64) -> Timestamp {
    let began: Timestamp = "2026-06-01T09:00:00Z".parse().unwrap();
    began.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// A person with these roles, in this force or in none.
pub fn person(n: u128, roles: &[Role], force: Option<&str>) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n)),
        name: format!("Officer {n}"),
        roles: roles.iter().copied().collect(),
        force: force.map(|key| ForceKey::parse(key).unwrap()),
        knows: Knows::default(),
    }
}
