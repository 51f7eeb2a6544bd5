//! The demo's published figures: counted from its records, frozen with what each counts,
//! approved and published by a second person.

use anyhow::Result;
use pendeen_casework::figure::{Part, Scope};
use pendeen_casework::record::Kind;
use pendeen_store::Store;
use sha2::{Digest, Sha256};

use super::people::People;
use super::walk::Walk;

/// Drafts, approves and publishes a release of the figures as they stand.
pub async fn publish(walk: &mut Walk<'_>, people: &People) -> Result<()> {
    let (first, second) = (people.get("figures")?, people.get("figures2")?);
    let figures = counted(walk.store).await?.to_string();
    let digest = crate::image::hex(&Sha256::digest(&figures));
    let as_at = walk.now.to_string();
    let fields = [
        ("name", "Operation Lantern (demo): first figures"),
        ("notes", "A synthetic operation. Work outside the operation is counted apart."),
        ("as_at", &*as_at),
        ("figures", &*figures),
        ("digest", &*digest),
    ];
    let release = walk.make(first, Kind::FiguresRelease, &fields).await?;
    walk.wait(2);
    walk.act(second, release, "approve", &[]).await?;
    walk.act(second, release, "publish", &[]).await?;
    Ok(())
}

/// Every figure with its definition, inside and outside the operation.
async fn counted(store: &Store) -> Result<serde_json::Value> {
    let count = async |part| store.figures(&Scope { force: None, part }).await;
    let (inside, outside) = (count(Part::InsideAny).await?, count(Part::Outside).await?);
    let figures: serde_json::Map<_, _> = inside
        .into_iter()
        .zip(outside)
        .map(|((figure, inside), (_, outside))| {
            let frozen = serde_json::json!({
                "title": figure.title,
                "sentence": figure.sentence,
                "in_operation": inside,
                "outside_operation": outside,
            });
            (figure.key.to_owned(), frozen)
        })
        .collect();
    Ok(figures.into())
}
