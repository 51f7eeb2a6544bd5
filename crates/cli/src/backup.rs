//! `pendeen backup` and `pendeen restore`: the whole installation as one folder, and back.
//!
//! A backup is a folder: `database.jsonl.zst` (every table, see `pendeen_store::backup`),
//! `files/` (the data folder but for the database: keys, examinations, bundles) and, written
//! last, `backup.json` with the digest of every file and the end of the audit log. It is made
//! beside its place, synced, then renamed: a backup that is there is whole. It holds private
//! keys and case data: keep it as safe as the installation.
//!
//! A restore checks every digest, loads the database (SQLite or PostgreSQL, whichever it was
//! made from), walks the whole audit log and compares its end with the one noted, and only
//! then gives the folder its name. `--check` does all of it in a folder that is thrown away.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use pendeen_casework::ambient::Clock;
use pendeen_casework::person::Role;
use pendeen_store::backup::Contents;
use pendeen_store::{Place, Store};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::args::Data;
use crate::system::{SystemClock, operator};
use crate::{Ended, args, data, output};

const MANIFEST: &str = "backup.json";
const DATABASE: &str = "database.jsonl.zst";
const FILES: &str = "files";
/// Files of the data folder that are the database itself.
const OWN_DATABASE: &str = "pendeen.db";
/// Fast, and small enough: records repeat themselves.
const COMPRESSION: i32 = 3;

/// What `backup.json` says.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    program: String,
    taken: Timestamp,
    /// Rows of each table, and where the audit log ended.
    database: Contents,
    files: Vec<Kept>,
    /// What lay in the data folder and is no plain file or folder, such as a link.
    left_out: Vec<String>,
}

/// One file of the backup.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    path: String,
    bytes: u64,
    sha256: String,
}

/// Makes a backup while work goes on.
pub async fn backup(args: &args::Backup) -> Result<Ended> {
    let store = data::open_existing(&args.data).await?;
    let beside = beside(&args.out, "making")?;
    let database = dump(&store, &beside.join(DATABASE)).await?;
    let mut files = vec![kept(&beside, Path::new(DATABASE))?];
    let mut left_out = Vec::new();
    copy_folder(&args.data.data, &beside, Path::new(""), &mut files, &mut left_out)?;
    let manifest = Manifest {
        program: format!("pendeen {}", env!("CARGO_PKG_VERSION")),
        taken: SystemClock.now(),
        database,
        files,
        left_out,
    };
    let path = beside.join(MANIFEST);
    fs::write(&path, serde_json::to_vec_pretty(&manifest)?)
        .with_context(|| format!("writing {}", path.display()))?;
    sync_all(&beside)?;
    fs::rename(&beside, &args.out).with_context(|| format!("naming {}", args.out.display()))?;
    tell(&manifest, &args.out, args.json)?;
    Ok(if manifest.left_out.is_empty() { Ended::Done } else { Ended::WithGaps })
}

/// Restores a backup, or checks it by restoring it where nobody looks.
pub async fn restore(args: &args::Restore) -> Result<Ended> {
    let manifest = manifest(&args.backup)?;
    check_digests(&args.backup, &manifest)?;
    if args.check {
        let folder = beside(&args.backup.with_added_extension("check"), "restoring")?;
        let place = Data::within(folder.clone(), None);
        let checked = restore_into(&args.backup, &manifest, &place).await;
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
        checked?;
    } else {
        let folder = beside(&args.data.data, "restoring")?;
        let place = Data {
            documents: args.data.documents.clone(),
            ..Data::within(folder.clone(), args.data.database.clone())
        };
        restore_into(&args.backup, &manifest, &place).await?;
        sync_all(&folder)?;
        fs::rename(&folder, &args.data.data)
            .with_context(|| format!("naming {}", args.data.data.display()))?;
    }
    tell(&manifest, &args.backup, args.json)?;
    Ok(Ended::Done)
}

async fn restore_into(backup: &Path, manifest: &Manifest, place: &Data) -> Result<()> {
    for file in manifest.files.iter().filter(|file| file.path != DATABASE) {
        let inner = inside(file.path.strip_prefix("files/").unwrap_or(&file.path))?;
        let to = place.data.join(inner);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        fs::copy(backup.join(&file.path), &to)
            .with_context(|| format!("restoring {}", to.display()))?;
    }
    let documents = Place::parse(&place.documents).context("finding the place of documents")?;
    let store = Store::connect(&place.database_url()).await.context("opening the database")?;
    let store = store.with_documents(documents);
    load(&store, &backup.join(DATABASE)).await?;
    let report = store.audit_verify().await?;
    store.close().await?;
    if let Some(broken) = report.first_break {
        bail!(
            "the restored audit log breaks at leaf {}: {}; the log was broken when the backup was made, or the backup was changed since",
            broken.seq,
            broken.what
        );
    }
    Ok(())
}

async fn dump(store: &Store, path: &Path) -> Result<Contents> {
    let file = File::create_new(path).with_context(|| format!("making {}", path.display()))?;
    let mut out = zstd::Encoder::new(BufWriter::new(file), COMPRESSION)?;
    let by = operator(Role::Administrator);
    let contents = store.dump(&by, SystemClock.now(), &mut out).await?;
    out.finish()?.flush()?;
    Ok(contents)
}

async fn load(store: &Store, path: &Path) -> Result<Contents> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut lines = BufReader::new(zstd::Decoder::new(file)?);
    store.load(&mut lines).await.with_context(|| format!("loading {}", path.display()))
}

/// A new folder beside the one that is wanted, which must not exist or be empty.
fn beside(wanted: &Path, doing: &str) -> Result<PathBuf> {
    let empty = || fs::read_dir(wanted).is_ok_and(|mut entries| entries.next().is_none());
    if wanted.exists() && !empty() {
        bail!("{} is there already and not empty: name another folder", wanted.display());
    }
    let name =
        wanted.file_name().with_context(|| format!("{} names no folder", wanted.display()))?;
    let folder = wanted.with_file_name(format!(".{}.{doing}", name.to_string_lossy()));
    if folder.exists() {
        // What an interrupted run left; it never had the final name.
        fs::remove_dir_all(&folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    private_folder(&folder)?;
    Ok(folder)
}

/// Readable by its owner alone: it holds keys.
fn private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("making {}", folder.display()))
}

/// Copies the files under `root/inner` into the backup, in order of their names.
fn copy_folder(
    root: &Path,
    backup: &Path,
    inner: &Path,
    files: &mut Vec<Kept>,
    left_out: &mut Vec<String>,
) -> Result<()> {
    let folder = root.join(inner);
    let mut entries = fs::read_dir(&folder)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .with_context(|| format!("reading {}", folder.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    private_folder(&backup.join(FILES).join(inner))?;
    for entry in entries {
        let path = inner.join(entry.file_name());
        let kind = entry.file_type()?;
        let database = inner.as_os_str().is_empty()
            && entry.file_name().to_string_lossy().starts_with(OWN_DATABASE);
        if database {
            continue;
        }
        if kind.is_dir() {
            copy_folder(root, backup, &path, files, left_out)?;
        } else if kind.is_file() && path.to_str().is_some() {
            let to = Path::new(FILES).join(&path);
            fs::copy(root.join(&path), backup.join(&to))
                .with_context(|| format!("copying {}", root.join(&path).display()))?;
            files.push(kept(backup, &to)?);
        } else {
            left_out.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// Size and digest of a file of the backup.
fn kept(backup: &Path, path: &Path) -> Result<Kept> {
    let (bytes, sha256) = digest(&backup.join(path))?;
    Ok(Kept { path: path.to_string_lossy().into_owned(), bytes, sha256 })
}

fn digest(path: &Path) -> Result<(u64, String)> {
    let reading = || format!("reading {}", path.display());
    let mut file = File::open(path).with_context(reading)?;
    let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).with_context(reading)? {
            0 => return Ok((bytes, hex::encode(hasher.finalize()))),
            n => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}

fn manifest(backup: &Path) -> Result<Manifest> {
    let path = backup.join(MANIFEST);
    let text = fs::read(&path)
        .with_context(|| format!("{} is no backup: it holds no {MANIFEST}", backup.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} cannot be read", path.display()))
}

fn check_digests(backup: &Path, manifest: &Manifest) -> Result<()> {
    for file in &manifest.files {
        let path = backup.join(inside(&file.path)?);
        let (bytes, sha256) = digest(&path)?;
        if (bytes, &sha256) != (file.bytes, &file.sha256) {
            bail!("{} is not what was backed up: use another backup", path.display());
        }
    }
    Ok(())
}

/// A path that stays inside its folder; a manifest is not believed otherwise.
fn inside(path: &str) -> Result<&Path> {
    let path = Path::new(path);
    let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !plain {
        bail!("the backup names the file {}, which lies outside of it", path.display());
    }
    Ok(path)
}

/// Sees to it that all of it is on the disk before it gets its name.
fn sync_all(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    Ok(File::open(folder)?.sync_all()?)
}

fn tell(manifest: &Manifest, place: &Path, json: bool) -> Result<()> {
    if json {
        return output::json(manifest);
    }
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    output::lines([
        ("backup", place.display().to_string()),
        ("taken", manifest.taken.to_string()),
        ("files", format!("{} ({bytes} bytes)", manifest.files.len())),
        ("rows", manifest.database.rows.values().sum::<u64>().to_string()),
        ("leaves of the audit log", manifest.database.leaves.to_string()),
        ("end of the audit log", manifest.database.head.clone()),
    ])?;
    output::lines(manifest.left_out.iter().map(|path| ("left out, no plain file", path.clone())))
}
