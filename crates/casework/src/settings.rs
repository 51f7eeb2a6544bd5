//! What a force or the operation sets for itself, with the value it has until somebody does.
//!
//! In: nothing; the command line reads a file and hands the result over ([`Settings`] derives
//! `Deserialize`). Out: one value that rules receive by argument
//! ([`ActContext::settings`](crate::record::ActContext)); nothing here is read from the
//! surroundings. Refused: an unknown name, and a number outside the range that its type states
//! ([`Whole`]); where law sets a limit, that limit is the end of the range, so that a setting
//! can be stricter than the law and never laxer.
//!
//! docs/reference/settings.md is written from the list below.

use serde::{Deserialize, Serialize};

/// A whole number from `LEAST` to `MOST`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u32")]
pub struct Whole<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Whole<LEAST, MOST> {
    /// A value known when the program is built.
    ///
    /// # Panics
    ///
    /// Outside the range: in a constant, the program does not build.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        assert!(LEAST <= value && value <= MOST, "the value is outside its range");
        Self(value)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number as a length of time in hours.
    #[must_use]
    pub fn hours(self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_hours(self.0.into())
    }
}

impl<const LEAST: u32, const MOST: u32> TryFrom<i64> for Whole<LEAST, MOST> {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, String> {
        u32::try_from(value)
            .ok()
            .filter(|value| (LEAST..=MOST).contains(value))
            .map(Self)
            .ok_or_else(|| format!("{value} is not {}", Self::wanted()))
    }
}

impl<const LEAST: u32, const MOST: u32> From<Whole<LEAST, MOST>> for u32 {
    fn from(value: Whole<LEAST, MOST>) -> Self {
        value.0
    }
}

/// A kind of value that a setting can have.
trait Value {
    /// What may be written, in words.
    fn wanted() -> String;
}

impl<const LEAST: u32, const MOST: u32> Value for Whole<LEAST, MOST> {
    fn wanted() -> String {
        format!("a whole number from {LEAST} to {MOST}")
    }
}

impl Value for bool {
    fn wanted() -> String {
        "true or false".to_owned()
    }
}

/// One setting as the reference lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The table of the file that it stands in.
    pub section: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What may be written.
    pub wanted: String,
    /// What it sets, and where the default comes from.
    pub meaning: &'static str,
}

/// Declares the sections as structs, their defaults, and the list that the reference prints.
macro_rules! settings {
    ($($section:ident: $Section:ident, $about:literal {
        $($name:ident: $Type:ty = $default:expr, $meaning:literal;)+
    })+) => {
        /// Every setting.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Settings {
            $(#[doc = $about] pub $section: $Section,)+
        }

        $(
            #[doc = $about]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(default, deny_unknown_fields)]
            pub struct $Section {
                $(#[doc = $meaning] pub $name: $Type,)+
            }

            impl Default for $Section {
                fn default() -> Self {
                    Self { $($name: const { $default },)+ }
                }
            }
        )+

        /// Every section and what it is about, in the order of the reference.
        pub const SECTIONS: &[(&str, &str)] = &[$((stringify!($section), $about),)+];

        /// Every setting, section by section.
        #[must_use]
        pub fn described() -> Vec<Described> {
            vec![$($(Described {
                section: stringify!($section),
                name: stringify!($name),
                wanted: <$Type as Value>::wanted(),
                meaning: $meaning,
            },)+)+]
        }
    };
}

settings! {
    package: PackageSettings, "Intelligence packages." {
        ratify_within_hours: Whole<1, 72> = Whole::new(4),
            "Hours within which a package that went on oral authority must be ratified.";
    }
    child: ChildSettings, "Children at risk." {
        refer_within_hours: Whole<1, 72> = Whole::new(24),
            "Hours from first knowledge within which a child is referred to Children's Services.";
        refer_within_hours_immediate: Whole<1, 24> = Whole::new(1),
            "The same for a child at immediate risk.";
    }
    notification: NotificationSettings, "Telling bodies outside the case of a person in a position of trust." {
        lado_within_working_days: Whole<1, 20> = Whole::new(1),
            "Working days after which the local authority's designated officer must have been told (Working Together to Safeguard Children: one).";
        others_within_hours: Whole<1, 720> = Whole::new(120),
            "The same for an employer, a regulator, the Disclosure and Barring Service and professional standards.";
    }
    warrant: WarrantSettings, "Search warrants." {
        england_and_wales_months: Whole<1, 3> = Whole::new(3),
            "Months from the grant within which a warrant may be executed in England and Wales. The law allows three (PACE 1984 s.16(3)).";
        scotland_months: Whole<1, 3> = Whole::new(1),
            "The same in Scotland, where the warrant itself sets the time: a cautious default.";
        northern_ireland_months: Whole<1, 3> = Whole::new(1),
            "The same in Northern Ireland: a cautious default.";
    }
    bail: BailSettings, "Police bail in England and Wales: up to how many months each rank authorises here. The law's own limits (PACE 1984 ss.47ZB-47ZE) cannot be exceeded." {
        custody_officer_months: Whole<1, 3> = Whole::new(3),
            "By a custody officer, from the bail start date.";
        inspector_months: Whole<1, 6> = Whole::new(6),
            "By an inspector or above.";
        superintendent_months: Whole<1, 9> = Whole::new(9),
            "By a superintendent or above.";
        assistant_chief_constable_months: Whole<1, 12> = Whole::new(12),
            "By a commander or assistant chief constable or above, in a case that the Director of Public Prosecutions designated as exceptionally complex.";
    }
    retention: RetentionSettings, "Reviews of whether records are still needed (Police Information and Records Management Code of Practice, 2023)." {
        group_1_years: Whole<1, 10> = Whole::new(10),
            "Years between reviews in group 1: offences that risk the public most, among them serious sexual offences.";
        group_2_years: Whole<1, 10> = Whole::new(10),
            "Years to the first review, and between reviews, in group 2: other sexual, violent or serious offences.";
        group_3_years: Whole<1, 6> = Whole::new(6),
            "Years to the review in group 3: all other offences.";
        due_soon_days: Whole<1, 365> = Whole::new(90),
            "Days before its date from which a review is shown as due.";
    }
    figures: FiguresSettings, "Published figures." {
        small_count: Whole<0, 20> = Whole::new(5),
            "Counts from one to below this are suppressed in what is published; 0 suppresses none.";
    }
    audit: AuditSettings, "The audit log (Data Protection Act 2018 s.62)." {
        ask_justification: bool = true,
            "Whether people are asked why they consult a record. The law asked for it until the Data (Use and Access) Act 2025 s.82.";
    }
    break_glass: BreakGlassSettings, "Access in an emergency beyond what policies allow." {
        review_within_hours: Whole<1, 168> = Whole::new(24),
            "Hours within which another person reviews such an access.";
        open_for_minutes: Whole<5, 720> = Whole::new(60),
            "Minutes for which a record that was opened so stays open.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<Settings, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_set_keeps_its_default() {
        let settings = read(json!({ "package": { "ratify_within_hours": 8 } })).unwrap();
        assert_eq!(settings.package.ratify_within_hours.get(), 8);
        assert_eq!(
            Settings { package: PackageSettings::default(), ..settings },
            Settings::default()
        );
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_exist() {
        for unknown in [json!({ "pakage": {} }), json!({ "child": { "refer_within": 3 } })] {
            let refusal = read(unknown).unwrap_err();
            assert!(refusal.contains("unknown field"), "{refusal}");
            assert!(refusal.contains("expected"), "{refusal}");
        }
    }

    #[test]
    fn a_number_outside_its_range_is_refused_with_the_range() {
        for months in [0_i64, 4, -1, i64::MAX] {
            let refusal =
                read(json!({ "warrant": { "england_and_wales_months": months } })).unwrap_err();
            assert!(refusal.contains("a whole number from 1 to 3"), "{refusal}");
        }
        assert!(read(json!({ "audit": { "ask_justification": "perhaps" } })).is_err());
    }

    #[test]
    fn the_description_lists_exactly_what_a_file_can_set() {
        let all = serde_json::to_value(Settings::default()).unwrap();
        let mut found: Vec<_> = all
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(section, names)| {
                names.as_object().unwrap().keys().map(move |name| format!("{section}.{name}"))
            })
            .collect();
        let mut listed: Vec<_> =
            described().iter().map(|one| format!("{}.{}", one.section, one.name)).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
    }
}
