//! An exhibit: a seized thing, its seal and its unbroken custody.
//!
//! States: seized -> stored -> with_examiner -> examined -> returned, retained, forfeited,
//! wiped, destroyed. Each act adds a custody event: who, when, from where, to where, under which
//! seal. A seal that differs from the last one needs an explanation. Nothing that holds unlawful
//! images goes back to anybody: it is wiped, cleared by a decision, forfeited or destroyed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::examination::Examination;
use super::grading::{self, Grading};
use super::search::Search;
use super::team::Skill;
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, Record, Related,
    Signed, Urgency, link, links, moment,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where an exhibit stands.
    Seized = "seized" => [Stored], "Taken, on its way to the store.";
    Stored = "stored" => [WithExaminer], "In the store.";
    WithExaminer = "with_examiner" => [Stored, Examined], "With an examiner.";
    Examined = "examined" => [WithExaminer, Returned, Retained, Forfeited, Wiped, Destroyed],
        "Examined; what becomes of it is to be decided.";
    Retained = "retained" => [WithExaminer, Returned, Forfeited, Wiped, Destroyed],
        "Kept for a trial or appeal.";
    Wiped = "wiped" => [Returned, Destroyed], "Its content was erased under authority.";
    Forfeited = "forfeited" => [Destroyed], "Forfeited under authority.";
    Returned = "returned" => [], "Back with its owner.";
    Destroyed = "destroyed" => [], "Destroyed under authority.";
}

choices! {
    /// What sort of thing.
    Device {
        Computer = "computer", "Desktop computer";
        Laptop = "laptop", "Laptop";
        Phone = "phone", "Phone";
        Tablet = "tablet", "Tablet";
        HardDrive = "hard_drive", "Hard drive";
        UsbStorage = "usb_storage", "USB storage";
        MemoryCard = "memory_card", "Memory card";
        OpticalDisc = "optical_disc", "Optical disc";
        Camera = "camera", "Camera";
        Console = "console", "Games console";
        Other = "other", "Other";
    }
}

choices! {
    /// Whose it is.
    Owner {
        Suspect = "suspect", "Suspect";
        Victim = "victim", "Victim";
        Witness = "witness", "Witness";
        Other = "other", "Somebody else";
    }
}

/// One step of custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    /// What happened: the act's name.
    pub act: String,
    /// From where or whom.
    pub from: String,
    /// To where or whom.
    pub to: String,
    /// The seal afterwards.
    pub seal: String,
    /// Why the seal changed, where it did.
    pub explanation: Option<String>,
    /// Recorded by whom, when.
    pub signed: Signed,
}

/// A seized thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exhibit {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The case.
    pub case: Id<Case>,
    /// The search that found it.
    pub search: Option<Id<Search>>,
    /// Officer's initials and a number, `ABC/1`.
    pub reference: String,
    /// What it is.
    pub description: String,
    /// What sort of thing.
    pub device: Device,
    /// Whose it is.
    pub owner: Owner,
    /// Where it was found.
    pub found: String,
    /// When it was seized, UTC.
    pub seized_at: Timestamp,
    /// Its custody, from the seizure on.
    pub custody: Vec<Custody>,
    /// Who decided, on what ground, that it may go back although unlawful images were found.
    pub cleared: Option<(String, Signed)>,
    /// Under which authority it was forfeited, wiped or destroyed; why retained.
    pub authority: Option<String>,
}

const TO: Field = Field::required("to", "To", Input::Text).hint("Store and shelf, or a person");
const SEAL: Field = Field::required("seal", "Seal number", Input::Text);
const EXPLANATION: Field =
    Field::optional("explanation", "Why the seal changed", Input::LongText)
        .hint("Needed where the seal is broken or differs from the last one");
const AUTHORITY: Field = Field::required("authority", "Under which authority", Input::LongText);

impl Record for Exhibit {
    standing!();
    const KIND: Kind = Kind::Exhibit;
    const CREATE: &'static [Field] = &[
        CASE,
        Field::optional("search", "Found in search", Input::Record(Kind::Search)),
        Field::required("reference", "Exhibit reference", Input::Text)
            .hint("Initials and a number: ABC/1"),
        Field::required("description", "What it is", Input::Text),
        Field::required("device", "Kind", Input::Choice(Device::CHOICES)),
        Field::required("owner", "Whose it is", Input::Choice(Owner::CHOICES)),
        Field::required("found", "Where it was found", Input::Text),
        Field::required("seized_at", "When it was seized", Input::Moment),
        SEAL,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "store",
            label: "Put into the store",
            from: &["seized", "with_examiner"],
            fields: &[TO, SEAL, EXPLANATION],
        },
        Act {
            name: "move",
            label: "Move",
            from: &["stored", "with_examiner", "examined", "retained", "wiped", "forfeited"],
            fields: &[TO, SEAL, EXPLANATION],
        },
        Act {
            name: "to_examiner",
            label: "Hand to an examiner",
            from: &["stored", "examined", "retained"],
            fields: &[
                Field::required("to", "Examiner", Input::Text),
                SEAL,
                EXPLANATION,
            ],
        },
        Act {
            name: "examined",
            label: "Record that it was examined and sealed again",
            from: &["with_examiner"],
            fields: &[TO, SEAL, EXPLANATION],
        },
        Act {
            name: "clear",
            label: "Clear for return by decision",
            from: &["examined", "retained"],
            fields: &[AUTHORITY],
        },
        Act {
            name: "return",
            label: "Return to the owner",
            from: &["examined", "retained", "wiped"],
            fields: &[Field::required("to", "To whom", Input::Text)],
        },
        Act {
            name: "retain",
            label: "Retain",
            from: &["examined"],
            fields: &[TO, SEAL, EXPLANATION, AUTHORITY],
        },
        Act {
            name: "forfeit",
            label: "Forfeit",
            from: &["examined", "retained"],
            fields: &[TO, AUTHORITY],
        },
        Act {
            name: "wipe",
            label: "Wipe",
            from: &["examined", "retained"],
            fields: &[TO, SEAL, EXPLANATION, AUTHORITY],
        },
        Act {
            name: "destroy",
            label: "Destroy",
            from: &["examined", "retained", "wiped", "forfeited"],
            fields: &[Field::required("to", "By whom, where", Input::Text), AUTHORITY],
        },
    ];

    fn title(&self) -> String {
        format!("{} {}", self.reference, self.description)
    }

    fn details(&self) -> Vec<Detail> {
        let cleared = self.cleared.as_ref().map(|(why, who)| format!("{why} ({who})"));
        Lines::new()
            .line("Exhibit reference", &self.reference)
            .line("What it is", &self.description)
            .line("Kind", self.device)
            .line("Whose it is", self.owner)
            .line("Where it was found", &self.found)
            .line("When it was seized", moment(self.seized_at))
            .line("Seal number", self.seal())
            .each("Custody", self.custody.iter().map(Custody::line))
            .each("Cleared for return", cleared)
            .each("Authority", &self.authority)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("case", self.case), self.search.and_then(|id| link("search", id))])
    }

    fn facets(&self) -> Vec<Facet> {
        vec![
            Facet::new("reference", &*self.reference),
            Facet::new("device", self.device.key()),
            Facet::new("owner", self.owner.key()),
        ]
    }

    fn next(&self) -> Option<Next> {
        let (role, what) = match self.state {
            State::Seized => (Role::OfficerInCase, "Put this exhibit into the store"),
            State::Stored => (Role::Examiner, "Take this exhibit for examination"),
            State::WithExaminer => (Role::Examiner, "Examine this exhibit"),
            State::Examined => (Role::OfficerInCase, "Decide what becomes of this exhibit"),
            _ => return None,
        };
        Some(Next { role, what: what.to_owned(), due: None, urgency: Urgency::Medium })
    }

    fn skill(&self) -> Option<Skill> {
        let waits = matches!(self.state, State::Stored | State::WithExaminer);
        waits.then_some(match self.device {
            Device::Phone | Device::Tablet => Skill::Phones,
            _ => Skill::Computers,
        })
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        let linked = |kind| Need::LinkedTo { kind, role: "exhibit", to: self.head.id };
        match act {
            "return" | "examined" => vec![linked(Kind::Grading), linked(Kind::Examination)],
            _ => Vec::new(),
        }
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let case = Case::joined(&mut head, fields, related)?;
        let case = Id::new(case.head.id);
        let search = match fields.if_given("search", Fields::record)? {
            None => None,
            Some(id) => {
                let search: Search = related.get("search", id)?;
                if search.case != case {
                    return Err(Refusal::field("search", "choose a search of this case"));
                }
                Some(Id::new(id))
            }
        };
        let seized_at = fields.moment("seized_at")?;
        if seized_at > head.created {
            return Err(Refusal::field("seized_at", "enter a time that is not in the future"));
        }
        let found = fields.text("found")?;
        let seizure = Custody {
            act: "seize".to_owned(),
            from: found.clone(),
            to: head.author_name.clone(),
            seal: fields.text("seal")?,
            explanation: None,
            signed: Signed { by: head.author, name: head.author_name.clone(), at: head.created },
        };
        Ok(Self {
            head,
            state: State::Seized,
            case,
            search,
            reference: reference(fields)?,
            description: fields.text("description")?,
            device: fields.choice("device")?,
            owner: fields.choice("owner")?,
            found,
            seized_at,
            custody: vec![seizure],
            cleared: None,
            authority: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let state = match act {
            "move" => self.state,
            "store" => State::Stored,
            "to_examiner" => State::WithExaminer,
            "examined" => self.after_examination(context)?,
            "clear" => return self.clear(context),
            "return" => self.after_return(context)?,
            "retain" => State::Retained,
            "forfeit" => State::Forfeited,
            "wipe" => State::Wiped,
            "destroy" => State::Destroyed,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        };
        self.hand_over(act, context)?;
        self.authority = context.fields.get("authority").map(str::to_owned).or(self.authority.take());
        self.state = state;
        Ok(())
    }
}

impl Exhibit {
    /// The present seal.
    pub fn seal(&self) -> &str {
        self.custody.last().map_or("", |event| &event.seal)
    }

    /// Adds the next custody event; it begins where the last one ended.
    fn hand_over(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        let last = self.custody.last();
        let from = last.map_or_else(|| self.found.clone(), |event| event.to.clone());
        let seal = fields.get("seal").unwrap_or(self.seal()).to_owned();
        let explanation = fields.get("explanation").map(str::to_owned);
        if seal != self.seal() && explanation.is_none() {
            return Err(Refusal::missing(
                format!("the explanation why seal {} became {seal}", self.seal()),
                None,
            ));
        }
        self.custody.push(Custody {
            act: act.to_owned(),
            from,
            to: fields.text("to")?,
            seal,
            explanation,
            signed: Signed::now(context),
        });
        Ok(())
    }

    fn after_examination(&self, context: &ActContext<'_>) -> Result<State, Refusal> {
        let here = Id::new(self.head.id);
        let finished =
            |examination: Examination| examination.exhibit == here && examination.is_finished();
        if !context.related.all().any(finished) {
            return Err(Refusal::missing("a finished examination of this exhibit", Role::Examiner));
        }
        Ok(State::Examined)
    }

    fn after_return(&self, context: &ActContext<'_>) -> Result<State, Refusal> {
        let unlawful = self.state != State::Wiped && self.holds_unlawful_images(context.related);
        if unlawful && self.cleared.is_none() {
            return Err(Refusal::missing(
                "a wiped device or a decision that clears it: unlawful images were found on it",
                Role::OfficerInCase,
            ));
        }
        Ok(State::Returned)
    }

    /// A known hit counts until a person has graded it otherwise.
    fn holds_unlawful_images(&self, related: &Related) -> bool {
        let here = Id::new(self.head.id);
        let graded = related.all().any(|grading: Grading| {
            grading.exhibit == here && grading.category.is_some_and(grading::Category::is_unlawful)
        });
        let hits =
            related.all().any(|e: Examination| e.exhibit == here && e.known_hits() > 0);
        graded || hits
    }

    fn clear(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        self.cleared = Some((context.fields.text("authority")?, Signed::now(context)));
        Ok(())
    }
}

impl Custody {
    fn line(&self) -> String {
        let because = self.explanation.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        format!(
            "{}: {}, from {} to {}, seal {}{because}",
            self.signed,
            self.act.replace('_', " "),
            self.from,
            self.to,
            self.seal
        )
    }
}

/// Reads an exhibit reference: one to five capital letters, a stroke, a number from 1.
fn reference(fields: &Fields) -> Result<String, Refusal> {
    let text = fields.text("reference")?.to_uppercase();
    let good = text.split_once('/').is_some_and(|(initials, number)| {
        (1..=5).contains(&initials.len())
            && initials.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=6).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
            && !number.starts_with('0')
    });
    if good {
        Ok(text)
    } else {
        Err(Refusal::field("reference", "enter initials, a stroke and a number, like ABC/1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    pub fn exhibit(world: &mut World) -> Exhibit {
        let case = world.case().head.id.to_string();
        world.create(&fields([
            ("case", &*case),
            ("reference", "ABC/1"),
            ("description", "Black laptop"),
            ("device", "laptop"),
            ("owner", "suspect"),
            ("found", "Bedroom desk"),
            ("seized_at", "2026-06-01T07:00:00Z"),
            ("seal", "S1"),
        ]))
    }

    fn to<'a>(place: &'a str, seal: &'a str, why: &'a str) -> Fields {
        fields([("to", place), ("seal", seal), ("explanation", why), ("authority", "Insp D")])
    }

    fn examined(world: &mut World, hits: &str) -> Exhibit {
        let exhibit = exhibit(world);
        let exhibit = world.act(&exhibit, "store", &to("Store 1", "S1", "")).unwrap();
        let exhibit = world.act(&exhibit, "to_examiner", &to("E", "S1", "")).unwrap();
        crate::record::examination::tests::finished(world, &exhibit, hits);
        world.act(&exhibit, "examined", &to("Store 1", "S2", "Opened to image")).unwrap()
    }

    #[test]
    fn custody_is_one_unbroken_line_from_the_seizure_on() {
        let mut world = World::new();
        let exhibit = examined(&mut world, "0");
        let custody = &exhibit.custody;
        assert_eq!(custody[0].from, "Bedroom desk");
        assert!(custody.windows(2).all(|pair| pair[0].to == pair[1].from), "{custody:?}");
        assert_eq!(custody.len(), 4);
    }

    #[test]
    fn a_changed_seal_needs_an_explanation() {
        let mut world = World::new();
        let exhibit = exhibit(&mut world);
        assert!(matches!(
            world.act(&exhibit, "store", &to("Store 1", "S9", "")),
            Err(Refusal::Missing { .. })
        ));
        let stored = world.act(&exhibit, "store", &to("Store 1", "S9", "Bag torn")).unwrap();
        assert_eq!(stored.seal(), "S9");
    }

    #[test]
    fn an_exhibit_with_known_hits_is_not_returned_until_wiped_or_cleared() {
        let mut world = World::new();
        let exhibit = examined(&mut world, "3");
        let owner = fields([("to", "Owner")]);
        assert!(matches!(
            world.act(&exhibit, "return", &owner),
            Err(Refusal::Missing { .. })
        ));
        let wiped = world.act(&exhibit, "wipe", &to("Store 1", "S2", "")).unwrap();
        assert_eq!(world.act(&wiped, "return", &owner).unwrap().state(), "returned");
        let cleared = world.act(&exhibit, "clear", &to("", "", "")).unwrap();
        assert_eq!(world.act(&cleared, "return", &owner).unwrap().state(), "returned");
    }

    #[test]
    fn an_exhibit_without_unlawful_images_goes_back() {
        let mut world = World::new();
        let exhibit = examined(&mut world, "0");
        assert!(world.act(&exhibit, "return", &fields([("to", "Owner")])).is_ok());
    }

    #[test]
    fn an_exhibit_is_not_examined_without_a_finished_examination() {
        let mut world = World::new();
        let exhibit = exhibit(&mut world);
        let exhibit = world.act(&exhibit, "store", &to("Store 1", "S1", "")).unwrap();
        let exhibit = world.act(&exhibit, "to_examiner", &to("E", "S1", "")).unwrap();
        let refusal = world.act(&exhibit, "examined", &to("Store 1", "S1", "")).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { who: Some(Role::Examiner), .. }));
    }

    #[test]
    fn an_exhibit_reference_is_initials_and_a_number() {
        for (text, good) in
            [("ABC/1", true), ("abc/12", true), ("ABC1", false), ("ABC/0", false), ("/1", false)]
        {
            assert_eq!(reference(&fields([("reference", text)])).is_ok(), good, "{text}");
        }
    }
}
