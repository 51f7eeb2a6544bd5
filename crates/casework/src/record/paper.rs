//! A document kept with the work, such as a court's order, a letter or a set of minutes, with
//! its versions.
//!
//! States: kept -> withdrawn -> kept again. Each version is a stored document under its SHA-256;
//! the program supplies digest, size and type, and takes the type from the first bytes, never
//! from the name. The name that the file had is kept as text alone: nothing opens or writes a
//! file by it. An earlier version stays readable, and so does a withdrawn document: withdrawing
//! says that nobody should rely on it any more.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Act, ActContext, Detail, Facet, Head, Kind, Lines, Link, Next, REASON, Record, Signed,
};
use crate::form::{Field, Input, Refusal};

states! {
    /// Where a document stands.
    Kept = "kept" => [Withdrawn], "To be relied on.";
    Withdrawn = "withdrawn" => [Kept], "Not to be relied on any more, with a reason.";
}

choices! {
    /// What sort of document.
    Sort {
        Letter = "letter", "Letter or e-mail";
        CourtOrder = "court_order", "Order or warrant of a court";
        Statement = "statement", "Statement";
        Minutes = "minutes", "Minutes of a meeting";
        Form = "form", "Form";
        Report = "report", "Report";
        Plan = "plan", "Plan or risk assessment";
        Other = "other", "Other";
    }
}

/// The records with which a document can be kept.
const ON: &[Kind] = &[
    Kind::Operation,
    Kind::Referral,
    Kind::AttributionRequest,
    Kind::Subject,
    Kind::Package,
    Kind::Case,
    Kind::Premises,
    Kind::Warrant,
    Kind::Search,
    Kind::Arrest,
    Kind::Charge,
    Kind::Exhibit,
    Kind::Examination,
    Kind::Child,
    Kind::Notification,
    Kind::Nominal,
    Kind::Event,
    Kind::Action,
];

/// The digest of the file that was sent; a page shows a file field in its place.
pub const DOCUMENT: Field = Field::required("document", "File", Input::System);
/// Its type by its first bytes.
pub const MEDIA_TYPE: Field = Field::required("media_type", "Type", Input::System);
/// Its size in bytes.
pub const SIZE: Field = Field::required("size", "Size in bytes", Input::System);
/// What the file was called where it came from.
pub const FILE_NAME: Field = Field::optional("file_name", "Name of the file", Input::System);
const NOTE: Field = Field::optional("note", "About this version", Input::LongText);

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// SHA-256 of its bytes.
    pub document: String,
    /// Type by its first bytes, such as `application/pdf`.
    pub media_type: String,
    /// Size in bytes.
    pub size: u32,
    /// What the file was called: text alone.
    pub file_name: Option<String>,
    /// About this version.
    pub note: Option<String>,
    /// Added by whom, when.
    pub signed: Signed,
}

/// A document with its versions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Paper {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The kind of record that it is kept with.
    pub on_kind: Kind,
    /// The record that it is kept with.
    pub on: Uuid,
    /// What it is called.
    pub title: String,
    /// What sort of document.
    pub sort: Sort,
    /// Its versions, oldest first; at least one.
    pub versions: Vec<Version>,
    /// Why it was withdrawn or kept again.
    pub reason: Option<String>,
}

impl Record for Paper {
    standing!();
    const KIND: Kind = Kind::Paper;
    const CREATE: &'static [Field] = &[
        Field::required("on", "Kept with", Input::AnyOf(ON)),
        Field::required("title", "What it is called", Input::Text)
            .hint("Do not name a child: whoever may see documents of this work sees the title"),
        Field::required("sort", "What sort of document", Input::Choice(Sort::CHOICES)),
        NOTE,
        DOCUMENT,
        MEDIA_TYPE,
        SIZE,
        FILE_NAME,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "add_version",
            label: "Add a new version",
            from: &["kept"],
            fields: &[NOTE, DOCUMENT, MEDIA_TYPE, SIZE, FILE_NAME],
        },
        Act { name: "withdraw", label: "Withdraw", from: &["kept"], fields: &[REASON] },
        Act { name: "reopen", label: "Keep again", from: &["withdrawn"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        self.title.clone()
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("What it is called", &self.title)
            .line("What sort of document", self.sort)
            .each("Version", self.versions.iter().enumerate().map(|(i, v)| v.line(i + 1)))
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        vec![Link { role: "on", kind: self.on_kind, to: self.on }]
    }

    fn part_of(&self) -> Option<Link> {
        self.links().into_iter().next()
    }

    fn facets(&self) -> Vec<Facet> {
        vec![Facet::new("sort", self.sort.key()), Facet::new("kept_with", self.on_kind.key())]
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        let on = context.related.any(fields, "on")?;
        head.belong_to("on", on.head())?;
        Ok(Self {
            head,
            state: State::Kept,
            on_kind: on.kind(),
            on: on.head().id,
            title: fields.text("title")?,
            sort: fields.choice("sort")?,
            versions: vec![Version::read(context)?],
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_version" => self.add_version(context)?,
            "withdraw" => self.state = State::Withdrawn,
            "reopen" => self.state = State::Kept,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.reason = context.fields.get("reason").map(str::to_owned).or(self.reason.take());
        Ok(())
    }
}

impl Paper {
    fn add_version(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let version = Version::read(context)?;
        if self.versions.last().is_some_and(|last| last.document == version.document) {
            return Err(Refusal::field("document", "this file is the present version already"));
        }
        self.versions.push(version);
        Ok(())
    }
}

impl Version {
    fn read(context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        Ok(Self {
            document: fields.digest("document")?,
            media_type: fields.text("media_type")?,
            size: fields.count("size")?,
            file_name: fields.get("file_name").map(str::to_owned),
            note: fields.get("note").map(str::to_owned),
            signed: Signed::now(context),
        })
    }

    fn line(&self, number: usize) -> String {
        let called = self.file_name.as_ref().map(|name| format!(", from {name}"));
        let note = self.note.as_ref().map(|note| format!("\n{note}"));
        format!(
            "{number}: {}, {} bytes{}, {}{}",
            self.media_type,
            self.size,
            called.unwrap_or_default(),
            self.signed,
            note.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Fields;
    use crate::record::testing::{World, fields};

    fn file(digit: &str) -> Fields {
        fields([
            ("document", &*digit.repeat(64)),
            ("media_type", "application/pdf"),
            ("size", "1200"),
            ("file_name", "../../order.pdf"),
        ])
    }

    #[test]
    fn every_version_of_a_document_stays_named_and_a_withdrawn_one_gets_none() {
        let mut world = World::new();
        let on = format!("case/{}", world.case().head.id);
        let about = [("on", &*on), ("title", "Order"), ("sort", "court_order")];
        let first = file("a");
        let first: Fields = first.iter().chain(about).collect();
        let paper: Paper = world.create(&first);
        assert!(world.act(&paper, "add_version", &file("a")).is_err(), "the same file again");
        let paper = world.act(&paper, "add_version", &file("b")).unwrap();
        let documents: Vec<_> = paper.versions.iter().map(|v| v.document.clone()).collect();
        assert_eq!(documents, ["a".repeat(64), "b".repeat(64)]);
        let reason = fields([("reason", "Superseded by the court")]);
        let paper = world.act(&paper, "withdraw", &reason).unwrap();
        assert!(world.act(&paper, "add_version", &file("c")).is_err());
        assert_eq!(paper.versions.len(), 2, "and nothing of it is lost");
    }

    #[test]
    fn a_document_without_a_file_is_refused_and_the_file_is_named() {
        let mut world = World::new();
        let on = format!("case/{}", world.case().head.id);
        let bare = fields([("on", &*on), ("title", "Order"), ("sort", "letter")]);
        let refusal = world.try_create::<Paper>(&bare).unwrap_err();
        assert!(matches!(refusal, Refusal::Field { label, .. } if label == "File"));
    }
}
