//! The list of sensitive persons that the demo's subjects are screened against: invented
//! holders of invented offices. It lies in the demo's folder, outside every case, as such a list
//! does; who is on it is known to the screening officer alone.

use std::path::Path;

use anyhow::{Context, Result};

/// How a check names the list and its version.
pub const LIST: &str = "Demo list of sensitive persons, version 3";

/// The file in the demo's folder.
pub const FILE: &str = "sensitive-persons.csv";

/// Everybody on it: name, office.
const PERSONS: [(&str, &str); 8] = [
    ("Percival Quillon", "Member of an invented parliament"),
    ("Honora Tresk", "Member of an invented parliament"),
    ("Ambrose Vellacot", "Minister of an invented government"),
    ("Isolde Wrenfield", "Former member of an invented parliament"),
    ("Lucian Ostrander", "Judge of an invented court"),
    ("Marguerite Zell", "Former minister of an invented government"),
    ("Thaddeus Yarrowby", "Member of an invented assembly"),
    ("Quentin Zouch", "Former member of an invented parliament"),
];

/// Whether a name is on the list.
pub fn holds(name: &str) -> bool {
    PERSONS.iter().any(|(known, _)| *known == name)
}

/// Writes the list into the demo's folder.
pub fn write(folder: &Path) -> Result<()> {
    let mut text = String::from("name,office\n");
    for (name, office) in PERSONS {
        text.extend([name, ",", office, "\n"]);
    }
    let path = folder.join(FILE);
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}
