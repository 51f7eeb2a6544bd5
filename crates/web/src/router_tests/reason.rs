//! Why somebody looks: who is asked, when, and what the log keeps of the answer.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::Timestamp;
use pendeen_casework::form::Fields;
use pendeen_casework::permission::decide_create;
use pendeen_casework::person::Role;
use pendeen_casework::record::{Head, Kind};
use uuid::Uuid;

use super::routes::{hidden, hide, person};
use super::{FixedClock, HOSTILE, Site};

/// A case with a child, recorded by an officer of the force who has no account here.
#[expect(clippy::type_complexity, reason = "a table of records and their forms")]
async fn case_of_a_colleague(site: &Site) -> [String; 2] {
    let who = person(Role::OfficerInCase);
    let [case, child] = [0xCA5E, 0xC41D].map(Uuid::from_u128);
    let case_id = case.to_string();
    let forms: [(Kind, Uuid, Vec<(&str, &str)>); 2] = [
        (Kind::Case, case, vec![("name", "Mill Lane")]),
        (
            Kind::Child,
            child,
            vec![
                ("case", &case_id),
                ("name", "Robin"),
                ("relation", "Neighbour"),
                ("concern", "Lives next door"),
                ("known_since", "2026-11-20T10:00:00Z"),
            ],
        ),
    ];
    for (kind, id, form) in forms {
        let head = Head::new(kind, id, &who, site.app.now());
        let permit = decide_create(&who, kind, &head).unwrap();
        let form: Fields = form.into_iter().collect();
        site.store.create(permit, head, kind, &form, site.app.now()).await.unwrap();
    }
    [format!("/records/case/{case}"), format!("/records/child/{child}")]
}

/// What the audit page says.
async fn log(site: &Site) -> String {
    let auditor = site.sign_in(Role::Auditor).await;
    site.get(&auditor, "/audit").await.body
}

#[tokio::test]
async fn whoever_opens_a_case_says_once_in_a_session_why_and_the_log_keeps_it() {
    let site = Site::asking().await;
    let [case, child] = case_of_a_colleague(&site).await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let asked = site.get(&cookie, &case).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    assert_eq!(asked.location(), format!("/reason?next={case}"));
    let page = site.get(&cookie, asked.location()).await.body;
    assert!(page.contains("Why do you open this?") && !page.contains("Mill Lane"), "{page}");

    let unsaid = [("next", &*case), ("reason", "other"), ("reference", HOSTILE)];
    let refused = site.post(&cookie, "/reason", &unsaid).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(r##"href="#words""##), "{}", refused.body);
    assert!(refused.body.contains("&#60;script&#62;") && !refused.body.contains(HOSTILE));

    let said = [("next", &*case), ("reason", "tasked"), ("reference", "INC-77")];
    let given = site.post(&cookie, "/reason", &said).await;
    assert_eq!((given.status, given.location()), (StatusCode::SEE_OTHER, &*case));
    let page = site.get(&cookie, &case).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Mill Lane") && !page.body.contains("as urgent"));
    for page in [child, format!("{case}/history")] {
        assert_eq!(site.get(&cookie, &page).await.status, StatusCode::OK, "the same case: {page}");
    }
    assert!(log(&site).await.contains("Tasked on the case; reference INC-77"));

    let again = site.sign_in(Role::OfficerInCase).await;
    let asked = site.get(&again, &case).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "another session is asked again");
}

#[tokio::test]
async fn what_is_urgent_opens_at_one_press_and_its_reason_is_owed() {
    let site = Site::asking().await;
    let [case, _] = case_of_a_colleague(&site).await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let press = [("next", &*case), ("urgent", "yes")];
    let pressed = site.post(&cookie, "/reason", &press).await;
    assert_eq!((pressed.status, pressed.location()), (StatusCode::SEE_OTHER, &*case));
    let page = site.get(&cookie, &case).await;
    assert_eq!(page.status, StatusCode::OK);
    let owed =
        format!(r#"You opened this as urgent. <a class="govuk-link" href="/reason?next={case}">"#);
    assert!(page.body.contains(&owed), "{}", page.body);
    assert!(log(&site).await.contains("Urgent: the reason is given after"));

    let later: Timestamp = "2026-11-24T10:31:00Z".parse().unwrap();
    let site = site.with(|app| app.clock = Arc::new(FixedClock(later)));
    let asked = site.get(&cookie, &case).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "an hour later it is asked for");
    let said = [("next", &*case), ("reason", "supervision")];
    site.post(&cookie, "/reason", &said).await;
    let page = site.get(&cookie, &case).await;
    assert!(!page.body.contains("as urgent"), "{}", page.body);
    let kept = "Supervision or review (given after opening it as urgent at 2026-11-24T09:30:00Z)";
    assert!(log(&site).await.contains(kept));
}

#[tokio::test]
async fn lists_and_searches_are_asked_about_once_in_a_session() {
    let site = Site::asking().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    assert_eq!(site.get(&cookie, "/").await.status, StatusCode::OK, "one's own work is not");
    for page in ["/records/case", "/search?q=Mill", "/children"] {
        let asked = site.get(&cookie, page).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{page}");
        assert!(asked.location().starts_with("/reason?next=/"), "{}", asked.location());
    }
    let asked = site.get(&cookie, "/search?q=Mill").await.location().to_owned();
    let page = site.get(&cookie, &asked).await.body;
    assert!(page.contains(r#"name="next" value="/search?q=Mill""#), "{page}");
    let said = [("next", "/search?q=Mill"), ("reason", "intelligence"), ("words", "Deconfliction")];
    let given = site.post(&cookie, "/reason", &said).await;
    assert_eq!(given.location(), "/search?q=Mill");
    for page in ["/records/case", "/search?q=Mill", "/children"] {
        assert_eq!(site.get(&cookie, page).await.status, StatusCode::OK, "{page}");
    }
    assert!(log(&site).await.contains("Intelligence check: Deconfliction"));
}

#[tokio::test]
async fn what_may_not_be_seen_is_not_asked_about_and_nobody_is_led_elsewhere() {
    let site = Site::asking().await;
    hide(&site).await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let mut ids = hidden();
    ids.push((Kind::Case, Uuid::from_u128(77)));
    for (kind, id) in ids {
        let address = format!("/records/{}/{id}", kind.key());
        assert_eq!(site.get(&cookie, &address).await.status, StatusCode::NOT_FOUND, "{address}");
        let asked = site.get(&cookie, &format!("/reason?next={address}")).await;
        assert_eq!((asked.status, asked.location()), (StatusCode::SEE_OTHER, &*address));
    }
    let form = [("next", "//evil.example/records/case"), ("reason", "tasked")];
    assert_eq!(site.post(&cookie, "/reason", &form).await.location(), "/");
}

#[tokio::test]
async fn what_is_ones_own_says_by_itself_why_one_opens_it() {
    let site = Site::asking().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let made = site.post(&cookie, "/records/case/new", &[("name", "Mill Lane")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    assert_eq!(site.get(&cookie, made.location()).await.status, StatusCode::OK);
    assert!(log(&site).await.contains("Assigned to the person by name"));
}

#[tokio::test]
async fn a_reason_owed_when_its_session_ends_is_asked_at_the_next_sign_in_and_told_to_the_auditor()
{
    let site = Site::asking().await;
    let [case, _] = case_of_a_colleague(&site).await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    site.post(&cookie, "/reason", &[("next", &*case), ("urgent", "yes")]).await;
    site.post(&cookie, "/sign-out", &[]).await;
    assert!(log(&site).await.contains("Reasons owed for what was opened as urgent: 1"));

    let form = [("username", Role::OfficerInCase.key()), ("password", super::PASSWORD)];
    let signed_in = site.post("", "/sign-in", &form).await;
    assert_eq!(signed_in.location(), "/reason/owed", "{}", signed_in.body);
    let cookie = signed_in.cookie("pendeen");
    let page = site.get(&cookie, signed_in.location()).await.body;
    assert!(page.contains("and have not said why") && !page.contains("Mill Lane"), "{page}");
    assert!(!page.contains("reason after"), "it was urgent once: {page}");
    let matter = page.split(r#"name="matter" value=""#).nth(1).unwrap().split('"').next().unwrap();
    let unsaid = site.post(&cookie, "/reason/owed", &[("matter", matter)]).await;
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", unsaid.body);
    let other = site.sign_in(Role::SafeguardingOfficer).await;
    let said = [("matter", matter), ("next", "/"), ("reason", "tasked"), ("reference", "INC-9")];
    site.post(&other, "/reason/owed", &said).await;
    assert!(log(&site).await.contains("Reasons owed"), "nobody else can give it");
    let given = site.post(&cookie, "/reason/owed", &said).await;
    assert_eq!(given.location(), "/reason/owed");
    assert_eq!(site.get(&cookie, given.location()).await.location(), "/");
    let log = log(&site).await;
    assert!(log.contains("Tasked on the case; reference INC-9") && !log.contains("Reasons owed"));
    assert_eq!(site.get(&cookie, &case).await.status, StatusCode::OK, "and is not asked again");
}
