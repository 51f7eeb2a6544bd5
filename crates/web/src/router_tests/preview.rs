//! The blurred preview of an examined picture: who gets it, and who gets nothing.

use axum::http::{StatusCode, header};
use pendeen_casework::person::Role;
use pendeen_evidence::worker::WorkerCommand;

use super::Site;

/// A folder with a picture, a text and a picture that is taken away again, examined; the ids of
/// these three.
fn examined(site: &Site) -> [String; 3] {
    let files = site.folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
    for (name, bytes) in [("a.jpg", &jpeg[..]), ("b.txt", b"text"), ("c.jpg", jpeg)] {
        std::fs::write(files.join(name), bytes).unwrap();
    }
    let noon = || "2026-11-24T09:00:00Z".parse().unwrap();
    let options = pendeen_examine::Options {
        sources: vec![files.clone()],
        known: Vec::new(),
        out: site.folder.path().join("examinations/one"),
        exhibit: "ABC/1".to_owned(),
        threads: std::num::NonZeroUsize::MIN,
        worker: WorkerCommand::new("/nonexistent", &[]),
        verify: false,
        method: pendeen_examine::Method {
            tool: "pendeen".to_owned(),
            version: "test".to_owned(),
            examiner: None,
        },
        clock: &noon,
    };
    pendeen_examine::run(&options, &pendeen_examine::Silent).unwrap();
    std::fs::remove_file(files.join("c.jpg")).unwrap();
    let table = options.out.join("items.parquet");
    let items: Vec<_> = pendeen_item::read_items(&table).unwrap().map(Result::unwrap).collect();
    ["a.jpg", "b.txt", "c.jpg"]
        .map(|name| items.iter().find(|item| item.name == name).unwrap().id())
}

/// Whose act, on which record, its name, and what the form says.
type Act<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

/// Records an exhibit and its examination with the folder's result; answers with the address.
async fn recorded(site: &Site) -> String {
    let officer = site.sign_in(Role::OfficerInCase).await;
    let examiner = site.sign_in(Role::Examiner).await;
    let made = async |kind: &str, form: &[(&str, &str)]| {
        let answer = site.post(&officer, &format!("/records/{kind}/new"), form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{kind}: {}", answer.body);
        answer.location().split('?').next().unwrap().to_owned()
    };
    let id = |address: &str| address.rsplit('/').next().unwrap().to_owned();
    let case = id(&made("case", &[("name", "Case of a test")]).await);
    let exhibit = made(
        "exhibit",
        &[
            ("case", &case),
            ("reference", "ABC/1"),
            ("description", "Memory stick"),
            ("device", "usb_storage"),
            ("owner", "suspect"),
            ("found", "Desk"),
            ("seized_at", "2026-11-23T10:00:00Z"),
            ("seal", "A1"),
        ],
    )
    .await;
    let form = [("exhibit", &*id(&exhibit)), ("scope", "Pictures")];
    let examination = made("examination", &form).await;
    let acts: [Act<'_>; 5] = [
        (&officer, &exhibit, "store", &[("to", "Store"), ("seal", "A1")]),
        (&officer, &exhibit, "to_examiner", &[("to", "Examiner"), ("seal", "A1")]),
        (&examiner, &examination, "queue", &[("examiner", "DC Examiner")]),
        (&examiner, &examination, "start", &[]),
        (&examiner, &examination, "finish", &[("folder", "examinations/one")]),
    ];
    for (cookie, address, act, form) in acts {
        let page = site.get(cookie, &format!("{address}/acts/{act}")).await.body;
        let version = page.split(r#"name="seen-version" value=""#).nth(1).unwrap();
        let mut form = form.to_vec();
        form.push(("seen-version", version.split('"').next().unwrap()));
        let done = site.post(cookie, &format!("{address}/acts/{act}"), &form).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{act}: {}", done.body);
    }
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
