//! The worker's own side: a process that opens file systems for its parent, in a sandbox.
//!
//! In, on its standard input (a socket): the evidence's open files, then [`Request`]s. Out, on
//! the same socket: [`Reply`]s. Listings go out in batches, so that a file costs no round trip;
//! a sign of life goes out while the library reads for long. Nothing of the evidence is read
//! before the sandbox is entered.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use pendeen_tsk as tsk;
use rustix::process::Signal;
use serde::Serialize;
use zeroize::Zeroize;

use super::protocol::{self, Address, Bytes, Event, FrameError, Refusal, Reply, Request, Summary};
use super::{descriptors, frame, sandbox, translate};
use crate::image::{self, Image, OpenedVolume};
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::Pieces;

/// A batch is sent when it holds so many events or bytes of paths and runs.
const BATCH_EVENTS: usize = 2048;
const BATCH_BYTES: usize = 256 << 10;
/// Content is sent in pieces of about this many bytes.
const PIECE: usize = 256 << 10;
/// Stretches of free space are sent so many at a time.
const BATCH_STRETCHES: usize = 16 << 10;
/// A sign of life is due after so many bytes or reads.
const ALIVE_BYTES: u64 = 16 << 20;
const ALIVE_READS: u32 = 4096;

/// The worker's whole life. To be called first thing in its process.
pub fn main() -> ExitCode {
    // A worker that is busy when its parent dies would not notice before its next answer.
    if rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return ExitCode::FAILURE;
    }
    let closed = descriptors::close_all_others().is_ok();
    let parent = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(socket) => UnixStream::from(socket),
        Err(_) => return ExitCode::FAILURE,
    };
    match serve(parent, closed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(parent: UnixStream, descriptors_closed: bool) -> Result<(), FrameError> {
    let files = descriptors::receive(&parent)?;
    let mut requests = parent.try_clone()?;
    let output = Rc::new(RefCell::new(Output::new(parent)));
    let sandbox = match sandbox::enter(descriptors_closed) {
        Ok(report) => report,
        Err(error) => return output.borrow_mut().send(&failed(error.to_string())),
    };
    let image = match image::from_descriptors(files, &[]) {
        Ok(image) => image,
        Err(error) => return output.borrow_mut().send(&failed(error.to_string())),
    };
    let mut worker = Worker { image, output, sandbox, open: None };
    let mut request = Vec::new();
    while frame::read(&mut requests, &mut request)? {
        let asked = frame::decode(&request);
        // Keys may be in it.
        request.zeroize();
        worker.answer(asked?)?;
    }
    Ok(())
}

fn failed(reason: String) -> Reply {
    Reply::Failed { reason }
}

struct Worker {
    image: Arc<dyn Image>,
    output: Rc<RefCell<Output>>,
    sandbox: sandbox::Report,
    open: Option<tsk::FileSystem>,
}

impl Worker {
    fn answer(&mut self, request: Request) -> Result<(), FrameError> {
        let reply = match request {
            Request::Hello { version: _, opened } => self.greet(opened),
            Request::Open { pieces, sector_size } => self.open(pieces, sector_size),
            Request::Walk { names } => self.walk(names)?,
            Request::Read { address, size } => self.read(address, size)?,
            Request::Unallocated { stretches } => self.unallocated(stretches)?,
        };
        self.output.borrow_mut().send(&reply)
    }

    /// Opens the volumes that the parent has open, and tells what is here.
    fn greet(&mut self, opened: Vec<OpenedVolume>) -> Reply {
        match image::with_opened(Arc::clone(&self.image), opened) {
            Some(image) => self.image = image,
            None => return failed("the opened volumes are not in this image".into()),
        }
        Reply::Hello {
            version: protocol::VERSION,
            sandbox: self.sandbox,
            image_len: self.image.len(),
        }
    }

    fn open(&mut self, pieces: Pieces, sector_size: u32) -> Reply {
        self.open = None;
        let reader = VolumeReader {
            image: Arc::clone(&self.image),
            pieces,
            output: Rc::clone(&self.output),
            bytes: Cell::new(0),
            reads: Cell::new(0),
        };
        match tsk::FileSystem::open(reader, sector_size) {
            Ok(fs) => {
                let kind = translate::kind(fs.info().kind);
                self.open = Some(fs);
                Reply::Opened { kind }
            }
            Err(error) => {
                let refusal = match error {
                    tsk::OpenError::Unrecognised => Refusal::Unrecognised,
                    tsk::OpenError::Encrypted(_) => Refusal::Encrypted,
                    tsk::OpenError::Failed(_) => Refusal::Damaged,
                };
                Reply::NotOpened { refusal, reason: error.to_string() }
            }
        }
    }

    fn walk(&self, names: u64) -> Result<Reply, FrameError> {
        let Some(fs) = &self.open else { return Ok(failed("no volume is open".into())) };
        let limits = tsk::Limits { names, ..tsk::Limits::default() };
        let mut broken = None;
        let summary = tsk::walk(fs, &limits, &mut |event| {
            let event = translate::event(event);
            match self.output.borrow_mut().add(event) {
                Ok(()) => true,
                Err(error) => {
                    broken = Some(error);
                    false
                }
            }
        });
        if let Some(error) = broken {
            return Err(error);
        }
        self.output.borrow_mut().flush()?;
        Ok(Reply::End(Summary {
            names: summary.names,
            files: summary.files,
            problems: summary.problems,
            directories: summary.directories,
            without_content: summary.without_content,
            capped: summary.cap.is_some(),
        }))
    }

    fn read(&self, address: Address, size: ByteLen) -> Result<Reply, FrameError> {
        let Some(fs) = &self.open else { return Ok(failed("no volume is open".into())) };
        let mut piece = Vec::new();
        let mut left = size.0;
        let mut broken = None;
        let result = fs.cat(address.into(), &mut |bytes| {
            let wanted = usize::try_from(left).unwrap_or(bytes.len()).min(bytes.len());
            piece.extend_from_slice(&bytes[..wanted]);
            left -= wanted as u64;
            if piece.len() >= PIECE {
                let full = Reply::Piece(Bytes(std::mem::take(&mut piece)));
                if let Err(error) = self.output.borrow_mut().send(&full) {
                    broken = Some(error);
                    return ControlFlow::Break(());
                }
            }
            if wanted < bytes.len() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(error) = broken {
            return Err(error);
        }
        if !piece.is_empty() {
            self.output.borrow_mut().send(&Reply::Piece(Bytes(piece)))?;
        }
        Ok(match result {
            Ok(()) => Reply::PieceEnd,
            Err(error) => failed(error.to_string()),
        })
    }
}

impl Worker {
    fn unallocated(&self, most: u64) -> Result<Reply, FrameError> {
        let Some(fs) = &self.open else { return Ok(failed("no volume is open".into())) };
        let mut batch = Vec::new();
        let (mut stretches, mut capped, mut sent) = (0_u64, false, Ok(()));
        let unit = tsk::unallocated(fs, &mut |space| {
            match space {
                tsk::Space::Working => sent = self.output.borrow_mut().send(&Reply::Alive),
                tsk::Space::Free { .. } if stretches >= most => capped = true,
                tsk::Space::Free { at, len } => {
                    stretches += 1;
                    batch.push((ByteOffset(at), ByteLen(len)));
                    if batch.len() >= BATCH_STRETCHES {
                        let full = Reply::Free(std::mem::take(&mut batch));
                        sent = self.output.borrow_mut().send(&full);
                    }
                }
            }
            sent.is_ok() && !capped
        });
        sent?;
        if !batch.is_empty() {
            self.output.borrow_mut().send(&Reply::Free(batch))?;
        }
        Ok(Reply::FreeEnd { unit: ByteLen(unit), stretches, capped })
    }
}

/// Where replies go.
struct Output {
    parent: UnixStream,
    events: Vec<Event>,
    size: usize,
    buffer: Vec<u8>,
}

impl Output {
    fn new(parent: UnixStream) -> Self {
        Self { parent, events: Vec::new(), size: 0, buffer: Vec::new() }
    }

    fn send(&mut self, reply: &impl Serialize) -> Result<(), FrameError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        self.buffer = frame::encode(reply, buffer)?;
        self.parent.write_all(&self.buffer)?;
        Ok(())
    }

    /// Adds to the batch, and sends it when it is full.
    fn add(&mut self, event: Event) -> Result<(), FrameError> {
        self.size += translate::rough_size(&event);
        self.events.push(event);
        if self.events.len() >= BATCH_EVENTS || self.size >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), FrameError> {
        if self.events.is_empty() {
            return Ok(());
        }
        self.size = 0;
        let batch = Reply::Found(std::mem::take(&mut self.events));
        self.send(&batch)?;
        // The allocation is used again.
        if let Reply::Found(mut events) = batch {
            events.clear();
            self.events = events;
        }
        Ok(())
    }
}

/// The volume as the library sees it. Reading for long tells the parent that work goes on.
struct VolumeReader {
    image: Arc<dyn Image>,
    pieces: Pieces,
    output: Rc<RefCell<Output>>,
    bytes: Cell<u64>,
    reads: Cell<u32>,
}

impl VolumeReader {
    fn count(&self, bytes: usize) -> Result<(), String> {
        self.bytes.set(self.bytes.get() + bytes as u64);
        self.reads.set(self.reads.get() + 1);
        if self.bytes.get() < ALIVE_BYTES && self.reads.get() < ALIVE_READS {
            return Ok(());
        }
        self.bytes.set(0);
        self.reads.set(0);
        self.output.borrow_mut().send(&Reply::Alive).map_err(|e| e.to_string())
    }
}

impl tsk::ReadAt for VolumeReader {
    fn len(&self) -> u64 {
        self.pieces.len().0
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), String> {
        self.count(buf.len())?;
        self.pieces.read_at(&*self.image, ByteOffset(offset), buf).map_err(|e| e.to_string())
    }
}
