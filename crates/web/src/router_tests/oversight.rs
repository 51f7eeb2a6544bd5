//! The pages that oversee many records at once: operation, inbox, approvals, calendar, My work,
//! the search plan.

use axum::http::{StatusCode, header};
use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, decide, decide_create};
use pendeen_casework::person::{Person, PersonId, Role};
use pendeen_casework::record::{AnyRecord, Head, Kind};
use uuid::Uuid;

use super::Site;

const DEVON: &str = "E23000035";
const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The account of a role, as the site made it.
async fn account(site: &Site, role: Role) -> Person {
    let place = Role::ALL.into_iter().position(|known| known == role).unwrap();
    let id = PersonId(Uuid::from_u128(1 + place as u128));
    site.store.person_at(id, site.app.now()).await.unwrap().unwrap()
}

/// Somebody whom the site has no account for.
fn colleague(n: u128, role: Role) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(0xC0 + n)),
        name: format!("DC Colleague {n}"),
        roles: [role].into(),
        force: None,
        knows: pendeen_casework::person::Knows::default(),
    }
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().copied().collect()
}

async fn make(site: &Site, by: &Person, kind: Kind, form: &[(&str, &str)]) -> AnyRecord {
    let now = site.app.now();
    let head = Head::new(kind, site.app.ids.fresh(), by, now);
    let permit = decide_create(by, kind, &head).unwrap();
    site.store.create(permit, head, kind, &fields(form), now).await.unwrap()
}

async fn act(
    site: &Site,
    by: &Person,
    on: &AnyRecord,
    act: &str,
    form: &[(&str, &str)],
) -> AnyRecord {
    let permit = decide(by, Action::Act(act), on).unwrap();
    site.store.act(permit, &fields(form), site.app.now()).await.unwrap()
}

/// An assessed package about a subject of this name; sent on oral authority where a child is at
/// immediate risk.
async fn package(site: &Site, name: &str, immediate: bool) -> AnyRecord {
    let (author, assessor) =
        (colleague(1, Role::IntelligenceOfficer), colleague(2, Role::IntelligenceOfficer));
    let subject = make(site, &author, Kind::Subject, &[("name", name), ("suspect", "yes")]).await;
    let band = [("band", "high"), ("source", "KIRAT"), ("date", "2026-05-01")];
    let mut subject = act(site, &author, &subject, "assess_risk", &band).await;
    if immediate {
        let risk = [
            ("text", "Lives with a child"),
            ("source", "School"),
            ("date", "2026-05-02"),
            ("basis", "fact"),
        ];
        subject = act(site, &author, &subject, "raise_immediate_risk", &risk).await;
    }
    let form = [
        ("subject", &*subject.head().id.to_string()),
        ("destination", DEVON),
        ("content", "What is known"),
        ("asked", "Search and safeguard"),
        ("source_grade", "1"),
        ("information_grade", "a"),
        ("handling", "p"),
    ];
    let package = make(site, &author, Kind::Package, &form).await;
    let package = act(site, &assessor, &package, "assess", &[("assessment", "High risk")]).await;
    if !immediate {
        return package;
    }
    let oral = [("given_by", "Det Supt Example"), ("reason", "A child"), ("bundle", DIGEST)];
    act(site, &author, &package, "send_in_emergency", &oral).await
}

#[tokio::test]
async fn the_operation_tells_force_by_force_what_was_sent_and_what_waits() {
    let site = Site::new().await;
    let coordinator = site.sign_in(Role::Coordinator).await;
    let before = site.get(&coordinator, "/operation").await;
    assert_eq!(before.status, StatusCode::OK, "{}", before.body);
    assert_eq!(before.body.matches("pendeen-map__name").count(), 45, "a tile for every force");
    let sent = package(&site, "Robin Example", true).await;
    let page = site.get(&coordinator, "/operation").await.body;
    let tile = page.split(&format!(r#"href="/records/package?force={DEVON}""#)).nth(1).unwrap();
    let tile = tile.split("</a>").next().unwrap();
    assert!(tile.contains("<strong>1</strong> sent"), "{tile}");
    assert!(tile.contains("1 at immediate risk") && tile.contains("1 unread"), "{tile}");
    assert!(page.contains("pendeen-map__tile--child"), "the tone says what the words say");
    assert!(page.contains(&sent.head().number) && page.contains("Packages not acknowledged: 1"));
    assert!(page.contains("Arrests"), "later stages come from the figures");

    let desk = site.sign_in(Role::ReceivingDesk).await;
    let own = site.get(&desk, "/operation").await.body;
    assert!(!own.contains("pendeen-map"), "one force is no map");
    assert!(own.contains("Packages not acknowledged: 1"), "{own}");
    let administrator = site.sign_in(Role::Administrator).await;
    assert_eq!(site.get(&administrator, "/operation").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_new_package_in_the_inbox_is_acknowledged_from_its_line_by_a_confirming_form() {
    let site = Site::new().await;
    let sent = package(&site, "Robin Example", true).await;
    let desk = site.sign_in(Role::ReceivingDesk).await;
    let page = site.get(&desk, "/inbox").await.body;
    assert!(page.contains("Robin Example") && page.contains(">New</strong>"), "{page}");
    assert!(page.contains("Child at immediate risk") && page.contains("Nobody"));
    let address = format!("/records/package/{}", sent.head().id);
    assert!(page.contains(&format!(r#"href="{address}/acts/acknowledge""#)), "{page}");
    let done = site.act(&desk, &address, "acknowledge", &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = site.get(&desk, "/inbox").await.body;
    assert!(!page.contains(">New</strong>") && page.contains("DC Force receiving desk"), "{page}");
    assert!(page.contains("/records/case/new?package="), "then a case is opened from it");
    let coordinator = site.sign_in(Role::Coordinator).await;
    assert_eq!(site.get(&coordinator, "/inbox").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn approvals_tell_what_waits_what_was_decided_and_what_a_rule_stops() {
    let site = Site::new().await;
    let waits = package(&site, "Robin Example", false).await;
    let officer = site.sign_in(Role::AuthorisingOfficer).await;
    let page = site.get(&officer, "/approvals").await.body;
    assert!(page.contains("To review (1)") && page.contains("Robin Example"), "{page}");
    assert!(page.contains("New to you"), "{page}");
    let address = format!("/records/package/{}", waits.head().id);
    let back = site.act(&officer, &address, "send_back", &[("reason", "Say more")]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
    let page = site.get(&officer, "/approvals?view=rejected").await.body;
    assert!(page.contains("Rejected by you (1)") && page.contains("To review (0)"), "{page}");
    assert!(page.contains("send back to the author"), "{page}");

    let assessor = colleague(2, Role::IntelligenceOfficer);
    let kind = Kind::Package;
    let now = site.app.now();
    let fresh =
        site.store.view(&assessor, kind, waits.head().id, None, now).await.unwrap().unwrap();
    act(&site, &assessor, &fresh, "assess", &[("assessment", "Higher than was thought")]).await;
    let page = site.get(&officer, "/approvals").await.body;
    assert!(page.contains("Changed since you last did something to it"), "{page}");
    assert!(page.contains("Higher than was thought"), "{page}");
    let done = site.act(&officer, &address, "authorise", &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert!(site.get(&officer, "/approvals").await.body.contains("Approved by you (1)"));
    let desk = site.sign_in(Role::ReceivingDesk).await;
    assert_eq!(site.get(&desk, "/approvals").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ones_own_is_left_out_of_approvals_and_counted() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::FiguresOfficer).await;
    let made = site.post(&officer, "/records/figures_release/new", &[("name", "June")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let page = site.get(&officer, "/approvals").await.body;
    assert!(page.contains("To review (0)"), "{page}");
    assert!(page.contains("1 more waits for somebody else"), "{page}");
}

/// A case of the force's officer with a search planned for a moment.
async fn search(site: &Site, planned: &str) -> (AnyRecord, AnyRecord) {
    let officer = account(site, Role::OfficerInCase).await;
    let case = make(site, &officer, Kind::Case, &[("name", "Robin's case")]).await;
    let place = [("address", "1 Sample Street"), ("postcode", "EX1 1AA"), ("kind", "house")];
    let premises = make(site, &officer, Kind::Premises, &place).await;
    let form = [
        ("case", &*case.head().id.to_string()),
        ("premises", &*premises.head().id.to_string()),
        ("power", "consent"),
        ("authority", "Insp Example, in writing"),
        ("planned_for", planned),
        ("people", "Robin Example\nA lodger"),
        ("children", "yes"),
        ("risks", "Steep stairs"),
        ("dogs", "One large dog"),
        ("team", "Four officers, a ladder"),
        ("equipment", "Faraday bags"),
    ];
    (case, make(site, &officer, Kind::Search, &form).await)
}

#[tokio::test]
async fn the_calendar_shows_what_is_due_and_saves_it_without_names_marked_and_logged() {
    let site = Site::new().await;
    let (_, planned) = search(&site, "2026-11-26T06:00:00Z").await;
    let officer = site.sign_in(Role::OfficerInCase).await;
    for address in ["/calendar", "/calendar?view=list", "/calendar?month=2026-11&kind=search"] {
        let page = site.get(&officer, address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        assert!(page.body.contains("Carry out this search"), "{address}: {}", page.body);
        assert!(page.body.contains("06:00"), "{address}");
    }
    for address in ["/calendar?month=2026-12", "/calendar?kind=warrant"] {
        let page = site.get(&officer, address).await.body;
        assert!(!page.contains("Carry out this search"), "{address}: {page}");
    }
    let file = site.get(&officer, "/calendar.ics?month=2026-11").await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
    assert!(file.body.contains("DTSTART:20261126T060000Z"), "{}", file.body);
    assert!(file.body.contains(&planned.head().number) && file.body.contains("OFFICIAL-SENSITIVE"));
    assert!(!file.body.contains("Sample Street"), "addresses and names stay here");
    let auditor = site.sign_in(Role::Auditor).await;
    let log = site.get(&auditor, "/audit?action=export").await.body;
    assert!(log.contains("export") && log.contains("DC Officer in the case"), "{log}");
    let stranger = site.sign_in(Role::Examiner).await;
    let page = site.get(&stranger, "/calendar").await.body;
    assert!(!page.contains("Carry out this search"), "{page}");
}

#[tokio::test]
async fn the_search_plan_says_the_dangerous_things_first() {
    let site = Site::new().await;
    let (_, planned) = search(&site, "2026-11-24T16:00:00Z").await;
    let officer = site.sign_in(Role::OfficerInCase).await;
    let address = format!("/records/search/{}", planned.head().id);
    let record = site.get(&officer, &address).await.body;
    assert!(record.contains(&format!(r#"href="{address}/plan""#)), "{record}");
    let plan = site.get(&officer, &format!("{address}/plan")).await.body;
    let place = |words: &str| plan.find(words).unwrap_or_else(|| panic!("{words}: {plan}"));
    assert!(place("today 16:00") < place("Children are expected behind the door"));
    assert!(place("One large dog") < place("A lodger"));
    assert!(place("A lodger") < place("Steep stairs") && place("Steep stairs") < place("a ladder"));
    place("Faraday bags");
    let desk = site.sign_in(Role::Examiner).await;
    let denied = site.get(&desk, &format!("{address}/plan")).await;
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
    let odd = site.get(&officer, "/records/search/nonsense/plan").await;
    assert_eq!(odd.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn my_work_is_what_is_immediate_then_mine_by_name_then_my_roles() {
    let site = Site::new().await;
    // An officer's own case is theirs from its first day; the desk's is nobody's until it is taken.
    search(&site, "2026-11-24T16:00:00Z").await;
    let (officer, desk) =
        (account(&site, Role::OfficerInCase).await, account(&site, Role::ReceivingDesk).await);
    let taken = make(&site, &desk, Kind::Case, &[("name", "A taken case")]).await;
    act(&site, &officer, &taken, "take", &[]).await;
    make(&site, &desk, Kind::Case, &[("name", "Nobody's case")]).await;
    let cookie = site.sign_in(Role::OfficerInCase).await;
    let page = site.get(&cookie, "/").await.body;
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
    let (mine, role) =
        (place("Yours by name, and in your cases"), place("For anybody in your role"));
    assert!(mine < place("Robin&#39;s case") && place("today 16:00") < role);
    assert!(place("Robin&#39;s case") < role, "{page}");
    assert!(mine < place("A taken case") && place("A taken case") < role, "{page}");
    assert!(role < place("Nobody&#39;s case"), "{page}");
}

#[tokio::test]
async fn a_nonsense_address_shows_the_page_as_if_it_had_not_been_asked_for() {
    let site = Site::new().await;
    let officer = site.sign_in(Role::OfficerInCase).await;
    for address in ["/calendar?month=soon&kind=nonsense&view=x", "/calendar?month=9999-99"] {
        let page = site.get(&officer, address).await;
        assert!(page.status == StatusCode::OK && page.body.contains("November 2026"), "{address}");
    }
    let authoriser = site.sign_in(Role::AuthorisingOfficer).await;
    assert!(site.get(&authoriser, "/approvals?view=x").await.body.contains("To review (0)"));
}
