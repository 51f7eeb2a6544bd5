//! A volume that Windows made, and whatever becomes of its metadata when they are damaged.
//!
//! It is not part of the repository; without it each test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use common::{Volume, real_bitlocker, sha256, whole};
use pendeen_unlock::{Budget, By, Decryptor, Kind, Outcome, Secrets, open, recognise};

/// What opens the image, as those who made it published.
const PASSWORD: &str = "anaconda";
const RECOVERY: &str = "235818-357951-253979-013365-241120-245575-342914-591910";
/// The digest of the opened volume that they published.
const OPENED: &str = "674e3a976927fd62f3fc26df2c695cac75b8d364e3b45393717efa971f16db0f";

fn opened(volume: &Volume, secrets: &str) -> (Option<usize>, By, Decryptor) {
    let secrets = Secrets::read(secrets.as_bytes()).unwrap();
    let lock = open(volume, &secrets, &mut Budget::of(&secrets)).unwrap();
    match lock.outcome {
        Outcome::Opened { secret, by, unlocked, .. } => {
            (secret, by, Decryptor::new(*unlocked).unwrap())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_bitlocker_volume_opens_with_its_password_and_has_the_published_digest() {
    let Some(volume) = real_bitlocker() else { return };
    assert_eq!(recognise(&volume), Some(Kind::BitLocker));
    let (secret, by, decryptor) = opened(&volume, &format!("not this\npassword:{PASSWORD}\n"));
    assert_eq!((secret, by), (Some(2), By::Password));
    assert_eq!(sha256(&whole(&volume, &decryptor)), OPENED);
}

#[test]
fn the_bitlocker_volume_opens_with_its_recovery_password() {
    let Some(volume) = real_bitlocker() else { return };
    for line in [format!("recovery:{RECOVERY}"), RECOVERY.to_owned()] {
        let (secret, by, decryptor) = opened(&volume, &line);
        assert_eq!((secret, by), (Some(1), By::RecoveryPassword));
        assert_eq!(sha256(&whole(&volume, &decryptor)), OPENED);
    }
}
