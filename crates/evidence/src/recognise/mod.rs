//! Says what a volume holds that no reader here can open: by signature, and where there is none
//! by how even its bytes are.
//!
//! In: a volume. Out: words for its gap, such as "an XFS file system (label \"data\"); nothing
//! here reads it"; none where nothing is known of it. Only a few places are read, whatever the
//! volume says of itself; nothing is unlocked and nothing is tried.

mod encrypted;
mod file_system;
mod noise;
mod part;
mod shadow;
mod view;

use crate::image::Image;
use crate::volume::Volume;
pub use shadow::{ShadowCopies, shadow_copies};
use view::View;

/// What a volume holds, in words; none where nothing is known of it.
pub fn volume(image: &dyn Image, volume: &Volume) -> Option<String> {
    let view = View::new(image, volume);
    encrypted::recognise(&view)
        .map(|what| format!("it is encrypted with {what}; its files were not read"))
        .or_else(|| {
            let what = file_system::recognise(&view)?;
            Some(format!("it holds {what}, which nothing here reads; its files were not listed"))
        })
        .or_else(|| part::recognise(&view))
        .or_else(|| noise::recognise(&view))
}

/// `(label "x", UUID y)`, without what is empty; nothing where all is.
fn facts(facts: &[(&str, String)]) -> String {
    let told: Vec<String> = facts
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(
            |(name, value)| if name.is_empty() { value.clone() } else { format!("{name} {value}") },
        )
        .collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

/// A name as evidence spells it, in quotation marks; nothing where it is empty.
fn quoted(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!("{:?}", name.chars().take(64).collect::<String>())
    }
}

/// A UUID as Linux writes it; nothing where it is all zeros.
fn uuid(bytes: Option<[u8; 16]>) -> String {
    let Some(bytes) = bytes.filter(|bytes| *bytes != [0; 16]) else { return String::new() };
    let dash = |at: usize| if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
    bytes.iter().enumerate().map(|(at, byte)| format!("{}{byte:02x}", dash(at))).collect()
}
