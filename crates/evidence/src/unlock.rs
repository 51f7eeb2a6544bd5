//! Encrypted volumes: recognised, and opened where a secret was given that opens them.
//!
//! In: an image, its volumes and [`Secrets`]. Out: the image in which opened volumes are plain, the
//! volumes as they now are, an [`Encryption`] for each encrypted one, and a [`Gap`] for each that
//! stays closed. An opened volume keeps its place in the image; its label has the encryption added:
//! `p1/bitlocker`. Nothing of a secret or a key is in what goes into records.

use std::sync::Arc;

use pendeen_item::{Gap, Stage};
pub use pendeen_unlock::{By, Kind, MOST_BYTES, Secrets};
use pendeen_unlock::{Bytes, Lock, Outcome, Problem};
use serde::{Deserialize, Serialize};

use crate::image::{Image, OpenedVolume, with_opened};
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::{self, Pieces, Volume};

/// What an encrypted volume is, and what came of opening it: as records say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// The forensic path of the encrypted volume: `p1`, or nothing for a whole image.
    pub forensic_path: String,
    /// Where it begins in the image, in bytes.
    pub offset_bytes: u64,
    /// How long it is in bytes.
    pub len_bytes: u64,
    /// Which encryption.
    pub kind: Kind,
    /// What its sectors are encrypted with, where that is known.
    pub cipher: Option<String>,
    /// By what it may be opened, as it says itself.
    pub protectors: Vec<String>,
    /// What came of opening it.
    #[serde(flatten)]
    pub status: Status,
}

/// What came of opening an encrypted volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It was opened.
    Opened {
        /// The number of the secret that opened it, from 1; none where none was needed.
        secret: Option<usize>,
        /// As what.
        by: By,
        /// Through which protector or key slot.
        protector: String,
    },
    /// No secret was given.
    NoSecret,
    /// None of the secrets given opens it.
    WrongSecret {
        /// How many were tried.
        tried: usize,
    },
    /// It cannot be opened here, whatever the secret.
    Unsupported {
        /// What it is that has no reader.
        reason: String,
    },
    /// What it says of its encryption cannot be read.
    Damaged {
        /// Why.
        reason: String,
    },
}

impl Encryption {
    /// Whether it was opened.
    pub fn is_open(&self) -> bool {
        matches!(self.status, Status::Opened { .. })
    }

    /// What came of opening it, for a person.
    pub fn told(&self) -> String {
        match &self.status {
            Status::Opened { secret: Some(number), by, protector } => {
                format!("opened with secret {number} as {}, through {protector}", by.label())
            }
            Status::Opened { secret: None, by, .. } => {
                format!("opened without a secret by its {}", by.label())
            }
            Status::NoSecret => "not opened: no secret was given".to_owned(),
            Status::WrongSecret { tried } => {
                format!("not opened: wrong secret, none of the {tried} given opens it")
            }
            Status::Unsupported { reason } => format!("not opened: {reason} is not read"),
            Status::Damaged { reason } => format!("not opened: {reason}"),
        }
    }

    /// `BitLocker, AES-XTS-128`.
    pub fn named(&self) -> String {
        match &self.cipher {
            Some(cipher) => format!("{}, {cipher}", self.kind.label()),
            None => self.kind.label().to_owned(),
        }
    }

    fn gap(&self) -> Gap {
        let mut reason = format!("the volume is encrypted ({}) and {}", self.named(), self.told());
        let secret_may_help = matches!(self.status, Status::NoSecret | Status::WrongSecret { .. });
        if secret_may_help && !self.protectors.is_empty() {
            reason = format!("{reason}; it may be opened by {}", self.protectors.join(", "));
        }
        Gap {
            forensic_path: self.forensic_path.clone(),
            stage: Stage::FileSystem,
            wanted: "the files of the volume".to_owned(),
            reason,
            offset_bytes: Some(self.offset_bytes),
            size_bytes: Some(self.len_bytes),
        }
    }
}

/// An image with what could be opened in it.
pub struct Opened {
    /// The image in which opened volumes are plain.
    pub image: Arc<dyn Image>,
    /// The volumes as they now are.
    pub volumes: Vec<Volume>,
    /// The encrypted ones of them.
    pub encryption: Vec<Encryption>,
}

impl Opened {
    /// Whether a volume is encrypted and was not opened.
    pub fn is_closed(&self, volume: &Volume) -> bool {
        // An opened volume has another label than before.
        self.encryption.iter().any(|one| !one.is_open() && one.forensic_path == volume.label)
    }
}

/// Opens what of the volumes is encrypted and a secret opens.
pub fn open_all(
    image: &Arc<dyn Image>,
    mut volumes: Vec<Volume>,
    secrets: &Secrets,
    gaps: &mut Vec<Gap>,
) -> Opened {
    let mut opened_labels = Vec::new();
    let (mut plain, mut opened, mut all) = (Arc::clone(image), Vec::new(), Vec::new());
    for volume in &mut volumes {
        let bytes = VolumeBytes { image: image.as_ref(), volume };
        let Some(lock) = pendeen_unlock::open(&bytes, secrets) else { continue };
        let (mut encryption, mut unlocked) = record(lock, volume);
        if encryption.is_open() && volume.pieces().all().len() > 1 {
            let reason = "an encrypted volume that lies in several pieces".to_owned();
            (encryption.status, unlocked) = (Status::Unsupported { reason }, None);
        }
        if let Some(unlocked) = unlocked {
            let inside = ByteOffset(volume.offset.0.saturating_add(unlocked.at()));
            let len = ByteLen(unlocked.len());
            let mut with = opened.clone();
            with.push(OpenedVolume { offset: volume.offset, unlocked: *unlocked });
            match with_opened(Arc::clone(image), with.clone()) {
                Some(image) => {
                    (plain, opened) = (image, with);
                    let slash = if volume.label.is_empty() { "" } else { "/" };
                    volume.label = [&volume.label, slash, encryption.kind.key()].concat();
                    opened_labels.push(volume.label.clone());
                    (volume.offset, volume.len) = (inside, len);
                    // A logical volume lies elsewhere now: behind its header.
                    if let volume::Kind::Lvm { pieces } = &mut volume.kind {
                        *pieces = Pieces::one(inside, len);
                    }
                }
                None => {
                    let reason = "it shares bytes with another encrypted volume".to_owned();
                    encryption.status = Status::Damaged { reason };
                }
            }
        }
        if !encryption.is_open() {
            gaps.push(encryption.gap());
        }
        all.push(encryption);
    }
    let volumes = volumes.into_iter().flat_map(|volume| {
        let changed = opened_labels.contains(&volume.label);
        if changed { volume::inside_opened(&*plain, volume, gaps) } else { vec![volume] }
    });
    let mut volumes: Vec<Volume> = volumes.collect();
    for (index, volume) in (0..).zip(&mut volumes) {
        volume.index = index;
    }
    Opened { image: plain, volumes, encryption: all }
}

fn record(lock: Lock, volume: &Volume) -> (Encryption, Option<Box<pendeen_unlock::Unlocked>>) {
    let (status, unlocked) = match lock.outcome {
        Outcome::Opened { secret, by, protector, unlocked } => {
            (Status::Opened { secret, by, protector }, Some(unlocked))
        }
        Outcome::NoSecret => (Status::NoSecret, None),
        Outcome::Wrong { tried } => (Status::WrongSecret { tried }, None),
        Outcome::Not(Problem::Unsupported(reason)) => (Status::Unsupported { reason }, None),
        Outcome::Not(Problem::Damaged(reason)) => (Status::Damaged { reason }, None),
    };
    let encryption = Encryption {
        forensic_path: volume.label.clone(),
        offset_bytes: volume.offset.0,
        len_bytes: volume.len.0,
        kind: lock.kind,
        cipher: lock.cipher,
        protectors: lock.protectors,
        status,
    };
    (encryption, unlocked)
}

/// The bytes of a volume.
struct VolumeBytes<'a> {
    image: &'a dyn Image,
    volume: &'a Volume,
}

impl Bytes for VolumeBytes<'_> {
    fn len(&self) -> u64 {
        self.volume.len.0
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> Result<(), String> {
        let pieces = self.volume.pieces();
        pieces.read_at(self.image, ByteOffset(at), buf).map_err(|e| e.to_string())
    }
}
