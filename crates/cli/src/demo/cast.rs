//! Who appears in the demo, and how far each story goes.

use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::person::Person;
use pendeen_casework::record::{Id, Kind};
use pendeen_intake::{Status, synthetic};
use pendeen_store::query::Query;

use super::people::People;
use super::story::{Cast, Story};
use super::walk::{Ref, Walk};
use super::{ExhibitFiles, SEED, step};
use crate::intake::Intake;

/// The whole way: from two referrals to bail and a protected child.
const ASH: Cast<'static> = Cast {
    name: "Adrian Ashdown",
    born: "1981-03-09",
    address: "14 Sandpiper Lane, Exmere",
    postcode: "EX99 1AA",
    force: "devon",
    band: "very_high",
    trust: Some("Helps with a youth swimming club."),
    rso: false,
};
/// Arrested and on bail; a child waits for protection.
const BRACKEN: Cast<'static> = Cast {
    name: "Bernard Bracken",
    born: "1975-11-30",
    address: "2 Mill Row, Fenwick St Mary",
    postcode: "LN99 2BB",
    force: "lincs",
    band: "high",
    trust: None,
    rso: true,
};
/// Arrested and charged.
const CLOVER: Cast<'static> = Cast {
    name: "Colin Clover",
    born: "1990-06-17",
    address: "88 Orchard Way, Bedwell",
    postcode: "MK99 3CC",
    force: "beds",
    band: "medium",
    trust: None,
    rso: false,
};
/// Sent to the force, not yet read there.
const FERN: Cast<'static> = Cast {
    name: "Felix Fern",
    born: "1985-10-04",
    address: "7 Tannery Yard, Bedwell",
    postcode: "MK99 5EE",
    force: "beds",
    band: "medium",
    trust: None,
    rso: false,
};
/// Drafted, waits for a second person.
const DOCK: Cast<'static> = Cast {
    name: "Dennis Dock",
    born: "1968-01-22",
    address: "5 Harbour Steps, Torwell",
    postcode: "TQ99 4DD",
    force: "devon",
    band: "low",
    trust: None,
    rso: false,
};

/// Plays every story.
pub async fn play(
    walk: &mut Walk<'_>,
    people: &People,
    folder: &Path,
    exhibit: &ExhibitFiles,
    now: Timestamp,
    scale: usize,
) -> Result<()> {
    step("the operation and its referrals");
    let coordinator = people.get("coordinator")?;
    let about = [
        ("name", "Operation Lantern (demo)"),
        ("purpose", "Find and protect children; a synthetic operation."),
    ];
    let operation = walk.make(coordinator, Kind::Operation, &about).await?;
    walk.operation = Some(Id::new(operation.id));
    let referrals = referrals(walk, people, folder).await?;
    step("five stories, three forces");
    ashdown(walk, people, folder, exhibit, &referrals, now).await?;
    walk.now = now - SignedDuration::from_hours(24 * 24);
    bracken(walk, people, folder, &referrals).await?;
    walk.now = now - SignedDuration::from_hours(24 * 30);
    clover(walk, people, folder, &referrals).await?;
    walk.now = now - SignedDuration::from_hours(24 * 12);
    fern(walk, people, folder, &referrals).await?;
    walk.now = now - SignedDuration::from_hours(24 * 6);
    dock(walk, people, &referrals).await?;
    walk.now = now - SignedDuration::from_hours(24 * 5);
    left_over(walk, people).await?;
    step("work outside the operation");
    walk.now = now - SignedDuration::from_hours(24 * 20);
    walk.operation = None;
    outside(walk, people).await?;
    walk.operation = Some(Id::new(operation.id));
    if scale > 0 {
        step(&match scale {
            1 => "45 forces: 660 arrests, 833 premises, 9,172 devices, from records".to_owned(),
            _ => format!("45 forces, {scale} times the published operation, from records"),
        });
        super::operation::play(walk, people, folder, now, scale).await?;
    }
    step("figures, approved and published");
    walk.now = now - SignedDuration::from_hours(24);
    publish(walk, people).await?;
    if scale > 0 {
        walk.wait(20);
        draft_release(walk, people.get("figures2")?, "Operation Lantern: figures of the next day")
            .await?;
    }
    Ok(())
}

/// Takes in the synthetic documents; answers with the reports' referrals in order.
async fn referrals(walk: &mut Walk<'_>, people: &People, folder: &Path) -> Result<Vec<Ref>> {
    let inbox = folder.join("referrals");
    std::fs::create_dir_all(&inbox)?;
    let by = people.get("intel")?;
    let mut made = Vec::new();
    for sample in synthetic::referrals(SEED, 12) {
        let path = inbox.join(&sample.name);
        std::fs::write(&path, &sample.bytes)
            .with_context(|| format!("writing {}", path.display()))?;
        let intake = Intake {
            store: walk.store,
            ids: walk.ids,
            by,
            operation: walk.operation,
            simulated: walk.simulated,
        };
        walk.now += SignedDuration::from_mins(20);
        let outcome = intake.take_in(&sample.name, sample.bytes, walk.now).await?;
        if outcome.status == Status::Accepted {
            let number = outcome.referral.context("an accepted document has a referral")?;
            let found = walk.store.find_by_number(by, &number, None, walk.now).await?;
            let found = found.with_context(|| format!("the referral {number} cannot be seen"))?;
            made.push(Ref { kind: Kind::Referral, id: found.head().id });
        }
    }
    if made.len() < 12 {
        bail!("only {} of the demo's documents became referrals", made.len());
    }
    Ok(made)
}

async fn ashdown(
    walk: &mut Walk<'_>,
    people: &People,
    folder: &Path,
    exhibit: &ExhibitFiles,
    referrals: &[Ref],
    now: Timestamp,
) -> Result<()> {
    let mut story = Story { walk, people, cast: &ASH };
    let (premises, package) = story.until_sent(&[referrals[0], referrals[4]], folder).await?;
    let case = story.open_case(package).await?;
    let search = story.search(case, premises).await?;
    story.arrest(case, 40).await?;
    let child = story.child(case, "A member of the youth club", "11", true).await?;
    story.protect(child).await?;
    story.notify(case).await?;
    let disk = story.seize(case, search, 1, "usb_storage", "USB stick, 32 MB, blue").await?;
    story.seize(case, search, 2, "laptop", "Laptop, grey").await?;
    story.seize(case, search, 3, "phone", "Phone, cracked screen").await?;
    step("a real examination of the disk image");
    let examination = story.examine(disk, folder, exhibit).await?;
    story.grade(examination, folder).await?;
    story.walk.now = story.walk.now.max(now - SignedDuration::from_hours(24 * 9));
    story.tell_result(package).await
}

async fn bracken(
    walk: &mut Walk<'_>,
    people: &People,
    folder: &Path,
    referrals: &[Ref],
) -> Result<()> {
    let mut story = Story { walk, people, cast: &BRACKEN };
    let (premises, package) = story.until_sent(&[referrals[1], referrals[5]], folder).await?;
    let case = story.open_case(package).await?;
    let search = story.search(case, premises).await?;
    story.arrest(case, 16).await?;
    story.seize(case, search, 1, "computer", "Desktop computer, black").await?;
    story.seize(case, search, 2, "hard_drive", "External drive, 2 TB").await?;
    story.child(case, "Child of the suspect's partner", "7", true).await?;
    Ok(())
}

async fn clover(
    walk: &mut Walk<'_>,
    people: &People,
    folder: &Path,
    referrals: &[Ref],
) -> Result<()> {
    let mut story = Story { walk, people, cast: &CLOVER };
    let (premises, package) = story.until_sent(&referrals[2..3], folder).await?;
    let case = story.open_case(package).await?;
    let search = story.search(case, premises).await?;
    let arrest = story.arrest(case, 21).await?;
    story.seize(case, search, 1, "phone", "Phone, black").await?;
    story.charge(arrest, package).await
}

async fn fern(
    walk: &mut Walk<'_>,
    people: &People,
    folder: &Path,
    referrals: &[Ref],
) -> Result<()> {
    let mut story = Story { walk, people, cast: &FERN };
    story.until_sent(&referrals[6..7], folder).await?;
    Ok(())
}

async fn dock(walk: &mut Walk<'_>, people: &People, referrals: &[Ref]) -> Result<()> {
    let mut story = Story { walk, people, cast: &DOCK };
    let subject = story.subject(&[referrals[3]]).await?;
    story.background(subject).await?;
    let event = story.event(referrals[3]).await?;
    story.request(&event, subject).await?;
    story.draft(subject).await?;
    Ok(())
}

/// One referral is closed as not actionable; the others wait for somebody.
async fn left_over(walk: &mut Walk<'_>, people: &People) -> Result<()> {
    let intel = people.get("intel")?;
    let query = Query { states: vec!["received".to_owned()], ..Query::of(Kind::Referral) };
    let rows = walk.store.list(intel, &query, walk.now).await?.rows;
    let row = rows.first().context("no referral of the demo waits")?;
    let referral = Ref { kind: Kind::Referral, id: row.id };
    let why = [(
        "reason",
        "The address belongs to a provider outside the United Kingdom; passed on through the liaison officer.",
    )];
    walk.act(intel, referral, "not_actionable", &why).await?;
    Ok(())
}

/// The figures are counted, approved by a second person, and published.
async fn publish(walk: &mut Walk<'_>, people: &People) -> Result<()> {
    let (first, second) = (people.get("figures")?, people.get("figures2")?);
    let release = draft_release(walk, first, "Operation Lantern: first figures").await?;
    walk.act(second, release, "approve", &[]).await?;
    walk.act(first, release, "publish", &[]).await?;
    Ok(())
}

/// The figures are counted for a release that waits for its approval.
async fn draft_release(walk: &mut Walk<'_>, by: &Person, name: &str) -> Result<Ref> {
    let (figures, digest) = walk.store.freeze(None, walk.now, Vec::new()).await?;
    let fields = [
        ("name", name),
        ("notes", "A synthetic operation; no person in it exists."),
        ("as_at", &*walk.now.to_string()),
        ("figures", &*figures),
        ("digest", &*digest),
    ];
    walk.make(by, Kind::FiguresRelease, &fields).await
}

/// A force's own case, which belongs to no operation.
async fn outside(walk: &mut Walk<'_>, people: &People) -> Result<()> {
    let cast = Cast {
        name: "Edwin Elder",
        born: "1959-08-02",
        address: "31 Quarry Hill, Okeford",
        postcode: "EX99 9ZZ",
        ..DOCK
    };
    let mut story = Story { walk, people, cast: &cast };
    story.own_case("Local report, Okeford", 40).await
}
