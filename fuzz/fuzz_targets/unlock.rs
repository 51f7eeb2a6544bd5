//! Opens bytes as an encrypted volume of each kind: nothing may panic or hang, and what opens can
//! be read to its end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_unlock::{Bytes, Decryptor, Outcome, Secrets, open};

struct Volume(Vec<u8>);

impl Bytes for Volume {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> Result<(), String> {
        let from = usize::try_from(at).map_err(|e| e.to_string())?;
        let end = from.checked_add(buf.len()).ok_or("too far")?;
        buf.copy_from_slice(self.0.get(from..end).ok_or("outside")?);
        Ok(())
    }
}

const HEADS: [&[u8]; 3] = [b"\xeb\x58\x90-FVE-FS-", b"LUKS\xba\xbe\0\x01", b"LUKS\xba\xbe\0\x02"];

fuzz_target!(|data: &[u8]| {
    // Little may be spent on deriving keys: what is looked for lies before and after that.
    let Ok(secrets) = Secrets::read(b"password:a\nkey:00") else { return };
    let secrets = secrets.spending(1 << 12);
    for head in HEADS {
        let volume = Volume([head, data].concat());
            let Some(lock) = open(&volume, &secrets) else { continue };
        let Outcome::Opened { unlocked, .. } = lock.outcome else { continue };
        let at = unlocked.at();
        assert!(at + unlocked.len() <= volume.len());
        let mut plain = vec![0; usize::try_from(unlocked.len()).unwrap_or(0)];
        let decryptor = Decryptor::new(*unlocked).expect("what opens has a reader");
        let _ = decryptor.read(&|from, buf| volume.read_at(at + from, buf), 0, &mut plain);
    }
});
