//! Whole documents: what is read from good ones, how bad ones are refused.

use std::fs;
use std::path::{Path, PathBuf};

use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::observation::Observation;
use pendeen_casework::record::referral::{Referral, SelectorKind};
use pendeen_casework::record::{ActContext, Head, Id, Kind, Related, create};
use pendeen_casework::settings::Settings;
use pendeen_intake::{
    Cause, Document, Format, Limits, Outcome, PartyRole, Place, Rejected, Report, Status,
    read_document, read_document_within,
};
use uuid::Uuid;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("the fixture is in the repository")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/referrals")
}

fn read(name: &str) -> Document {
    read_document(name, &fixture(name)).expect("the fixture is a good document")
}

fn refused(bytes: &[u8]) -> Rejected {
    read_document("x", bytes).expect_err("the document is a bad one")
}

fn selectors(report: &Report) -> Vec<(&str, &str)> {
    report.selectors.iter().map(|s| (s.kind.key(), s.value.as_str())).collect()
}

#[test]
fn a_maximal_report_gives_every_identifier_of_the_person_reported_once() {
    let document = read("maximal.xml");
    assert_eq!(document.format, Format::CyberTipline);
    let [report] = &document.reports[..] else { panic!("one report") };
    assert_eq!((&*report.source, &*report.reference), ("NCMEC", "70001001"));
    assert_eq!(
        selectors(report),
        [
            ("url", "https://share.example.com/f/0a1b2c3d"),
            ("email", "copper.heron@example.net"),
            ("phone", "+447700900123"),
            ("phone", "+441632960456"),
            ("email", "copper.heron@example.org"),
            ("screen_name", "copper.heron.10"),
            ("url", "https://chat.example.net/u/copper.heron.10"),
            ("ip", "203.0.113.17:51413"),
            ("ip", "2001:db8::17"),
            ("device_id", "9f3c00aa17e2d4b1"),
            ("screen_name", "heron.two"),
            ("email", "heron.two@example.com"),
            ("url", "https://share.example.com/f/landscape-0001"),
        ]
    );
}

#[test]
fn children_recipients_and_reporters_never_become_identifiers_of_the_person_reported() {
    let document = read("maximal.xml");
    let report = &document.reports[0];
    let others: Vec<_> =
        report.other_selectors.iter().map(|o| (o.role, o.selector.value.as_str())).collect();
    assert_eq!(
        others,
        [
            (PartyRole::Recipient, "willow.anchor"),
            (PartyRole::Recipient, "198.51.100.9"),
            (PartyRole::Victim, "lantern.pebble"),
        ]
    );
    for value in ["reports@example.com", "desk@example.org", "lantern.pebble", "willow.anchor"] {
        assert!(report.selectors.iter().all(|s| s.value != value), "{value}");
    }
    let reporter = "reporter/reportingPerson/email";
    assert!(report.extra.iter().any(|e| e.path == reporter && e.value == "reports@example.com"));
}

#[test]
fn times_are_utc_and_a_missing_zone_is_said() {
    let document = read("maximal.xml");
    let report = &document.reports[0];
    assert_eq!(report.incident.unwrap().to_string(), "2026-07-01T09:30:00Z");
    assert_eq!(report.incident_raw.as_deref(), Some("2026-07-01T10:30:00+01:00"));
    let times: Vec<_> = report
        .observations
        .iter()
        .map(|o| (o.ip.to_string(), o.time.map(|t| t.to_string()), o.zone_stated))
        .collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(
        times,
        [
            ("203.0.113.17".to_owned(), at("2026-07-01T09:29:58Z"), true),
            ("2001:db8::17".to_owned(), at("2026-07-01T09:30:02Z"), false),
            ("192.168.1.20".to_owned(), None, false),
            ("198.51.100.9".to_owned(), at("2026-07-01T09:31:00Z"), true),
            ("203.0.113.17".to_owned(), at("2026-07-01T09:30:00Z"), true),
        ]
    );
    assert!(report.summary_with_reservations().contains("taken as UTC (1 of 5 observations)"));
}

#[test]
fn what_is_no_identifier_is_doubted_and_what_is_unknown_is_kept() {
    let document = read("maximal.xml");
    let report = &document.reports[0];
    let doubts: Vec<_> = report.doubts.iter().map(|d| d.value.as_str()).collect();
    assert_eq!(doubts, ["not an address", "192.168.1.20", "0123"]);
    for (path, value) in [
        ("futureElement", "kept as text"),
        ("futureElement@unit", "x"),
        ("personOrUserReported/estimatedLocation@countryCode", "GB"),
        ("fileDetails/details/nameValuePair/value", "Example Camera 1"),
        ("personOrUserReported/deviceId/idType", "Android ID"),
        ("fileDetails/industryClassification", "B2"),
        ("internetDetails/emailIncident/content", "See the link & reply"),
    ] {
        assert!(report.extra.iter().any(|e| e.path == path && e.value == value), "{path}");
    }
}

#[test]
fn every_text_of_a_report_is_somewhere_in_what_was_read() {
    let document = read("maximal.xml");
    let shown = format!("{:?}", document.reports[0]);
    for word in [
        "Example Share",
        "shared household",
        "spam",
        "informational",
        "Time of the upload",
        "Shared by link",
        "Example Constabulary",
        "desk@example.org",
        "Reporting desk",
        "Exampleton",
        "legal",
        "Copper",
        "Heron",
        "900817",
        "Copper H",
        "69990001",
        "Linked",
        "Account made in 2025",
        "Example School",
        "landscape-0001.jpg",
        "0123456789abcdef0123456789abcdef",
        "AAECAwQF",
        "photodna",
        "Mobile",
        "Synthetic example",
        "false",
    ] {
        assert!(shown.contains(word), "{word}");
    }
}

#[test]
fn priority_and_a_described_child_make_a_report_urgent_and_a_plain_no_does_not() {
    assert!(read("maximal.xml").reports[0].urgent);
    let urgent = |inner: &str| {
        let xml = format!(
            "<report><incidentSummary>{inner}<incidentType>x</incidentType></incidentSummary></report>"
        );
        read_document("x", xml.as_bytes()).unwrap().reports[0].urgent
    };
    assert!(urgent("<escalateToHighPriority>now</escalateToHighPriority>"));
    assert!(!urgent("<escalateToHighPriority>false</escalateToHighPriority>"));
    assert!(!urgent("<escalateToHighPriority/>"));
    let child = b"<report><victim><victimPerson><age>9</age></victimPerson></victim></report>";
    assert!(read_document("x", child).unwrap().reports[0].urgent);
}

#[test]
fn a_sparse_report_is_a_report_with_a_reference_of_our_own() {
    let document = read("sparse.xml");
    let report = &document.reports[0];
    assert_eq!(selectors(report), [("screen_name", "meadow.bridge.11")]);
    assert_eq!(report.reference, format!("document {}", &document.digest.as_str()[..16]));
    assert!(!report.reference_stated);
    assert!(report.summary.contains("1 identifiers"));
}

#[test]
fn encodings_prefixes_and_letter_case_change_nothing() {
    assert_eq!(selectors(&read("utf16.xml").reports[0]), selectors(&read("sparse.xml").reports[0]));
    let document = read("namespaced.xml");
    let references: Vec<_> = document.reports.iter().map(|r| (&*r.reference, r.line)).collect();
    assert_eq!(references, [("70001002", 3), ("70001003", 7)]);
    assert_eq!(selectors(&document.reports[0]), [("email", "winter.kite@example.org")]);
    assert_eq!(
        selectors(&document.reports[1]),
        [("url", "https://chat.example.net/u/winter.kite")]
    );
    assert_eq!(document.rejected.len(), 1);
    assert_eq!(document.rejected[0].cause, Cause::Blank);
}

#[test]
fn rows_of_one_reference_make_one_report_and_bad_rows_are_told_by_line() {
    let document = read("hotline.csv");
    assert_eq!(document.format, Format::Csv);
    let [first, second] = &document.reports[..] else { panic!("two reports") };
    assert_eq!(
        selectors(first),
        [
            ("email", "orchard.compass@example.org"),
            ("screen_name", "orchard.compass"),
            ("phone", "+447700900456"),
            ("url", "https://pages.example.net/a"),
            ("ip", "198.51.100.23:40001"),
            ("device_id", "dev-1"),
            ("ip", "198.51.100.24"),
        ]
    );
    assert_eq!(first.summary, "A page was reported, synthetic example");
    assert_eq!((first.urgent, second.urgent), (false, true));
    assert_eq!(first.extra[0].value, "North");
    assert_eq!(first.observations.len(), 2);
    assert_eq!(second.incident.unwrap().to_string(), "2026-07-03T10:15:00Z");
    assert!(second.doubts[0].why.contains("taken as UTC"));
    let rejected: Vec<_> =
        document.rejected.iter().map(|r| (r.place.unwrap().line, r.cause.clone())).collect();
    assert_eq!(rejected, [(5, Cause::NoReference), (6, Cause::RowLength { found: 3, wanted: 13 })]);
}

#[test]
fn a_table_may_use_semicolons_or_tabs() {
    for separator in [";", "\t"] {
        let text =
            ["reference,source,email", "1,IWF,a@example.org"].join("\n").replace(',', separator);
        let document = read_document("x", text.as_bytes()).unwrap();
        assert_eq!(selectors(&document.reports[0]), [("email", "a@example.org")]);
    }
}

#[test]
fn entities_of_a_document_s_own_are_refused_where_they_stand() {
    for name in ["bad/doctype.xml", "bad/external.xml"] {
        let rejected = refused(&fixture(name));
        assert_eq!(rejected.cause, Cause::Doctype, "{name}");
        assert_eq!(rejected.place, Some(Place { line: 2, byte: 22 }), "{name}");
    }
    let rejected = refused(b"<report>\n<a>&bomb;</a></report>");
    assert_eq!(rejected.cause, Cause::Entity { name: "bomb".to_owned() });
    assert_eq!(rejected.place.map(|p| p.line), Some(2));
    assert!(matches!(refused(b"<report a='&bomb;'>x</report>").cause, Cause::Malformed { .. }));
}

#[test]
fn malformed_xml_is_refused_with_its_place() {
    let rejected = refused(&fixture("bad/cut-short.xml"));
    assert_eq!(rejected.place.map(|p| p.line), Some(4));
    assert!(rejected.to_string().contains("cut short"), "{rejected}");
    for bytes in [
        &b"<report><a></b></report>"[..],
        b"<report>x</report><report>y</report>",
        b"<report>x</report> y",
        b"<report",
        b"<",
        b"<report><![CDATA[x</report>",
        b"<report>&#0;</report>",
        b"<report>&#1;</report>",
        b"<report a='1' a='2'>x</report>",
        b"<?xml version='1.0'?>",
    ] {
        let rejected = refused(bytes);
        assert!(rejected.place.is_some(), "{rejected}");
    }
}

#[test]
fn what_is_no_report_is_refused_with_what_to_do() {
    assert_eq!(
        refused(&fixture("bad/page.xml")).cause,
        Cause::NotAReport { root: "html".to_owned() }
    );
    assert_eq!(refused(&fixture("bad/no-header.csv")).cause, Cause::NoHeader);
    assert_eq!(refused(&fixture("bad/latin1.csv")).place, Some(Place { line: 2, byte: 49 }));
    assert_eq!(refused(b"<report/>").cause, Cause::Blank);
    assert_eq!(refused(b"").cause, Cause::Empty);
    assert_eq!(refused(b"reference,source\n").cause, Cause::Blank);
    assert_eq!(refused(b"reference\n \n").cause, Cause::Blank);
    assert!(matches!(refused(b"reference,reference\n1,2\n").cause, Cause::ColumnTwice { .. }));
    for rejected in [refused(b"hello"), refused(b"%PDF-1.4"), refused(b"{}")] {
        assert!(!rejected.remedy().is_empty());
    }
}

#[test]
fn limits_are_kept_at_their_edge() {
    let limits = Limits { bytes: 200, depth: 4, elements: 5, rows: 2, identifiers: 2 };
    let within = |text: &str| read_document_within("x", text.as_bytes(), &limits);
    let nested =
        |depth: usize| format!("{}x{}", "<report>".repeat(depth), "</report>".repeat(depth));
    assert!(within(&nested(4)).is_ok());
    assert_eq!(within(&nested(5)).unwrap_err().cause, Cause::TooDeep { limit: 4 });
    let wide = |count: usize| format!("<report>x{}</report>", "<a/>".repeat(count));
    assert!(within(&wide(4)).is_ok());
    assert!(matches!(within(&wide(5)).unwrap_err().cause, Cause::TooMany { .. }));
    let rows = |count: usize| format!("reference\n{}", "1\n".repeat(count));
    assert!(within(&rows(2)).is_ok());
    assert!(matches!(within(&rows(3)).unwrap_err().cause, Cause::TooMany { .. }));
    assert!(matches!(within(&"x".repeat(201)).unwrap_err().cause, Cause::TooLarge { .. }));
}

#[test]
fn the_same_report_has_one_key_even_in_another_document() {
    let key = |text: &[u8]| read_document("x", text).unwrap().reports[0].key();
    let first = key(b"<report><reportId>7</reportId></report>");
    assert_eq!(first, key(b"<report>\n<reportId> 7 </reportId></report>"));
    assert_ne!(first, key(b"<report><reportId>8</reportId></report>"));
    assert_ne!(first, key(b"reference,source\n7,IWF\n"));
}

#[test]
fn details_of_a_file_are_a_document_of_their_own() {
    let xml = b"<fileDetails><reportId>7</reportId><fileId>f1</fileId><originalFileHash hashType='SHA-256'>00</originalFileHash></fileDetails>";
    let report = read_document("x", xml).unwrap().reports.remove(0);
    assert_eq!(report.reference, "7 file f1");
    assert_eq!(report.doubts.len(), 1);
}

#[test]
fn an_outcome_is_one_line_with_the_keys_of_the_contract() {
    let document = read("hotline.csv");
    let stored = [
        (Status::Duplicate, Some("REF-A".to_owned())),
        (Status::Accepted, Some("REF-B".to_owned())),
    ];
    let outcome = Outcome::read(&document, &stored);
    let line = serde_json::to_value(&outcome).unwrap();
    assert_eq!(line["file"], "hotline.csv");
    assert_eq!(line["status"], "accepted");
    assert_eq!(line["referral"], "REF-A");
    assert_eq!(line["selectors"][0]["kind"], "email");
    assert_eq!(line["selectors"][0]["value"], "orchard.compass@example.org");
    assert_eq!(line["parts"].as_array().map(Vec::len), Some(4));
    let bytes = fixture("bad/doctype.xml");
    let rejected = refused(&bytes);
    let line = serde_json::to_value(Outcome::rejected("doctype.xml", &bytes, &rejected)).unwrap();
    assert_eq!(line["status"], "rejected");
    assert!(
        line["reason"].as_str().unwrap().starts_with("line 2, byte 22: the document has a DOCTYPE")
    );
    assert_eq!(line["referral"], serde_json::Value::Null);
}

#[test]
fn kinds_of_selector_are_named_as_the_contract_says() {
    let kinds = [
        SelectorKind::Email,
        SelectorKind::Ip,
        SelectorKind::ScreenName,
        SelectorKind::Phone,
        SelectorKind::DeviceId,
        SelectorKind::Url,
    ];
    let names: Vec<_> = kinds.iter().map(|k| serde_json::to_value(k).unwrap()).collect();
    assert_eq!(names, ["email", "ip", "screen_name", "phone", "device_id", "url"]);
}

#[test]
fn a_report_becomes_a_referral_and_an_observation_for_each_address_with_a_time() {
    let report = read("maximal.xml").reports.remove(0);
    let world = Person {
        id: PersonId(Uuid::from_u128(1)),
        name: "DC Example".to_owned(),
        roles: [Role::IntelligenceOfficer].into(),
        force: None,
        knows: Knows::default(),
    };
    let now = "2026-07-02T00:00:00Z".parse().unwrap();
    let head = |kind, id| Head::new(kind, Uuid::from_u128(id), &world, now);
    let settings = Settings::default();
    let context =
        |fields, related| ActContext { fields, related, by: &world, at: now, settings: &settings };
    let none = Related::default();
    let fields = report.referral_fields();
    let referral: Referral = create(head(Kind::Referral, 2), &context(&fields, &none)).unwrap();
    assert_eq!(referral.selectors, report.selectors);
    assert_eq!(referral.document.as_deref(), Some(report.document.as_str()));
    assert!(referral.urgent);
    assert!(
        referral.summary.contains("Priority asked: The account is used from a shared household.")
    );
    assert!(referral.summary.contains("without a time"));
    let fields = report.observation_fields(Id::new(referral.head.id));
    let related = Related::new(vec![referral.into()]);
    let made: Vec<Observation> = fields
        .iter()
        .map(|f| create(head(Kind::Observation, 3), &context(f, &related)).unwrap())
        .collect();
    let shown: Vec<_> =
        made.iter().map(|o| (&*o.address, o.port, &*o.zone, &*o.service, &*o.event)).collect();
    assert_eq!(
        shown,
        [
            ("203.0.113.17", Some(51413), "UTC", "Example Share", "Login"),
            ("2001:db8::17", None, "not stated", "Example Share", "Upload"),
            ("198.51.100.9", None, "UTC", "not stated", "not stated (recipient)"),
            ("203.0.113.17", Some(51413), "UTC", "Example Share", "Upload"),
        ]
    );
    assert!(made[0].selectors.iter().any(|s| s.value == "copper.heron.10"));
    assert!(made[2].selectors.iter().all(|s| s.value != "copper.heron.10"));
}
