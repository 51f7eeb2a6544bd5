//! What is given out in a file or to a program carries its label; and whatever an address asks
//! for, the answer is a clear one.

use axum::http::StatusCode;
use pendeen_casework::person::Role;
use pendeen_store::account::token::Scope;
use serde_json::json;

use super::Site;
use super::routes::{addresses, hidden, routes};

/// Values that no list, figure or calendar can have.
const STRANGE: [&str; 9] = [
    "18446744073709551615",
    "9223372036854775807",
    "-1",
    "%00",
    "%ff",
    "%27%22%3C%3E",
    "-009999-01-01",
    "9999-12-31T23:59:59Z",
    "%E2%80%AE%F0%9F%92%A9",
];

/// Every name that some page looks for behind the question mark, but for the two that pages
/// refuse where they cannot be read.
const NAMES: [&str; 27] = [
    "force",
    "state",
    "operation",
    "urgency",
    "q",
    "due",
    "mine",
    "kind",
    "part",
    "since",
    "before",
    "from",
    "to",
    "month",
    "view",
    "person",
    "record",
    "number",
    "action",
    "until",
    "check",
    "origin",
    "media",
    "known",
    "drawn",
    "done",
    "next",
];

#[tokio::test]
async fn whatever_an_address_asks_for_no_page_fails() {
    let site = Site::new().await;
    let together = |value: &str| NAMES.map(|name| format!("{name}={value}")).join("&");
    for role in [Role::Coordinator, Role::OfficerInCase, Role::Auditor] {
        let cookie = site.sign_in(role).await;
        let pages =
            routes().into_iter().filter(|route| route.get && !route.path.contains("stream"));
        for route in pages.filter(|route| !route.path.starts_with("/sign-in/provider")) {
            let known = if route.path.contains('{')
                && !route.path.starts_with("/records")
                && !route.path.starts_with("/figures")
            {
                vec![route.path.replace(['{', '}'], "")]
            } else if route.path.contains('{') {
                addresses(&route.path, &hidden())
            } else {
                vec![route.path.clone()]
            };
            for address in known.iter().take(3) {
                for value in STRANGE {
                    for query in
                        [format!("page={value}"), format!("as_at={value}"), together(value)]
                    {
                        let glue = if address.contains('?') { '&' } else { '?' };
                        let asked = format!("{address}{glue}{query}");
                        let answer = site.get(&cookie, &asked).await;
                        assert!(
                            !answer.status.is_server_error(),
                            "{role:?} {asked}: {}",
                            answer.body
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_page_past_every_list_is_refused_with_what_is_wanted() {
    let site = Site::new().await;
    for (role, lists) in [
        (Role::OfficerInCase, &["/", "/records/case", "/inbox", "/children"][..]),
        (Role::Coordinator, &["/figures/behind/arrests"][..]),
        (Role::Auditor, &["/audit"][..]),
    ] {
        let cookie = site.sign_in(role).await;
        for list in lists {
            for page in ["18446744073709551615", "0", "-1", "1000001", "two"] {
                let answer = site.get(&cookie, &format!("{list}?page={page}")).await;
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{list} {page}");
                assert!(
                    answer.body.contains("from 1 to 1000000"),
                    "{list} {page}: {}",
                    answer.body
                );
            }
            for page in ["", "1", "1000000"] {
                let answer = site.get(&cookie, &format!("{list}?page={page}")).await;
                assert_eq!(answer.status, StatusCode::OK, "{list} {page}");
            }
        }
    }
}

#[tokio::test]
async fn everything_given_out_says_its_mark_whose_it_is_and_to_whom_it_is_restricted() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::OfficerInCase).await;
    let circle = [("name", "Harbour"), ("reason", "A colleague is involved")];
    let made = site.post(&officer, "/records/circle/new", &circle).await;
    let circle = made.location().split(['/', '?']).nth(3).unwrap().to_owned();
    let case = [("name", "Harbour View"), ("circle", &*circle), ("mark", "official_sensitive")];
    let made = site.post(&officer, "/records/case/new", &case).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let list = site.get(&officer, "/records/case/csv").await.body;
    assert!(list.contains("one circle of need to know"), "{list}");

    let figures = site.sign_in(Role::FiguresOfficer).await;
    let made = site.post(&figures, "/records/figures_release/new", &[("name", "June")]).await;
    let record = site.get(&figures, made.location()).await.body;
    let number = record.split("FIG-").nth(1).unwrap().get(..11).unwrap().to_owned();
    let release = format!("/figures/releases/FIG-{number}");

    let mut walked = 0;
    for route in routes().into_iter().filter(|route| route.get) {
        let path = &route.path;
        if !(path.ends_with("csv") || path.ends_with("json") || path.ends_with("ics")) {
            continue;
        }
        let role = match path.as_str() {
            path if path.starts_with("/figures/releases") => Role::FiguresOfficer,
            path if path.starts_with("/figures") => Role::Coordinator,
            _ => Role::OfficerInCase,
        };
        let cookie = site.sign_in(role).await;
        let address = path
            .replace("{kind}", "case")
            .replace("{figure}", "arrests")
            .replace("/figures/releases/{number}", &release);
        let address =
            if path == "/search/csv" { "/search/csv?q=Harbour".to_owned() } else { address };
        let file = site.get(&cookie, &address).await;
        assert_eq!(file.status, StatusCode::OK, "{address}: {}", file.body);
        let whose = format!("DC {}", role.label());
        assert!(file.body.contains(&whose), "{address}: {}", file.body);
        let text = file.body.to_uppercase().replace('_', "-");
        assert!(text.contains("OFFICIAL-SENSITIVE"), "{address}: {}", file.body);
        walked += 1;
    }
    assert!(walked >= 8, "{walked} files");

    let page = site.get(&figures, &release).await.body;
    assert!(page.contains("Given to DC") && page.contains("Approved by"), "{page}");
    assert!(page.contains("Nobody yet"), "{page}");
}

#[tokio::test]
async fn every_answer_of_the_api_that_lists_carries_its_label() {
    let site = Site::new().await;
    let officer = site.token(Role::OfficerInCase, &Scope::ALL).await;
    let circle = json!({ "fields": { "name": "Harbour", "reason": "A colleague" } });
    let circle = site.tell(&officer, "/records/circle", &circle).await.json();
    let case = json!({ "fields": { "name": "Harbour View", "circle": circle["id"] } });
    let made = site.tell(&officer, "/records/case", &case).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    for (role, addresses) in [
        (Role::OfficerInCase, &["/work", "/search?q=Harbour", "/records/case"][..]),
        (Role::Coordinator, &["/figures", "/figures/arrests/records", "/releases"][..]),
        (Role::Auditor, &["/audit"][..]),
    ] {
        let token = site.token(role, &Scope::ALL).await;
        for address in addresses {
            let label = site.ask(&token, address).await.json()["label"].clone();
            assert_eq!(label["mark"], "official_sensitive", "{address} {label}");
            assert_eq!(label["given_to"], format!("DC {}", role.label()), "{address}");
        }
    }
    let list = site.ask(&officer, "/records/case").await.json();
    assert_eq!(list["label"]["restricted_to"], json!(["one circle of need to know"]));
}

#[tokio::test]
async fn a_program_of_an_auditor_reads_the_log_and_nobody_elses_does() {
    let site = Site::new().await;
    let auditor = site.token(Role::Auditor, &[Scope::Audit]).await;
    let first = site.ask(&auditor, "/audit?size=1").await.json();
    assert!(first["total"].as_u64().unwrap() > 0, "{first}");
    assert_eq!(first["entries"].as_array().unwrap().len(), 1);
    let read = site.ask(&auditor, "/audit?action=audit").await.json();
    assert_eq!(read["entries"][0]["who"], "DC Auditor, Auditor", "reading is an entry: {read}");
    let other = site.token(Role::Auditor, &[Scope::Read]).await;
    assert_eq!(site.ask(&other, "/audit").await.status, StatusCode::FORBIDDEN);
    let coordinator = site.token(Role::Coordinator, &Scope::ALL).await;
    assert_eq!(site.ask(&coordinator, "/audit").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.ask(&auditor, "/audit?processing=9").await.status, StatusCode::BAD_REQUEST);
}
