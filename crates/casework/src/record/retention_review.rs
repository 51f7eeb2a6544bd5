//! A retention review: whether a finished record is still needed, decided by a person.
//!
//! States: open -> kept (until the next review), erasure proposed -> carried out, or refused and
//! open again. A record becomes due for review by itself: when it comes to the state that its
//! kind names ([`Record::REVIEWED`]), the date of its first review is set, and the review then
//! stands in My work ([`due`]). The first comes after the shortest of the intervals, because
//! nobody has said yet which group it belongs to; each review names the group, which sets the
//! date of the next.
//!
//! Nothing is erased by the program alone: one person proposes, another approves, and the store
//! empties the record in the transaction of that approval ([`Record::erases`]). The review stays,
//! with the number of what was erased and no word of its content. With a case goes what is a part
//! of it ([`Record::part_of`]); refused while a thing that was seized for it is still held.
//!
//! Source: Police Information and Records Management Code of Practice, 2023; Data Protection Act
//! 2018 ss.39 and 47.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::exhibit::{self, Exhibit};
use super::sign::Signing;
use super::{
    Act, ActContext, AnyRecord, Detail, Erases, Facet, Head, Kind, Lines, Link, Need, Next, REASON,
    Record, Reviewed, Signed, Urgency, end_of, moment, months_after, uk_date,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;
use crate::settings::Settings;

states! {
    /// Where a review stands.
    Open = "open" => [Kept, ErasureProposed], "Somebody looks whether the record is still needed.";
    Kept = "kept" => [Open], "Still needed; looked at again on a date.";
    ErasureProposed = "erasure_proposed" => [Open, CarriedOut],
        "Not needed any more, as one person found; another decides.";
    CarriedOut = "carried_out" => [], "The record is erased; a hole stays in its place.";
}

choices! {
    /// How long the offences that a record is about are a reason to keep it.
    Group {
        One = "group_1", "Group 1: offences that risk the public most";
        Two = "group_2", "Group 2: other sexual, violent or serious offences";
        Three = "group_3", "Group 3: all other offences";
    }
}

impl Group {
    fn years(self, settings: &Settings) -> u32 {
        let retention = &settings.retention;
        match self {
            Self::One => retention.group_1_years.get(),
            Self::Two => retention.group_2_years.get(),
            Self::Three => retention.group_3_years.get(),
        }
    }
}

/// What is to be done about a record whose review is due.
pub const REVIEW: &str = "Review whether this is still needed";

/// The role of the link to the record that is reviewed.
pub const ROLE: &str = "reviewed";

/// The kinds that are reviewed, each with all that is a part of it.
const KINDS: &[Kind] = &[Kind::Subject, Kind::Package, Kind::Case];
const RECORD: Field = Field::required("record", "Record to review", Input::AnyOf(KINDS));

/// What must be done next with a finished record: nothing but its review, when that is due.
pub fn due(kind: Kind, head: &Head) -> Option<Next> {
    let reviewed = kind.reviewed()?;
    Some(next(reviewed, head.review_due?))
}

fn next(reviewed: Reviewed, due: Timestamp) -> Next {
    let what = REVIEW.to_owned();
    Next { role: reviewed.by, what, due: Some(due), urgency: Urgency::Low }
}

/// When a record that was finished at this moment is first reviewed.
pub(super) fn first(at: Timestamp, settings: &Settings) -> Timestamp {
    let years = [Group::One, Group::Two, Group::Three].map(|group| group.years(settings));
    after(at, years.into_iter().min().unwrap_or_default())
}

fn after(at: Timestamp, years: u32) -> Timestamp {
    end_of(months_after(uk_date(at), years.saturating_mul(12)))
}

/// A review.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RetentionReview {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The kind of the record that is reviewed.
    pub kind: Kind,
    /// It.
    pub record: Uuid,
    /// Its number, which tells nothing of it.
    pub number: String,
    /// The group, once a review named it.
    pub group: Option<Group>,
    /// When it is looked at again, where it is kept.
    pub again: Option<Timestamp>,
    /// What the last decision rests on.
    pub reason: Option<String>,
    /// Who proposed erasure.
    pub proposed: Option<Signed>,
    /// Who approved it.
    pub approved: Option<Signed>,
}

impl Record for RetentionReview {
    standing!();
    const KIND: Kind = Kind::RetentionReview;
    const SEALED: &'static [&'static str] = &["open", "kept", "erasure_proposed", "carried_out"];
    const FOUR_EYES: &'static [(&'static str, &'static str)] =
        &[("head.author", "approved.by"), ("proposed.by", "approved.by")];
    const SIGNINGS: &'static [Signing] = &[Signing {
        act: "erase",
        refuses: Some("refuse_erasure"),
        waits: &["erasure_proposed"],
        only: None,
        path: "approved.by",
    }];
    const CREATE: &'static [Field] = &[RECORD];
    const ACTS: &'static [Act] = &[
        Act {
            name: "keep",
            label: "Keep it until the next review",
            from: &["open"],
            fields: &[
                Field::required("group", "Group", Input::Choice(Group::CHOICES))
                    .hint("Sets the date of the next review"),
                REASON,
            ],
        },
        Act {
            name: "propose_erasure",
            label: "Propose to erase it",
            from: &["open"],
            fields: &[REASON],
        },
        Act {
            name: "refuse_erasure",
            label: "Do not erase it",
            from: &["erasure_proposed"],
            fields: &[REASON],
        },
        Act {
            name: "erase",
            label: "Approve, and erase it for good with all that hangs on it",
            from: &["erasure_proposed"],
            fields: &[REASON],
        },
        Act { name: "review_again", label: "Review it again", from: &["kept"], fields: &[] },
    ];

    fn title(&self) -> String {
        format!("Review of {} {}", self.kind.label().to_lowercase(), self.number)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Record", format!("{} {}", self.kind.label(), self.number))
            .each("Group", self.group.map(Group::label))
            .each("Next review", self.again.map(moment))
            .each("Reason of the last decision", &self.reason)
            .each("Erasure proposed by", &self.proposed)
            .each("Erasure approved by", &self.approved)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        vec![Link { role: ROLE, kind: self.kind, to: self.record }]
    }

    fn part_of(&self) -> Option<Link> {
        self.links().pop()
    }

    fn facets(&self) -> Vec<Facet> {
        self.group.map(|group| Facet::new("group", group.key())).into_iter().collect()
    }

    fn next(&self) -> Option<Next> {
        let reviewed = self.kind.reviewed()?;
        match self.state {
            State::Open => Some(next(reviewed, self.head.created)),
            State::Kept => Some(next(reviewed, self.again?)),
            State::ErasureProposed => Some(Next {
                role: Role::AuthorisingOfficer,
                what: "Approve or refuse that this record is erased".to_owned(),
                due: None,
                urgency: Urgency::Low,
            }),
            State::CarriedOut => None,
        }
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        match act {
            "propose_erasure" | "erase" => {
                let exhibits =
                    Need::LinkedTo { kind: Kind::Exhibit, role: "case", to: self.record };
                vec![Need::Record(self.kind, self.record), exhibits]
            }
            _ => Vec::new(),
        }
    }

    fn create_needs(fields: &Fields) -> Vec<Need> {
        let named = fields.any_record(RECORD.name);
        let reviews = |(_, to)| Need::LinkedTo { kind: Kind::RetentionReview, role: ROLE, to };
        named.map(reviews).into_iter().collect()
    }

    fn erases(&self, act: &str) -> Option<Erases> {
        (act == "erase").then_some(Erases { kind: self.kind, record: self.record })
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let record = context.related.any(context.fields, RECORD.name)?;
        finished(record)?;
        let (kind, id) = (record.kind(), record.head().id);
        let known = context.related.all::<Self>().find(|r| r.record == id && r.head.id != head.id);
        if let Some(known) = known {
            let problem = format!("is reviewed already: see {}", known.head.number);
            return Err(Refusal::field(RECORD.name, problem));
        }
        head.belong_to(RECORD.name, record.head())?;
        Ok(Self {
            state: State::Open,
            kind,
            record: id,
            number: record.head().number.clone(),
            group: None,
            again: None,
            reason: None,
            proposed: None,
            approved: None,
            head,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        match act {
            "keep" => {
                let group: Group = fields.choice("group")?;
                self.again = Some(after(context.at, group.years(context.settings)));
                self.group = Some(group);
                self.state = State::Kept;
            }
            "propose_erasure" => {
                self.still_finished(context)?;
                self.proposed = Some(Signed::now(context));
                self.state = State::ErasureProposed;
            }
            "refuse_erasure" => {
                self.proposed = None;
                self.state = State::Open;
            }
            "erase" => self.approve(context)?,
            "review_again" => (self.state, self.again) = (State::Open, None),
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.reason = fields.get("reason").map(str::to_owned).or(self.reason.take());
        Ok(())
    }
}

impl RetentionReview {
    fn approve(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let step = "the approval of the erasure";
        super::second_person(step, self.head.author, &self.head.author_name, context.by)?;
        self.proposed.as_ref().map_or(Ok(()), |proposed| proposed.differs(step, context.by))?;
        self.still_finished(context)?;
        self.approved = Some(Signed::now(context));
        self.head.approver = Some(context.by.id);
        self.state = State::CarriedOut;
        Ok(())
    }

    /// What was opened again since is worked on, and stays; so does the record of a thing that
    /// is still held.
    fn still_finished(&self, context: &ActContext<'_>) -> Result<(), Refusal> {
        use exhibit::State::{Destroyed, Forfeited, Returned, Wiped};
        let mut exhibits = context.related.all::<Exhibit>();
        let held = |e: &Exhibit| !matches!(e.state, Returned | Forfeited | Wiped | Destroyed);
        if let Some(held) = exhibits.find(|e| e.case.uuid() == self.record && held(e)) {
            let what = format!("the return or disposal of exhibit {}", held.reference);
            return Err(Refusal::missing(what, Role::OfficerInCase));
        }
        let gone = || Refusal::missing("a record that is not erased yet", None);
        finished(context.related.find(self.kind, self.record).ok_or_else(gone)?)
    }
}

fn finished(record: &AnyRecord) -> Result<(), Refusal> {
    match record.head().review_due {
        Some(_) => Ok(()),
        None => Err(Refusal::field(RECORD.name, "choose a record that is closed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::case::Case;
    use crate::record::testing::{World, at, fields};

    fn closed(world: &mut World) -> Case {
        let case = world.case();
        let closing = fields([("outcome", "no_further_action"), ("reason", "R")]);
        world.act(&case, "close", &closing).unwrap()
    }

    fn named(case: &Case) -> Fields {
        fields([("record", &*format!("case/{}", case.head.id))])
    }

    #[test]
    fn a_closed_case_is_due_for_review_after_the_shortest_interval_and_an_open_one_never() {
        let mut world = World::new();
        let open = world.case();
        assert_eq!((open.head.review_due, due(Kind::Case, &open.head)), (None, None));
        let case = closed(&mut world);
        let next = AnyRecord::from(case.clone()).next().unwrap();
        assert_eq!((next.role, next.due), (Role::DisclosureOfficer, case.head.review_due));
        assert_eq!(next.due, Some(at("2032-06-01T22:59:59Z")), "six years, group 3");
        let open = world.act(&case, "reopen", &fields([("reason", "R")])).unwrap();
        assert_eq!(open.head.review_due, None);
        assert!(world.try_create::<RetentionReview>(&named(&open)).is_err());
    }

    #[test]
    fn what_is_kept_is_reviewed_again_when_its_group_says() {
        let mut world = World::new();
        let case = closed(&mut world);
        let review: RetentionReview = world.create(&named(&case));
        let keep = fields([("group", "group_1"), ("reason", "Risk to the public")]);
        let kept = world.act(&review, "keep", &keep).unwrap();
        assert_eq!(kept.next().unwrap().due, Some(at("2036-06-01T22:59:59Z")));
        let again = world.act(&kept, "review_again", &fields([])).unwrap();
        assert_eq!(again.state, State::Open);
        let refusal = world.try_create::<RetentionReview>(&named(&case)).unwrap_err();
        assert!(refusal.to_string().contains(&review.head.number), "{refusal}");
    }

    #[test]
    fn erasure_wants_a_person_who_neither_opened_the_review_nor_proposed_it() {
        let mut world = World::new();
        let case = closed(&mut world);
        let review: RetentionReview = world.create(&named(&case));
        let why = fields([("reason", "Not needed any more")]);
        world.officer(2);
        let proposed = world.act(&review, "propose_erasure", &why).unwrap();
        for n in [1, 2] {
            world.officer(n);
            let refusal = world.act(&proposed, "erase", &why).unwrap_err();
            assert!(matches!(refusal, Refusal::SamePerson { .. }), "{n}: {refusal}");
        }
        world.officer(3);
        let done = world.act(&proposed, "erase", &why).unwrap();
        assert_eq!(done.head.approver, Some(world.by.id));
        let erases = proposed.erases("erase").unwrap();
        assert_eq!((erases.kind, erases.record), (Kind::Case, case.head.id));
        assert!(proposed.erases("refuse_erasure").is_none());
    }

    #[test]
    fn what_was_opened_again_since_is_not_erased() {
        let mut world = World::new();
        let case = closed(&mut world);
        let review: RetentionReview = world.create(&named(&case));
        let why = fields([("reason", "R")]);
        let proposed = world.act(&review, "propose_erasure", &why).unwrap();
        world.act(&case, "reopen", &why).unwrap();
        world.officer(2);
        let refusal = world.act(&proposed, "erase", &why).unwrap_err();
        assert!(refusal.to_string().contains("closed"), "{refusal}");
    }
}
