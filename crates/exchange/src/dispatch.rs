//! From the records of a package and its subject to the sealed bundle that a force gets.
//!
//! In: the two records as the act of sending sees them, the folder of keys, the moment. Out:
//! the bundle's bytes. The keys of this installation lie in that folder: `sender` signs; each
//! force's opening key stands there too as long as one installation serves sender and forces.

use std::path::Path;

use jiff::Timestamp;
use pendeen_casework::force::ForceKey;
use pendeen_casework::record::package::Package;
use pendeen_casework::record::subject::Subject;
use pendeen_casework::record::{Detail, Record};
use rand::CryptoRng;
use serde_json::{Value, json};
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

/// Seals a package for a force.
pub fn seal_package<R: CryptoRng + ?Sized>(
    package: &Package,
    subject: &Subject,
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
    Ok(seal(&document(package, subject), &[], &signer, &identity.to_public(), &meta)?)
}

/// What the bundle says: what a page shows of the two records, with label and text.
fn document(package: &Package, subject: &Subject) -> Value {
    json!({
        "schema": "pendeen-package-1",
        "number": package.head.number,
        "version": package.head.version,
        "simulated": package.head.simulated,
        "package": lines(&package.details()),
        "subject": { "number": subject.head.number, "details": lines(&subject.details()) },
    })
}

fn lines(details: &[Detail]) -> Value {
    details.iter().map(|line| json!({ "label": line.label, "text": line.text })).collect()
}
