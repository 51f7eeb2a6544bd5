//! Mail that tells people that something waits for them, kept until a relay has taken it.
//!
//! In: who has an address, and a relay that may be down. Out: letters to send, each to one
//! program at a time. A letter says how many things wait and where to look, never what they are.
//! It is written in the transaction that notes that its person was told, so none is lost and
//! none is written twice; it is handed out by a write, so no two programs send it at once.
//!
//! A letter that was handed out and of which nothing was heard again, because the program died
//! between sending and noting it, is *not* sent again: it says no more than the next one will.
//! A letter that the relay refused for now is tried again, later each time, for [`TRIES`] times.

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::person::{Person, PersonId};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::entity::{notice, outbox};
use crate::error::Result;
use crate::people::in_use;
use crate::{Store, micros};

/// How often a letter is tried.
pub const TRIES: i64 = 12;
/// The least time between two letters to one person.
pub const QUIET: SignedDuration = SignedDuration::from_hours(4);
/// How long sent letters are kept, so that it can be told that they were sent.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);

const WAITING: &str = "waiting";
const HANDED_OUT: &str = "handed_out";
const SENT: &str = "sent";
const GIVEN_UP: &str = "given_up";

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Names it, also to the relay.
    pub id: Uuid,
    /// To whom.
    pub address: String,
    /// Its subject.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub made: Timestamp,
}

/// What became of a letter that was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The relay has it.
    Sent,
    /// The relay could not be reached, or refused it for now.
    Later,
    /// The relay refuses it for good.
    Refused,
}

impl Store {
    /// Writes the letters that are due: to everybody with an address for whom something came to
    /// wait since the last one, and since they last looked. `words` turns a number into a subject
    /// and a text; `fresh` names the letters.
    pub async fn write_letters(
        &self,
        words: impl Fn(u64) -> (String, String),
        fresh: impl Fn() -> Uuid,
        at: Timestamp,
    ) -> Result<usize> {
        let due = micros(at.checked_sub(QUIET).unwrap_or(Timestamp::MIN));
        let readers = notice::Entity::find()
            .filter(notice::Column::Address.is_not_null())
            .filter(notice::Column::Told.lte(due))
            .all(self.db())
            .await?;
        let mut written = 0;
        for reader in readers {
            let id = PersonId(reader.person_id);
            let Some(person) = self.person_at(id, at).await? else { continue };
            let count = self.waiting_since(&person, reader.seen.max(reader.told), at).await?;
            if count > 0 && self.write_letter(&person, reader, words(count), fresh(), at).await? {
                written += 1;
            }
        }
        Ok(written)
    }

    /// Writes one letter, unless another program has done so meanwhile.
    async fn write_letter(
        &self,
        person: &Person,
        reader: notice::Model,
        (subject, body): (String, String),
        id: Uuid,
        at: Timestamp,
    ) -> Result<bool> {
        let Some(address) = reader.address else { return Ok(false) };
        let batch = self.batch().await?;
        let db = batch.transaction();
        if in_use(db, person.id).await?.is_none() {
            return Ok(false);
        }
        let told = notice::Entity::update_many()
            .col_expr(notice::Column::Told, Expr::value(micros(at)))
            .filter(notice::Column::PersonId.eq(person.id.0))
            .filter(notice::Column::Told.eq(reader.told))
            .exec(db)
            .await?;
        if told.rows_affected == 0 {
            return Ok(false);
        }
        let row = outbox::Model {
            id,
            person_id: person.id.0,
            address,
            subject,
            body,
            made: micros(at),
            state: WAITING.to_owned(),
            tries: 0,
            next_try: micros(at),
        };
        outbox::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(outbox::Column::Id).do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
        batch.commit().await?;
        Ok(true)
    }

    /// Hands out a letter that is due, to nobody else; none where none is.
    pub async fn take_letter(&self, at: Timestamp) -> Result<Option<Letter>> {
        let batch = self.batch().await?;
        let found = outbox::Entity::find()
            .filter(outbox::Column::State.eq(WAITING))
            .filter(outbox::Column::NextTry.lte(micros(at)))
            .order_by_asc(outbox::Column::NextTry)
            .order_by_asc(outbox::Column::Id)
            .limit(1)
            .one(batch.transaction())
            .await?;
        let Some(found) = found else { return Ok(None) };
        outbox::Entity::update_many()
            .col_expr(outbox::Column::State, Expr::value(HANDED_OUT))
            .col_expr(outbox::Column::Tries, Expr::value(found.tries + 1))
            .filter(outbox::Column::Id.eq(found.id))
            .exec(batch.transaction())
            .await?;
        batch.commit().await?;
        Ok(Some(Letter {
            id: found.id,
            address: found.address,
            subject: found.subject,
            body: found.body,
            made: crate::moment(found.made),
        }))
    }

    /// Notes what became of a letter that was handed out.
    pub async fn letter_went(&self, id: Uuid, fate: Fate, at: Timestamp) -> Result<()> {
        let batch = self.batch().await?;
        let found = outbox::Entity::find_by_id(id).one(batch.transaction()).await?;
        let Some(found) = found else { return Ok(()) };
        let state = match fate {
            Fate::Sent => SENT,
            Fate::Later if found.tries < TRIES => WAITING,
            Fate::Later | Fate::Refused => GIVEN_UP,
        };
        // One minute, two, four: half a day at the end.
        let minutes = 1_i64 << found.tries.clamp(1, 10).saturating_sub(1);
        let next = at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        outbox::Entity::update_many()
            .col_expr(outbox::Column::State, Expr::value(state))
            .col_expr(outbox::Column::NextTry, Expr::value(micros(next)))
            .filter(outbox::Column::Id.eq(id))
            .exec(batch.transaction())
            .await?;
        batch.commit().await
    }

    /// Forgets letters that are settled, a week after they were written.
    pub async fn forget_letters(&self, at: Timestamp) -> Result<u64> {
        let before = micros(at.checked_sub(KEPT).unwrap_or(Timestamp::MIN));
        let _writer = self.writer.lock().await;
        let gone = outbox::Entity::delete_many()
            .filter(outbox::Column::State.ne(WAITING))
            .filter(outbox::Column::Made.lt(before))
            .exec(self.db())
            .await?;
        Ok(gone.rows_affected)
    }
}
