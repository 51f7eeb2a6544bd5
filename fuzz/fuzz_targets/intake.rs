//! Reads referral documents: nothing may panic, hang, or be neither read nor refused, and what
//! is told of a document stays small beside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_intake::read_document;

fuzz_target!(|data: &[u8]| {
    match read_document("fuzz", data) {
        Ok(document) => {
            assert!(!document.reports.is_empty());
            for report in document.reports {
                assert!(!report.reference.is_empty());
                assert!(report.summary_with_reservations().len() < 100_000);
            }
        }
        Err(rejected) => {
            let place = rejected.place;
            assert!(place.is_none_or(|p| p.line >= 1 && p.byte <= data.len()), "{rejected}");
        }
    }
});
