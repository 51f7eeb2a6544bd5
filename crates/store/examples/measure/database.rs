//! Databases to measure on, and the records in them.

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::force::ForceKey;
use pendeen_casework::form::Fields;
use pendeen_casework::permission::decide_create;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::{AnyRecord, Head, Kind};
use pendeen_store::Store;
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;
use uuid::Uuid;

use crate::Any;
use crate::postgres::Server;

/// Where databases are made.
pub struct Place {
    /// What the rows of the table call it.
    pub name: &'static str,
    folder: TempDir,
    server: Option<Server>,
}

impl Place {
    pub fn sqlite() -> Result<Self, Any> {
        let folder = TempDir::with_prefix("pendeen-measure-")?;
        Ok(Self { name: "SQLite", folder, server: None })
    }

    pub fn postgres() -> Result<Self, Any> {
        let folder = TempDir::with_prefix("pendeen-measure-")?;
        let server = Server::start(&["-cshared_buffers=256MB"])?;
        Ok(Self { name: "PostgreSQL", folder, server: Some(server) })
    }

    /// A migrated database of this name: its address, and a store on it.
    pub async fn database(&self, name: &str) -> Result<(String, Store), Any> {
        let url = match &self.server {
            None => format!("sqlite:{}?mode=rwc", self.folder.path().join(name).display()),
            Some(server) => {
                let admin = Database::connect(server.url("postgres")).await?;
                admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
                admin.close().await?;
                server.url(name)
            }
        };
        let store = Store::connect(&url).await?;
        store.migrate().await?;
        Ok((url, store))
    }
}

/// A person with this role.
pub fn person(n: u128, role: Role, force: Option<&str>) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n)),
        name: format!("Officer {n}"),
        roles: [role].into(),
        force: force.and_then(ForceKey::parse),
        knows: Knows::default(),
    }
}

/// The moment `seconds` after measuring began.
pub fn at(seconds: i64) -> Timestamp {
    const BEGAN: Timestamp = Timestamp::constant(1_780_304_400, 0);
    BEGAN.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(BEGAN)
}

/// A head whose number differs from that of every other `n`.
pub fn head(kind: Kind, n: u128, by: &Person) -> Head {
    let id = Uuid::from_u128(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    Head::new(kind, id, by, at(i64::try_from(n % 100_000).unwrap_or(0)))
}

/// Makes a record as a person would.
pub async fn make(
    store: &Store,
    by: &Person,
    kind: Kind,
    n: u128,
    fields: &Fields,
) -> Result<AnyRecord, Any> {
    let head = head(kind, n, by);
    let permit = decide_create(by, kind, &head).map_err(|denied| denied.to_string())?;
    let moment = head.created;
    Ok(store.create(permit, head, kind, fields, moment).await?)
}
