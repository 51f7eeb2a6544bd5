//! Opens bundles whose encryption is right and whose inside is anything: none may open, since
//! no trusted signer vouches for it, and nothing may panic.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pendeen_exchange::{Identity, SigningKey, open};

static FORCE: LazyLock<Identity> = LazyLock::new(Identity::generate);
static SIGNER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&[7; 32]));

fuzz_target!(|data: &[u8]| {
    let trusted = [SIGNER.verifying_key()];
    assert!(open(data, &FORCE, &trusted).is_err());
    let sealed = age::encrypt(&FORCE.to_public(), data).expect("encryption to a key");
    assert!(open(&sealed, &FORCE, &trusted).is_err());
});
