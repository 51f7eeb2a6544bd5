//! The sentence or two that say what a report is about.
//!
//! In: the few elements of a report that are words for a person. Out: one line of text, each
//! part cut with a sign if it is long; the original has it whole.

use crate::report::Report;

/// Longest part of a summary that is taken from one element, in characters.
const SUMMARY_CHARS: usize = 600;

/// Most parts of one kind.
const PARTS: usize = 20;

/// The sentences from which a summary is made.
#[derive(Default)]
pub(crate) struct Summary {
    /// What kind of incident.
    pub(crate) kind: Option<String>,
    /// On which platform.
    pub(crate) platform: Option<String>,
    /// Why priority is asked.
    pub(crate) priority: Option<String>,
    /// What the reporter marked it as.
    pub(crate) annotations: Vec<String>,
    /// Free text.
    pub(crate) information: Vec<String>,
}

impl Summary {
    /// Whether the report has no words of its own.
    pub(crate) fn is_empty(&self) -> bool {
        self.kind.is_none()
            && self.platform.is_none()
            && self.priority.is_none()
            && self.annotations.is_empty()
            && self.information.is_empty()
    }

    /// The summary; counts where there are no words.
    pub(crate) fn text(&self, report: &Report) -> String {
        let mut sentences: Vec<String> = self.kind.iter().map(|kind| sentence(kind)).collect();
        sentences.extend(self.platform.iter().map(|p| sentence(&format!("Platform: {p}"))));
        sentences.extend(self.information.iter().take(PARTS).map(|text| sentence(text)));
        if !self.annotations.is_empty() {
            sentences.push(sentence(&format!(
                "Marked by the reporter: {}",
                self.annotations.iter().take(PARTS).cloned().collect::<Vec<_>>().join(", ")
            )));
        }
        sentences.extend(self.priority.iter().map(|p| sentence(&format!("Priority asked: {p}"))));
        if sentences.is_empty() {
            sentences.push(format!(
                "A report without a description: {} identifiers, {} observations, {} file digests.",
                report.selectors.len(),
                report.observations.len(),
                report.media.len()
            ));
        }
        sentences.join(" ")
    }
}

/// A text as a sentence: one line, cut with a sign if it is long, with a full stop.
fn sentence(text: &str) -> String {
    let text = cut(text, SUMMARY_CHARS);
    if text.ends_with(['.', '!', '?', ':', ']']) { text } else { format!("{text}.") }
}

/// A text on one line, cut with a sign if it has more characters than `limit`.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{} […]", &line[..end]),
        None => line,
    }
}
