//! The second step of signing in, and the account page: what a person does about their own way
//! in, and what a stranger with part of it cannot do.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use pendeen_casework::person::{Person, Role};
use pendeen_store::account::second_factor::{NewSecret, Requirement};

use super::{Answer, PASSWORD, Site};

/// What follows `before` in a page, up to `after`.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split(after).next().unwrap()
}

async fn required(site: &Site) {
    let now = site.app.now();
    site.store.set_second_factor_requirement(None, &Requirement::Everybody, now).await.unwrap();
}

async fn person(site: &Site, role: Role) -> Person {
    let people = site.store.people().await.unwrap();
    people.into_iter().find(|account| account.username == role.key()).unwrap().person
}

/// Gives user name and password.
async fn first_step(site: &Site) -> (String, String) {
    let form = [("username", "examiner"), ("password", PASSWORD), ("next", "/search?q=x")];
    let answer = site.post("", "/sign-in", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    (answer.cookie("pendeen"), answer.location().to_owned())
}

fn secret(page: &Answer) -> NewSecret {
    let text = between(&page.body, r#"Secret: <span class="pendeen-digest">"#, "<");
    NewSecret::from_text(&text.replace(' ', "")).unwrap()
}

#[tokio::test]
async fn where_a_second_factor_is_required_the_first_sign_in_sets_it_up() {
    let site = Site::new().await;
    required(&site).await;
    let (cookie, step) = first_step(&site).await;
    assert_eq!(step, "/sign-in/set-up?next=/search%3Fq%3Dx");
    assert_eq!(site.get(&cookie, "/").await.location(), "/sign-in", "nothing opens yet");
    let page = site.get(&cookie, &step).await;
    assert!(page.body.contains("<svg") && page.body.contains("QR code"), "{}", page.body);
    let new = secret(&page);
    assert_eq!(secret(&site.get(&cookie, &step).await).text(), new.text(), "opened again");
    let wrong = site.post(&cookie, "/sign-in/set-up", &[("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("device&#39;s clock"), "{}", wrong.body);
    let code = new.code(site.app.now());
    let form = [("code", code.as_str()), ("next", "/search?q=x")];
    let done = site.post(&cookie, "/sign-in/set-up", &form).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(done.body.matches(r#"<li class="pendeen-digest">"#).count(), 10);
    assert!(done.body.contains(r#"href="/search?q=x""#));
    let session = done.cookie("pendeen");
    assert_ne!(session, cookie);
    assert_eq!(site.get(&session, "/").await.status, StatusCode::OK);
    assert_eq!(site.get(&session, "/sign-in/set-up").await.location(), "/sign-in");

    let (cookie, step) = first_step(&site).await;
    assert_eq!(step, "/sign-in/code?next=/search%3Fq%3Dx");
    let again = site.post(&cookie, "/sign-in/code", &[("code", &code)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a used code opens nothing");
    let over = site.post(&cookie, "/sign-in/set-up", &[("code", &code)]).await;
    assert_eq!(over.location(), "/sign-in", "one that is set is not set over");
    let recovery = between(&done.body, r#"<li class="pendeen-digest">"#, "<");
    let form = [("code", recovery), ("next", "/search?q=x")];
    let signed_in = site.post(&cookie, "/sign-in/code", &form).await;
    assert_eq!(signed_in.location(), "/search?q=x", "{}", signed_in.body);
    let session = signed_in.cookie("pendeen");
    assert!(site.get(&session, "/account").await.body.contains("9 recovery codes left"));
}

#[tokio::test]
async fn without_the_password_the_second_step_opens_nothing() {
    let site = Site::new().await;
    required(&site).await;
    for step in ["/sign-in/code", "/sign-in/set-up"] {
        assert_eq!(site.get("", step).await.location(), "/sign-in");
        assert_eq!(site.post("", step, &[("code", "123456")]).await.location(), "/sign-in");
    }
    let (cookie, _) = first_step(&site).await;
    let examiner = person(&site, Role::Examiner).await;
    site.store.set_password(None, examiner.id, PASSWORD, site.app.now()).await.unwrap();
    assert_eq!(site.get(&cookie, "/sign-in/set-up").await.location(), "/sign-in");
}

#[tokio::test]
async fn a_person_sees_their_devices_and_signs_the_others_out() {
    let site = Site::new().await;
    let [mine, lost] = [site.sign_in(Role::Examiner).await, site.sign_in(Role::Examiner).await];
    let other = site.sign_in(Role::Auditor).await;
    let page = site.get(&mine, "/account").await.body;
    assert_eq!(page.matches("An unknown device</td>").count(), 2, "{page}");
    for cookie in [&mine, &lost] {
        let id = cookie.split_once('=').unwrap().1;
        assert!(!page.contains(id), "the session's id is never shown");
    }
    let end = between(&page, r#"action="/account/devices/"#, r#"/end""#);
    let end = format!("/account/devices/{end}/end");
    assert_eq!(site.post(&other, &end, &[]).await.status, StatusCode::NOT_FOUND, "not theirs");
    assert_eq!(site.get(&lost, "/").await.status, StatusCode::OK);
    assert_eq!(site.post(&mine, &end, &[]).await.location(), "/account");
    assert_eq!(site.get(&lost, "/").await.location(), "/sign-in");
    let third = site.sign_in(Role::Examiner).await;
    site.post(&mine, "/account/devices/end-others", &[]).await;
    assert_eq!(site.get(&third, "/").await.location(), "/sign-in");
    assert_eq!(site.get(&mine, "/").await.status, StatusCode::OK);
    assert_eq!(site.get(&other, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_takes_the_present_one_and_ends_every_session() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    let change = async |present: &str, new: &str, again: &str| {
        let form = [("present", present), ("password", new), ("again", again)];
        site.post(&cookie, "/account/password", &form).await
    };
    for (refused, field) in [
        (change("nonsense", "heron ladder copper", "heron ladder copper").await, "present"),
        (change(PASSWORD, "short", "short").await, "password"),
        (change(PASSWORD, "heron ladder copper", "heron ladder silver").await, "again"),
    ] {
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(&format!("href=\"#{field}\"")), "{field}");
    }
    let done = change(PASSWORD, "heron ladder copper", "heron ladder copper").await;
    assert_eq!(done.location(), "/sign-in", "{}", done.body);
    assert_eq!(site.get(&cookie, "/").await.location(), "/sign-in");
    let form = [("username", "examiner"), ("password", "heron ladder copper")];
    assert_eq!(site.post("", "/sign-in", &form).await.location(), "/");
}

#[tokio::test]
async fn a_session_left_open_changes_no_second_factor() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    let new = secret(&site.get(&cookie, "/account/second-factor").await);
    let code = new.code(site.app.now());
    let set = site.post(&cookie, "/account/second-factor", &[("code", &code)]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    let recovery = between(&set.body, r#"<li class="pendeen-digest">"#, "<").to_owned();

    let page = site.get(&cookie, "/account/second-factor").await;
    let another = secret(&page);
    assert_ne!(another.text(), new.text());
    assert!(page.body.contains(r#"name="current""#));
    let code = another.code(site.app.now());
    let refused = site.post(&cookie, "/account/second-factor", &[("code", &code)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused = site.post(&cookie, "/account/recovery-codes", &[("code", "")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = [("code", &*code), ("current", &*recovery)];
    let replaced = site.post(&cookie, "/account/second-factor", &form).await;
    assert_eq!(replaced.status, StatusCode::OK, "{}", replaced.body);
}

#[tokio::test]
async fn a_known_browser_signs_in_while_a_stranger_guesses() {
    let site = Site::new().await;
    let form = [("username", "examiner"), ("password", PASSWORD)];
    let device = site.post("", "/sign-in", &form).await.cookie("pendeen-device");
    for _ in 0..20 {
        site.post("", "/sign-in", &[("username", "examiner"), ("password", "guess")]).await;
    }
    let slowed = site.post("", "/sign-in", &form).await;
    assert!(slowed.body.contains("Too many attempts"), "{}", slowed.body);
    let signed_in = site.post(&device, "/sign-in", &form).await;
    assert_eq!(signed_in.location(), "/", "{}", signed_in.body);
    let nobody = [("username", "nobody"), ("password", "guess")];
    for _ in 0..5 {
        site.post("", "/sign-in", &nobody).await;
    }
    let unknown = site.post("", "/sign-in", &nobody).await.body;
    assert_eq!(unknown.replace("nobody", "examiner"), slowed.body, "no telling who is there");
}

#[tokio::test]
async fn a_token_is_shown_once_opens_its_scope_and_is_revoked() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::Examiner).await;
    for (form, field) in [
        (&[("scope-read", "yes"), ("days", "30")][..], "token-name"),
        (&[("token-name", "nightly"), ("days", "30")], "scope-read"),
        (&[("token-name", "nightly"), ("scope-read", "yes"), ("days", "999")], "days"),
    ] {
        let refused = site.post(&cookie, "/account/tokens", form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(&format!("href=\"#{field}\"")), "{field}");
    }
    let form = [("token-name", "nightly"), ("scope-read", "yes"), ("days", "30")];
    let made = site.post(&cookie, "/account/tokens", &form).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let token = between(&made.body, r#"<span class="pendeen-digest">pendeen_"#, "<");
    let token = format!("pendeen_{token}");
    let page = site.get(&cookie, "/account").await.body;
    assert!(!page.contains(&token) && page.contains("nightly"));

    let ask = async |sent: &str| {
        let request = Request::get("/api/token").header(header::AUTHORIZATION, sent);
        site.send(request.body(Body::empty()).unwrap()).await
    };
    let told = ask(&format!("Bearer {token}")).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(told["scopes"], serde_json::json!(["read"]));
    for sent in ["", "Bearer", "Bearer pendeen_0", &format!("Basic {token}")] {
        let refused = ask(sent).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{sent}");
        assert!(refused.headers.contains_key(header::WWW_AUTHENTICATE));
    }
    let page_by_token = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let page_by_token = site.send(page_by_token.body(Body::empty()).unwrap()).await;
    assert_eq!(page_by_token.location(), "/sign-in", "a token opens no page");
    assert_eq!(site.get(&cookie, "/api/token").await.status, StatusCode::UNAUTHORIZED);

    let revoke = between(&page, r#"action="/account/tokens/"#, r#"/revoke""#);
    let revoke = format!("/account/tokens/{revoke}/revoke");
    let other = site.sign_in(Role::Auditor).await;
    assert_eq!(site.post(&other, &revoke, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.post(&cookie, &revoke, &[]).await.location(), "/account");
    assert_eq!(ask(&format!("Bearer {token}")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_link_sets_a_password_once() {
    let site = Site::new().await;
    let examiner = person(&site, Role::Examiner).await;
    let secret = site.store.make_enrolment(None, examiner.id, site.app.now()).await.unwrap();
    let link = format!("/enrol/{secret}");
    let page = site.get("", &link).await;
    assert!(page.body.contains("<strong>examiner</strong>"), "{}", page.body);
    let form = [("password", "heron ladder copper"), ("again", "heron ladder")];
    assert_eq!(site.post("", &link, &form).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = [("password", "heron ladder copper"), ("again", "heron ladder copper")];
    assert_eq!(site.post("", &link, &form).await.location(), "/sign-in");
    let [used, never] = [site.get("", &link).await, site.get("", "/enrol/nonsense").await];
    assert_eq!((used.status, &used.body), (StatusCode::NOT_FOUND, &never.body));
    let form = [("username", "examiner"), ("password", "heron ladder copper")];
    assert_eq!(site.post("", "/sign-in", &form).await.location(), "/");
}
