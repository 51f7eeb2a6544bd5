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
