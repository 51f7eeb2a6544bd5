//! Any bytes whatever: no panic, and nothing lost between parts found and parts told.

use std::path::Path;

use pendeen_intake::{Cause, Limits, read_document_within};
use proptest::prelude::*;

const LIMITS: Limits =
    Limits { bytes: 1 << 20, depth: 64, elements: 10_000, rows: 10_000, identifiers: 1000 };

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

/// Reads a large document. A part of the work that grew faster than the document does would
/// make these tests hang.
fn read_large(text: &str) -> Result<usize, Cause> {
    let limits = Limits { elements: 300_000, rows: 300_000, bytes: 64 << 20, ..LIMITS };
    let document = read_document_within("x", text.as_bytes(), &limits);
    document.map(|d| d.reports.len()).map_err(|r| r.cause)
}

#[test]
fn tens_of_thousands_of_different_identifiers_are_refused_and_the_same_one_is_one() {
    let names = |name: &dyn Fn(usize) -> String| -> String {
        let one = |i| {
            format!(
                "<personOrUserReported><screenName>{}</screenName><age>1</age></personOrUserReported>",
                name(i)
            )
        };
        format!("<report>{}</report>", (0..30_000).map(one).collect::<String>())
    };
    let many = Cause::TooMany { what: "identifiers in one report", limit: 1000 };
    assert_eq!(read_large(&names(&|i| i.to_string())), Err(many.clone()));
    assert_eq!(read_large(&names(&|_| "one".to_owned())), Ok(1));
    let rows = (0..30_000).map(|i| format!("1,a{i}")).collect::<Vec<_>>().join("\n");
    assert_eq!(read_large(&format!("reference,screen_name\n{rows}")), Err(many));
}

#[test]
fn long_names_and_paths_are_not_multiplied() {
    let long = "n".repeat(200);
    let deep = format!("<report>{}", format!("<{long}>").repeat(60));
    let text =
        format!("{deep}{}{}</report>", "<x>1</x>".repeat(30_000), format!("</{long}>").repeat(60));
    let document = read_document_within("x", text.as_bytes(), &Limits::default()).unwrap();
    assert!(document.reports[0].extra.iter().all(|e| e.path.chars().count() <= 250));
    let longer = format!("<report><{long}n>1</{long}n></report>");
    assert!(matches!(read_large(&longer), Err(Cause::TooLong { .. })));
    assert!(matches!(read_large(&format!("reference,{long}n\n1,1")), Err(Cause::TooLong { .. })));
    assert!(matches!(read_large(&format!("reference\n{long}n")), Err(Cause::TooLong { .. })));
}

#[test]
fn a_summary_stays_short_whatever_the_report_holds() {
    let doubts = "<personOrUserReported><email>x</email></personOrUserReported>".repeat(20_000);
    let words = format!("<additionalInfo>{}</additionalInfo>", "word ".repeat(2000)).repeat(100);
    let text =
        format!("<report><reportId>{}</reportId>{doubts}{words}</report>", "7".repeat(10_000));
    let document = read_document_within("x", text.as_bytes(), &Limits::default()).unwrap();
    let report = &document.reports[0];
    assert!(!report.reference_stated);
    assert!(report.summary_with_reservations().chars().count() < 16_000);
    assert!(report.summary_with_reservations().contains("19989 more values"));
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
