//! From a package to the bytes that one force can open.

use age::x25519::Recipient;
use ed25519_dalek::SigningKey;
use serde_json::Value;

use crate::bag::{self, Files, Info};
use crate::content::{self, Attachment, Meta, SealError};
use crate::{MAX_BUNDLE_BYTES, signature};

/// Seals a package for one force: bag, signature, tar, encryption.
///
/// The bag inside is the same for the same arguments; the encryption draws a fresh key from
/// the operating system each time (the age library takes no other), so the bundle is not.
pub fn seal(
    package: &Value,
    attachments: &[Attachment],
    signer: &SigningKey,
    recipient: &Recipient,
    meta: &Meta,
) -> Result<Vec<u8>, SealError> {
    let tar = signed_bag(package, attachments, signer, recipient, meta)?;
    age::encrypt(recipient, &tar).map_err(|error| SealError::Encryption(error.to_string()))
}

/// The signed bag as a tar: what is inside the encryption.
pub(crate) fn signed_bag(
    package: &Value,
    attachments: &[Attachment],
    signer: &SigningKey,
    recipient: &Recipient,
    meta: &Meta,
) -> Result<Vec<u8>, SealError> {
    let folder = content::folder(meta)?;
    let seconds =
        u64::try_from(meta.created.as_second()).map_err(|_| SealError::Date(meta.created))?;
    content::check(attachments)?;
    let mut files = bag::complete(payload(package, attachments)?, &info(meta, recipient));
    let signature = signature::sign(&files[bag::TAG_MANIFEST_FILE], signer);
    files.insert(bag::SIGNATURE_FILE.to_owned(), signature.into());
    bag::to_tar(&folder, &files, seconds).map_err(SealError::Tar)
}

fn payload(package: &Value, attachments: &[Attachment]) -> Result<Files, SealError> {
    let mut json = serde_json::to_vec_pretty(package).expect("a JSON value can be written");
    json.push(b'\n');
    let mut files = Files::from([(bag::PACKAGE_FILE.to_owned(), json)]);
    for attachment in attachments {
        files.insert(format!("{}{}", bag::ATTACHMENTS, attachment.name), attachment.bytes.clone());
    }
    let bytes: usize = files.values().map(Vec::len).sum();
    if bytes > MAX_BUNDLE_BYTES / 2 {
        return Err(SealError::TooLarge { limit: MAX_BUNDLE_BYTES / 2 });
    }
    Ok(files)
}

/// What the bag says about itself. The recipient stands inside the signature, so that a force
/// that was sent a bundle cannot pass it on as if it had been sealed for another.
fn info(meta: &Meta, recipient: &Recipient) -> Info {
    vec![
        ("Handling-Mark", meta.marking.label().to_owned()),
        ("External-Identifier", meta.number.clone()),
        ("Package-Version", meta.version.to_string()),
        ("Force", meta.force.to_string()),
        ("Recipient", recipient.to_string()),
        ("Created", seconds_only(meta).to_string()),
        ("Bagging-Date", seconds_only(meta).strftime("%Y-%m-%d").to_string()),
    ]
}

fn seconds_only(meta: &Meta) -> jiff::Timestamp {
    jiff::Timestamp::from_second(meta.created.as_second()).unwrap_or(meta.created)
}
