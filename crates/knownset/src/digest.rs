//! A digest as text: the algorithm is told by the length.

use crate::set::Record;

/// The record of one digest in hexadecimal.
pub(crate) fn record(text: &str) -> Result<Record, String> {
    let sought = Record { sought: true, ..Record::default() };
    match text.len() {
        32 => Ok(Record { md5: Some(decode(text)?), ..sought }),
        40 => Ok(Record { sha1: Some(decode(text)?), ..sought }),
        64 => Ok(Record { sha256: Some(decode(text)?), ..sought }),
        0 => Err("the digest is missing: mend or remove the line".to_owned()),
        len => Err(format!(
            "the digest has {len} characters; wanted 32 (MD5), 40 (SHA-1) or 64 (SHA-256) \
             hexadecimal ones: mend or remove the line, and check that commas separate the columns"
        )),
    }
}

/// `N` bytes from hexadecimal of that length.
pub(crate) fn decode<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map(|()| bytes).map_err(|error| match error {
        hex::FromHexError::InvalidHexCharacter { .. } => {
            format!("{text:?} holds a character that is not hexadecimal: mend or remove the line")
        }
        _ => format!(
            "{text:?} has {} characters; wanted {}: mend or remove the record",
            text.len(),
            2 * N
        ),
    })
}
