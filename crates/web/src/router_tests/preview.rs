//! The blurred preview of an examined picture: who gets it, and who gets nothing.

use axum::http::{StatusCode, header};
use pendeen_casework::person::Role;

use super::{Site, folder};

/// The picture, the text and the picture that is taken away again of an examined folder: their
/// ids.
fn examined(site: &Site) -> [String; 3] {
    let table = folder::examine(site, "one", "ABC/1").join("items.parquet");
    std::fs::remove_file(site.folder.path().join("files/c.jpg")).unwrap();
    let items: Vec<_> = pendeen_item::read_items(&table).unwrap().map(Result::unwrap).collect();
    ["a.jpg", "b.txt", "c.jpg"]
        .map(|name| items.iter().find(|item| item.name == name).unwrap().id())
}

/// Records an exhibit and its examination with the folder's result; answers with the address.
async fn recorded(site: &Site) -> String {
    let examination = folder::running(site).await;
    let examiner = site.sign_in(Role::Examiner).await;
    let form = [("folder", "examinations/one")];
    let done = site.act(&examiner, &examination, "finish", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    examination
}

#[tokio::test]
async fn a_preview_is_shown_to_whoever_may_see_the_examination_and_to_nobody_else() {
    let site = Site::new().await;
    let [picture, text, gone] = examined(&site);
    let examination = recorded(&site).await;
    let examiner = site.sign_in(Role::Examiner).await;
    let of = |item: &str| format!("{examination}/items/{item}/preview");

    let page = site.get(&examiner, &format!("{examination}/items")).await.body;
    assert!(page.contains(&format!(r#"<img src="{}""#, of(&picture))), "{page}");
    assert!(!page.contains(&of(&text)));
    let shown = site.get(&examiner, &of(&picture)).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(shown.headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(shown.headers[header::CACHE_CONTROL], "private, no-store");

    let missing = site.get(&examiner, "/records/nonsense").await;
    for item in [&*gone, &"0".repeat(32), "0", "..%2f..%2fexamination.json"] {
        let answer = site.get(&examiner, &of(item)).await;
        assert_eq!((answer.status, &answer.body), (missing.status, &missing.body), "{item}");
    }
    for role in [Role::IntelligenceOfficer, Role::Administrator] {
        let cookie = site.sign_in(role).await;
        let answer = site.get(&cookie, &of(&picture)).await;
        assert_eq!((answer.status, &answer.body), (missing.status, &missing.body), "{role:?}");
    }
    assert_eq!(site.get("", &of(&picture)).await.status, StatusCode::SEE_OTHER);
    let auditor = site.sign_in(Role::Auditor).await;
    let log = site.get(&auditor, "/audit").await.body;
    assert!(log.contains(&format!("blurred preview of item {picture}")), "{log}");
}
