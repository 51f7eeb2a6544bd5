//! From the record of a package to the sealed bundle that a force gets.
//!
//! In: the record as the act of sending sees it, the folder of keys, the moment. Out:
//! the bundle's bytes. The keys of this installation lie in that folder: `sender` signs; each
//! force's opening key stands there too as long as one installation serves sender and forces.

use std::path::Path;

use jiff::Timestamp;
use pendeen_casework::force::ForceKey;
use pendeen_casework::record::package::Package;
use rand::CryptoRng;
use serde_json::json;
use thiserror::Error;

use crate::content::{Marking, Meta, SealError};
use crate::keys::{self, KeyError};
use crate::seal::seal;

/// Why a package could not be sealed.
#[derive(Debug, Error)]
pub enum DispatchError {
    /// A key could not be loaded or made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The bundle was refused.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Seals a package, and what an addendum adds to it, for a force.
pub fn seal_package<R: CryptoRng + ?Sized>(
    package: &Package,
    addendum: Option<&str>,
    force: ForceKey,
    key_folder: &Path,
    at: Timestamp,
    rng: &mut R,
) -> Result<Vec<u8>, DispatchError> {
    let signer = keys::load_or_create_signing(key_folder, "sender", rng)?;
    let identity = keys::load_or_create_identity(key_folder, force.as_str(), rng)?;
    let meta = Meta {
        number: package.head.number.clone(),
        version: u32::try_from(package.sealed.len()).unwrap_or(u32::MAX).saturating_add(1),
        force,
        created: at,
        marking: Marking::OfficialSensitive,
    };
    // What went on before, such as another force's reason for its return, is not this force's.
    let sent = Package { destination: force, reason: None, ..package.clone() };
    let content = json!({ "package": sent, "addendum": addendum });
    Ok(seal(&content, &[], &signer, &identity.to_public(), &meta)?)
}
