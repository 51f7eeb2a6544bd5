//! What each of the three legal systems brings, as a table, and what of it is not modelled.
//!
//! In: the force whose work a record is, the kind of record, and what somebody wants to do.
//! Out: nothing where it is modelled; else [`Refusal::NotModelled`], which names what is missing
//! and how to record it meanwhile. England and Wales is modelled in full. Where Scotland or
//! Northern Ireland have another institution (investigative liberation, the Procurator Fiscal,
//! the Public Prosecution Service), a record that pretended to be theirs would be wrong in
//! court, so the act is refused rather than bent.
//!
//! docs/reference/jurisdictions.md is written from the tables below.

use crate::force::{ForceKey, Jurisdiction};
use crate::form::Refusal;
use crate::record::Kind;

/// An institution of a legal system that is not modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The kind of record that it concerns.
    pub kind: Kind,
    /// The acts that it concerns; `create` for making one.
    pub acts: &'static [&'static str],
    /// What is missing, with its source.
    pub what: &'static str,
    /// What to do meanwhile.
    pub instead: &'static str,
}

/// One legal system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Which.
    pub jurisdiction: Jurisdiction,
    /// Its name.
    pub name: &'static str,
    /// What governs a stage of the work: stage, law, whether it is modelled.
    pub law: &'static [(&'static str, &'static str, bool)],
    /// What is refused.
    pub missing: &'static [Missing],
}

const BAIL: &[&str] =
    &["bail", "extend_bail", "vary_bail", "answer_bail", "fail_to_answer", "record_breach"];

/// The three.
pub const TABLES: [Table; 3] = [
    Table {
        jurisdiction: Jurisdiction::EnglandAndWales,
        name: "England and Wales",
        law: &[
            ("Warrants", "Protection of Children Act 1978 s.4; PACE 1984 ss.8, 15, 16", true),
            ("Search without warrant", "PACE 1984 ss.17, 18, 32; CJPA 2001 ss.50, 51", true),
            ("Bail before charge", "PACE 1984 ss.47ZA-47ZM", true),
            ("Prosecution", "Crown Prosecution Service; PACE 1984 s.37", true),
            ("Children", "Children Act 1989 ss.17, 46, 47", true),
            ("Forms", "MG forms; streamlined forensic reports MG22A-D", true),
            ("Working days", "bank holidays of England and Wales", true),
        ],
        missing: &[],
    },
    Table {
        jurisdiction: Jurisdiction::Scotland,
        name: "Scotland",
        law: &[
            ("Warrants", "Civic Government (Scotland) Act 1982 ss.52, 52A; common law", false),
            (
                "Search without warrant",
                "common law; Criminal Justice (Scotland) Act 2016 ss.45-48",
                false,
            ),
            (
                "Release before charge",
                "investigative liberation, Criminal Justice (Scotland) Act 2016 ss.16-19; undertakings, ss.25-30",
                false,
            ),
            (
                "Prosecution",
                "Crown Office and Procurator Fiscal Service; petition and complaint",
                false,
            ),
            (
                "Children",
                "Children's Hearings (Scotland) Act 2011; Children (Scotland) Act 1995",
                false,
            ),
            ("Forms", "Standard Prosecution Report", false),
            ("Working days", "bank holidays of Scotland", true),
        ],
        missing: &[
            Missing {
                kind: Kind::Warrant,
                acts: &["create", "grant"],
                what: "a warrant of a Scottish sheriff or justice (Civic Government (Scotland) Act 1982 s.52; common law)",
                instead: "record the search under another power, with the warrant's court and date in words",
            },
            Missing {
                kind: Kind::Arrest,
                acts: BAIL,
                what: "investigative liberation and undertakings (Criminal Justice (Scotland) Act 2016 ss.16-30)",
                instead: "keep its conditions and dates in the custody system, and that system's number on the arrest",
            },
            Missing {
                kind: Kind::Arrest,
                acts: &["release", "charge"],
                what: "release and charge under the Criminal Justice (Scotland) Act 2016",
                instead: "add a note to the case, and end the arrest only when nothing more will be done",
            },
            Missing {
                kind: Kind::Charge,
                acts: &["create"],
                what: "a report to the Procurator Fiscal, with petition or complaint",
                instead: "add a note to the case, and the court's number to it",
            },
        ],
    },
    Table {
        jurisdiction: Jurisdiction::NorthernIreland,
        name: "Northern Ireland",
        law: &[
            (
                "Warrants",
                "Protection of Children (Northern Ireland) Order 1978 art.4; PACE Order 1989 arts.10, 17, 18",
                false,
            ),
            ("Search without warrant", "PACE Order 1989 arts.19, 20, 34", false),
            ("Bail before charge", "PACE Order 1989 arts.38, 48", false),
            ("Prosecution", "Public Prosecution Service for Northern Ireland", false),
            ("Children", "Children (Northern Ireland) Order 1995 arts.65, 66", false),
            ("Forms", "PPS file forms", false),
            ("Working days", "bank holidays of Northern Ireland", true),
        ],
        missing: &[
            Missing {
                kind: Kind::Warrant,
                acts: &["create", "grant"],
                what: "a warrant of a lay magistrate (Protection of Children (Northern Ireland) Order 1978 art.4; PACE Order 1989 art.10)",
                instead: "record the search under another power, with the warrant's court and date in words",
            },
            Missing {
                kind: Kind::Arrest,
                acts: BAIL,
                what: "police bail under the PACE (Northern Ireland) Order 1989, which has limits of its own",
                instead: "keep its conditions and dates in the custody system, and that system's number on the arrest",
            },
            Missing {
                kind: Kind::Charge,
                acts: &["create"],
                what: "a prosecution by the Public Prosecution Service",
                instead: "add a note to the case, and the court's number to it",
            },
        ],
    },
];

/// The table of a legal system.
#[must_use]
pub fn table(jurisdiction: Jurisdiction) -> &'static Table {
    let [england_and_wales, scotland, northern_ireland] = &TABLES;
    match jurisdiction {
        Jurisdiction::EnglandAndWales => england_and_wales,
        Jurisdiction::Scotland => scotland,
        Jurisdiction::NorthernIreland => northern_ireland,
    }
}

/// Refuses what is not modelled for the law that the force works under.
pub fn modelled(force: Option<ForceKey>, kind: Kind, act: &str) -> Result<(), Refusal> {
    let table = table(Jurisdiction::of(force));
    let found = table.missing.iter().find(|one| one.kind == kind && one.acts.contains(&act));
    found.map_or(Ok(()), |one| {
        Err(Refusal::NotModelled {
            what: one.what.to_owned(),
            place: table.name.to_owned(),
            instead: one.instead.to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::arrest::Arrest;
    use crate::record::testing::{World, fields, officer};
    use crate::record::warrant::Warrant;

    #[test]
    fn everything_of_england_and_wales_is_modelled() {
        assert!(table(Jurisdiction::EnglandAndWales).missing.is_empty());
        for kind in Kind::ALL {
            for act in kind.acts() {
                modelled(ForceKey::parse("E23000035"), *kind, act.name).unwrap();
            }
        }
    }

    #[test]
    fn each_table_stands_where_it_is_looked_for_and_names_acts_that_exist() {
        for expected in &TABLES {
            assert_eq!(table(expected.jurisdiction), expected);
            for missing in expected.missing {
                for act in missing.acts {
                    let known = missing.kind.acts().iter().any(|a| a.name == *act);
                    assert!(known || *act == "create", "{:?} {act}", missing.kind);
                }
            }
        }
    }

    fn case_of(world: &mut World, force: &str) -> String {
        world.by = officer(1, Some(force));
        let subject = world.subject().head.id.to_string();
        let case: crate::record::case::Case =
            world.create(&fields([("name", "Example"), ("subject", &*subject)]));
        case.head.id.to_string()
    }

    #[test]
    fn a_scottish_force_is_told_what_is_missing_instead_of_an_english_warrant() {
        let mut world = World::new();
        let premises = world.premises().head.id.to_string();
        let case = case_of(&mut world, "S23000009");
        let refusal = world
            .try_create::<Warrant>(&fields([
                ("case", &*case),
                ("premises", &*premises),
                ("statute", "pca_1978_s4"),
                ("kind", "specific"),
                ("grounds", "G"),
            ]))
            .unwrap_err();
        let said = refusal.to_string();
        assert!(said.contains("Civic Government (Scotland) Act 1982"), "{said}");
        assert!(said.contains("not modelled for Scotland"), "{said}");
    }

    #[test]
    fn police_bail_of_england_is_refused_outside_england_and_wales_and_the_arrest_is_not() {
        for force in ["S23000009", "PSNI"] {
            let mut world = World::new();
            let case = case_of(&mut world, force);
            let arrest: Arrest = world.create(&fields([
                ("case", &*case),
                ("kind", "arrest"),
                ("at", "2026-06-01T07:00:00Z"),
                ("place", "Here"),
                ("offence", "Images"),
                ("suicide_risk", "low"),
                ("risk_note", "Seen"),
            ]));
            let bail = fields([
                ("conditions", "None"),
                ("returns", "2026-07-01T10:00"),
                ("authority", "custody"),
                ("suicide_risk", "low"),
                ("risk_note", "Seen"),
            ]);
            let refusal = world.act(&arrest, "bail", &bail).unwrap_err();
            assert!(matches!(refusal, Refusal::NotModelled { .. }), "{refusal:?}");
        }
    }
}
