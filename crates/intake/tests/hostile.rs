//! Any bytes whatever: no panic, and nothing lost between parts found and parts told.

use std::path::Path;

use pendeen_intake::{Limits, read_document_within};
use proptest::prelude::*;

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 64, elements: 10_000, rows: 10_000 };

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/referrals");
    std::fs::read(folder.join(name)).expect("the fixture is in the repository")
}

/// Reads, and holds what must be so of every answer.
fn check(bytes: &[u8]) {
    match read_document_within("x", bytes, &LIMITS) {
        Ok(document) => {
            assert!(!document.reports.is_empty());
            for report in &document.reports {
                assert!(!report.source.is_empty() && !report.reference.is_empty());
                assert!(report.selectors.iter().all(|s| s.value.trim() == s.value));
                assert!(!report.summary_with_reservations().contains('\0'));
            }
        }
        Err(rejected) => {
            assert!(!rejected.to_string().is_empty());
            if let Some(place) = rejected.place {
                assert!(place.line >= 1 && place.byte <= bytes.len(), "{place:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes);
    }

    #[test]
    fn arbitrary_markup_never_panics(text in "(<[a-z!?/]{0,3}(report|victim|ipCaptureEvent)?( a=['\"])?[^<]{0,5}[>\"]?|&[a-z#0-9]{0,4};?|]]>|-->){0,30}") {
        check(text.as_bytes());
        check(format!("<report>{text}</report>").as_bytes());
    }

    #[test]
    fn arbitrary_tables_never_panic(text in "[a-z0-9,;\"\\r\\n\\t :@.+-]{0,200}") {
        check(text.as_bytes());
        check(format!("reference,source,ip,port,incident_time,phone\n{text}").as_bytes());
    }

    #[test]
    fn changed_samples_never_panic(
        name in prop::sample::select(vec!["maximal.xml", "namespaced.xml", "utf16.xml", "hotline.csv", "bad/doctype.xml"]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = sample(name);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(&bytes);
    }
}
