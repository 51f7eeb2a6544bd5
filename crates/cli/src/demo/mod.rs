//! `pendeen demo`: a synthetic operation of 45 forces, walked as its people would walk it, with
//! one exhibit whose disk image this program really examines.
//!
//! Made in order: people, referral documents, a disk; a few stories told by hand ([`cast`]), then
//! the operation around them ([`operation`]), by the same stages ([`story`]). What no
//! person did is marked as simulated. The last thing written is `demo.json`: a folder without
//! it is an unfinished demo and is made anew.

mod cast;
mod disk;
mod operation;
mod people;
mod pictures;
mod sensitive;
mod story;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::ambient::Clock;
use pendeen_store::Store;

use crate::args::{Data, Demo, Serve};
use crate::system::SystemClock;
use crate::{Ended, data, output, serve, settings, witness};

/// Written last, so that an unfinished demo is known as such.
const FINISHED: &str = "demo.json";
/// Written first, so that nothing else is ever taken for an unfinished demo.
const BEGUN: &str = ".demo-begun";
/// What the demo sets for itself: whoever looks around in it has no case to name.
const SETTINGS: &str = "\
# What is not set here has its default: see docs/reference/settings.md.
[audit]
# Whether people are asked why they open a case. On by default; off here, to look around.
ask_justification = false
";
/// The seed of everything random in the demo.
const SEED: u64 = 2014;

/// Makes the operation unless it is there, and serves it unless told not to.
pub async fn run(args: &Demo) -> Result<Ended> {
    let place = Data::within(args.data.clone(), args.database.clone());
    if args.data.join(FINISHED).is_file() {
        output::say(&format!(
            "using the demo in {} (delete the folder to have it made anew)",
            args.data.display()
        ));
    } else {
        prepare(&args.data)?;
        let store = data::open_or_make(&place).await?;
        make(&store, &args.data, SystemClock.now(), args.scale).await?;
        store.close().await?;
    }
    welcome(args);
    if args.no_serve {
        return witness::witnessed(&place, async { Ok(Ended::Done) }).await;
    }
    serve::run(&Serve::plain(place, args.listen)).await
}

/// An empty folder for the demo: a new one, an empty one, or an unfinished demo's.
fn prepare(folder: &Path) -> Result<()> {
    let begun = folder.join(BEGUN);
    let empty = || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.exists() && !empty() {
        if !begun.is_file() {
            bail!(
                "{} is not empty and holds no demo: name another folder with --data",
                folder.display()
            );
        }
        fs::remove_dir_all(folder)
            .with_context(|| format!("clearing the unfinished demo in {}", folder.display()))?;
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("making the folder {}", folder.display()))?;
    fs::write(&begun, "a demo is being made here\n")
        .with_context(|| format!("writing {}", begun.display()))?;
    let settings = folder.join(settings::FILE);
    fs::write(&settings, SETTINGS).with_context(|| format!("writing {}", settings.display()))
}

async fn make(store: &Store, folder: &Path, now: Timestamp, scale: usize) -> Result<()> {
    if !store.people().await?.is_empty() {
        bail!("the database holds people already: a demo wants an empty one");
    }
    let ids = walk::SeededIds::new(SEED);
    let start = now - SignedDuration::from_hours(24 * 75);
    step("accounts");
    let people = people::add(store, &ids, folder, start, scale > 0).await?;
    sensitive::write(folder)?;
    step("a disk image by recipe");
    let exhibit = disk_image(folder)?;
    let mut walk =
        walk::Walk { store, ids: &ids, now: start, operation: None, simulated: true, bulk: None };
    cast::play(&mut walk, &people, folder, &exhibit, now, scale).await?;
    let done = serde_json::json!({ "made": now.to_string(), "seed": SEED, "scale": scale });
    let path = folder.join(FINISHED);
    let beside = folder.join(".demo.json.new");
    fs::write(&beside, serde_json::to_vec_pretty(&done)?)
        .with_context(|| format!("writing {}", beside.display()))?;
    fs::File::open(&beside)?.sync_all()?;
    fs::rename(&beside, &path).with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

/// The exhibit's image and the known list that goes with it.
#[derive(Debug, Clone)]
pub struct ExhibitFiles {
    /// An E01.
    pub image: PathBuf,
    /// Digest, list, category.
    pub known: PathBuf,
}

fn disk_image(folder: &Path) -> Result<ExhibitFiles> {
    let disk = disk::build()?;
    let images = folder.join("images");
    fs::create_dir_all(&images)?;
    let image = images.join("demo-disk.E01");
    disk::write_ewf(&disk, &image)?;
    let known = images.join("known.csv");
    fs::write(&known, disk::known_list(&disk))?;
    Ok(ExhibitFiles { image, known })
}

fn step(what: &str) {
    output::say(&format!("demo: {what}"));
}

fn welcome(args: &Demo) {
    output::say("");
    output::say(&format!("A synthetic operation stands in {}.", args.data.display()));
    output::say(&format!(
        "All accounts have the password {:?} and are listed in {}; begin as",
        people::PASSWORD,
        args.data.join("accounts.json").display()
    ));
    for (username, sees) in [
        ("coordinator", "the operation, force by force"),
        ("authoriser", "packages and requests that wait for a signature"),
        ("desk-devon", "the inbox of a force, with a package that nobody has read"),
        ("oic-devon", "cases, bail dates, warrants, exhibits"),
        ("safeguarding-lincs", "children who wait, with their clocks"),
        ("figures", "the figures, each with its definition"),
    ] {
        output::say(&format!("  {username:<20} {sees}"));
    }
    output::say("Never serve a demo to a network: its passwords are published.");
    if !args.no_serve {
        output::say(&format!("Open http://{}/ in a browser.", args.listen));
    }
    output::say("");
}
