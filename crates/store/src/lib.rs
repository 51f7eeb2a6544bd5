//! Where records live: SQLite or PostgreSQL, every act with its audit leaf in one transaction.
//!
//! In: records of `casework`, acts with a [`Permit`](pendeen_casework::permission::Permit), and
//! the people who act. Out: records, lists and counts of what a person may see. Nothing here
//! knows a kind of record: everything goes through
//! [`AnyRecord`](pendeen_casework::record::AnyRecord).
//!
//! Find your way:
//! - [`read`]: one record, its history, its relations; a consultation leaf is committed before
//!   anything is handed out;
//! - [`matter`]: what a record is looked at for;
//! - [`owed`]: the reasons that are still to be given;
//! - [`changes`]: who changed which field from what to what;
//! - [`duration`]: how long records take from one state to another;
//! - [`query`]: lists, counts, search and My work; `sight` is the one place that turns need to
//!   know into SQL;
//! - [`overview`]: what stands where, what is due, who signed what;
//! - [`mod@export`]: a whole list given out; [`saved`]: filters that people keep; [`claim`]: taking
//!   the next record; [`notice`] and [`outbox`]: telling people that something waits;
//! - [`mod@write`]: making records and acts on them, alone or several in one transaction;
//! - [`audit`]: the append-only log, its bytes and its chain;
//! - [`figures`]: counting what [`pendeen_casework::figure`] defines;
//! - [`glass`]: opening a record in an emergency, and what a person is let into;
//! - [`erasure`]: emptying a record, which leaves a provable hole;
//! - [`account`], [`session`], [`document`]; [`backup`];
//! - [`migration`]: the schema, and what the database itself refuses.
//!
//! **One writer.** A writing transaction first locks the end of the audit chain (`BEGIN
//! IMMEDIATE` on SQLite, a row lock on PostgreSQL), so writes happen one after another on both
//! databases and a rule reads what it decides on without another write in between. Within one
//! process writers queue for a fair lock first, so that waiting ones hold no connection.
//! SQLite runs in WAL mode with `synchronous=FULL`: what was acknowledged survives a power cut.
//!
//! **Time and randomness are arguments.** Every function takes the moment it acts at; salts
//! come from [`Entropy`].

pub mod account;
pub mod audit;
pub mod backup;
pub mod changes;
pub mod claim;
pub mod document;
pub mod duration;
mod entity;
pub mod erasure;
mod error;
pub mod export;
pub mod figures;
mod firsts;
pub mod glass;
pub mod matter;
pub mod migration;
pub mod notice;
pub mod outbox;
pub mod overview;
pub mod owed;
mod people;
mod place;
pub mod query;
pub mod read;
pub mod saved;
pub mod search;
pub mod session;
mod sight;
mod standing;
mod tally;
pub mod work;
pub mod write;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pendeen_casework::settings::Settings;
use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::{Mutex, Semaphore};

pub use error::{Result, StoreError};
pub use place::{Place, PlaceError};

/// Where salts come from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with randomness that nobody can guess.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        getrandom::fill(bytes).map_err(std::io::Error::from)
    }
}

/// The case database. Cheap to clone; all clones share one pool of connections.
#[derive(Clone)]
pub struct Store {
    db: DatabaseConnection,
    writer: Arc<Mutex<()>>,
    hashing: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
    queue: Arc<audit::together::Queue>,
    settings: Settings,
    place: Place,
    few: u64,
    #[cfg(feature = "measure")]
    silent: bool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("backend", &self.db.get_database_backend())
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens `sqlite:PATH?mode=rwc` or `postgres://...`; does not touch the schema (see
    /// [`Self::migrate`]). A SQLite database must be a file: one in memory would be another one
    /// for every connection.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, Arc::new(SystemEntropy)).await
    }

    /// The same with another source of salts.
    pub async fn connect_with(url: &str, entropy: Arc<dyn Entropy>) -> Result<Self> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(StoreError::Address("a database in memory cannot be shared"));
        }
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(StoreError::Address("the database address is not known"));
        }
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(30))
            .sqlx_logging(false)
            // Questions here are many and short: compiling one, or sharing it among processes,
            // costs more than asking it.
            .map_sqlx_postgres_opts(|postgres| {
                postgres.options([("jit", "off"), ("max_parallel_workers_per_gather", "0")])
            })
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(30))
            });
        let db = Database::connect(options).await.map_err(StoreError::Database)?;
        let hashing = Arc::new(Semaphore::new(account::HASHED_AT_A_TIME));
        let (writer, settings) = (Arc::new(Mutex::new(())), Settings::default());
        let queue = Arc::default();
        let place = Place::Database;
        Ok(Self {
            db,
            writer,
            hashing,
            entropy,
            queue,
            settings,
            place,
            few: search::FEW,
            #[cfg(feature = "measure")]
            silent: false,
        })
    }

    /// The same store under what the force or the operation set for itself; the defaults
    /// otherwise.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The same store leaving no leaves, in programs that measure what leaves cost: no other is
    /// built with this feature.
    #[cfg(feature = "measure")]
    #[must_use]
    pub fn without_leaves(self) -> Self {
        Self { silent: true, ..self }
    }

    /// The same store with its documents in this place; in the database otherwise. Documents
    /// that lie in the database already stay there.
    #[must_use]
    pub fn with_documents(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The same store in which a word that more records have than this is looked for from the
    /// last changed on, instead of in all that have it. What is found is the same.
    #[must_use]
    pub fn with_few(self, few: u64) -> Self {
        Self { few, ..self }
    }

    /// What rules are given as settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Brings the schema to this program's version, and what figures count to its definitions;
    /// does nothing where both already are.
    pub async fn migrate(&self) -> Result<()> {
        let _writer = self.writer.lock().await;
        migration::Migrator::up(&self.db, None).await.map_err(StoreError::Database)?;
        migration::four_eyes::declare(&self.db).await.map_err(StoreError::Database)?;
        self.refresh_tally().await
    }

    /// Closes every connection, after which neither this store nor its clones work.
    pub async fn close(self) -> Result<()> {
        self.db.close().await.map_err(StoreError::Database)
    }

    fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// A transaction that may write and is the only one until it ends.
    async fn begin_write(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.db.begin_with_options(options).await?)
    }

    /// A read-only transaction in which everything is seen as of one moment.
    async fn snapshot(&self) -> Result<DatabaseTransaction> {
        let options = match self.db.get_database_backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        };
        Ok(self.db.begin_with_options(options).await?)
    }
}

/// A moment as stored: microseconds since 1970 UTC.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A stored moment; one outside the calendar, which only damage can bring, becomes the nearest.
fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// Text as a column takes it: PostgreSQL refuses U+0000, which hostile reports may hold.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
