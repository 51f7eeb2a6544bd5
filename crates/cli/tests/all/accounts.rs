//! `pendeen account`: who may sign in, kept without a password ever standing in an argument.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use pendeen_store::Store;
use pendeen_store::account::second_factor::SecondFactor;

use crate::support::{Ran, command, pendeen, text};

const PASSWORD: &str = "heron-ladder-copper";

/// Runs `pendeen account` with a line on standard input.
fn account(data: &Path, args: &[&str], line: &str) -> Ran {
    let mut command = command(["account"]);
    command.args(args).arg("--data").arg(data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Wrong usage ends before anything is read.
    let _ = child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes());
    Ran::ended_as(child.wait_with_output().unwrap())
}

async fn may_sign_in(data: &Path, username: &str, password: &str) -> bool {
    let url = format!("sqlite:{}", data.join("pendeen.db").display());
    let store = Store::connect(&url).await.unwrap();
    let at = "2099-01-01T00:00:00Z".parse().unwrap();
    store.authenticate(username, password, at).await.unwrap().is_some()
}

#[tokio::test]
async fn an_account_is_added_changed_listed_and_disabled_and_each_change_is_audited() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let add = ["add", "birch", "--name", "Officer Birch", "--role", "examiner", "--force", "PSNI"];
    account(data, &add, PASSWORD).ended(0);
    assert!(may_sign_in(data, "birch", PASSWORD).await);
    account(data, &add, PASSWORD).failed_saying(&["an account \"birch\" already"]);

    let list = account(data, &["list"], "").ended(0).stdout();
    assert!(list.contains("birch") && list.contains("Officer Birch"), "{list}");
    assert!(list.contains("Police Service of Northern Ireland"), "{list}");

    account(data, &["password", "birch"], "another-copper-ladder").ended(0);
    assert!(!may_sign_in(data, "birch", PASSWORD).await);
    assert!(may_sign_in(data, "birch", "another-copper-ladder").await);

    account(data, &["disable", "birch"], "").ended(0);
    assert!(!may_sign_in(data, "birch", "another-copper-ladder").await);
    assert!(account(data, &["list"], "").ended(0).stdout().contains("disabled"));
    account(data, &["disable", "nobody"], "").failed_saying(&["no account \"nobody\"", "list"]);

    let log = pendeen(["audit", "verify", "--json", "--data", text(data)]).ended(0).json();
    assert_eq!(log["whole"], true);
    assert!(log["leaves"].as_u64().unwrap() >= 7, "three changes and four attempts: {log}");
}

#[test]
fn a_short_password_an_unknown_role_or_force_is_refused_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let add = ["add", "birch", "--name", "Officer Birch", "--role", "examiner"];
    account(&data, &add, "short").failed_saying(&["fewer than 12 characters"]);
    account(&data, &add, "").failed_saying(&["fewer than 12 characters"]);
    let role = ["add", "birch", "--name", "Officer Birch", "--role", "emperor"];
    let said = account(&data, &role, PASSWORD).ended(2).stderr();
    assert!(said.contains("no such role") && said.contains("officer_in_case"), "{said}");
    let force = ["add", "b", "--name", "B", "--role", "examiner", "--force", "E99"];
    let said = account(&data, &force, PASSWORD).ended(2).stderr();
    assert!(said.contains("no such force") && said.contains("PSNI"), "{said}");
    assert!(!data.exists());
    account(&data, &["list"], "").failed_saying(&["there is no case data in"]);
}

#[tokio::test]
async fn a_second_factor_is_required_of_whom_the_operator_says_and_reset_when_lost() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let add = ["add", "birch", "--name", "Officer Birch", "--role", "examiner"];
    account(data, &add, PASSWORD).ended(0);
    account(data, &["second-factor", "emperor"], "").failed_saying(&["everybody, nobody"]);
    account(data, &["second-factor", "examiner", "auditor"], "").ended(0);

    let url = format!("sqlite:{}", data.join("pendeen.db").display());
    let store = Store::connect(&url).await.unwrap();
    let who = store.people().await.unwrap()[0].person.clone();
    let at = "2099-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::ToBeSet);
    let new = store.new_second_factor().unwrap();
    store.set_second_factor(&who, &new, &new.code(at), at).await.unwrap().unwrap();
    account(data, &["reset-second-factor", "birch"], "").ended(0);
    assert_eq!(store.second_factor(&who).await.unwrap(), SecondFactor::ToBeSet);

    let link = account(data, &["link", "birch"], "").ended(0).stdout();
    let secret = link.trim().rsplit('/').next().unwrap();
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(store.enrolment(secret, at).await.unwrap().unwrap().username, "birch");
    assert_eq!(account(data, &["sessions", "birch"], "").ended(0).stdout(), "");
    account(data, &["sessions", "nobody"], "").failed_saying(&["no account \"nobody\""]);
}
