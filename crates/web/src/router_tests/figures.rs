//! Figures: whose numbers who sees, and what a release counts.

use axum::http::StatusCode;
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::Role;

use super::Site;

/// The force that the accounts belong to, and another.
const OURS: &str = "E23000035";
const OTHER: &str = "E23000001";

#[tokio::test]
async fn an_act_cannot_be_fed_what_the_program_supplies() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::FiguresOfficer).await;
    let digest = "00".repeat(32);
    let form = [("name", "June"), ("figures", r#"{"arrests":1}"#), ("digest", &*digest)];
    let made = site.post(&cookie, "/records/figures_release/new", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let page = site.get(&cookie, made.location()).await.body;
    assert!(page.contains("June") && !page.contains(&digest), "the program's own digest stands");
}

#[tokio::test]
async fn a_force_s_figures_officer_sees_and_releases_the_figures_of_that_force_alone() {
    let site = Site::whose(|role| role == Role::FiguresOfficer).await;
    let cookie = site.sign_in(Role::FiguresOfficer).await;
    let [ours, other] =
        [OURS, OTHER].map(|key| ForceKey::parse(key).unwrap().force().name.replace('&', "&#38;"));
    for address in ["/figures".to_owned(), format!("/figures?force={OTHER}")] {
        let page = site.get(&cookie, &address).await.body;
        assert!(page.contains(&format!("{ours}, counted from the records")), "{page}");
        assert!(!page.contains(&other) && !page.contains("All forces"), "{address}");
    }
    let form = site.get(&cookie, "/records/figures_release/new").await.body;
    assert!(!form.contains(r#"name="scope""#), "{form}");
    for scope in ["", OTHER] {
        let form = [("name", "June"), ("scope", scope)];
        let made = site.post(&cookie, "/records/figures_release/new", &form).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let page = site.get(&cookie, made.location()).await.body;
        assert!(page.contains(&ours) && !page.contains(&other), "{page}");
        assert!(!page.contains("All forces"), "{page}");
        let record = made.location().split('?').next().unwrap();
        let again = site.act(&cookie, record, "count_again", &[]).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
    }
}

#[tokio::test]
async fn a_national_figures_officer_chooses_the_force() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::FiguresOfficer).await;
    let other = ForceKey::parse(OTHER).unwrap().force().name;
    assert!(site.get(&cookie, "/figures").await.body.contains("All forces, counted from"));
    let page = site.get(&cookie, &format!("/figures?force={OTHER}")).await.body;
    assert!(page.contains(&format!("{other}, counted from the records")), "{page}");
}

#[tokio::test]
async fn a_release_is_read_and_saved_without_its_small_counts() {
    let site = Site::new().await;
    let intel = site.sign_in(Role::IntelligenceOfficer).await;
    for n in ["1", "2"] {
        let form = [("source", "IWF"), ("reference", n), ("summary", "A report")];
        site.post(&intel, "/records/referral/new", &form).await;
    }
    let cookie = site.sign_in(Role::FiguresOfficer).await;
    let made = site.post(&cookie, "/records/figures_release/new", &[("name", "June")]).await;
    let record = site.get(&cookie, made.location()).await.body;
    let number = record.split("FIG-").nth(1).unwrap().get(..11).unwrap();
    let address = format!("/figures/releases/FIG-{number}");
    let page = site.get(&cookie, &address).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("They are as they were frozen"), "{}", page.body);
    let csv = site.get(&cookie, &format!("{address}/csv")).await.body;
    let line = csv.lines().find(|line| line.starts_with(r#""referrals_received""#)).unwrap();
    assert!(line.contains(r#""c""#), "two referrals are a small count: {line}");
    let json: serde_json::Value =
        serde_json::from_str(&site.get(&cookie, &format!("{address}/json")).await.body).unwrap();
    let rows = json["figures"][0]["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["together"] != 2), "{rows:?}");
    let examiner = site.sign_in(Role::Examiner).await;
    assert_eq!(site.get(&examiner, &address).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_number_leads_to_the_records_behind_it_that_the_viewer_may_see() {
    let site = Site::new().await;
    let intel = site.sign_in(Role::IntelligenceOfficer).await;
    let form = [("source", "IWF"), ("reference", "=1+1"), ("summary", "A report")];
    site.post(&intel, "/records/referral/new", &form).await;
    let (officer, coordinator) =
        (site.sign_in(Role::FiguresOfficer).await, site.sign_in(Role::Coordinator).await);
    let address = "/figures/behind/referrals_received?part=outside";
    assert!(site.get(&coordinator, address).await.body.contains("1 record that you may see"));
    let none = site.get(&officer, address).await.body;
    assert!(none.contains("0 records that you may see") && !none.contains("=1+1"), "{none}");
    let csv = site.get(&coordinator, "/figures/behind/referrals_received/csv").await;
    assert!(csv.body.lines().count() == 3, "{}", csv.body);
    let before = "/figures/behind/referrals_received?as_at=2026-01-01";
    assert!(site.get(&coordinator, before).await.body.contains("0 records"), "not there yet");
    for address in
        ["/figures/2026-11-25T09:30Z", "/figures/2026-11-25", "/figures?as_at=2026-11-25"]
    {
        let page = site.get(&officer, address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        assert!(page.body.contains("as at"), "{address}");
    }
    assert_eq!(site.get(&officer, "/figures/nonsense").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get(&officer, "/figures?as_at=soon").await.status, StatusCode::BAD_REQUEST);
}
