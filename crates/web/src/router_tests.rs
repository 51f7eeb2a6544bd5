//! The pages as a browser meets them, over a real store in a temporary folder.

mod account;
mod administration;
mod api;
mod audit;
mod create;
mod figures;
mod folder;
mod given_out;
mod keeping;
mod lists;
mod mail;
mod notifications;
mod oidc;
mod oversight;
mod paper;
mod preview;
mod reason;
mod routes;
mod sign_in;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use pendeen_casework::ambient::{Clock, Ids};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::settings::Settings;
use pendeen_evidence::worker::WorkerCommand;
use pendeen_store::Store;
use pendeen_store::account::second_factor::Requirement;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{App, Previews, router};

const PASSWORD: &str = " correct horse battery ";
const HOSTILE: &str = "<script>alert(1)</script>";

struct FixedClock(Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Identifiers that differ in their low bits, as numbers are made from those.
struct Counted(AtomicU64);

impl Ids for Counted {
    fn fresh(&self) -> Uuid {
        Uuid::from_u64_pair(0x0190_0000_0000_7000, 1 << 63 | self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The cookie of this name that the answer sets, as a browser sends it back.
    fn cookie(&self, name: &str) -> String {
        let mut cookies =
            self.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap());
        let cookie = cookies.rfind(|c| c.split_once('=').is_some_and(|(n, _)| n == name));
        let cookie = cookie.unwrap_or_else(|| panic!("no cookie {name}"));
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// A running set of pages with one account per role.
struct Site {
    router: Router,
    app: App,
    store: Store,
    folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        Self::whose(forceful).await
    }

    /// As [`Self::new`]; only the named roles belong to a force, the others are national.
    async fn whose(forceful: fn(Role) -> bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("test.db").display());
        let mut settings = Settings::default();
        settings.audit.ask_justification = false;
        let store = Store::connect(&url).await.unwrap().with_settings(settings);
        store.migrate().await.unwrap();
        let now: Timestamp = "2026-11-24T09:30:00Z".parse().unwrap();
        store.set_second_factor_requirement(None, &Requirement::Nobody, now).await.unwrap();
        for (i, role) in Role::ALL.into_iter().enumerate() {
            let person = Person {
                id: PersonId(Uuid::from_u128(1 + i as u128)),
                name: format!("DC {}", role.label()),
                roles: BTreeSet::from([role]),
                force: forceful(role).then(|| ForceKey::parse("E23000035").unwrap()),
                knows: Knows::default(),
            };
            store.add_person(None, &person, role.key(), PASSWORD, now).await.unwrap();
        }
        let app = App {
            store: store.clone(),
            clock: Arc::new(FixedClock(now)),
            ids: Arc::new(Counted(AtomicU64::new(1))),
            data_dir: folder.path().to_owned(),
            checkpoints: folder.path().join("checkpoints"),
            secure_cookies: false,
            previews: previews(),
            notices: crate::Notices::every(std::time::Duration::ZERO),
            mail: None,
            provider: None,
        };
        Self { router: router(app.clone()), app, store, folder }
    }

    /// The same pages where people are asked why they look, as is the default.
    async fn asking() -> Self {
        Self::new()
            .await
            .with(|app| app.store = app.store.clone().with_settings(Settings::default()))
    }

    /// The same pages over something else.
    fn with(self, change: impl FnOnce(&mut App)) -> Self {
        let mut app = self.app;
        change(&mut app);
        Self { router: router(app.clone()), store: app.store.clone(), app, folder: self.folder }
    }

    /// Fills in the act's form as the page has it and sends it.
    async fn act(&self, cookie: &str, record: &str, act: &str, form: &[(&str, &str)]) -> Answer {
        let address = format!("{record}/acts/{act}");
        let page = self.get(cookie, &address).await.body;
        let version = page.split(r#"name="seen-version" value=""#).nth(1).unwrap();
        let mut form = form.to_vec();
        form.push(("seen-version", version.split('"').next().unwrap()));
        self.post(cookie, &address, &form).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let live =
            headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let bytes = if live {
            response.into_body().into_data_stream().next().await.unwrap().unwrap()
        } else {
            to_bytes(response.into_body(), 10_000_000).await.unwrap()
        };
        Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    async fn get(&self, cookie: &str, address: &str) -> Answer {
        let request = Request::get(address).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, cookie: &str, address: &str, form: &[(&str, &str)]) -> Answer {
        let request = Request::post(address)
            .header(header::COOKIE, cookie)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(coded(form))).unwrap()).await
    }

    /// Signs in and answers with the cookie.
    async fn sign_in(&self, role: Role) -> String {
        let form = [("username", role.key()), ("password", PASSWORD)];
        let answer = self.post("", "/sign-in", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.cookie("pendeen")
    }
}

/// Previews by a process that takes the picture and answers with an empty PNG.
fn previews() -> Previews {
    let answer = r"cat > /dev/null; printf '\000\010\000\000\000\211PNG\r\n\032\n'";
    let content = WorkerCommand::new("/bin/sh", &["-c", answer]);
    Previews::new(WorkerCommand::new("/nonexistent", &[]), content)
}

fn forceful(role: Role) -> bool {
    matches!(
        role,
        Role::ReceivingDesk | Role::OfficerInCase | Role::Examiner | Role::SafeguardingOfficer
    )
}

fn coded(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|b| match b {
                b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                b'-' | b'_' => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            })
            .collect()
    };
    let pairs: Vec<_> = form.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
    pairs.join("&")
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = Request::post("/sign-out")
            .header(header::COOKIE, &cookie)
            .header(header::HOST, "pendeen.example")
            .header(name, value);
        let answer = site.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
        assert!(answer.body.contains("Nothing was done"));
    }
    assert_eq!(site.get(&cookie, "/").await.status, StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    for address in ["/", "/sign-in", "/nowhere", "/records/nonsense"] {
        let headers = site.get(&cookie, address).await.headers;
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], crate::security::POLICY, "{address}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }
}

#[tokio::test]
async fn styles_and_script_are_kept_by_the_browser_under_their_digest_names() {
    let site = Site::new().await;
    for address in [&crate::assets::ADDRESSES.style, &crate::assets::ADDRESSES.script] {
        let answer = site.get("", address).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    }
    assert_eq!(site.get("", "/assets/../Cargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_may_not_be_seen_and_what_is_not_there_give_the_same_page() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Administrator).await;
    let missing = site.get(&cookie, "/records/nonsense").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let id = Uuid::from_u128(77);
    for address in [
        "/records/referral".to_owned(),
        "/records/case/new".to_owned(),
        format!("/records/case/{id}"),
        format!("/records/case/{id}/acts/close"),
        "/records/case/not-an-id".to_owned(),
    ] {
        let answer = site.get(&cookie, &address).await;
        assert_eq!((answer.status, &answer.body), (missing.status, &missing.body), "{address}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_gets_a_page_that_says_so() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    let answer = site.get(&cookie, "/?page=many").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("cannot be read"));
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_and_names_the_field() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    let form = [("source", HOSTILE), ("reference", ""), ("summary", "Seen twice")];
    let answer = site.post(&cookie, "/records/referral/new", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    assert!(answer.body.contains(r##"<a href="#reference">"##), "the summary leads to the field");
    assert!(answer.body.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "kept, escaped");
    assert!(answer.body.contains("Seen twice"));
    assert!(!answer.body.contains(HOSTILE));
}

#[tokio::test]
async fn a_form_sent_twice_makes_one_record_and_an_act_on_an_old_version_is_refused() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    let page = site.get(&cookie, "/records/referral/new").await.body;
    let id = page.split(r#"name="new-id" value=""#).nth(1).unwrap().split('"').next().unwrap();
    let form =
        [("new-id", id), ("source", HOSTILE), ("reference", "R-1"), ("summary", "A summary")];
    let first = site.post(&cookie, "/records/referral/new", &form).await;
    let second = site.post(&cookie, "/records/referral/new", &form).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
    assert_eq!(first.location(), second.location());
    let list = site.get(&cookie, "/records/referral").await.body;
    assert!(list.contains("1 referral."), "{list}");
    assert!(!list.contains(HOSTILE));

    let record = site.get(&cookie, first.location()).await.body;
    assert!(record.contains("Accept for work") && !record.contains(HOSTILE));
    let act = format!("/records/referral/{id}/acts/triage");
    let done = site.post(&cookie, &act, &[("seen-version", "1")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let again = site.post(&cookie, &act, &[("seen-version", "1")]).await;
    assert_eq!(again.location(), done.location(), "the same act sent twice is done once");
    let old = format!("/records/referral/{id}/acts/not_actionable");
    let old = site.post(&cookie, &old, &[("seen-version", "1"), ("reason", "Too vague")]).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(old.body.contains("Somebody changed this record"));
    let examiner = site.sign_in(Role::Examiner).await;
    let denied = site.get(&examiner, &format!("/records/referral/{id}")).await;
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_hidden_record_changes_no_byte_of_a_list_or_a_search() {
    let site = Site::new().await;
    let (officer, intel) =
        (site.sign_in(Role::OfficerInCase).await, site.sign_in(Role::IntelligenceOfficer).await);
    let pages = ["/records/subject", "/search?q=Sample", "/"];
    let mut before = Vec::new();
    for page in pages {
        before.push(site.get(&officer, page).await.body);
    }
    let form = [("name", "Sample Person"), ("suspect", "yes")];
    let made = site.post(&intel, "/records/subject/new", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    assert!(site.get(&intel, "/search?q=Sample").await.body.contains("Sample Person"));
    for (page, before) in pages.into_iter().zip(before) {
        assert_eq!(site.get(&officer, page).await.body, before, "{page}");
    }
}

#[tokio::test]
async fn many_things_that_ask_for_the_same_are_folded_into_one_line() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    for n in 0..13 {
        let number = format!("R-{n}");
        let form = [("source", "Hotline"), ("reference", &*number), ("summary", "A summary")];
        let made = site.post(&cookie, "/records/referral/new", &form).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    }
    let page = site.get(&cookie, "/").await.body;
    assert_eq!(page.matches(r#"class="govuk-link govuk-!-font-weight-bold""#).count(), 10);
    assert!(page.contains("and 3 more like this"), "{page}");
    let list = page.split("and 3 more").next().unwrap().rsplit(r#"href=""#).next().unwrap();
    let list = site.get(&cookie, list.split('"').next().unwrap()).await.body;
    assert!(list.contains("13 referrals"), "{list}");
}
