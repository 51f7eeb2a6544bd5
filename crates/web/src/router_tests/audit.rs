//! The audit log: who reads it, when it is walked, and who stands in it.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
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
