//! Handling marks: how a record and everything made from it is to be handled.
//!
//! Marks are ordered: a page, an export or a print that holds several records carries the
//! highest of theirs ([`Mark::highest`]). A record that nobody marked is OFFICIAL-SENSITIVE.
//! The mark tells people how to handle what they hold; it opens and closes nothing: who may see
//! a record is decided in [`crate::permission`] alone.
//!
//! Source: Government Security Classifications Policy (Cabinet Office): OFFICIAL with the
//! marking SENSITIVE and the handling instructions ORGANISATIONAL USE ONLY and RECIPIENTS ONLY.
//! Higher classifications have no place in this system.

choices! {
    /// A classification with its handling instruction, lowest first.
    Mark {
        Official = "official", "OFFICIAL";
        OfficialSensitive = "official_sensitive", "OFFICIAL-SENSITIVE";
        OrganisationalUseOnly = "organisational_use_only", "OFFICIAL-SENSITIVE: ORGANISATIONAL USE ONLY";
        RecipientsOnly = "recipients_only", "OFFICIAL-SENSITIVE: RECIPIENTS ONLY";
    }
}

#[expect(clippy::derivable_impls, reason = "the enum is made by a macro that takes no attribute")]
impl Default for Mark {
    fn default() -> Self {
        Self::OfficialSensitive
    }
}

impl Mark {
    /// Every mark, lowest first.
    pub const ALL: [Self; 4] = [
        Self::Official,
        Self::OfficialSensitive,
        Self::OrganisationalUseOnly,
        Self::RecipientsOnly,
    ];

    /// The mark with this key, if there is one.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.key() == key)
    }

    /// What carries all of these; none where there is nothing to mark.
    pub fn highest(marks: impl IntoIterator<Item = Self>) -> Option<Self> {
        marks.into_iter().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_records_together_carry_the_highest_of_their_marks() {
        let highest = |marks: &[Mark]| Mark::highest(marks.iter().copied());
        assert_eq!(highest(&[]), None);
        assert_eq!(highest(&[Mark::Official]), Some(Mark::Official));
        let mixed = [Mark::Official, Mark::RecipientsOnly, Mark::default()];
        assert_eq!(highest(&mixed), Some(Mark::RecipientsOnly));
        assert!(Mark::Official < Mark::default());
    }

    #[test]
    fn a_mark_is_found_again_by_its_key() {
        for mark in Mark::ALL {
            assert_eq!(Mark::from_key(mark.key()), Some(mark));
        }
        assert_eq!(Mark::from_key("secret"), None);
    }
}
