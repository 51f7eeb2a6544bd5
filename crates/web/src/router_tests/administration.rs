//! The administration page: who reaches it, what it does, and what one administrator cannot do
//! alone.

use axum::http::StatusCode;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use uuid::Uuid;

use super::{PASSWORD, Site};

const SPOC: &str = "/administration/people/00000000-0000-0000-0000-000000000004";
const ADMINISTRATOR: &str = "/administration/people/00000000-0000-0000-0000-00000000000f";

/// A second administrator, signed in.
async fn second(site: &Site) -> String {
    let second = Person {
        id: PersonId(Uuid::from_u128(99)),
        name: "Mx Rowan".to_owned(),
        roles: [Role::Administrator].into(),
        force: None,
        knows: Knows::default(),
    };
    site.store.add_person(None, &second, "second", PASSWORD, site.app.now()).await.unwrap();
    let form = [("username", "second"), ("password", PASSWORD)];
    site.post("", "/sign-in", &form).await.cookie("pendeen")
}

#[tokio::test]
async fn nobody_but_an_administrator_finds_the_administration() {
    let site = Site::new().await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Administrator) {
        let cookie = site.sign_in(role).await;
        let missing = site.get(&cookie, "/nothing").await.body;
        for address in ["/administration", SPOC] {
            let answer = site.get(&cookie, address).await;
            assert_eq!(
                (answer.status, &answer.body),
                (StatusCode::NOT_FOUND, &missing),
                "{role:?}"
            );
        }
        for act in ["", "/link", "/reset", "/disable", "/enable"] {
            let answer = site.post(&cookie, &format!("{SPOC}{act}"), &[]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role:?} {act}");
        }
        for address in ["/administration/people", "/administration/second-factor"] {
            let answer = site.post(&cookie, address, &[("required", "nobody")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role:?} {address}");
        }
    }
    let cookie = site.sign_in(Role::Administrator).await;
    let page = site.get(&cookie, "/administration").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("DC Auditor") && page.body.contains("Police Service of Northern"));
    assert_eq!(site.get(&cookie, "/records/case").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_is_made_by_one_administrator_and_its_link_by_another() {
    let site = Site::new().await;
    let first = site.sign_in(Role::Administrator).await;
    let second = second(&site).await;
    let form = [("username", "birch"), ("name", "Officer Birch"), ("role-examiner", "yes")];
    let made = site.post(&first, "/administration/people", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let person = made.location().to_owned();
    let own = site.post(&first, &format!("{person}/link"), &[]).await;
    assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(own.body.contains("ask another administrator"), "{}", own.body);
    let link = site.post(&second, &format!("{person}/link"), &[]).await;
    assert_eq!(link.status, StatusCode::OK, "{}", link.body);
    let link = link.body.split("/enrol/").nth(1).unwrap().split('<').next().unwrap();
    let page = site.get("", &format!("/enrol/{link}")).await.body;
    assert!(page.contains("<strong>birch</strong>"), "{page}");
    assert!(!site.get(&second, &person).await.body.contains(link), "shown once");
    let taken = site.post(&first, "/administration/people", &form).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.body.contains("already taken") && taken.body.contains("Officer Birch"));
}

#[tokio::test]
async fn a_form_that_does_not_hold_is_refused_at_its_field_and_keeps_what_was_typed() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Administrator).await;
    for (form, field) in [
        (&[("name", "A Name"), ("role-spoc", "yes")][..], "username"),
        (&[("username", "x"), ("role-spoc", "yes")], "name"),
        (&[("username", "x"), ("name", "A Name")], "role-coordinator"),
        (
            &[("name", "A Name"), ("role-administrator", "yes"), ("role-spoc", "yes")],
            "role-administrator",
        ),
        (&[("username", "x"), ("name", "A Name"), ("role-partner", "yes")], "agency"),
        (&[("name", "A Name"), ("role-spoc", "yes"), ("agency", "E06000026")], "agency"),
        (&[("name", "A Name"), ("role-partner", "yes"), ("agency", "nonsense")], "agency"),
    ] {
        let refused = site.post(&cookie, "/administration/people", form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(refused.body.contains(&format!("href=\"#{field}\"")), "{field}: {}", refused.body);
        let kept = form.iter().any(|(name, _)| *name == "name");
        assert_eq!(refused.body.contains(r#"value="A Name""#), kept);
    }
}

#[tokio::test]
async fn other_roles_end_the_sessions_and_nobody_changes_their_own() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Administrator).await;
    let spoc = site.sign_in(Role::Spoc).await;
    let own = [("name", "DC Administrator"), ("role-coordinator", "yes")];
    let refused = site.post(&cookie, ADMINISTRATOR, &own).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("this is your own account"), "{}", refused.body);
    assert_eq!(site.get(&spoc, "/").await.status, StatusCode::OK);
    let form = [("name", "DC Other"), ("role-auditor", "yes")];
    assert_eq!(site.post(&cookie, SPOC, &form).await.location(), SPOC);
    assert_eq!(site.get(&spoc, "/").await.location(), "/sign-in");
    let spoc = site.sign_in(Role::Spoc).await;
    assert!(site.get(&spoc, "/").await.body.contains("DC Other</a>, Auditor"));
    site.post(&cookie, &format!("{SPOC}/disable"), &[]).await;
    assert_eq!(site.get(&spoc, "/").await.location(), "/sign-in");
    site.post(&cookie, &format!("{SPOC}/enable"), &[]).await;
    site.sign_in(Role::Spoc).await;
}

#[tokio::test]
async fn the_requirement_of_a_second_factor_is_set_by_role() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Administrator).await;
    let address = "/administration/second-factor";
    let nothing = site.post(&cookie, address, &[("required", "roles")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = [("required", "roles"), ("required-spoc", "yes")];
    assert_eq!(site.post(&cookie, address, &form).await.location(), "/administration");
    let spoc = [("username", "spoc"), ("password", PASSWORD)];
    assert_eq!(site.post("", "/sign-in", &spoc).await.location(), "/sign-in/set-up");
    site.sign_in(Role::Examiner).await;
}
