//! The demo's documents: readable, neutral, and belonging together.
#![cfg(feature = "synthetic")]

use std::collections::{BTreeMap, BTreeSet};

use pendeen_intake::{read_document, selector, synthetic};

#[test]
fn a_dozen_reports_a_table_and_one_bad_document_come_out_the_same_each_time() {
    let samples = synthetic::referrals(7, 12);
    assert_eq!(samples, synthetic::referrals(7, 12));
    assert_ne!(samples, synthetic::referrals(8, 12));
    assert_eq!(samples.len(), 14);
    let names: BTreeSet<_> = samples.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), 14);
    let read: Vec<_> =
        samples.iter().map(|s| read_document(&s.name, &s.bytes).map(|d| d.reports.len())).collect();
    assert!(read[..12].iter().all(|r| *r == Ok(1)), "{read:?}");
    assert_eq!(read[12], Ok(4));
    assert!(read[13].is_err());
}

#[test]
fn several_reports_share_an_identifier_and_so_belong_together() {
    let mut by_selector: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for sample in synthetic::referrals(7, 12) {
        for report in read_document(&sample.name, &sample.bytes).into_iter().flat_map(|d| d.reports)
        {
            assert_eq!(report.doubts, [], "{}", sample.name);
            for selector in report.selectors {
                by_selector.entry(selector.value).or_default().insert(report.reference.clone());
            }
        }
    }
    let together = by_selector.values().filter(|reports| reports.len() >= 3).count();
    assert!(together >= 4, "{by_selector:?}");
}

#[test]
fn only_addresses_and_numbers_set_aside_for_examples_are_used() {
    for seed in 0..50 {
        for sample in synthetic::referrals(seed, 12) {
            let Ok(document) = read_document(&sample.name, &sample.bytes) else { continue };
            for selector in document.reports.into_iter().flat_map(|r| r.selectors) {
                let value = selector.value.as_str();
                let neutral = match selector.kind.key() {
                    "email" => ["@example.org", "@example.net", "@example.com"]
                        .iter()
                        .any(|d| value.ends_with(d)),
                    "phone" => value.starts_with("+447700900") && value.len() == 13,
                    "url" => value.contains(".example."),
                    "ip" => {
                        let (ip, _) = selector::address(value, None).unwrap();
                        let text = ip.to_string();
                        ["192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"]
                            .iter()
                            .any(|net| text.starts_with(net))
                    }
                    _ => true,
                };
                assert!(neutral, "{value}");
            }
        }
    }
}
