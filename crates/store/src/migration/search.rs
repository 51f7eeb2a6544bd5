//! What records are found by, and its index: FTS5 on SQLite, a `tsvector` on PostgreSQL.
//!
//! The words lie in a plain table, the same on both; the index follows it by triggers on
//! SQLite and by a generated column on PostgreSQL. Records that are there already are read
//! from the text kept beside them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};
use uuid::Uuid;

use crate::search;

/// The table and its index.
pub struct Search;

impl MigrationName for Search {
    fn name(&self) -> &'static str {
        "m20261125_000008_search"
    }
}

const SQLITE: [&str; 5] = [
    "CREATE TABLE search_document (record_id UUID NOT NULL UNIQUE REFERENCES record (id), \
     words TEXT NOT NULL, keys TEXT NOT NULL, place INTEGER PRIMARY KEY)",
    "CREATE VIRTUAL TABLE search_index USING fts5 (words, keys, content='search_document', \
     content_rowid='place', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER search_document_insert AFTER INSERT ON search_document BEGIN \
     INSERT INTO search_index (rowid, words, keys) VALUES (NEW.place, NEW.words, NEW.keys); END",
    "CREATE TRIGGER search_document_delete AFTER DELETE ON search_document BEGIN \
     INSERT INTO search_index (search_index, rowid, words, keys) \
     VALUES ('delete', OLD.place, OLD.words, OLD.keys); END",
    "CREATE TRIGGER search_document_update AFTER UPDATE ON search_document BEGIN \
     INSERT INTO search_index (search_index, rowid, words, keys) \
     VALUES ('delete', OLD.place, OLD.words, OLD.keys); \
     INSERT INTO search_index (rowid, words, keys) VALUES (NEW.place, NEW.words, NEW.keys); END",
];

const POSTGRES: [&str; 2] = [
    "CREATE TABLE search_document (record_id UUID PRIMARY KEY REFERENCES record (id), \
     words TEXT NOT NULL, keys TEXT NOT NULL, vector TSVECTOR NOT NULL GENERATED ALWAYS AS \
     (setweight(array_to_tsvector(string_to_array(words, ' ')), 'A') \
     || setweight(array_to_tsvector(string_to_array(keys, ' ')), 'B')) STORED)",
    "CREATE INDEX search_document_by_vector ON search_document USING gin (vector)",
];

#[async_trait::async_trait]
impl MigrationTrait for Search {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = manager.get_database_backend();
        let statements: &[&str] = match backend {
            DbBackend::Postgres => &POSTGRES,
            _ => &SQLITE,
        };
        for statement in statements {
            db.execute_unprepared(statement).await?;
        }
        let there = "SELECT id, search FROM record".to_owned();
        for row in db.query_all_raw(Statement::from_string(backend, there)).await? {
            let (id, text): (Uuid, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            search::keep(db, id, None, &text)
                .await
                .map_err(|error| DbErr::Migration(error.to_string()))?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
