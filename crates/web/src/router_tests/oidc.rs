//! Signing in through a sign-in service: who gets in, what is not believed, and why.

mod fake;
mod linking;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use openidconnect::url::Url;
use pendeen_casework::ambient::Clock;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_store::account::provider::Identity;
use pendeen_store::account::second_factor::Requirement;
use pendeen_store::audit::EntryFilter;
use pendeen_store::query::Slice;
use uuid::Uuid;

use super::{Answer, PASSWORD, Site};
use crate::oidc::{Provider, SecondFactorBy, Settings};
use crate::router;
use fake::{CLIENT, Fake, Plan, SECRET, Tampered};

/// A clock that a test moves.
struct Movable(Mutex<Timestamp>);

impl Clock for Movable {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The pages with a sign-in service.
struct Joined {
    site: Site,
    fake: Fake,
    clock: Arc<Movable>,
}

impl Joined {
    async fn new() -> Self {
        Self::letting_count(SecondFactorBy::default()).await
    }

    /// As [`Self::new`]; the service may vouch for a second factor.
    async fn letting_count(second_factor: SecondFactorBy) -> Self {
        let mut site = Site::new().await;
        let clock = Arc::new(Movable(Mutex::new(site.app.now())));
        let fake = Fake::start(site.app.now().as_second()).await;
        let secret = site.folder.path().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let settings = Settings {
            issuer: fake.now().issuer,
            client_id: CLIENT.to_owned(),
            client_secret_file: secret,
            address: "http://127.0.0.1:8080".to_owned(),
            label: "Force sign-in".to_owned(),
            ca_file: None,
            second_factor,
        };
        site.app.provider = Some(Arc::new(Provider::open(&settings).unwrap()));
        site.app.clock = clock.clone();
        site.router = router(site.app.clone());
        Self { site, fake, clock }
    }

    fn pass(&self, minutes: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let until = now.as_second() + 300;
        self.fake.plan(|plan| plan.expires = until);
    }

    fn identity(&self, subject: &str) -> Identity {
        Identity { issuer: self.fake.now().issuer, subject: subject.to_owned() }
    }

    async fn person(&self, role: Role) -> Person {
        let people = self.site.store.people().await.unwrap();
        people.into_iter().find(|account| account.username == role.key()).unwrap().person
    }

    /// Links the identity that the service vouches for to the account of a role.
    async fn linked(&self, role: Role) -> Person {
        let person = self.person(role).await;
        let identity = self.identity(&self.fake.now().subject);
        self.site.store.link_provider(&person, &identity, self.clock.now()).await.unwrap();
        person
    }

    /// Follows a link to the service; tells it what a person would bring there. Answers the
    /// cookie and what the browser was sent with.
    async fn go(&self, cookie: &str, link: &str) -> (String, HashMap<String, String>) {
        let answer = self.site.get(cookie, link).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let there = format!("{}/authorise?", self.fake.now().issuer);
        assert!(answer.location().starts_with(&there), "{}", answer.location());
        let sent: HashMap<String, String> =
            Url::parse(answer.location()).unwrap().query_pairs().into_owned().collect();
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_eq!(sent["redirect_uri"], "http://127.0.0.1:8080/sign-in/provider/back");
        self.fake.plan(|plan| {
            plan.nonce = sent["nonce"].clone();
            plan.challenge = sent["code_challenge"].clone();
        });
        (answer.cookie("pendeen"), sent)
    }

    /// The browser comes back with a code.
    async fn come_back(&self, cookie: &str, state: &str) -> Answer {
        let address = format!("/sign-in/provider/back?code=a-code&state={state}");
        self.site.get(cookie, &address).await
    }

    /// All the way, from this link.
    async fn through(&self, cookie: &str, link: &str) -> Answer {
        let (cookie, sent) = self.go(cookie, link).await;
        self.come_back(&cookie, &sent["state"]).await
    }

    /// Why the newest sign-in through the service failed, in the log.
    async fn why(&self) -> String {
        let action = Some("sign_in_by_provider_failed".to_owned());
        let filter = EntryFilter { action, ..EntryFilter::default() };
        let auditor = Person {
            id: PersonId(Uuid::from_u128(0xA0D1)),
            name: "The auditor".to_owned(),
            roles: [Role::Auditor].into(),
            force: None,
            knows: Knows::default(),
        };
        let newest = Slice { offset: 0, limit: 1 };
        let found = self.site.store.audit_entries(&auditor, &filter, newest, self.clock.now());
        let (entries, _) = found.await.unwrap();
        let why = entries.first().and_then(|e| e.values.iter().find(|(name, _)| name == "why"));
        why.map(|(_, why)| why.clone()).unwrap_or_default()
    }

    /// What came back is a refusal with these words, for this reason.
    async fn told(&self, answer: &Answer, status: StatusCode, words: &str, why: &str) {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
        assert_eq!(self.why().await, why);
    }

    /// As [`Self::told`], and there is no session.
    async fn refused(&self, answer: Answer, status: StatusCode, words: &str, why: &str) {
        self.told(&answer, status, words, why).await;
        assert!(answer.body.contains("You are not signed in"), "{}", answer.body);
        let cookies = answer.headers.get_all("set-cookie").iter();
        let cookies: Vec<_> =
            cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap()).collect();
        let page = self.site.get(&cookies.join("; "), "/").await;
        assert_eq!(page.location(), "/sign-in", "nobody is signed in");
    }
}

#[tokio::test]
async fn a_person_whose_account_is_linked_signs_in_through_the_service() {
    let joined = Joined::new().await;
    let examiner = joined.linked(Role::Examiner).await;
    let page = joined.site.get("", "/sign-in?next=/search%3Fq%3Dx").await.body;
    let link = page.split(r#"href="/sign-in/provider"#).nth(1).unwrap().split('"').next().unwrap();
    assert!(page.contains("Sign in with Force sign-in"));
    let (cookie, sent) = joined.go("", &format!("/sign-in/provider{link}")).await;
    let answer = joined.come_back(&cookie, &sent["state"]).await;
    assert_eq!(answer.location(), "/search?q=x", "{}", answer.body);
    let session = answer.cookie("pendeen");
    assert_ne!(session, cookie, "a session of its own");
    let account = joined.site.get(&session, "/account").await;
    assert!(account.body.contains(&examiner.name), "{}", account.body);
    assert!(account.body.contains("This device"), "listed like any other");
    joined.site.store.set_password(None, examiner.id, PASSWORD, joined.clock.now()).await.unwrap();
    assert_eq!(joined.site.get(&session, "/").await.location(), "/sign-in", "ended like any other");
}

#[tokio::test]
async fn an_identity_that_is_linked_to_nobody_opens_nothing_whatever_its_name() {
    let joined = Joined::new().await;
    joined.linked(Role::Examiner).await;
    joined.fake.plan(|plan| plan.subject = "examiner".to_owned());
    let answer = joined.through("", "/sign-in/provider").await;
    let words = "no account here is linked to you";
    joined.refused(answer, StatusCode::UNPROCESSABLE_ENTITY, words, "not linked").await;
}

#[tokio::test]
async fn a_disabled_account_stays_out() {
    let joined = Joined::new().await;
    let examiner = joined.linked(Role::Examiner).await;
    joined.site.store.set_disabled(None, examiner.id, true, joined.clock.now()).await.unwrap();
    let answer = joined.through("", "/sign-in/provider").await;
    let words = "Your account here is disabled";
    joined.refused(answer, StatusCode::UNPROCESSABLE_ENTITY, words, "disabled").await;
}

#[tokio::test]
async fn an_answer_that_was_not_asked_for_or_is_used_again_opens_nothing() {
    let joined = Joined::new().await;
    joined.linked(Role::Examiner).await;
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let words = "not begun in this browser, was used already, or took too long";
    let absent = joined.come_back("", "state").await;
    joined.refused(absent, status, words, "not begun").await;

    for state in ["", "another"] {
        let (cookie, sent) = joined.go("", "/sign-in/provider").await;
        let wrong = joined.come_back(&cookie, state).await;
        joined.refused(wrong, status, "belongs to another sign-in", "state").await;
        let again = joined.come_back(&cookie, &sent["state"]).await;
        joined.refused(again, status, words, "not begun").await;
    }

    let (cookie, sent) = joined.go("", "/sign-in/provider").await;
    let stolen = joined.come_back("pendeen=somebody-elses", &sent["state"]).await;
    joined.refused(stolen, status, words, "not begun").await;
    assert_eq!(joined.come_back(&cookie, &sent["state"]).await.location(), "/");
    let replayed = joined.come_back(&cookie, &sent["state"]).await;
    joined.refused(replayed, status, words, "not begun").await;

    let (cookie, sent) = joined.go("", "/sign-in/provider").await;
    joined.pass(10);
    let late = joined.come_back(&cookie, &sent["state"]).await;
    joined.refused(late, status, words, "not begun").await;
}

#[tokio::test]
#[expect(clippy::type_complexity, reason = "a table of cases and what is wrong in each")]
async fn a_token_that_is_not_for_this_sign_in_is_not_believed() {
    let joined = Joined::new().await;
    joined.linked(Role::Examiner).await;
    let (late, right) = (joined.clock.now().as_second() - 1, joined.fake.now());
    let lies: [(&str, &dyn Fn(&mut Plan)); 9] = [
        ("nonce", &|plan| plan.nonce = "another".to_owned()),
        ("audience", &|plan| plan.audience = "another".to_owned()),
        ("issuer", &|plan| plan.token_issuer = "https://id.example".to_owned()),
        ("expired", &|plan| plan.expires = late),
        ("signature", &|plan| plan.signs = 2),
        ("signature", &|plan| plan.tampered = Tampered::Subject),
        ("signature", &|plan| plan.tampered = Tampered::Unsigned),
        ("no token", &|plan| plan.tampered = Tampered::Missing),
        ("code", &|plan| plan.challenge = "another".to_owned()),
    ];
    for (why, lie) in lies {
        joined.fake.plan(|plan| *plan = right.clone());
        let (cookie, sent) = joined.go("", "/sign-in/provider").await;
        joined.fake.plan(lie);
        let answer = joined.come_back(&cookie, &sent["state"]).await;
        let (status, words) = match why {
            "expired" => (StatusCode::UNPROCESSABLE_ENTITY, "came too late"),
            _ => (StatusCode::BAD_GATEWAY, "could not be verified, so it was not believed"),
        };
        joined.refused(answer, status, words, why).await;
    }
    joined.fake.plan(|plan| *plan = right);
    assert_eq!(joined.through("", "/sign-in/provider").await.location(), "/", "the truth is");
}

#[tokio::test]
async fn a_service_that_is_down_or_not_as_expected_is_told_apart() {
    let nonsense = |text: &str| Some((StatusCode::OK, text.to_owned()));
    let other = r#"{"issuer": "https://other.example", "authorization_endpoint": "https://x/a",
        "jwks_uri": "https://x/k", "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}"#;
    for (metadata, words, why) in [
        (
            Some((StatusCode::SERVICE_UNAVAILABLE, String::new())),
            "does not answer",
            "provider down",
        ),
        (
            Some((StatusCode::NOT_FOUND, String::new())),
            "not set up as this site expects",
            "metadata",
        ),
        (nonsense("nonsense"), "not set up as this site expects", "metadata"),
        (nonsense("{}"), "not set up as this site expects", "metadata"),
        (nonsense(other), "not set up as this site expects", "metadata"),
    ] {
        let joined = Joined::new().await;
        joined.fake.plan(|plan| plan.metadata = metadata);
        let answer = joined.site.get("", "/sign-in/provider").await;
        joined.refused(answer, StatusCode::BAD_GATEWAY, words, why).await;
        joined.fake.plan(|plan| plan.metadata = None);
        joined.go("", "/sign-in/provider").await;
    }
}

#[tokio::test]
async fn a_service_that_nobody_reaches_keeps_no_password_out() {
    let mut joined = Joined::new().await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = Settings {
        issuer: format!("http://{gone}"),
        client_id: CLIENT.to_owned(),
        client_secret_file: joined.site.folder.path().join("secret"),
        address: "http://127.0.0.1:8080".to_owned(),
        label: "Force sign-in".to_owned(),
        ca_file: None,
        second_factor: SecondFactorBy::default(),
    };
    joined.site.app.provider = Some(Arc::new(Provider::open(&settings).unwrap()));
    joined.site.router = router(joined.site.app.clone());
    let answer = joined.site.get("", "/sign-in/provider").await;
    let words = "sign in with your user name and password";
    joined.refused(answer, StatusCode::BAD_GATEWAY, words, "provider down").await;
    joined.site.sign_in(Role::Examiner).await;
}

#[tokio::test]
async fn an_error_that_the_service_returns_is_told_in_words_and_only_to_who_asked() {
    let joined = Joined::new().await;
    for (error, words) in [
        ("access_denied", "cancelled, or the service refused it"),
        ("server_error", "could not sign you in"),
        ("%3Cscript%3E", "could not sign you in"),
    ] {
        let (cookie, sent) = joined.go("", "/sign-in/provider").await;
        let address = format!("/sign-in/provider/back?error={error}&state={}", sent["state"]);
        let answer = joined.site.get(&cookie, &address).await;
        assert!(!answer.body.contains("<script>"), "{}", answer.body);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        joined.refused(answer, status, words, "error returned").await;
        let answer = joined.site.get("", &address).await;
        joined.refused(answer, status, "not begun in this browser", "not begun").await;
    }
    let (cookie, sent) = joined.go("", "/sign-in/provider").await;
    let state = &sent["state"];
    let mixed = format!("/sign-in/provider/back?code=c&state={state}&iss=https://other.example");
    let answer = joined.site.get(&cookie, &mixed).await;
    joined.refused(answer, StatusCode::BAD_GATEWAY, "could not be verified", "other issuer").await;
}

#[tokio::test]
async fn a_new_key_of_the_service_is_looked_up_but_not_more_than_once_a_minute() {
    let joined = Joined::new().await;
    joined.linked(Role::Examiner).await;
    assert_eq!(joined.through("", "/sign-in/provider").await.location(), "/");
    joined.fake.plan(|plan| (plan.published, plan.signs) = (2, 2));
    let soon = joined.through("", "/sign-in/provider").await;
    joined.refused(soon, StatusCode::BAD_GATEWAY, "could not be verified", "signature").await;
    joined.pass(2);
    assert_eq!(joined.through("", "/sign-in/provider").await.location(), "/");
}

#[tokio::test]
async fn a_one_time_code_is_asked_for_unless_the_service_vouches_for_a_second_factor() {
    let counts = SecondFactorBy { amr: vec!["mfa".to_owned()], acr: Vec::new() };
    for (lets, methods, leads) in [
        (SecondFactorBy::default(), &["pwd", "mfa"][..], "/sign-in/set-up"),
        (counts.clone(), &["pwd"], "/sign-in/set-up"),
        (counts, &["pwd", "mfa"], "/"),
    ] {
        let joined = Joined::letting_count(lets).await;
        let (store, now) = (&joined.site.store, joined.clock.now());
        store.set_second_factor_requirement(None, &Requirement::Everybody, now).await.unwrap();
        joined.linked(Role::Examiner).await;
        joined.fake.plan(|plan| plan.methods = methods.iter().map(|&m| m.to_owned()).collect());
        let answer = joined.through("", "/sign-in/provider").await;
        assert_eq!(answer.location(), leads, "{methods:?}");
        let opens = joined.site.get(&answer.cookie("pendeen"), "/").await.status;
        assert_eq!(opens == StatusCode::OK, leads == "/", "nothing opens before the code");
    }
}

#[tokio::test]
async fn signing_out_leads_to_signing_out_of_the_service_for_whoever_came_through_it() {
    let joined = Joined::new().await;
    joined.linked(Role::Examiner).await;
    let session = joined.through("", "/sign-in/provider").await.cookie("pendeen");
    let out = joined.site.post(&session, "/sign-out", &[]).await;
    assert_eq!(out.status, StatusCode::OK, "{}", out.body);
    let end = format!(r#"href="{}/end?client_id=pendeen&#38;"#, joined.fake.now().issuer);
    assert!(out.body.contains(&end), "{}", out.body);
    assert_eq!(joined.site.get(&session, "/").await.location(), "/sign-in", "out here already");
    let by_password = joined.site.sign_in(Role::Examiner).await;
    let out = joined.site.post(&by_password, "/sign-out", &[]).await;
    assert_eq!(out.location(), "/sign-in");
}

#[tokio::test]
async fn without_a_service_its_addresses_are_not_there() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    assert!(!site.get("", "/sign-in").await.body.contains("/sign-in/provider"));
    for address in [
        "/sign-in/provider",
        "/sign-in/provider/back?code=x",
        "/account/provider",
        "/account/provider/go",
    ] {
        assert_eq!(site.get(&cookie, address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
    for address in ["/account/provider", "/account/provider/unlink"] {
        let answer = site.post(&cookie, address, &[("present", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
    }
}
