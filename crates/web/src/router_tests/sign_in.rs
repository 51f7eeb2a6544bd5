//! Signing in: who gets a session, where it leads, and what ends it.

use axum::http::StatusCode;
use pendeen_casework::person::Role;

use super::{PASSWORD, Site};

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_the_sign_in_page_and_back() {
    let site = Site::new().await;
    let answer = site.get("", "/records/referral?state=received").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/sign-in?next=/records/referral%3Fstate%3Dreceived");
    let page = site.get("", answer.location()).await;
    assert!(page.body.contains(r#"name="next" value="/records/referral?state=received""#));
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_saying_which_part_was_wrong() {
    let site = Site::new().await;
    let wrong = [("username", "examiner"), ("password", "nonsense")];
    let unknown = [("username", "nobody"), ("password", "nonsense")];
    let wrong = site.post("", "/sign-in", &wrong).await;
    let unknown = site.post("", "/sign-in", &unknown).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.body.replace("examiner", "nobody"), unknown.body);
    assert!(wrong.body.contains(r##"href="#username""##));
}

#[tokio::test]
async fn signing_in_gives_a_new_session_and_signing_out_ends_it() {
    let site = Site::new().await;
    let first = site.sign_in(Role::Examiner).await;
    let second = site.sign_in(Role::Examiner).await;
    assert_ne!(first, second);
    assert_eq!(site.get(&first, "/").await.status, StatusCode::OK);
    site.post(&first, "/sign-out", &[]).await;
    assert_eq!(site.get(&first, "/").await.location(), "/sign-in");
    assert_eq!(site.get(&second, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_account_that_is_disabled_is_out_at_its_next_page() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    let people = site.store.people().await.unwrap();
    let examiner = people.iter().find(|account| account.username == "examiner").unwrap();
    let now = "2026-11-24T09:31:00Z".parse().unwrap();
    site.store.set_disabled(None, examiner.person.id, true, now).await.unwrap();
    assert_eq!(site.get(&cookie, "/").await.location(), "/sign-in");
}

#[tokio::test]
async fn signing_in_leads_to_no_other_site() {
    let site = Site::new().await;
    for next in ["/\t/evil.example/x", "//evil.example", "/\\evil.example", "evil.example"] {
        let form = [("username", "examiner"), ("password", PASSWORD), ("next", next)];
        assert_eq!(site.post("", "/sign-in", &form).await.location(), "/", "{next:?}");
    }
    let form = [("username", "examiner"), ("password", PASSWORD), ("next", "/search?q=x")];
    assert_eq!(site.post("", "/sign-in", &form).await.location(), "/search?q=x");
}

#[tokio::test]
async fn a_new_password_ends_every_earlier_session() {
    let site = Site::new().await;
    let old = site.sign_in(Role::Examiner).await;
    let other = site.sign_in(Role::Auditor).await;
    assert_eq!(site.get(&old, "/").await.status, StatusCode::OK);
    let people = site.store.people().await.unwrap();
    let examiner = people.iter().find(|account| account.username == "examiner").unwrap();
    let now = "2026-11-24T09:31:00Z".parse().unwrap();
    site.store.set_password(None, examiner.person.id, PASSWORD, now).await.unwrap();
    assert_eq!(site.get(&old, "/").await.location(), "/sign-in");
    let new = site.sign_in(Role::Examiner).await;
    assert_eq!(site.get(&new, "/").await.status, StatusCode::OK);
    assert_eq!(site.get(&other, "/").await.status, StatusCode::OK, "others stay signed in");
}

#[tokio::test]
async fn sessions_that_are_over_are_forgotten_when_serving_begins() {
    let site = Site::new().await;
    let [over, lasting, before] =
        ["09:00", "10:00", "08:00"].map(|time| format!("2026-11-24T{time}:00Z").parse().unwrap());
    assert!(site.store.session_create("old", b"{}", over, None).await.unwrap());
    assert!(site.store.session_create("new", b"{}", lasting, None).await.unwrap());
    let listen = "127.0.0.1:0".parse().unwrap();
    let front = crate::Front { listen, tls: None, metrics: None };
    crate::serve(&front, site.app.clone(), std::future::ready(())).await.unwrap();
    assert!(site.store.session_load("old", before).await.unwrap().is_none());
    assert!(site.store.session_load("new", before).await.unwrap().is_some());
}
