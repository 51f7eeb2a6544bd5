//! Where records live: SQLite or PostgreSQL, every act with its audit leaf in one transaction.
