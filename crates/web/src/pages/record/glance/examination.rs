//! What an examination found, in numbers, and the way to its items.

use pendeen_casework::record::Kind;
use pendeen_casework::record::examination::Examination;

use crate::app::App;
use crate::view::{Anchor, Count, record_address};
use crate::{examinations, text};

/// The numbers of one examination.
#[derive(Debug, Clone)]
pub(crate) struct Totals {
    /// The main ones.
    pub counts: Vec<Count>,
    /// Where the items are.
    pub items: Anchor,
    /// What was examined and how.
    pub sources: Vec<String>,
    /// Items by origin and by media type: what, how many.
    pub kinds: Vec<(String, String)>,
}

/// The numbers, once there are tables that can be read.
pub(super) async fn totals(app: &App, examination: &Examination) -> Option<Totals> {
    let outcome = examination.outcome.as_ref()?;
    let record = match examinations::summary(app, &outcome.folder).await {
        Ok(record) => record,
        Err(error) => {
            tracing::info!(%error, folder = outcome.folder, "no tables to show");
            return None;
        }
    };
    let counts = &record.counts;
    let page = record_address(Kind::Examination, examination.head.id);
    let of = |what: &str, amount: &u64| (text::words(what), text::count(*amount));
    let media = counts.by_media_type.iter().map(|(media, amount)| {
        (
            if media.is_empty() { "Not recognised".to_owned() } else { media.clone() },
            text::count(*amount),
        )
    });
    Some(Totals {
        counts: vec![
            Count::new(counts.items, format!("items, {}", text::bytes(counts.bytes))),
            Count::alarm(counts.known, "on a known list"),
            Count::new(counts.by_origin.get("deleted").copied().unwrap_or(0), "deleted, recovered"),
            Count::new(counts.gaps, "gaps: could not be read"),
        ],
        items: Anchor::new("Look at the items", format!("{page}/items")),
        sources: record
            .sources
            .iter()
            .map(|source| source.path.file_name().unwrap_or(source.path.as_os_str()))
            .map(|name| name.to_string_lossy().into_owned())
            .collect(),
        kinds: counts.by_origin.iter().map(|(k, n)| of(k, n)).chain(media).collect(),
    })
}
