//! Signed notes and checkpoints: what is kept outside the database about the log.
//!
//! In: the size and root of the tree, the chain value there, and a key. Out: a checkpoint as a
//! signed note, and back, if the signature is the log's. Refused: a text of another form, a note
//! that the key did not sign, another log's checkpoint.
//!
//! A checkpoint's text is the origin, the size, the root in base64 and two extension lines:
//! when it was signed (`at`, UTC) and the value of the digest chain at that leaf (`chain`, hex),
//! so that whoever goes on from it can tell that the chain is still the one that was signed.
//!
//! Source: C2SP signed-note (<https://c2sp.org/signed-note>) and tlog-checkpoint
//! (<https://c2sp.org/tlog-checkpoint>); key texts as golang.org/x/mod/sumdb/note writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::leaf::Hash;

/// The signature type of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// Why a note or a key's text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Not the form that the specification gives: a damaged file, or another kind of file.
    #[error("it is not a {0} in the form that is specified")]
    Form(&'static str),
    /// No signature by the log's key verifies: somebody else made it, or changed it.
    #[error("it is not signed by the log's key")]
    Signature,
    /// Another log's.
    #[error("it is of another log")]
    Origin,
}

/// The key that signs checkpoints; lies in a file outside the database.
pub struct Signing {
    key: SigningKey,
    /// What can be shown to everybody.
    pub verifying: Verifying,
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signing").field("verifying", &self.verifying).finish_non_exhaustive()
    }
}

/// The key that checks checkpoints, and the log's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifying {
    /// The log's name: origin of its checkpoints, name of its key.
    pub origin: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl Signing {
    /// The key of 32 secret bytes; the log is named after it, so that no two have one name.
    pub fn new(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let name = &hex::encode(Sha256::digest(key.verifying_key().as_bytes()))[..16];
        Self::named(format!("pendeen/audit/{name}"), key)
    }

    fn named(origin: String, key: SigningKey) -> Self {
        let verifying = Verifying::new(origin, key.verifying_key());
        Self { key, verifying }
    }

    /// `PRIVATE+KEY+name+id+key`: for a file that nobody else may read.
    pub fn to_text(&self) -> String {
        let Verifying { origin, id, .. } = &self.verifying;
        let key = BASE64.encode([&[ED25519], self.key.as_bytes().as_slice()].concat());
        format!("PRIVATE+KEY+{origin}+{}+{key}\n", hex::encode(id))
    }

    /// Reads [`Self::to_text`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text.trim_end().strip_prefix("PRIVATE+KEY+");
        let (origin, id, seed) = text.and_then(parts).ok_or(NoteError::Form("private key"))?;
        let signing = Self::named(origin, SigningKey::from_bytes(&seed));
        let same = signing.verifying.id == id;
        same.then_some(signing).ok_or(NoteError::Form("private key"))
    }

    /// The note over this text, which ends in a newline.
    fn sign(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let signature = BASE64.encode([self.verifying.id.as_slice(), &signature].concat());
        format!("{text}\n\u{2014} {} {signature}\n", self.verifying.origin)
    }
}

impl Verifying {
    fn new(origin: String, key: VerifyingKey) -> Self {
        let digest = Sha256::new()
            .chain_update(&origin)
            .chain_update([b'\n', ED25519])
            .chain_update(key.as_bytes())
            .finalize();
        let id = [digest[0], digest[1], digest[2], digest[3]];
        Self { origin, id, key }
    }

    /// `name+id+key`: for everybody who checks.
    pub fn to_text(&self) -> String {
        let key = BASE64.encode([&[ED25519], self.key.as_bytes().as_slice()].concat());
        format!("{}+{}+{key}\n", self.origin, hex::encode(self.id))
    }

    /// Reads [`Self::to_text`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Form("public key");
        let (origin, id, key) = parts(text.trim_end()).ok_or(malformed)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| malformed)?;
        let verifying = Self::new(origin, key);
        if verifying.id == id { Ok(verifying) } else { Err(malformed) }
    }

    /// The text of a note, if this key signed it.
    fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Form("signed note"))?;
        let text = &note[..=text.len()];
        for line in signatures.lines() {
            let mut words = line.strip_prefix("\u{2014} ").unwrap_or_default().split(' ');
            let (Some(name), Some(encoded), None) = (words.next(), words.next(), words.next())
            else {
                return Err(NoteError::Form("signed note"));
            };
            let bytes = BASE64.decode(encoded).map_err(|_| NoteError::Form("signed note"))?;
            let Some((id, signature)) = bytes.split_at_checked(4) else {
                return Err(NoteError::Form("signed note"));
            };
            if name != self.origin || id != self.id {
                continue;
            }
            let signature = ed25519_dalek::Signature::from_slice(signature)
                .map_err(|_| NoteError::Signature)?;
            return match self.key.verify_strict(text.as_bytes(), &signature) {
                Ok(()) => Ok(text),
                Err(_) => Err(NoteError::Signature),
            };
        }
        Err(NoteError::Signature)
    }
}

/// Name, id and key of a key's text.
fn parts(text: &str) -> Option<(String, [u8; 4], [u8; 32])> {
    let mut parts = text.splitn(3, '+');
    let (origin, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let mut short = [0; 4];
    hex::decode_to_slice(id, &mut short).ok()?;
    let key = BASE64.decode(key).ok()?;
    let key: [u8; 32] = key.strip_prefix(&[ED25519])?.try_into().ok()?;
    let named = !origin.is_empty() && !origin.contains(char::is_whitespace);
    named.then(|| (origin.to_owned(), short, key))
}

/// What the log was at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many leaves it had.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// When it was signed, UTC.
    pub at: Timestamp,
    /// The value of the digest chain at the last leaf.
    pub chain: Hash,
}

impl Checkpoint {
    /// The signed note.
    pub fn sign(&self, signing: &Signing) -> String {
        let Self { size, root, at, chain } = self;
        let (origin, root) = (&signing.verifying.origin, BASE64.encode(root));
        signing.sign(&format!("{origin}\n{size}\n{root}\nat {at}\nchain {}\n", hex::encode(chain)))
    }

    /// Reads a signed note back; what the key did not sign is refused.
    pub fn open(note: &str, verifying: &Verifying) -> Result<Self, NoteError> {
        let malformed = NoteError::Form("checkpoint");
        let mut lines = verifying.open(note)?.lines();
        if lines.next() != Some(&verifying.origin) {
            return Err(NoteError::Origin);
        }
        let mut next = |prefix: &str| lines.next().and_then(|line| line.strip_prefix(prefix));
        let size = next("").and_then(|size| size.parse().ok()).ok_or(malformed)?;
        let root = next("").and_then(|root| BASE64.decode(root).ok()).ok_or(malformed)?;
        let at = next("at ").and_then(|at| at.parse().ok()).ok_or(malformed)?;
        let mut chain = [0; 32];
        let digits = next("chain ").ok_or(malformed)?;
        hex::decode_to_slice(digits, &mut chain).map_err(|_| malformed)?;
        Ok(Self { size, root: root.try_into().map_err(|_| malformed)?, at, chain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Signing, Checkpoint) {
        let at = "2026-06-01T09:00:00Z".parse().unwrap();
        (Signing::new([7; 32]), Checkpoint { size: 9, root: [1; 32], at, chain: [2; 32] })
    }

    #[test]
    fn a_checkpoint_reads_back_and_no_change_of_it_does() {
        let (signing, checkpoint) = sample();
        let note = checkpoint.sign(&signing);
        assert_eq!(Checkpoint::open(&note, &signing.verifying), Ok(checkpoint));
        // Every seventh letter: checking a signature takes long in an unoptimised build.
        let letters = note.char_indices().filter(|(_, letter)| letter.is_ascii());
        for (at, letter) in letters.step_by(7) {
            let other = if letter == '0' { "1" } else { "0" };
            let changed = [&note[..at], other, &note[at + 1..]].concat();
            let opened = Checkpoint::open(&changed, &signing.verifying);
            // The last newline, and unused bits at the end of base64, say nothing.
            assert!(opened.is_err() || opened == Ok(checkpoint), "changed at {at}: {changed}");
        }
    }

    #[test]
    fn another_key_of_the_same_name_signs_nothing() {
        let (signing, checkpoint) = sample();
        let forger =
            Signing::named(signing.verifying.origin.clone(), SigningKey::from_bytes(&[8; 32]));
        let forged = checkpoint.sign(&forger);
        assert_eq!(Checkpoint::open(&forged, &signing.verifying), Err(NoteError::Signature));
    }

    #[test]
    fn keys_read_back_and_damaged_ones_are_refused() {
        let (signing, checkpoint) = sample();
        let again = Signing::parse(&signing.to_text()).unwrap();
        assert_eq!(again.verifying, signing.verifying);
        assert_eq!(again.sign("x\n"), signing.sign("x\n"));
        assert_eq!(Verifying::parse(&signing.verifying.to_text()), Ok(again.verifying));
        assert!(Signing::parse("").is_err());
        assert!(Signing::parse(&signing.to_text().replace("audit", "other")).is_err());
        assert!(Verifying::parse(&signing.to_text()).is_err());
        assert!(Checkpoint::open("", &signing.verifying).is_err());
        assert!(Checkpoint::open(&checkpoint.sign(&signing)[..40], &signing.verifying).is_err());
    }

    /// The example key and note of golang.org/x/mod/sumdb/note.
    #[test]
    fn a_published_note_opens_with_its_published_key() {
        let key =
            Verifying::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let note = format!("{text}\n\u{2014} PeterNeumann {signature}\n");
        assert_eq!(key.unwrap().open(&note), Ok(text));
    }
}
