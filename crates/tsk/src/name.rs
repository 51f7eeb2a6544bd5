//! One name of a directory, with its metadata, attributes and raw runs, as libtsk holds them.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// A metadata address as `istat` and `icat` take it: `5`, or `27-128-1` with an attribute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Inode, MFT entry, ...
    pub meta: u64,
    /// Attribute type and number; none for the default attribute.
    pub attribute: Option<(u32, u16)>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.meta)?;
        if let Some((kind, id)) = self.attribute {
            write!(f, "-{kind}-{id}")?;
        }
        Ok(())
    }
}

impl FromStr for Address {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let mut parts = text.splitn(3, '-');
        let meta = parts.next().unwrap_or_default().parse()?;
        let attribute = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some(kind), id) => Some((kind.parse()?, id.unwrap_or_default().parse()?)),
        };
        Ok(Self { meta, attribute })
    }
}

/// Seconds since 1970 and nanoseconds, unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanoseconds: u32,
}

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As the file system stores it; libtsk decodes UTF-16 to UTF-8.
    pub bytes: Vec<u8>,
    /// The metadata it points to; 0 if it points nowhere.
    pub address: u64,
    /// `TSK_FS_NAME_TYPE_ENUM`.
    pub kind: u32,
    /// Whether the name itself is in use.
    pub allocated: bool,
    /// Its metadata, or why it could not be read.
    pub meta: Result<MetaFacts, String>,
}

impl Name {
    /// Whether it is `.` or `..`.
    pub fn is_dot(&self) -> bool {
        matches!(self.bytes.as_slice(), b"." | b"..")
    }
}

/// What the metadata of a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetaFacts {
    /// `TSK_FS_META_TYPE_ENUM`.
    pub kind: u32,
    /// Whether the metadata is in use.
    pub allocated: bool,
    /// Size in bytes, unchecked.
    pub size: i64,
    /// `TSK_FS_ATTR_TYPE_ENUM` of the default attribute.
    pub default_attribute: u32,
    /// Whether the metadata itself holds the target of a link.
    pub has_link: bool,
    /// Birth.
    pub created: Stamp,
    /// Last change of content.
    pub modified: Stamp,
    /// Last access.
    pub accessed: Stamp,
    /// Last change of metadata.
    pub changed: Stamp,
    /// Whether a time is one of an unknown zone, given as if it were UTC.
    pub zone_unknown: bool,
}

/// An attribute: a stream of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name; empty for the unnamed one.
    pub name: Vec<u8>,
    /// `TSK_FS_ATTR_TYPE_ENUM`.
    pub kind: u32,
    /// Its number among the file's attributes.
    pub id: u16,
    /// `TSK_FS_ATTR_FLAG_ENUM`.
    pub flags: u32,
    /// Size in bytes, unchecked.
    pub size: i64,
    /// Bytes at the start of the runs that are not content.
    pub skip_len: u32,
    /// Bytes from the start that were ever written; zeros follow. Unchecked.
    pub init_size: i64,
    /// Its runs in blocks; none for resident ones.
    pub runs: Vec<RawRun>,
}

/// A run of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRun {
    /// First block, in the file system's own numbering.
    pub address: u64,
    /// How many blocks.
    pub len: u64,
    /// `TSK_FS_ATTR_RUN_FLAG_ENUM`.
    pub flags: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_what_it_shows() {
        for text in ["5", "27-128-1", "18446744073709551615-4294967295-65535"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "-", "27-128", "27-128-1-2", "27-128-70000", "x"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
