//! One leaf: its content, its bytes, and back. The layout stands in [`super`].

use jiff::Timestamp;
use pendeen_casework::person::{Person, PersonId};
use pendeen_casework::record::Kind;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// The kinds of processing that Data Protection Act 2018 s.62 wants logged, and access control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Processing {
    /// Something new was recorded.
    Collection,
    /// A record was changed.
    Alteration,
    /// A record or a list was read.
    Consultation,
    /// Something was given to a recipient outside.
    Disclosure,
    /// Records were joined.
    Combination,
    /// Content was erased.
    Erasure,
    /// Signing in or out, accounts, refusals.
    AccessControl,
}

impl Processing {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::Collection,
        Self::Alteration,
        Self::Consultation,
        Self::Disclosure,
        Self::Combination,
        Self::Erasure,
        Self::AccessControl,
    ];

    /// The code in leaf bytes: 1 to 7, stable.
    pub fn code(self) -> u8 {
        match self {
            Self::Collection => 1,
            Self::Alteration => 2,
            Self::Consultation => 3,
            Self::Disclosure => 4,
            Self::Combination => 5,
            Self::Erasure => 6,
            Self::AccessControl => 7,
        }
    }

    /// The kind with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Collection => "Collection",
            Self::Alteration => "Alteration",
            Self::Consultation => "Consultation",
            Self::Disclosure => "Disclosure",
            Self::Combination => "Combination",
            Self::Erasure => "Erasure",
            Self::AccessControl => "Access control",
        }
    }
}

/// What one leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The kind of processing.
    pub processing: Processing,
    /// When, UTC, to the microsecond.
    pub at: Timestamp,
    /// Who; none where nobody was signed in.
    pub who: Option<PersonId>,
    /// The keys of the person's roles at that time.
    pub roles: Vec<String>,
    /// What was done, by name.
    pub action: String,
    /// The record's kind, if one record is meant.
    pub kind: Option<Kind>,
    /// The record, if one is meant.
    pub record: Option<Uuid>,
    /// Its version; 0 where none is meant.
    pub version: u32,
    /// To whom, for a disclosure.
    pub recipient: Option<String>,
    /// Names and commitments of values kept outside the leaf.
    pub commitments: Vec<(String, [u8; 32])>,
}

/// Leaf bytes that are not what the layout says: damage, or a newer program's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LeafError {
    /// The first byte names a layout that this program does not know.
    #[error("leaf layout {0} is not known to this version")]
    Version(u8),
    /// The bytes end early.
    #[error("leaf ends at byte {len}, {wanted} more wanted at byte {at}")]
    Short {
        /// Position in the leaf.
        at: usize,
        /// Bytes wanted there.
        wanted: usize,
        /// Length of the leaf.
        len: usize,
    },
    /// A field holds a value that it cannot have.
    #[error("leaf field {0} has a value that it cannot have")]
    Value(&'static str),
    /// Bytes are left over.
    #[error("{0} bytes after the end of the leaf")]
    Trailing(usize),
}

impl Leaf {
    /// A leaf about no record in particular.
    pub fn new(processing: Processing, who: Option<&Person>, action: &str, at: Timestamp) -> Self {
        Self {
            processing,
            at: Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at),
            who: who.map(|p| p.id),
            roles: who.into_iter().flat_map(|p| &p.roles).map(|r| r.key().to_owned()).collect(),
            action: action.to_owned(),
            kind: None,
            record: None,
            version: 0,
            recipient: None,
            commitments: Vec::new(),
        }
        .in_order()
    }

    /// The same about one record.
    #[must_use]
    pub fn about(mut self, kind: Kind, record: Uuid, version: u32) -> Self {
        (self.kind, self.record, self.version) = (Some(kind), Some(record), version);
        self
    }

    /// The same with the recipient of what was disclosed.
    #[must_use]
    pub fn to(mut self, recipient: String) -> Self {
        self.recipient = Some(recipient);
        self
    }

    fn in_order(mut self) -> Self {
        self.roles.sort_unstable();
        self
    }

    /// The bytes that are hashed and kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![1, self.processing.code()];
        out.extend(self.at.as_microsecond().to_be_bytes());
        out.extend(self.who.map_or(Uuid::nil(), |who| who.0).as_bytes());
        out.push(u8::try_from(self.roles.len()).unwrap_or(u8::MAX));
        self.roles.iter().take(usize::from(u8::MAX)).for_each(|role| text(&mut out, role));
        text(&mut out, &self.action);
        text(&mut out, self.kind.map_or("", Kind::key));
        out.extend(self.record.unwrap_or(Uuid::nil()).as_bytes());
        out.extend(self.version.to_be_bytes());
        text(&mut out, self.recipient.as_deref().unwrap_or(""));
        out.extend(u16::try_from(self.commitments.len()).unwrap_or(u16::MAX).to_be_bytes());
        for (name, commitment) in self.commitments.iter().take(usize::from(u16::MAX)) {
            text(&mut out, name);
            out.extend(commitment);
        }
        out
    }

    /// Reads leaf bytes back; refuses anything that [`Self::to_bytes`] would not have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LeafError> {
        let mut from = Reader { bytes, at: 0 };
        match from.array::<1>()?[0] {
            1 => {}
            other => return Err(LeafError::Version(other)),
        }
        let processing =
            Processing::from_code(from.array::<1>()?[0]).ok_or(LeafError::Value("processing"))?;
        let at = Timestamp::from_microsecond(i64::from_be_bytes(from.array()?))
            .map_err(|_| LeafError::Value("at"))?;
        let who = present(Uuid::from_bytes(from.array()?)).map(PersonId);
        let roles = (0..from.array::<1>()?[0]).map(|_| from.text()).collect::<Result<_, _>>()?;
        let action = from.text()?;
        let kind = match from.text()?.as_str() {
            "" => None,
            key => Some(Kind::from_key(key).ok_or(LeafError::Value("record kind"))?),
        };
        let record = present(Uuid::from_bytes(from.array()?));
        let version = u32::from_be_bytes(from.array()?);
        let recipient = Some(from.text()?).filter(|r| !r.is_empty());
        let commitments = (0..u16::from_be_bytes(from.array()?))
            .map(|_| Ok((from.text()?, from.array()?)))
            .collect::<Result<_, LeafError>>()?;
        match bytes.len() - from.at {
            0 => Ok(Self {
                processing,
                at,
                who,
                roles,
                action,
                kind,
                record,
                version,
                recipient,
                commitments,
            }),
            left => Err(LeafError::Trailing(left)),
        }
    }
}

/// The leaf hash of RFC 6962 section 2.1.
pub(crate) fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// The next value of the chain.
pub(crate) fn chain(prev: &[u8], bytes: &[u8]) -> Hash {
    Sha256::new().chain_update(prev).chain_update(leaf_hash(bytes)).finalize().into()
}

/// A commitment to a value that can be opened only with its salt.
pub(crate) fn commitment(salt: &[u8], value: &str) -> Hash {
    Sha256::new().chain_update(salt).chain_update(value).finalize().into()
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(text.as_bytes());
}

fn present(id: Uuid) -> Option<Uuid> {
    Some(id).filter(|id| !id.is_nil())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: usize) -> Result<&'a [u8], LeafError> {
        let short = LeafError::Short { at: self.at, wanted, len: self.bytes.len() };
        let end = self.at.checked_add(wanted).ok_or_else(|| short.clone())?;
        let taken = self.bytes.get(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LeafError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn text(&mut self) -> Result<String, LeafError> {
        let len = usize::try_from(u32::from_be_bytes(self.array()?)).unwrap_or(usize::MAX);
        let bytes = self.take(len)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| LeafError::Value("text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Leaf {
        Leaf {
            processing: Processing::Disclosure,
            at: Timestamp::from_microsecond(1_700_000_000_123_456).unwrap(),
            who: Some(PersonId(Uuid::from_u128(7))),
            roles: vec!["examiner".to_owned(), "spoc".to_owned()],
            action: "send".to_owned(),
            kind: Some(Kind::Package),
            record: Some(Uuid::from_u128(9)),
            version: 3,
            recipient: Some("E23000035".to_owned()),
            commitments: vec![("body".to_owned(), [5; 32])],
        }
    }

    #[test]
    fn leaf_bytes_are_the_same_for_ever() {
        // Worked out from the table in the module essay by another program.
        let wanted = [
            "010400060a2418202240",
            "00000000000000000000000000000007",
            "02000000086578616d696e65720000000473706f63",
            "0000000473656e64",
            "000000077061636b616765",
            "00000000000000000000000000000009",
            "00000003",
            "00000009453233303030303335",
            "000100000004626f6479",
            "0505050505050505050505050505050505050505050505050505050505050505",
        ];
        let bytes = sample().to_bytes();
        assert_eq!(hex::encode(&bytes), wanted.concat());
        let hash = "4b4f3ea2d94958b760bd83968f57f4d009a7ef8da1801dee1db67274d6f79c0f";
        assert_eq!(hex::encode(leaf_hash(&bytes)), hash);
    }

    #[test]
    fn a_leaf_reads_back_and_every_cut_is_refused() {
        let bytes = sample().to_bytes();
        assert_eq!(Leaf::from_bytes(&bytes), Ok(sample()));
        for end in 0..bytes.len() {
            assert!(Leaf::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Leaf::from_bytes(&longer), Err(LeafError::Trailing(1)));
    }

    #[test]
    fn another_layout_is_not_guessed_at() {
        let mut bytes = sample().to_bytes();
        bytes[0] = 2;
        assert_eq!(Leaf::from_bytes(&bytes), Err(LeafError::Version(2)));
    }
}
