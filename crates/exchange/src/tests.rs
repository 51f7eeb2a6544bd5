//! Bundles made by hand, each wrong in one way: the check that finds it, and no other, says so.

use age::x25519::Identity;
use pendeen_casework::force::ForceKey;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde_json::json;

use crate::bag::{self, Files, TarError};
use crate::open::Malformed;
use crate::seal::signed_bag;
use crate::{Attachment, Marking, Meta, OpenError, SigningKey, keys, open, signature};

struct World {
    signer: SigningKey,
    force: Identity,
    meta: Meta,
}

impl World {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        Self {
            signer: keys::signing(&mut rng),
            force: keys::identity(&mut rng),
            meta: Meta {
                number: "PKG-7K3M-9QXD".to_owned(),
                version: 1,
                force: ForceKey::parse("E23000035").unwrap(),
                created: "2026-11-24T09:30:00Z".parse().unwrap(),
                marking: Marking::OfficialSensitive,
            },
        }
    }

    fn tar(&self) -> Vec<u8> {
        let package = json!({"number": "PKG-7K3M-9QXD", "lines": [1, 2]});
        let attachments =
            [Attachment { name: "summary.txt".to_owned(), bytes: b"Text\n".to_vec() }];
        let to = self.force.to_public();
        signed_bag(&package, &attachments, &self.signer, &to, &self.meta).unwrap()
    }

    fn files(&self) -> Files {
        bag::from_tar(&self.tar()).unwrap().1
    }

    /// Opens a tar as if it had been sealed.
    fn open_tar(&self, tar: &[u8]) -> Result<(), OpenError> {
        let bundle = age::encrypt(&self.force.to_public(), tar).unwrap();
        open(&bundle, &self.force, &[self.signer.verifying_key()]).map(|_| ())
    }

    fn open_files(&self, files: &Files) -> Result<(), OpenError> {
        self.open_tar(&bag::to_tar("PKG-7K3M-9QXD-v1", files, 0).unwrap())
    }

    /// The files with fresh manifests and a good signature: what a dishonest but trusted
    /// signer could send.
    fn resigned(&self, mut files: Files) -> Files {
        let info = files.remove(bag::INFO_FILE).unwrap();
        files.retain(|path, _| path.starts_with("data/"));
        let mut files = bag::complete(files, &Vec::new());
        files.insert(bag::INFO_FILE.to_owned(), info);
        files.remove(bag::TAG_MANIFEST_FILE);
        let tags = bag::manifest(files.iter().filter(|(path, _)| !path.starts_with("data/")));
        let signed = signature::sign(tags.as_bytes(), &self.signer);
        files.insert(bag::TAG_MANIFEST_FILE.to_owned(), tags.into());
        files.insert(bag::SIGNATURE_FILE.to_owned(), signed.into());
        files
    }
}

fn altered(what: &str) -> Result<(), OpenError> {
    Err(OpenError::Altered { what: what.to_owned() })
}

#[test]
fn the_bag_inside_is_the_same_each_time_and_opens() {
    let world = World::new();
    assert_eq!(world.tar(), world.tar());
    assert_eq!(world.open_tar(&world.tar()), Ok(()));
    assert_eq!(world.open_files(&world.resigned(world.files())), Ok(()));
}

#[test]
fn the_bag_has_the_files_of_rfc_8493_and_its_mark_on_the_outside() {
    let files = World::new().files();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "bag-info.txt",
            "bagit.txt",
            "data/attachments/summary.txt",
            "data/package.json",
            "manifest-sha256.txt",
            "signature.ed25519",
            "tagmanifest-sha256.txt",
        ]
    );
    let info = String::from_utf8(files["bag-info.txt"].clone()).unwrap();
    assert!(info.starts_with("Handling-Mark: OFFICIAL-SENSITIVE\n"), "{info}");
    assert!(info.contains("\nBagging-Date: 2026-11-24\n"), "{info}");
    let manifest = String::from_utf8(files["manifest-sha256.txt"].clone()).unwrap();
    // SHA-256 of "Text\n", from sha256sum.
    let digest = "533bfd360a1274c99f13658e6c774d9dc3c4518cd1d31231e6503876509157db";
    assert!(
        manifest.starts_with(&format!("{digest}  data/attachments/summary.txt\n")),
        "{manifest}"
    );
    assert_eq!(manifest.lines().count(), 2);
}

#[test]
fn a_change_of_any_file_is_named() {
    let world = World::new();
    for (path, wanted) in [
        ("data/package.json", "data/package.json"),
        ("data/attachments/summary.txt", "data/attachments/summary.txt"),
        ("bag-info.txt", "bag-info.txt"),
        ("bagit.txt", "bagit.txt"),
        ("manifest-sha256.txt", "manifest-sha256.txt"),
        ("tagmanifest-sha256.txt", "its signature"),
    ] {
        let mut files = world.files();
        files.get_mut(path).unwrap().push(b' ');
        assert_eq!(world.open_files(&files), altered(wanted), "{path}");
    }
}

#[test]
fn a_file_taken_out_or_put_in_is_named() {
    let world = World::new();
    let mut files = world.files();
    files.remove("data/attachments/summary.txt");
    assert_eq!(world.open_files(&files), altered("data/attachments/summary.txt"));
    for stranger in ["data/more.json", "more.txt"] {
        let mut files = world.files();
        files.insert(stranger.to_owned(), b"x".to_vec());
        assert_eq!(world.open_files(&files), altered(stranger));
    }
    for name in ["signature.ed25519", "tagmanifest-sha256.txt"] {
        let mut files = world.files();
        files.remove(name);
        assert_eq!(world.open_files(&files), Err(OpenError::Malformed(Malformed::Missing(name))));
    }
}

#[test]
fn a_signature_of_another_content_or_in_another_form_does_not_hold() {
    let world = World::new();
    let mut files = world.files();
    let other = signature::sign(b"other", &world.signer);
    files.insert("signature.ed25519".to_owned(), other.into());
    assert_eq!(world.open_files(&files), altered("its signature"));
    files.insert("signature.ed25519".to_owned(), b"signer: 00\n".to_vec());
    let unreadable = Malformed::Unreadable("signature.ed25519");
    assert_eq!(world.open_files(&files), Err(OpenError::Malformed(unreadable)));
}

#[test]
fn what_a_trusted_signer_puts_in_is_still_held_to_the_form() {
    let world = World::new();
    let with = |path: &str, bytes: &[u8]| {
        let mut files = world.files();
        files.insert(path.to_owned(), bytes.to_vec());
        world.open_files(&world.resigned(files))
    };
    let malformed = |kind| Err(OpenError::Malformed(kind));
    assert_eq!(
        with("data/package.json", b"{"),
        malformed(Malformed::Unreadable("data/package.json"))
    );
    assert_eq!(
        with("bag-info.txt", b"Force: X\n"),
        malformed(Malformed::Unreadable("bag-info.txt"))
    );
    assert_eq!(with("data/x.bin", b"x"), malformed(Malformed::Stranger("data/x.bin".to_owned())));
    let deep = "data/attachments/a/b.txt";
    assert_eq!(with(deep, b"x"), malformed(Malformed::Stranger(deep.to_owned())));
}

#[test]
fn a_bundle_that_was_passed_on_to_another_force_is_refused_there() {
    let world = World::new();
    let other = keys::identity(&mut ChaCha20Rng::seed_from_u64(6));
    let bundle = age::encrypt(&other.to_public(), &world.tar()).unwrap();
    let trusted = [world.signer.verifying_key()];
    assert_eq!(open(&bundle, &other, &trusted).map(|_| ()), Err(OpenError::PassedOn));
}

/// A tar of one entry with whatever path and type.
fn entry(path: &[u8], kind: tar::EntryType) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..path.len()].copy_from_slice(path);
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    builder.append(&header, &[][..]).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn tricks_with_paths_and_types_of_entries_are_refused() {
    let world = World::new();
    let refused = |tar: &[u8]| match world.open_tar(tar) {
        Err(OpenError::Malformed(Malformed::Archive(error))) => error,
        other => panic!("{other:?}"),
    };
    let file = tar::EntryType::Regular;
    for path in [
        "../x", "/etc/x", "a/../x", "a/./x", "a//x", "a/.x", "x", "a/x\\y", "a/x\n", "a/\u{e9}", "",
    ] {
        assert!(matches!(refused(&entry(path.as_bytes(), file)), TarError::Path(_)), "{path:?}");
    }
    assert!(matches!(refused(&entry(b"a/\xff", file)), TarError::Path(_)));
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Directory,
        tar::EntryType::Char,
        tar::EntryType::Fifo,
        tar::EntryType::GNULongName,
        tar::EntryType::GNUSparse,
        tar::EntryType::XHeader,
        tar::EntryType::XGlobalHeader,
    ] {
        assert_eq!(refused(&entry(b"a/x", kind)), TarError::NotAFile("a/x".to_owned()), "{kind:?}");
    }
    let end = 1024;
    let one = entry(b"a/x", file);
    let two = [&one[..one.len() - end], &one].concat();
    assert_eq!(refused(&two), TarError::Twice("a/x".to_owned()));
    let folders = [&one[..one.len() - end], &entry(b"b/x", file)].concat();
    assert_eq!(refused(&folders), TarError::Folders);
    assert_eq!(refused(b""), TarError::Damaged);
    assert_eq!(refused(&[1; 512]), TarError::Damaged);
    let cut = world.tar();
    assert_eq!(refused(&cut[..700]), TarError::Damaged);
}

#[test]
fn an_entry_that_claims_more_than_there_is_takes_no_memory() {
    let mut tar = entry(b"a/x", tar::EntryType::Regular);
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes().copy_from_slice(&tar[..512]);
    header.set_size(1 << 60);
    header.set_cksum();
    tar[..512].copy_from_slice(header.as_bytes());
    let error = bag::from_tar(&tar).unwrap_err();
    assert!(matches!(error, TarError::TooMuch | TarError::Damaged), "{error:?}");
}
