//! The case data that a command works on: its folder and its database.

use anyhow::{Context, Result, bail};
use pendeen_store::{Place, Store};

use crate::args::Data;
use crate::settings;

/// Opens the case data, making folder and database where there are none yet.
pub async fn open_or_make(data: &Data) -> Result<Store> {
    std::fs::create_dir_all(&data.data)
        .with_context(|| format!("making the folder {}", data.data.display()))?;
    open(data).await
}

/// Opens the case data that is there; a folder without a database is refused rather than
/// taken for an empty operation.
pub async fn open_existing(data: &Data) -> Result<Store> {
    if data.database.is_none() && !data.data.join("pendeen.db").is_file() {
        bail!(
            "there is no case data in {}: name its folder with --data, or make some with pendeen demo or pendeen intake",
            data.data.display()
        );
    }
    open(data).await
}

async fn open(data: &Data) -> Result<Store> {
    let settings = settings::read(&data.data)?;
    let url = data.database_url();
    // The address may hold a password: it is never part of a message.
    let store = Store::connect(&url)
        .await
        .context("opening the case database (see --data and --database)")?;
    store.migrate().await.context("bringing the case database to this program's version")?;
    let place = Place::parse(&data.documents).context("finding the place of documents")?;
    Ok(store.with_settings(settings).with_documents(place))
}
