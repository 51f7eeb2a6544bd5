//! Lists an image through the worker of this crate's tests, and holds it against `icat`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use md5::{Digest, Md5};
use pendeen_evidence::content::{ContentError, Reader};
use pendeen_evidence::entry::Entry;
use pendeen_evidence::filesystem;
use pendeen_evidence::image::{self, Image};
use pendeen_evidence::volume::{self, Volume};
use pendeen_evidence::worker::WorkerCommand;
use pendeen_item::Gap;

use super::hex;

/// The command that starts a worker.
pub fn worker() -> WorkerCommand {
    WorkerCommand::new(env!("CARGO_BIN_EXE_pendeen-evidence-worker"), &[])
}

/// What was found in an image.
pub struct Listing {
    pub files: Vec<PathBuf>,
    pub image: Arc<dyn Image>,
    pub volumes: Vec<Volume>,
    /// With the index of the volume.
    pub entries: Vec<(usize, Entry)>,
    pub gaps: Vec<Gap>,
    reader: Reader,
}

impl Listing {
    /// Opens the image that `files` are, and lists each of its volumes.
    pub fn of(files: &[PathBuf]) -> Self {
        let image = image::open(files).unwrap();
        let mut gaps = Vec::new();
        let volumes = volume::open_all(&*image, &mut gaps);
        let mut entries = Vec::new();
        for (index, volume) in volumes.iter().enumerate() {
            let found = filesystem::walk(&image, volume, &worker(), &mut gaps);
            entries.extend(found.into_iter().map(|entry| (index, entry)));
        }
        let reader = Reader::new(Arc::clone(&image), volumes.clone(), worker());
        Self { files: files.to_vec(), image, volumes, entries, gaps, reader }
    }

    /// Of an image in one file.
    pub fn of_file(file: &Path) -> Self {
        Self::of(&[file.to_owned()])
    }

    /// The only entry with this path.
    pub fn entry(&self, path: &str) -> &Entry {
        let mut found = self.entries.iter().filter(|(_, e)| e.path() == path).map(|(_, e)| e);
        let entry = found.next().unwrap_or_else(|| panic!("no {path} among {:?}", self.paths()));
        assert!(found.next().is_none(), "{path} is there twice");
        entry
    }

    pub fn paths(&self) -> Vec<&str> {
        self.entries.iter().map(|(_, e)| e.path()).collect()
    }

    /// All bytes of an entry.
    pub fn content(&mut self, path: &str) -> Result<Vec<u8>, ContentError> {
        let entry = self.entry(path).clone();
        let mut bytes = Vec::new();
        self.reader.read(&entry, &mut |piece| bytes.extend_from_slice(piece))?;
        assert_eq!(bytes.len() as u64, entry.size.0, "{path}");
        Ok(bytes)
    }

    /// MD5 of each entry's content, in order, in hexadecimal.
    pub fn digests(&mut self) -> Vec<Result<String, ContentError>> {
        let mut digests = Vec::new();
        for (_, entry) in &self.entries {
            let mut digest = Md5::new();
            let read = self.reader.read(entry, &mut |piece| digest.update(piece));
            digests.push(read.map(|()| hex(&digest.finalize())));
        }
        digests
    }

    /// What `icat` prints for an entry; none if it fails.
    pub fn icat(&self, volume: usize, address: &str) -> Option<Vec<u8>> {
        let sector = (self.volumes[volume].offset.0 / 512).to_string();
        let output = Command::new("icat")
            .env("TZ", "UTC0")
            .args(["-o", &sector])
            .args(&self.files)
            .arg(address)
            .output()
            .unwrap();
        output.status.success().then_some(output.stdout)
    }

    /// The files that `fls` lists in a volume: address and path. Without what libtsk makes up,
    /// folders, and attributes other than `$DATA`, which are no content.
    pub fn fls(&self, volume: usize) -> Vec<(String, String)> {
        let sector = (self.volumes[volume].offset.0 / 512).to_string();
        let output = Command::new("fls")
            .env("TZ", "UTC0")
            .args(["-r", "-p", "-o", &sector])
            .args(&self.files)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines()
            .filter_map(|line| {
                let (head, path) = line.split_once(":\t")?;
                let (kinds, address) = head.rsplit_once(' ')?;
                let mut parts = address.split('-').skip(1);
                let is_data = parts.next().is_none_or(|kind| kind != "144" && kind != "160");
                let is_file = !kinds.starts_with(['d', 'v', 'V']) && !kinds.contains("/d");
                (is_data && is_file).then(|| (address.to_owned(), format!("/{path}")))
            })
            .collect()
    }

    /// The entries whose content is not what `icat` prints, each with how it differs. Only
    /// the first 300: each costs a process.
    pub fn differences(&mut self) -> Vec<(String, String)> {
        let digests = self.digests();
        let mut differences = Vec::new();
        for ((volume, entry), ours) in self.entries.iter().zip(digests).take(300) {
            let theirs = self.icat(*volume, entry.fs_address());
            let theirs = theirs.map(|bytes| (bytes.len() as u64, hex(&Md5::digest(&bytes))));
            let how = match (ours, theirs) {
                (Ok(ours), Some((_, theirs))) if ours == theirs => continue,
                (Ok(ours), Some((len, theirs))) => {
                    format!("{} bytes {ours}, icat {len} bytes {theirs}", entry.size)
                }
                (Ok(ours), None) => format!("{ours}, icat fails"),
                (Err(error), Some((len, _))) => format!("{error}, icat {len} bytes"),
                (Err(_), None) => continue,
            };
            differences.push((entry.forensic_path().to_owned(), how));
        }
        differences
    }
}
