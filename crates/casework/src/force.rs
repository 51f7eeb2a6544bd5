//! The 45 territorial police forces of the United Kingdom.
//!
//! Keys are ONS codes (police force areas) where the ONS gives one; Northern Ireland has only
//! the placeholder N99999999 there, so it carries a key of our own.

use serde::{Deserialize, Serialize};

/// Identifies a force: an ONS police force area code, or `PSNI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForceKey(&'static str);

impl ForceKey {
    /// The key of a known force; none where no force has it.
    pub fn parse(key: &str) -> Option<Self> {
        FORCES.iter().find(|force| force.key.0 == key).map(|force| force.key)
    }

    /// The code itself.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The force it identifies.
    pub fn force(self) -> &'static Force {
        FORCES.iter().find(|force| force.key == self).expect("a ForceKey is made from FORCES")
    }
}

impl std::fmt::Display for ForceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for ForceKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for ForceKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::parse(&key)
            .ok_or_else(|| serde::de::Error::custom(format!("no force has the key {key:?}")))
    }
}

/// Which law governs a force's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jurisdiction {
    /// PACE 1984, Children Act 1989, CPS.
    EnglandAndWales,
    /// Investigative liberation, COPFS; states not modelled yet are named in the guide.
    Scotland,
    /// PACE Order 1989, Children Order 1995, PPS; likewise.
    NorthernIreland,
}

impl Jurisdiction {
    /// The law that a record of this force is under; national work is under that of England
    /// and Wales.
    #[must_use]
    pub fn of(force: Option<ForceKey>) -> Self {
        force.map_or(Self::EnglandAndWales, |key| key.force().jurisdiction)
    }
}

/// One police force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Force {
    /// Its key.
    pub key: ForceKey,
    /// Its name as the public knows it.
    pub name: &'static str,
    /// The law it works under.
    pub jurisdiction: Jurisdiction,
}

const fn ew(key: &'static str, name: &'static str) -> Force {
    Force { key: ForceKey(key), name, jurisdiction: Jurisdiction::EnglandAndWales }
}

/// Every force, in the order of the ONS codes.
pub static FORCES: [Force; 45] = [
    ew("E23000001", "Metropolitan"),
    ew("E23000002", "Cumbria"),
    ew("E23000003", "Lancashire"),
    ew("E23000004", "Merseyside"),
    ew("E23000005", "Greater Manchester"),
    ew("E23000006", "Cheshire"),
    ew("E23000007", "Northumbria"),
    ew("E23000008", "Durham"),
    ew("E23000009", "North Yorkshire"),
    ew("E23000010", "West Yorkshire"),
    ew("E23000011", "South Yorkshire"),
    ew("E23000012", "Humberside"),
    ew("E23000013", "Cleveland"),
    ew("E23000014", "West Midlands"),
    ew("E23000015", "Staffordshire"),
    ew("E23000016", "West Mercia"),
    ew("E23000017", "Warwickshire"),
    ew("E23000018", "Derbyshire"),
    ew("E23000019", "Nottinghamshire"),
    ew("E23000020", "Lincolnshire"),
    ew("E23000021", "Leicestershire"),
    ew("E23000022", "Northamptonshire"),
    ew("E23000023", "Cambridgeshire"),
    ew("E23000024", "Norfolk"),
    ew("E23000025", "Suffolk"),
    ew("E23000026", "Bedfordshire"),
    ew("E23000027", "Hertfordshire"),
    ew("E23000028", "Essex"),
    ew("E23000029", "Thames Valley"),
    ew("E23000030", "Hampshire"),
    ew("E23000031", "Surrey"),
    ew("E23000032", "Kent"),
    ew("E23000033", "Sussex"),
    ew("E23000034", "City of London"),
    ew("E23000035", "Devon & Cornwall"),
    ew("E23000036", "Avon and Somerset"),
    ew("E23000037", "Gloucestershire"),
    ew("E23000038", "Wiltshire"),
    ew("E23000039", "Dorset"),
    ew("W15000001", "North Wales"),
    ew("W15000002", "Gwent"),
    ew("W15000003", "South Wales"),
    ew("W15000004", "Dyfed-Powys"),
    Force {
        key: ForceKey("S23000009"),
        name: "Police Scotland",
        jurisdiction: Jurisdiction::Scotland,
    },
    Force {
        key: ForceKey("PSNI"),
        name: "Police Service of Northern Ireland",
        jurisdiction: Jurisdiction::NorthernIreland,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_force_is_found_by_its_key_and_keys_are_distinct() {
        let keys: std::collections::BTreeSet<_> = FORCES.iter().map(|f| f.key).collect();
        assert_eq!(keys.len(), 45);
        for force in &FORCES {
            assert_eq!(ForceKey::parse(force.key.as_str()).map(ForceKey::force), Some(force));
        }
        assert_eq!(ForceKey::parse("E23000040"), None);
    }
}
