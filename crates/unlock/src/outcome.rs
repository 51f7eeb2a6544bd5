//! What came of trying to open a volume.

use serde::{Deserialize, Serialize};

use crate::opened::Unlocked;

/// Which encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Microsoft BitLocker.
    #[serde(rename = "bitlocker")]
    BitLocker,
    /// Linux Unified Key Setup, version 1.
    Luks1,
    /// Linux Unified Key Setup, version 2.
    Luks2,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::BitLocker, Self::Luks1, Self::Luks2];

    /// The key that forensic paths use.
    pub fn key(self) -> &'static str {
        match self {
            Self::BitLocker => "bitlocker",
            Self::Luks1 => "luks1",
            Self::Luks2 => "luks2",
        }
    }

    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::BitLocker => "BitLocker",
            Self::Luks1 => "LUKS1",
            Self::Luks2 => "LUKS2",
        }
    }
}

/// As what a secret opened a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A password, or a passphrase.
    Password,
    /// A recovery password.
    RecoveryPassword,
    /// A startup key.
    StartupKey,
    /// A key file.
    KeyFile,
    /// The volume's own key.
    VolumeKey,
    /// No secret: the volume's protection was suspended, and its key lies beside it.
    ClearKey,
}

impl By {
    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::RecoveryPassword => "recovery password",
            Self::StartupKey => "startup key",
            Self::KeyFile => "key file",
            Self::VolumeKey => "volume key",
            Self::ClearKey => "clear key: its protection was suspended",
        }
    }
}

/// What an encrypted volume is, and what came of opening it.
#[derive(Debug)]
pub struct Lock {
    /// Which encryption.
    pub kind: Kind,
    /// What its sectors are encrypted with, where that is known.
    pub cipher: Option<String>,
    /// By what it may be opened, as it says itself: names of protectors or key slots.
    pub protectors: Vec<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of opening an encrypted volume.
#[derive(Debug)]
pub enum Outcome {
    /// It is open.
    Opened {
        /// The number of the secret that opened it, from 1; none where none was needed.
        secret: Option<usize>,
        /// As what.
        by: By,
        /// Which protector or key slot.
        protector: String,
        /// With what it is read.
        unlocked: Box<Unlocked>,
    },
    /// No secret was given.
    NoSecret,
    /// None of so many secrets opens it.
    Wrong {
        /// How many.
        tried: usize,
    },
    /// It cannot be opened here, whatever the secret.
    Not(Problem),
}

/// Why a volume cannot be opened, whatever the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There is no reader for it: of what.
    Unsupported(String),
    /// What it says of its encryption cannot be read: why.
    Damaged(String),
}
