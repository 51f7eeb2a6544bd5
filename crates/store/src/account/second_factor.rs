//! One-time codes (TOTP) beside the password, and recovery codes for whoever lost their device.
//!
//! In: a code as typed. Out: whether it is right, now, and was not used before. The clock of the
//! person's device may be one step of thirty seconds off. A step that was used, or one before it,
//! is refused, so that a code seen over a shoulder opens nothing. Recovery codes hold eighty
//! random bits, are kept as SHA-256 (there is nothing to guess), and open once each.
//!
//! Wrong codes are slowed like wrong passwords ([`super::sign_in`]), in a lane of their own.
//!
//! Source: RFC 6238 with the parameters that every authenticator knows (SHA-1, six digits).

use std::collections::BTreeSet;

use jiff::Timestamp;
use pendeen_casework::person::{Person, PersonId, Role};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
};
use totp_rs::{Builder, Secret};

use super::sign_in::Lane;
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{account_setting, person, recovery_code, second_factor};
use crate::error::{Result, StoreError};
use crate::{Store, micros};

/// Recovery codes made at a time.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a secret (RFC 4226, section 4: 160 bits are recommended).
const SECRET_LEN: usize = 20;
/// Bytes of a recovery code.
const RECOVERY_LEN: usize = 10;
/// Under which name the requirement is kept.
const REQUIREMENT: &str = "second_factor";

/// Who must have a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Requirement {
    /// Everybody, unless an administrator sets something else.
    #[default]
    Everybody,
    /// Whoever holds one of these roles.
    Roles(BTreeSet<Role>),
    /// Nobody: for demonstrations.
    Nobody,
}

impl Requirement {
    /// Whether this person must.
    pub fn includes(&self, person: &Person) -> bool {
        match self {
            Self::Everybody => true,
            Self::Roles(roles) => !roles.is_disjoint(&person.roles),
            Self::Nobody => false,
        }
    }

    /// As it is stored and typed: `everybody`, `nobody`, or keys of roles.
    pub fn key(&self) -> String {
        match self {
            Self::Everybody => "everybody".to_owned(),
            Self::Nobody => "nobody".to_owned(),
            Self::Roles(roles) => super::role_keys(roles),
        }
    }

    /// The requirement of this key; none where it is not one.
    pub fn from_key(key: &str) -> Option<Self> {
        match key.trim() {
            "everybody" => Some(Self::Everybody),
            "nobody" => Some(Self::Nobody),
            "" => None,
            keys => {
                keys.split_whitespace().map(Role::from_key).collect::<Option<_>>().map(Self::Roles)
            }
        }
    }
}

/// How a person stands to the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// None is set and none is required.
    Off,
    /// None is set, and one must be before the person does anything else.
    ToBeSet,
    /// One is set: a code is asked for.
    On,
}

/// A fresh secret of one-time codes, for a person to take into their authenticator.
#[derive(Clone)]
pub struct NewSecret {
    bytes: [u8; SECRET_LEN],
}

impl NewSecret {
    /// The secret in base32, as a person types it.
    pub fn text(&self) -> String {
        Secret::from(self.bytes).to_base32()
    }

    /// The secret that [`Self::text`] gave.
    pub fn from_text(text: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(text).ok()?;
        Some(Self { bytes: secret.as_ref().try_into().ok()? })
    }

    /// The address that an authenticator reads from a QR code (Key Uri Format).
    pub fn address(&self, username: &str) -> String {
        let name: String = username.bytes().map(super::percent).collect();
        format!("otpauth://totp/Pendeen:{name}?secret={}&issuer=Pendeen", self.text())
    }

    /// The code at a moment.
    pub fn code(&self, at: Timestamp) -> String {
        totp(&self.bytes).generate(seconds(at)).to_string()
    }
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSecret(..)")
    }
}

impl Store {
    /// Who must have a second factor.
    pub async fn second_factor_requirement(&self) -> Result<Requirement> {
        let found = account_setting::Entity::find_by_id(REQUIREMENT).one(self.db()).await?;
        // What cannot be read asks for more rather than less.
        Ok(found.and_then(|row| Requirement::from_key(&row.value)).unwrap_or_default())
    }

    /// Sets who must have a second factor; `by` as in [`Self::add_person`].
    pub async fn set_second_factor_requirement(
        &self,
        by: Option<&Person>,
        requirement: &Requirement,
        at: Timestamp,
    ) -> Result<()> {
        self.administrator(by, "require_second_factor", at).await?;
        let mut batch = self.batch().await?;
        let row = account_setting::ActiveModel {
            name: Set(REQUIREMENT.to_owned()),
            value: Set(requirement.key()),
        };
        let newer = OnConflict::column(account_setting::Column::Name)
            .update_column(account_setting::Column::Value)
            .to_owned();
        account_setting::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(batch.transaction())
            .await?;
        let leaf = Leaf::new(Processing::AccessControl, by, "require_second_factor", at);
        batch.append(leaf, vec![Committed::kept("of", requirement.key())]).await?;
        batch.commit().await
    }

    /// How a person stands to the second factor.
    pub async fn second_factor(&self, person: &Person) -> Result<SecondFactor> {
        if secret(self.db(), person.id).await?.is_some() {
            return Ok(SecondFactor::On);
        }
        let required = self.second_factor_requirement().await?.includes(person);
        Ok(if required { SecondFactor::ToBeSet } else { SecondFactor::Off })
    }

    /// Makes a secret, which counts from [`Self::set_second_factor`] on.
    pub fn new_second_factor(&self) -> Result<NewSecret> {
        let mut bytes = [0; SECRET_LEN];
        self.entropy.fill(&mut bytes).map_err(StoreError::Entropy)?;
        Ok(NewSecret { bytes })
    }

    /// Sets a person's second factor once a first code shows that they have it; answers with
    /// their recovery codes, which nobody sees again. None where the code is wrong.
    ///
    /// Who has a second factor already proves it first ([`Self::check_code`]). Earlier recovery
    /// codes no longer open anything.
    pub async fn set_second_factor(
        &self,
        who: &Person,
        new: &NewSecret,
        code: &str,
        at: Timestamp,
    ) -> Result<Option<Vec<String>>> {
        let codes = self.fresh_recovery_codes()?;
        let mut batch = self.batch().await?;
        let Some(step) = totp(&new.bytes).check(&typed(code), seconds(at)) else {
            return Ok(None);
        };
        let db = batch.transaction();
        keep_secret(db, who.id, Some(new.bytes.to_vec())).await?;
        keep_step(db, who.id, step).await?;
        keep_recovery_codes(db, who.id, &codes).await?;
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "set_second_factor", at);
        batch.append(leaf, vec![]).await?;
        batch.commit().await?;
        Ok(Some(codes))
    }

    /// Whether a one-time or recovery code is this person's and not used before; using it up.
    ///
    /// `device` is what the browser keeps, where it is known to be the person's.
    /// [`StoreError::SlowDown`] after too many failures: nothing was looked at.
    pub async fn check_code(
        &self,
        who: &Person,
        code: &str,
        device: Option<&str>,
        at: Timestamp,
    ) -> Result<bool> {
        let lanes = [Lane::codes(who.id, device)];
        let mut batch = self.batch().await?;
        let until = Lane::count(&lanes, batch.transaction(), at).await?;
        let code = typed(code);
        let action = if until.is_some() {
            "code_slowed"
        } else if use_code(batch.transaction(), who.id, &code, at).await? {
            "code_accepted"
        } else if use_recovery_code(batch.transaction(), who.id, &code, at).await? {
            "recovery_code_used"
        } else {
            "code_refused"
        };
        let right = matches!(action, "code_accepted" | "recovery_code_used");
        if right {
            Lane::clear(&lanes, batch.transaction()).await?;
        }
        batch.append(Leaf::new(Processing::AccessControl, Some(who), action, at), vec![]).await?;
        batch.commit().await?;
        until.map_or(Ok(right), |until| Err(StoreError::SlowDown { until }))
    }

    /// Makes new recovery codes in place of the earlier ones.
    pub async fn renew_recovery_codes(&self, who: &Person, at: Timestamp) -> Result<Vec<String>> {
        let codes = self.fresh_recovery_codes()?;
        let mut batch = self.batch().await?;
        keep_recovery_codes(batch.transaction(), who.id, &codes).await?;
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "renew_recovery_codes", at);
        batch.append(leaf, vec![]).await?;
        batch.commit().await?;
        Ok(codes)
    }

    /// How many recovery codes a person has left.
    pub async fn recovery_codes_left(&self, whose: PersonId) -> Result<u64> {
        let left = recovery_code::Entity::find()
            .filter(recovery_code::Column::PersonId.eq(whose.0))
            .filter(recovery_code::Column::Used.is_null())
            .count(self.db())
            .await?;
        Ok(left)
    }

    fn fresh_recovery_codes(&self) -> Result<Vec<String>> {
        (0..RECOVERY_CODES)
            .map(|_| {
                let mut bytes = [0; RECOVERY_LEN];
                self.entropy.fill(&mut bytes).map_err(StoreError::Entropy)?;
                Ok(Secret::from(bytes).to_base32().to_lowercase())
            })
            .collect()
    }
}

/// Takes a person's second factor away, whoever decided that.
pub(super) async fn remove<C: ConnectionTrait>(db: &C, whose: PersonId) -> Result<()> {
    keep_secret(db, whose, None).await?;
    second_factor::Entity::delete_by_id(whose.0).exec(db).await?;
    keep_recovery_codes(db, whose, &[]).await
}

fn totp(secret: &[u8]) -> totp_rs::Totp {
    Builder::new().with_secret(secret.to_vec()).build_noncompliant()
}

/// A code without the spaces and hyphens that people type between its groups.
fn typed(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_lowercase()
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0)
}

fn recovery_digest(code: &str) -> Vec<u8> {
    super::digest(code.as_bytes())
}

async fn secret<C: ConnectionTrait>(db: &C, whose: PersonId) -> Result<Option<Vec<u8>>> {
    Ok(person::Entity::find_by_id(whose.0).one(db).await?.and_then(|found| found.totp_secret))
}

async fn keep_secret<C: ConnectionTrait>(
    db: &C,
    whose: PersonId,
    secret: Option<Vec<u8>>,
) -> Result<()> {
    person::Entity::update_many()
        .col_expr(person::Column::TotpSecret, Expr::value(secret))
        .filter(person::Column::Id.eq(whose.0))
        .exec(db)
        .await?;
    Ok(())
}

async fn keep_step<C: ConnectionTrait>(db: &C, whose: PersonId, step: u64) -> Result<()> {
    let row = second_factor::ActiveModel {
        person_id: Set(whose.0),
        last_step: Set(i64::try_from(step).unwrap_or(i64::MAX)),
    };
    let newer = OnConflict::column(second_factor::Column::PersonId)
        .update_column(second_factor::Column::LastStep)
        .to_owned();
    second_factor::Entity::insert(row).on_conflict(newer).exec_without_returning(db).await?;
    Ok(())
}

async fn use_code<C: ConnectionTrait>(
    db: &C,
    whose: PersonId,
    code: &str,
    at: Timestamp,
) -> Result<bool> {
    let Some(secret) = secret(db, whose).await? else { return Ok(false) };
    let Some(step) = totp(&secret).check(code, seconds(at)) else { return Ok(false) };
    let last = second_factor::Entity::find_by_id(whose.0).one(db).await?;
    let used = last.and_then(|last| u64::try_from(last.last_step).ok());
    if used.is_some_and(|used| step <= used) {
        return Ok(false);
    }
    keep_step(db, whose, step).await?;
    Ok(true)
}

async fn use_recovery_code<C: ConnectionTrait>(
    db: &C,
    whose: PersonId,
    code: &str,
    at: Timestamp,
) -> Result<bool> {
    let used = recovery_code::Entity::update_many()
        .col_expr(recovery_code::Column::Used, Expr::value(micros(at)))
        .filter(recovery_code::Column::PersonId.eq(whose.0))
        .filter(recovery_code::Column::Digest.eq(recovery_digest(code)))
        .filter(recovery_code::Column::Used.is_null())
        .exec(db)
        .await?;
    Ok(used.rows_affected == 1)
}

async fn keep_recovery_codes<C: ConnectionTrait>(
    db: &C,
    whose: PersonId,
    codes: &[String],
) -> Result<()> {
    recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::PersonId.eq(whose.0))
        .exec(db)
        .await?;
    let rows = codes.iter().map(|code| recovery_code::ActiveModel {
        person_id: Set(whose.0),
        digest: Set(recovery_digest(code)),
        used: Set(None),
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        recovery_code::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, the last six of eight digits.
        let secret = NewSecret { bytes: *b"12345678901234567890" };
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(Timestamp::from_second(at).unwrap()), code);
        }
        assert_eq!(secret.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(secret.address("a b").starts_with("otpauth://totp/Pendeen:a%20b?secret=GEZD"));
    }

    #[test]
    fn a_requirement_reads_back_and_an_unknown_role_is_none() {
        let some = Requirement::Roles([Role::Administrator, Role::Auditor].into());
        for each in [Requirement::Everybody, Requirement::Nobody, some] {
            assert_eq!(Requirement::from_key(&each.key()), Some(each));
        }
        assert_eq!(Requirement::from_key("emperor"), None);
        assert_eq!(Requirement::from_key(""), None);
    }
}
