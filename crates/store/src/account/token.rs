//! Tokens of programs: what a script or another system signs in with, in a person's name.
//!
//! In: the secret as sent. Out: the person, and the few things the token is for ([`Scope`]). A
//! token never opens more than its person may do, and less where its scopes are fewer. Its secret
//! is shown once; only its digest is kept (it holds 256 random bits: there is nothing to guess).
//! It ends on its day, when it is revoked, and whenever the person's sign-ins end: a new
//! password, other roles, a disabled account.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pendeen_casework::person::{Person, PersonId};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::api_token;
use crate::error::{Result, StoreError};
use crate::{Store, clean, micros, moment};

/// How every token begins, so that people and scanners recognise one.
pub const PREFIX: &str = "pendeen_";
/// The longest that a token lasts, in days.
pub const LONGEST_DAYS: i64 = 366;
/// How stale "last used" may be, in microseconds: five minutes.
const LAST_USED_STALE: i64 = 300 * 1_000_000;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read records, lists and searches.
    Read,
    /// Make records and act on them.
    Write,
    /// Read figures.
    Figures,
    /// Read the audit log.
    Audit,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Figures, Self::Audit];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Figures => "figures",
            Self::Audit => "audit",
        }
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "Read records, lists and searches",
            Self::Write => "Make records and act on them",
            Self::Figures => "Read figures",
            Self::Audit => "Read the audit log",
        }
    }

    /// The scope with this key, if there is one.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.key() == key)
    }
}

/// A token as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Names it.
    pub id: Uuid,
    /// What its person calls it.
    pub name: String,
    /// What it is for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to a few minutes.
    pub last_used: Option<Timestamp>,
}

/// Who acts through a token, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Whose token it is, with today's roles and force and what they are let into now.
    pub person: Person,
    /// Which.
    pub token: Uuid,
    /// What it is for.
    pub scopes: BTreeSet<Scope>,
}

impl Store {
    /// Makes a token and answers its secret, which nobody sees again.
    ///
    /// Refused without a scope, and where it would last for more than [`LONGEST_DAYS`].
    pub async fn make_token(
        &self,
        who: &Person,
        id: Uuid,
        name: &str,
        scopes: &BTreeSet<Scope>,
        expires: Timestamp,
        at: Timestamp,
    ) -> Result<String> {
        let longest = jiff::SignedDuration::from_hours(LONGEST_DAYS * 24);
        if scopes.is_empty() || name.trim().is_empty() {
            return Err(StoreError::Conflict("a token has a name and at least one scope"));
        }
        if expires <= at || at.duration_until(expires) > longest {
            return Err(StoreError::Conflict("a token ends after now and within a year"));
        }
        let secret = format!("{PREFIX}{}", self.secret()?);
        let epoch = self
            .sign_in_epoch(who.id)
            .await?
            .ok_or(StoreError::Conflict("there is no such account"))?;
        let row = api_token::ActiveModel {
            id: Set(id),
            person_id: Set(who.id.0),
            name: Set(clean(name.trim())),
            scopes: Set(keys(scopes)),
            digest: Set(super::digest(secret.as_bytes())),
            sign_in_epoch: Set(epoch),
            created: Set(micros(at)),
            expires: Set(micros(expires)),
            revoked: Set(None),
            last_used: Set(None),
        };
        let mut batch = self.batch().await?;
        api_token::Entity::insert(row).exec_without_returning(batch.transaction()).await?;
        let about = Committed::kept("token", format!("{id} {} {}", name.trim(), keys(scopes)));
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "make_token", at);
        batch.append(leaf, vec![about]).await?;
        batch.commit().await?;
        Ok(secret)
    }

    /// A person's tokens, the newest first.
    pub async fn tokens(&self, whose: PersonId) -> Result<Vec<Token>> {
        let found = api_token::Entity::find()
            .filter(api_token::Column::PersonId.eq(whose.0))
            .order_by_desc(api_token::Column::Created)
            .order_by_asc(api_token::Column::Id)
            .all(self.db())
            .await?;
        Ok(found.into_iter().map(token).collect())
    }

    /// Ends one of a person's tokens; false where there is no such token of theirs in force.
    pub async fn revoke_token(&self, who: &Person, id: Uuid, at: Timestamp) -> Result<bool> {
        let mut batch = self.batch().await?;
        let revoked = api_token::Entity::update_many()
            .col_expr(api_token::Column::Revoked, Expr::value(micros(at)))
            .filter(api_token::Column::Id.eq(id))
            .filter(api_token::Column::PersonId.eq(who.id.0))
            .filter(api_token::Column::Revoked.is_null())
            .exec(batch.transaction())
            .await?;
        if revoked.rows_affected != 1 {
            return Ok(false);
        }
        let about = Committed::kept("token", id.to_string());
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "revoke_token", at);
        batch.append(leaf, vec![about]).await?;
        batch.commit().await?;
        Ok(true)
    }

    /// Who acts through the token with this secret; none where it opens nothing (any more).
    pub async fn bearer(&self, secret: &str, at: Timestamp) -> Result<Option<Bearer>> {
        let found = api_token::Entity::find()
            .filter(api_token::Column::Digest.eq(super::digest(secret.as_bytes())))
            .filter(api_token::Column::Revoked.is_null())
            .filter(api_token::Column::Expires.gt(micros(at)))
            .one(self.db())
            .await?;
        let Some(found) = found else { return Ok(None) };
        let whose = PersonId(found.person_id);
        if self.sign_in_epoch(whose).await? != Some(found.sign_in_epoch) {
            return Ok(None);
        }
        let Some(person) = self.person_at(whose, at).await? else { return Ok(None) };
        if found.last_used.is_none_or(|last| micros(at).saturating_sub(last) > LAST_USED_STALE) {
            let _writer = self.writer.lock().await;
            api_token::Entity::update_many()
                .col_expr(api_token::Column::LastUsed, Expr::value(micros(at)))
                .filter(api_token::Column::Id.eq(found.id))
                .exec(self.db())
                .await?;
        }
        let token = token(found);
        Ok(Some(Bearer { person, token: token.id, scopes: token.scopes }))
    }
}

fn keys(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.key()).collect::<Vec<_>>().join(" ")
}

/// A stored token; a scope that this version does not know opens nothing.
fn token(stored: api_token::Model) -> Token {
    Token {
        id: stored.id,
        name: stored.name,
        scopes: stored.scopes.split(' ').filter_map(Scope::from_key).collect(),
        created: moment(stored.created),
        expires: moment(stored.expires),
        revoked: stored.revoked.map(moment),
        last_used: stored.last_used.map(moment),
    }
}
