//! How long police bail may run, who says so, and in which order: the law as a table.
//!
//! In: the day of the arrest, the steps taken so far, and the step that is asked for. Out: the
//! last day on which the suspect may be told to return. Refused: a step whose earlier step was
//! not taken, one after the present limit has passed, one in a case that was not designated.
//!
//! A period of months begins with the bail start date, the day after the arrest, and ends with
//! the day before the corresponding date of its last month.
//!
//! Sources: Police and Criminal Evidence Act 1984 ss.47ZA-47ZM, inserted by the Policing and
//! Crime Act 2017 s.63 for arrests from 3 April 2017 and amended by the Police, Crime,
//! Sentencing and Courts Act 2022 Sch.4 for arrests from 28 October 2022 (s.45(3)). Before
//! 2017 no statute limited it. Not in the table: cases of the FCA, HMRC, NCA and SFO
//! (s.47ZDB), and days that the suspect spends in hospital (s.47ZM).

use jiff::civil::{self, date};
use serde::{Deserialize, Serialize};

use crate::force::Jurisdiction;
use crate::form::Refusal;
use crate::record::day;
use crate::settings::BailSettings;

choices! {
    /// Who sets or extends bail.
    BailAuthority {
        Custody = "custody", "Custody officer";
        Inspector = "inspector", "Inspector or above";
        Superintendent = "superintendent", "Superintendent or above";
        AssistantChiefConstable = "assistant_chief_constable", "Commander or assistant chief constable or above";
        Court = "court", "Magistrates' court";
        Prosecutor = "prosecutor", "While the prosecutor decides on a charge";
    }
}

/// A length of time as the statute writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Days, counted from the bail start date.
    Days(u32),
    /// Months, counted from the bail start date.
    Months(u32),
    /// Months more, counted from the end of the present limit.
    MonthsMore(u32),
    /// No limit while it lasts.
    Unlimited,
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days} days"),
            Self::Months(months) => write!(f, "{months} months"),
            Self::MonthsMore(months) => write!(f, "{months} months more"),
            Self::Unlimited => f.write_str("no limit meanwhile"),
        }
    }
}

/// One step by which bail is set or extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Who takes it.
    pub authority: BailAuthority,
    /// Where the statute says so.
    pub section: &'static str,
    /// The step that must have been taken last; none for the first step.
    pub after: Option<BailAuthority>,
    /// Whether the case must have been designated as exceptionally complex.
    pub designated: bool,
    /// How long bail may then run.
    pub until: Period,
    /// The same where a court finds that the decision or the inquiries need longer.
    pub longer: Option<Period>,
}

/// The steps for arrests from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regime {
    /// Whose law it is.
    pub jurisdiction: Jurisdiction,
    /// Arrests from this day on.
    pub from: civil::Date,
    /// By which Act.
    pub act: &'static str,
    /// Its steps.
    pub steps: &'static [Step],
}

const fn step(authority: BailAuthority, section: &'static str, until: Period) -> Step {
    Step { authority, section, after: None, designated: false, until, longer: None }
}

impl Step {
    const fn after(self, earlier: BailAuthority) -> Self {
        Self { after: Some(earlier), ..self }
    }

    const fn designated(self) -> Self {
        Self { designated: true, ..self }
    }

    const fn or_longer(self, longer: Period) -> Self {
        Self { longer: Some(longer), ..self }
    }
}

use BailAuthority::{
    AssistantChiefConstable, Court, Custody, Inspector, Prosecutor, Superintendent,
};
use Period::{Days, Months, MonthsMore, Unlimited};

/// Every regime, the newest first.
pub const REGIMES: &[Regime] = &[
    Regime {
        jurisdiction: Jurisdiction::EnglandAndWales,
        from: date(2022, 10, 28),
        act: "Police, Crime, Sentencing and Courts Act 2022 Sch.4",
        steps: &[
            step(Custody, "s.47ZB(1)(b)", Months(3)),
            step(Inspector, "s.47ZD", Months(6)).after(Custody),
            step(Superintendent, "s.47ZDA", Months(9)).after(Inspector),
            step(AssistantChiefConstable, "s.47ZE", Months(12)).after(Superintendent).designated(),
            step(Court, "s.47ZF(4)(a), (6)(a)", Months(12))
                .after(Superintendent)
                .or_longer(Months(18)),
            step(Court, "s.47ZF(4)(b), (6)(b)", Months(18))
                .after(AssistantChiefConstable)
                .designated()
                .or_longer(Months(24)),
            step(Court, "s.47ZG", MonthsMore(3)).after(Court).or_longer(MonthsMore(6)),
            step(Prosecutor, "s.47ZL", Unlimited),
        ],
    },
    Regime {
        jurisdiction: Jurisdiction::EnglandAndWales,
        from: date(2017, 4, 3),
        act: "Policing and Crime Act 2017 s.63",
        steps: &[
            step(Inspector, "s.47ZB(1)(b)", Days(28)),
            step(Superintendent, "s.47ZD", Months(3)).after(Inspector),
            step(AssistantChiefConstable, "s.47ZE", Months(6)).after(Superintendent).designated(),
            step(Court, "s.47ZF(4)(a), (6)(a)", Months(6))
                .after(Superintendent)
                .or_longer(Months(9)),
            step(Court, "s.47ZF(4)(b), (6)(b)", Months(9))
                .after(AssistantChiefConstable)
                .designated()
                .or_longer(Months(12)),
            step(Court, "s.47ZG", MonthsMore(3)).after(Court).or_longer(MonthsMore(6)),
            step(Prosecutor, "s.47ZL", Unlimited),
        ],
    },
];

/// What bail has been authorised so far: what a further step depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorised {
    /// The last step of the police or a court; the prosecutor's is none of them.
    pub last: Option<BailAuthority>,
    /// The last day that it allows; none where no law limits it.
    pub limit: Option<civil::Date>,
    /// Since when the limit stands still because the prosecutor decides (s.47ZL).
    pub paused: Option<civil::Date>,
    /// For how many days it stood still before.
    pub paused_days: i32,
}

impl Authorised {
    /// The last day to which the suspect may be told to return; none where nothing limits it.
    #[must_use]
    pub fn until(self) -> Option<civil::Date> {
        self.limit.filter(|_| self.paused.is_none())
    }

    /// As it is once the limit runs again, on this day.
    #[must_use]
    pub fn resumed(self, on: civil::Date) -> Self {
        let Some(since) = self.paused else { return self };
        let days = since.until(on).map_or(0, |span| span.get_days()).max(0);
        Self {
            limit: self.limit.map(|limit| later(limit, days)),
            paused: None,
            paused_days: self.paused_days.saturating_add(days),
            ..self
        }
    }
}

/// A step that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Who takes it.
    pub authority: BailAuthority,
    /// On which day.
    pub on: civil::Date,
    /// The case was designated as exceptionally complex (s.47ZE(2)).
    pub designated: bool,
    /// A court found that longer is needed (s.47ZF(7), s.47ZG(8)).
    pub longer: bool,
}

/// The steps that the law of the day of the arrest knows; none before 3 April 2017.
#[must_use]
pub fn steps(jurisdiction: Jurisdiction, arrested: civil::Date) -> Option<&'static [Step]> {
    REGIMES
        .iter()
        .find(|regime| regime.jurisdiction == jurisdiction && regime.from <= arrested)
        .map(|regime| regime.steps)
}

/// What is authorised once the step is taken, or why it cannot be.
pub fn take(
    steps: Option<&[Step]>,
    arrested: civil::Date,
    so_far: Authorised,
    asked: Asked,
    own: &BailSettings,
) -> Result<Authorised, Refusal> {
    let Some(steps) = steps else {
        return Ok(Authorised { last: Some(asked.authority), ..so_far });
    };
    let step = find(steps, so_far.last, asked)?;
    if step.until == Unlimited {
        return Ok(Authorised { paused: so_far.paused.or(Some(asked.on)), ..so_far });
    }
    let now = so_far.resumed(asked.on);
    if step.after.is_none() && now.last.is_some() {
        return Ok(now);
    }
    if let Some(limit) = now.limit.filter(|limit| *limit < asked.on) {
        return Err(Refusal::field(
            "authority",
            format!(
                "the time for bail ended on {}: an extension is authorised before it ends ({})",
                day(limit),
                step.section
            ),
        ));
    }
    if step.designated && !asked.designated {
        return Err(Refusal::field(
            "designated",
            "only a case that the Director of Public Prosecutions designated as exceptionally complex is extended so (s.47ZE(2))",
        ));
    }
    let period = step.longer.filter(|_| asked.longer).unwrap_or(step.until);
    let limit = match (period, now.limit) {
        (MonthsMore(months), Some(limit)) => end_of_months(next(limit), months),
        _ => later(
            stricter(step, arrested, own).unwrap_or_else(|| end(arrested, period)),
            now.paused_days,
        ),
    };
    Ok(Authorised { last: Some(asked.authority), limit: Some(limit), ..now })
}

/// The step of this authority that follows on the last one taken. A step may be taken again.
fn find(steps: &[Step], last: Option<BailAuthority>, asked: Asked) -> Result<&Step, Refusal> {
    let of_authority = || steps.iter().filter(|step| step.authority == asked.authority);
    let fits = |step: &&Step| step.after.is_none() || step.after == last;
    if let Some(step) = of_authority().find(fits) {
        return Ok(step);
    }
    let Some(wanted) = of_authority().next() else {
        return Err(Refusal::field(
            "authority",
            format!("{} sets no bail under the law of this arrest", asked.authority),
        ));
    };
    let earlier: Vec<_> =
        of_authority().filter_map(|step| step.after).map(BailAuthority::label).collect();
    let again =
        if last == Some(asked.authority) { "the same step is not taken twice; " } else { "" };
    Err(Refusal::field(
        "authority",
        format!(
            "{again}the step before this one is by: {} ({})",
            earlier.join(", or "),
            wanted.section
        ),
    ))
}

/// The limit that a force set for itself, where it is stricter than the law of today.
fn stricter(step: &Step, arrested: civil::Date, own: &BailSettings) -> Option<civil::Date> {
    let months = match step.authority {
        Custody => own.custody_officer_months.get(),
        Inspector => own.inspector_months.get(),
        Superintendent => own.superintendent_months.get(),
        AssistantChiefConstable => own.assistant_chief_constable_months.get(),
        Court | Prosecutor => return None,
    };
    Some(end(arrested, Months(months)).min(end(arrested, step.until)))
}

/// The last day of a period that begins with the day after the arrest.
fn end(arrested: civil::Date, period: Period) -> civil::Date {
    let start = next(arrested);
    match period {
        Months(months) | MonthsMore(months) => end_of_months(start, months),
        Days(days) => later(arrested, i32::try_from(days).unwrap_or(i32::MAX)),
        Unlimited => civil::Date::MAX,
    }
}

/// The last day of a period of months that begins with `start`: the day before the
/// corresponding date, or the last day of a month that has no such date.
fn end_of_months(start: civil::Date, months: u32) -> civil::Date {
    let corresponding = crate::record::months_after(start, months);
    if corresponding.day() == start.day() {
        corresponding.yesterday().unwrap_or(corresponding)
    } else {
        corresponding
    }
}

fn later(date: civil::Date, days: i32) -> civil::Date {
    date.saturating_add(jiff::Span::new().days(days))
}

fn next(date: civil::Date) -> civil::Date {
    date.tomorrow().unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARRESTED: civil::Date = date(2026, 6, 1);

    fn asked(authority: BailAuthority, on: civil::Date) -> Asked {
        Asked { authority, on, designated: false, longer: false }
    }

    fn walk(arrested: civil::Date, way: &[BailAuthority]) -> Result<Authorised, Refusal> {
        let steps = steps(Jurisdiction::EnglandAndWales, arrested);
        let designated = way.contains(&AssistantChiefConstable);
        way.iter().try_fold(Authorised::default(), |so_far, authority| {
            let on = so_far.limit.unwrap_or(arrested);
            let asked = Asked { designated, ..asked(*authority, on) };
            take(steps, arrested, so_far, asked, &BailSettings::default())
        })
    }

    #[test]
    fn each_step_of_the_table_runs_to_the_limit_of_its_section() {
        for (way, limit) in [
            (&[Custody][..], date(2026, 9, 1)),
            (&[Custody, Inspector], date(2026, 12, 1)),
            (&[Custody, Inspector, Superintendent], date(2027, 3, 1)),
            (&[Custody, Inspector, Superintendent, Court], date(2027, 6, 1)),
            (&[Custody, Inspector, Superintendent, Court, Court], date(2027, 9, 1)),
            (&[Custody, Inspector, Superintendent, AssistantChiefConstable], date(2027, 6, 1)),
            (
                &[Custody, Inspector, Superintendent, AssistantChiefConstable, Court],
                date(2027, 12, 1),
            ),
        ] {
            assert_eq!(walk(ARRESTED, way).unwrap().limit, Some(limit), "{way:?}");
        }
    }

    #[test]
    fn a_court_that_finds_longer_needed_may_go_to_eighteen_months_or_twenty_four() {
        for (way, months) in [
            (&[Custody, Inspector, Superintendent][..], 18),
            (&[Custody, Inspector, Superintendent, AssistantChiefConstable], 24),
        ] {
            let so_far = walk(ARRESTED, way).unwrap();
            let asked =
                Asked { designated: true, longer: true, ..asked(Court, so_far.limit.unwrap()) };
            let steps = steps(Jurisdiction::EnglandAndWales, ARRESTED);
            let after = take(steps, ARRESTED, so_far, asked, &BailSettings::default()).unwrap();
            assert_eq!(after.limit, Some(end(ARRESTED, Months(months))));
        }
    }

    #[test]
    fn no_step_is_left_out_or_taken_twice_by_the_police() {
        for way in [
            &[Inspector][..],
            &[Superintendent],
            &[Court],
            &[Custody, Superintendent],
            &[Custody, Inspector, Court],
            &[Custody, Inspector, Inspector],
            &[Custody, Inspector, AssistantChiefConstable],
        ] {
            assert!(matches!(walk(ARRESTED, way), Err(Refusal::Field { .. })), "{way:?}");
        }
    }

    #[test]
    fn an_extension_comes_before_the_limit_and_not_on_the_day_after() {
        let so_far = walk(ARRESTED, &[Custody]).unwrap();
        let steps = steps(Jurisdiction::EnglandAndWales, ARRESTED);
        let own = BailSettings::default();
        let limit = so_far.limit.unwrap();
        assert!(take(steps, ARRESTED, so_far, asked(Inspector, limit), &own).is_ok());
        assert!(take(steps, ARRESTED, so_far, asked(Inspector, next(limit)), &own).is_err());
    }

    #[test]
    fn an_undesignated_case_stops_at_the_superintendent_or_goes_to_court() {
        let so_far = walk(ARRESTED, &[Custody, Inspector, Superintendent]).unwrap();
        let steps = steps(Jurisdiction::EnglandAndWales, ARRESTED);
        let asked = asked(AssistantChiefConstable, ARRESTED);
        let refusal = take(steps, ARRESTED, so_far, asked, &BailSettings::default()).unwrap_err();
        assert!(matches!(refusal, Refusal::Field { name, .. } if name == "designated"));
    }

    #[test]
    fn the_law_of_the_day_of_the_arrest_decides() {
        assert_eq!(walk(date(2014, 7, 16), &[Custody]).unwrap().until(), None);
        assert_eq!(
            walk(date(2018, 6, 1), &[Inspector]).unwrap().limit,
            Some(date(2018, 6, 29)),
            "28 days beginning with the day after the arrest"
        );
        assert_eq!(
            walk(date(2022, 10, 27), &[Inspector, Superintendent]).unwrap().limit,
            Some(date(2023, 1, 27))
        );
        assert!(walk(date(2022, 10, 27), &[Custody]).is_err());
        assert_eq!(walk(date(2022, 10, 28), &[Custody]).unwrap().limit, Some(date(2023, 1, 28)));
    }

    #[test]
    fn while_the_prosecutor_decides_no_limit_runs() {
        let after = walk(ARRESTED, &[Custody, Prosecutor]).unwrap();
        assert_eq!((after.last, after.until()), (Some(Custody), None));
        let again = after.resumed(later(after.paused.unwrap(), 10));
        assert_eq!(again.until(), Some(date(2026, 9, 11)), "ten days later than without");
    }

    #[test]
    fn a_custody_officer_bails_again_within_what_is_authorised_already() {
        let so_far = walk(ARRESTED, &[Custody, Inspector]).unwrap();
        let steps = steps(Jurisdiction::EnglandAndWales, ARRESTED);
        let again =
            take(steps, ARRESTED, so_far, asked(Custody, ARRESTED), &BailSettings::default());
        assert_eq!(again.unwrap(), so_far);
    }

    #[test]
    fn a_force_may_be_stricter_than_the_law() {
        let own: BailSettings =
            serde_json::from_value(serde_json::json!({ "custody_officer_months": 1 })).unwrap();
        let steps = steps(Jurisdiction::EnglandAndWales, ARRESTED);
        let after =
            take(steps, ARRESTED, Authorised::default(), asked(Custody, ARRESTED), &own).unwrap();
        assert_eq!(after.limit, Some(date(2026, 7, 1)));
    }

    #[test]
    fn a_period_of_months_ends_on_the_day_before_the_corresponding_date() {
        for (arrested, months, last) in [
            (date(2023, 2, 28), 3, date(2023, 5, 31)),
            (date(2025, 11, 30), 3, date(2026, 2, 28)),
            (date(2025, 8, 30), 6, date(2026, 2, 28)),
            (date(2026, 5, 31), 3, date(2026, 8, 31)),
        ] {
            assert_eq!(end(arrested, Months(months)), last, "{arrested}");
        }
    }

    proptest! {
        #[test]
        fn every_way_through_the_table_only_ever_lengthens_bail(
            arrested in 0_i64..4000,
            choices in proptest::collection::vec((0_usize..6, any::<bool>(), any::<bool>()), 0..12),
        ) {
            let arrested = date(2017, 4, 3).saturating_add(jiff::Span::new().days(arrested));
            let steps = steps(Jurisdiction::EnglandAndWales, arrested);
            let all =
                [Custody, Inspector, Superintendent, AssistantChiefConstable, Court, Prosecutor];
            let mut so_far = Authorised::default();
            for (choice, designated, longer) in choices {
                let on = so_far.limit.unwrap_or(arrested);
                let asked = Asked { authority: all[choice], on, designated, longer };
                let Ok(after) = take(steps, arrested, so_far, asked, &BailSettings::default())
                else { continue };
                if let (Some(before), Some(now)) = (so_far.limit, after.limit) {
                    prop_assert!(now >= before, "{before} then {now} by {:?}", all[choice]);
                }
                so_far = after;
            }
        }
    }
}
