//! docs/reference/permissions.md: what each role may see and do, in words, written from the
//! policies (their names and comments) and from what they answer.

use std::fmt::Write as _;

use pendeen_casework::permission::POLICIES;
use pendeen_casework::person::Role;
use pendeen_casework::record::AnyRecord;

use crate::documents::written_down;
use crate::permissions::{OWN, actions, examples, may, person, relations};

/// One policy as it is written.
struct Written {
    file: &'static str,
    id: String,
    comment: String,
    text: String,
}

/// Every policy with its name and the comment that stands right above it.
fn written() -> Vec<Written> {
    let mut all = Vec::new();
    for (file, text) in POLICIES {
        let mut comment: Vec<&str> = Vec::new();
        for line in text.lines() {
            if let Some(said) = line.strip_prefix("//") {
                comment.push(said.trim());
            } else if let Some(id) = line.strip_prefix("@id(\"") {
                let id = id.trim_end_matches("\")").to_owned();
                let comment = std::mem::take(&mut comment).join(" ");
                all.push(Written { file, id, comment, text: String::new() });
            } else if line.is_empty() {
                comment.clear();
            } else if let Some(policy) = all.last_mut().filter(|policy| policy.file == file) {
                policy.text.push_str(line);
            }
        }
    }
    all
}

impl Written {
    fn names(&self, role: Role) -> bool {
        self.text.contains(&format!("Role::\"{}\"", role.key()))
    }

    fn line(&self) -> String {
        let said =
            if self.comment.is_empty() { String::new() } else { format!(" {}", self.comment) };
        format!("- **{}** ({}.cedar).{said}", self.id.replace('-', " "), self.file)
    }
}

/// Where something is permitted, in words, from the letters of the golden matrix.
fn place(letters: &str) -> String {
    let has = |letter| letters.contains(letter);
    if has('o') && has('x') && has('n') {
        return if has('k') { "all, also restricted ones" } else { "all" }.to_owned();
    }
    let words = [
        (has('o'), "of the own force"),
        (has('n'), "national"),
        (has('x'), "of other forces"),
        (has('w') && !has('x'), "made by themself"),
        (has('a') && !has('x'), "referred to their agency"),
        (has('c') && !has('o'), "restricted to a circle of theirs"),
    ];
    let said: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, words)| *words).collect();
    said.join("; ")
}

/// What a role may do to one kind of record: a row for each place, its actions together.
fn rows(role: Role, record: &AnyRecord) -> Vec<String> {
    let mut rows = Vec::new();
    for (whose, force) in [("national", None), ("of a force", Some(OWN))] {
        let person = person(&[role], force);
        let mut by_place: Vec<(String, Vec<&str>)> = Vec::new();
        for action in actions(record.kind()) {
            let placed = relations(record, force, role);
            let letters: String =
                placed.iter().filter(|(_, r)| may(&person, action, r)).map(|(l, _)| *l).collect();
            let place = place(&letters);
            match by_place.iter_mut().find(|(known, _)| *known == place) {
                _ if place.is_empty() => {}
                Some((_, actions)) => actions.push(action),
                None => by_place.push((place, vec![action])),
            }
        }
        rows.extend(by_place.into_iter().map(|(place, actions)| {
            let actions: Vec<_> = actions.iter().map(|action| format!("`{action}`")).collect();
            let kind = record.kind().label();
            format!("| {kind} | {whose} | {place} | {} |", actions.join(", "))
        }));
    }
    rows
}

fn overview() -> String {
    let (policies, examples) = (written(), examples());
    let mut text = String::from(
        "# Permissions: who may see and do what\n\n\
         Written from `crates/casework/policies/` by a test of the `casework` crate: do not edit. \
         Everything that no policy permits is denied, and what a policy forbids no other can \
         permit. Lists, counts, search, notifications and exports ask the same policies.\n\n\
         ## For everybody\n\n",
    );
    let of_no_role = policies.iter().filter(|p| Role::ALL.into_iter().all(|role| !p.names(role)));
    for policy in of_no_role {
        writeln!(text, "{}", policy.line()).unwrap();
    }
    for role in Role::ALL {
        write!(text, "\n## {} (`{}`)\n\n", role.label(), role.key()).unwrap();
        for policy in policies.iter().filter(|policy| policy.names(role)) {
            writeln!(text, "{}", policy.line()).unwrap();
        }
        let rows: Vec<_> = examples.iter().flat_map(|record| rows(role, record)).collect();
        if rows.is_empty() {
            text.push_str("\nSees no record and does nothing to any.\n");
            continue;
        }
        text.push_str("\n| record | staff | which | may |\n|---|---|---|---|\n");
        for row in rows {
            writeln!(text, "{row}").unwrap();
        }
    }
    text
}

#[test]
fn the_reference_of_permissions_says_what_the_policies_say() {
    written_down("../../docs/reference/permissions.md", &overview());
}

#[test]
fn every_policy_stands_in_the_reference_and_every_role_has_one() {
    let policies = written();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/permissions.md");
    let page = std::fs::read_to_string(path).unwrap();
    for policy in &policies {
        assert!(page.contains(&policy.line()), "{}", policy.id);
    }
    for role in Role::ALL {
        assert!(policies.iter().any(|policy| policy.names(role)), "{role:?}");
    }
}
