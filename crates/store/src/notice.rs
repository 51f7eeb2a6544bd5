//! What newly waits for a person, as a number: for the badge of every page, the stream behind
//! it, and the mail that tells people who are elsewhere.
//!
//! In: a person. Out: how many records wait for them that came to wait since they last looked,
//! at most [`MOST`], by the very condition that My work lists by; never which records, never a
//! word of one. A number without a record is no consultation, so it leaves no leaf: opening the
//! list does. Where to write to a person is their own to say.

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::form::Refusal;
use pendeen_casework::person::{Person, PersonId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{notice, record};
use crate::error::Result;
use crate::query::waiting;
use crate::{Store, clean, micros};

/// Records that are counted at most.
pub const MOST: u64 = 100;
/// The longest address, in bytes (RFC 5321, section 4.5.3.1.3).
const LONGEST: usize = 254;
/// How long before they first looked counts as new, for a person who never did.
const AT_FIRST: SignedDuration = SignedDuration::from_hours(24);

impl Store {
    /// How many records newly wait for the person, at most [`MOST`].
    pub async fn newly_waiting(&self, who: &Person, at: Timestamp) -> Result<u64> {
        let kept = notice::Entity::find_by_id(who.id.0).one(self.db()).await?;
        let at_first = micros(at.checked_sub(AT_FIRST).unwrap_or(Timestamp::MIN));
        let seen = kept.map_or(at_first, |kept| kept.seen);
        self.waiting_since(who, seen, at).await
    }

    pub(crate) async fn waiting_since(
        &self,
        who: &Person,
        since: i64,
        at: Timestamp,
    ) -> Result<u64> {
        let found: Vec<Uuid> = record::Entity::find()
            .filter(waiting(who, self.review_from(at), at))
            .filter(record::Column::Updated.gt(since))
            .select_only()
            .column(record::Column::Id)
            .limit(MOST)
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(u64::try_from(found.len()).unwrap_or(MOST))
    }

    /// The person has looked at what waits for them: nothing of it is new from now on.
    pub async fn looked(&self, who: &Person, at: Timestamp) -> Result<()> {
        let row = notice::Model { person_id: who.id.0, seen: micros(at), address: None, told: 0 };
        let _writer = self.writer.lock().await;
        let mut over = OnConflict::column(notice::Column::PersonId);
        notice::Entity::insert(row.into_active_model())
            .on_conflict(over.update_column(notice::Column::Seen).to_owned())
            .exec_without_returning(self.db())
            .await?;
        Ok(())
    }

    /// Where the person is written to, if anywhere.
    pub async fn mail_address(&self, whose: PersonId) -> Result<Option<String>> {
        let kept = notice::Entity::find_by_id(whose.0).one(self.db()).await?;
        Ok(kept.and_then(|kept| kept.address))
    }

    /// Sets where the person is written to; an empty address ends it.
    pub async fn set_mail_address(&self, who: &Person, address: &str, at: Timestamp) -> Result<()> {
        let address = clean(address.trim());
        if !address.is_empty() && !plausible(&address) {
            let problem = "enter an address such as name@example.police.uk, or nothing";
            return Err(Refusal::field("address", problem).into());
        }
        let told = if address.is_empty() { "removed" } else { "set" };
        let address = Some(address).filter(|address| !address.is_empty());
        let mut batch = self.batch().await?;
        let row =
            notice::Model { person_id: who.id.0, seen: micros(at), address, told: micros(at) };
        let mut over = OnConflict::column(notice::Column::PersonId);
        notice::Entity::insert(row.into_active_model())
            .on_conflict(over.update_column(notice::Column::Address).to_owned())
            .exec_without_returning(batch.transaction())
            .await?;
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "mail_address", at);
        batch.append(leaf, vec![Committed::kept("address", told)]).await?;
        batch.commit().await
    }
}

/// Whether a relay could take this address: one `@`, no blank, nothing that ends a line. Whether
/// anybody reads it only a letter can tell.
fn plausible(address: &str) -> bool {
    let parts = address.rsplit_once('@').is_some_and(|(name, domain)| {
        let dots = domain.split('.').all(|label| !label.is_empty());
        !name.is_empty() && !name.contains('@') && domain.contains('.') && dots
    });
    let letters = address.bytes().all(|b| b.is_ascii_graphic() && !b"<>(),;:\\\"[]".contains(&b));
    parts && letters && address.len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::plausible;

    #[test]
    fn an_address_that_would_change_a_letters_head_is_refused() {
        assert!(plausible("a.person@example.police.uk"));
        for wrong in
            ["", "a", "a@b", "a@b..uk", "@b.uk", "a@b.uk\r\nBcc: c@d.uk", "a b@c.uk", "<a@b.uk>"]
        {
            assert!(!plausible(wrong), "{wrong:?}");
        }
        assert!(!plausible(&format!("{}@example.org", "a".repeat(250))));
    }
}
