//! One-time links with which a person sets their own password: nobody hands a password over.
//!
//! In: an administrator's (or the operator's) wish, then the secret of the link. Out: the
//! person's account with the password that they chose. A link lasts three days, opens once, and
//! a new one ends the earlier; only its digest is kept. An administrator who opened an account
//! does not get its link too ([`super::administration`]).

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::person::{Person, PersonId};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::administration::Part;
use super::{Account, account, next_epoch};
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{enrolment, person};
use crate::error::{Result, StoreError};
use crate::{Store, micros};

/// How long a link lasts, in hours.
pub const LINK_HOURS: i64 = 72;

impl Store {
    /// Makes a link's secret; `by` as in [`Self::add_person`].
    pub async fn make_enrolment(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        at: Timestamp,
    ) -> Result<String> {
        self.administrator(by, "make_enrolment", at).await?;
        let secret = self.secret()?;
        let expires = at.checked_add(SignedDuration::from_hours(LINK_HOURS));
        let mut batch = self.batch().await?;
        self.take_part(&batch, by, whose, Part::Key, at).await?;
        let db = batch.transaction();
        enrolment::Entity::delete_many()
            .filter(enrolment::Column::PersonId.eq(whose.0))
            .exec(db)
            .await?;
        let row = enrolment::ActiveModel {
            digest: Set(super::digest(secret.as_bytes())),
            person_id: Set(whose.0),
            expires: Set(micros(expires.unwrap_or(Timestamp::MAX))),
        };
        enrolment::Entity::insert(row).exec_without_returning(db).await?;
        let about = Committed::kept("account", whose.0.to_string());
        let leaf = Leaf::new(Processing::AccessControl, by, "make_enrolment", at);
        batch.append(leaf, vec![about]).await?;
        batch.commit().await?;
        Ok(secret)
    }

    /// Whose link this is, unless it is over, used or not one.
    pub async fn enrolment(&self, secret: &str, at: Timestamp) -> Result<Option<Account>> {
        let found = enrolment::Entity::find_by_id(super::digest(secret.as_bytes()))
            .filter(enrolment::Column::Expires.gt(micros(at)))
            .one(self.db())
            .await?;
        let Some(found) = found else { return Ok(None) };
        let whose = person::Entity::find_by_id(found.person_id).one(self.db()).await?;
        Ok(whose.map(account).filter(|account| !account.disabled))
    }

    /// Sets the password that a person chose over their link, which opens nothing from then on;
    /// earlier sign-ins end. None where the link is over, used or not one.
    pub async fn enrol(
        &self,
        secret: &str,
        password: &str,
        at: Timestamp,
    ) -> Result<Option<Person>> {
        let Some(whose) = self.enrolment(secret, at).await? else { return Ok(None) };
        let hash = self.hash(password).await?;
        let mut batch = self.batch().await?;
        // Of two who use the link at once, one deletes it.
        let used = enrolment::Entity::delete_by_id(super::digest(secret.as_bytes()))
            .exec(batch.transaction())
            .await?;
        if used.rows_affected != 1 {
            return Ok(None);
        }
        let (epoch, next) = next_epoch();
        person::Entity::update_many()
            .col_expr(person::Column::Password, Expr::value(hash))
            .col_expr(epoch, next)
            .filter(person::Column::Id.eq(whose.person.id.0))
            .exec(batch.transaction())
            .await?;
        let leaf = Leaf::new(Processing::AccessControl, Some(&whose.person), "enrol", at);
        batch.append(leaf, vec![Committed::kept("account", whose.person.id.0.to_string())]).await?;
        batch.commit().await?;
        Ok(Some(whose.person))
    }

    /// Thirty-two random bytes in hexadecimal digits: a secret that nobody guesses.
    pub(super) fn secret(&self) -> Result<String> {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes).map_err(StoreError::Entropy)?;
        Ok(hex::encode(bytes))
    }
}
