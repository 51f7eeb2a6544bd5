//! Every command explains itself; what scripts and packagers ask for is there.

use std::collections::BTreeSet;
use std::process::Stdio;

use crate::support::{Ran, command, names, pendeen, text};

/// Every command that a person types.
const COMMANDS: [&[&str]; 27] = [
    &["examine"],
    &["export"],
    &["image"],
    &["image", "info"],
    &["image", "verify"],
    &["image", "cat"],
    &["intake"],
    &["serve"],
    &["account"],
    &["account", "add"],
    &["account", "password"],
    &["account", "disable"],
    &["account", "list"],
    &["account", "link"],
    &["account", "reset-second-factor"],
    &["account", "second-factor"],
    &["account", "sessions"],
    &["demo"],
    &["figures"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "prove"],
    &["backup"],
    &["restore"],
    &["doctor"],
    &["completions"],
    &["man"],
];

/// The commands that a help text lists.
fn listed(help: &str) -> BTreeSet<String> {
    let part = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = part.lines().take_while(|line| line.starts_with("  "));
    lines
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Every command below one, as the help texts list them.
fn all_commands(above: &[String]) -> BTreeSet<Vec<String>> {
    let asked = above.iter().map(String::as_str).chain(["--help"]);
    let help = pendeen(asked).ended(0).stdout();
    let mut all = BTreeSet::new();
    for name in listed(&help).into_iter().filter(|name| name != "help") {
        let path = [above, &[name]].concat();
        all.extend(all_commands(&path));
        all.insert(path);
    }
    all
}

#[test]
fn every_command_has_help_that_explains_each_of_its_arguments() {
    let known: BTreeSet<Vec<String>> =
        COMMANDS.iter().map(|path| path.iter().map(|s| (*s).to_owned()).collect()).collect();
    assert_eq!(all_commands(&[]), known, "the commands known here and those of --help differ");
    let help = pendeen(["--help"]).ended(0).stdout();
    assert!(help.contains("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished with gaps"));
    for path in COMMANDS {
        let help = pendeen(path.iter().chain(&["--help"])).ended(0).stdout();
        assert!(help.contains("Usage: pendeen"), "{path:?}: {help}");
        let about = help.lines().next().unwrap();
        assert!(about.len() > 10 && !about.starts_with("Usage"), "{path:?} says nothing: {help}");
        // An argument without words stands alone on its line, and nothing is indented below it.
        let lines: Vec<&str> = help.lines().collect();
        for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
            let argument = line.trim_start();
            if argument.starts_with('-') || argument.starts_with('<') {
                let beside =
                    argument.split("  ").filter(|part| !part.trim().is_empty()).count() > 1;
                let below = next.starts_with("          ") && !next.trim().is_empty();
                assert!(beside || below, "{path:?} does not explain {argument:?}: {help}");
            }
        }
    }
}

#[test]
fn help_does_not_show_the_databases_password() {
    for path in
        [&["serve", "--help"] as &[&str], &["figures", "--help"], &["audit", "verify", "-h"]]
    {
        let address = "postgres://officer:a-password@db/cases";
        let ran = Ran::of(command(path).env("PENDEEN_DATABASE", address)).ended(0);
        assert!(ran.stdout().contains("PENDEEN_DATABASE"), "{path:?}");
        assert!(!ran.stdout().contains("a-password"), "{path:?}: {}", ran.stdout());
    }
}

#[test]
fn wrong_usage_ends_with_two_and_says_how_it_is_done() {
    for args in [
        &[] as &[&str],
        &["examine"],
        &["examine", "disk.dd"],
        &["examine", "disk.dd", "--out", "x", "--threads", "0"],
        &["image", "verify"],
        &["intake"],
        &["nonsense"],
        &["serve", "--listen", "nowhere"],
        &["figures", "--nonsense"],
    ] {
        let ran = pendeen(args).ended(2);
        assert!(ran.stderr().contains("--help") || ran.stderr().contains("Usage:"), "{args:?}");
        assert_eq!(ran.stdout(), "", "{args:?}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let said = pendeen(["--version"]).ended(0).stdout();
    assert_eq!(said.trim(), format!("pendeen {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_for_every_shell_know_every_command_but_the_workers() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = pendeen(["completions", shell]).ended(0).stdout();
        for path in COMMANDS {
            assert!(script.contains(path[path.len() - 1]), "{shell} lacks {path:?}");
        }
    }
    let script = pendeen(["completions", "bash"]).ended(0).stdout();
    let checked = Ran::of(std::process::Command::new("bash").args(["-n", "-c", &script]));
    checked.ended(0);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("man");
    pendeen(["man", "--out", text(&out)]).ended(0);
    let pages = names(&out);
    for path in COMMANDS {
        let page = format!("pendeen-{}.1", path.join("-"));
        assert!(pages.contains(&page), "{page} is missing: {pages:?}");
    }
    let page = std::fs::read_to_string(out.join("pendeen-examine.1")).unwrap();
    for argument in ["known", "out", "exhibit", "threads", "json"] {
        assert!(page.contains(argument), "{argument}");
    }
}

#[test]
fn doctor_starts_a_worker_and_says_what_the_machine_has() {
    let ran = pendeen(["doctor", "--json"]);
    let report = ran.json();
    let problems = report["problems"].as_array().unwrap();
    let ran = ran.ended(i32::from(!problems.is_empty()));
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert!(report["cores"].as_u64().unwrap() > 0);
    assert!(report["libtsk"].as_str().unwrap().starts_with("4."), "{report}");
    assert_eq!(report["sandbox"]["seccomp"], true, "{}", ran.stderr());
    let plain = pendeen(["doctor"]).stdout();
    for word in ["cores", "libtsk", "sandbox of workers", "seccomp on"] {
        assert!(plain.contains(word), "{word}: {plain}");
    }
}

#[test]
fn what_is_printed_into_a_closed_pipe_makes_no_noise() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.dd");
    std::fs::write(&image, vec![7; 4 << 20]).unwrap();
    let image = text(&image);
    for args in [
        &["--help"] as &[&str],
        &["completions", "bash"],
        &["doctor"],
        &["doctor", "--json"],
        &["image", "cat", image],
        &["image", "info", image],
        &["image", "verify", image, "--json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(command(args).stdout(Stdio::from(writer)));
        assert!(!ran.stderr().contains("roken pipe"), "{args:?}: {}", ran.stderr());
        let ended = ran.code();
        assert!(ended == Some(0) || args[0] == "doctor", "{args:?} ended with {ended:?}");
    }
}

#[test]
fn nobody_listening_on_standard_error_changes_no_exit_code() {
    for (args, code) in [(&["figures", "--data", "/nonexistent"] as &[&str], 1), (&["examine"], 2)]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(command(args).stdout(Stdio::null()).stderr(Stdio::from(writer)));
        assert_eq!(ran.code(), Some(code), "{args:?}");
    }
}
