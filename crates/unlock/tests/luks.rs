//! Volumes that cryptsetup makes, without root and without the kernel's device mapper.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;
#[path = "common/header.rs"]
mod header;

use std::fs;
use std::process::Command;

use common::{Volume, whole};
use header::{one, two};
use pendeen_unlock::{By, Decryptor, Kind, Lock, Outcome, Problem, Secrets, open, recognise};
use proptest::prelude::*;

const PASSWORD: &str = "correct horse";

/// A volume of LUKS that holds `plain`, made with these further arguments.
fn made(plain: &[u8], arguments: &[&str], to_one: bool) -> Option<Volume> {
    if Command::new("cryptsetup").arg("--version").output().is_err() {
        println!("cryptsetup is not there: not tested");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let (image, password) = (dir.path().join("image"), dir.path().join("password"));
    fs::write(&password, PASSWORD).unwrap();
    // Room for the header, which is twice that at the end while the data are moved.
    let mut bytes = plain.to_vec();
    bytes.resize(plain.len() + (32 << 20), 0);
    fs::write(&image, bytes).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("cryptsetup")
            .args(arguments)
            .args(["--batch-mode", "--disable-locks", "--key-file"])
            .args([&password, &image])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let encrypt = ["reencrypt", "--encrypt", "--type", "luks2", "--reduce-device-size", "32M"];
    run(&[&encrypt, arguments].concat());
    if to_one {
        run(&["convert", "--type", "luks1"]);
    }
    Some(Volume(fs::read(&image).unwrap()))
}

fn plain() -> Vec<u8> {
    (0..1_u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn try_with(volume: &Volume, secrets: &str) -> Lock {
    let secrets = Secrets::read(secrets.as_bytes()).unwrap();
    open(volume, &secrets).unwrap()
}

const PBKDF2: &[&str] = &["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];

fn opens_to_what_was_put_in(arguments: &[&str], to_one: bool) {
    let plain = plain();
    let Some(volume) = made(&plain, arguments, to_one) else { return };
    let kind = if to_one { Kind::Luks1 } else { Kind::Luks2 };
    assert_eq!(recognise(&volume), Some(kind));
    let lock = try_with(&volume, &format!("wrong\npassword:{PASSWORD}\n"));
    let Outcome::Opened { secret, by, protector, unlocked } = lock.outcome else {
        panic!("{arguments:?}: {:?}", lock.outcome);
    };
    assert_eq!((secret, by, &*protector), (Some(2), By::Password, "key slot 0"));
    let opened = whole(&volume, &Decryptor::new(*unlocked).unwrap());
    assert!(opened[..plain.len()] == plain, "{arguments:?}");
    let wrong = try_with(&volume, "wrong").outcome;
    assert!(matches!(wrong, Outcome::Wrong { tried: 1 }), "{wrong:?}");
    let secrets = Secrets::default();
    let none = open(&volume, &secrets).unwrap();
    assert!(matches!(none.outcome, Outcome::NoSecret) && none.protectors == ["key slot 0"]);
}

#[test]
fn luks2_of_cryptsetup_opens_by_argon2id_to_what_was_put_in() {
    let argon2 = ["--pbkdf", "argon2id", "--pbkdf-memory", "4096"];
    let few = ["--pbkdf-force-iterations", "4", "--pbkdf-parallel", "2"];
    opens_to_what_was_put_in(&[argon2, few].concat(), false);
}

#[test]
fn luks2_of_cryptsetup_opens_by_argon2i_with_sectors_of_4096_bytes() {
    let argon2 = ["--pbkdf", "argon2i", "--pbkdf-memory", "1024", "--sector-size", "4096"];
    let few = ["--pbkdf-force-iterations", "4", "--pbkdf-parallel", "1"];
    opens_to_what_was_put_in(&[&argon2[..], &few].concat(), false);
}

#[test]
fn luks2_of_cryptsetup_opens_by_pbkdf2_with_sha512() {
    opens_to_what_was_put_in(&[PBKDF2, &["--hash", "sha512"]].concat(), false);
}

#[test]
fn luks1_of_cryptsetup_opens_with_xts_and_with_cbc() {
    opens_to_what_was_put_in(PBKDF2, true);
    for cipher in ["aes-cbc-essiv:sha256", "aes-cbc-plain64"] {
        let cipher = ["--cipher", cipher, "--key-size", "256"];
        opens_to_what_was_put_in(&[PBKDF2, &cipher].concat(), true);
    }
    let cipher = ["--cipher", "aes-xts-plain64", "--key-size", "256", "--hash", "sha1"];
    opens_to_what_was_put_in(&[PBKDF2, &cipher].concat(), true);
}

#[test]
fn a_cipher_without_a_reader_is_named() {
    let Some(mut volume) = made(&plain(), PBKDF2, true) else { return };
    // The cipher's name in the header of version 1, which has no checksum.
    volume.0[8..16].copy_from_slice(b"serpent\0");
    let lock = try_with(&volume, PASSWORD);
    let text = format!("{:?}", lock.outcome);
    assert!(text.contains("Unsupported") && text.contains("serpent-xts-plain64"), "{text}");
}

#[test]
fn a_header_that_asks_for_more_memory_or_time_than_there_is_says_so() {
    let kdf = |kdf: &str| try_with(&Volume(two(kdf)), "a").outcome;
    let salt = r#""salt":"AAAAAAAAAAAAAAAAAAAAAA==""#;
    let much = kdf(&format!(r#"{{"type":"argon2id","time":4,"memory":4194304,"cpus":4,{salt}}}"#));
    let said = format!("{much:?}");
    assert!(said.contains("Unsupported") && said.contains("4194304 KiB"), "{said}");
    let long =
        kdf(&format!(r#"{{"type":"pbkdf2","hash":"sha256","iterations":4294967295,{salt}}}"#));
    let said = format!("{long:?}");
    assert!(said.contains("Unsupported") && said.contains("8589934590 rounds"), "{said}");
    let other = kdf(&format!(r#"{{"type":"scrypt",{salt}}}"#));
    assert!(matches!(other, Outcome::Not(Problem::Damaged(_))), "{other:?}");
}

#[test]
fn what_a_header_names_is_shown_short_and_without_commands() {
    let long = "x".repeat(3000);
    let json = format!(
        r#"{{"keyslots":{{}},"digests":{{}},"tokens":{{"0":{{"type":"\u001b[31m{long}"}}}},"segments":{{
        "0":{{"type":"crypt","offset":"8192","size":"dynamic","iv_tweak":"0",
        "encryption":"{long}","sector_size":512}}}}}}"#
    );
    let lock = try_with(&Volume(header::two_with(&json)), "a");
    assert_eq!(lock.protectors.len(), 1, "{lock:?}");
    assert!(lock.protectors[0].starts_with("token ?[31mxxx") && lock.protectors[0].len() < 100);
    assert!(lock.cipher.unwrap().len() < 100);
}

#[test]
fn the_second_copy_of_a_header_is_read_where_the_first_is_damaged() {
    let salt = r#""salt":"AAAAAAAAAAAAAAAAAAAAAA==""#;
    let mut bytes = two(&format!(r#"{{"type":"pbkdf2","hash":"sha256","iterations":1,{salt}}}"#));
    bytes[5000] ^= 1;
    let outcome = try_with(&Volume(bytes.clone()), "a").outcome;
    assert!(matches!(outcome, Outcome::Wrong { tried: 1 }), "{outcome:?}");
    bytes[16384 + 5000] ^= 1;
    let outcome = try_with(&Volume(bytes), "a").outcome;
    assert!(matches!(outcome, Outcome::Not(Problem::Damaged(_))), "{outcome:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn flipped_and_cut_headers_neither_panic_nor_hang(
        flips in proptest::collection::vec((0_usize..592, any::<u8>()), 0..4),
        cut in 0_usize..70_000,
    ) {
        let mut bytes = one(3, 4);
        for (at, with) in flips {
            bytes[at] ^= with;
        }
        bytes.truncate(if cut % 3 == 0 { cut } else { bytes.len() });
        let volume = Volume(bytes);
        // Little may be spent: an iteration count with its first byte flipped is a long one.
        let secrets = Secrets::read(b"password:a\nkey:00").unwrap().spending(1 << 16);
        if let Some(lock) = open(&volume, &secrets)
            && let Outcome::Opened { unlocked, .. } = lock.outcome
        {
            let decryptor = Decryptor::new(*unlocked).unwrap();
            prop_assert!(whole(&volume, &decryptor).len() < volume.0.len());
        }
    }

    #[test]
    fn any_text_as_a_header_of_version_2_is_refused_or_read(
        text in r#"[{}\[\]":,a-z0-9]{0,300}"#,
        kdf in r#"(\{[":,a-z0-9{}]{0,80}\}|\{"type":"pbkdf2","hash":"sha(1|256)","iterations":[0-9]{1,9},"salt":"[A-Z=]{0,12}"\})"#,
    ) {
        let secrets = Secrets::read(b"password:a\nkey:00").unwrap().spending(1 << 16);
        for bytes in [header::two_with(&text), two(&kdf)] {
            prop_assert!(open(&Volume(bytes), &secrets).is_some());
        }
    }
}
