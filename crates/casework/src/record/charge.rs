//! A charge: one offence before a court, from charge to sentence.
//!
//! States: charged -> plea_entered -> convicted, acquitted, discontinued -> sentenced. Contact
//! offences are told apart from images: they are children who were hurt by this person.
//! Hearings stand with what they were for; the next one is on My work. Orders that a court made
//! beside the sentence are kept with their end.

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::arrest::{self, Arrest};
use super::case::Case;
use super::numbers::Number;
use super::subject::About;
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Next, REASON, Record,
    Signed, day, end_of, link, links, uk_date,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a charge stands.
    Charged = "charged" => [PleaEntered, Discontinued], "Before the court.";
    PleaEntered = "plea_entered" => [Convicted, Acquitted, Discontinued], "The defendant answered.";
    Convicted = "convicted" => [Sentenced], "Guilty.";
    Acquitted = "acquitted" => [], "Not guilty.";
    Discontinued = "discontinued" => [], "Dropped, with a reason.";
    Sentenced = "sentenced" => [], "The court passed sentence.";
}

choices! {
    /// What the charge is about.
    OffenceKind {
        Images = "images", "Indecent images";
        Contact = "contact", "Contact offence against a child";
        Communication = "communication", "Sexual communication with a child";
        Breach = "breach", "Breach of an order";
        Other = "other", "Other";
    }
}

choices! {
    /// The defendant's answer.
    Plea {
        Guilty = "guilty", "Guilty";
        NotGuilty = "not_guilty", "Not guilty";
        None = "none", "None entered";
    }
}

choices! {
    /// The court's finding.
    Verdict {
        Guilty = "guilty", "Guilty";
        NotGuilty = "not_guilty", "Not guilty";
    }
}

choices! {
    /// What a hearing is for.
    HearingKind {
        First = "first", "First appearance";
        PleaAndTrialPreparation = "ptph", "Plea and trial preparation";
        Trial = "trial", "Trial";
        Sentence = "sentence", "Sentence";
        Other = "other", "Other";
    }
}

/// A hearing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearing {
    /// What it is for.
    pub kind: HearingKind,
    /// On which day.
    pub on: civil::Date,
    /// Where.
    pub court: String,
    /// Listed by whom, when.
    pub signed: Signed,
}

choices! {
    /// What a court orders beside the sentence.
    OrderKind {
        Shpo = "shpo", "Sexual harm prevention order (Sentencing Act 2020 s.345)";
        Notification = "notification", "Notification requirements (Sexual Offences Act 2003 Part 2)";
        Restraining = "restraining", "Restraining order";
        Deprivation = "deprivation", "Deprivation or forfeiture of devices";
        Barred = "barred", "Told of inclusion in a barred list";
        Other = "other", "Other order";
    }
}

/// An order of a court.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub kind: OrderKind,
    /// When it was made.
    pub on: civil::Date,
    /// Until when it lasts; none where it has no end or none was set.
    pub until: Option<civil::Date>,
    /// Its terms.
    pub terms: String,
    /// Recorded by whom, when.
    pub signed: Signed,
}

/// One offence before a court.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Charge {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The arrest or attendance it follows from.
    pub arrest: Id<Arrest>,
    /// The case.
    pub case: Id<Case>,
    /// The defendant, as known at the arrest.
    pub about: About,
    /// What it is about.
    pub kind: OffenceKind,
    /// The offence in words, with its section.
    pub offence: String,
    /// When it was laid.
    pub charged_on: civil::Date,
    /// The court.
    pub court: String,
    /// Unique reference number of the prosecution.
    pub urn: Option<String>,
    /// The plea and its date.
    pub plea: Option<(Plea, civil::Date)>,
    /// The verdict and its date.
    pub verdict: Option<(Verdict, civil::Date)>,
    /// The sentence in words and its date.
    pub sentence: Option<(String, civil::Date)>,
    /// A sexual harm prevention order was made.
    pub shpo: bool,
    /// Hearings, in the order in which they were listed.
    #[serde(default)]
    pub hearings: Vec<Hearing>,
    /// Orders made beside the sentence.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// What other systems call it.
    #[serde(default)]
    pub numbers: Vec<Number>,
    /// Why it was discontinued.
    pub reason: Option<String>,
}

const DATE: Field = Field::required("date", "Date", Input::Date);

impl Record for Charge {
    standing!();
    const KIND: Kind = Kind::Charge;
    const CREATE: &'static [Field] = &[
        Field::required("arrest", "Arrest or attendance", Input::Record(Kind::Arrest)),
        Field::required("kind", "About", Input::Choice(OffenceKind::CHOICES)),
        Field::required("offence", "Offence", Input::Text),
        Field::required("charged_on", "Charged on", Input::Date),
        Field::required("court", "Court", Input::Text),
        Field::optional("urn", "Unique reference number", Input::Text),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "enter_plea",
            label: "Record the plea",
            from: &["charged"],
            fields: &[Field::required("plea", "Plea", Input::Choice(Plea::CHOICES)), DATE],
        },
        Act {
            name: "record_verdict",
            label: "Record the verdict",
            from: &["plea_entered"],
            fields: &[
                Field::required("verdict", "Verdict", Input::Choice(Verdict::CHOICES)),
                DATE,
            ],
        },
        Act {
            name: "record_sentence",
            label: "Record the sentence",
            from: &["convicted"],
            fields: &[
                Field::required("sentence", "Sentence", Input::LongText),
                DATE,
                Field::optional("shpo", "Sexual harm prevention order made", Input::Tick),
            ],
        },
        Act {
            name: "list_hearing",
            label: "List a hearing",
            from: &["charged", "plea_entered", "convicted"],
            fields: &[
                Field::required("hearing", "For", Input::Choice(HearingKind::CHOICES)),
                DATE,
                Field::optional("court", "Court", Input::Text)
                    .hint("Leave empty where it is the court that has the charge"),
            ],
        },
        Act {
            name: "make_order",
            label: "Record an order",
            from: &["convicted", "sentenced"],
            fields: &[
                Field::required("order", "Order", Input::Choice(OrderKind::CHOICES)),
                DATE,
                Field::optional("until", "Until", Input::Date),
                Field::required("terms", "Terms", Input::LongText),
            ],
        },
        Act {
            name: Number::ACT,
            label: Number::LABEL,
            from: &[
                "charged",
                "plea_entered",
                "convicted",
                "acquitted",
                "discontinued",
                "sentenced",
            ],
            fields: Number::FIELDS,
        },
        Act {
            name: "discontinue",
            label: "Discontinue",
            from: &["charged", "plea_entered"],
            fields: &[REASON],
        },
    ];

    fn title(&self) -> String {
        format!("{}: {}", self.about.name, self.offence)
    }

    fn details(&self) -> Vec<Detail> {
        let dated = |what: String, on: civil::Date| format!("{what}, {}", day(on));
        Lines::new()
            .line("Defendant", &self.about.name)
            .line("Offence", &self.offence)
            .line("About", self.kind)
            .line("Charged on", day(self.charged_on))
            .line("Court", &self.court)
            .each("Unique reference number", &self.urn)
            .each("Number elsewhere", &self.numbers)
            .each("Hearing", &self.hearings)
            .each("Plea", self.plea.map(|(plea, on)| dated(plea.to_string(), on)))
            .each("Verdict", self.verdict.map(|(verdict, on)| dated(verdict.to_string(), on)))
            .each("Sentence", self.sentence.as_ref().map(|(text, on)| dated(text.clone(), *on)))
            .flag("Sexual harm prevention order", self.shpo)
            .each("Order", &self.orders)
            .each("Why discontinued", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([
            link("arrest", self.arrest),
            link("case", self.case),
            link("subject", self.about.subject),
        ])
    }

    fn facets(&self) -> Vec<Facet> {
        vec![
            Facet::new("kind", self.kind.key()),
            Facet::flag("contact_offence", self.kind == OffenceKind::Contact),
            Facet::flag("rso", self.about.rso),
            Facet::flag("position_of_trust", self.about.position_of_trust),
            Facet::flag("shpo", self.shpo),
        ]
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Charged => "Record the plea",
            State::PleaEntered => "Record the verdict",
            State::Convicted => "Record the sentence",
            State::Acquitted | State::Discontinued | State::Sentenced => return None,
        };
        Some(Next {
            role: Role::OfficerInCase,
            what: what.to_owned(),
            due: self.next_hearing().map(end_of),
            urgency: self.about.urgency(),
        })
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let arrest: Arrest = related.get("arrest", fields.record("arrest")?)?;
        head.belong_to("arrest", &arrest.head)?;
        if arrest.state == arrest::State::NoFurtherAction {
            return Err(Refusal::field(
                "arrest",
                "choose an arrest that did not end without further action",
            ));
        }
        Ok(Self {
            head,
            state: State::Charged,
            arrest: Id::new(arrest.head.id),
            case: arrest.case,
            about: arrest.about,
            kind: fields.choice("kind")?,
            offence: fields.text("offence")?,
            charged_on: fields.date("charged_on")?,
            court: fields.text("court")?,
            urn: fields.get("urn").map(str::to_owned),
            plea: None,
            verdict: None,
            sentence: None,
            shpo: false,
            hearings: Vec::new(),
            orders: Vec::new(),
            numbers: Vec::new(),
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        match act {
            "enter_plea" => {
                self.plea = Some((fields.choice("plea")?, self.after_charge(fields)?));
                self.state = State::PleaEntered;
            }
            "record_verdict" => {
                let verdict = fields.choice("verdict")?;
                self.verdict = Some((verdict, self.after_charge(fields)?));
                self.state = match verdict {
                    Verdict::Guilty => State::Convicted,
                    Verdict::NotGuilty => State::Acquitted,
                };
            }
            "record_sentence" => {
                self.sentence = Some((fields.text("sentence")?, self.after_charge(fields)?));
                self.shpo |= fields.ticked("shpo");
                self.state = State::Sentenced;
            }
            "list_hearing" => self.hearings.push(Hearing {
                kind: fields.choice("hearing")?,
                on: self.after_charge(fields)?,
                court: fields.get("court").unwrap_or(&self.court).to_owned(),
                signed: Signed::now(context),
            }),
            "make_order" => self.order(context)?,
            Number::ACT => Number::add(&mut self.numbers, fields)?,
            "discontinue" => {
                self.reason = Some(fields.text("reason")?);
                self.state = State::Discontinued;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}

impl std::fmt::Display for Hearing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}, {}", self.kind, day(self.on), self.court)
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.kind, day(self.on))?;
        if let Some(until) = self.until {
            write!(f, " until {}", day(until))?;
        }
        write!(f, ": {}", self.terms)
    }
}

impl Charge {
    /// The day of the earliest hearing that is not before the charge was last worked on.
    fn next_hearing(&self) -> Option<civil::Date> {
        let today = uk_date(self.head.updated);
        self.hearings.iter().map(|hearing| hearing.on).filter(|on| *on >= today).min()
    }

    fn order(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        let order = Order {
            kind: fields.choice("order")?,
            on: self.after_charge(fields)?,
            until: fields.if_given("until", Fields::date)?,
            terms: fields.text("terms")?,
            signed: Signed::now(context),
        };
        if order.until.is_some_and(|until| until < order.on) {
            return Err(Refusal::field("until", "enter a date on or after the order"));
        }
        self.shpo |= order.kind == OrderKind::Shpo;
        self.orders.push(order);
        Ok(())
    }

    /// The date that the form gives; a court does nothing before the charge.
    fn after_charge(&self, fields: &Fields) -> Result<civil::Date, Refusal> {
        let date = fields.date("date")?;
        if date < self.charged_on {
            return Err(Refusal::field(
                "date",
                format!("enter a date on or after the charge, {}", day(self.charged_on)),
            ));
        }
        Ok(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::arrest::tests::arrest;
    use crate::record::testing::{World, fields};

    fn laid(arrest: &Arrest, kind: &str) -> Fields {
        fields([
            ("arrest", &*arrest.head.id.to_string()),
            ("kind", kind),
            ("offence", "Making indecent images, PCA 1978 s.1"),
            ("charged_on", "2026-06-01"),
            ("court", "Plymouth"),
        ])
    }

    #[test]
    fn an_arrest_counts_as_charged_once_a_charge_is_recorded() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        let charge: Charge = world.create(&laid(&arrest, "images"));
        assert_eq!(charge.head.force, arrest.head.force);
        let risk = fields([("suicide_risk", "low"), ("risk_note", "Seen")]);
        assert_eq!(world.act(&arrest, "charge", &risk).unwrap().state(), "charged");
    }

    #[test]
    fn contact_offences_are_told_apart_from_images() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        for (kind, contact) in [("images", false), ("contact", true)] {
            let charge: Charge = world.create(&laid(&arrest, kind));
            assert!(charge.facets().contains(&Facet::flag("contact_offence", contact)));
        }
    }

    #[test]
    fn the_next_hearing_is_by_when_and_an_order_is_kept_with_its_end() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        let charge: Charge = world.create(&laid(&arrest, "images"));
        let listed = |date| fields([("hearing", "trial"), ("date", date)]);
        let charge = world.act(&charge, "list_hearing", &listed("2026-09-01")).unwrap();
        let charge = world.act(&charge, "list_hearing", &listed("2026-07-01")).unwrap();
        assert_eq!(charge.next().unwrap().due.unwrap().to_string(), "2026-07-01T22:59:59Z");
        assert!(world.act(&charge, "list_hearing", &listed("2026-05-01")).is_err());
        let plea = fields([("plea", "guilty"), ("date", "2026-07-01")]);
        let charge = world.act(&charge, "enter_plea", &plea).unwrap();
        let verdict = fields([("verdict", "guilty"), ("date", "2026-07-01")]);
        let charge = world.act(&charge, "record_verdict", &verdict).unwrap();
        let order = |until| {
            fields([("order", "shpo"), ("date", "2026-07-01"), ("until", until), ("terms", "T")])
        };
        assert!(world.act(&charge, "make_order", &order("2026-06-30")).is_err());
        let charge = world.act(&charge, "make_order", &order("2031-07-01")).unwrap();
        assert!(charge.facets().contains(&Facet::flag("shpo", true)));
        assert!(charge.details().iter().any(|d| d.text.contains("until 1 Jul 2031")));
    }

    #[test]
    fn no_charge_follows_from_an_arrest_that_ended_without_further_action() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        let ended =
            fields([("reason", "Another"), ("suicide_risk", "low"), ("risk_note", "Seen")]);
        let arrest = world.act(&arrest, "no_further_action", &ended).unwrap();
        assert!(world.try_create::<Charge>(&laid(&arrest, "images")).is_err());
    }

    #[test]
    fn a_court_does_nothing_before_the_charge_and_sentences_only_after_a_verdict() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        let charge: Charge = world.create(&laid(&arrest, "images"));
        let plea = |date| fields([("plea", "guilty"), ("date", date)]);
        assert!(world.act(&charge, "enter_plea", &plea("2026-05-31")).is_err());
        let charge = world.act(&charge, "enter_plea", &plea("2026-06-02")).unwrap();
        let sentence = fields([("sentence", "Community order"), ("date", "2026-06-03")]);
        assert!(matches!(
            world.act(&charge, "record_sentence", &sentence),
            Err(Refusal::WrongState { .. })
        ));
        let verdict = fields([("verdict", "guilty"), ("date", "2026-06-02")]);
        let charge = world.act(&charge, "record_verdict", &verdict).unwrap();
        assert_eq!(world.act(&charge, "record_sentence", &sentence).unwrap().state(), "sentenced");
    }
}
