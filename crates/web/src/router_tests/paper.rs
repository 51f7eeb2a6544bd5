//! Documents that people upload: kept byte for byte, saved and never shown, and what is huge,
//! hostile or badly named answered in words.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use pendeen_casework::person::Role;

use super::{Answer, HOSTILE, Site};

const BOUNDARY: &str = "pendeen-test-boundary";

/// A form in parts: text fields, then a file with its name.
fn parts(form: &[(&str, &str)], file_name: &str, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in form {
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"document\"; \
         filename=\"{file_name}\"\r\nContent-Type: text/html\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

impl Site {
    async fn upload(&self, cookie: &str, address: &str, body: Vec<u8>) -> Answer {
        let request = Request::post(address)
            .header(header::COOKIE, cookie)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"));
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A case of the officer's, as forms name it.
    async fn case(&self, cookie: &str) -> String {
        let made = self.post(cookie, "/records/case/new", &[("name", "Example")]).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let page = made.location().split('?').next().unwrap().to_owned();
        page.trim_start_matches("/records/").to_owned()
    }
}

fn about<'a>(on: &'a str, title: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("on", on), ("title", title), ("sort", "letter")]
}

#[tokio::test]
async fn an_uploaded_document_is_saved_byte_for_byte_and_each_version_stays() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let on = site.case(&cookie).await;
    let form = site.get(&cookie, &format!("/records/paper/new?on={on}")).await.body;
    assert!(form.contains(r#"enctype="multipart/form-data""#) && form.contains(r#"type="file""#));
    assert!(form.contains(&format!(r#"<option value="{on}" selected>"#)), "{form}");

    let first = parts(&about(&on, "Order"), "../../order.html", b"%PDF-1.7 first");
    let made = site.upload(&cookie, "/records/paper/new", first).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let paper = made.location().split('?').next().unwrap().to_owned();
    let version = site.get(&cookie, &format!("{paper}/acts/add_version")).await.body;
    let seen = version.split(r#"name="seen-version" value=""#).nth(1).unwrap();
    let seen = seen.split('"').next().unwrap();
    let again = parts(&[("seen-version", seen)], "order.pdf", b"%PDF-1.7 second");
    let added = site.upload(&cookie, &format!("{paper}/acts/add_version"), again).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);

    let page = site.get(&cookie, &paper).await.body;
    assert!(page.contains("../../order.html"), "the name is text: {page}");
    let addresses: Vec<_> =
        page.split(r#"href=""#).filter(|rest| rest.contains("/documents/")).collect();
    let saved = |n: usize| addresses[n].split('"').next().unwrap().to_owned();
    for (n, content) in [(0, "%PDF-1.7 second"), (1, "%PDF-1.7 first")] {
        let file = site.get(&cookie, &saved(n)).await;
        assert_eq!((file.status, &*file.body), (StatusCode::OK, content));
        let disposition = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
        assert!(disposition.ends_with(".pdf\"") && !disposition.contains(".."), "{disposition}");
        assert_eq!(file.headers[header::CONTENT_TYPE], "application/octet-stream");
        assert_eq!(file.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
    let examiner = site.sign_in(Role::Examiner).await;
    assert_eq!(site.get(&examiner, &saved(0)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_that_cannot_be_kept_is_refused_in_words_and_what_was_typed_stays() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let on = site.case(&cookie).await;
    let huge = vec![b'a'; crate::upload::LARGEST + 1];
    let whole = [b"MZ\x90\0".as_slice(), &[0; 80]].concat();
    let cases: [(&str, &[u8], &str); 6] = [
        ("huge.txt", &huge, "larger than 20 MB and was not kept"),
        ("letter.pdf", b"MZ\x90\0 and the rest of a program", "is a program"),
        ("letter.pdf", &whole, "is a program"),
        ("letter.pdf", b"\x7fELF\x02\x01\x01", "is a program"),
        ("letter.pdf", b"", "the file is empty"),
        ("", b"", "choose a file"),
    ];
    for (name, file, problem) in cases {
        let body = parts(&about(&on, "A title worth keeping"), name, file);
        let answer = site.upload(&cookie, "/records/paper/new", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(answer.body.contains(problem), "{problem}: {}", answer.body);
        assert!(answer.body.contains("A title worth keeping"), "{problem}");
        assert!(answer.body.contains(r##"<a href="#document">"##), "{problem}");
    }
    let list = site.get(&cookie, "/records/paper").await.body;
    assert!(!list.contains("A title worth keeping"), "nothing was recorded");
}

#[tokio::test]
async fn a_hostile_name_and_a_request_cut_short_do_no_harm() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let on = site.case(&cookie).await;
    let body = parts(&about(&on, HOSTILE), HOSTILE, b"<html>words</html>");
    let made = site.upload(&cookie, "/records/paper/new", body).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let page = site.get(&cookie, made.location()).await.body;
    assert!(!page.contains(HOSTILE) && page.contains("&#60;script&#62;"), "{page}");

    let mut cut = parts(&about(&on, "Cut short"), "a.txt", b"words");
    cut.truncate(cut.len() - 30);
    let answer = site.upload(&cookie, "/records/paper/new", cut).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("Nothing was done"), "{}", answer.body);
    let long = "x".repeat((1 << 20) + 1);
    let words = parts(&[("on", &*on), ("title", &*long)], "a.txt", b"words");
    let answer = site.upload(&cookie, "/records/paper/new", words).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("too much text"));
}

#[tokio::test]
async fn an_upload_sent_twice_makes_one_document_unless_the_file_is_another() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let on = site.case(&cookie).await;
    let page = site.get(&cookie, "/records/paper/new").await.body;
    let id = page.split(r#"name="new-id" value=""#).nth(1).unwrap().split('"').next().unwrap();
    let mut form = about(&on, "Letter");
    form.push(("new-id", id));
    let mut places = Vec::new();
    for file in ["one", "one", "another"] {
        let body = parts(&form, "letter.txt", file.as_bytes());
        let made = site.upload(&cookie, "/records/paper/new", body).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        places.push(made.location().to_owned());
    }
    assert_eq!(places[0], places[1]);
    assert_ne!(places[0], places[2], "the other file is not lost");
}

#[tokio::test]
async fn an_event_stands_in_the_timeline_at_its_day_without_a_made_up_time() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let on = site.case(&cookie).await;
    let visit =
        [("on", &*on), ("sort", "visit"), ("date", "2026-11-20"), ("what", "Nobody at home")];
    let made = site.post(&cookie, "/records/event/new", &visit).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let case = site.get(&cookie, &format!("/records/{on}")).await.body;
    assert!(case.contains(r#"<time datetime="2026-11-20">20 Nov 2026</time>"#), "{case}");
    assert!(!case.contains("00:00"));
}

#[tokio::test]
async fn a_vehicle_is_found_by_its_registration_however_it_is_written() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let on = site.case(&cookie).await;
    let car = [("on", &*on), ("registration", "ab12-cde"), ("colour", "Blue")];
    let made = site.post(&cookie, "/records/vehicle/new", &car).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    for written in ["AB12CDE", "ab12+cde"] {
        let found = site.get(&cookie, &format!("/search?q={written}")).await.body;
        assert!(found.contains("AB12 CDE, Blue"), "{written}: {found}");
    }
}

#[tokio::test]
async fn an_action_given_to_a_colleague_by_name_leaves_my_work_and_enters_theirs() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let on = site.case(&cookie).await;
    let form = site.get(&cookie, &format!("/records/action/new?on={on}")).await.body;
    let examiner = form.split("<option value=\"").find(|o| o.contains("DC Digital forensic"));
    let examiner = examiner.unwrap().split('"').next().unwrap().to_owned();
    let action = [
        ("on", &*on),
        ("what", "Bring the spare cable"),
        ("role", "examiner"),
        ("owner", &*examiner),
    ];
    let made = site.post(&cookie, "/records/action/new", &action).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    assert!(!site.get(&cookie, "/").await.body.contains("Bring the spare cable"));
    let theirs = site.sign_in(Role::Examiner).await;
    assert!(site.get(&theirs, "/").await.body.contains("Bring the spare cable"));
    let wrong: Vec<_> = action
        .iter()
        .map(|(k, v)| if *k == "role" { (*k, "officer_in_case") } else { (*k, *v) })
        .collect();
    let refused = site.post(&cookie, "/records/action/new", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(r##"<a href="#owner">"##), "{}", refused.body);
}
