//! Secrets to open encrypted volumes with, and the authority under which they are used.
//!
//! In: files or descriptors, one secret a line (see `pendeen_evidence::unlock`). Out: an
//! [`Unlock`], which an examination takes. Refused: a terminal, for there is no prompt; a file that
//! holds no secrets; secrets without an authority. Neither the secrets nor a digest of them is
//! written anywhere: a digest would tell whoever guesses that a guess was right.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use pendeen_evidence::unlock::{MOST_BYTES, Secrets};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::ExamineError;

/// Secrets, and why they may be used.
#[derive(Debug, Clone)]
pub struct Unlock {
    /// In the order in which they are tried.
    pub(crate) secrets: Secrets,
    /// What goes into the record.
    pub(crate) record: UnlockRecord,
}

/// That secrets were given, and why they might be used: as the record says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockRecord {
    /// The authority, as the examiner named it.
    pub authority: String,
    /// How many secrets were given.
    pub secrets: usize,
}

impl Unlock {
    /// Reads the secrets of these files in order; `-` stands for standard input.
    pub fn load(files: &[PathBuf], authority: &str) -> Result<Self, ExamineError> {
        let mut secrets = Secrets::default();
        let authority = authority.trim().to_owned();
        for path in files {
            let refused = |reason: String| ExamineError::Unlock { path: path.clone(), reason };
            if authority.is_empty() {
                return Err(refused("no authority is named to use them".to_owned()));
            }
            let bytes = bytes(path).map_err(|e| refused(e.to_string()))?;
            let more = Secrets::read(&bytes).map_err(|e| refused(e.to_string()))?;
            secrets.append(more).map_err(|e| refused(e.to_string()))?;
        }
        let record = UnlockRecord { authority, secrets: secrets.len() };
        Ok(Self { secrets, record })
    }
}

/// The bytes of a file of secrets, and no more of a longer one than shows that it is too long.
fn bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if path.as_os_str() == "-" {
        let input = io::stdin();
        refuse_terminal(input.is_terminal())?;
        return limited(input.lock());
    }
    let file = File::open(path)?;
    refuse_terminal(file.is_terminal())?;
    limited(file)
}

fn limited(from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Long enough from the first, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES + 64));
    from.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refuse_terminal(is_terminal: bool) -> io::Result<()> {
    if is_terminal {
        return Err(io::Error::other("it is a terminal: give the secrets in a file or a pipe"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn secrets_without_an_authority_and_files_without_secrets_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        let load = |authority: &str| Unlock::load(std::slice::from_ref(&path), authority);
        assert!(load("RIPA s.49 notice 12").unwrap_err().to_string().contains("secrets"));
        fs::write(&path, "password:x\n\ny\n").unwrap();
        assert!(load(" \t").unwrap_err().to_string().contains("authority"));
        let unlock = load(" RIPA s.49 notice 12 ").unwrap();
        let authority = "RIPA s.49 notice 12".to_owned();
        assert_eq!(unlock.record, UnlockRecord { authority, secrets: 2 });
        fs::write(&path, "x".repeat(MOST_BYTES + 100)).unwrap();
        assert!(load("a").unwrap_err().to_string().contains("more than 65536 bytes"));
    }
}
