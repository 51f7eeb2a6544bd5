//! Changing accounts, and who may.
//!
//! In: an administrator and what should change. Out: the changed account; roles, force or a
//! second factor that changed end earlier sign-ins. Refused, to an administrator:
//! - the own account, so that nobody grants themself anything;
//! - **opening** an account that works on cases (making it, changing its roles, removing its
//!   second factor) *and* handing out its **key** (the link that sets its password) within thirty
//!   days: whoever did both could sign in as that person. Another administrator does the other
//!   part, or the operator of the machine, from the command line.

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::agency::AgencyKey;
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::{Person, PersonId, Role};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use std::collections::BTreeSet;

use super::{account, next_epoch, role_keys, second_factor};
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{account_act, person};
use crate::error::{Result, StoreError};
use crate::write::Batch;
use crate::{Store, clean, micros};

/// How long the two parts stay apart, in days.
const APART_DAYS: i64 = 30;

/// The two parts of letting somebody in that one administrator does not both do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Making an account, changing its roles, removing its second factor.
    Opening,
    /// The link that sets its password.
    Key,
}

impl Part {
    fn key(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Key => "key",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Opening => Self::Key,
            Self::Key => Self::Opening,
        }
    }
}

/// What an account becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Rank and name.
    pub name: String,
    /// What the person is trusted to do.
    pub roles: BTreeSet<Role>,
    /// The person's force; none for national staff.
    pub force: Option<ForceKey>,
    /// The partner agency that the person works for, if any.
    pub agency: Option<AgencyKey>,
}

impl Store {
    /// Changes name, roles and force, which ends earlier sign-ins; `by` as in
    /// [`Self::add_person`].
    pub async fn change_person(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        to: &Changed,
        at: Timestamp,
    ) -> Result<()> {
        self.administrator(by, "change_person", at).await?;
        self.another(by, whose, "change_person", at).await?;
        let mut batch = self.batch().await?;
        let before = stored(&batch, whose).await?;
        let (epoch, next) = next_epoch();
        person::Entity::update_many()
            .col_expr(person::Column::Name, Expr::value(clean(&to.name)))
            .col_expr(person::Column::Roles, Expr::value(role_keys(&to.roles)))
            .col_expr(person::Column::Force, Expr::value(to.force.map(|f| f.as_str().to_owned())))
            .col_expr(
                person::Column::Agency,
                Expr::value(to.agency.as_ref().map(|agency| agency.as_str().to_owned())),
            )
            .col_expr(epoch, next)
            .filter(person::Column::Id.eq(whose.0))
            .exec(batch.transaction())
            .await?;
        self.take_part(&batch, by, whose, Part::Opening, at).await?;
        let about = vec![
            Committed::kept("account", whose.0.to_string()),
            Committed::kept("before", told(&before)),
            Committed::kept("after", told(&stored(&batch, whose).await?)),
        ];
        let leaf = Leaf::new(Processing::AccessControl, by, "change_person", at);
        batch.append(leaf, about).await?;
        batch.commit().await
    }

    /// Takes away the second factor of somebody who lost it and their recovery codes; earlier
    /// sign-ins end. `by` as in [`Self::add_person`].
    pub async fn reset_second_factor(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        at: Timestamp,
    ) -> Result<()> {
        self.administrator(by, "reset_second_factor", at).await?;
        self.another(by, whose, "reset_second_factor", at).await?;
        let mut batch = self.batch().await?;
        stored(&batch, whose).await?;
        self.take_part(&batch, by, whose, Part::Opening, at).await?;
        second_factor::remove(batch.transaction(), whose).await?;
        let (epoch, next) = next_epoch();
        person::Entity::update_many()
            .col_expr(epoch, next)
            .filter(person::Column::Id.eq(whose.0))
            .exec(batch.transaction())
            .await?;
        let leaf = Leaf::new(Processing::AccessControl, by, "reset_second_factor", at);
        batch.append(leaf, vec![Committed::kept("account", whose.0.to_string())]).await?;
        batch.commit().await
    }

    /// Refuses, and records, an administrator who would change the own account.
    pub(super) async fn another(
        &self,
        by: Option<&Person>,
        whose: PersonId,
        action: &str,
        at: Timestamp,
    ) -> Result<()> {
        match by {
            Some(by) if by.id == whose => {
                self.denied(by, action, None, at).await?;
                Err(StoreError::Conflict("ask another administrator: this is your own account"))
            }
            _ => Ok(()),
        }
    }

    /// Notes that an administrator does one part, or refuses where they did the other. The
    /// account is judged as it stands within the transaction.
    pub(super) async fn take_part(
        &self,
        batch: &Batch,
        by: Option<&Person>,
        whose: PersonId,
        part: Part,
        at: Timestamp,
    ) -> Result<()> {
        let person = stored(batch, whose).await?;
        let Some(by) = by else { return Ok(()) };
        if person.roles.iter().all(|role| *role == Role::Administrator) {
            return Ok(());
        }
        let db = batch.transaction();
        let since = at.checked_sub(SignedDuration::from_hours(APART_DAYS * 24));
        let other = account_act::Entity::find()
            .filter(account_act::Column::PersonId.eq(whose.0))
            .filter(account_act::Column::ById.eq(by.id.0))
            .filter(account_act::Column::What.eq(part.other().key()))
            .filter(account_act::Column::At.gt(micros(since.unwrap_or(Timestamp::MIN))))
            .one(db)
            .await?;
        if other.is_some() {
            return Err(StoreError::Conflict(match part {
                Part::Key => {
                    "ask another administrator: who makes an account, changes its roles or resets \
                     its second factor does not also hand out its link"
                }
                Part::Opening => {
                    "ask another administrator: who handed out an account's link does not also \
                     change its roles or reset its second factor"
                }
            }));
        }
        let mut id = [0; 16];
        self.entropy.fill(&mut id).map_err(StoreError::Entropy)?;
        let row = account_act::ActiveModel {
            id: Set(uuid::Builder::from_random_bytes(id).into_uuid()),
            person_id: Set(whose.0),
            by_id: Set(by.id.0),
            what: Set(part.key().to_owned()),
            at: Set(micros(at)),
        };
        account_act::Entity::insert(row).exec_without_returning(db).await?;
        Ok(())
    }
}

/// What the log says of an account before and after a change.
fn told(person: &Person) -> String {
    let force = person.force.map_or("national", ForceKey::as_str);
    let agency = person.knows.agency.as_ref().map_or("no agency", AgencyKey::as_str);
    format!("{}; {}; {force}; {agency}", person.name, role_keys(&person.roles))
}

async fn stored(batch: &Batch, whose: PersonId) -> Result<Person> {
    let found = person::Entity::find_by_id(whose.0).one(batch.transaction()).await?;
    let found = found.ok_or(StoreError::Conflict("there is no such account"))?;
    Ok(account(found).person)
}
