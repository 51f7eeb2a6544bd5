//! The badge and its stream: what newly waits, for whom, for as long as their session lasts.

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use pendeen_casework::person::Role;
use tower::ServiceExt;

use super::Site;

/// Opens the stream as a browser does.
async fn listen(router: &Router, cookie: &str) -> (StatusCode, BodyDataStream) {
    let request = Request::get("/notifications/stream").header(header::COOKIE, cookie);
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    (response.status(), response.into_body().into_data_stream())
}

async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let part = stream.next().await?.unwrap();
    Some(String::from_utf8(part.to_vec()).unwrap())
}

async fn referral(site: &Site, cookie: &str, reference: &str) {
    let form = [("source", "Hotline"), ("reference", reference), ("summary", "A summary")];
    let made = site.post(cookie, "/records/referral/new", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
}

#[tokio::test]
async fn the_badge_tells_what_newly_waits_until_the_person_looks_and_nobody_elses_work() {
    let site = Site::new().await;
    let (cookie, other) =
        (site.sign_in(Role::IntelligenceOfficer).await, site.sign_in(Role::Examiner).await);
    referral(&site, &cookie, "R-1").await;
    let page = site.get(&cookie, "/records/referral").await.body;
    assert!(page.contains("<strong>1</strong> new"), "{page}");
    let page = site.get(&other, "/records/exhibit").await.body;
    assert!(page.contains("<strong>0</strong> new"), "{page}");
    assert_eq!(site.get(&cookie, "/").await.status, StatusCode::OK);
    let page = site.get(&cookie, "/records/referral").await.body;
    assert!(page.contains("<strong>0</strong> new"), "looked at: {page}");
}

#[tokio::test]
async fn the_stream_tells_a_number_beats_and_ends_with_the_session() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    let (status, mut stream) = listen(&site.router, &cookie).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(next(&mut stream).await.unwrap(), "event: waiting\ndata: 0\n\n");
    assert_eq!(next(&mut stream).await.unwrap(), ":\n\n", "a heart beat");
    referral(&site, &cookie, "Secret reference").await;
    assert_eq!(next(&mut stream).await.unwrap(), "event: waiting\ndata: 1\n\n");
    assert_eq!(site.post(&cookie, "/sign-out", &[]).await.status, StatusCode::SEE_OTHER);
    let mut rest = String::new();
    while let Some(part) = next(&mut stream).await {
        rest += &part;
    }
    assert!(!rest.contains("event"), "{rest}");
    let (status, _) = listen(&site.router, &cookie).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "signed out");
}

#[tokio::test]
async fn streams_are_bounded_and_end_when_the_program_stops() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    let mut open = Vec::new();
    for _ in 0..6 {
        let (status, stream) = listen(&site.router, &cookie).await;
        assert_eq!(status, StatusCode::OK);
        open.push(stream);
    }
    assert_eq!(listen(&site.router, &cookie).await.0, StatusCode::TOO_MANY_REQUESTS);
    drop(open.pop());
    let (status, mut stream) = listen(&site.router, &cookie).await;
    assert_eq!(status, StatusCode::OK, "one that went makes room");
    assert!(next(&mut stream).await.is_some());
    site.app.notices.close();
    assert_eq!(next(&mut stream).await, None);
}
