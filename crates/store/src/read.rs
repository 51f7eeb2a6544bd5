//! One record: itself, its history, what it belongs to.
//!
//! A record is handed out only after its consultation leaf is committed. A record that is not
//! there and one that the person may not see give the same answer and the same leaf-sized
//! work, so that neither words nor time tell them apart.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::{Person, PersonId};
use pendeen_casework::record::{AnyRecord, Kind};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{link, record, record_version};
use crate::erasure::ERASED;
use crate::error::{Result, StoreError};
use crate::query::{Listed, Row, linked_to, row};
use crate::sight::visible;
use crate::{Store, moment};

/// One version of a record.
#[derive(Debug, Clone)]
pub struct Version {
    /// 1 for the first.
    pub version: u32,
    /// The act that made it: `create` for the first.
    pub act: String,
    /// Who did it.
    pub by: PersonId,
    /// That person's name at the time.
    pub by_name: String,
    /// When, UTC.
    pub at: Timestamp,
    /// What was filled in.
    pub fields: Fields,
}

/// A record that is related to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedRow {
    /// The name of the relation, as the record that holds it calls it.
    pub role: String,
    /// The other record.
    pub row: Row,
}

/// What a record belongs to and what belongs to it, as far as the person may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelatedRows {
    /// Records that this one names.
    pub outgoing: Vec<RelatedRow>,
    /// Records that name this one.
    pub incoming: Vec<RelatedRow>,
}

/// A record as its page shows it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The record.
    pub record: AnyRecord,
    /// What it belongs to and what belongs to it.
    pub related: RelatedRows,
    /// Every version, newest first.
    pub history: Vec<Version>,
}

impl Store {
    /// The record with its relations and its history, as [`Self::view`], [`Self::related`] and
    /// [`Self::history`] give them: one consultation, one leaf, one commit to wait for.
    pub async fn open(
        &self,
        who: &Person,
        kind: Kind,
        id: Uuid,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<Opened>> {
        let found = load(self.db(), kind, id).await?;
        let Some(record) = self.consulted(who, (kind, id), found, "open", why, at).await? else {
            return Ok(None);
        };
        let related = self.relations(who, id).await?;
        let history = self.versions(who, &record).await?;
        Ok(Some(Opened { record, related, history }))
    }

    /// The record, if it is there and the person may see it; `why` is the reason given.
    pub async fn view(
        &self,
        who: &Person,
        kind: Kind,
        id: Uuid,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<AnyRecord>> {
        let found = load(self.db(), kind, id).await?;
        self.consulted(who, (kind, id), found, "view", why, at).await
    }

    /// The record that people call by this number, on the same terms. Case of letters, and
    /// spaces around it, do not matter.
    pub async fn find_by_number(
        &self,
        who: &Person,
        number: &str,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<AnyRecord>> {
        let wanted = crate::clean(&number.trim().to_uppercase());
        let stored = record::Entity::find()
            .filter(record::Column::Number.eq(&wanted))
            .filter(record::Column::State.ne(ERASED))
            .one(self.db())
            .await?;
        if let Some(found) = stored.as_ref().map(parse).transpose()? {
            let about = (found.kind(), found.head().id);
            return self.consulted(who, about, Some(found), "find", why, at).await;
        }
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "denied:find", at);
        self.note(leaf, vec![Committed::kept("number", wanted)]).await?;
        Ok(None)
    }

    /// Every version of a record, newest first; empty where the person may not see the record.
    /// What was filled in is withheld where it tells what the person may see only guarded.
    pub async fn history(
        &self,
        who: &Person,
        kind: Kind,
        id: Uuid,
        at: Timestamp,
    ) -> Result<Vec<Version>> {
        let found = load(self.db(), kind, id).await?;
        match self.consulted(who, (kind, id), found, "history", None, at).await? {
            Some(seen) => self.versions(who, &seen).await,
            None => Ok(Vec::new()),
        }
    }

    /// The versions of a record whose consultation is in the log by now.
    async fn versions(&self, who: &Person, seen: &AnyRecord) -> Result<Vec<Version>> {
        let stored = record_version::Entity::find()
            .filter(record_version::Column::RecordId.eq(seen.head().id))
            .order_by_desc(record_version::Column::Version)
            .all(self.db())
            .await?;
        let guarded = match decide(who, Action::ViewGuarded, seen) {
            Ok(_permit) => BTreeSet::new(),
            Err(_) => guarded_texts(seen.kind(), &stored)?,
        };
        stored.into_iter().map(|stored| version(stored, &guarded)).collect()
    }

    /// The record as it was at an earlier version, on the same terms as [`Self::view`].
    pub async fn view_version(
        &self,
        who: &Person,
        kind: Kind,
        id: Uuid,
        version: u32,
        at: Timestamp,
    ) -> Result<Option<AnyRecord>> {
        let found = load(self.db(), kind, id).await?;
        if self.consulted(who, (kind, id), found, "view_version", None, at).await?.is_none() {
            return Ok(None);
        }
        let key = (id, i64::from(version));
        let stored = record_version::Entity::find_by_id(key).one(self.db()).await?;
        stored.map(|stored| from_body(kind, id, &stored.body)).transpose()
    }

    /// What the record belongs to and what belongs to it; empty where the person may not see
    /// the record itself.
    pub async fn related(
        &self,
        who: &Person,
        kind: Kind,
        id: Uuid,
        at: Timestamp,
    ) -> Result<RelatedRows> {
        let found = load(self.db(), kind, id).await?;
        match self.consulted(who, (kind, id), found, "related", None, at).await? {
            Some(_) => self.relations(who, id).await,
            None => Ok(RelatedRows::default()),
        }
    }

    /// The relations of a record whose consultation is in the log by now.
    async fn relations(&self, who: &Person, id: Uuid) -> Result<RelatedRows> {
        let outgoing =
            link::Entity::find().filter(link::Column::FromId.eq(id)).all(self.db()).await?;
        let incoming =
            link::Entity::find().filter(link::Column::ToId.eq(id)).all(self.db()).await?;
        Ok(RelatedRows {
            outgoing: self
                .ends(who, outgoing.into_iter().map(|l| (l.role, l.to_id)).collect())
                .await?,
            incoming: self
                .ends(who, incoming.into_iter().map(|l| (l.role, l.from_id)).collect())
                .await?,
        })
    }

    /// The visible records among these, oldest first within a relation.
    async fn ends(&self, who: &Person, ends: Vec<(String, Uuid)>) -> Result<Vec<RelatedRow>> {
        let mut rows = Vec::new();
        // A chunk stays far below the number of parameters that both databases take.
        for chunk in ends.chunks(1_000) {
            let stored = record::Entity::find()
                .filter(visible(who, &[]))
                .filter(record::Column::Id.is_in(chunk.iter().map(|(_, id)| *id)))
                .into_partial_model::<Listed>()
                .all(self.db())
                .await?;
            for stored in stored {
                let roles =
                    chunk.iter().filter(|(_, id)| *id == stored.id).map(|(role, _)| role.clone());
                let row = row(stored.clone())?;
                rows.extend(roles.map(|role| RelatedRow { role, row: row.clone() }));
            }
        }
        rows.sort_by(|a, b| {
            (&a.role, a.row.created, a.row.id).cmp(&(&b.role, b.row.created, b.row.id))
        });
        Ok(rows)
    }

    /// Notes that something was given to a recipient outside: an export, a bundle, a letter.
    pub async fn disclosed(
        &self,
        who: &Person,
        record: &AnyRecord,
        recipient: &str,
        what: &str,
        at: Timestamp,
    ) -> Result<()> {
        let head = record.head();
        let leaf = Leaf::new(Processing::Disclosure, Some(who), "disclose", at)
            .about(record.kind(), head.id, head.version)
            .to(recipient.to_owned());
        self.note(leaf, vec![Committed::kept("what", what)]).await
    }

    /// Decides, leaves the leaf of the read or of its refusal, and only then hands out.
    pub(crate) async fn consulted(
        &self,
        who: &Person,
        (kind, id): (Kind, Uuid),
        found: Option<AnyRecord>,
        action: &str,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<AnyRecord>> {
        let seen = found.filter(|record| decide(who, Action::View, record).is_ok());
        let leaf = match &seen {
            Some(record) => Leaf::new(Processing::Consultation, Some(who), action, at).about(
                kind,
                id,
                record.head().version,
            ),
            None => {
                Leaf::new(Processing::AccessControl, Some(who), &format!("denied:{action}"), at)
                    .about(kind, id, 0)
            }
        };
        let why = why.map(str::trim).filter(|why| !why.is_empty());
        self.note(leaf, why.map(|why| Committed::kept("justification", why)).into_iter().collect())
            .await?;
        Ok(seen)
    }
}

/// The stored record of this kind and id, whoever asks: for rules, and before a decision. An
/// erased one is not there: see [`crate::erasure`].
pub(crate) async fn load<C: ConnectionTrait>(
    db: &C,
    kind: Kind,
    id: Uuid,
) -> Result<Option<AnyRecord>> {
    let stored =
        record::Entity::find_by_id(id).filter(record::Column::Kind.eq(kind.key())).one(db).await?;
    stored.as_ref().filter(|stored| stored.state != ERASED).map(parse).transpose()
}

/// Every stored record of this kind whose link called `role` leads to `to`, whoever asks.
pub(crate) async fn linked<C: ConnectionTrait>(
    db: &C,
    kind: Kind,
    role: &str,
    to: Uuid,
) -> Result<Vec<AnyRecord>> {
    let stored = record::Entity::find()
        .filter(record::Column::Kind.eq(kind.key()))
        .filter(record::Column::Id.in_subquery(linked_to(role, to)))
        .all(db)
        .await?;
    stored.iter().map(parse).collect()
}

/// A stored row as a typed record.
pub(crate) fn parse(stored: &record::Model) -> Result<AnyRecord> {
    let kind = Kind::from_key(&stored.kind).ok_or_else(|| StoreError::Corrupt {
        what: "record",
        id: stored.id,
        source: serde::de::Error::custom("its kind is not known to this version"),
    })?;
    from_body(kind, stored.id, &stored.body)
}

pub(crate) fn from_body(kind: Kind, id: Uuid, body: &str) -> Result<AnyRecord> {
    serde_json::from_str(body)
        .and_then(|body| AnyRecord::from_json(kind, body))
        .map_err(|source| StoreError::Corrupt { what: "record", id, source })
}

/// Everything that guarded lines said in any version.
fn guarded_texts(kind: Kind, versions: &[record_version::Model]) -> Result<BTreeSet<String>> {
    let mut texts = BTreeSet::new();
    for stored in versions {
        let record = from_body(kind, stored.record_id, &stored.body)?;
        let lines = record.details().into_iter().filter(|line| line.guarded);
        texts.extend(lines.map(|line| line.text.trim().to_owned()).filter(|text| !text.is_empty()));
    }
    Ok(texts)
}

/// What stands in place of a value that a person may not see.
const WITHHELD: &str = "(withheld)";

fn version(stored: record_version::Model, guarded: &BTreeSet<String>) -> Result<Version> {
    let fields: Fields = serde_json::from_str(&stored.fields)
        .map_err(|source| StoreError::Corrupt { what: "version", id: stored.record_id, source })?;
    let tells = |value: &str| guarded.iter().any(|g| g.contains(value) || value.contains(&**g));
    let shown = |value| if tells(value) { WITHHELD } else { value };
    Ok(Version {
        version: u32::try_from(stored.version).unwrap_or(u32::MAX),
        act: stored.act,
        by: PersonId(stored.by_id),
        by_name: stored.by_name,
        at: moment(stored.at),
        fields: fields.iter().map(|(name, value)| (name, shown(value))).collect(),
    })
}
