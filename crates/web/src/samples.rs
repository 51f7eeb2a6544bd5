//! Every template with a sample context that carries hostile text, rendered by one test.


use crate::error::ErrorPage;
use crate::pages;
use crate::shell::{Account, NavItem, Shell};
use crate::text::Due;
use crate::view::{Count, FormError, Tag};

/// Text that must never arrive unescaped.
const HOSTILE: &str = "\"'><script>alert(1)</script>";

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn shell() -> Shell {
    Shell {
        account: Some(Account { name: hostile(), roles: hostile(), force: hostile() }),
        navigation: vec![NavItem { text: "My work", href: hostile(), here: true }],
        notice: Some(hostile()),
        ..Shell::bare(HOSTILE)
    }
}

fn tag() -> Tag {
    Tag::new(HOSTILE, "blue")
}

fn due() -> Due {
    Due { words: hostile(), at: hostile(), late: true }
}

fn counts() -> Vec<Count> {
    vec![Count::alarm(3, HOSTILE)]
}

fn errors() -> Vec<FormError> {
    vec![FormError { field: hostile(), text: hostile() }]
}

fn rendered() -> Vec<(&'static str, String)> {
    let mut pages = Vec::new();
    let mut add = |name, page: &dyn askama::DynTemplate| {
        pages.push((name, page.dyn_render().expect("every template renders")));
    };
    add("error", &ErrorPage { shell: shell(), lines: vec![hostile()] });
    add(
        "sign_in",
        &pages::sign_in::SignIn { shell: shell(), errors: errors(), username: hostile(), next: hostile() },
    );
    let row = pages::work::WorkRow {
        urgency: tag(),
        href: hostile(),
        what: hostile(),
        due: Some(due()),
        number: hostile(),
        title: hostile(),
        simulated: true,
        force: hostile(),
    };
    add("work", &pages::work::Work { shell: shell(), counts: counts(), rows: vec![row] });
    pages
}

#[test]
fn every_template_renders_and_escapes_what_people_typed() {
    for (name, html) in rendered() {
        assert!(html.contains("&#60;script&#62;alert(1)"), "{name} does not show its sample");
        assert!(!html.contains("<script>alert"), "{name} lets markup through");
        assert!(!html.contains(" style="), "{name} has an inline style, which the policy blocks");
        assert_eq!(html.matches("<h1").count(), 1, "{name} has one main heading");
        assert!(html.contains("OFFICIAL-SENSITIVE"), "{name} carries no handling mark");
    }
}
