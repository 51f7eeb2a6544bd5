//! Lists of nothing but digests.
//!
//! In: UTF-8 text; a line is a digest in hexadecimal (32 digits MD5, 40 SHA-1, 64 SHA-256), and
//! what stands behind it after a space (a file name, as `md5sum` and `sha256sum` write it) is
//! ignored. Empty lines and lines that begin with `#` are skipped.
//! Out: records of a [`crate::KnownSet`] without a category; the list is named after its file.
//! Refused, with its line: anything else.

use std::io::{BufRead, Read};
use std::path::Path;

use crate::KnownError;
use crate::digest::record;
use crate::load::file_name;
use crate::set::Loader;

/// Longest line in bytes.
const LONGEST: u64 = 64 * 1024;

/// Whether a line of a list begins with a digest that stands alone.
pub(crate) fn is_digest_line(line: &[u8]) -> bool {
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    matches!(end, 32 | 40 | 64) && line[..end].iter().all(u8::is_ascii_hexdigit)
}

/// Reads the list; what it is.
pub(crate) fn read(
    loader: &mut Loader,
    path: &Path,
    text: &mut impl BufRead,
) -> Result<String, KnownError> {
    let list = file_name(path);
    let mut bytes = Vec::new();
    for line in 1_u64.. {
        let bad = |problem| KnownError::BadLine { path: path.to_owned(), line, problem };
        bytes.clear();
        let got = text
            .take(LONGEST)
            .read_until(b'\n', &mut bytes)
            .map_err(|source| KnownError::Io { path: path.to_owned(), source })?;
        if got == 0 {
            break;
        }
        if got as u64 == LONGEST {
            return Err(bad(format!("the line is longer than {LONGEST} bytes: mend or remove it")));
        }
        let said = std::str::from_utf8(&bytes)
            .map_err(|_| bad("the line is not UTF-8: save the list in UTF-8".to_owned()))?
            .trim();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let digest = said.split_ascii_whitespace().next().unwrap_or_default();
        loader.add(&record(digest).map_err(bad)?, &list, "")?;
    }
    Ok("digests".to_owned())
}
