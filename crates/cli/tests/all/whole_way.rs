//! The whole way, through the binary and the database: from a referral to a protected child and
//! a published figure, on SQLite and on PostgreSQL, with the same figures on both.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pendeen_casework::person::Role;
use pendeen_casework::record::arrest::Arrest;
use pendeen_casework::record::attribution::AttributionRequest;
use pendeen_casework::record::case::Case;
use pendeen_casework::record::charge::Charge;
use pendeen_casework::record::child::Child;
use pendeen_casework::record::examination::Examination;
use pendeen_casework::record::exhibit::Exhibit;
use pendeen_casework::record::grading::Grading;
use pendeen_casework::record::observation::Observation;
use pendeen_casework::record::package::Package;
use pendeen_casework::record::referral::Referral;
use pendeen_casework::record::release::FiguresRelease;
use pendeen_casework::record::search::Search;
use pendeen_casework::record::subject::Subject;
use pendeen_casework::record::warrant::Warrant;
use pendeen_casework::record::{Kind, Record};
use pendeen_item::Origin;
use pendeen_store::query::Row;
use sea_orm::{ConnectionTrait, Database, DbBackend};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::demo::{Data, Demo};
use crate::support::postgres::Server;
use crate::support::{FILES, gaps, items, names};

/// Holds what was counted against the golden file of this name, or writes that anew where
/// `PENDEEN_WRITE` is set: read the difference before you keep it.
fn golden(name: &str, counted: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/golden").join(name);
    let text = serde_json::to_string_pretty(counted).unwrap() + "\n";
    if std::env::var_os("PENDEEN_WRITE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let wanted: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(*counted, wanted, "{}: PENDEEN_WRITE=1 writes\n{text}", path.display());
}

#[tokio::test]
async fn a_referral_becomes_a_protected_child_and_a_figure_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("demo");
    whole_way(&Demo { folder: &folder, database: None }).await;
}

#[tokio::test]
async fn a_referral_becomes_a_protected_child_and_a_figure_on_postgresql() {
    if std::env::var_os("PENDEEN_SKIP_POSTGRES").is_some() {
        println!("PENDEEN_SKIP_POSTGRES is set: the whole way is walked on SQLite alone");
        return;
    }
    let server = Server::start(&[]).unwrap_or_else(|why| panic!("{why}"));
    let admin = Database::connect(server.url("postgres")).await.unwrap();
    admin.execute_unprepared("CREATE DATABASE whole_way").await.unwrap();
    admin.close().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (folder, url) = (dir.path().join("demo"), server.url("whole_way"));
    whole_way(&Demo { folder: &folder, database: Some(&url) }).await;
    assert!(!folder.join("pendeen.db").exists());
}

/// Makes the demo and holds everything that must be so of it; damages its log at the end.
async fn whole_way(demo: &Demo<'_>) {
    let said = demo.make().ended(0).stderr();
    assert!(said.contains("accounts.json"), "{said}");
    assert!(demo.folder.join("demo.json").is_file());
    figures_are_golden(demo);
    let leaves = the_log_is_whole(demo);
    there_is_an_account_for_every_role(demo.folder);
    the_image_was_really_examined(demo.folder);
    let data = Data::open(demo).await;
    every_state_is_reached(&data).await;
    the_chain_is_linked(&data, demo.folder).await;
    rows_are_marked_and_dated(&data, demo.folder).await;
    let after = the_log_is_whole(demo);
    assert!(after > leaves, "reading the records was audited: {leaves} leaves, then {after}");
    tampering_is_found(demo, after).await;
}

fn figures_are_golden(demo: &Demo<'_>) {
    let mut counted = BTreeMap::new();
    for (name, args) in [
        ("operation", &[] as &[&str]),
        ("outside the operation", &["--outside-operation"]),
        ("Devon & Cornwall", &["--force", "E23000035"]),
        ("Devon & Cornwall, outside", &["--force", "E23000035", "--outside-operation"]),
        ("Lincolnshire", &["--force", "E23000020"]),
        ("Bedfordshire", &["--force", "E23000026"]),
        ("PSNI", &["--force", "PSNI"]),
    ] {
        let mut report = demo.run(&[&["figures", "--json"], args].concat()).ended(0).json();
        let report = report.as_object_mut().unwrap();
        assert!(report.remove("as_at").unwrap().as_str().unwrap().ends_with('Z'));
        let definitions = report.remove("definitions").unwrap();
        for key in report["figures"].as_object().unwrap().keys() {
            assert!(definitions[key].as_str().unwrap().ends_with('.'), "{key} is not defined");
        }
        counted.insert(name, report.clone());
    }
    let counted = serde_json::to_value(counted).unwrap();
    golden("figures.json", &counted);
    let plain = demo.run(&["figures"]).ended(0).stdout();
    assert_eq!(plain.lines().count(), counted["operation"]["figures"].as_object().unwrap().len());
}

/// How many leaves a whole log has.
fn the_log_is_whole(demo: &Demo<'_>) -> u64 {
    let report = demo.run(&["audit", "verify", "--json"]).ended(0).json();
    assert_eq!(report["whole"], true);
    assert_eq!(report["first_break"], Value::Null);
    assert_eq!(report["head"].as_str().unwrap().len(), 64);
    report["leaves"].as_u64().unwrap()
}

fn there_is_an_account_for_every_role(folder: &Path) {
    let list: Value =
        serde_json::from_slice(&fs::read(folder.join("accounts.json")).unwrap()).unwrap();
    for role in Role::ALL {
        let found = list.as_array().unwrap().iter().find(|a| a["role"] == role.key());
        let account = found.unwrap_or_else(|| panic!("no account for {}", role.key()));
        for key in ["username", "password", "name"] {
            assert!(!account[key].as_str().unwrap().is_empty(), "{account}");
        }
    }
    let forces: std::collections::BTreeSet<_> =
        list.as_array().unwrap().iter().filter_map(|a| a["force"].as_str()).collect();
    assert_eq!(forces.len(), 3);
}

fn the_image_was_really_examined(folder: &Path) {
    let out = folder.join("examinations/demo-disk");
    assert_eq!(names(&out), FILES);
    let items = items(&out);
    let of = |origin| items.iter().filter(|item| item.origin == origin).count();
    assert_eq!((of(Origin::Live), of(Origin::Deleted), items.len()), (45, 6, 51));
    let known: Vec<_> = items.iter().filter_map(|item| item.known_category.as_deref()).collect();
    assert_eq!(known.len(), 6);
    for category in ["A", "B", "C"] {
        assert_eq!(known.iter().filter(|known| **known == category).count(), 2, "{category}");
    }
    assert!(items.iter().all(|item| item.sha256.is_some() && item.gap.is_none()));
    let renamed: Vec<_> = items.iter().filter(|item| item.extension_mismatch).collect();
    assert_eq!(renamed.len(), 1);
    assert_eq!(renamed[0].media_type.as_deref(), Some("image/png"));
    assert!(gaps(&out).is_empty());
    let record = pendeen_examine::load(&out).unwrap();
    assert_eq!(record.exhibit, "DEV/1");
}

/// How many records of each kind stand in each state, as those see it who may.
async fn every_state_is_reached(data: &Data) {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for kind in Kind::ALL {
        // Nobody sees everything: take the records that anybody sees, each once.
        let mut seen = BTreeMap::new();
        for who in data.usernames() {
            for row in data.rows(who, *kind, None).await {
                seen.insert(row.id, row.state);
            }
        }
        for state in seen.into_values() {
            *counted.entry(format!("{} {state}", kind.key())).or_default() += 1;
        }
    }
    let counted = serde_json::to_value(counted).unwrap();
    golden("states.json", &counted);
}

/// What was done in the story is over by the time it is told.
fn nothing_happens_in_the_future(folder: &Path, row: &Row) {
    let told: Value = serde_json::from_slice(&fs::read(folder.join("demo.json")).unwrap()).unwrap();
    let told: jiff::Timestamp = told["made"].as_str().unwrap().parse().unwrap();
    assert!(row.created <= row.updated && row.updated <= told, "{} {}", row.number, row.updated);
}

/// From the referral on, every record names the one before.
async fn the_chain_is_linked(data: &Data, folder: &Path) {
    let (intel, oic, examiner) = ("intel", "oic-devon", "examiner-devon");
    let subjects = data.rows(intel, Kind::Subject, None).await;
    let row = subjects.iter().find(|row| row.title.contains("Ashdown")).unwrap();
    let subject: Subject = data.see(intel, row.id).await;

    let referrals = data.rows(intel, Kind::Referral, Some(("subject", row.id))).await;
    assert_eq!(referrals.len(), 2);
    let mut observations = 0;
    for row in &referrals {
        let referral: Referral = data.see(intel, row.id).await;
        assert!(!referral.selectors.is_empty() && referral.document.is_some());
        observations += data.rows(intel, Kind::Observation, Some(("referral", row.id))).await.len();
    }
    assert!(observations >= 2);
    let request: AttributionRequest = data.one("spoc", "subject", row.id).await;
    let observation: Observation = data.see(intel, request.observation.unwrap().uuid()).await;
    assert!(referrals.iter().any(|row| row.id == observation.referral.uuid()));
    assert_eq!(observation.address, request.event.address.to_string());
    assert_eq!(observation.attribution.unwrap().uuid(), request.head().id);
    let premises = request.answer.unwrap().premises.unwrap();
    assert!(subject.premises.contains(&premises));

    let package: Package = data.one(intel, "subject", row.id).await;
    let people = [&package.assessed, &package.authorised].map(|s| s.as_ref().unwrap().by);
    assert!(people[0] != people[1] && !people.contains(&package.head.author));
    assert_eq!(package.sealed.len(), 1);
    let case: Case = data.one(oic, "package", package.head().id).await;
    assert_eq!(package.case.unwrap().uuid(), case.head().id);
    assert_eq!(case.people[0].subject.uuid(), row.id);

    let case = case.head().id;
    let warrant: Warrant = data.one(oic, "case", case).await;
    assert_eq!(warrant.premises, premises);
    assert_eq!(warrant.executions.len(), 1);
    let search: Search = data.one(oic, "case", case).await;
    assert_eq!(search.warrant.unwrap().uuid(), warrant.head().id);
    assert!(search.carried_out.is_some());
    let arrest: Arrest = data.one(oic, "case", case).await;
    assert_eq!(arrest.about.subject.uuid(), row.id);
    assert_eq!(arrest.bails.len(), 1);
    assert!(arrest.assessments.len() >= 2, "at arrest and on bail");
    let charged = data.rows("oic-beds", Kind::Charge, None).await;
    let charge: Charge = data.see("oic-beds", charged[0].id).await;
    let arrest: Arrest = data.see("oic-beds", charge.arrest.uuid()).await;
    assert!(charge.about.name == arrest.about.name && arrest.assessments.len() >= 3);

    let exhibits = data.rows(oic, Kind::Exhibit, Some(("search", search.head().id))).await;
    assert_eq!(exhibits.len(), 3);
    let examination: Examination = data.one(examiner, "case", case).await;
    let exhibit: Exhibit = data.see(oic, examination.exhibit.uuid()).await;
    assert_eq!(exhibit.search.unwrap().uuid(), search.head().id);
    assert_eq!(exhibit.reference, "DEV/1");
    custody_is_unbroken(&exhibit);
    let outcome = examination.outcome.as_ref().unwrap();
    let record = folder.join(&outcome.folder).join("examination.json");
    assert_eq!(outcome.examination_digest, hex::encode(Sha256::digest(fs::read(record).unwrap())));
    assert_eq!((outcome.items, outcome.gaps, outcome.known_hits), (51, 0, 6));

    let known: std::collections::BTreeSet<String> = items(&folder.join(&outcome.folder))
        .into_iter()
        .filter(|item| item.known_list.is_some())
        .map(|item| hex::encode(item.sha256.unwrap()))
        .collect();
    let gradings = data.rows(examiner, Kind::Grading, Some(("case", case))).await;
    assert_eq!(gradings.len(), known.len());
    for row in gradings {
        let grading: Grading = data.see(examiner, row.id).await;
        assert!(known.contains(&grading.digest));
        assert_eq!(grading.examination.uuid(), examination.head().id);
        let both = [&grading.graded, &grading.confirmed].map(|s| s.as_ref().unwrap().by);
        assert_ne!(both[0], both[1]);
    }

    let child: Child = data.one("safeguarding-devon", "case", case).await;
    assert!(child.was_at_immediate_risk && !child.immediate_risk);
    assert!(child.steps.len() >= 3 && child.safeguarded.is_some());
    let acts = data.acts("safeguarding-devon", Kind::Child, child.head().id).await;
    assert_eq!(acts.first().unwrap().0, "create");
    assert!(acts.iter().any(|(act, _)| act == "safeguard"), "{acts:?}");

    let releases = data.rows("figures", Kind::FiguresRelease, None).await;
    assert_eq!(releases.len(), 1);
    let release: FiguresRelease = data.see("figures", releases[0].id).await;
    let counts = |figure: &str| &release.figures["table"][figure]["all"]["counts"];
    assert_eq!(counts("children_safeguarded")[0], 1, "in the operation: {}", release.figures);
    assert_eq!(counts("arrests")[1], 1, "outside: {}", release.figures);
    assert_ne!(release.approved.unwrap().by, release.head.author);
    assert_eq!(release.digest, hex::encode(Sha256::digest(release.figures.to_string())));
}

fn custody_is_unbroken(exhibit: &Exhibit) {
    assert!(exhibit.custody.len() >= 4, "{:?}", exhibit.custody);
    for pair in exhibit.custody.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "custody passes from hand to hand");
        assert!(pair[0].seal == pair[1].seal || pair[1].explanation.is_some(), "{pair:?}");
    }
}

async fn rows_are_marked_and_dated(data: &Data, folder: &Path) {
    for kind in Kind::ALL {
        for who in data.usernames() {
            for row in data.rows(who, *kind, None).await {
                // The examination is real; the officer's acts around it are not.
                assert_eq!(row.simulated, *kind != Kind::Examination, "{}", row.number);
                nothing_happens_in_the_future(folder, &row);
            }
        }
    }
}

/// With an owner's rights, past the triggers: one leaf is changed.
async fn tampering_is_found(demo: &Demo<'_>, leaves: u64) {
    let raw = Database::connect(demo.url()).await.unwrap();
    if raw.get_database_backend() == DbBackend::Postgres {
        raw.execute_unprepared("ALTER TABLE audit_leaf DISABLE TRIGGER USER").await.unwrap();
    } else {
        raw.execute_unprepared("DROP TRIGGER audit_leaf_no_update").await.unwrap();
    }
    let meddled = leaves / 2;
    let sql = format!("UPDATE audit_leaf SET at = at + 1 WHERE seq = {meddled}");
    assert_eq!(raw.execute_unprepared(&sql).await.unwrap().rows_affected(), 1);
    raw.close().await.unwrap();
    let report = demo.run(&["audit", "verify", "--json"]).ended(1).json();
    assert_eq!(report["whole"], false);
    assert_eq!(report["first_break"]["leaf"], json!(meddled));
    let plain = demo.run(&["audit", "verify"]).ended(1).stdout();
    assert!(plain.contains("does not hold") && plain.contains("first broken leaf"), "{plain}");
}
