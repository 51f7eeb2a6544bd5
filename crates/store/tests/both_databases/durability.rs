//! What was acknowledged stays, whatever becomes of the program.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use pendeen_casework::person::Role;
use pendeen_store::Store;

use crate::fixture::{Fixture, at, person};

/// Names the database that [`write_until_killed`] writes to.
const TARGET: &str = "PENDEEN_TEST_WRITE_TO";

/// The writing half of the case below, in a process of its own; in an ordinary run of the
/// tests it has nothing to do.
#[tokio::test]
async fn write_until_killed() {
    let Ok(url) = std::env::var(TARGET) else { return };
    let store = Store::connect(&url).await.unwrap();
    for n in 0_u32.. {
        store.put_document(&writer(), n.to_be_bytes().to_vec(), "text/plain", at(0)).await.unwrap();
        println!("kept {n}");
    }
}

pub async fn a_writer_killed_at_any_moment_loses_nothing_acknowledged(db: Fixture) {
    let mut acknowledged = 0;
    for kept_before_the_kill in [1, 7, 30] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::write_until_killed", "--nocapture"])
            .env(TARGET, &db.url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let last = lines
            .filter_map(|line| line.rsplit_once("kept ")?.1.parse::<i64>().ok())
            .find(|n| *n == kept_before_the_kill);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(last, Some(kept_before_the_kill), "the writer ended early");
        acknowledged += kept_before_the_kill + 1;

        let report = db.store.audit_verify().await.unwrap();
        assert_eq!(report.first_break, None);
        let leaves = i64::try_from(report.count).unwrap();
        assert!(leaves >= acknowledged, "{leaves} leaves for {acknowledged} acknowledged writes");
        acknowledged = leaves;
        let documents = db.number("SELECT COUNT(*) FROM document").await;
        assert!(documents > kept_before_the_kill, "an acknowledged document is gone");
    }
}

pub async fn a_batch_dropped_half_way_leaves_nothing_and_the_next_writer_goes_on(db: Fixture) {
    let mut batch = db.store.batch().await.unwrap();
    batch.put_document(&writer(), b"half".to_vec(), "text/plain", at(0)).await.unwrap();
    drop(batch);
    db.store.put_document(&writer(), b"whole".to_vec(), "text/plain", at(1)).await.unwrap();
    assert_eq!(db.number("SELECT COUNT(*) FROM document").await, 1);
    let report = db.store.audit_verify().await.unwrap();
    assert_eq!((report.count, report.first_break), (1, None));
}

fn writer() -> pendeen_casework::person::Person {
    person(1, &[Role::IntelligenceOfficer], None)
}
