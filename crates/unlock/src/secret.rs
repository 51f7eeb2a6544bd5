//! The secrets that a laboratory gives to open volumes with.
//!
//! In: the bytes of a file. Out: [`Secrets`], in order. A file of text holds one secret a line:
//! `password:TEXT`, `recovery:48 DIGITS`, `key:HEXADECIMAL`, or a line without such a tag, which is
//! a password and, where it has the form of one, a recovery password. Empty lines are passed over.
//! A file that is not text is one key as a whole: a BitLocker startup key (.BEK), or what a LUKS
//! volume takes as a key file. Refused, by line and never with its content: digits that are no
//! recovery password, a key that is not hexadecimal, more than [`MOST`] secrets, more than
//! [`MOST_BYTES`] bytes. Secrets are wiped from memory when they are dropped, and have no `Debug`
//! that shows them.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::bitlocker::recovery;
use crate::derive::Budget;

/// Bytes of a file of secrets at most.
pub const MOST_BYTES: usize = 64 << 10;
/// Secrets of one file at most: each may cost a second for each volume.
pub const MOST: usize = 256;

/// A file that holds no secrets that can be used. The laboratory is at fault.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SecretError {
    /// There is nothing in it.
    #[error("it holds no secret: write one a line")]
    Empty,
    /// It is too long.
    #[error("it has more than {MOST_BYTES} bytes")]
    TooLong,
    /// There are too many.
    #[error("it holds more than {MOST} secrets")]
    TooMany,
    /// The digits are not right.
    #[error(
        "line {line} is no recovery password: wanted eight groups of six digits, each a multiple \
         of 11 and less than 720896"
    )]
    Recovery {
        /// From 1.
        line: usize,
    },
    /// The key is not hexadecimal.
    #[error("line {line} is no key: wanted an even number of hexadecimal digits")]
    Key {
        /// From 1.
        line: usize,
    },
}

/// Secrets in the order in which they are tried, and what trying them may cost in all: clones
/// share that, so that volumes without end cannot cost without end.
#[derive(Clone)]
pub struct Secrets {
    all: Vec<Secret>,
    budget: Arc<Budget>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

/// One secret.
#[derive(Clone)]
pub(crate) enum Secret {
    /// What a person types.
    Password(Zeroizing<Vec<u8>>),
    /// The key that a recovery password stands for.
    Recovery(Zeroizing<[u8; 16]>),
    /// A key as it is: of the volume, or of a key file.
    Key(Zeroizing<Vec<u8>>),
    /// A line without a tag.
    Plain(Zeroizing<Vec<u8>>),
}

impl Secrets {
    fn of(all: Vec<Secret>) -> Self {
        let budget = Arc::new(Budget::of(all.len()));
        Self { all, budget }
    }

    /// The same secrets, with so many rounds of key derivation to spend.
    #[must_use]
    pub fn spending(self, rounds: u64) -> Self {
        Self { budget: Arc::new(Budget::new(rounds)), ..self }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The secrets that a file's bytes hold.
    pub fn read(file: &[u8]) -> Result<Self, SecretError> {
        if file.len() > MOST_BYTES {
            return Err(SecretError::TooLong);
        }
        let text = std::str::from_utf8(file).ok().filter(|text| !text.contains('\0'));
        let secrets = match text {
            None => vec![Secret::Key(file.to_vec().into())],
            Some(text) => {
                let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..);
                let some = lines.filter(|(line, _)| !line.is_empty());
                some.map(|(line, number)| secret(line, number)).collect::<Result<_, _>>()?
            }
        };
        match secrets.len() {
            0 => Err(SecretError::Empty),
            1..=MOST => Ok(Self::of(secrets)),
            _ => Err(SecretError::TooMany),
        }
    }

    /// Adds the secrets of another file behind these.
    pub fn append(&mut self, mut others: Self) -> Result<(), SecretError> {
        let mut all = std::mem::take(&mut self.all);
        all.append(&mut others.all);
        *self = Self::of(all);
        if self.len() > MOST { Err(SecretError::TooMany) } else { Ok(()) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Each with its number, from 1.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &Secret)> {
        (1..).zip(&self.all)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.all.len())
    }
}

fn secret(line: &str, number: usize) -> Result<Secret, SecretError> {
    if let Some(password) = line.strip_prefix("password:") {
        Ok(Secret::Password(password.as_bytes().to_vec().into()))
    } else if let Some(digits) = line.strip_prefix("recovery:") {
        let key = recovery::key(digits.trim()).ok_or(SecretError::Recovery { line: number })?;
        Ok(Secret::Recovery(key))
    } else if let Some(digits) = line.strip_prefix("key:") {
        let key = hex::decode(digits.trim()).map_err(|_| SecretError::Key { line: number })?;
        Ok(Secret::Key(key.into()))
    } else {
        Ok(Secret::Plain(line.as_bytes().to_vec().into()))
    }
}

impl Secret {
    /// The text of a password, where it is one.
    pub(crate) fn password(&self) -> Option<&str> {
        match self {
            Self::Password(text) | Self::Plain(text) => std::str::from_utf8(text).ok(),
            Self::Recovery(_) | Self::Key(_) => None,
        }
    }

    /// The key of a recovery password, where it is one.
    pub(crate) fn recovery(&self) -> Option<Zeroizing<[u8; 16]>> {
        match self {
            Self::Recovery(key) => Some(key.clone()),
            Self::Plain(text) => recovery::key(std::str::from_utf8(text).ok()?.trim()),
            Self::Password(_) | Self::Key(_) => None,
        }
    }

    /// The bytes of a key, where it is one.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Key(key) => Some(key),
            Self::Password(_) | Self::Recovery(_) | Self::Plain(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "235818-357951-253979-013365-241120-245575-342914-591910";

    #[test]
    fn lines_are_secrets_of_the_kind_that_their_tag_says() {
        let file = format!("password:key:a b \r\n\nrecovery: {DIGITS}\nkey:00ff10\n{DIGITS}\nx y");
        let secrets = Secrets::read(file.as_bytes()).unwrap();
        let all: Vec<&Secret> = secrets.numbered().map(|(_, secret)| secret).collect();
        assert_eq!(all.len(), 5);
        assert_eq!(all[0].password(), Some("key:a b "), "spaces belong to a password");
        assert!(all[0].recovery().is_none() && all[0].key().is_none());
        assert!(all[1].recovery().is_some() && all[1].password().is_none());
        assert_eq!(all[2].key(), Some(&[0, 255, 16][..]));
        assert!(all[3].password() == Some(DIGITS) && all[3].recovery() == all[1].recovery());
        assert!(all[4].password() == Some("x y") && all[4].recovery().is_none());
    }

    #[test]
    fn a_file_that_is_no_text_is_one_key() {
        for file in [&b"\xff\xfe\n\n"[..], b"a\0b\nc"] {
            let secrets = Secrets::read(file).unwrap();
            assert_eq!(secrets.len(), 1);
            assert_eq!(secrets.numbered().next().unwrap().1.key(), Some(file));
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_its_line_and_is_not_shown() {
        let read = |file: &str| Secrets::read(file.as_bytes()).unwrap_err();
        assert_eq!(read("\n\r\n"), SecretError::Empty);
        assert_eq!(read("a\nrecovery:1234"), SecretError::Recovery { line: 2 });
        assert_eq!(read("\n\nkey:0g"), SecretError::Key { line: 3 });
        assert!(!read("key:5ecre7").to_string().contains("5ecre7"));
        assert_eq!(read(&"x\n".repeat(MOST + 1)), SecretError::TooMany);
        assert_eq!(read(&"x".repeat(MOST_BYTES + 1)), SecretError::TooLong);
        let shown = format!("{:?}", Secrets::read(b"password:anaconda").unwrap());
        assert_eq!(shown, "1 secrets");
    }
}
