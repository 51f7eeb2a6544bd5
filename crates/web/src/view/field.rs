//! Forms drawn from the descriptions of fields in casework: the one place that knows how a
//! kind of input looks. A new act needs nothing here.

use pendeen_casework::force::FORCES;
use pendeen_casework::form::{Field, Fields, Input, Refusal};
use pendeen_casework::record::paper::DOCUMENT;

/// Choices of up to this many are radio buttons, of more a list to choose from.
const MOST_RADIOS: usize = 7;

/// A form ready to be shown.
#[derive(Debug, Clone)]
pub(crate) struct FormView {
    /// What the form is about, above the heading.
    pub caption: String,
    /// Where it is sent.
    pub action: String,
    /// Where one goes instead.
    pub back: String,
    /// What the button says.
    pub submit: String,
    /// What is sent along unseen.
    pub hidden: Vec<(&'static str, String)>,
    /// The fields in order.
    pub fields: Vec<FieldView>,
    /// What was refused.
    pub errors: Vec<FormError>,
    /// What others changed while the form was filled in.
    pub theirs: Vec<Theirs>,
}

/// What somebody else changed meanwhile, beside what was typed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Theirs {
    /// The field.
    pub label: &'static str,
    /// What it said when the form was opened.
    pub before: String,
    /// What it says now.
    pub now: String,
    /// Who changed it.
    pub by: String,
    /// What was typed into the form's field of that name, if it has one.
    pub mine: String,
}

impl FormView {
    /// How the form is sent: a file needs parts of its own.
    pub(crate) fn coding(&self) -> &'static str {
        if self.fields.iter().any(|field| field.widget == Widget::File) {
            "multipart/form-data"
        } else {
            "application/x-www-form-urlencoded"
        }
    }
}

/// One line of the error summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormError {
    /// The field it is about; empty if about none.
    pub field: String,
    /// What is wrong and what is wanted.
    pub text: String,
}

impl From<&Refusal> for FormError {
    fn from(refusal: &Refusal) -> Self {
        let field = match refusal {
            Refusal::Field { name, .. } => name.clone(),
            _ => String::new(),
        };
        let mut text = refusal.to_string();
        if let Some(first) = text.get(..1).map(str::to_uppercase) {
            text.replace_range(..1, &first);
        }
        Self { field, text }
    }
}

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct FieldView {
    /// Its name; also the id in the page.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its label, saying if it may stay empty.
    pub legend: String,
    /// A sentence that helps.
    pub hint: &'static str,
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// The ids of what describes it.
    pub described: String,
    /// How it is filled in.
    pub widget: Widget,
}

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Widget {
    /// One line: the HTML input type and a class for its width.
    Line(&'static str, &'static str),
    /// Several lines.
    Area,
    /// One of a few.
    Radios(Vec<Choice>),
    /// One of many.
    Select(Vec<Choice>),
    /// Yes or nothing.
    Tick,
    /// A file.
    File,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice, chosen if it is the `present` value.
    pub(crate) fn new(value: impl Into<String>, label: impl Into<String>, present: &str) -> Self {
        let value = value.into();
        Self { chosen: value == present, value, label: label.into() }
    }
}

/// A record offered in a form.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// The field it is offered in.
    pub field: &'static str,
    /// Its id.
    pub value: String,
    /// What names it.
    pub label: String,
}

impl FieldView {
    /// The fields as a person fills them in; what the program supplies is left out.
    /// `offers` holds the records for the record fields.
    pub(crate) fn all(
        spec: &[Field],
        typed: &Fields,
        offers: &[Offer],
        refusal: Option<&Refusal>,
    ) -> Vec<Self> {
        let shown = spec.iter().filter(|field| field.input != Input::System || **field == DOCUMENT);
        shown.map(|field| Self::one(field, typed, offers, refusal)).collect()
    }

    fn one(field: &Field, typed: &Fields, offers: &[Offer], refusal: Option<&Refusal>) -> Self {
        let typed = typed.get(field.name).unwrap_or_default();
        let error = match refusal {
            Some(Refusal::Field { name, problem, .. }) if name == field.name => {
                Some(problem.clone())
            }
            _ => None,
        };
        let mut described = Vec::new();
        if !field.hint.is_empty() {
            described.push(format!("{}-hint", field.name));
        }
        if error.is_some() {
            described.push(format!("{}-error", field.name));
        }
        Self {
            name: field.name,
            label: field.label,
            legend: if field.required {
                field.label.to_owned()
            } else {
                format!("{} (optional)", field.label)
            },
            hint: field.hint,
            value: typed.to_owned(),
            error: error.map(|problem| format!("{}: {problem}", field.label)),
            described: described.join(" "),
            widget: widget(field, typed, offers),
        }
    }
}

impl FieldView {
    /// The folder of an examination's results, which the program then reads and checks.
    pub(crate) fn folder(folders: &[String], typed: &Fields, refusal: Option<&Refusal>) -> Self {
        const FOLDER: Field = Field::required("folder", "Results", Input::Text)
            .hint("A folder that `pendeen examine` wrote into examinations in the data folder");
        let mut field = Self::one(&FOLDER, typed, &[], refusal);
        let choices = folders.iter().map(|name| Choice::new(&**name, &**name, &field.value));
        field.widget = Widget::Select(choices.collect());
        field
    }
}

fn widget(field: &Field, typed: &str, offers: &[Offer]) -> Widget {
    match field.input {
        Input::System if *field == DOCUMENT => Widget::File,
        Input::Text | Input::System => Widget::Line("text", ""),
        Input::LongText => Widget::Area,
        Input::Date => Widget::Line("date", "govuk-input--width-10"),
        Input::Moment => Widget::Line("datetime-local", "govuk-input--width-20"),
        Input::Count => Widget::Line("number", "govuk-input--width-5"),
        Input::Tick => Widget::Tick,
        Input::Choice(options) => choose(
            options.iter().map(|(value, label)| Choice::new(*value, *label, typed)).collect(),
        ),
        Input::Force => Widget::Select(
            FORCES.iter().map(|force| Choice::new(force.key.as_str(), force.name, typed)).collect(),
        ),
        Input::Record(_) | Input::AnyOf(_) | Input::Person => {
            let ours = offers.iter().filter(|offer| offer.field == field.name);
            Widget::Select(ours.map(|o| Choice::new(&*o.value, &*o.label, typed)).collect())
        }
    }
}

fn choose(options: Vec<Choice>) -> Widget {
    if options.len() <= MOST_RADIOS { Widget::Radios(options) } else { Widget::Select(options) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: [Field; 3] = [
        Field::required("reason", "Reason", Input::LongText).hint("In a sentence"),
        Field::optional("force", "Force", Input::Force),
        Field::required("bundle", "Bundle", Input::System),
    ];

    #[test]
    fn a_refused_field_keeps_what_was_typed_and_is_described_by_hint_and_error() {
        let typed: Fields = [("reason", "too short"), ("force", "PSNI")].into_iter().collect();
        let refusal = Refusal::Field {
            name: "reason".into(),
            label: "Reason".into(),
            problem: "say why".into(),
        };
        let fields = FieldView::all(&SPEC, &typed, &[], Some(&refusal));
        assert_eq!(fields.len(), 2, "what the program supplies is not shown");
        assert_eq!(fields[0].value, "too short");
        assert_eq!(fields[0].error.as_deref(), Some("Reason: say why"));
        assert_eq!(fields[0].described, "reason-hint reason-error");
        let Widget::Select(forces) = &fields[1].widget else { panic!("forces are a list") };
        assert_eq!(forces.len(), 45);
        assert_eq!(forces.iter().find(|f| f.chosen).map(|f| f.value.as_str()), Some("PSNI"));
        assert_eq!(FormError::from(&refusal).text, "Reason: say why");
    }
}
