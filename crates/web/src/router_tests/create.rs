//! Making a record: what the same form sent twice does, and an id that is somebody else's.

use axum::http::StatusCode;
use pendeen_casework::person::Role;

use super::{Answer, Site};

async fn refer(site: &Site, cookie: &str, id: &str, summary: &str) -> Answer {
    let form = [("new-id", id), ("source", "Hotline"), ("reference", "R-1"), ("summary", summary)];
    let answer = site.post(cookie, "/records/referral/new", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer
}

#[tokio::test]
async fn an_id_that_another_record_has_is_replaced_and_the_record_made() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let id = "01900000-0000-7000-8000-00000000ffff";
    let first = refer(&site, &officer, id, "The first summary").await;
    let same = refer(&site, &officer, id, "The first summary").await;
    assert_eq!(first.location(), same.location(), "the same form sent twice");

    let other = refer(&site, &officer, id, "Quite another summary").await;
    assert_ne!(first.location(), other.location());
    let page = site.get(&officer, other.location()).await.body;
    assert!(page.contains("Quite another summary"), "{page}");
    let list = site.get(&officer, "/records/referral").await.body;
    assert!(list.contains("2 referrals"), "{list}");
}

#[tokio::test]
async fn a_record_of_another_person_is_never_told_as_one_s_own() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let id = "01900000-0000-7000-8000-00000000ffff";
    let first = refer(&site, &officer, id, "A summary").await;
    let case_officer = site.sign_in(Role::OfficerInCase).await;
    let form = [("new-id", id), ("name", "A case of my own")];
    let made = site.post(&case_officer, "/records/case/new", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    assert!(!made.location().contains(id), "{}", made.location());
    let page = site.get(&case_officer, made.location()).await.body;
    assert!(page.contains("A case of my own"), "{page}");
    assert!(site.get(&officer, first.location()).await.body.contains("A summary"));
}
