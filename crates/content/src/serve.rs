//! The worker's own side: a process that opens contents for its parent, in a sandbox.
//!
//! In, on its standard input (a socket): [`Request`]s. Out, on the same socket: [`Reply`]s, many
//! small ones gathered into one write. Nothing of any content is read before the sandbox is
//! entered. Whatever a reader does wrong ends this process and costs the parent one gap.

use std::cell::RefCell;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::rc::Rc;

use pendeen_evidence::worker::{close_all_others, frame, sandbox};
use rustix::process::Signal;

use crate::container;
use crate::protocol::{self, Bytes, Reply, Request};
use crate::remote::{Giver, Source};
use crate::sink::{Children, Stop, Tell, cut};

/// Replies are gathered up to so many bytes.
const GATHERED: usize = 256 << 10;

/// The worker's whole life. To be called first thing in its process.
pub fn main() -> ExitCode {
    // A worker that is busy when its parent dies would not notice before its next answer.
    if rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return ExitCode::FAILURE;
    }
    let closed = close_all_others().is_ok();
    let parent = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(socket) => UnixStream::from(socket),
        Err(_) => return ExitCode::FAILURE,
    };
    match serve(parent, closed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(parent: UnixStream, descriptors_closed: bool) -> io::Result<()> {
    let requests = Rc::new(RefCell::new(Requests { from: parent.try_clone()?, frame: Vec::new() }));
    let output = Rc::new(RefCell::new(Output { parent, gathered: Vec::new() }));
    let sandbox = match sandbox::enter(descriptors_closed) {
        Ok(report) => report,
        Err(error) => {
            output.borrow_mut().send(&Reply::Failed { reason: error.to_string() })?;
            return output.borrow_mut().flush();
        }
    };
    loop {
        let request = requests.borrow_mut().next()?;
        match request {
            None => return Ok(()),
            Some(Request::Hello { version: _ }) => {
                let hello = Reply::Hello { version: protocol::VERSION, sandbox };
                output.borrow_mut().send(&hello)?;
            }
            Some(Request::Open { len, kind, want, limits }) => {
                let parent = Parent { requests: Rc::clone(&requests), output: Rc::clone(&output) };
                let source = Source::new(Box::new(parent), len);
                let mut children = Children::new(Box::new(Rc::clone(&output)), want, limits);
                let opened = container::open(kind, &source, &mut children);
                let (told, problems) = children.counts();
                let reply = match opened {
                    Ok(()) | Err(Stop::Enough) => Reply::End { children: told, problems },
                    Err(Stop::Broken(reason)) => Reply::Failed { reason: cut(reason) },
                    Err(Stop::Parent(error)) => return Err(error),
                };
                output.borrow_mut().send(&reply)?;
            }
            Some(Request::Given(_) | Request::Unreadable { .. }) => {
                return Err(io::Error::other("bytes came that were not asked for"));
            }
        }
        output.borrow_mut().flush()?;
    }
}

struct Requests {
    from: UnixStream,
    frame: Vec<u8>,
}

impl Requests {
    fn next(&mut self) -> io::Result<Option<Request>> {
        if !frame::read(&mut self.from, &mut self.frame).map_err(io::Error::other)? {
            return Ok(None);
        }
        frame::decode(&self.frame).map(Some).map_err(io::Error::other)
    }
}

/// Where replies go.
struct Output {
    parent: UnixStream,
    gathered: Vec<u8>,
}

impl Output {
    fn send(&mut self, reply: &Reply) -> io::Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        self.gathered = frame::encode(reply, gathered).map_err(io::Error::other)?;
        if self.gathered.len() >= GATHERED { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.parent.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }
}

impl Tell for Rc<RefCell<Output>> {
    fn tell(&mut self, reply: &Reply) -> io::Result<()> {
        self.borrow_mut().send(reply)
    }
}

/// The parent, who has the bytes.
struct Parent {
    requests: Rc<RefCell<Requests>>,
    output: Rc<RefCell<Output>>,
}

impl Giver for Parent {
    fn give(&mut self, at: u64, len: u32) -> io::Result<Bytes> {
        let mut output = self.output.borrow_mut();
        output.send(&Reply::Need { at, len })?;
        output.flush()?;
        match self.requests.borrow_mut().next()? {
            Some(Request::Given(bytes)) => Ok(bytes),
            Some(Request::Unreadable { reason }) => Err(io::Error::other(reason)),
            _ => Err(io::Error::other("the bytes that were needed did not come")),
        }
    }
}
