//! The parent's side of one worker: starts it, asks, checks, and ends it.
//!
//! Any error means that the session is over: the worker is killed when it is dropped, and the
//! next question starts another.

use std::io::{self, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use pendeen_item::{Gap, Stage};
use zeroize::Zeroizing;

use super::protocol::{
    self, Address, Event, FolderStart, FrameError, FsKind, Refusal, Reply, Request, Summary,
};
use super::{Limits, Violation, WorkerCommand, WorkerError, check, descriptors, frame, sandbox};
use crate::entry::Entry;
use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::Volume;

/// Sector size told to the library; it finds the file system's own by itself.
const SECTOR_SIZE: u32 = 512;

/// A running worker.
pub(crate) struct Session {
    child: Option<Child>,
    stream: BufReader<UnixStream>,
    limits: Limits,
    sandbox: sandbox::Report,
    frame: Vec<u8>,
}

/// The answer to opening a volume.
pub(crate) enum Opened {
    /// It is open.
    Yes(FsKind),
    /// It is not.
    No { refusal: Refusal, reason: String },
}

/// What a listing of one volume holds.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Streams of content, in the order of the file system.
    pub(crate) entries: Vec<Entry>,
    /// Where folders begin, where the file system is FAT.
    pub(crate) folders: Vec<FolderStart>,
    /// What could not be read.
    pub(crate) gaps: Vec<Gap>,
}

/// Stretches of free space of one volume, at most.
const MOST_STRETCHES: u64 = 16 << 20;

/// What of a volume is not used.
#[derive(Debug, Default)]
pub(crate) struct Unallocated {
    /// In order, none touching the next, from the start of the image.
    pub(crate) stretches: Vec<(ByteOffset, ByteLen)>,
    /// Length of an allocation unit.
    pub(crate) unit: ByteLen,
    /// Whether there are more.
    pub(crate) capped: bool,
}

impl Session {
    /// Starts a worker on an image.
    pub(crate) fn start(command: &WorkerCommand, image: &dyn Image) -> Result<Self, WorkerError> {
        let start = |source| WorkerError::Start { program: command.program.clone(), source };
        let (ours, theirs) = UnixStream::pair().map_err(start)?;
        let child = Command::new(&command.program)
            .args(&command.args)
            .env_clear()
            // FAT and ISO 9660 keep local times; spelt so that no zone file is opened.
            .env("TZ", "UTC0")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(start)?;
        Self::greet(ours, Some(child), command.limits, image)
    }

    /// Hands the evidence over and hears whether the worker is ready.
    pub(super) fn greet(
        stream: UnixStream,
        child: Option<Child>,
        limits: Limits,
        image: &dyn Image,
    ) -> Result<Self, WorkerError> {
        const WANTED: &str = "a greeting";
        let mut session = Self {
            child,
            stream: BufReader::with_capacity(256 << 10, stream),
            limits,
            sandbox: sandbox::Report::NOTHING,
            frame: Vec::new(),
        };
        let stream = session.stream.get_ref();
        stream
            .set_read_timeout(Some(limits.stall))
            .and_then(|()| stream.set_write_timeout(Some(limits.stall)))
            .and_then(|()| descriptors::send(stream, &image.descriptors()))
            .map_err(|e| session.broken(WANTED, e.into()))?;
        session.ask(WANTED, &hello(image))?;
        match session.next(WANTED, Instant::now())? {
            Reply::Hello { version, .. } if version != protocol::VERSION => {
                Err(WorkerError::Version { got: version })
            }
            Reply::Hello { image_len, .. } if image_len != image.len() => {
                Err(WorkerError::OtherImage { got: image_len.0, len: image.len().0 })
            }
            Reply::Hello { sandbox, .. } => {
                session.sandbox = sandbox;
                Ok(session)
            }
            other => Err(unexpected(WANTED, other)),
        }
    }

    /// What the worker says of its sandbox.
    pub(crate) fn sandbox(&self) -> sandbox::Report {
        self.sandbox
    }

    /// Opens the file system of a volume.
    pub(crate) fn open(&mut self, volume: &Volume) -> Result<Opened, WorkerError> {
        const WANTED: &str = "a file system";
        let pieces = volume.pieces();
        self.ask(WANTED, &Request::Open { pieces, sector_size: SECTOR_SIZE })?;
        match self.next(WANTED, Instant::now())? {
            Reply::Opened { kind } => Ok(Opened::Yes(kind)),
            Reply::NotOpened { refusal, reason } => {
                Ok(Opened::No { refusal, reason: check::cut(reason) })
            }
            other => Err(unexpected(WANTED, other)),
        }
    }

    /// Lists the open volume; what came before an error stays in `listing`.
    pub(crate) fn walk(
        &mut self,
        volume: &Volume,
        kind: FsKind,
        listing: &mut Listing,
    ) -> Result<Summary, WorkerError> {
        const WANTED: &str = "a listing";
        let began = Instant::now();
        let (mut files, mut folders, mut problems) = (0_u64, 0_u64, 0_u64);
        let (mut bytes, mut held) = (0_u64, 0_u64);
        let pieces = volume.pieces();
        self.ask(WANTED, &Request::Walk { names: self.limits.names })?;
        loop {
            let reply = self.next(WANTED, began)?;
            bytes = bytes.saturating_add(self.frame.len() as u64);
            if bytes > self.limits.listing_bytes {
                let limit = format!("{} bytes", self.limits.listing_bytes);
                return Err(WorkerError::TooMuch { wanted: WANTED, limit });
            }
            match reply {
                Reply::Found(events) => {
                    for event in events {
                        let cost = match event {
                            Event::File(found) => {
                                files += 1;
                                let entry = check::entry(found, kind, volume, &pieces)?;
                                let cost = entry.held();
                                listing.entries.push(entry);
                                cost
                            }
                            Event::Folder(folder) => {
                                folders += 1;
                                listing.folders.push(check::folder(folder, &pieces)?);
                                size_of_val(&folder) as u64
                            }
                            Event::Problem { path, wanted, reason } => {
                                problems += 1;
                                let gap = problem(volume, kind, &path.0, wanted, reason);
                                let cost = check::cost_of_gap(&gap);
                                listing.gaps.push(gap);
                                cost
                            }
                        };
                        held = held.saturating_add(cost);
                        self.bound(WANTED, files + folders + problems, held)?;
                    }
                }
                Reply::End(summary) => {
                    count("files", summary.files, files)?;
                    count("problems", summary.problems, problems)?;
                    return Ok(summary);
                }
                other => return Err(unexpected(WANTED, other)),
            }
        }
    }

    /// Asks what of the open volume is not used.
    pub(crate) fn unallocated(&mut self, volume: &Volume) -> Result<Unallocated, WorkerError> {
        const WANTED: &str = "free space";
        let began = Instant::now();
        let pieces = volume.pieces();
        let mut found = Unallocated::default();
        self.ask(WANTED, &Request::Unallocated { stretches: MOST_STRETCHES })?;
        loop {
            match self.next(WANTED, began)? {
                Reply::Free(stretches) => {
                    check::free(&found.stretches, &stretches, &pieces)?;
                    found.stretches.extend(stretches);
                    if found.stretches.len() as u64 > MOST_STRETCHES {
                        let limit = format!("{MOST_STRETCHES} stretches");
                        return Err(WorkerError::TooMuch { wanted: WANTED, limit });
                    }
                }
                Reply::FreeEnd { unit, stretches, capped } => {
                    count("stretches", stretches, found.stretches.len() as u64)?;
                    found.stretches = check::free_in_image(&found.stretches, &pieces);
                    found.unit = unit;
                    found.capped = capped;
                    return Ok(found);
                }
                other => return Err(unexpected(WANTED, other)),
            }
        }
    }

    /// Ends a listing of more events, or of more bytes in memory, than any disk should have.
    fn bound(&self, wanted: &'static str, events: u64, held: u64) -> Result<(), WorkerError> {
        if events > self.limits.names.saturating_mul(16) {
            let limit = format!("{} names", self.limits.names);
            return Err(WorkerError::TooMuch { wanted, limit });
        }
        if held > self.limits.held_bytes {
            return Err(Violation::Held { most: self.limits.held_bytes }.into());
        }
        Ok(())
    }

    /// Gives the content at an address of the open volume to `sink`; just `size` bytes.
    pub(crate) fn read(
        &mut self,
        address: Address,
        size: ByteLen,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), WorkerError> {
        const WANTED: &str = "a content";
        let began = Instant::now();
        let mut got = 0_u64;
        self.ask(WANTED, &Request::Read { address, size })?;
        loop {
            match self.next(WANTED, began)? {
                Reply::Piece(piece) => {
                    got = got.saturating_add(piece.0.len() as u64);
                    if got > size.0 {
                        let limit = format!("{size} bytes");
                        return Err(WorkerError::TooMuch { wanted: WANTED, limit });
                    }
                    sink(&piece.0);
                }
                Reply::PieceEnd if got == size.0 => return Ok(()),
                Reply::PieceEnd => {
                    let reason = format!("the content ends after {got} of {size} bytes");
                    return Err(WorkerError::Refused(reason));
                }
                other => return Err(unexpected(WANTED, other)),
            }
        }
    }

    fn ask(&mut self, wanted: &'static str, request: &Request) -> Result<(), WorkerError> {
        // A greeting may hold keys: it is wiped, and long enough not to be copied while it grows.
        let len = if matches!(request, Request::Hello { .. }) { 64 << 10 } else { 64 };
        let sent = frame::encode(request, Vec::with_capacity(len))
            .map(Zeroizing::new)
            .and_then(|bytes| Ok(self.stream.get_mut().write_all(&bytes)?));
        sent.map_err(|e| self.broken(wanted, e))
    }

    /// The next message that is more than a sign of life.
    fn next(&mut self, wanted: &'static str, began: Instant) -> Result<Reply, WorkerError> {
        loop {
            let most = self.limits.answer;
            let mut timed = frame::Timed { from: &mut self.stream, began, most };
            let more = frame::read(&mut timed, &mut self.frame);
            let late = began.elapsed() > most;
            let too_late =
                || WorkerError::TooMuch { wanted, limit: format!("{} s", most.as_secs()) };
            match more {
                Ok(true) => {}
                Ok(false) => {
                    let ended = FrameError::Io(io::ErrorKind::UnexpectedEof.into());
                    return Err(self.broken(wanted, ended));
                }
                Err(error) if late && is_time_out(&error) => return Err(too_late()),
                Err(error) => return Err(self.broken(wanted, error)),
            }
            if late {
                return Err(too_late());
            }
            match frame::decode(&self.frame).map_err(WorkerError::Frame)? {
                Reply::Alive => {}
                reply => return Ok(reply),
            }
        }
    }

    /// What a broken connection means.
    fn broken(&mut self, wanted: &'static str, error: FrameError) -> WorkerError {
        match error {
            error if is_time_out(&error) => {
                WorkerError::Stalled { wanted, after: self.limits.stall }
            }
            FrameError::Io(_) => WorkerError::Died { wanted, how: self.end() },
            error => WorkerError::Frame(error),
        }
    }

    /// Ends the worker and says how it ended. One that is already ending keeps its own status.
    fn end(&mut self) -> String {
        let Some(mut child) = self.child.take() else { return "the connection broke".into() };
        // Fails only for one that is gone.
        let _ = child.kill();
        match child.wait() {
            Ok(status) => ending(status),
            Err(e) => format!("its status is not known: {e}"),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Either may fail because it ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn hello(image: &dyn Image) -> Request {
    Request::Hello { version: protocol::VERSION, opened: image.opened().to_vec() }
}

fn is_time_out(error: &FrameError) -> bool {
    let FrameError::Io(error) = error else { return false };
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "it is not known how".into(),
    }
}

fn unexpected(wanted: &'static str, reply: Reply) -> WorkerError {
    let got = match reply {
        Reply::Failed { reason } => return WorkerError::Refused(check::cut(reason)),
        Reply::Hello { .. } => "a greeting",
        Reply::Opened { .. } | Reply::NotOpened { .. } => "word of a file system",
        Reply::Found(_) | Reply::End(_) => "a listing",
        Reply::Piece(_) | Reply::PieceEnd => "content",
        Reply::Free(_) | Reply::FreeEnd { .. } => "free space",
        Reply::Alive => "a sign of life",
    };
    WorkerError::OutOfOrder { wanted, got }
}

fn count(what: &'static str, said: u64, sent: u64) -> Result<(), WorkerError> {
    if said == sent { Ok(()) } else { Err(WorkerError::Miscounted { what, said, sent }) }
}

fn problem(volume: &Volume, kind: FsKind, path: &[u8], wanted: String, reason: String) -> Gap {
    let shown = &path[..path.len().min(4096)];
    Gap {
        forensic_path: crate::filesystem::forensic_path(
            volume,
            kind,
            &String::from_utf8_lossy(shown),
        ),
        stage: Stage::FileSystem,
        wanted: check::cut(wanted),
        reason: check::cut(reason),
        offset_bytes: None,
        size_bytes: None,
    }
}
