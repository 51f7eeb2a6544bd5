//! Keeping records right: corrections, two people at once, a form that arrives after its session
//! ended, statements of the same person, durations.

use axum::http::{StatusCode, header};
use pendeen_casework::person::Role;

use super::{Answer, HOSTILE, Site, forceful};

async fn referral(site: &Site, cookie: &str, summary: &str) -> String {
    let form = [
        ("source", "Hotline"),
        ("reference", "R-1"),
        ("summary", summary),
        ("incident", "2026-11-20T10:15"),
    ];
    let made = site.post(cookie, "/records/referral/new", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    made.location().split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_correction_shows_what_was_recorded_and_the_history_tells_from_what_to_what() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let record = referral(&site, &officer, "Sean twice").await;
    let page = site.get(&officer, &record).await.body;
    assert!(page.contains("Correct what was recorded"), "{page}");
    let form = site.get(&officer, &format!("{record}/acts/correct")).await.body;
    assert!(form.contains("Sean twice") && form.contains(r#"value="2026-11-20T10:15""#), "{form}");
    let right = [
        ("source", "Hotline"),
        ("reference", "R-1"),
        ("summary", HOSTILE),
        ("incident", "2026-11-20T10:15"),
        ("why", "A slip of the pen"),
    ];
    let done = site.act(&officer, &record, "correct", &right).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let history = site.get(&officer, &format!("{record}/history")).await.body;
    assert!(history.contains("Sean twice") && history.contains("A slip of the pen"), "{history}");
    assert!(history.contains("&#60;script&#62;") && !history.contains(HOSTILE));
    let told = history.matches("When it happened</th>").count();
    assert_eq!(told, 1, "told when it was recorded; what stayed is not told as changed");
    let reason_missing = [("source", "Hotline"), ("reference", "R-1"), ("summary", "Again")];
    let refused = site.act(&officer, &record, "correct", &reason_missing).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let stranger = site.sign_in(Role::Examiner).await;
    for page in ["history", "acts/correct"] {
        let denied = site.get(&stranger, &format!("{record}/{page}")).await;
        assert_eq!(denied.status, StatusCode::NOT_FOUND, "{page}");
    }
}

#[tokio::test]
async fn of_two_people_at_once_the_second_sees_both_texts_and_loses_none() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let record = referral(&site, &officer, "The first words").await;
    let with = |summary: &'static str| {
        [("source", "Hotline"), ("reference", "R-1"), ("summary", summary), ("why", "Clearer")]
    };
    let address = format!("{record}/acts/correct");
    let theirs = [&with("Their words")[..], &[("seen-version", "1")]].concat();
    let done = site.post(&officer, &address, &theirs).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let again = site.post(&officer, &address, &theirs).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "the same form sent twice is done once");
    let mine = [&with("My words")[..], &[("seen-version", "1")]].concat();
    let refused = site.post(&officer, &address, &mine).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["The first words", "Their words", "My words", "What changed while you filled"] {
        assert!(refused.body.contains(text), "{text}: {}", refused.body);
    }
    let history = site.get(&officer, &format!("{record}/history")).await.body;
    assert!(!history.contains("My words") && !history.contains("Version 3"));
}

fn cookies(answer: &Answer) -> String {
    let lines = answer.headers.get_all(header::SET_COOKIE).iter();
    let pairs: Vec<_> = lines.filter_map(|line| line.to_str().ok()?.split(';').next()).collect();
    pairs.join("; ")
}

#[tokio::test]
async fn what_was_typed_survives_a_session_that_ends_in_the_middle_of_a_form() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let record = referral(&site, &officer, "A summary").await;
    let address = format!("{record}/acts/correct");
    let form = site.get(&officer, &address).await.body;
    let writer = form.split(r#"name="filled-in-by" value=""#).nth(1).unwrap();
    let typed = [
        ("source", "Hotline"),
        ("reference", "R-1"),
        ("summary", "Half an hour of typing"),
        ("why", "More is known"),
        ("seen-version", "1"),
        ("filled-in-by", writer.split('"').next().unwrap()),
    ];
    let ended = site.post("", &address, &typed).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert!(ended.location().starts_with("/sign-in?next="), "{}", ended.location());
    let kept = cookies(&ended);
    assert!(kept.contains("pendeen-typed="), "{kept}");

    let other = site.sign_in(Role::Coordinator).await;
    let theirs = site.get(&format!("{other}; {kept}"), &address).await;
    assert!(!theirs.body.contains("Half an hour"), "whoever else signs in does not get it");
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let both = format!("{officer}; {kept}");
    let elsewhere = site.get(&both, "/records/referral/new").await.body;
    assert!(!elsewhere.contains("Half an hour"), "only the form that it was typed into");
    let form = site.get(&both, &address).await.body;
    assert!(form.contains("Half an hour of typing") && form.contains("signed out"), "{form}");
    let once = site.get(&both, &address).await.body;
    assert!(!once.contains("Half an hour"), "shown once, then forgotten");
    let history = site.get(&officer, &format!("{record}/history")).await.body;
    assert!(!history.contains("Half an hour"), "nothing was recorded");
    let forged = site.get(&format!("{officer}; pendeen-typed=nonsense"), &address).await;
    assert_eq!(forged.status, StatusCode::OK);
}

#[tokio::test]
async fn each_of_two_records_names_the_other_as_the_same_person_with_who_says_so() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let mut subjects = Vec::new();
    for name in ["Robin Example", "R Sample"] {
        let form = [("name", name), ("suspect", "yes")];
        let made = site.post(&officer, "/records/subject/new", &form).await;
        subjects.push(made.location().split('?').next().unwrap().to_owned());
    }
    let id = |n: usize| subjects[n].trim_start_matches("/records/").to_owned();
    let form = [
        ("one", &*id(0)),
        ("other", &*id(1)),
        ("reason", "The same telephone"),
        ("evidence", "Two services"),
    ];
    let made = site.post(&officer, "/records/same_person/new", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    for (n, other) in [(0, "R Sample"), (1, "Robin Example")] {
        let page = site.get(&officer, &subjects[n]).await.body;
        assert!(page.contains("Said to be the same person"), "{page}");
        assert!(page.contains(other) && page.contains("asserted, not confirmed"), "{page}");
        assert!(page.contains("DC Intelligence officer"), "the author");
    }
    let statement = made.location().split('?').next().unwrap().to_owned();
    let why = [("reason", "Two people after all")];
    site.act(&officer, &statement, "undo", &why).await;
    let page = site.get(&officer, &subjects[0]).await.body;
    assert!(!page.contains("Said to be the same person"), "an undone statement does not hold");
}

#[tokio::test]
async fn what_a_review_finds_not_needed_is_erased_when_a_second_person_approves() {
    let site = Site::new().await;
    let reviewer = site.sign_in(Role::IntelligenceOfficer).await;
    let form = [("name", "Robin Example"), ("suspect", "yes")];
    let made = site.post(&reviewer, "/records/subject/new", &form).await;
    let subject = made.location().split('?').next().unwrap().to_owned();
    let named = [("record", subject.trim_start_matches("/records/"))];
    let early = site.post(&reviewer, "/records/retention_review/new", &named).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.body.contains("choose a record that is closed"), "{}", early.body);

    let why = [("reason", "Nothing came of it")];
    site.act(&reviewer, &subject, "close", &why).await;
    let page = site.get(&reviewer, &subject).await.body;
    assert!(page.contains("Add retention review"), "{page}");
    let work = site.get(&reviewer, "/").await.body;
    assert!(!work.contains("Robin Example"), "not due for years: {work}");
    let made = site.post(&reviewer, "/records/retention_review/new", &named).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let review = made.location().split('?').next().unwrap().to_owned();
    let done = site.act(&reviewer, &review, "propose_erasure", &why).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let erase = format!("{review}/acts/erase");
    assert_eq!(site.get(&reviewer, &erase).await.status, StatusCode::NOT_FOUND, "nobody alone");
    let alone = [&why[..], &[("seen-version", "2")]].concat();
    let alone = site.post(&reviewer, &erase, &alone).await;
    assert_eq!(alone.status, StatusCode::NOT_FOUND, "nobody alone");
    assert_eq!(site.get(&reviewer, &subject).await.status, StatusCode::OK, "nothing is erased");

    let approver = site.sign_in(Role::AuthorisingOfficer).await;
    let page = site.get(&approver, &review).await.body;
    assert!(page.contains("Review of subject SUB-"), "named by its number: {page}");
    let done = site.act(&approver, &review, "erase", &why).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(site.get(&reviewer, &subject).await.status, StatusCode::GONE);
    assert_eq!(site.get(&reviewer, &review).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_decides_on_an_erasure_learns_the_number_and_no_word_of_a_record_they_may_not_see() {
    let site = Site::whose(|role| {
        forceful(role) || matches!(role, Role::DisclosureOfficer | Role::AuthorisingOfficer)
    })
    .await;
    let officer = site.sign_in(Role::OfficerInCase).await;
    let made = site.post(&officer, "/records/case/new", &[("name", "Operation Sample")]).await;
    let case = made.location().split('?').next().unwrap().to_owned();
    let closing = [("outcome", "no_further_action"), ("reason", "Nothing came of it")];
    let done = site.act(&officer, &case, "close", &closing).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);

    let reviewer = site.sign_in(Role::DisclosureOfficer).await;
    let named = [("record", case.trim_start_matches("/records/"))];
    let made = site.post(&reviewer, "/records/retention_review/new", &named).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let review = made.location().split('?').next().unwrap().to_owned();
    let why = [("reason", "Not needed any more")];
    let done = site.act(&reviewer, &review, "propose_erasure", &why).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = site.get(&reviewer, &review).await.body;
    assert!(page.contains("Operation Sample"), "who may see it is told its name: {page}");

    let approver = site.sign_in(Role::AuthorisingOfficer).await;
    assert_eq!(site.get(&approver, &case).await.status, StatusCode::NOT_FOUND);
    for address in [&*review, &*format!("{review}/history"), "/", "/approvals"] {
        let page = site.get(&approver, address).await.body;
        assert!(page.contains("Review of case CAS-"), "{address}: {page}");
        assert!(!page.contains("Operation Sample"), "{address}: {page}");
    }
    let done = site.act(&approver, &review, "erase", &why).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(site.get(&officer, &case).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn durations_are_a_plot_a_table_and_a_file_of_the_same_numbers() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::IntelligenceOfficer).await;
    let record = referral(&site, &officer, "A summary").await;
    site.act(&officer, &record, "triage", &[]).await;
    let asked = "kind=referral&from=received&to=triaged";
    let page = site.get(&officer, &format!("/durations?{asked}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("<svg") && page.body.contains("less than a minute"),
        "{}",
        page.body
    );
    let file = site.get(&officer, &format!("/durations.csv?{asked}")).await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert!(file.body.contains(r#""all","referral","received","triaged","1","0","0","0","0""#));
    let odd = site.get(&officer, "/durations?kind=nonsense&from=x&since=never&force=Z").await;
    assert_eq!(odd.status, StatusCode::OK);
    let administrator = site.sign_in(Role::Administrator).await;
    let denied = site.get(&administrator, &format!("/durations?{asked}")).await;
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
}
