//! The full operation: what was published of it is what `pendeen figures` counts from records.

use std::collections::BTreeSet;
use std::fs;

use pendeen_casework::force::FORCES;
use pendeen_casework::record::Kind;
use pendeen_casework::record::arrest::Arrest;
use pendeen_casework::record::package::Package;
use pendeen_casework::record::sensitive::SensitivePersonCheck;
use sea_orm::Database;
use serde_json::Value;

use crate::support::demo::{Data, Demo};
use crate::support::postgres::Server;

/// What was published of the whole operation.
const NATIONAL: [(&str, u64); 8] = [
    ("forces_taking_part", 45),
    ("arrests", 660),
    ("arrests_rso", 39),
    ("properties_searched", 833),
    ("devices_examined", 9_172),
    ("children_safeguarded", 431),
    ("children_at_immediate_risk", 127),
    ("voluntary_attendances", 0),
];

/// What was published of single forces: key, figure, count.
const BY_FORCE: [(&str, &str, u64); 21] = [
    ("E23000035", "warrants_executed", 32),
    ("E23000035", "warrants", 32),
    ("E23000035", "arrests", 22),
    ("E23000035", "on_bail", 22),
    ("E23000020", "arrests", 14),
    ("E23000020", "searches", 17),
    ("E23000026", "arrests", 14),
    ("E23000026", "charged", 1),
    ("E23000026", "devices_examined", 250),
    ("E23000010", "arrests", 21),
    ("E23000011", "arrests", 17),
    ("E23000009", "arrests", 10),
    ("E23000012", "arrests", 19),
    ("E23000033", "arrests", 24),
    ("E23000033", "exhibits", 332),
    ("E23000033", "children_safeguarded", 13),
    ("E23000031", "arrests", 7),
    ("E23000006", "arrests", 21),
    ("E23000021", "arrests", 9),
    ("E23000023", "arrests", 8),
    ("S23000009", "arrests", 13),
];

/// Published of West Midlands, and of the four Welsh forces together.
const WEST_MIDLANDS: (&str, u64) = ("E23000014", 41);
const WALES: u64 = 51;

/// Published of Devon & Cornwall outside the operation.
const OUTSIDE: [(&str, u64); 3] = [("warrants", 7), ("warrants_executed", 7), ("arrests", 7)];

#[tokio::test]
async fn the_demo_s_records_count_to_the_published_operation_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("demo");
    published(&Demo { folder: &folder, database: None }).await;
}

#[tokio::test]
async fn the_demo_s_records_count_to_the_published_operation_on_postgresql() {
    if std::env::var_os("PENDEEN_SKIP_POSTGRES").is_some() {
        println!("PENDEEN_SKIP_POSTGRES is set: the operation is made on SQLite alone");
        return;
    }
    use sea_orm::ConnectionTrait;
    let server = Server::start(&[]).unwrap_or_else(|why| panic!("{why}"));
    let admin = Database::connect(server.url("postgres")).await.unwrap();
    admin.execute_unprepared("CREATE DATABASE operation").await.unwrap();
    admin.close().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (folder, url) = (dir.path().join("demo"), server.url("operation"));
    published(&Demo { folder: &folder, database: Some(&url) }).await;
}

async fn published(demo: &Demo<'_>) {
    demo.make_whole().ended(0);
    let national = counted(demo, &[]);
    for (figure, wanted) in NATIONAL {
        assert_eq!(national[figure], wanted, "{figure}");
    }
    for (force, figure, wanted) in BY_FORCE {
        assert_eq!(counted(demo, &["--force", force])[figure], wanted, "{figure} of {force}");
    }
    let arrests = |force: &str| counted(demo, &["--force", force])["arrests"].as_u64().unwrap();
    assert_eq!(arrests(WEST_MIDLANDS.0), WEST_MIDLANDS.1);
    let keys = FORCES.iter().map(|force| force.key.as_str());
    assert_eq!(keys.clone().filter(|key| key.starts_with('W')).map(arrests).sum::<u64>(), WALES);
    assert_eq!(keys.map(arrests).sum::<u64>(), 660, "the forces' arrests are the operation's");
    let outside = ["--outside-operation", "--force", "E23000035"];
    for args in [&outside[..1], &outside] {
        for (figure, wanted) in OUTSIDE {
            assert_eq!(counted(demo, args)[figure], wanted, "{figure} {args:?}");
        }
    }
    assert_eq!(demo.run(&["audit", "verify", "--json"]).ended(0).json()["whole"], true);
    let data = Data::open(demo).await;
    nobody_arrested_is_a_sensitive_person(&data, demo).await;
    every_desk_has_something_to_do(&data).await;
}

fn counted(demo: &Demo<'_>, args: &[&str]) -> Value {
    demo.run(&[&["figures", "--json"], args].concat()).ended(0).json()["figures"].take()
}

/// The list lies outside the case; the checks say the same, as far as their officer sees.
async fn nobody_arrested_is_a_sensitive_person(data: &Data, demo: &Demo<'_>) {
    let list = fs::read_to_string(demo.folder.join("sensitive-persons.csv")).unwrap();
    let listed: BTreeSet<&str> =
        list.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert!(listed.len() >= 5, "{list}");
    let mut matches = BTreeSet::new();
    for row in data.rows("screening", Kind::SensitivePersonCheck, None).await {
        if row.state == "match" {
            let check: SensitivePersonCheck = data.see("screening", row.id).await;
            assert!(listed.contains(&*check.name), "{}", check.name);
            matches.insert(check.subject.uuid());
        }
    }
    assert!(!matches.is_empty(), "the check finds somebody, so that it is known to work");
    // Every force's own officer is asked: nobody sees the arrests of all.
    let officers: Vec<&str> =
        data.usernames().into_iter().filter(|who| who.starts_with("oic-")).collect();
    assert_eq!(officers.len(), FORCES.len());
    let mut arrested = BTreeSet::new();
    for officer in officers {
        for row in data.rows(officer, Kind::Arrest, None).await {
            let arrest: Arrest = data.see(officer, row.id).await;
            assert!(!listed.contains(&*arrest.about.name), "{}", arrest.about.name);
            assert!(!matches.contains(&arrest.about.subject.uuid()));
            arrested.insert(row.id);
        }
    }
    assert_eq!(arrested.len(), 660 + 7, "in the operation and outside");
}

/// A record of these kinds waits for each of these people.
async fn every_desk_has_something_to_do(data: &Data) {
    let waiting = [
        ("spoc", Kind::AttributionRequest, "authorised"),
        ("authoriser", Kind::AttributionRequest, "with_spoc"),
        ("intel2", Kind::AttributionRequest, "drafted"),
        ("screening", Kind::SensitivePersonCheck, "pending"),
        ("authoriser", Kind::Package, "assessed"),
        ("intel", Kind::Package, "authorised"),
        ("intel", Kind::Package, "returned"),
        ("desk-kent", Kind::Package, "sent"),
        ("desk-psni", Kind::Package, "sent"),
        ("oic-kent", Kind::Arrest, "bailed"),
        ("examiner-kent", Kind::Examination, "queued"),
        ("examiner-kent", Kind::Exhibit, "stored"),
        ("safeguarding-lincs", Kind::Child, "at_risk"),
        ("figures", Kind::FiguresRelease, "drafted"),
        ("desk-devon", Kind::Team, "standing"),
        ("intel", Kind::Package, "closed"),
    ];
    for (who, kind, state) in waiting {
        let rows = data.rows(who, kind, None).await;
        assert!(rows.iter().any(|row| row.state == state), "{who} has no {} {state}", kind.key());
    }
    // Of these each officer in a case sees their own force's: some force has each.
    for (kind, state) in [
        (Kind::Action, "open"),
        (Kind::Paper, "kept"),
        (Kind::Notification, "owed"),
        (Kind::Notification, "made"),
    ] {
        let mut found = false;
        for who in data.usernames().into_iter().filter(|who| who.starts_with("oic-")) {
            found |= data.rows(who, kind, None).await.iter().any(|row| row.state == state);
        }
        assert!(found, "no {} is {state}", kind.key());
    }
    let mut unratified = 0;
    for row in data.rows("intel", Kind::Package, None).await.iter().filter(|r| r.state == "sent") {
        let package: Package = data.see("intel", row.id).await;
        unratified += usize::from(package.ratification_due().is_some());
    }
    assert_eq!(unratified, 2, "packages on oral authority that wait to be ratified");
}
