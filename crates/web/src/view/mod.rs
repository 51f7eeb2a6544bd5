//! What templates show, ready in words: made from records, holding no rules.

mod field;
pub(crate) mod record;
mod tag;

pub(crate) use field::{Choice, FieldView, FormError, FormView, Offer, Theirs, Widget};
pub(crate) use record::{Event, Group, RecordView, Row, filled, record_address};
pub(crate) use tag::Tag;

use crate::text;

/// One figure at the top of a page.
#[derive(Debug, Clone)]
pub(crate) struct Count {
    number: u64,
    /// The figure, grouped.
    pub amount: String,
    /// What it counts.
    pub words: String,
    /// Whether it asks for attention.
    pub alarm: bool,
}

impl Count {
    /// A plain figure.
    pub(crate) fn new(amount: u64, words: impl Into<String>) -> Self {
        Self { number: amount, amount: text::count(amount), words: words.into(), alarm: false }
    }

    /// A figure that asks for attention unless it is zero.
    pub(crate) fn alarm(amount: u64, words: impl Into<String>) -> Self {
        Self { alarm: amount > 0, ..Self::new(amount, words) }
    }

    /// The same of what is counted as lists are: past that, it says that there is more.
    pub(crate) fn counted(self) -> Self {
        Self { amount: text::total(self.number), ..self }
    }
}

/// A link with its words.
#[derive(Debug, Clone)]
pub(crate) struct Anchor {
    /// The words.
    pub text: String,
    /// The address.
    pub href: String,
}

impl Anchor {
    /// A link.
    pub(crate) fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }
}

/// Where the pages before and after this one are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages {
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// Such as `101 to 200 of 5,000`.
    pub words: String,
}

impl Pages {
    /// The pages around `page` (from 1) of `total` rows, `size` to a page; `address` is the
    /// list's own with its filters, to which the page's number is added.
    pub(crate) fn new(address: &str, page: u64, size: u64, total: u64) -> Self {
        let glue = if address.contains('?') { '&' } else { '?' };
        let to = |page: u64| format!("{address}{glue}page={page}");
        let first = (page - 1).saturating_mul(size) + 1;
        let last = page.saturating_mul(size).min(total);
        Self {
            previous: (page > 1).then(|| to(page - 1)),
            next: (last < total).then(|| to(page + 1)),
            words: format!(
                "{} to {} of {}",
                text::count(first),
                text::count(last),
                text::total(total)
            ),
        }
    }
}
