//! Volumes for the tests.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::path::Path;
use std::process::Command;

use pendeen_unlock::{Bytes, Decryptor};
use sha2::{Digest, Sha256};

/// A volume in memory.
pub struct Volume(pub Vec<u8>);

impl Bytes for Volume {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> Result<(), String> {
        let from = usize::try_from(at).map_err(|e| e.to_string())?;
        let end = from.checked_add(buf.len()).ok_or("too far")?;
        buf.copy_from_slice(self.0.get(from..end).ok_or_else(|| format!("nothing at {at}"))?);
        Ok(())
    }
}

/// The plain bytes of an opened volume.
pub fn whole(volume: &Volume, decryptor: &Decryptor) -> Vec<u8> {
    let unlocked = decryptor.unlocked();
    let mut plain = vec![0; usize::try_from(unlocked.len()).unwrap()];
    let at = unlocked.at();
    decryptor.read(&|from, buf| volume.read_at(at + from, buf), 0, &mut plain).unwrap();
    plain
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The public BitLocker image, where it is there.
pub fn real_bitlocker() -> Option<Volume> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let path = folder.join("bitlk-aes-xts-128.img.xz");
    if !path.exists() {
        println!("{} is not there: not tested", path.display());
        return None;
    }
    let unpacked = Command::new("xz").arg("-dkc").arg(&path).output().unwrap();
    assert!(unpacked.status.success());
    Some(Volume(unpacked.stdout))
}
