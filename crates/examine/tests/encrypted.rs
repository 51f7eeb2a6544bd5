//! Encrypted volumes, end to end: recognised, opened with a secret, or said not to be.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use pendeen_evidence::unit::ByteLen;
use pendeen_evidence::unlock::{By, Kind, Status};
use pendeen_examine::{
    Examination, ExamineError, Mode, Options, Silent, Unlock, item_content, run,
};
use pendeen_item::{Gap, Item, read_gaps};
use pendeen_unlock::fixture::{Method, Protector, bitlocker, startup_file};
use support::{have, items, options, real_images, recipe, tables, text, workers};

const AUTHORITY: &str = "notice under RIPA 2000 s.49, reference <4711>";
const PASSWORD: &str = "correct horse";
const RECOVERY: &[u8; 16] = b"sixteen bytes k!";
/// `printf "kept on a stick" | md5sum`
const NOTE_MD5: &str = "d559d2c06a980822093d9bc9f895ce26";

fn unlock(dir: &Path, secrets: &str) -> Option<Unlock> {
    let path = dir.join("secrets");
    fs::write(&path, secrets).unwrap();
    Some(Unlock::load(&[path], AUTHORITY).unwrap())
}

fn examine(image: &Path, out: &Path, mode: Mode<'static>) -> Result<Examination, ExamineError> {
    run(&Options { mode, ..options(&[image], &[], out, 2) }, &Silent)
}

fn gaps(out: &Path) -> Vec<Gap> {
    read_gaps(&out.join("gaps.parquet")).unwrap()
}

fn item<'a>(items: &'a [Item], path: &str) -> &'a Item {
    let paths = || items.iter().map(|item| &item.forensic_path).collect::<Vec<_>>();
    items.iter().find(|i| i.forensic_path == path).unwrap_or_else(|| panic!("{:?}", paths()))
}

/// Whether a file below `folder` has these bytes.
fn written(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return written(&path, bytes);
        }
        fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes)
    })
}

/// The public BitLocker image, where it is there.
fn real_bitlocker(dir: &Path) -> Option<PathBuf> {
    let packed = real_images()?.join("bitlk-aes-xts-128.img.xz");
    if !packed.exists() || !have(&["xz"]) {
        println!("{} is not there: this test is left out", packed.display());
        return None;
    }
    let path = dir.join("bitlocker.img");
    let unpacked = Command::new("xz").arg("-dkc").arg(packed).output().unwrap();
    fs::write(&path, unpacked.stdout).unwrap();
    Some(path)
}

/// An ext4 file system in a LUKS2 volume, which is the second partition of a disk.
fn luks(dir: &Path) -> Option<PathBuf> {
    if !have(&["cryptsetup", "mke2fs"]) {
        return None;
    }
    let (tree, plain) = (dir.join("tree"), dir.join("plain.img"));
    fs::create_dir_all(tree.join("Pictures")).unwrap();
    fs::write(tree.join("Pictures/beach.txt"), "sand".repeat(9000)).unwrap();
    fs::write(tree.join("note.txt"), "hidden in the volume").unwrap();
    recipe("mke2fs", &["-q", "-F", "-t", "ext4", "-d", text(&tree), text(&plain), "4M"]);
    fs::OpenOptions::new().write(true).open(&plain).unwrap().set_len(36 << 20).unwrap();
    let password = dir.join("password");
    fs::write(&password, PASSWORD).unwrap();
    let key = ["--batch-mode", "--disable-locks", "--key-file", text(&password), text(&plain)];
    let encrypt = ["reencrypt", "--encrypt", "--type", "luks2", "--reduce-device-size", "32M"];
    let few = ["--pbkdf", "argon2id", "--pbkdf-memory", "1024", "--pbkdf-force-iterations", "4"];
    recipe("cryptsetup", &[&encrypt[..], &few, &["--pbkdf-parallel", "1"], &key].concat());
    // A partition table with the volume at sector 2048.
    let mut disk = vec![0; 1 << 20];
    let volume = fs::read(&plain).unwrap();
    let sectors = u32::try_from(volume.len() / 512).unwrap();
    disk[446 + 4] = 0x83;
    disk[446 + 8..446 + 12].copy_from_slice(&2048_u32.to_le_bytes());
    disk[446 + 12..446 + 16].copy_from_slice(&sectors.to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk.extend_from_slice(&volume);
    let path = dir.join("disk.img");
    fs::write(&path, disk).unwrap();
    Some(path)
}

#[test]
fn a_bitlocker_volume_is_examined_like_any_other_where_its_password_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = real_bitlocker(dir.path()) else { return };
    let out = dir.path().join("out");
    let unlock = unlock(dir.path(), "not this one\npassword:anaconda\n");
    let examination = examine(&image, &out, Mode { unlock, ..Mode::default() }).unwrap();
    let [encryption] = &examination.encryption[..] else { panic!("{examination:?}") };
    assert_eq!((encryption.kind, &*encryption.forensic_path), (Kind::BitLocker, ""));
    assert_eq!(encryption.cipher.as_deref(), Some("AES-XTS-128"));
    let opened = matches!(
        &encryption.status,
        Status::Opened { secret: Some(2), by: By::Password, protector }
            if protector.starts_with("password {")
    );
    assert!(opened, "{encryption:?}");
    // All but the metadata and the boot sector was left out of the public image.
    assert!(gaps(&out).iter().all(|gap| gap.forensic_path == "bitlocker"), "{:?}", gaps(&out));
    for secret in ["anaconda", "not this one"] {
        assert!(!written(&out, secret.as_bytes()), "{secret}");
    }
}

#[test]
fn a_file_in_a_bitlocker_volume_is_found_by_each_kind_of_secret() {
    let dir = tempfile::tempdir().unwrap();
    if !have(&["mkfs.fat", "mcopy"]) {
        return;
    }
    let (plain, note) = (dir.path().join("plain.img"), dir.path().join("note.txt"));
    fs::write(&note, "kept on a stick").unwrap();
    recipe("mkfs.fat", &["-C", "-n", "STICK", text(&plain), "2048"]);
    recipe("mcopy", &["-i", text(&plain), text(&note), "::NOTE.TXT"]);
    let protectors = [
        Protector::Tpm,
        Protector::Password("stra\u{df}e"),
        Protector::Recovery(*RECOVERY),
        Protector::Startup([3; 32]),
    ];
    let volume = bitlocker(&fs::read(&plain).unwrap(), Method::Elephant128, &protectors);
    let image = dir.path().join("stick.img");
    fs::write(&image, volume).unwrap();
    let groups = RECOVERY.chunks(2).map(|pair| u32::from(pair[0]) + u32::from(pair[1]) * 256);
    let digits: Vec<String> = groups.map(|group| format!("{:06}", group * 11)).collect();
    let secrets = [
        (b"stra\xc3\x9fe".to_vec(), By::Password),
        (digits.join("-").into_bytes(), By::RecoveryPassword),
        (startup_file([3; 32]), By::StartupKey),
    ];
    let mut all = Vec::new();
    for (secret, wanted) in secrets {
        let out = dir.path().join(format!("{wanted:?}"));
        let path = dir.path().join("secrets");
        fs::write(&path, secret).unwrap();
        let unlock = Some(Unlock::load(&[path], AUTHORITY).unwrap());
        let examination = examine(&image, &out, Mode { unlock, ..Mode::default() }).unwrap();
        let status = &examination.encryption[0].status;
        assert!(matches!(status, Status::Opened { by, .. } if *by == wanted), "{status:?}");
        assert!(gaps(&out).is_empty(), "{:?}", gaps(&out));
        let found = items(&out);
        let note = item(&found, "bitlocker/fat12:/NOTE.TXT");
        assert_eq!(note.md5.map(hex::encode).as_deref(), Some(NOTE_MD5));
        all.push(tables(&out));
        let content = item_content(&out, &note.id(), &workers(), ByteLen(1 << 20));
        let error = content.unwrap_err().to_string();
        assert!(error.contains("its key is not kept"), "{error}");
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "the tables depend on the secret");
}

#[test]
fn a_wrong_password_and_none_are_statuses_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = real_bitlocker(dir.path()) else { return };
    let out = dir.path().join("wrong");
    let mode = Mode { unlock: unlock(dir.path(), "a\nb"), ..Mode::default() };
    let options = Options { carve: false, mode, ..options(&[&image], &[], &out, 2) };
    let examination = run(&options, &Silent).unwrap();
    assert_eq!(examination.encryption[0].status, Status::WrongSecret { tried: 2 });
    let all = gaps(&out);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].reason.contains("wrong secret, none of the 2 given opens it"), "{all:?}");
    assert!(all[0].reason.contains("recovery password {"), "what would open it is said: {all:?}");
    let out = dir.path().join("none");
    let mode = Mode::default();
    let examination = run(&Options { mode, out: out.clone(), ..options }, &Silent).unwrap();
    assert_eq!(examination.encryption[0].status, Status::NoSecret);
    assert!(gaps(&out)[0].reason.contains("no secret was given"));
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("BitLocker, AES-XTS-128: not opened: no secret was given"));
}

#[test]
fn a_luks_volume_in_a_partition_keeps_its_place_and_is_carved_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = luks(dir.path()) else { return };
    let out = dir.path().join("out");
    let open = || Mode { unlock: unlock(dir.path(), PASSWORD), ..Mode::default() };
    let examination = examine(&image, &out, open()).unwrap();
    let encryption = &examination.encryption[0];
    assert_eq!((encryption.kind, &*encryption.forensic_path), (Kind::Luks2, "p1"));
    let found = items(&out);
    let note = item(&found, "p1/luks2/ext4:/note.txt");
    assert_eq!(note.size_bytes, 20);
    assert_eq!(item(&found, "p1/luks2/ext4:/Pictures/beach.txt").size_bytes, 36_000);
    assert!(gaps(&out).is_empty(), "{:?}", gaps(&out));
    let record = fs::read_to_string(out.join("examination.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(json["options"]["unlock"]["authority"], AUTHORITY);
    assert_eq!(json["options"]["unlock"]["secrets"], 1);
    assert_eq!(json["encryption"][0]["status"], "opened");
    assert_eq!(pendeen_examine::load(&out).unwrap(), examination);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("reference &lt;4711&gt;"), "the authority is said, as text");
    assert!(report.contains("LUKS2, aes-xts-plain64: opened with secret 1 as password"));
    assert!(!written(&out, PASSWORD.as_bytes()));
    let again = dir.path().join("again");
    run(&Options { mode: open(), ..options(&[&image], &[], &again, 1) }, &Silent).unwrap();
    assert_eq!(tables(&out), tables(&again), "on one thread as on two");
}

#[test]
fn an_encrypted_image_inside_another_is_opened_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = luks(dir.path()) else { return };
    let folder = dir.path().join("machines");
    fs::create_dir(&folder).unwrap();
    let inner = folder.join("machine.qcow2");
    if !have(&["qemu-img"]) {
        return;
    }
    recipe("qemu-img", &["convert", "-O", "qcow2", text(&image), text(&inner)]);
    let out = dir.path().join("out");
    let mode = Mode { unlock: unlock(dir.path(), PASSWORD), ..Mode::default() };
    let examination = examine(&folder, &out, mode).unwrap();
    let path = "/machine.qcow2!/p1";
    let places: Vec<_> = examination.encryption.iter().map(|e| &*e.forensic_path).collect();
    assert_eq!(places, [path]);
    let found = items(&out);
    assert_eq!(item(&found, &format!("{path}/luks2/ext4:/note.txt")).size_bytes, 20);
}

#[test]
fn a_run_that_resumes_with_other_secrets_says_what_differs() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = luks(dir.path()) else { return };
    let out = dir.path().join("out");
    static STOP: AtomicBool = AtomicBool::new(false);
    let open = |resume| Mode { unlock: unlock(dir.path(), PASSWORD), resume, ..Mode::default() };
    // Stopped when reading begins, after the listing is kept.
    struct StopOnReading;
    impl pendeen_examine::Progress for StopOnReading {
        fn begin(&self, step: pendeen_examine::Step, _: Option<u64>, _: Option<u64>) {
            let reading = step == pendeen_examine::Step::Reading;
            STOP.store(reading, std::sync::atomic::Ordering::Relaxed);
        }
        fn advance(&self, _: u64, _: u64) {}
    }
    let mode = Mode { stop: Some(&STOP), ..open(false) };
    let stopped = run(&Options { mode, ..options(&[&image], &[], &out, 1) }, &StopOnReading);
    assert!(matches!(stopped, Err(ExamineError::Interrupted { .. })), "{stopped:?}");
    let partial = dir.path().join("out.partial");
    assert!(partial.is_dir() && !written(&partial, PASSWORD.as_bytes()));
    let without = examine(&image, &out, Mode { resume: true, ..Mode::default() }).unwrap_err();
    let said = without.to_string();
    assert!(said.contains("had p1 (LUKS2) open, this one has no encrypted volume"), "{said}");
    examine(&image, &out, open(true)).unwrap();
    let whole = dir.path().join("whole");
    examine(&image, &whole, open(false)).unwrap();
    assert_eq!(tables(&out), tables(&whole));
}
