//! `pendeen intake`: nothing is taken in twice, and nothing that is received is dropped.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::Kind;
use pendeen_store::Store;
use pendeen_store::query::{Query, Slice};

use crate::support::{command, pendeen, text};

/// Titles of referrals in each state.
async fn referrals(data: &Path) -> BTreeMap<String, Vec<String>> {
    let url = format!("sqlite:{}", data.join("pendeen.db").display());
    let store = Store::connect(&url).await.unwrap();
    let officer = Person {
        id: PersonId(uuid::Uuid::from_u128(7)),
        name: "Officer".into(),
        roles: [Role::IntelligenceOfficer].into(),
        force: None,
        knows: Knows::default(),
    };
    let query = Query { page: Slice { offset: 0, limit: 500 }, ..Query::of(Kind::Referral) };
    let rows = store.list(&officer, &query, "2026-06-01T09:00:00Z".parse().unwrap()).await.unwrap();
    let mut states: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows.rows {
        states.entry(row.state).or_default().push(row.title);
    }
    for titles in states.values_mut() {
        titles.sort();
    }
    states
}

const TABLE: &str = "reference,source,summary,screen_name\nA-1,Example Hotline,One,heron\nA-2,Example Hotline,Two,egret\n";

#[tokio::test]
async fn several_intakes_of_one_folder_at_once_make_each_referral_once() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox, data) = (dir.path().join("inbox"), dir.path().join("data"));
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("table.csv"), TABLE).unwrap();
    fs::write(inbox.join("broken.xml"), "<report><incidentSummary>").unwrap();
    // The first call makes the database; then four at once.
    let first = dir.path().join("first.csv");
    fs::write(&first, "reference,source,summary\nB-1,Example Hotline,Three\n").unwrap();
    pendeen(["intake", text(&first), "--data", text(&data)]).ended(0);
    let running: Vec<_> = (0..4)
        .map(|_| {
            command(["intake", text(&inbox), "--data", text(&data)])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in running {
        assert_eq!(child.wait().unwrap().code(), Some(3));
    }
    let states = referrals(&data).await;
    assert_eq!(
        states["received"],
        ["Example Hotline A-1", "Example Hotline A-2", "Example Hotline B-1"]
    );
    assert_eq!(states["unread"].len(), 1);
    assert!(!states.contains_key("duplicate"), "{states:?}");
}

#[tokio::test]
async fn the_same_report_in_another_document_is_kept_as_a_duplicate_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let (table, data) = (dir.path().join("table.csv"), dir.path().join("data"));
    fs::write(&table, TABLE).unwrap();
    pendeen(["intake", text(&table), "--data", text(&data)]).ended(0);
    fs::write(&table, format!("{TABLE}\n")).unwrap();
    for _ in 0..2 {
        let ran = pendeen(["intake", text(&table), "--data", text(&data), "--json"]).ended(0);
        assert_eq!(ran.json_lines()[0]["status"], "duplicate");
    }
    let states = referrals(&data).await;
    assert_eq!(states["received"].len(), 2);
    assert_eq!(states["duplicate"], ["Example Hotline A-1"]);
}
