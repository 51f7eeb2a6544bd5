//! What surrounds every page: title, handling mark, who is signed in, where one can go.
//!
//! The navigation offers a list only if the permission rules let the person see records of
//! that kind at all; it is a convenience, never the check.

use jiff::Timestamp;
use pendeen_casework::permission::{decide_create, visibility};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::mark::Mark;
use pendeen_casework::record::{Head, Kind};
use uuid::Uuid;

use crate::assets;
use crate::pages::{approvals, calendar, inbox, operation};

/// The handling mark of a page that shows no record (Government Security Classifications).
pub(crate) const MARK: &str = "OFFICIAL-SENSITIVE";

/// The frame of one page.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// What the page is about; also the browser's title.
    pub title: String,
    /// The handling mark.
    pub mark: &'static str,
    /// Who is signed in, if anyone.
    pub account: Option<Account>,
    /// Where this person can go.
    pub navigation: Vec<NavItem>,
    /// What the last act did, said once.
    pub notice: Option<String>,
    /// Where the reason can be given that is owed for what was opened as urgent.
    pub owed: Option<String>,
    /// How much newly waits for who is signed in.
    pub waiting: Option<u64>,
    /// Addresses of styles and script.
    pub assets: assets::Addresses,
}

/// Who is signed in, in words.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Rank and name.
    pub name: String,
    /// Roles, separated by commas.
    pub roles: String,
    /// Force, or `National`.
    pub force: String,
}

/// One entry of the navigation.
#[derive(Debug, Clone)]
pub(crate) struct NavItem {
    /// The words.
    pub text: &'static str,
    /// The address.
    pub href: String,
    /// Whether the present page lies there.
    pub here: bool,
}

impl Shell {
    /// The frame for nobody in particular.
    pub(crate) fn bare(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            mark: MARK,
            account: None,
            navigation: Vec::new(),
            notice: None,
            owed: None,
            waiting: None,
            assets: assets::ADDRESSES.clone(),
        }
    }

    /// The same frame of a page that shows records with these marks: it carries the highest.
    pub(crate) fn marked(mut self, marks: impl IntoIterator<Item = Mark>) -> Self {
        self.mark = Mark::highest(marks).map_or(MARK, Mark::label);
        self
    }

    /// The mark's stable name: by it the style sheet repeats the mark on every sheet of paper.
    pub(crate) fn mark_key(&self) -> &'static str {
        let known = Mark::ALL.into_iter().find(|mark| mark.label() == self.mark);
        known.unwrap_or_default().key()
    }

    /// The frame for a signed-in person on the page at `address`.
    pub(crate) fn new(title: impl Into<String>, person: &Person, address: &str) -> Self {
        let roles: Vec<&str> = person.roles.iter().map(|role| role.label()).collect();
        let account = Account {
            name: person.name.clone(),
            roles: roles.join(", "),
            force: force_name(person.force),
        };
        let navigation = navigation(person, address);
        Self { account: Some(account), navigation, ..Self::bare(title) }
    }
}

/// A force's name, or `National`.
pub(crate) fn force_name(force: Option<pendeen_casework::force::ForceKey>) -> String {
    force.map_or("National", |key| key.force().name).to_owned()
}

/// Whether the rules let the person see records of this kind beyond those that they made.
pub(crate) fn sees(person: &Person, kind: Kind) -> bool {
    let sight = visibility(person, kind);
    // Every role sees what is restricted to it, of any kind; only these are always restricted.
    let restricted = kind == Kind::SensitivePersonCheck
        && sight.restricted_to.contains(&Role::SensitiveCheckOfficer);
    let let_in = sight.agency.is_some() || !sight.member_of.is_empty();
    sight.all || sight.national || sight.force.is_some() || restricted || let_in
}

/// Whether there is any kind of record that the person sees.
pub(crate) fn sees_any(person: &Person) -> bool {
    Kind::ALL.iter().any(|kind| sees(person, *kind))
}

/// Whether the rules let the person make a record of this kind in their own place.
fn may_make(person: &Person, kind: Kind) -> bool {
    let head = Head::new(kind, Uuid::nil(), person, Timestamp::UNIX_EPOCH);
    decide_create(person, kind, &head).is_ok()
}

fn navigation(person: &Person, address: &str) -> Vec<NavItem> {
    const LISTS: [(Kind, &str); 8] = [
        (Kind::Referral, "Referrals"),
        (Kind::AttributionRequest, "Attribution"),
        (Kind::Subject, "Subjects"),
        (Kind::SensitivePersonCheck, "Sensitive checks"),
        (Kind::Package, "Packages"),
        (Kind::Case, "Cases"),
        (Kind::Exhibit, "Exhibits"),
        (Kind::Examination, "Examinations"),
    ];
    let mut items = vec![NavItem { text: "My work", href: "/".to_owned(), here: address == "/" }];
    let mut offer = |text: &'static str, href: String| {
        let here = address.starts_with(&href);
        items.push(NavItem { text, href, here });
    };
    if operation::opens(person) {
        offer("Operation", "/operation".to_owned());
    }
    if inbox::opens(person) {
        offer("Inbox", "/inbox".to_owned());
    }
    if approvals::opens(person) {
        offer("Approvals", "/approvals".to_owned());
    }
    if calendar::opens(person) {
        offer("Calendar", "/calendar".to_owned());
    }
    for (kind, text) in LISTS {
        if sees(person, kind) {
            offer(text, format!("/records/{}", kind.key()));
        }
    }
    if sees(person, Kind::Child) {
        offer("Children", "/children".to_owned());
    }
    if sees(person, Kind::FiguresRelease) {
        offer("Figures", "/figures".to_owned());
    }
    if Kind::ALL.iter().any(|kind| sees(person, *kind)) {
        offer("Durations", "/durations".to_owned());
    }
    if sees(person, Kind::Circle) {
        offer("Circles", "/records/circle".to_owned());
    } else if may_make(person, Kind::Circle) {
        offer("Circles", "/records/circle/new".to_owned());
    }
    if may_make(person, Kind::BreakGlass) {
        offer("In an emergency", "/records/break_glass/new".to_owned());
    }
    if person.is(Role::Auditor) {
        offer("Audit", "/audit".to_owned());
    }
    if person.is(Role::Administrator) {
        offer("Administration", "/administration".to_owned());
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_repeats_every_mark_on_paper_under_its_key() {
        let styles = include_str!("../assets/src/_shell.scss");
        for mark in Mark::ALL {
            let line = format!("  {}: \"{}\",\n", mark.key(), mark.label());
            assert!(styles.contains(&line), "{line}");
            let shell = Shell::bare("Any").marked([mark]);
            assert_eq!((shell.mark, shell.mark_key()), (mark.label(), mark.key()));
        }
        assert_eq!(Shell::bare("Any").mark_key(), Mark::default().key());
    }
}
