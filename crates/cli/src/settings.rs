//! `pendeen.toml` in the data folder: what the force or the operation set for itself.
//!
//! In: the folder. Out: the [`Settings`] that rules are given; the defaults where the file is
//! not there; and the relay for mail, which is no rule and which only `serve` asks for. Refused: a file that is not TOML, an unknown name, a value out of its range, each
//! with the line it stands in. What can be set stands in docs/reference/settings.md.

use std::path::Path;

use anyhow::{Context, Result};
use pendeen_casework::settings::Settings;
use pendeen_web::MailSettings;
use serde::Deserialize;

/// The file's name in the data folder.
pub const FILE: &str = "pendeen.toml";

/// Reads the settings of a data folder.
pub fn read(data: &Path) -> Result<Settings> {
    parsed(data, &without_mail(&text(data)?))
}

/// Reads what its table `[mail]` says of the relay, if it has one.
pub fn mail(data: &Path) -> Result<Option<MailSettings>> {
    /// The one table that is asked for.
    #[derive(Deserialize)]
    struct Mail {
        mail: Option<MailSettings>,
    }
    Ok(parsed::<Mail>(data, &text(data)?)?.mail)
}

/// The file's text; none where there is no file.
fn text(data: &Path) -> Result<String> {
    let file = data.join(FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(data: &Path, text: &str) -> Result<T> {
    toml::from_str(text).with_context(|| {
        format!("the settings in {} (see docs/reference/settings.md)", data.join(FILE).display())
    })
}

/// The text with the lines of the table `[mail]` empty: the others keep their numbers, by which a
/// refusal names them.
fn without_mail(text: &str) -> String {
    let mut inside = false;
    let line = |line: &str| {
        let head = line.split('#').next().unwrap_or_default().trim();
        if head.starts_with('[') {
            inside = head.trim_matches(['[', ']', ' ']) == "mail";
        }
        format!("{}\n", if inside { "" } else { line })
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        read(folder.path()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_folder_without_settings_has_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), Settings::default());
        assert_eq!(read_text("").unwrap(), Settings::default());
    }

    #[test]
    fn a_setting_of_the_file_replaces_its_default() {
        let settings = read_text("[package]\nratify_within_hours = 8\n").unwrap();
        assert_eq!(settings.package.ratify_within_hours.get(), 8);
        assert_eq!(settings.child, Settings::default().child);
    }

    #[test]
    fn the_relay_for_mail_is_a_table_of_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(mail(folder.path()).unwrap().is_none());
        let text = "[mail] # the relay\nhost = \"relay.example\"\nport = 587\nfrom = \"a@b.example\"\n\
                    address = \"https://pendeen.example\"\n[package]\nratify_within_hours = 8\n";
        std::fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(mail(folder.path()).unwrap().unwrap().host, "relay.example");
        assert_eq!(read(folder.path()).unwrap().package.ratify_within_hours.get(), 8);
        std::fs::write(folder.path().join(FILE), text.replace("port", "prot")).unwrap();
        let refusal = format!("{:#}", mail(folder.path()).unwrap_err());
        assert!(refusal.contains("unknown field `prot`"), "{refusal}");
        std::fs::write(folder.path().join(FILE), text.replace("= 8", "= 800")).unwrap();
        let refusal = format!("{:#}", read(folder.path()).unwrap_err());
        assert!(refusal.contains("line 7"), "{refusal}");
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_name_the_line_and_what_is_wanted() {
        for (text, wanted) in [
            ("[package]\nratify_within_hour = 8\n", "unknown field `ratify_within_hour`"),
            ("[pakage]\n", "unknown field `pakage`"),
            ("[package]\nratify_within_hours = 800\n", "a whole number from 1 to 72"),
            ("[package]\nratify_within_hours = \"soon\"\n", "line 2"),
            ("[package\n", "line 1"),
        ] {
            let refusal = read_text(text).unwrap_err();
            assert!(refusal.contains(FILE), "{refusal}");
            assert!(refusal.contains(wanted), "{refusal}");
        }
    }
}
