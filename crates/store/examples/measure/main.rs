//! Measures what the store promises about time, on SQLite and on a private PostgreSQL, both
//! keeping what they acknowledge through a power cut:
//!
//!     cargo run -p pendeen-store --release --features measure --example measure [audit] [hidden]
//!
//! - `audit`: writes and readings with leaves and without, in turn, on the same records;
//! - `hidden`: what a person who sees few records waits for where nothing else is there, and
//!   where fifty thousand records are hidden from them.
//!
//! Out: rows of Markdown. Nothing is left behind.

mod audit;
mod database;
mod hidden;
#[path = "../../tests/both_databases/postgres.rs"]
mod postgres;
mod spread;

use database::Place;

type Any = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Any> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    let build = if cfg!(debug_assertions) { "debug build" } else { "release build" };
    println!("{build}");
    for place in [Place::sqlite()?, Place::postgres()?] {
        if wanted("audit") {
            audit::measure(&place).await?;
        }
        if wanted("hidden") {
            hidden::measure(&place).await?;
        }
    }
    Ok(())
}
