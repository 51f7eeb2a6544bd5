//! A world of records that grows by random acts, with the answers that forms ask for.
//!
//! An act is given exactly the records that its fields and needs name, as the store does, so
//! that a rule which reads what it did not ask for is found out.

use jiff::{Timestamp, ToSpan};
use pendeen_casework::force::ForceKey;
use pendeen_casework::form::{Field, Fields, Input, Refusal};
use pendeen_casework::person::{Knows, Person, PersonId};
use pendeen_casework::record::{Act, ActContext, AnyRecord, Head, Kind, Need, Related, common};
use pendeen_casework::settings::Settings;
use uuid::Uuid;

/// A small deterministic source of choices (PCG-like; quality does not matter here).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

pub fn officer(n: usize, force: Option<&str>) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n as u128 + 1)),
        name: format!("Officer {n}"),
        roles: [].into(),
        force: force.and_then(ForceKey::parse),
        knows: Knows::default(),
    }
}

pub struct World {
    pub records: Vec<AnyRecord>,
    pub dice: Dice,
    pub now: Timestamp,
    fresh: u128,
    settings: Settings,
}

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

impl World {
    /// A world that went on until it held a record of every kind.
    pub fn of_every_kind(seed: u64) -> Self {
        let mut world = Self::new(seed);
        let missing = |world: &Self| {
            Kind::ALL.iter().find(|kind| !world.records.iter().any(|r| r.kind() == **kind))
        };
        for _ in 0..500 {
            for _ in 0..100 {
                world.step();
            }
            if missing(&world).is_none() {
                return world;
            }
        }
        panic!("no {:?} came into being", missing(&world));
    }

    pub fn new(seed: u64) -> Self {
        Self {
            records: Vec::new(),
            dice: Dice::new(seed),
            now: "2026-06-01T09:00:00Z".parse().unwrap(),
            fresh: 1000,
            settings: Settings::default(),
        }
    }

    /// Makes a record of this kind, if the rules allow it with what is there.
    pub fn create(&mut self, kind: Kind) -> Result<AnyRecord, Refusal> {
        self.fresh += 1;
        let by = self.somebody();
        let fields = self.fill(kind.create_fields());
        let head = Head::new(kind, Uuid::from_u128(self.fresh), &by, self.now);
        let related = self.related(kind.create_fields(), &fields, &[]);
        let record = AnyRecord::create(kind, head, &self.context(&fields, &related, &by))?;
        self.records.push(record.clone());
        Ok(record)
    }

    /// Does an act to the record at `index`, if the rules allow it.
    pub fn perform(&mut self, index: usize, act: &Act) -> Result<AnyRecord, Refusal> {
        let record = self.records[index].clone();
        let by = self.somebody();
        let mut fields = self.fill(act.fields);
        if self.dice.below(2) == 0 {
            fields = self.agreeing(&record, act, &fields);
        }
        let related = self.related(act.fields, &fields, &record.needs(act.name));
        let after = record.perform(act.name, &self.context(&fields, &related, &by))?;
        self.records[index] = after.clone();
        Ok(after)
    }

    /// A random step: mostly an act that the record's state allows, some new records; an hour
    /// passes. Gives the record before and after an act that was done.
    pub fn step(&mut self) -> Option<(AnyRecord, AnyRecord)> {
        self.now = self.now.checked_add(1.hours()).unwrap();
        if self.records.is_empty() || self.dice.below(3) == 0 {
            // Mostly what the flow is made of, so that it is walked to its end.
            let flow = Kind::ALL.iter().position(|kind| *kind == Kind::Nominal).unwrap();
            let among = if self.dice.below(3) == 0 { Kind::ALL } else { &Kind::ALL[..flow] };
            let kind = *self.dice.pick(among).unwrap();
            let _ = self.create(kind);
            return None;
        }
        let index = self.dice.below(self.records.len());
        let before = self.records[index].clone();
        // Mostly the kind's own acts: those that every kind knows lead nowhere in the flow.
        let own_only = self.dice.below(8) > 0;
        let possible: Vec<_> = (before.kind().acts().iter())
            .filter(|act| act.from.contains(&before.state()))
            .filter(|act| !own_only || common::asks(act.name).is_none())
            .collect();
        let act = self.dice.pick(&possible)?;
        Some((before, self.perform(index, act).ok()?))
    }

    /// Puts about half of the records into any state of their kind, as if long work had led there.
    pub fn scramble(&mut self) {
        for index in 0..self.records.len() {
            let kind = self.records[index].kind();
            let state = self.dice.pick(kind.states()).unwrap().key;
            if self.dice.below(2) == 0 {
                let mut body = self.records[index].to_json().unwrap();
                body["state"] = state.into();
                self.records[index] = AnyRecord::from_json(kind, body).unwrap();
            }
        }
    }

    /// Does an act with one field answered as given; only that nothing panics is of interest.
    pub fn try_with(&mut self, record: &AnyRecord, act: &Act, name: &str, answer: &str) {
        let filled = self.fill(act.fields);
        let fields: Fields = filled.iter().chain([(name, answer)]).collect();
        let by = self.somebody();
        let related = self.related(act.fields, &fields, &record.needs(act.name));
        if let Ok(after) = record.perform(act.name, &self.context(&fields, &related, &by)) {
            let _ = (after.title(), after.details(), after.facets(), after.next());
        }
    }

    /// Likewise for a new record.
    pub fn try_create_with(&mut self, kind: Kind, name: &str, answer: &str) {
        let filled = self.fill(kind.create_fields());
        let fields: Fields = filled.iter().chain([(name, answer)]).collect();
        let by = self.somebody();
        let head = Head::new(kind, Uuid::from_u128(1), &by, self.now);
        let related = self.related(kind.create_fields(), &fields, &[]);
        if let Ok(record) = AnyRecord::create(kind, head, &self.context(&fields, &related, &by)) {
            let _ = (record.title(), record.details(), record.facets(), record.next());
        }
    }

    fn context<'a>(
        &'a self,
        fields: &'a Fields,
        related: &'a Related,
        by: &'a Person,
    ) -> ActContext<'a> {
        ActContext { fields, related, by, at: self.now, settings: &self.settings }
    }

    fn somebody(&mut self) -> Person {
        let force = (self.dice.below(4) > 0).then_some("E23000035");
        officer(self.dice.below(5), force)
    }

    fn related(&self, spec: &[Field], fields: &Fields, needs: &[Need]) -> Related {
        let named = spec.iter().filter_map(|field| match field.input {
            Input::Record(kind) => Some(Need::Record(kind, fields.record(field.name).ok()?)),
            Input::AnyOf(_) => {
                let (kind, id) = fields.any_record(field.name).ok()?;
                Some(Need::Record(kind, id))
            }
            _ => None,
        });
        let wanted: Vec<_> = named.chain(needs.iter().copied()).collect();
        let meets = |record: &&AnyRecord| {
            wanted.iter().any(|need| match *need {
                Need::Record(kind, id) => record.kind() == kind && record.head().id == id,
                Need::LinkedTo { kind, role, to } => {
                    record.kind() == kind
                        && record.links().iter().any(|link| link.role == role && link.to == to)
                }
            })
        };
        let colleagues = (0..5).map(|n| officer(n, Some("E23000035"))).collect();
        Related::new(self.records.iter().filter(meets).cloned().collect()).with_people(colleagues)
    }

    /// Plausible answers; optional fields are left empty now and then.
    pub fn fill(&mut self, spec: &[Field]) -> Fields {
        // Few records are restricted: what names two circles cannot be made.
        let skip = |world: &mut Self, field: &Field| match (field.required, field.name) {
            (true, _) => false,
            (false, "circle") => world.dice.below(20) > 0,
            (false, _) => world.dice.below(3) == 0,
        };
        let mut answers = Vec::new();
        for field in spec {
            if !skip(self, field) {
                answers.push((field.name, self.answer(field)));
            }
        }
        answers.into_iter().collect()
    }

    fn answer(&mut self, field: &Field) -> String {
        let past = self.now.checked_sub(1.hours()).unwrap().to_string();
        match field.input {
            Input::Text | Input::LongText => text(field.name).to_owned(),
            Input::Date => self.now.to_string()[..10].to_owned(),
            Input::Moment if field.name == "returns" => {
                self.now.checked_add(24.hours()).unwrap().to_string()
            }
            Input::Moment => past,
            Input::Count => "2".to_owned(),
            Input::Choice(values) => self.dice.pick(values).unwrap().0.to_owned(),
            Input::Force => "E23000035".to_owned(),
            Input::Record(kind) => {
                let ids: Vec<_> =
                    self.records.iter().filter(|r| r.kind() == kind).map(|r| r.head().id).collect();
                self.dice.pick(&ids).copied().unwrap_or_default().to_string()
            }
            Input::AnyOf(kinds) => {
                let all = self.records.iter().filter(|r| kinds.contains(&r.kind()));
                let ids: Vec<_> =
                    all.map(|r| format!("{}/{}", r.kind().key(), r.head().id)).collect();
                self.dice.pick(&ids).cloned().unwrap_or_default()
            }
            Input::Person => officer(self.dice.below(5), Some("E23000035")).id.0.to_string(),
            Input::Tick => ["yes", ""][self.dice.below(2)].to_owned(),
            Input::System => match field.name {
                "as_at" => past,
                "gaps" | "known_hits" => self.dice.below(2).to_string(),
                "items" | "size" => "10".to_owned(),
                "figures" => r#"{"arrests":{"count":22}}"#.to_owned(),
                "selectors" => r#"[{"kind":"email","value":"a@example.org"}]"#.to_owned(),
                "folder" | "tool_version" => "pendeen".to_owned(),
                _ => DIGEST.to_owned(),
            },
        }
    }

    /// Answers that agree with what the record says, where random ones hardly ever would.
    fn agreeing(&self, record: &AnyRecord, act: &Act, fields: &Fields) -> Fields {
        let (id, links) = (record.head().id, record.links());
        let leads_here = |r: &&AnyRecord| r.links().iter().any(|link| link.to == id);
        let agreed = act.fields.iter().filter_map(|field| {
            let value = match (field.name, field.input) {
                (name, Input::Record(kind)) => {
                    let linked = links.iter().find(|l| l.role == name).map(|l| l.to);
                    let of_kind = self.records.iter().filter(|r| r.kind() == kind);
                    linked.or(of_kind.rev().find(leads_here).map(|r| r.head().id))?.to_string()
                }
                ("seal", _) => "S1".to_owned(),
                ("port", _) => "2".to_owned(),
                _ => return None,
            };
            Some((field.name, value))
        });
        let own = fields.iter().map(|(name, value)| (name, value.to_owned()));
        own.chain(agreed).collect()
    }
}

fn text(name: &str) -> &'static str {
    match name {
        "address" => "203.0.113.7",
        "time" => "2026-05-01T10:00:00",
        "zone" => "UTC",
        "postcode" => "PL1 1AA",
        "reference" => "ABC/1",
        "seal" => "S1",
        "agency" => "E06000026",
        "digest" => DIGEST,
        _ => "Words",
    }
}
