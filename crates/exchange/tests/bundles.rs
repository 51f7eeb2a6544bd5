//! Sealing at one end, opening at the other.

use pendeen_casework::force::ForceKey;
use pendeen_exchange::{
    Attachment, Identity, Marking, Meta, OpenError, SealError, SigningKey, keys, open, seal,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn signer(seed: u64) -> SigningKey {
    keys::signing(&mut rng(seed))
}

fn force(seed: u64) -> Identity {
    keys::identity(&mut rng(seed))
}

fn meta() -> Meta {
    Meta {
        number: "PKG-7K3M-9QXD".to_owned(),
        version: 2,
        force: ForceKey::parse("E23000035").expect("a force"),
        created: "2026-11-24T09:30:00Z".parse().expect("a time"),
        marking: Marking::OfficialSensitive,
    }
}

fn package() -> Value {
    json!({"subject": {"name": "Example"}, "lines": ["caf\u{e9}", 1, null]})
}

fn text(name: &str, bytes: &[u8]) -> Attachment {
    Attachment { name: name.to_owned(), bytes: bytes.to_vec() }
}

fn bundle(attachments: &[Attachment]) -> Result<Vec<u8>, SealError> {
    seal(&package(), attachments, &signer(1), &force(2).to_public(), &meta())
}

#[test]
fn what_was_sealed_for_a_force_opens_there_unchanged() {
    let long = "n".repeat(96) + ".txt";
    let attachments =
        [text("a.pdf", b"%PDF-1.4\n"), text(&long, b""), text("Read me.html", b"<p>")];
    let bundle = bundle(&attachments).unwrap();
    let opened =
        open(&bundle, &force(2), &[signer(9).verifying_key(), signer(1).verifying_key()]).unwrap();
    assert_eq!(opened.package, package());
    assert_eq!(opened.meta, meta());
    assert_eq!(opened.signer, signer(1).verifying_key());
    assert_eq!(opened.digest.len(), 64);
    let mut names: Vec<_> = opened.attachments.iter().map(|a| a.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Read me.html", "a.pdf", &long]);
    assert!(opened.attachments.iter().all(|a| attachments.contains(a)));
}

#[test]
fn nothing_of_the_package_can_be_read_from_outside() {
    let bundle = bundle(&[text("a.txt", b"a very plain sentence")]).unwrap();
    for word in [&b"Example"[..], b"plain sentence", b"PKG-7K3M", b"E23000035", b"OFFICIAL"] {
        assert!(!bundle.windows(word.len()).any(|w| w == word));
    }
}

#[test]
fn another_force_cannot_open_it() {
    let bundle = bundle(&[]).unwrap();
    assert_eq!(open(&bundle, &force(3), &[signer(1).verifying_key()]), Err(OpenError::NotForUs));
}

#[test]
fn a_bundle_of_an_unknown_signer_is_refused_and_names_the_key() {
    let bundle = bundle(&[]).unwrap();
    let refused = open(&bundle, &force(2), &[signer(9).verifying_key()]).unwrap_err();
    let OpenError::UnknownSigner { signer: key } = refused else { panic!("{refused:?}") };
    assert_eq!(keys::signer(&key).unwrap(), signer(1).verifying_key());
    assert!(matches!(open(&bundle, &force(2), &[]), Err(OpenError::UnknownSigner { .. })));
}

#[test]
fn what_is_no_bundle_is_said_to_be_none() {
    let good = bundle(&[]).unwrap();
    for bytes in [&b""[..], b"hello", b"age-encryption.org/v1\n", &good[..50], &good[..180]] {
        assert_eq!(open(bytes, &force(2), &[]), Err(OpenError::NotABundle), "{}", bytes.len());
    }
}

#[test]
fn a_bundle_cut_or_lengthened_in_its_content_is_altered() {
    let good = bundle(&[]).unwrap();
    let trusted = [signer(1).verifying_key()];
    let longer = [&good[..], b"x"].concat();
    for bytes in [&good[..good.len() - 1], &good[..good.len() - 600], &longer] {
        let refused = open(bytes, &force(2), &trusted).unwrap_err();
        assert!(matches!(refused, OpenError::Altered { .. }), "{refused:?}");
    }
}

#[test]
fn pictures_videos_and_archives_never_leave() {
    for (name, bytes) in [
        ("a.jpg", &b"\xff\xd8\xff\xe0"[..]),
        ("a.txt", b"\x89PNG\r\n"),
        ("a.mp4", b"\0\0\0\x18ftypmp42"),
        ("a.zip", b"PK\x03\x04\x14\0"),
        ("a.html", b"<img src='DATA:image/png;base64,AAAA'>"),
        ("a.pdf", b"%PDF-1.4\n<< /Subtype /Image >>"),
    ] {
        let refused = bundle(&[text(name, bytes)]).unwrap_err();
        assert!(matches!(refused, SealError::NotAllowed { .. }), "{name}: {refused}");
    }
}

#[test]
fn names_that_lead_elsewhere_are_not_sealed() {
    for name in ["", "../a", "a/b", "a\\b", ".a", "a.", "a\n", "caf\u{e9}", &"n".repeat(101)] {
        assert!(matches!(bundle(&[text(name, b"x")]), Err(SealError::Name(_))), "{name:?}");
    }
    let twice = [text("a.txt", b"x"), text("A.txt", b"y")];
    assert!(matches!(bundle(&twice), Err(SealError::NameTwice(_))));
    let number = Meta { number: "../x".to_owned(), ..meta() };
    let refused = seal(&package(), &[], &signer(1), &force(2).to_public(), &number);
    assert!(matches!(refused, Err(SealError::Number(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_changed_bundle_ever_opens(at in any::<prop::sample::Index>(), change in 1..=255u8) {
        let mut bundle = bundle(&[text("a.txt", b"x")]).unwrap();
        let at = at.index(bundle.len());
        bundle[at] ^= change;
        prop_assert!(open(&bundle, &force(2), &[signer(1).verifying_key()]).is_err());
    }

    #[test]
    fn no_cut_bundle_ever_opens(at in any::<prop::sample::Index>()) {
        let bundle = bundle(&[]).unwrap();
        let cut = &bundle[..at.index(bundle.len())];
        prop_assert!(open(cut, &force(2), &[signer(1).verifying_key()]).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let headed = [b"age-encryption.org/v1\n-> X25519 ", &bytes[..]].concat();
        for bytes in [&bytes, &headed] {
            prop_assert!(open(bytes, &force(2), &[signer(1).verifying_key()]).is_err());
        }
    }
}
