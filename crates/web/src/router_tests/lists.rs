//! Lists as people work with them: narrowed, saved, given out as files, acted on in bulk, taken
//! from one by one.

use axum::http::{StatusCode, header};
use pendeen_casework::person::Role;

use super::Site;

const OFFICER: Role = Role::IntelligenceOfficer;

impl Site {
    /// Makes referrals with these references; answers with their pages.
    async fn referrals(&self, cookie: &str, references: &[&str]) -> Vec<String> {
        let mut pages = Vec::new();
        for reference in references {
            let form = [("source", "Hotline"), ("reference", *reference), ("summary", "A summary")];
            let made = self.post(cookie, "/records/referral/new", &form).await;
            assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
            pages.push(made.location().split('?').next().unwrap().to_owned());
        }
        pages
    }
}

/// The picks of a list page, in its order.
fn picks(page: &str) -> Vec<String> {
    let parts = page.split(r#"name="pick" type="checkbox" value=""#).skip(1);
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_and_a_search_are_given_out_whole_without_formulas_under_their_mark() {
    let site = Site::new().await;
    let cookie = site.sign_in(OFFICER).await;
    let references: Vec<String> = (0..55).map(|n| format!("R-{n}")).collect();
    let mut references: Vec<&str> = references.iter().map(String::as_str).collect();
    references.push("=HYPERLINK(1)");
    site.referrals(&cookie, &references).await;
    let list = site.get(&cookie, "/records/referral?state=received").await.body;
    assert!(list.contains(r#"href="/records/referral/csv?state=received""#), "{list}");
    let file = site.get(&cookie, "/records/referral/csv?state=received").await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let name = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(name, "attachment; filename=\"referral-official-sensitive.csv\"");
    let lines: Vec<_> = file.body.lines().collect();
    assert_eq!(lines.len(), 56 + 3, "every page of the list, its head and its foot");
    assert!(lines[0].starts_with("\"OFFICIAL-SENSITIVE\",\"Given to DC "), "{}", lines[0]);
    assert!(lines[0].contains("alone"));
    assert!(lines[1].starts_with("\"number\",\"kind\",\"what\""));
    assert_eq!(lines[58], "\"End: 56 records\"");
    for cell in file.body.split("\",\"") {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    let none = site.get(&cookie, "/records/referral/csv?state=linked").await.body;
    assert!(none.ends_with("\"End: 0 records\"\r\n"), "{none}");
    let found = site.get(&cookie, "/search?q=R-7").await.body;
    assert!(found.contains("/search/csv?q=R-7"), "{found}");
    let found = site.get(&cookie, "/search/csv?q=R-7").await.body;
    assert!(found.contains("R-7") && !found.contains("R-8"), "{found}");
    let examiner = site.sign_in(Role::Examiner).await;
    let denied = site.get(&examiner, "/records/referral/csv").await;
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
    assert!(!site.get(&examiner, "/search/csv?q=R-7").await.body.contains("R-7\""));
}

#[tokio::test]
async fn a_list_is_narrowed_by_its_form_and_keeps_what_was_chosen_over_its_pages() {
    let site = Site::new().await;
    let cookie = site.sign_in(OFFICER).await;
    let references: Vec<String> = (0..51).map(|n| format!("Alpha{n}")).collect();
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    site.referrals(&cookie, &references).await;
    site.referrals(&cookie, &["Beta"]).await;
    let all = site.get(&cookie, "/records/referral").await.body;
    assert!(all.contains("52 referrals") && all.contains("1 to 50 of 52"), "{all}");
    let some = site.get(&cookie, "/records/referral?q=Beta&operation=out").await.body;
    assert!(some.contains("1 referral.") && some.contains(r#"value="Beta""#), "{some}");
    let address = "/records/referral?state=received&q=hotline%20%26&page=1";
    let page = site.get(&cookie, address).await.body;
    assert!(page.contains("state=received&#38;q=hotline%20%26"), "{page}");
    for (narrowed, wanted) in [
        ("mine=yes", "No referrals"),
        ("operation=in", "No referrals"),
        ("urgency=immediate", "No referrals"),
        ("urgency=medium", "52 referrals"),
        ("due=2020-01-01", "No referrals"),
        ("force=E23000035", "No referrals"),
        ("state=nonsense&force=nonsense&due=nonsense&urgency=nonsense", "52 referrals"),
    ] {
        let page = site.get(&cookie, &format!("/records/referral?{narrowed}")).await.body;
        assert!(page.contains(wanted), "{narrowed}: {page}");
    }
}

#[tokio::test]
async fn a_saved_filter_stands_above_its_list_and_on_my_work_of_its_person_alone() {
    let site = Site::new().await;
    let cookie = site.sign_in(OFFICER).await;
    let form = [("name", "<b>New</b>"), ("kind", "referral"), ("state", "received"), ("q", "a b")];
    let saved = site.post(&cookie, "/saved", &form).await;
    assert_eq!(saved.location(), "/records/referral?state=received&q=a%20b", "{}", saved.body);
    for page in ["/records/referral", "/"] {
        let page = site.get(&cookie, page).await.body;
        assert!(page.contains("&#60;b&#62;New&#60;/b&#62;"), "{page}");
        assert!(page.contains("/records/referral?state=received&#38;q=a%20b"));
    }
    assert!(!site.get(&cookie, "/records/subject").await.body.contains("New&#60;"));
    let other = site.sign_in(Role::AuthorisingOfficer).await;
    for page in ["/records/referral", "/"] {
        assert!(!site.get(&other, page).await.body.contains("New&#60;/b"), "{page}");
    }
    let page = site.get(&cookie, "/").await.body;
    let forget = page.split(r#"action="/saved/"#).nth(1).unwrap().split('"').next().unwrap();
    let forget = format!("/saved/{forget}");
    assert_eq!(site.post(&other, &forget, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.post(&cookie, &forget, &[]).await.status, StatusCode::SEE_OTHER);
    assert!(!site.get(&cookie, "/").await.body.contains("New&#60;"));
    for wrong in [[("name", ""), ("kind", "referral")], [("name", "x"), ("kind", "nonsense")]] {
        let answer = site.post(&cookie, "/saved", &wrong).await;
        assert!(answer.status.is_client_error(), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_bulk_act_says_what_will_happen_and_then_what_did_row_by_row() {
    let site = Site::new().await;
    let cookie = site.sign_in(OFFICER).await;
    let made = site.referrals(&cookie, &["R-1", "R-2", "R-3"]).await;
    let list = site.get(&cookie, "/records/referral").await.body;
    let picks = picks(&list);
    assert_eq!(picks.len(), 3);
    let address = "/records/referral/bulk";
    let chosen: Vec<(&str, &str)> = picks.iter().map(|pick| ("pick", &**pick)).collect();
    let choose = site.post(&cookie, address, &chosen).await.body;
    assert!(choose.contains("Accept for work") && choose.contains("You chose these"), "{choose}");
    assert!(!choose.contains(r#"value="correct""#), "one by one only");

    let with = |more: &[(&'static str, &'static str)]| {
        chosen.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let confirm = site.post(&cookie, address, &with(&[("bulk-act", "triage")])).await.body;
    assert!(confirm.contains("What will happen to which"), "{confirm}");
    assert!(confirm.contains("Accept for work: 3 records"), "{confirm}");
    assert!(
        !site.get(&cookie, "/records/referral?state=triaged").await.body.contains("1 referral")
    );

    let changed = site.act(&cookie, &made[1], "triage", &[]).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
    let confirmed = with(&[("bulk-act", "triage"), ("confirmed", "yes")]);
    let done = site.post(&cookie, address, &confirmed).await.body;
    assert_eq!(done.matches("Done: accept for work").count(), 2, "{done}");
    assert_eq!(done.matches("Not done: it was changed since you chose it").count(), 1);
    let again = site.post(&cookie, address, &confirmed).await.body;
    assert_eq!(again.matches("Not done: it was changed").count(), 3, "nothing is done twice");
}

#[tokio::test]
async fn a_bulk_act_needs_its_fields_and_never_reaches_what_one_may_not_see() {
    let site = Site::new().await;
    let cookie = site.sign_in(OFFICER).await;
    site.referrals(&cookie, &["R-1", "R-2"]).await;
    let picks = picks(&site.get(&cookie, "/records/referral").await.body);
    let address = "/records/referral/bulk";
    let form = [
        ("pick", &*picks[0]),
        ("pick", &*picks[1]),
        ("bulk-act", "not_actionable"),
        ("confirmed", "yes"),
    ];
    let refused = site.post(&cookie, address, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.body.contains(r##"<a href="#reason">"##), "{}", refused.body);
    let examiner = site.sign_in(Role::Examiner).await;
    assert_eq!(site.post(&examiner, address, &form).await.status, StatusCode::NOT_FOUND);
    for wrong in [
        vec![],
        vec![("pick", "nonsense")],
        vec![("pick", "00000000-0000-0000-0000-00000000004d:1")],
    ] {
        let answer = site.post(&cookie, address, &wrong).await;
        assert!(answer.status.is_client_error(), "{wrong:?}");
    }
    let untouched = site.get(&cookie, "/records/referral?state=received").await.body;
    assert!(untouched.contains("2 referrals"), "{untouched}");
}

#[tokio::test]
async fn taking_next_puts_the_record_into_ones_hand_until_it_is_passed_over_with_a_reason() {
    let site = Site::new().await;
    let cookie = site.sign_in(OFFICER).await;
    site.referrals(&cookie, &["R-1"]).await;
    let looked = site.get(&cookie, "/take-next").await.body;
    assert!(looked.contains("You have nothing in hand"), "looking takes nothing: {looked}");
    let taken = site.post(&cookie, "/take-next", &[]).await;
    assert_eq!(taken.location(), "/take-next", "{}", taken.body);
    let page = site.get(&cookie, "/take-next").await.body;
    assert!(page.contains("In your hand") && page.contains("R-1"), "{page}");
    let mine = site.get(&cookie, "/records/referral?mine=yes").await.body;
    assert!(mine.contains("1 referral."), "{mine}");
    let back = page.split(r#"<form method="post" action="/take-next/"#).nth(1).unwrap();
    let back = format!("/take-next/{}", back.split('"').next().unwrap());
    let silent = site.post(&cookie, &back, &[("how", "pass")]).await;
    assert_eq!(silent.status, StatusCode::BAD_REQUEST);
    let why = [("how", "pass"), ("reason", "I know the family")];
    assert_eq!(site.post(&cookie, &back, &why).await.location(), "/take-next");
    let nothing = site.post(&cookie, "/take-next", &[]).await;
    assert_eq!(nothing.location(), "/take-next?nothing=yes");
    let page = site.get(&cookie, nothing.location()).await.body;
    assert!(page.contains("Nothing waits for your role"), "{page}");
}
