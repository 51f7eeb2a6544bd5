//! What is written down about records and permissions, held against the code.
//!
//! `PENDEEN_WRITE=1 cargo nextest run -p pendeen-casework documents permissions` writes them
//! anew; read the difference before you keep it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use pendeen_casework::form::{Field, Input};
use pendeen_casework::jurisdiction::TABLES;
use pendeen_casework::permission::{COMMON_ACTIONS, POLICIES, SCHEMA, entity_name};
use pendeen_casework::record::Kind;
use pendeen_casework::record::arrest::bail::REGIMES;
use pendeen_casework::settings::{SECTIONS, Settings, described};

use crate::world::World;

/// Compares a file of the crate with what it should say, or writes it where that is asked for.
pub fn written_down(path: &str, expected: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("PENDEEN_WRITE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let differing = found.lines().zip(expected.lines()).position(|(a, b)| a != b);
    assert!(
        found == expected,
        "{path} does not say what the code says (first difference in line {}); \
         write it anew with PENDEEN_WRITE=1",
        differing.unwrap_or(found.lines().count().min(expected.lines().count())) + 1
    );
}

fn schema() -> String {
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| entity_name(*kind)).collect();
    let all = kinds.join(", ");
    let mut acts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for kind in Kind::ALL {
        for act in kind.acts() {
            acts.entry(act.name).or_default().push(entity_name(*kind));
        }
    }
    let common = COMMON_ACTIONS.map(|action| format!("\"{action}\"")).join(", ");
    let mut text = format!(
        "// What policies may speak of. Written from the code: do not edit.\n\n\
         entity Role, Members;\n\n\
         entity Person in [Role, Members] = {{ force: String, agency?: String }};\n\n\
         entity {all} = {{\n  force: String,\n  author: Person,\n  agency?: String,\n  \
         circle?: Members,\n  restricted_to?: Role,\n  opened_to?: Person,\n}};\n\n\
         action {common}\n  \
         appliesTo {{ principal: [Person], resource: [{all}] }};\n\n"
    );
    for (act, kinds) in acts {
        let resources = kinds.join(", ");
        writeln!(
            text,
            "action \"{act}\" appliesTo {{ principal: [Person], resource: [{resources}] }};"
        )
        .unwrap();
    }
    text
}

#[test]
fn the_schema_knows_every_kind_and_every_act() {
    written_down("policies/schema.cedarschema", &schema());
}

#[test]
fn the_policies_are_valid_under_the_schema_and_each_has_a_name_of_its_own() {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).unwrap();
    let policies: PolicySet = POLICIES.map(|(_, text)| text).join("\n").parse().unwrap();
    let result = Validator::new(schema).validate(&policies, ValidationMode::Strict);
    let problems: Vec<_> = result.validation_errors().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let ids: BTreeSet<_> =
        policies.policies().map(|p| p.annotation("id").expect("a policy without @id")).collect();
    assert_eq!(ids.len(), policies.policies().count());
}

fn ask(fields: &[Field]) -> String {
    let one = |field: &Field| {
        let mark = match (field.input, field.required) {
            (Input::System, _) => " (by the program)",
            (_, false) => " (may be empty)",
            (_, true) => "",
        };
        let values = match field.input {
            Input::Choice(values) => {
                let keys: Vec<_> = values.iter().map(|(key, _)| *key).collect();
                format!(": {}", keys.join(", "))
            }
            Input::Record(kind) => format!(": {}", kind.key()),
            Input::AnyOf(kinds) => {
                let keys: Vec<_> = kinds.iter().map(|kind| kind.key()).collect();
                format!(": {}", keys.join(", "))
            }
            Input::Person => ": colleague".to_owned(),
            _ => String::new(),
        };
        format!("`{}`{values}{mark}", field.name)
    };
    fields.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn overview() -> String {
    let (mut links, mut facets) = (BTreeMap::new(), BTreeMap::new());
    let grown = (0..60).flat_map(|seed| {
        let mut world = World::new(seed);
        for step in 0..600 {
            if step % 100 == 99 {
                world.scramble();
            }
            world.step();
        }
        world.records
    });
    for record in grown {
        let seen: &mut BTreeSet<_> = links.entry(record.kind()).or_default();
        seen.extend(record.links().iter().map(|l| format!("`{}` ({})", l.role, l.kind.key())));
        let seen: &mut BTreeSet<_> = facets.entry(record.kind()).or_default();
        seen.extend(record.facets().iter().map(|f| format!("`{}`", f.name)));
    }
    let listed = |of: &BTreeMap<Kind, BTreeSet<String>>, kind: &Kind| {
        let all: Vec<_> = of.get(kind).into_iter().flatten().cloned().collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    let mut text = String::from(
        "# The records: states, acts, fields, links, facets\n\n\
         Written from the code by a test of the `casework` crate: do not edit. What each rule \
         asks for stands in the files of `crates/casework/src/record/`.\n",
    );
    for kind in Kind::ALL {
        write!(
            text,
            "\n## {} (`{}`, numbers {}-...)\n\n| state | meaning | leads to |\n|---|---|---|\n",
            kind.label(),
            kind.key(),
            kind.prefix()
        )
        .unwrap();
        for state in kind.states() {
            writeln!(text, "| `{}` | {} | {} |", state.key, state.meaning, state.to.join(", "))
                .unwrap();
        }
        write!(text, "\nMade with: {}.\n\n", ask(kind.create_fields())).unwrap();
        text.push_str("| act | button | from | asks for |\n|---|---|---|---|\n");
        for act in kind.acts() {
            writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                act.name,
                act.label,
                act.from.join(", "),
                ask(act.fields)
            )
            .unwrap();
        }
        write!(text, "\nLinks: {}.\nFacets: {}.\n", listed(&links, kind), listed(&facets, kind))
            .unwrap();
    }
    text
}

#[test]
fn the_reference_of_records_says_what_the_code_says() {
    written_down("../../docs/reference/records.md", &overview());
}

/// The reference of settings: each section as a table, with the default as the file writes it.
fn settings_reference() -> String {
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    let mut text = String::from(
        "# Settings: `pendeen.toml`\n\n\
         Written from the code by a test of the `casework` crate: do not edit.\n\n\
         What differs between forces stands in `pendeen.toml` in the data folder (`--data`). \
         The file is read when a command starts; what it does not set keeps its default, and a \
         folder without the file has the defaults. An unknown name, a number outside its range \
         or a file that is not TOML stops the command with the file, the line and what is \
         wanted. A clock that has started keeps the time it was given: a change applies to what \
         is recorded after it.\n\n\
         ```toml\n[package]\nratify_within_hours = 8\n\n[figures]\nsmall_count = 10\n```\n",
    );
    for (section, about) in SECTIONS {
        write!(
            text,
            "\n## `[{section}]`\n\n{about}\n\n| name | value | default | meaning |\n|---|---|---|---|\n"
        )
        .unwrap();
        for one in described().iter().filter(|one| one.section == *section) {
            let default = &defaults[one.section][one.name];
            writeln!(text, "| `{}` | {} | `{default}` | {} |", one.name, one.wanted, one.meaning)
                .unwrap();
        }
    }
    text
}

#[test]
fn the_reference_of_settings_says_what_the_code_says() {
    written_down("../../docs/reference/settings.md", &settings_reference());
}

/// The reference of jurisdictions: each table, and what is refused under it.
fn jurisdictions_reference() -> String {
    let mut text = String::from(
        "# Jurisdictions: what is modelled, and what is not\n\n\
         Written from the code by a test of the `casework` crate: do not edit.\n\n\
         The force whose work a record is decides which law it is under. What is not modelled is \
         refused where somebody tries it or opens its form, with what is missing and what to do \
         meanwhile; nothing is bent into the institutions of another system.\n",
    );
    for table in &TABLES {
        write!(text, "\n## {}\n\n| stage | law | modelled |\n|---|---|---|\n", table.name).unwrap();
        for (stage, law, modelled) in table.law {
            let answer = if *modelled { "yes" } else { "no" };
            writeln!(text, "| {stage} | {law} | {answer} |").unwrap();
        }
        if table.missing.is_empty() {
            text.push_str("\nNothing is refused.\n");
            continue;
        }
        text.push_str("\n| refused | acts | missing | meanwhile |\n|---|---|---|---|\n");
        for one in table.missing {
            let acts: Vec<_> = one.acts.iter().map(|act| format!("`{act}`")).collect();
            let kind = one.kind.label();
            writeln!(text, "| {kind} | {} | {} | {} |", acts.join(", "), one.what, one.instead)
                .unwrap();
        }
    }
    text.push_str(
        "\n## Bail before charge in England and Wales\n\n\
         From the day after the arrest (the bail start date). The law of the day of the arrest \
         decides; before 3 April 2017 no statute limited it. A force can be stricter \
         ([settings](settings.md)).\n",
    );
    for regime in REGIMES {
        write!(
            text,
            "\n### Arrests from {} ({})\n\n| by | section | after | up to | where a court finds longer needed |\n|---|---|---|---|---|\n",
            regime.from, regime.act
        )
        .unwrap();
        for step in regime.steps {
            let after = step.after.map_or("-", |earlier| earlier.label());
            let only = if step.designated { " (designated cases)" } else { "" };
            let longer = step.longer.map_or("-".to_owned(), |period| period.to_string());
            writeln!(
                text,
                "| {}{only} | {} | {after} | {} | {longer} |",
                step.authority, step.section, step.until
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn the_reference_of_jurisdictions_says_what_the_code_says() {
    written_down("../../docs/reference/jurisdictions.md", &jurisdictions_reference());
}
