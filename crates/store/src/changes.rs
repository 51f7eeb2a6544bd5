//! Who changed which field of a record from what to what, when and why: version by version.
//!
//! In: a record that the person may see. Out: for each version, newest first, what it says
//! otherwise than the one before, in the words of the record's page. What the person may see
//! only guarded is left out, whichever version said it. Reading leaves the leaf of a history.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::difference::{Change, OPERATION, differences};
use pendeen_casework::record::{AnyRecord, Kind};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::Store;
use crate::entity::record_version;
use crate::error::Result;
use crate::read::{Version, from_body, load};

/// One version and what it changed.
#[derive(Debug, Clone)]
pub struct VersionChanges {
    /// Which version, by whom, when, and what was filled in.
    pub version: Version,
    /// Why, where the act asked for a reason.
    pub why: Option<String>,
    /// What it says otherwise than the version before.
    pub changes: Vec<Change>,
}

impl Store {
    /// Every version with what it changed, newest first; empty where the person may not see the
    /// record.
    pub async fn changes(
        &self,
        who: &Person,
        kind: Kind,
        id: Uuid,
        at: Timestamp,
    ) -> Result<Vec<VersionChanges>> {
        let versions = self.history(who, kind, id, at).await?;
        let Some(present) = load(self.db(), kind, id).await?.filter(|_| !versions.is_empty())
        else {
            return Ok(Vec::new());
        };
        let guarded = decide(who, Action::ViewGuarded, &present).is_ok();
        let bodies = self.bodies(kind, id).await?;
        let mut changed = Vec::with_capacity(versions.len());
        for version in versions {
            let Some(after) = bodies.get(&version.version) else { continue };
            let before = version.version.checked_sub(1).and_then(|before| bodies.get(&before));
            let mut changes = differences(before, after);
            changes.retain(|change| guarded || !change.guarded);
            for change in changes.iter_mut().filter(|change| change.label == OPERATION) {
                self.name_operations(who, &mut change.from).await?;
                self.name_operations(who, &mut change.to).await?;
            }
            let why = ["why", "reason"].iter().find_map(|name| version.fields.get(name));
            let why = why.map(str::to_owned);
            changed.push(VersionChanges { version, why, changes });
        }
        Ok(changed)
    }

    /// Every version's record, by version.
    async fn bodies(&self, kind: Kind, id: Uuid) -> Result<BTreeMap<u32, AnyRecord>> {
        let stored = record_version::Entity::find()
            .filter(record_version::Column::RecordId.eq(id))
            .order_by_asc(record_version::Column::Version)
            .all(self.db())
            .await?;
        let version = |stored: &record_version::Model| u32::try_from(stored.version);
        stored
            .iter()
            .filter(|stored| !stored.body.is_empty())
            .map(|stored| {
                let record = from_body(kind, id, &stored.body)?;
                Ok((version(stored).unwrap_or(u32::MAX), record))
            })
            .collect()
    }

    /// Operations by title in place of their identifiers, as far as the person may see them.
    async fn name_operations(&self, who: &Person, ids: &mut [String]) -> Result<()> {
        for text in ids {
            let found = match text.parse() {
                Ok(id) => load(self.db(), Kind::Operation, id).await?,
                Err(_) => None,
            };
            let seen = found.filter(|record| decide(who, Action::View, record).is_ok());
            *text = seen.map_or("an operation".to_owned(), |record| record.title());
        }
        Ok(())
    }
}
