//! Documents that are no referrals: kept byte for byte, as unread, with the reason.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::Store;
use pendeen_store::document::DocumentDigest;
use pendeen_store::query::Query;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{noise, pendeen, text};

const GOOD: &str = "<?xml version=\"1.0\"?><report><reportId>77001</reportId>\
    <incidentSummary><incidentType>Other</incidentType></incidentSummary>\
    <personOrUserReported><screenName>heron</screenName></personOrUserReported></report>";

/// Documents that cannot be read, by name, with a word of the reason.
fn malformed() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
        <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">]>\
        <report><reportId>&d;</reportId></report>";
    let outside = "<!DOCTYPE report SYSTEM \"http://127.0.0.1:1/x.dtd\"><report/>";
    let file = "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><report>&x;</report>";
    let deep = "<report>".repeat(20_000);
    vec![
        ("dtd.xml", outside.into(), "DOCTYPE"),
        ("file.xml", file.into(), "DOCTYPE"),
        ("bomb.xml", bomb.into(), "DOCTYPE"),
        ("entity.xml", GOOD.replace("heron", "&heron;").into(), "entity"),
        ("cut.xml", GOOD[..GOOD.len() / 2].into(), "malformed"),
        ("empty.xml", Vec::new(), "empty"),
        ("binary.bin", noise(1, 4_096), ""),
        ("zip.xml", b"PK\x03\x04 not XML at all".to_vec(), ""),
        ("deep.xml", deep.into(), "deep"),
        ("other.xml", b"<html><body>Hello</body></html>".to_vec(), "<html>"),
        (
            "latin.xml",
            b"<?xml version=\"1.0\" encoding=\"x-made-up\"?><report/>".to_vec(),
            "encoding",
        ),
        ("table.csv", b"name;colour\nheron;grey\n".to_vec(), "reference"),
    ]
}

fn officer() -> Person {
    Person {
        id: PersonId(Uuid::from_u128(1)),
        name: "Officer Birch".to_owned(),
        roles: [Role::IntelligenceOfficer].into(),
        force: None,
        knows: Knows::default(),
    }
}

/// The referrals of the case data, with the bytes of their documents.
async fn kept(data: &Path) -> Vec<(AnyRecord, Vec<u8>)> {
    let at: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
    let store =
        Store::connect(&format!("sqlite:{}", data.join("pendeen.db").display())).await.unwrap();
    let who = officer();
    let rows = store.list(&who, &Query::of(Kind::Referral), at).await.unwrap().rows;
    let mut kept = Vec::new();
    for row in rows {
        let record = store.view(&who, Kind::Referral, row.id, None, at).await.unwrap().unwrap();
        let AnyRecord::Referral(referral) = &record else { panic!("{}", row.number) };
        let digest = DocumentDigest::parse(referral.document.as_ref().unwrap()).unwrap();
        let document = store.document(&who, Kind::Referral, row.id, digest, at).await.unwrap();
        kept.push((record, document.unwrap().bytes));
    }
    kept
}

#[tokio::test]
async fn every_malformed_document_is_kept_byte_for_byte_as_unread_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox, data) = (dir.path().join("inbox"), dir.path().join("data"));
    fs::create_dir(&inbox).unwrap();
    for (name, bytes, _) in malformed() {
        fs::write(inbox.join(name), bytes).unwrap();
    }
    let ran = pendeen(["intake", text(&inbox), "--data", text(&data), "--json"]).ended(3);
    let lines = ran.json_lines();
    assert_eq!(lines.len(), malformed().len());
    for (name, _, word) in malformed() {
        let line = lines.iter().find(|l| l["file"].as_str().unwrap().ends_with(name)).unwrap();
        assert_eq!(line["status"], "rejected", "{line}");
        let reason = line["reason"].as_str().unwrap();
        assert!(reason.contains(word), "{name}: {reason}");
        assert!(reason.contains(';'), "{name} does not say what to do: {reason}");
    }
    let kept = kept(&data).await;
    assert_eq!(kept.len(), malformed().len());
    for (name, bytes, _) in malformed() {
        let (record, _) = kept
            .iter()
            .find(|(_, kept)| *kept == bytes)
            .unwrap_or_else(|| panic!("{name} was not kept byte for byte"));
        let AnyRecord::Referral(referral) = record else { unreachable!() };
        assert_eq!(record.state(), "unread", "{name}");
        let line = lines.iter().find(|l| l["file"].as_str().unwrap().ends_with(name)).unwrap();
        assert_eq!(referral.unread.as_deref(), line["reason"].as_str(), "{name}");
    }
    // Once more: nothing is kept twice.
    pendeen(["intake", text(&inbox), "--data", text(&data)]).ended(3);
    assert_eq!(self::kept(&data).await.len(), malformed().len());
    let report = pendeen(["audit", "verify", "--json", "--data", text(&data)]).ended(0).json();
    assert_eq!(report["whole"], true);
}

#[tokio::test]
async fn a_good_document_among_bad_ones_is_accepted_once() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox, data) = (dir.path().join("inbox"), dir.path().join("data"));
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("bad.xml"), &GOOD[..40]).unwrap();
    fs::write(inbox.join("good.xml"), GOOD).unwrap();
    let run = || pendeen(["intake", text(&inbox), "--data", text(&data), "--json"]).ended(3);
    let statuses = |lines: Vec<Value>| -> Vec<String> {
        lines.iter().map(|line| line["status"].as_str().unwrap().to_owned()).collect()
    };
    let first = run().json_lines();
    assert_eq!(
        first[1]["selectors"],
        serde_json::json!([{"kind": "screen_name", "value": "heron"}])
    );
    assert!(first[1]["referral"].as_str().unwrap().starts_with("REF-"));
    assert_eq!(statuses(first), ["rejected", "accepted"]);
    assert_eq!(statuses(run().json_lines()), ["rejected", "duplicate"]);
    let good = kept(&data).await.into_iter().find(|(record, _)| record.state() == "received");
    assert_eq!(good.unwrap().1, GOOD.as_bytes());
}

#[test]
fn a_table_of_which_a_row_was_not_taken_in_is_not_called_done() {
    let dir = tempfile::tempdir().unwrap();
    let (table, data) = (dir.path().join("table.csv"), dir.path().join("data"));
    fs::write(&table, "reference,screen_name\nA-1,heron\n,egret\nA-3,stork\n").unwrap();
    let ran = pendeen(["intake", text(&table), "--data", text(&data), "--json"]).ended(3);
    let line = &ran.json_lines()[0];
    assert_eq!(line["status"], "accepted");
    let parts = line["parts"].as_array().unwrap();
    let rejected: Vec<_> = parts.iter().filter(|part| part["status"] == "rejected").collect();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0]["line"], 3);
    assert!(rejected[0]["reason"].as_str().unwrap().contains("reference"));
}

#[test]
fn a_document_longer_than_any_report_is_kept_unread_and_one_that_nothing_keeps_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (long, data) = (dir.path().join("long.xml"), dir.path().join("data"));
    for (len, advice) in [(65 << 20, "that are read"), (513 << 20, "left where it is")] {
        fs::File::create(&long).unwrap().set_len(len).unwrap();
        let ran = pendeen(["intake", text(&long), "--data", text(&data), "--json"]).ended(3);
        let line = &ran.json_lines()[0];
        assert_eq!(line["status"], "rejected");
        let reason = line["reason"].as_str().unwrap();
        assert!(reason.contains(&format!("{len} bytes")) && reason.contains(advice), "{reason}");
        assert!(reason.contains("ask the sender"), "{reason}");
    }
    let kept = fs::metadata(data.join("pendeen.db")).unwrap().len();
    assert!((65 << 20..200 << 20).contains(&kept), "the database has {kept} bytes");
}

#[test]
fn intake_of_nothing_says_what_to_name_and_makes_no_case_data() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let missing = dir.path().join("missing.xml");
    let ran = pendeen(["intake", text(&missing), "--data", text(&data)]);
    ran.failed_saying(&["missing.xml", "No such file"]);
    let empty = dir.path().join("inbox");
    fs::create_dir(&empty).unwrap();
    let ran = pendeen(["intake", text(&empty), "--data", text(&data)]);
    ran.failed_saying(&["there is no file in what was named", "name referral documents"]);
    assert!(!data.exists());
}

#[test]
fn figures_and_audit_without_case_data_say_how_to_come_by_some() {
    let dir = tempfile::tempdir().unwrap();
    let data = text(dir.path());
    let missing = dir.path().join("missing");
    for place in [data, text(&missing)] {
        for args in [&["figures"] as &[&str], &["figures", "--json"], &["audit", "verify"]] {
            let ran = pendeen(args.iter().copied().chain(["--data", place]));
            ran.failed_saying(&["there is no case data in", "--data", "pendeen demo"]);
        }
    }
    assert!(!missing.exists());
    fs::write(dir.path().join("pendeen.db"), "this is no database").unwrap();
    let ran = pendeen(["figures", "--data", data]);
    ran.failed_saying(&["opening the case database"]);
    for key in ["E99", "", "Devon", "E23000999"] {
        let ran = pendeen(["figures", "--data", data, "--force", key]);
        ran.failed_saying(&["no force has the key", "E23000035"]);
    }
    let secret = "postgres://officer:a-password@localhost/cases?host=/nonexistent";
    let said = pendeen(["figures", "--database", secret]).ended(1).stderr();
    assert!(!said.contains("a-password"), "{said}");
    let said = pendeen(["figures", "--database", "oracle://x:a-password@y"]).ended(1).stderr();
    assert!(said.contains("not known") && !said.contains("a-password"), "{said}");
}
