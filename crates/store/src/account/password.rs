//! Argon2id, off the threads that serve requests: one hash takes tens of milliseconds.
//!
//! A place is held until the work is done, even where nobody waits for its answer any more: a
//! caller who goes away does not make room for the next while the core is still busy.

use std::sync::Arc;

use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use tokio::sync::Semaphore;

use crate::error::{Result, StoreError};

/// The hash of a password that nobody has: verified against for unknown usernames. Its
/// parameters are those of [`Argon2::default`], so that the work is the same.
pub const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cGVuZGVlbi1ub2JvZHk$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Places for work on passwords: so many are hashed at a time in one process.
pub const PLACES: usize = 2;

/// The PHC string of a password.
pub async fn hash(places: &Arc<Semaphore>, password: String, salt: [u8; 16]) -> Result<String> {
    blocking(places, move || {
        let hash: PasswordHash =
            Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password is the one behind a PHC string.
pub async fn verify(places: &Arc<Semaphore>, password: String, stored: String) -> Result<bool> {
    blocking(places, move || {
        match Argon2::default().verify_password(password.as_bytes(), stored.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(other) => Err(other),
        }
    })
    .await
}

async fn blocking<T: Send + 'static>(
    places: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(|closed| StoreError::Password(closed.to_string()))?;
    tokio::task::spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    })
    .await
    .map_err(|stopped| StoreError::Password(stopped.to_string()))?
    .map_err(|error| StoreError::Password(error.to_string()))
}
