//! A volume that Windows made, volumes that the fixture writes, and what becomes of them when they
//! are damaged.
//!
//! The first is not part of the repository; without it its tests say so and pass.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::sync::LazyLock;

use common::{Volume, real_bitlocker, sha256, whole};
use pendeen_unlock::fixture::{Method, Protector, bitlocker, startup_file};
use pendeen_unlock::{By, Decryptor, Kind, Outcome, Problem, Secrets, open, recognise};
use proptest::prelude::*;

/// What opens the image, as those who made it published.
const PASSWORD: &str = "anaconda";
const RECOVERY: &str = "235818-357951-253979-013365-241120-245575-342914-591910";
/// The digest of the opened volume that they published.
const OPENED: &str = "674e3a976927fd62f3fc26df2c695cac75b8d364e3b45393717efa971f16db0f";

fn opened(volume: &Volume, secrets: &str) -> (Option<usize>, By, Decryptor) {
    let secrets = Secrets::read(secrets.as_bytes()).unwrap();
    let lock = open(volume, &secrets).unwrap();
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

fn plain() -> Vec<u8> {
    (0..1_u32 << 16).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn try_with(volume: &Volume, secrets: &Secrets) -> Outcome {
    open(volume, secrets).unwrap().outcome
}

#[test]
fn every_method_gives_back_the_file_system_that_was_put_in() {
    let plain = plain();
    let methods = [
        Method::Elephant128,
        Method::Elephant256,
        Method::Cbc128,
        Method::Cbc256,
        Method::Xts128,
        Method::Xts256,
    ];
    for method in methods {
        let volume = Volume(bitlocker(&plain, method, &[Protector::Startup([9; 32])]));
        let secrets = Secrets::read(&startup_file([9; 32])).unwrap();
        let Outcome::Opened { secret, by, protector, unlocked } = try_with(&volume, &secrets)
        else {
            panic!("{method:?}")
        };
        assert_eq!((secret, by), (Some(1), By::StartupKey));
        assert_eq!(protector, "startup key {00000000-0000-0000-0000-000000000000}");
        let opened = whole(&volume, &Decryptor::new(*unlocked).unwrap());
        assert!(opened[..plain.len()] == plain, "{method:?}");
        assert!(opened[plain.len()..].iter().all(|byte| *byte == 0), "metadata are zeros");
    }
}

#[test]
fn a_suspended_volume_opens_without_a_secret_and_a_tpm_alone_with_none() {
    let plain = plain();
    let volume = Volume(bitlocker(&plain, Method::Xts128, &[Protector::Clear]));
    let none = Secrets::default();
    let outcome = try_with(&volume, &none);
    assert!(matches!(outcome, Outcome::Opened { secret: None, by: By::ClearKey, .. }));
    let volume = Volume(bitlocker(&plain, Method::Xts128, &[Protector::Tpm]));
    let lock = open(&volume, &none).unwrap();
    assert!(matches!(lock.outcome, Outcome::NoSecret));
    assert!(lock.protectors[0].starts_with("TPM {"), "{:?}", lock.protectors);
    let some = Secrets::read(b"password:a\nkey:0101").unwrap();
    assert!(matches!(try_with(&volume, &some), Outcome::Wrong { tried: 2 }));
}

#[test]
fn a_damaged_copy_of_the_metadata_is_passed_over() {
    let plain = plain();
    let mut volume = Volume(bitlocker(&plain, Method::Xts256, &[Protector::Clear]));
    let none = Secrets::default();
    for copy in 0..2 {
        volume.0[plain.len() + copy * (64 << 10)..][..8].fill(0);
        assert!(matches!(try_with(&volume, &none), Outcome::Opened { .. }), "copy {copy}");
    }
    volume.0[plain.len() + 2 * (64 << 10)..][..8].fill(0);
    let outcome = try_with(&volume, &none);
    assert!(matches!(outcome, Outcome::Not(Problem::Damaged(_))), "{outcome:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn flipped_and_cut_metadata_neither_panic_nor_hang(
        flips in proptest::collection::vec((0_usize..600, any::<u8>()), 0..6),
        cut in 0_usize..(512 << 10),
    ) {
        let mut volume = small();
        let metadata = volume.0.len() - 4 * (64 << 10);
        for (at, with) in flips {
            // Half of them in the first sector, half in the first copy of the metadata.
            volume.0[if at % 2 == 0 { at } else { metadata + at }] ^= with;
        }
        volume.0.truncate(volume.0.len().saturating_sub(if cut % 3 == 0 { cut } else { 0 }));
        let secrets = Secrets::read(&startup_file([9; 32])).unwrap();
        if let Some(lock) = open(&volume, &secrets)
            && let Outcome::Opened { unlocked, .. } = lock.outcome
        {
            let decryptor = Decryptor::new(*unlocked).unwrap();
            prop_assert_eq!(whole(&volume, &decryptor).len(), volume.0.len());
        }
    }
}

fn small() -> Volume {
    static MADE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let protectors = [Protector::Startup([9; 32]), Protector::Tpm, Protector::Clear];
        bitlocker(&plain()[..64 << 10], Method::Xts128, &protectors)
    });
    Volume(MADE.clone())
}
