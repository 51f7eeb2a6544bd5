//! A backup: all of it, into either database, or nothing.

use std::collections::BTreeSet;

use pendeen_casework::person::Role;
use pendeen_store::Store;
use pendeen_store::backup::{BackupError, LEFT_OUT, TABLES};
use sea_orm::DbBackend;

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, intelligence, referral};

/// A few of everything: records with links and versions, documents, people, values in the log.
async fn populate(db: &Fixture) {
    let officer = intelligence(1);
    let made = referral(&db.store, &officer, 1, "R-1 \u{1f512} 'quoted' \\ \n").await;
    act(&db.store, &officer, &made, "triage", &fields([])).await.unwrap();
    for n in 2..40 {
        referral(&db.store, &officer, n, &format!("R-{n}")).await;
    }
    db.store.put_document(&officer, vec![0, 255, 10, 13], "image/png", at(50)).await.unwrap();
    let administrator = person(9, &[Role::Administrator], None);
    let added = db.store.add_person(
        Some(&administrator),
        &officer,
        "officer",
        "a long enough passphrase",
        at(51),
    );
    added.await.unwrap();
    db.store.list(&officer, &pendeen_store::query::Query::default(), at(52)).await.unwrap();
}

async fn dumped(store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.dump(&intelligence(8), at(60), &mut bytes).await.unwrap();
    bytes
}

/// A backup is in the log itself, so the log of the next one is longer.
fn all_but_the_log(backup: &[u8]) -> Vec<&[u8]> {
    let lines = backup.split_inclusive(|byte| *byte == b'\n');
    lines.take_while(|line| !line.starts_with(b"{\"table\":\"audit_leaf\"")).collect()
}

pub async fn a_backup_restored_into_a_new_database_is_the_same(db: Fixture) {
    populate(&db).await;
    let before = dumped(&db.store).await;
    let restored = Fixture::sqlite().await;
    let contents = restored.store.load(&mut before.as_slice()).await.unwrap();
    assert_eq!(contents.rows["record"], 39);
    let log = db.store.audit_verify().await.unwrap();
    assert_eq!(log.first_break, None);
    assert_eq!(restored.store.audit_verify().await.unwrap(), log);
    assert_eq!(all_but_the_log(&dumped(&restored.store).await), all_but_the_log(&before));
    // Work goes on where it stopped.
    referral(&restored.store, &intelligence(1), 77, "R-77").await;
    assert_eq!(restored.store.audit_verify().await.unwrap().first_break, None);
}

pub async fn a_backup_of_the_embedded_database_is_restored_into_this_one(db: Fixture) {
    let source = Fixture::sqlite().await;
    populate(&source).await;
    let before = dumped(&source.store).await;
    db.store.load(&mut before.as_slice()).await.unwrap();
    assert_eq!(db.store.audit_verify().await.unwrap(), source.store.audit_verify().await.unwrap());
    assert_eq!(all_but_the_log(&dumped(&db.store).await), all_but_the_log(&before));
    let again = db.store.load(&mut before.as_slice()).await;
    assert!(matches!(again, Err(BackupError::NotEmpty)), "{again:?}");
}

pub async fn every_table_is_in_the_backup_or_left_out_by_name(db: Fixture) {
    let sql = match db.raw_backend() {
        DbBackend::Postgres => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
        }
        _ => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
              AND name NOT LIKE 'search_index%'"
        }
    };
    let there: BTreeSet<String> =
        db.rows(sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    let known: BTreeSet<String> = TABLES
        .iter()
        .chain(LEFT_OUT)
        .chain(&["seaql_migrations"])
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(there, known);
}

pub async fn a_damaged_backup_restores_nothing(db: Fixture) {
    let source = Fixture::sqlite().await;
    populate(&source).await;
    let whole = dumped(&source.store).await;
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let without = |gone: usize| {
        let kept = lines.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, line)| *line);
        kept.collect::<Vec<_>>().concat()
    };
    let middle = lines.len() / 2;
    let cut = &whole[..whole.len() - lines[lines.len() - 1].len() - 10];
    for damaged in [Vec::new(), cut.to_vec(), without(0), without(middle), without(lines.len() - 1)]
    {
        assert!(db.store.load(&mut damaged.as_slice()).await.is_err());
        assert_eq!(db.number("SELECT COUNT(*) FROM record").await, 0);
    }
    let newer = String::from_utf8_lossy(lines[0]).replace("[\"", "[\"m20991231_new\",\"");
    let newer = [newer.as_bytes(), &lines[1..].concat()].concat();
    let refused = db.store.load(&mut newer.as_slice()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this is no backup that this version can read: a newer version made it"
    );
    db.store.load(&mut whole.as_slice()).await.unwrap();
}
