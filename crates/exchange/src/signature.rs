//! The signature over a bag: who vouches for its tag manifest, and so for every file in it.
//!
//! The file has two lines, `signer: ` and `signature: `, both in hexadecimal. What is signed
//! begins with a line of its own, so that the key cannot be made to sign something else.
//!
//! Source: RFC 8032; verification is strict (no weak keys, one form for each signature).

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

const PURPOSE: &[u8] = b"pendeen sealed bundle 1\n";

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// The file is not in its form.
    Form,
    /// The signer is none of those trusted.
    Unknown([u8; 32]),
    /// The signer did not sign this.
    Wrong,
}

fn message(tag_manifest: &[u8]) -> Vec<u8> {
    [PURPOSE, tag_manifest].concat()
}

/// The content of the signature file.
pub(crate) fn sign(tag_manifest: &[u8], signer: &SigningKey) -> String {
    let signature = signer.sign(&message(tag_manifest));
    let key = hex::encode(signer.verifying_key().to_bytes());
    format!("signer: {key}\nsignature: {}\n", hex::encode(signature.to_bytes()))
}

/// The trusted signer whose signature holds.
pub(crate) fn verify(
    file: &[u8],
    tag_manifest: &[u8],
    trusted: &[VerifyingKey],
) -> Result<VerifyingKey, Invalid> {
    let (key, signature) = read(file).ok_or(Invalid::Form)?;
    let signer =
        trusted.iter().find(|known| known.to_bytes() == key).ok_or(Invalid::Unknown(key))?;
    signer
        .verify_strict(&message(tag_manifest), &Signature::from_bytes(&signature))
        .map_err(|_| Invalid::Wrong)?;
    Ok(*signer)
}

fn read(file: &[u8]) -> Option<([u8; 32], [u8; 64])> {
    let text = std::str::from_utf8(file).ok()?.strip_suffix('\n')?;
    let (signer, signature) = text.split_once('\n')?;
    let (mut key, mut bytes) = ([0; 32], [0; 64]);
    hex::decode_to_slice(signer.strip_prefix("signer: ")?, &mut key).ok()?;
    hex::decode_to_slice(signature.strip_prefix("signature: ")?, &mut bytes).ok()?;
    Some((key, bytes))
}
