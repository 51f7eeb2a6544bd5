//! `pendeen.toml` in the data folder: what the force or the operation set for itself.
//!
//! In: the folder. Out: the [`Settings`] that rules are given; the defaults where the file is
//! not there. Refused: a file that is not TOML, an unknown name, a value out of its range, each
//! with the line it stands in. What can be set stands in docs/reference/settings.md.

use std::path::Path;

use anyhow::{Context, Result};
use pendeen_casework::settings::Settings;

/// The file's name in the data folder.
pub const FILE: &str = "pendeen.toml";

/// Reads the settings of a data folder.
pub fn read(data: &Path) -> Result<Settings> {
    let file = data.join(FILE);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Settings::default());
        }
        Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
    };
    toml::from_str(&text).with_context(|| {
        format!("the settings in {} (see docs/reference/settings.md)", file.display())
    })
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
