//! The folder of an examination's results: which ones a record takes.

use std::path::PathBuf;

use axum::http::StatusCode;
use pendeen_casework::person::Role;
use pendeen_evidence::worker::WorkerCommand;

use super::Site;

/// Examines two pictures and a text into `examinations/NAME`, as this exhibit.
pub(super) fn examine(site: &Site, name: &str, exhibit: &str) -> PathBuf {
    let files = site.folder.path().join("files");
    std::fs::create_dir_all(&files).unwrap();
    let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
    for (name, bytes) in [("a.jpg", &jpeg[..]), ("b.txt", b"text"), ("c.jpg", jpeg)] {
        std::fs::write(files.join(name), bytes).unwrap();
    }
    let noon = || "2026-11-24T09:00:00Z".parse().unwrap();
    let options = pendeen_examine::Options {
        sources: vec![files],
        known: Vec::new(),
        out: site.folder.path().join("examinations").join(name),
        exhibit: exhibit.to_owned(),
        threads: std::num::NonZeroUsize::MIN,
        worker: WorkerCommand::new("/nonexistent", &[]),
        content: WorkerCommand::new("/nonexistent", &[]),
        nesting: pendeen_examine::Nesting::default(),
        verify: false,
        carve: true,
        method: pendeen_examine::Method {
            tool: "pendeen".to_owned(),
            version: "test".to_owned(),
            examiner: None,
        },
        mode: pendeen_examine::Mode::default(),
        clock: &noon,
    };
    pendeen_examine::run(&options, &pendeen_examine::Silent).unwrap();
    options.out
}

/// Whose act, on which record, its name, and what the form says.
type Act<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

/// Records the exhibit ABC/1 and its examination up to the start; answers with the address.
pub(super) async fn running(site: &Site) -> String {
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
    let acts: [Act<'_>; 4] = [
        (&officer, &exhibit, "store", &[("to", "Store"), ("seal", "A1")]),
        (&officer, &exhibit, "to_examiner", &[("to", "Examiner"), ("seal", "A1")]),
        (&examiner, &examination, "queue", &[("examiner", "DC Examiner")]),
        (&examiner, &examination, "start", &[]),
    ];
    for (cookie, address, act, form) in acts {
        let done = site.act(cookie, address, act, form).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{act}: {}", done.body);
    }
    examination
}

#[tokio::test]
async fn an_examination_takes_only_a_folder_of_its_own_exhibit() {
    let site = Site::new().await;
    examine(&site, "one", "ABC/1");
    examine(&site, "two", "XYZ/9");
    examine(&site, "three", "");
    std::fs::create_dir_all(site.folder.path().join("examinations/four")).unwrap();
    let examination = running(&site).await;
    let examiner = site.sign_in(Role::Examiner).await;
    let page = site.get(&examiner, &format!("{examination}/acts/finish")).await.body;
    assert!(page.contains("examinations/one"), "{page}");
    assert!(!page.contains("examinations/two") && !page.contains("examinations/three"), "{page}");

    for folder in [
        "examinations/two",
        "examinations/three",
        "examinations/four",
        "examinations/none",
        "examinations/../examinations/one",
        "examinations/one/",
        "one",
    ] {
        let answer = site.act(&examiner, &examination, "finish", &[("folder", folder)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{folder}");
        assert!(answer.body.contains("hoose one of the folders offered"), "{}", answer.body);
    }
    let items = site.get(&examiner, &format!("{examination}/items")).await;
    assert_eq!(items.status, StatusCode::NOT_FOUND);
    let form = [("folder", "examinations/one")];
    let done = site.act(&examiner, &examination, "finish", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
}

#[tokio::test]
async fn a_damaged_folder_is_refused_in_words_that_name_no_file() {
    let site = Site::new().await;
    let folder = examine(&site, "one", "ABC/1");
    std::fs::write(folder.join("items.parquet"), "damaged").unwrap();
    let examination = running(&site).await;
    let examiner = site.sign_in(Role::Examiner).await;
    let form = [("folder", "examinations/one")];
    let answer = site.act(&examiner, &examination, "finish", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    assert!(answer.body.contains("are not whole"), "{}", answer.body);
    let place = site.folder.path().display().to_string();
    assert!(!answer.body.contains("items.parquet") && !answer.body.contains(&place));
}
