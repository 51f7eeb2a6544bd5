//! Partner agencies: a local authority's Children's Services, named by the authority's code.
//!
//! In: a code of the Office for National Statistics, such as `E06000026` for Plymouth. Out: an
//! [`AgencyKey`] that a person's account and a child's referral carry; where both carry the
//! same, the person sees that child. Refused: what is not a code of an authority that has
//! Children's Services (in Northern Ireland the health and social care trusts have no code of
//! this form: their children are told on paper).
//!
//! Source: ONS, Code History Database: E06 unitary authorities, E08 metropolitan districts,
//! E09 London boroughs, E10 counties, W06 Welsh unitary authorities, S12 council areas.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The first three characters of the codes of authorities that have Children's Services.
const ENTITIES: [&str; 6] = ["E06", "E08", "E09", "E10", "W06", "S12"];

/// A local authority, by its code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgencyKey(String);

impl AgencyKey {
    /// The authority with this code; case of letters and spaces around it do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.trim().to_uppercase();
        let (entity, rest) = code.split_at_checked(3)?;
        let digits = rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_digit());
        (digits && ENTITIES.contains(&entity)).then_some(Self(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AgencyKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the code of a local authority")
    }
}

impl From<AgencyKey> for String {
    fn from(key: AgencyKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_of_authorities_with_childrens_services_are_agencies() {
        assert_eq!(AgencyKey::parse(" e06000026 ").unwrap().as_str(), "E06000026");
        for wrong in ["", "E23000035", "E0600002", "E060000266", "E06ABCDEF", "ÄE600002", "é"] {
            assert_eq!(AgencyKey::parse(wrong), None, "{wrong}");
        }
        assert!(serde_json::from_str::<AgencyKey>("\"E23000035\"").is_err());
    }
}
