//! Signing in through the force's sign-in service (OpenID Connect): whose account an identity is.
//!
//! In: an issuer and the subject that it names, which the pages have verified. Out: the person to
//! whom that identity was linked. An identity is linked once, to an account that is there already:
//! by the person, signed in and with the present password, or over an administrator's one-time
//! link ([`super::enrolment`]). Nothing is ever matched by name or e-mail address, and nothing of
//! roles or force comes from the service.
//!
//! An identity belongs to one account, and an account has one identity at an issuer; the database
//! holds both. Every attempt leaves a leaf.
//!
//! Source: OpenID Connect Core 1.0, section 5.7 (only issuer and subject together are stable).

use jiff::Timestamp;
use pendeen_casework::person::{Person, PersonId};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{Account, account, next_epoch};
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{enrolment, person, provider_identity};
use crate::error::{Result, StoreError};
use crate::write::Batch;
use crate::{Store, micros, moment};

/// Who somebody is to the sign-in service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The service: its issuer identifier, an address.
    pub issuer: String,
    /// The name that it gives this person alone and for good.
    pub subject: String,
}

/// Whose an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// This person's, who may sign in.
    Person(Person),
    /// That of an account that is disabled.
    Disabled,
    /// Nobody's yet.
    Nobody,
}

const TAKEN: StoreError =
    StoreError::Conflict("this identity belongs to another account: ask your administrator");
const LINKED: StoreError = StoreError::Conflict(
    "your account is linked to another identity already: remove that link first",
);

impl Store {
    /// Whose identity this is, as of a sign-in that the service vouches for.
    pub async fn sign_in_by_provider(&self, who: &Identity, at: Timestamp) -> Result<Known> {
        let mut batch = self.batch().await?;
        let known = match holder(batch.transaction(), who).await? {
            Some(Account { disabled: true, .. }) => Known::Disabled,
            Some(account) => Known::Person(account.person),
            None => Known::Nobody,
        };
        let (person, action, why) = match &known {
            Known::Person(person) => (Some(person), "sign_in_by_provider", "linked"),
            Known::Disabled => (None, "sign_in_by_provider_failed", "disabled"),
            Known::Nobody => (None, "sign_in_by_provider_failed", "not linked"),
        };
        let leaf = Leaf::new(Processing::AccessControl, person, action, at);
        let about = vec![told(who), Committed::kept("why", why)];
        batch.append(leaf, about).await?;
        batch.commit().await?;
        Ok(known)
    }

    /// Notes that the service vouched for nobody, and why.
    pub async fn provider_refused(&self, why: &str, at: Timestamp) -> Result<()> {
        let leaf = Leaf::new(Processing::AccessControl, None, "sign_in_by_provider_failed", at);
        self.note(leaf, vec![Committed::kept("why", why)]).await
    }

    /// Links an identity to the account of a person who showed that both are theirs.
    pub async fn link_provider(&self, who: &Person, to: &Identity, at: Timestamp) -> Result<()> {
        let mut batch = self.batch().await?;
        match linked(batch.transaction(), who.id, &to.issuer).await? {
            Some(present) if present.subject == to.subject => return Ok(()),
            Some(_) => return Err(LINKED),
            None => insert(&batch, who.id, to, at).await?,
        }
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "link_provider", at);
        batch.append(leaf, vec![told(to)]).await?;
        batch.commit().await
    }

    /// Links an identity over an administrator's one-time link, in place of an earlier one at this
    /// issuer; the link opens nothing from then on, and earlier sign-ins end. None where the link
    /// is over, used or not one.
    pub async fn enrol_by_provider(
        &self,
        secret: &str,
        to: &Identity,
        at: Timestamp,
    ) -> Result<Option<Person>> {
        let Some(whose) = self.enrolment(secret, at).await? else { return Ok(None) };
        let whose = whose.person;
        let mut batch = self.batch().await?;
        let db = batch.transaction();
        // Of two who use the link at once, one deletes it.
        let digest = super::digest(secret.as_bytes());
        let used = enrolment::Entity::delete_by_id(digest).exec(db).await?;
        if used.rows_affected != 1 {
            return Ok(None);
        }
        remove(db, whose.id, &to.issuer).await?;
        insert(&batch, whose.id, to, at).await?;
        end_sign_ins(batch.transaction(), whose.id).await?;
        let leaf = Leaf::new(Processing::AccessControl, Some(&whose), "enrol_by_provider", at);
        batch.append(leaf, vec![told(to)]).await?;
        batch.commit().await?;
        Ok(Some(whose))
    }

    /// Takes the link to an issuer away, which ends earlier sign-ins; `by` is the person, or an
    /// administrator as in [`Self::add_person`]. False where there was none.
    pub async fn unlink_provider(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        issuer: &str,
        at: Timestamp,
    ) -> Result<bool> {
        if by.is_none_or(|by| by.id != whose) {
            self.administrator(by, "unlink_provider", at).await?;
        }
        let mut batch = self.batch().await?;
        let db = batch.transaction();
        let Some(gone) = linked(db, whose, issuer).await? else { return Ok(false) };
        remove(db, whose, issuer).await?;
        end_sign_ins(db, whose).await?;
        let gone = Identity { issuer: issuer.to_owned(), subject: gone.subject };
        let about = vec![Committed::kept("account", whose.0.to_string()), told(&gone)];
        let leaf = Leaf::new(Processing::AccessControl, by, "unlink_provider", at);
        batch.append(leaf, about).await?;
        batch.commit().await?;
        Ok(true)
    }

    /// Since when an account is linked to an identity at this issuer, if it is.
    pub async fn linked_since(&self, whose: PersonId, issuer: &str) -> Result<Option<Timestamp>> {
        let found = linked(self.db(), whose, issuer).await?;
        Ok(found.map(|found| moment(found.linked)))
    }
}

/// What the log keeps of an identity.
fn told(of: &Identity) -> Committed {
    Committed::kept("identity", format!("{} at {}", of.subject, of.issuer))
}

/// The account to which an identity is linked, whether or not it may sign in.
async fn holder<C: ConnectionTrait>(db: &C, who: &Identity) -> Result<Option<Account>> {
    let key = (who.issuer.clone(), who.subject.clone());
    let Some(found) = provider_identity::Entity::find_by_id(key).one(db).await? else {
        return Ok(None);
    };
    let found = person::Entity::find_by_id(found.person_id).one(db).await?;
    Ok(found.map(account))
}

async fn linked<C: ConnectionTrait>(
    db: &C,
    whose: PersonId,
    issuer: &str,
) -> Result<Option<provider_identity::Model>> {
    let found = provider_identity::Entity::find()
        .filter(provider_identity::Column::PersonId.eq(whose.0))
        .filter(provider_identity::Column::Issuer.eq(issuer))
        .one(db)
        .await?;
    Ok(found)
}

async fn insert(batch: &Batch, whose: PersonId, to: &Identity, at: Timestamp) -> Result<()> {
    let db = batch.transaction();
    if holder(db, to).await?.is_some() {
        return Err(TAKEN);
    }
    let row = provider_identity::ActiveModel {
        issuer: Set(to.issuer.clone()),
        subject: Set(to.subject.clone()),
        person_id: Set(whose.0),
        linked: Set(micros(at)),
    };
    provider_identity::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

async fn remove<C: ConnectionTrait>(db: &C, whose: PersonId, issuer: &str) -> Result<()> {
    provider_identity::Entity::delete_many()
        .filter(provider_identity::Column::PersonId.eq(whose.0))
        .filter(provider_identity::Column::Issuer.eq(issuer))
        .exec(db)
        .await?;
    Ok(())
}

async fn end_sign_ins<C: ConnectionTrait>(db: &C, whose: PersonId) -> Result<()> {
    let (epoch, next) = next_epoch();
    person::Entity::update_many()
        .col_expr(epoch, next)
        .filter(person::Column::Id.eq(whose.0))
        .exec(db)
        .await?;
    Ok(())
}
