//! The log against its checkpoints outside the database, whoever may write every table.

use std::path::Path;

use pendeen_casework::person::Role;
use pendeen_casework::record::Kind;
use pendeen_store::audit::tree;
use pendeen_store::audit::witness::{Checkpoints, Witness, WitnessError};
use pendeen_store::audit::{AuditReport, Break, Leaf};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait, Value};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, intelligence, referral};

/// Leaves under the last checkpoint, and after it.
const WITNESSED: usize = 40;
const AFTER: usize = 5;

/// A folder outside, and turns taken into it.
struct Outside {
    folder: TempDir,
    witness: Witness,
}

impl Outside {
    fn new() -> Self {
        let folder = TempDir::with_prefix("pendeen-witness-").unwrap();
        let witness = Witness::new(&folder.path().join("keys"), &folder.path().join("checkpoints"));
        Self { folder, witness }
    }

    fn checkpoints(&self) -> &Path {
        self.witness.folder()
    }

    async fn turn(&self, db: &Fixture, seconds: i64) -> u64 {
        let turn = self.witness.advance(&db.store, at(seconds), true).await.unwrap();
        turn.checkpoint.size
    }

    async fn verify(&self, db: &Fixture) -> AuditReport {
        db.store.audit_verify_against(self.checkpoints()).await.unwrap()
    }
}

async fn leaves(db: &Fixture, from: usize, n: usize) {
    for i in from..from + n {
        let officer = person(1 + i as u128 % 3, &[Role::Examiner], None);
        db.store.denied(&officer, "page", None, at(i64::try_from(i).unwrap())).await.unwrap();
    }
}

/// A log with checkpoints over 10, 25 and 40 leaves, and 5 more leaves.
async fn witnessed(db: &Fixture) -> Outside {
    let outside = Outside::new();
    let mut made = 0;
    for size in [10, 25, WITNESSED] {
        leaves(db, made, size - made).await;
        made = size;
        let seconds = 100 + i64::try_from(size).unwrap();
        assert_eq!(outside.turn(db, seconds).await, size as u64);
    }
    leaves(db, made, AFTER).await;
    let report = outside.verify(db).await;
    assert!(report.whole(), "{report:?}");
    let told = report.witnessed.unwrap();
    assert_eq!((told.checkpoints, told.size, told.at), (3, WITNESSED as u64, at(140)));
    outside
}

/// The log as somebody with every right in the database has it: bytes in order.
async fn bytes(db: &Fixture) -> Vec<Vec<u8>> {
    let rows = db.rows("SELECT bytes FROM audit_leaf ORDER BY seq").await;
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Writes a whole log of these bytes, with columns, chain and head that agree.
async fn rewrite(db: &Fixture, log: &[Vec<u8>]) {
    let txn = db.raw.begin().await.unwrap();
    txn.execute_unprepared("DELETE FROM audit_leaf").await.unwrap();
    let run = async |sql: &str, values: Vec<Value>| {
        let statement = Statement::from_sql_and_values(db.raw_backend(), sql, values);
        txn.execute_raw(statement).await.unwrap();
    };
    let mut chain = vec![0; 32];
    for (seq, bytes) in (1_i64..).zip(log) {
        let leaf = Leaf::from_bytes(bytes).unwrap();
        let hash = Sha256::new().chain_update([0]).chain_update(bytes).finalize();
        let next = Sha256::new().chain_update(&chain).chain_update(hash).finalize().to_vec();
        let values: Vec<Value> = vec![
            seq.into(),
            i16::from(leaf.processing.code()).into(),
            leaf.at.as_microsecond().into(),
            leaf.who.map_or(Uuid::nil(), |who| who.0).into(),
            leaf.record.unwrap_or(Uuid::nil()).into(),
            bytes.clone().into(),
            chain.into(),
            next.clone().into(),
        ];
        let insert = "INSERT INTO audit_leaf (seq, processing, at, who, record_id, bytes, prev, \
                      digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        run(insert, values).await;
        chain = next;
    }
    let end = i64::try_from(log.len()).unwrap();
    run("UPDATE audit_head SET seq = $1, digest = $2", vec![end.into(), chain.into()]).await;
    txn.commit().await.unwrap();
}

/// A seeded source of positions (SplitMix64): the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

/// One rewriting of the log, and the first leaf that is then another, from 1.
type Meddle = fn(&mut Vec<Vec<u8>>, &mut Dice) -> usize;

/// The byte of a leaf that says the second of its moment, and one of who acted.
const MEDDLING: [(&str, Meddle); 6] = [
    ("a leaf's moment edited", |log, dice| {
        let at = dice.below(WITNESSED);
        log[at][8] ^= 0x40;
        at + 1
    }),
    ("somebody else named", |log, dice| {
        let at = dice.below(WITNESSED);
        log[at][25] ^= 0x80;
        at + 1
    }),
    ("a leaf removed", |log, dice| {
        let at = dice.below(WITNESSED);
        log.remove(at);
        at + 1
    }),
    ("two leaves changed places", |log, dice| {
        let (a, b) = (dice.below(WITNESSED - 1), 1 + dice.below(4));
        let b = (a + b).min(WITNESSED - 1);
        log.swap(a, b);
        a + 1
    }),
    ("a leaf put in", |log, dice| {
        let (at, like) = (dice.below(WITNESSED), dice.below(WITNESSED));
        let mut forged = log[like].clone();
        forged[7] ^= 0x01;
        log.insert(at, forged);
        at + 1
    }),
    ("the end cut off", |log, dice| {
        let len = dice.below(WITNESSED);
        log.truncate(len);
        len + 1
    }),
];

/// With every right in the database: triggers gone, columns, chain and head made to agree.
pub async fn a_log_rewritten_consistently_is_found_at_the_leaf_that_was_changed(db: Fixture) {
    let outside = witnessed(&db).await;
    db.unprotect("audit_leaf").await;
    let whole = bytes(&db).await;
    let mut dice = Dice(20_141_125);
    for round in 0..8 {
        for (what, meddle) in MEDDLING {
            let mut log = whole.clone();
            let expected = meddle(&mut log, &mut dice) as u64;
            rewrite(&db, &log).await;
            let inside = db.store.audit_verify().await.unwrap();
            assert_eq!(inside.first_break, None, "{what}: the chain alone agrees, round {round}");
            let found = outside.verify(&db).await;
            let seq = found.first_break.as_ref().map(|found| found.seq);
            assert_eq!(seq, Some(expected), "{what}, round {round}: {found:?}");
            let next = outside.witness.advance(&db.store, at(500), true).await;
            assert!(
                !matches!(next, Ok(turn) if turn.checkpoint.size > WITNESSED as u64)
                    || log.len() > WITNESSED,
                "{what}: {next:?}"
            );
            rewrite(&db, &whole).await;
            outside.forget_after(WITNESSED);
        }
    }
    assert!(outside.verify(&db).await.whole());
}

impl Outside {
    /// Takes away what the last turns of a test wrote beyond this size.
    fn forget_after(&self, size: usize) {
        let folder = self.checkpoints();
        for day in std::fs::read_dir(folder.join("kept")).unwrap().flatten() {
            for kept in std::fs::read_dir(day.path()).unwrap().flatten() {
                let covers: usize = kept.file_name().to_str().unwrap().parse().unwrap();
                if covers > size {
                    std::fs::remove_file(kept.path()).unwrap();
                } else if covers == size {
                    std::fs::copy(kept.path(), folder.join("checkpoint")).unwrap();
                }
            }
        }
    }
}

/// Where the tiles are gone or forged as well, the signed roots still tell between which
/// checkpoints.
pub async fn without_tiles_a_rewritten_leaf_is_found_between_two_checkpoints(db: Fixture) {
    let outside = witnessed(&db).await;
    db.unprotect("audit_leaf").await;
    std::fs::remove_dir_all(outside.checkpoints().join("tile")).unwrap();
    let mut log = bytes(&db).await;
    log[17][8] ^= 0x40;
    rewrite(&db, &log).await;
    let found = outside.verify(&db).await.first_break.unwrap();
    let what =
        "this leaf, or one after it, is not the one under the checkpoint outside the database";
    assert_eq!(found, Break { seq: 11, what });
    let refused = outside.witness.advance(&db.store, at(500), true).await;
    assert!(matches!(refused, Err(WitnessError::Root { size: 40 })), "{refused:?}");
}

/// What the promise does not cover, said by a test: leaves after the last checkpoint.
pub async fn what_no_checkpoint_covers_is_told_as_unwitnessed(db: Fixture) {
    let outside = witnessed(&db).await;
    db.unprotect("audit_leaf").await;
    let mut log = bytes(&db).await;
    log[WITNESSED + 2][8] ^= 0x40;
    rewrite(&db, &log).await;
    let report = outside.verify(&db).await;
    assert!(report.whole());
    assert_eq!(report.count - report.witnessed.unwrap().size, AFTER as u64);
}

/// The next turn of a running server refuses to sign over a log that was cut or rewritten after
/// its last checkpoint.
pub async fn a_turn_signs_nothing_over_a_log_that_does_not_go_on(db: Fixture) {
    let outside = witnessed(&db).await;
    db.unprotect("audit_leaf").await;
    let whole = bytes(&db).await;
    rewrite(&db, &whole[..30]).await;
    let refused = outside.witness.advance(&db.store, at(500), true).await;
    assert!(matches!(refused, Err(WitnessError::CutOff { leaves: 30, size: 40 })), "{refused:?}");
    let mut log = whole.clone();
    log[3][8] ^= 0x40;
    rewrite(&db, &log).await;
    let refused = outside.witness.advance(&db.store, at(500), true).await;
    assert!(matches!(refused, Err(WitnessError::Broken { seq: 41 })), "{refused:?}");
    rewrite(&db, &whole).await;
    assert_eq!(outside.turn(&db, 500).await, 45);
    assert!(outside.verify(&db).await.whole());
}

pub async fn tiles_are_made_again_from_leaves_that_give_the_signed_root(db: Fixture) {
    let outside = witnessed(&db).await;
    std::fs::remove_dir_all(outside.checkpoints().join("tile")).unwrap();
    assert!(!outside.verify(&db).await.problems.is_empty(), "missing tiles are told");
    assert_eq!(outside.turn(&db, 500).await, 45);
    let report = outside.verify(&db).await;
    assert!(report.whole(), "{report:?}");
}

pub async fn a_forged_checkpoint_is_told_and_not_believed(db: Fixture) {
    let outside = witnessed(&db).await;
    let note = std::fs::read_to_string(outside.checkpoints().join("checkpoint")).unwrap();
    let forged = note.replacen("\n40\n", "\n39\n", 1);
    let path = outside.checkpoints().join("kept/2026-06-01/000000000039");
    std::fs::write(path, forged).unwrap();
    let report = outside.verify(&db).await;
    assert_eq!(report.first_break, None);
    assert!(report.problems[0].contains("not signed by the log's key"), "{:?}", report.problems);
    let key = std::fs::read_to_string(outside.folder.path().join("keys/audit.key")).unwrap();
    assert!(key.starts_with("PRIVATE+KEY+pendeen/audit/"));
    let mode = std::fs::metadata(outside.folder.path().join("keys/audit.key")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o777, 0o600);
}

pub async fn a_clock_that_goes_back_takes_no_checkpoint_back(db: Fixture) {
    let outside = witnessed(&db).await;
    assert_eq!(outside.turn(&db, 3).await, 45);
    let last = *Checkpoints::read(outside.checkpoints()).unwrap().signed.last().unwrap();
    assert_eq!((last.size, last.at), (45, at(140)));
    assert!(outside.verify(&db).await.whole());
}

pub async fn a_leaf_proves_its_place_and_older_checkpoints_are_beginnings(db: Fixture) {
    let outside = witnessed(&db).await;
    for seq in [1, 10, 26, 40] {
        let proof = db.store.audit_prove(outside.checkpoints(), seq).await.unwrap().unwrap();
        let root = tree::root_from_inclusion(proof.leaf_hash, seq - 1, 40, &proof.inclusion);
        assert_eq!(root, Some(proof.checkpoint.root));
        assert!(proof.holds);
        assert_eq!(proof.consistent, 3);
    }
    assert_eq!(db.store.audit_prove(outside.checkpoints(), 41).await.unwrap(), None);
    assert_eq!(db.store.audit_prove(outside.checkpoints(), 0).await.unwrap(), None);
}

/// Values and records are what the leaves say; each change is undone before the next.
pub async fn content_that_is_not_what_its_leaf_commits_to_is_found(db: Fixture) {
    let officer = intelligence(1);
    let made = referral(&db.store, &officer, 1, "R-1").await;
    act(&db.store, &officer, &made, "triage", &fields([])).await.unwrap();
    db.store.authenticate("nobody", "x", at(3)).await.unwrap();
    let outside = Outside::new();
    outside.turn(&db, 4).await;
    for table in ["audit_leaf", "record_version"] {
        db.unprotect(table).await;
    }
    let tables = ["audit_opening", "record_version", "record"];
    for table in tables {
        db.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await.unwrap();
    }
    let meddling = [
        ("DELETE FROM audit_opening WHERE seq = 1 AND name = 'body'", Some(1)),
        ("DELETE FROM audit_opening WHERE seq = 3", Some(3)),
        ("UPDATE audit_opening SET value = 'somebody' WHERE seq = 3", Some(3)),
        ("UPDATE record_version SET body = '{}' WHERE version = 1", Some(1)),
        ("UPDATE record_version SET fields = '{\"a\":\"b\"}' WHERE version = 2", Some(2)),
        ("DELETE FROM record_version WHERE version = 2", Some(2)),
        ("UPDATE record SET body = '{}'", None),
        ("UPDATE record SET restriction = 'spoc'", None),
        ("UPDATE record SET state = 'linked'", None),
    ];
    for (sql, expected) in meddling {
        db.sql(sql).await.unwrap();
        let report = outside.verify(&db).await;
        assert!(!report.whole(), "{sql}");
        assert_eq!(report.first_break.map(|found| found.seq), expected, "{sql}");
        for table in tables {
            let columns: Vec<String> = columns_of(&db, table).await;
            let set: Vec<String> =
                columns.iter().map(|column| format!("{column} = kept.{column}")).collect();
            let same = match table {
                "record" => "kept.id = record.id",
                "record_version" => "kept.version = record_version.version",
                _ => "kept.seq = audit_opening.seq AND kept.name = audit_opening.name",
            };
            let list = columns.join(", ");
            let missing = format!(
                "INSERT INTO {table} ({list}) SELECT {list} FROM kept_{table} AS kept WHERE NOT \
                 EXISTS (SELECT 1 FROM {table} WHERE {same})"
            );
            db.sql(&missing).await.unwrap();
            let put_back = format!(
                "UPDATE {table} SET {} FROM kept_{table} AS kept WHERE {same}",
                set.join(", ")
            );
            db.sql(&put_back).await.unwrap();
        }
        assert!(outside.verify(&db).await.whole(), "restored after {sql}");
    }
    assert_eq!(made.kind(), Kind::Referral);
}

async fn columns_of(db: &Fixture, table: &str) -> Vec<String> {
    let sql = match db.raw_backend() {
        DbBackend::Postgres => format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' \
             AND table_schema = 'public' AND is_generated = 'NEVER'"
        ),
        _ => format!("SELECT name FROM pragma_table_info('{table}')"),
    };
    db.rows(&sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
