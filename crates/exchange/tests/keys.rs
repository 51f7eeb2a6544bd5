//! Keys in files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pendeen_exchange::keys::{self, KeyError};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

#[test]
fn a_key_is_made_once_and_loaded_after() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("keys");
    let first = keys::load_or_create_signing(&dir, "centre", &mut rng(1)).unwrap();
    let again = keys::load_or_create_signing(&dir, "centre", &mut rng(2)).unwrap();
    assert_eq!(first.to_bytes(), again.to_bytes());
    let force = keys::load_or_create_identity(&dir, "E23000035", &mut rng(3)).unwrap();
    let again = keys::load_or_create_identity(&dir, "E23000035", &mut rng(4)).unwrap();
    assert_eq!(force.to_public(), again.to_public());
    let mut names: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["E23000035.age", "centre.ed25519"]);
}

#[test]
fn the_same_random_source_gives_the_same_keys() {
    let key = |seed| keys::identity(&mut rng(seed)).to_public();
    assert_eq!(key(7), key(7));
    assert_ne!(key(7), key(8));
}

#[test]
fn key_files_belong_to_their_owner_alone_and_are_refused_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("keys");
    keys::load_or_create_signing(&dir, "centre", &mut rng(1)).unwrap();
    keys::load_or_create_identity(&dir, "force", &mut rng(1)).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for name in ["centre.ed25519", "force.age"] {
        let path = dir.join(name);
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    let refused = keys::load_or_create_signing(&dir, "centre", &mut rng(1)).unwrap_err();
    assert!(matches!(refused, KeyError::Exposed { mode: 0o640, .. }), "{refused}");
    assert!(keys::load_or_create_identity(&dir, "force", &mut rng(1)).is_err());
}

#[test]
fn a_damaged_key_file_is_never_replaced_by_a_new_key() {
    let dir = tempfile::tempdir().unwrap();
    for (name, file) in [("a", "a.ed25519"), ("b", "b.age")] {
        let path = dir.path().join(file);
        fs::write(&path, "# nothing\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let refused = if name == "a" {
            keys::load_or_create_signing(dir.path(), name, &mut rng(1)).map(|_| ())
        } else {
            keys::load_or_create_identity(dir.path(), name, &mut rng(1)).map(|_| ())
        };
        assert!(matches!(refused, Err(KeyError::Unreadable { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "# nothing\n");
    }
}

#[test]
fn names_that_lead_elsewhere_and_public_keys_that_are_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["", "../x", "a/b", "."] {
        let refused = keys::load_or_create_signing(dir.path(), name, &mut rng(1));
        assert!(matches!(refused, Err(KeyError::Name(_))), "{name:?}");
    }
    assert!(keys::signer("00").is_err());
    assert!(keys::signer(&"00".repeat(32)).is_err(), "a weak key");
    assert!(keys::recipient("age1nothing").is_err());
    let force = keys::identity(&mut rng(1)).to_public();
    assert_eq!(keys::recipient(&format!(" {force}\n")).unwrap(), force);
}

#[test]
fn many_that_start_at_once_get_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let public: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|seed| {
                let dir = dir.path();
                scope.spawn(move || {
                    let key = keys::load_or_create_signing(dir, "centre", &mut rng(seed)).unwrap();
                    key.verifying_key().to_bytes()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(public.len(), 1);
}
