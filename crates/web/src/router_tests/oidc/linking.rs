//! Linking an account to an identity at the sign-in service, and removing the link.

use axum::http::StatusCode;
use pendeen_casework::ambient::Clock;
use pendeen_casework::person::Role;

use super::super::PASSWORD;
use super::Joined;

#[tokio::test]
async fn a_person_links_and_unlinks_their_own_account_with_the_present_password() {
    let joined = Joined::new().await;
    let cookie = joined.site.sign_in(Role::Examiner).await;
    assert!(joined.site.get(&cookie, "/account").await.body.contains("/account/provider"));
    let without = joined.site.post(&cookie, "/account/provider", &[("present", PASSWORD)]).await;
    assert_eq!(without.location(), "/account/provider", "nothing was shown yet");
    let shown = joined.through(&cookie, "/account/provider/go").await;
    assert_eq!(shown.location(), "/account/provider", "{}", shown.body);
    let page = joined.site.get(&cookie, "/account/provider").await.body;
    assert!(page.contains("<strong>penrose &#60;b&#62;</strong>"), "{page}");
    let wrong = joined.site.post(&cookie, "/account/provider", &[("present", "nonsense")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let status = joined.through("", "/sign-in/provider").await.status;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "not linked yet");
    let done = joined.site.post(&cookie, "/account/provider", &[("present", PASSWORD)]).await;
    assert_eq!(done.location(), "/account/provider", "{}", done.body);
    assert_eq!(joined.through("", "/sign-in/provider").await.location(), "/");

    let other = joined.site.sign_in(Role::Auditor).await;
    joined.through(&other, "/account/provider/go").await;
    let taken = joined.site.post(&other, "/account/provider", &[("present", PASSWORD)]).await;
    assert!(taken.body.contains("belongs to another account"), "{}", taken.body);

    let unlink = "/account/provider/unlink";
    let wrong = joined.site.post(&cookie, unlink, &[("present", "nonsense")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = joined.site.post(&cookie, unlink, &[("present", PASSWORD)]).await;
    assert_eq!(gone.location(), "/sign-in");
    assert_eq!(joined.site.get(&cookie, "/").await.location(), "/sign-in", "signed out, too");
    let answer = joined.through("", "/sign-in/provider").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_administrator_removes_a_link_to_the_service() {
    let joined = Joined::new().await;
    let examiner = joined.linked(Role::Examiner).await;
    let session = joined.through("", "/sign-in/provider").await.cookie("pendeen");
    let page = format!("/administration/people/{}", examiner.id.0);
    let unlink = format!("{page}/unlink");
    let refused = joined.site.post(&session, &unlink, &[]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "not one's own way past the password");
    let administrator = joined.site.sign_in(Role::Administrator).await;
    assert!(joined.site.get(&administrator, &page).await.body.contains(&unlink));
    assert_eq!(joined.site.post(&administrator, &unlink, &[]).await.location(), page);
    assert!(!joined.site.get(&administrator, &page).await.body.contains(&unlink));
    assert_eq!(joined.site.get(&session, "/").await.location(), "/sign-in", "signed out");
    let answer = joined.through("", "/sign-in/provider").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_identity_that_one_person_showed_links_no_other_account() {
    let joined = Joined::new().await;
    let cookie = joined.site.sign_in(Role::Examiner).await;
    let (begun, sent) = joined.go(&cookie, "/account/provider/go").await;
    let form = [("username", "auditor"), ("password", PASSWORD)];
    let other = joined.site.post(&begun, "/sign-in", &form).await.cookie("pendeen");
    let answer = joined.come_back(&other, &sent["state"]).await;
    let words = "not begun in this browser";
    joined.told(&answer, StatusCode::UNPROCESSABLE_ENTITY, words, "not begun").await;
    let account = joined.site.get(&other, "/account").await.body;
    let (auditor, examiner) =
        (joined.person(Role::Auditor).await, joined.person(Role::Examiner).await);
    assert!(account.contains(&auditor.name), "still their own session: {account}");
    assert!(!account.contains(&examiner.name), "{account}");
    let done = joined.site.post(&other, "/account/provider", &[("present", PASSWORD)]).await;
    assert_eq!(done.location(), "/account/provider");
    let page = joined.site.get(&other, "/account/provider").await.body;
    assert!(page.contains("Go on to Force sign-in"), "still not linked: {page}");
}

#[tokio::test]
async fn a_one_time_link_links_an_account_once_and_signs_its_person_in() {
    let joined = Joined::new().await;
    let examiner = joined.person(Role::Examiner).await;
    let now = joined.clock.now();
    let secret = joined.site.store.make_enrolment(None, examiner.id, now).await.unwrap();
    let link = format!("/enrol/{secret}/provider");
    assert!(joined.site.get("", &format!("/enrol/{secret}")).await.body.contains(&link));
    assert_eq!(joined.through("", &link).await.location(), "/");
    assert_eq!(joined.through("", "/sign-in/provider").await.location(), "/");
    assert_eq!(joined.site.get("", &link).await.status, StatusCode::NOT_FOUND, "used");
    let auditor = joined.person(Role::Auditor).await;
    let secret = joined.site.store.make_enrolment(None, auditor.id, now).await.unwrap();
    let taken = joined.through("", &format!("/enrol/{secret}/provider")).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.body.contains("belongs to another account"), "{}", taken.body);
    let still = joined.site.get("", &format!("/enrol/{secret}")).await;
    assert_eq!(still.status, StatusCode::OK, "a link that did not link is not used up");
}
