//! An event: a dated entry in the work, such as a visit, a call, an interview or a strategy
//! meeting.
//!
//! States: recorded. A day without a time of day stays one: it is never shown as midnight. The
//! time is UK local time, as everybody in the room read it off the wall.

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::ties::{self, Ties};
use super::{
    Act, ActContext, Detail, Facet, Head, Kind, Lines, Link, Next, Record, Signed, day, end_of,
};
use crate::form::{Field, Fields, Input, Refusal};

states! {
    /// Where an event stands.
    Recorded = "recorded" => [], "It happened, or is arranged.";
}

choices! {
    /// What sort of event.
    Sort {
        Visit = "visit", "Visit";
        Call = "call", "Call";
        Interview = "interview", "Interview";
        Meeting = "meeting", "Meeting";
        StrategyMeeting = "strategy_meeting", "Strategy meeting";
        Sighting = "sighting", "Sighting";
        Court = "court", "Court hearing";
        Other = "other", "Other";
    }
}

/// When something happened, no more exactly than is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// The day.
    pub date: civil::Date,
    /// The time of day, where it is known; UK local time.
    pub time: Option<civil::Time>,
}

impl When {
    /// The last moment that it can have been, UTC: the end of the day where no time is known.
    pub fn latest(&self) -> Timestamp {
        let at = self.time.map(|time| self.date.to_datetime(time));
        let zoned = at.and_then(|at| at.to_zoned_datetime(crate::form::uk_zone()).ok());
        zoned.map_or_else(|| end_of(self.date), |zoned| zoned.timestamp())
    }

    /// As a machine reads it: `2026-11-24` or `2026-11-24T09:30`.
    pub fn machine(&self) -> String {
        match self.time {
            Some(time) => format!("{}T{}", self.date, time.strftime("%H:%M")),
            None => self.date.to_string(),
        }
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&day(self.date))?;
        match self.time {
            Some(time) => write!(f, ", {}", time.strftime("%H:%M")),
            None => Ok(()),
        }
    }
}

/// A dated entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What it has to do with.
    pub ties: Ties,
    /// What sort of event.
    pub sort: Sort,
    /// When.
    pub when: When,
    /// What happened, in a line.
    pub what: String,
    /// Who took part.
    pub present: Option<String>,
    /// Where.
    pub place: Option<String>,
    /// What was said and agreed, oldest first.
    pub notes: Vec<(String, Signed)>,
}

const NOTE: Field = Field::required("note", "What was said and agreed", Input::LongText);

impl Record for Event {
    standing!();
    const KIND: Kind = Kind::Event;
    const CREATE: &'static [Field] = &[
        ties::ON,
        ties::RELATION,
        Field::required("sort", "What sort of event", Input::Choice(Sort::CHOICES)),
        Field::required("date", "Day", Input::Date),
        Field::optional("time", "Time of day", Input::Text)
            .hint("Such as 14:30; leave empty where it is not known"),
        Field::required("what", "What happened", Input::Text),
        Field::optional("present", "Who took part", Input::LongText),
        Field::optional("place", "Where", Input::Text),
        Field::optional("note", "What was said and agreed", Input::LongText),
    ];
    const ACTS: &'static [Act] = &[
        Act { name: "add_note", label: "Add a note", from: &["recorded"], fields: &[NOTE] },
        ties::CONNECT,
        ties::DISCONNECT,
    ];

    fn title(&self) -> String {
        format!("{}, {}: {}", self.sort, self.when, self.what)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("What sort of event", self.sort)
            .line("When", self.when)
            .line("What happened", &self.what)
            .each("Who took part", &self.present)
            .each("Where", &self.place)
            .each("Note", self.notes.iter().map(|(note, signed)| format!("{note}\n{signed}")))
            .each("Connected", self.ties.lines())
            .done()
    }

    fn links(&self) -> Vec<Link> {
        self.ties.links()
    }

    fn part_of(&self) -> Option<Link> {
        self.links().into_iter().next()
    }

    fn facets(&self) -> Vec<Facet> {
        vec![Facet::new("sort", self.sort.key()), Facet::new("date", self.when.date.to_string())]
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        let notes = fields.get("note").map(|note| (note.to_owned(), Signed::now(context)));
        Ok(Self {
            ties: Ties::first(&mut head, context)?,
            head,
            state: State::Recorded,
            sort: fields.choice("sort")?,
            when: When { date: fields.date("date")?, time: fields.if_given("time", Fields::time)? },
            what: fields.text("what")?,
            present: fields.get("present").map(str::to_owned),
            place: fields.get("place").map(str::to_owned),
            notes: notes.into_iter().collect(),
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_note" => {
                self.notes.push((context.fields.text("note")?, Signed::now(context)));
            }
            other => self.ties.apply(other, &self.head, context)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn a_day_without_a_time_is_never_shown_as_midnight() {
        let mut world = World::new();
        let on = format!("case/{}", world.case().head.id);
        let visit = |time| {
            fields([
                ("on", &*on),
                ("sort", "visit"),
                ("date", "2026-05-30"),
                ("time", time),
                ("what", "Nobody at home"),
            ])
        };
        let day: Event = world.create(&visit(""));
        assert_eq!(day.title(), "Visit, 30 May 2026: Nobody at home");
        assert_eq!(day.when.machine(), "2026-05-30");
        assert!(day.details().iter().all(|line| !line.text.contains("00:00")));
        let midnight: Event = world.create(&visit("00:00"));
        assert_eq!(midnight.when.to_string(), "30 May 2026, 00:00", "where it was midnight");
        assert_eq!(midnight.when.machine(), "2026-05-30T00:00");
        for wrong in ["25:00", "9", "half past nine"] {
            assert!(world.try_create::<Event>(&visit(wrong)).is_err(), "{wrong}");
        }
    }
}
