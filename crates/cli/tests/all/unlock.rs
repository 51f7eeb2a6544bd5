//! `pendeen examine --unlock`: secrets come in by a file or a descriptor, and go out nowhere.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use pendeen_unlock::fixture::{Method, Protector, bitlocker};

use crate::support::disk::{SMALL, fat, some_files};
use crate::support::{Ran, command, examine, gaps, items, pendeen, record, text};

const PASSWORD: &str = "Tr0ub4dor&3, and more";
const AUTHORITY: &str = "RIPA 2000 s.49 notice 17";

/// A FAT volume in a BitLocker volume, and a file with its password.
fn encrypted(dir: &Path) -> (PathBuf, PathBuf) {
    let plain = fat(SMALL, &some_files(7));
    let volume = bitlocker(&plain, Method::Xts128, &[Protector::Password(PASSWORD)]);
    let (image, secrets) = (dir.join("stick.img"), dir.join("secrets"));
    fs::write(&image, volume).unwrap();
    fs::write(&secrets, format!("{PASSWORD}\n")).unwrap();
    (image, secrets)
}

#[test]
fn a_secret_from_a_descriptor_opens_a_volume_and_is_in_no_output() {
    let dir = tempfile::tempdir().unwrap();
    let (image, secrets) = encrypted(dir.path());
    for (number, name) in ["-", "/dev/fd/0"].into_iter().enumerate() {
        let out = dir.path().join(format!("out-{number}"));
        let ran = Ran::of(
            command(["examine", text(&image), "--out", text(&out)])
                .args(["--unlock", name, "--unlock-authority", AUTHORITY])
                .stdin(Stdio::from(File::open(&secrets).unwrap())),
        )
        .ended(0);
        let said = ran.stdout();
        let told = "the whole image: BitLocker, AES-XTS-128: opened with secret 1 as password";
        assert!(said.contains(told), "{said}");
        let record = record(&out);
        assert_eq!(record["options"]["unlock"]["authority"], AUTHORITY);
        assert_eq!(record["encryption"][0]["status"], "opened");
        let all = items(&out);
        assert!(all.len() >= 40 && all.iter().all(|i| i.forensic_path.starts_with("bitlocker/")));
        for file in fs::read_dir(&out).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            let has = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
            assert!(!has && !said.contains(PASSWORD));
        }
    }
}

#[test]
fn what_would_open_a_volume_is_told_of_the_image_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (image, _) = encrypted(dir.path());
    let said = pendeen(["image", "info", text(&image)]).ended(0).stdout();
    assert!(said.contains("BitLocker, AES-XTS-128"), "{said}");
    assert!(said.contains("password {00000000-0000-0000-0000-000000000000}"), "{said}");
    let json = pendeen(["image", "info", "--json", text(&image)]).ended(0).json();
    assert_eq!(json["encryption"][0]["status"], "no_secret");
    assert_eq!(json["volumes"][0]["label"], "");
}

#[test]
fn a_wrong_secret_is_a_status_of_its_own_and_ends_with_gaps() {
    let dir = tempfile::tempdir().unwrap();
    let (image, secrets) = encrypted(dir.path());
    fs::write(&secrets, "not this\nnor this\n").unwrap();
    let out = dir.path().join("out");
    let more = ["--unlock", text(&secrets), "--unlock-authority", AUTHORITY, "--no-carve"];
    examine(&[&image], &out, &more).ended(3);
    let record = record(&out);
    assert_eq!(record["encryption"][0]["status"], "wrong_secret");
    assert_eq!(record["encryption"][0]["tried"], 2);
    let gaps = gaps(&out);
    assert!(gaps.len() == 1 && gaps[0].reason.contains("wrong secret"), "{gaps:?}");
}

#[test]
fn secrets_without_an_authority_or_an_authority_without_secrets_are_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    let (image, secrets) = encrypted(dir.path());
    let out = dir.path().join("out");
    examine(&[&image], &out, &["--unlock", text(&secrets)]).ended(2);
    examine(&[&image], &out, &["--unlock-authority", AUTHORITY]).ended(2);
    let blank = ["--unlock", text(&secrets), "--unlock-authority", " "];
    examine(&[&image], &out, &blank).failed_saying(&["authority"]);
    fs::write(&secrets, "key:0g").unwrap();
    let more = ["--unlock", text(&secrets), "--unlock-authority", AUTHORITY];
    examine(&[&image], &out, &more).failed_saying(&["line 1 is no key"]);
    assert!(!out.exists());
}
