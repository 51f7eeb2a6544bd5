//! The audit log: who reads it, when it is walked, and who stands in it.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::Kind;
use pendeen_store::audit::witness::Witness;
use pendeen_store::erasure::Order;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Site;
use crate::pages::audit::{Verdict, verdict};

#[tokio::test]
async fn only_an_auditor_reads_the_log_and_finds_it_whole() {
    let site = Site::new().await;
    let auditor = site.sign_in(Role::Auditor).await;
    let page = site.get(&auditor, "/audit").await;
    assert!(page.body.contains("The log is whole"), "{}", page.body);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Auditor) {
        let cookie = site.sign_in(role).await;
        assert_eq!(site.get(&cookie, "/audit").await.status, StatusCode::NOT_FOUND, "{role:?}");
    }
}

#[tokio::test]
async fn a_log_is_long_by_all_its_leaves_and_then_walked_only_when_asked() {
    let site = Site::new().await;
    let leaves = site.store.audit_count().await.unwrap();
    assert!(leaves > 0);
    let found = verdict(&site.app, false, leaves).await.unwrap();
    assert!(matches!(found, Verdict::Whole(..)), "{found:?}");
    let found = verdict(&site.app, false, leaves - 1).await.unwrap();
    assert!(matches!(found, Verdict::NotChecked), "{found:?}");
    let found = verdict(&site.app, true, leaves - 1).await.unwrap();
    assert!(matches!(found, Verdict::Whole(..)), "{found:?}");
}

#[tokio::test]
async fn what_was_done_at_the_command_line_says_so_and_an_unknown_account_is_gone() {
    let site = Site::new().await;
    let auditor = site.sign_in(Role::Auditor).await;
    for (id, label, other) in [
        (0x7065_6e64_6565_6e00_0000_0000_0000_0001, "Command line", "An account that is gone"),
        (77, "An account that is gone", "Command line"),
    ] {
        let id = PersonId(Uuid::from_u128(id));
        let person = Person {
            id,
            name: String::new(),
            roles: BTreeSet::new(),
            force: None,
            knows: Knows::default(),
        };
        site.store.signed_out(&person, site.app.now()).await.unwrap();
        let page = site.get(&auditor, &format!("/audit?person={}", id.0)).await.body;
        assert!(page.contains(label) && !page.contains(other), "{page}");
    }
}

#[tokio::test]
async fn the_page_tells_how_old_the_checkpoint_outside_is_and_holds_the_log_against_it() {
    let site = Site::new().await;
    let auditor = site.sign_in(Role::Auditor).await;
    let none = site.get(&auditor, "/audit").await.body;
    assert!(none.contains("No checkpoint is kept outside the database yet"), "{none}");
    let witness = Witness::new(&site.folder.path().join("keys"), &site.app.checkpoints);
    witness.advance(&site.store, site.app.now(), true).await.unwrap();
    let page = site.get(&auditor, "/audit").await.body;
    assert!(page.contains("Last checkpoint outside the database"), "{page}");
    assert!(page.contains("The log is whole"), "{page}");
    std::fs::write(site.app.checkpoints.join("checkpoint"), "forged").unwrap();
    let page = site.get(&auditor, "/audit").await.body;
    assert!(page.contains("The log does not hold at"), "{page}");
}

#[tokio::test]
async fn entries_are_found_by_number_action_and_period() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let form = [("source", "IWF"), ("reference", "R-1"), ("summary", "A report")];
    let made = site.post(&officer, "/records/referral/new", &form).await;
    let address = made.headers["location"].to_str().unwrap().to_owned();
    let record = site.get(&officer, address.split('?').next().unwrap()).await.body;
    let number = record.split("REF-").nth(1).unwrap();
    let number: String =
        number.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let auditor = site.sign_in(Role::Auditor).await;
    let entries = async |filter: &str| -> usize {
        let page = site.get(&auditor, &format!("/audit?{filter}")).await.body;
        page.matches("govuk-table__cell pendeen-nowrap").count()
    };
    let about = entries(&format!("number=ref-{}", number.to_lowercase())).await;
    assert!(about >= 2, "made and read: {about} about REF-{number}");
    assert_eq!(entries(&format!("number=REF-{number}&action=create")).await, 1);
    assert_eq!(entries("number=REF-nothing").await, 0);
    assert!(entries("from=2026-11-24&until=2026-11-24").await > about);
    assert_eq!(entries("until=2026-11-23").await, 0);
    assert_eq!(entries("from=2026-11-25").await, 0);
}

#[tokio::test]
async fn an_export_names_its_recipient_is_audited_and_carries_its_digest() {
    let site = Site::new().await;
    site.store.authenticate("=HYPERLINK(1)", "x", site.app.now()).await.unwrap();
    let auditor = site.sign_in(Role::Auditor).await;
    let nobody = site.post(&auditor, "/audit/export", &[("form", "csv")]).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
    let asked =
        [("recipient", "=Professional standards"), ("reason", "Request 7"), ("form", "csv")];
    let csv = site.post(&auditor, "/audit/export", &asked).await;
    assert_eq!(csv.status, StatusCode::OK);
    let digest = hex::encode(Sha256::digest(&csv.body));
    let named = csv.headers["content-disposition"].to_str().unwrap();
    assert!(named.contains(&digest), "{named}");
    let whose = "\"OFFICIAL-SENSITIVE\",\"Given to =Professional standards by DC Auditor, ";
    assert!(csv.body.starts_with(whose), "{}", csv.body);
    assert!(csv.body.contains("\r\n\"entry\",\"when\""), "{}", csv.body);
    let disclosures = site.get(&auditor, "/audit?action=audit_export").await.body;
    assert!(disclosures.contains(&digest) && disclosures.contains("Request 7"), "{disclosures}");
    let again = site.post(&auditor, "/audit/export", &asked).await.body;
    assert!(again.contains("\"'=Professional standards\""), "a recipient is no formula: {again}");
    let print = [("recipient", "The person"), ("reason", "Subject access"), ("form", "print")];
    let page = site.post(&auditor, "/audit/export", &print).await.body;
    assert!(page.contains("SHA-256 of the same entries as CSV"), "{page}");
    for role in [Role::Administrator, Role::Examiner] {
        let cookie = site.sign_in(role).await;
        let refused = site.post(&cookie, "/audit/export", &asked).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{role:?}");
    }
}

#[tokio::test]
async fn an_erased_record_says_so_to_those_who_might_see_it_and_to_nobody_else() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let mut made = Vec::new();
    for reference in ["R-1", "R-2"] {
        let form = [("source", "IWF"), ("reference", reference), ("summary", "A report")];
        let answer = site.post(&officer, "/records/referral/new", &form).await;
        let address = answer.headers["location"].to_str().unwrap().to_owned();
        made.push(address.split('?').next().unwrap().to_owned());
    }
    let id = |address: &str| -> Uuid { address.rsplit('/').next().unwrap().parse().unwrap() };
    let people = site.store.people().await.unwrap();
    let author = people
        .iter()
        .find(|account| account.person.is(Role::IntelligenceOfficer))
        .map(|account| account.person.clone())
        .unwrap();
    let decision = site
        .store
        .view(&author, Kind::Referral, id(&made[1]), None, site.app.now())
        .await
        .unwrap()
        .unwrap();
    let approver = Person { id: PersonId(Uuid::from_u128(4711)), ..author };
    let permit = decide(&approver, Action::Act("triage"), &decision).unwrap();
    let order = Order { kind: Kind::Referral, record: id(&made[0]), reason: "over" };
    let mut batch = site.store.batch().await.unwrap();
    batch.erase(&permit, &decision, order, site.app.now()).await.unwrap();
    batch.commit().await.unwrap();
    let page = site.get(&officer, &made[0]).await;
    assert_eq!(page.status, StatusCode::GONE, "{}", page.body);
    assert!(page.body.contains("This record was erased"), "{}", page.body);
    assert!(!page.body.contains("R-1"), "{}", page.body);
    let elsewhere = site.sign_in(Role::Examiner).await;
    assert_eq!(site.get(&elsewhere, &made[0]).await.status, StatusCode::NOT_FOUND);
}
