//! The API as a program meets it: tokens, records made and moved, refusals, and that it opens no
//! more than the pages.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::ToSpan;
use pendeen_casework::person::{PersonId, Role};
use pendeen_casework::record::Kind;
use pendeen_store::account::token::Scope;
use serde_json::{Value, json};
use uuid::Uuid;

use super::routes::{hidden, hide};
use super::{Answer, HOSTILE, Site};
use crate::api::{BASE, document};

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Site {
    /// A token of the account that has this role.
    pub(super) async fn token(&self, role: Role, scopes: &[Scope]) -> String {
        let place = Role::ALL.iter().position(|known| *known == role).unwrap();
        let id = PersonId(Uuid::from_u128(1 + place as u128));
        let person = self.store.person(id).await.unwrap().unwrap();
        let (scopes, now): (BTreeSet<_>, _) = (scopes.iter().copied().collect(), self.app.now());
        let (name, expires) = ("a program", now + 24.hours());
        let token = Uuid::from_u128(id.0.as_u128() << 8 | self.app.ids.fresh().as_u128());
        self.store.make_token(&person, token, name, &scopes, expires, now).await.unwrap()
    }

    pub(super) async fn ask(&self, token: &str, address: &str) -> Answer {
        self.ask_because(token, address, None).await
    }

    async fn ask_because(&self, token: &str, address: &str, why: Option<&str>) -> Answer {
        let mut request = Request::get(format!("{BASE}{address}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        if let Some(why) = why {
            request = request.header("x-consultation-reason", why);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(super) async fn tell(&self, token: &str, address: &str, body: &Value) -> Answer {
        self.tell_keyed(token, address, None, body).await
    }

    async fn tell_keyed(
        &self,
        token: &str,
        address: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Answer {
        let mut request = Request::post(format!("{BASE}{address}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

fn referral(reference: &str) -> Value {
    json!({ "fields": { "source": "Hotline", "reference": reference, "summary": HOSTILE } })
}

const ALL: [Scope; 4] = Scope::ALL;

#[tokio::test]
async fn a_program_makes_reads_and_moves_a_record_by_the_rules_of_the_pages() {
    let site = Site::new().await;
    let token = site.token(Role::IntelligenceOfficer, &ALL).await;
    let made = site.tell(&token, "/records/referral", &referral("R-1")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let done = made.json();
    let (id, number) = (done["id"].as_str().unwrap(), done["number"].as_str().unwrap());
    assert_eq!(made.location(), format!("{BASE}/records/referral/{id}"));
    assert_eq!(done["record"]["state"], "received");
    for name in [id, number] {
        let record = site.ask(&token, &format!("/records/referral/{name}")).await.json();
        assert_eq!(record, done["record"], "by {name}");
        let acts = record["acts"].as_array().unwrap();
        assert!(acts.contains(&json!("triage")), "{acts:?}");
    }
    let list = site.ask(&token, "/records/referral?state=received&size=1").await.json();
    assert_eq!((&list["total"], &list["records"][0]["id"]), (&json!(1), &json!(id)));
    let found = site.ask(&token, &format!("/search?q={number}")).await.json();
    assert_eq!(found["records"][0]["number"], number);

    let act = format!("/records/referral/{number}/acts/triage");
    let body = json!({ "version": 1, "fields": {} });
    let after = site.tell(&token, &act, &body).await;
    assert_eq!(after.status, StatusCode::OK, "{}", after.body);
    assert_eq!(
        (&after.json()["version"], &after.json()["record"]["state"]),
        (&json!(2), &json!("triaged"))
    );
    let again = site.tell(&token, &act, &body).await;
    assert_eq!(
        (again.status, again.json()["version"].clone()),
        (StatusCode::OK, json!(2)),
        "done once"
    );
    let history = site.ask(&token, &format!("/records/referral/{id}/history")).await.json();
    assert_eq!(history["versions"][0]["act"], "triage");
    let form = site.ask(&token, &format!("/records/referral/{id}/form")).await.json();
    assert_eq!(form["fields"]["summary"], HOSTILE);
    let work = site.ask(&token, "/work").await.json();
    assert_eq!(work["records"][0]["number"], number);
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    let page = site.get(&cookie, &format!("/records/referral/{id}")).await.body;
    assert!(page.contains("Hotline"), "it is the record that the page shows");
}

#[tokio::test]
async fn a_request_sent_again_under_its_key_makes_one_record_and_no_other_can_use_the_key() {
    let site = Site::new().await;
    let token = site.token(Role::IntelligenceOfficer, &ALL).await;
    let send = |token: String, key: &'static str, body: Value| {
        let site = &site;
        async move { site.tell_keyed(&token, "/records/referral", Some(key), &body).await }
    };
    let first = send(token.clone(), "nightly-1", referral("R-1")).await;
    let second = send(token.clone(), "nightly-1", referral("R-1")).await;
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(first.json()["id"], second.json()["id"]);
    let other = send(token.clone(), "nightly-1", referral("R-2")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.json()["type"], "urn:pendeen:problem:key_reused");
    let bad = send(token.clone(), "not a key", referral("R-3")).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST, "{}", bad.body);
    assert_eq!(site.ask(&token, "/records/referral").await.json()["total"], 1);
}

#[tokio::test]
async fn a_key_is_its_persons_own() {
    let site = Site::new().await;
    let mut ids = BTreeSet::new();
    for role in [Role::OfficerInCase, Role::SafeguardingOfficer] {
        let token = site.token(role, &ALL).await;
        let circle = json!({ "fields": { "name": "A circle", "reason": "A colleague" } });
        let made = site.tell_keyed(&token, "/records/circle", Some("nightly-1"), &circle).await;
        assert_eq!(made.status, StatusCode::CREATED, "{role:?} {}", made.body);
        ids.insert(made.json()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 2, "{ids:?}");
}

#[tokio::test]
async fn an_act_on_an_old_version_is_told_what_others_changed_beside_what_was_sent() {
    let site = Site::new().await;
    let token = site.token(Role::IntelligenceOfficer, &ALL).await;
    let made = site.tell(&token, "/records/referral", &referral("R-1")).await.json();
    let record = format!("/records/referral/{}", made["id"].as_str().unwrap());
    let corrected = |summary: &str, version: u32| {
        let mut body = referral("R-1");
        body["fields"]["summary"] = summary.into();
        body["fields"]["why"] = "A slip".into();
        body["version"] = version.into();
        body
    };
    let correct = format!("{record}/acts/correct");
    let done = site.tell(&token, &correct, &corrected("Their summary", 1)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let late = site.tell(&token, &correct, &corrected("My summary", 1)).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
    let problem = late.json();
    assert_eq!(problem["current_version"], 2);
    let changes = problem["changes"].as_array().unwrap();
    let summary = changes.iter().find(|change| change["yours"] == "My summary");
    assert!(
        summary.is_some_and(|c| c["now"] == "Their summary" && c["before"] == HOSTILE),
        "{problem}"
    );

    let writes = site.token(Role::IntelligenceOfficer, &[Scope::Write]).await;
    let told = site.tell(&writes, &correct, &corrected("My summary", 1)).await.json();
    assert!(told.get("changes").is_none(), "a token that does not read learns no text: {told}");
}

#[tokio::test]
async fn what_is_not_as_the_form_wants_is_refused_by_field_and_the_rules_are_those_of_the_form() {
    let site = Site::new().await;
    let token = site.token(Role::OfficerInCase, &ALL).await;
    let named = |answer: Answer| -> (StatusCode, Vec<String>) {
        let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        let field = |error: &Value| error["field"].as_str().unwrap().to_owned();
        (answer.status, errors.iter().map(field).collect())
    };
    let wrong = json!({ "fields": { "name": 7, "circle": "x", "nonsense": "y" } });
    let (status, fields) = named(site.tell(&token, "/records/case", &wrong).await);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields, ["name", "nonsense", "circle"]);
    let (status, fields) =
        named(site.tell(&token, "/records/case", &json!({ "fields": {} })).await);
    assert_eq!((status, fields), (StatusCode::UNPROCESSABLE_ENTITY, vec!["name".to_owned()]));
    // The reference to a record that is not there is refused by the rules, as on the page.
    let child = json!({ "fields": {
        "case": Uuid::from_u128(7), "relation": "Neighbour", "concern": "Alone with them",
        "known_since": "2026-11-20T10:00:00Z",
    } });
    let (status, fields) = named(site.tell(&token, "/records/child", &child).await);
    assert_eq!((status, fields), (StatusCode::UNPROCESSABLE_ENTITY, vec!["case".to_owned()]));
    let extra = json!({ "fields": { "name": "x" }, "version": 1 });
    assert_eq!(site.tell(&token, "/records/case", &extra).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bodies_are_json_bounded_and_objects() {
    let site = Site::new().await;
    let token = site.token(Role::IntelligenceOfficer, &ALL).await;
    let send = |kind: &'static str, body: String| {
        let request = Request::post(format!("{BASE}/records/referral"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, kind);
        let site = &site;
        async move { site.send(request.body(Body::from(body)).unwrap()).await.status }
    };
    let json = "application/json";
    let fine = referral("R-1").to_string();
    assert_eq!(
        send("application/x-www-form-urlencoded", fine.clone()).await,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    assert_eq!(send("text/plain", fine.clone()).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(send(json, "{".to_owned()).await, StatusCode::BAD_REQUEST);
    assert_eq!(send(json, "[{}]".to_owned()).await, StatusCode::BAD_REQUEST);
    assert_eq!(send(json, " ".repeat((1 << 20) + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send("application/json; charset=utf-8", fine).await, StatusCode::CREATED);
}

#[tokio::test]
async fn a_document_goes_along_in_base_64_and_is_saved_byte_for_byte() {
    let site = Site::new().await;
    let token = site.token(Role::OfficerInCase, &ALL).await;
    let case = json!({ "fields": { "name": "Example" } });
    let case = site.tell(&token, "/records/case", &case).await.json();
    let fields = json!({
        "on": format!("case/{}", case["id"].as_str().unwrap()), "title": "Letter", "sort": "letter",
    });
    let file = json!({ "name": "../../letter.txt", "content": "aGVsbG8gd29ybGQ=" });
    let none = site.tell(&token, "/records/paper", &json!({ "fields": fields })).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", none.body);
    let bad = json!({ "fields": fields, "file": { "content": "***" } });
    assert_eq!(
        site.tell(&token, "/records/paper", &bad).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let body = json!({ "fields": fields, "file": file });
    let made = site.tell(&token, "/records/paper", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let record = made.json()["record"].clone();
    let digest = record["documents"][0].as_str().unwrap_or_else(|| panic!("{record}"));
    let address = format!("/records/paper/{}/documents/{digest}", record["id"].as_str().unwrap());
    let saved = site.ask(&token, &address).await;
    assert_eq!((saved.status, saved.body.as_str()), (StatusCode::OK, "hello world"));
    let not_here = json!({ "fields": { "name": "Example" }, "file": { "content": "aGk=" } });
    assert_eq!(
        site.tell(&token, "/records/case", &not_here).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_no_more() {
    let site = Site::new().await;
    let reads = site.token(Role::IntelligenceOfficer, &[Scope::Read]).await;
    let writes = site.token(Role::IntelligenceOfficer, &[Scope::Write]).await;
    let counts = site.token(Role::FiguresOfficer, &[Scope::Figures]).await;
    let refused = site.tell(&reads, "/records/referral", &referral("R-1")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["error"], "insufficient_scope");
    assert_eq!(site.ask(&writes, "/records/referral").await.status, StatusCode::FORBIDDEN);
    let made = site.tell(&writes, "/records/referral", &referral("R-1")).await.json();
    assert!(made["record"].is_null() && made["id"].is_string(), "{made}");
    assert_eq!(site.ask(&counts, "/records/figures_release").await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.ask(&counts, "/figures/arrests/records").await.status, StatusCode::FORBIDDEN);
    let figures = site.ask(&counts, "/figures?part=inside&as_at=2026-11-01").await.json();
    assert_eq!((&figures["part"], &figures["figures"][0]["count"]), (&json!("inside"), &json!(0)));
    assert_eq!(site.ask(&reads, "/figures").await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.ask("", "/me").await.status, StatusCode::UNAUTHORIZED);
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    let by_cookie = site.get(&cookie, &format!("{BASE}/records/referral")).await;
    assert_eq!(by_cookie.status, StatusCode::UNAUTHORIZED, "a session opens nothing here");
    assert_eq!(site.ask(&reads, "/me").await.json()["scopes"], json!(["read"]));
}

#[tokio::test]
async fn a_release_is_told_as_it_was_frozen() {
    let site = Site::new().await;
    let token = site.token(Role::FiguresOfficer, &ALL).await;
    let draft = json!({ "fields": { "name": "June" } });
    let made = site.tell(&token, "/records/figures_release", &draft).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let number = made.json()["number"].as_str().unwrap().to_owned();
    let release = site.ask(&token, &format!("/releases/{number}")).await.json();
    assert_eq!(release["title"], "June");
    assert!(release["figures"].as_array().is_some_and(|figures| !figures.is_empty()));
    assert_eq!(site.ask(&token, "/releases").await.json()["records"][0]["number"], number);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_that_names_the_parameter() {
    let site = Site::new().await;
    let token = site.token(Role::OfficerInCase, &ALL).await;
    for (address, name) in [
        ("/records/case?state=nonsense", "state"),
        ("/records/case?force=nowhere", "force"),
        ("/records/case?part=both", "part"),
        ("/records/case?order=random", "order"),
        ("/records/case?page=0", "page"),
        ("/records/case?size=100000", "size"),
        ("/search?q=%20", "q"),
        ("/search?q=x&kind=nothing", "kind"),
    ] {
        let answer = site.ask(&token, address).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json", "{address}");
        assert_eq!(answer.json()["errors"][0]["field"], name, "{address}");
    }
    for address in ["/records/case?unknown=1", "/records/case?page=many", "/search", "/work?q=x"] {
        assert_eq!(site.ask(&token, address).await.status, StatusCode::BAD_REQUEST, "{address}");
    }
    let other = site.tell(&token, "/me", &json!({})).await;
    assert_eq!(other.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(other.json()["type"], "urn:pendeen:problem:method");
    let request = Request::get(format!("{BASE}/records/case/{}", Uuid::nil()))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header("x-consultation-reason", "x".repeat(501));
    let long = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
}

/// Every address of the API as its source has it.
fn api_routes() -> Vec<(String, bool)> {
    let source = include_str!("../api/mod.rs");
    let routes: Vec<_> = source
        .split(".route(")
        .skip(1)
        .map(|text| {
            let path = text.split('"').nth(1).unwrap().to_owned();
            let methods = text.split_once(&format!("\"{path}\"")).unwrap().1;
            (path, methods.contains("get("))
        })
        .collect();
    assert!(routes.len() > 12, "the router's source is not read as it is written: {routes:?}");
    routes
}

/// How an address is asked for about these records; fails for one that nobody thought of.
fn api_addresses(path: &str, about: &[(Kind, Uuid)]) -> Vec<String> {
    let digest = "00".repeat(32);
    let each = |end: &str| -> Vec<String> {
        let one = |(kind, id): &(Kind, Uuid)| format!("/records/{}/{id}{end}", kind.key());
        about.iter().map(one).collect()
    };
    match path {
        "/openapi.json" | "/me" => Vec::new(), // They show no case data.
        "/work" | "/figures" | "/releases" | "/audit" => vec![path.to_owned()],
        "/search" => ["Hidden", "CAS", "circle"].map(|word| format!("/search?q={word}")).into(),
        "/records/{kind}" => Kind::ALL.iter().map(|k| format!("/records/{}", k.key())).collect(),
        "/records/{kind}/{id}" => each(""),
        "/records/{kind}/{id}/history" => each("/history"),
        "/records/{kind}/{id}/relations" => each("/relations"),
        "/records/{kind}/{id}/form" => each("/form"),
        "/records/{kind}/{id}/documents/{digest}" => each(&format!("/documents/{digest}")),
        "/records/{kind}/{id}/acts/{act}" => about
            .iter()
            .flat_map(|(kind, id)| {
                let acts = kind.acts().iter();
                acts.map(move |act| format!("/records/{}/{id}/acts/{}", kind.key(), act.name))
            })
            .collect(),
        "/figures/{figure}/records" => vec!["/figures/children_safeguarded/records".to_owned()],
        "/releases/{number}" => vec!["/releases/FIG-00000-00000".to_owned()],
        other => panic!("no authorisation test covers {other}: say here how it is asked for"),
    }
}

/// Every answer of the API about the hidden records, to reads and acts alike.
async fn api_answers(
    site: &Site,
    token: &str,
    role: Role,
) -> BTreeMap<String, (StatusCode, String)> {
    let mut answers = BTreeMap::new();
    for (path, get) in api_routes() {
        // Figures count every record by design; the records behind them are hidden.
        let counts = path == "/figures" && matches!(role, Role::FiguresOfficer | Role::Coordinator);
        for address in api_addresses(&path, &hidden()) {
            let answer = match get {
                true if counts => continue,
                true => site.ask(token, &address).await,
                false => site.tell(token, &address, &json!({ "version": 1, "fields": {} })).await,
            };
            answers.insert(address, (answer.status, answer.body));
        }
    }
    answers
}

#[tokio::test]
async fn hidden_rows_change_no_byte_of_any_answer_for_those_who_may_not_see_them() {
    let site = Site::new().await;
    let roles = [
        Role::OfficerInCase,
        Role::SafeguardingOfficer,
        Role::Coordinator,
        Role::FiguresOfficer,
        Role::Administrator,
    ];
    let mut before = Vec::new();
    for role in roles {
        let token = site.token(role, &ALL).await;
        let seen = api_answers(&site, &token, role).await;
        before.push((role, token, seen));
    }
    hide(&site).await;
    for (role, token, before) in before {
        let after = api_answers(&site, &token, role).await;
        assert!(before.len() > 80, "{role:?} asked for {} answers", before.len());
        for (address, answer) in &before {
            assert_eq!(&after[address], answer, "{role:?} {address}");
        }
    }
}

#[tokio::test]
async fn every_address_asks_for_a_token_and_shows_no_case_to_an_administrator() {
    let site = Site::new().await;
    let made = hide(&site).await;
    let administrator = site.token(Role::Administrator, &ALL).await;
    let about: Vec<_> = made.iter().map(|record| (record.kind(), record.head().id)).collect();
    let missing = site.ask(&administrator, "/records/nonsense").await;
    for (path, get) in api_routes() {
        for address in api_addresses(&path, &about) {
            let body = json!({ "version": 1, "fields": {} });
            let (nobody, theirs) = if get {
                (site.ask("", &address).await, site.ask(&administrator, &address).await)
            } else {
                let theirs = site.tell(&administrator, &address, &body).await;
                (site.tell("", &address, &body).await, theirs)
            };
            assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{address}");
            if ["/work", "/search"].contains(&path.as_str()) {
                assert_eq!(theirs.json()["total"], 0, "{address}");
            } else {
                let answer = (theirs.status, &theirs.body);
                assert_eq!(answer, (missing.status, &missing.body), "{address}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_knows_the_circles_of_its_person_and_what_they_opened_in_an_emergency() {
    let site = Site::new().await;
    let token = site.token(Role::IntelligenceOfficer, &ALL).await;
    let made = hide(&site).await;
    let case = format!("/records/case/{}", made[1].head().id);
    assert_eq!(site.ask(&token, &case).await.status, StatusCode::NOT_FOUND);
    let number = made[1].head().number.clone();
    let glass = json!({ "fields": { "number": number, "reason": "A child is in danger tonight" } });
    let broken = site.tell(&token, "/records/break_glass", &glass).await;
    assert_eq!(broken.status, StatusCode::CREATED, "{}", broken.body);
    assert_eq!(site.ask(&token, &case).await.json()["title"], "Hidden case");
}

#[tokio::test]
async fn a_program_says_why_it_looks_where_people_are_asked_and_the_log_keeps_it() {
    let site = Site::asking().await;
    let token = site.token(Role::IntelligenceOfficer, &ALL).await;
    let other = site.token(Role::Coordinator, &ALL).await;
    let made = site.tell(&token, "/records/referral", &referral("R-1")).await.json();
    let address = format!("/records/referral/{}", made["id"].as_str().unwrap());
    let number = format!("/records/referral/{}", made["number"].as_str().unwrap());
    for page in [&*address, &*number, "/records/referral", "/search?q=Hotline"] {
        let answer = site.ask_because(&other, page, None).await;
        assert_eq!(answer.status, StatusCode::PRECONDITION_REQUIRED, "{page} {}", answer.body);
        let answer = site.ask_because(&other, page, Some("Asked by the court")).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
    }
    let own = site.ask_because(&token, &address, None).await;
    assert_eq!(own.status, StatusCode::OK, "what a person recorded says why by itself");
    let missing = format!("/records/referral/{}", Uuid::nil());
    assert_eq!(site.ask_because(&other, &missing, None).await.status, StatusCode::NOT_FOUND);
    let auditor = site.sign_in(Role::Auditor).await;
    let log = site.get(&auditor, "/audit").await.body;
    assert!(log.contains("Asked by the court"), "{log}");
    let long = site.ask_because(&other, &address, Some(&"x".repeat(501))).await;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
}

#[test]
fn the_document_in_the_reference_describes_the_api_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/openapi.json");
    let text = format!("{:#}\n", document());
    if std::env::var_os("PENDEEN_WRITE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/reference/openapi.json is not as the code has it: write it anew with PENDEEN_WRITE=1"
    );
}

#[test]
fn every_operation_of_the_document_is_an_address_of_the_router_and_is_named_once() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let mut names = BTreeSet::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name), "{method} {path}");
        }
    }
    for kind in Kind::ALL {
        for act in kind.acts() {
            let path = format!("/records/{}/{{id}}/acts/{}", kind.key(), act.name);
            assert!(paths.contains_key(&path), "{path}");
        }
    }
    let of_one_kind =
        |path: &String| !["{kind}", "referral"].iter().any(|kind| path.contains(kind));
    for (path, get) in api_routes() {
        let method = if get { "get" } else { "post" };
        let concrete = path.replace("{kind}", "referral").replace("{act}", "triage");
        let described = [&path, &concrete].iter().any(|known| {
            paths.get(*known).is_some_and(|operations| operations.get(method).is_some())
        });
        assert!(described, "{method} {path}");
        assert!(of_one_kind(&path) || path.starts_with("/records/"));
    }
}

/// A body with which an operation is asked: of each field that must be there something.
fn filled(operation: &Value) -> Value {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let fields = schema["properties"]["fields"].clone();
    let value = |schema: &Value| match (&schema["enum"][0], schema["format"].as_str()) {
        (first, _) if first.is_string() => first.clone(),
        (_, Some("uuid")) => json!(Uuid::from_u128(7)),
        (_, Some("date")) => json!("2026-11-20"),
        (_, Some("date-time")) => json!("2026-11-20T10:00:00Z"),
        _ => match schema["type"].as_str() {
            Some("integer") => json!(1),
            Some("boolean") => json!(true),
            _ if schema.get("$ref").is_some() => json!("E23000035"),
            _ => json!("Text"),
        },
    };
    let required = fields["required"].as_array().cloned().unwrap_or_default();
    let given: serde_json::Map<String, Value> = required
        .iter()
        .filter_map(Value::as_str)
        .map(|name| (name.to_owned(), value(&fields["properties"][name])))
        .collect();
    let mut body = json!({ "fields": given });
    if schema["properties"].get("version").is_some() {
        body["version"] = json!(1);
    }
    if schema["properties"].get("file").is_some() {
        body["file"] = json!({ "content": "aGk=" });
    }
    body
}

#[tokio::test]
async fn every_role_gets_an_answer_to_every_operation_and_never_a_failure() {
    let site = Site::new().await;
    let made = hide(&site).await;
    let id_of = |path: &str| {
        let kind = path.split('/').nth(2).unwrap_or_default();
        let known = made.iter().find(|record| record.kind().key() == kind);
        known.map_or(Uuid::from_u128(7), |record| record.head().id).to_string()
    };
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let mut asked = 0;
    for role in Role::ALL {
        let token = site.token(role, &ALL).await;
        for (path, operations) in paths {
            let address = path
                .replace("{id}", &id_of(path))
                .replace("{kind}", "case")
                .replace("{digest}", &"00".repeat(32))
                .replace("{figure}", "arrests")
                .replace("{number}", "FIG-00000-00000");
            for (method, operation) in operations.as_object().unwrap() {
                let answer = match method.as_str() {
                    "get" => site.ask(&token, &address).await,
                    _ => site.tell(&token, &address, &filled(operation)).await,
                };
                let status = answer.status;
                assert!(
                    status.is_success() || status.is_client_error(),
                    "{role:?} {method} {address}: {status} {}",
                    answer.body
                );
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{role:?} {method} {address}");
                asked += 1;
            }
        }
    }
    assert!(asked > 15 * 300, "{asked} operations were asked");
}

#[tokio::test]
async fn the_form_of_an_access_in_an_emergency_does_not_tell_whether_its_number_led_anywhere() {
    let site = Site::new().await;
    let made = hide(&site).await;
    let token = site.token(Role::IntelligenceOfficer, &ALL).await;
    let number = made[1].head().number.clone();
    let mut forms = Vec::new();
    for number in ["CAS-00000-00000", &*number] {
        let fields = json!({ "number": number, "reason": "A child is in danger tonight" });
        let broken = site.tell(&token, "/records/break_glass", &json!({ "fields": fields })).await;
        assert_eq!(broken.status, StatusCode::CREATED, "{}", broken.body);
        let id = broken.json()["id"].as_str().unwrap().to_owned();
        let form = site.ask(&token, &format!("/records/break_glass/{id}/form")).await;
        assert!(form.body.contains("A child is in danger"), "{}", form.body);
        let history = site.ask(&token, &format!("/records/break_glass/{id}/history")).await;
        let own = |body: String| body.replace(number, "NUMBER").replace(&id, "ID");
        forms.push((own(form.body), own(history.body)));
    }
    assert_eq!(forms[0], forms[1]);
    let opened = made[1].head().id.to_string();
    assert!(!forms[1].0.contains(&opened) && !forms[1].1.contains(&opened), "{forms:?}");
}
