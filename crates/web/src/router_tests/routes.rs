//! Every address of the router: who reaches it, and that hidden rows change no byte of it.
//!
//! The list of routes is read from the router's own source, so that a new one cannot be
//! forgotten: the walk fails until [`addresses`] says how it is asked for.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use pendeen_casework::force::ForceKey;
use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, decide, decide_create};
use pendeen_casework::person::{Person, PersonId, Role};
use pendeen_casework::record::{AnyRecord, Head, Kind};
use uuid::Uuid;

use super::Site;

/// One route of the router as its source has it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: String,
    pub(super) get: bool,
    post: bool,
}

/// Every `.route("path", get(...).post(...))` of the router.
pub(super) fn routes() -> Vec<Route> {
    let source = include_str!("../lib.rs");
    let router = source.split("pub fn router").nth(1).unwrap();
    let router = router.split("async fn missing").next().unwrap();
    let routes: Vec<_> = router
        .split(".route(")
        .skip(1)
        .map(|text| {
            let path = text.split('"').nth(1).unwrap().to_owned();
            let methods = text.split_once(&format!("\"{path}\"")).unwrap().1;
            Route { get: methods.contains("get("), post: methods.contains("post("), path }
        })
        .collect();
    assert!(routes.len() > 15, "the router's source is not read as it is written: {routes:?}");
    routes
}

/// Routes that everybody reaches, signed in or not: they show no case data.
const OPEN: [&str; 6] =
    ["/sign-in", "/sign-out", "/assets/{name}", "/healthz", "/readyz", "/metrics"];

/// Routes under these addresses show a person's own account, the program's, or what only an
/// administrator keeps: the tests of those pages say who reaches them.
const NO_CASE_DATA: [&str; 5] =
    ["/account", "/administration", "/sign-in/", "/enrol/", "/api/token"];

fn shows_cases(path: &str) -> bool {
    !OPEN.contains(&path) && !NO_CASE_DATA.iter().any(|start| path.starts_with(start))
}

/// How a route is asked for about these records; fails for a route that nobody thought of.
pub(super) fn addresses(path: &str, about: &[(Kind, Uuid)]) -> Vec<String> {
    let each = |of: &dyn Fn(Kind, Uuid) -> Vec<String>| -> Vec<String> {
        about.iter().flat_map(|(kind, id)| of(*kind, *id)).collect()
    };
    let kinds = |end: &str| -> Vec<String> {
        Kind::ALL.iter().map(|kind| format!("/records/{}{end}", kind.key())).collect()
    };
    let digest = "00".repeat(32);
    match path {
        "/"
        | "/children"
        | "/figures"
        | "/figures/over-time"
        | "/audit"
        | "/audit/export"
        | "/durations.csv"
        | "/operation"
        | "/inbox"
        | "/calendar.ics"
        | "/reason/owed"
        | "/saved"
        | "/take-next"
        | "/children/csv"
        | "/my-work/csv"
        | "/notifications/stream" => {
            vec![path.to_owned()]
        }
        "/approvals" => {
            ["", "?view=approved", "?view=failed"].map(|end| format!("{path}{end}")).into()
        }
        "/calendar" => {
            ["", "?view=list", "?month=2026-12"].map(|end| format!("{path}{end}")).into()
        }
        "/records/search/{id}/plan" => each(&|_, id| vec![format!("/records/search/{id}/plan")]),
        "/durations" => ["", "?kind=case", "?kind=child"].map(|end| format!("{path}{end}")).into(),
        "/reason" => about
            .iter()
            .map(|(kind, id)| format!("/reason?next=/records/{}/{id}", kind.key()))
            .collect(),
        "/figures/{moment}" => vec!["/figures/2026-11-24T09:30:00Z".to_owned()],
        "/figures/behind/{figure}" | "/figures/behind/{figure}/csv" => {
            vec![path.replace("{figure}", "children_safeguarded")]
        }
        "/figures/releases/{number}"
        | "/figures/releases/{number}/csv"
        | "/figures/releases/{number}/json" => vec![path.replace("{number}", "FIG-00000-00000")],
        "/search" => ["Hidden", "CAS", "circle", "Sample"]
            .into_iter()
            .map(str::to_owned)
            .chain(about.iter().map(|(kind, id)| {
                let nobody = person(Role::OfficerInCase);
                Head::new(*kind, *id, &nobody, "2026-11-24T09:30:00Z".parse().unwrap()).number
            }))
            .map(|words| format!("/search?q={words}"))
            .collect(),
        "/records/{kind}" => kinds(""),
        "/records/{kind}/csv" => kinds("/csv"),
        "/records/{kind}/bulk" => kinds("/bulk"),
        "/search/csv" => ["Hidden", "CAS"].map(|words| format!("/search/csv?q={words}")).into(),
        "/saved/{id}/forget" | "/take-next/{id}/give-back" => {
            each(&|_, id| vec![path.replace("{id}", &id.to_string())])
        }
        "/records/{kind}/new" => kinds("/new"),
        "/records/{kind}/{id}" => each(&|kind, id| vec![format!("/records/{}/{id}", kind.key())]),
        "/records/{kind}/{id}/history" => {
            each(&|kind, id| vec![format!("/records/{}/{id}/history", kind.key())])
        }
        "/records/{kind}/{id}/documents/{digest}" => {
            each(&|kind, id| vec![format!("/records/{}/{id}/documents/{digest}", kind.key())])
        }
        "/records/examination/{id}/items" => {
            each(&|_, id| vec![format!("/records/examination/{id}/items")])
        }
        "/records/examination/{id}/items/{item}/preview" => {
            each(&|_, id| vec![format!("/records/examination/{id}/items/1/preview")])
        }
        "/records/{kind}/{id}/acts/{act}" => each(&|kind, id| {
            let acts = kind.acts().iter();
            acts.map(|act| format!("/records/{}/{id}/acts/{}", kind.key(), act.name)).collect()
        }),
        other => panic!("no authorisation test covers {other}: say here how it is asked for"),
    }
}

/// An officer whom the site has no account for.
pub(super) fn person(role: Role) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(0xB1D)),
        name: "DS Hidden".to_owned(),
        roles: [role].into(),
        force: ForceKey::parse("E23000035"),
        knows: pendeen_casework::person::Knows::default(),
    }
}

/// Which records the hidden ones will be: numbers and addresses are asked for before, too.
pub(super) fn hidden() -> Vec<(Kind, Uuid)> {
    let kinds = [Kind::Circle, Kind::Case, Kind::Child, Kind::Warrant, Kind::SensitivePersonCheck];
    let ids = (1..).map(|n| Uuid::from_u64_pair(0x0190_0000_0000_7000, 0xB1D << 40 | n));
    kinds.into_iter().zip(ids).collect()
}

/// Makes a case and what hangs on it, restricted to a circle that nobody else belongs to.
pub(super) async fn hide(site: &Site) -> Vec<AnyRecord> {
    let mut who = person(Role::OfficerInCase);
    let [circle, case, child, ..] = *hidden() else { panic!("five records are hidden") };
    let mut made = Vec::new();
    let fields = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<Fields>();
    let (circle_id, case_id) = (circle.1.to_string(), case.1.to_string());
    let forms = [
        (circle, fields(&[("name", "Hidden circle"), ("reason", "A colleague is involved")])),
        (case, fields(&[("name", "Hidden case"), ("circle", &circle_id)])),
        (
            child,
            fields(&[
                ("case", &case_id),
                ("name", "Hidden Child"),
                ("relation", "Hidden neighbour"),
                ("concern", "Hidden concern"),
                ("known_since", "2026-11-20T10:00:00Z"),
                ("immediate_risk", "yes"),
            ]),
        ),
    ];
    for ((kind, id), form) in forms {
        let head = Head::new(kind, id, &who, site.app.now());
        let permit = decide_create(&who, kind, &head).unwrap();
        let record = site.store.create(permit, head, kind, &form, site.app.now()).await.unwrap();
        who.knows.circles.insert(circle.1);
        assert!(decide(&who, Action::View, &record).is_ok(), "{record:?}");
        made.push(record);
    }
    made
}

/// What a page says, without the fresh identifier that each form carries.
fn settled(body: &str) -> String {
    let mut parts = body.split(r#"name="new-id" value=""#);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').map_or("", |(_, rest)| rest))
}

/// Every answer to every GET route that shows case data.
async fn answers(site: &Site, cookie: &str, role: Role) -> BTreeMap<String, (StatusCode, String)> {
    let mut answers = BTreeMap::new();
    // A stream of numbers has no end to wait for; its own tests say whose it tells.
    let ends = |route: &&Route| route.path != "/notifications/stream";
    let shown = |route: &&Route| route.get && shows_cases(&route.path);
    for route in routes().iter().filter(shown).filter(ends) {
        // Two pages tell of everything by design: figures count every record, and the log
        // holds every act; the records behind a figure are hidden like all others.
        let counts = route.path.starts_with("/figures") && !route.path.contains("/behind/");
        let tells_all = match role {
            Role::FiguresOfficer | Role::Coordinator => counts,
            Role::Auditor => route.path.starts_with("/audit"),
            _ => false,
        };
        for address in addresses(&route.path, &hidden()) {
            if !tells_all {
                let answer = site.get(cookie, &address).await;
                answers.insert(address, (answer.status, settled(&answer.body)));
            }
        }
    }
    answers
}

#[tokio::test]
async fn hidden_rows_change_no_byte_of_any_page_for_those_who_may_not_see_them() {
    let site = Site::new().await;
    let roles = [
        Role::OfficerInCase,
        Role::SafeguardingOfficer,
        Role::ReceivingDesk,
        Role::Coordinator,
        Role::FiguresOfficer,
        Role::Auditor,
        Role::Administrator,
    ];
    let mut before = Vec::new();
    for role in roles {
        let cookie = site.sign_in(role).await;
        let seen = answers(&site, &cookie, role).await;
        before.push((role, cookie, seen));
    }
    let made = hide(&site).await;
    assert!(made.iter().all(|record| record.title().len() > 3));
    for (role, cookie, before) in before {
        let after = answers(&site, &cookie, role).await;
        assert!(before.len() > 50, "{role:?} asked for {} pages", before.len());
        for (address, answer) in &before {
            assert_eq!(&after[address], answer, "{role:?} {address}");
        }
    }
}

#[tokio::test]
async fn hidden_rows_change_no_byte_where_people_are_asked_why_they_look() {
    let site = Site::asking().await;
    let role = Role::SafeguardingOfficer;
    let cookie = site.sign_in(role).await;
    let before = answers(&site, &cookie, role).await;
    hide(&site).await;
    let after = answers(&site, &cookie, role).await;
    for (address, answer) in &before {
        assert_eq!(&after[address], answer, "{address}");
    }
}

/// What somebody who may see no case is answered: nothing is there. Two pages are everybody's
/// and hold nothing for them, and one leads back to what is not there.
fn told(path: &str) -> StatusCode {
    match path {
        "/" | "/search" => StatusCode::OK,
        "/reason" | "/reason/owed" => StatusCode::SEE_OTHER,
        _ => StatusCode::NOT_FOUND,
    }
}

#[tokio::test]
async fn every_route_that_shows_cases_asks_for_a_sign_in_and_shows_none_to_an_administrator() {
    let site = Site::new().await;
    let administrator = site.sign_in(Role::Administrator).await;
    for route in routes().iter().filter(|route| shows_cases(&route.path)) {
        for address in addresses(&route.path, &hidden()) {
            if route.get {
                let answer = site.get("", &address).await;
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{address}");
                assert!(answer.location().starts_with("/sign-in"), "{address}");
                let answer = site.get(&administrator, &address).await;
                assert_eq!(answer.status, told(&route.path), "{address}");
            }
            if route.post {
                let answer = site.post("", &address, &[]).await;
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{address}");
                let answer = site.post(&administrator, &address, &[]).await;
                assert_eq!(answer.status, told(&route.path), "{address}");
            }
        }
    }
}

#[tokio::test]
async fn a_broken_glass_opens_the_record_and_answers_alike_for_a_number_that_leads_nowhere() {
    let site = Site::new().await;
    let made = hide(&site).await;
    let number = made[1].head().number.clone();
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    let mut pages = Vec::new();
    for number in ["CAS-00000-00000", &*number] {
        let form = [("number", number), ("reason", "A child is in danger tonight")];
        let sent = site.post(&cookie, "/records/break_glass/new", &form).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let page = site.get(&cookie, sent.location()).await;
        let own = sent.location().split(['/', '?']).nth(3).unwrap().to_owned();
        let id: Uuid = own.parse().unwrap();
        let head = Head::new(Kind::BreakGlass, id, &person(Role::OfficerInCase), site.app.now());
        let body = page.body.replace(number, "NUMBER").replace(&own, "ID");
        pages.push(body.replace(&head.number, "OWN"));
    }
    assert_eq!(pages[0], pages[1]);
    let page = site.get(&cookie, &format!("/search?q={number}")).await.body;
    assert!(page.contains("Hidden case"), "{page}");
    let other = site.sign_in(Role::OfficerInCase).await;
    assert!(!site.get(&other, &format!("/search?q={number}")).await.body.contains("Hidden case"));

    let coordinator = site.sign_in(Role::Coordinator).await;
    let work = site.get(&coordinator, "/").await.body;
    assert!(work.contains("Review this access in an emergency"), "{work}");
    let administrator = site.sign_in(Role::Administrator).await;
    let form = [("number", &*number), ("reason", "Curious")];
    let denied = site.post(&administrator, "/records/break_glass/new", &form).await;
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
}
