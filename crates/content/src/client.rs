//! The parent's side of one content worker: starts it, asks, lends it bytes, checks, and ends it.
//!
//! Any error means that the session is over: the worker is killed when the session is dropped,
//! and the next content gets another.

use std::io::{self, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child as Process, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use pendeen_evidence::worker::protocol::FrameError;
use pendeen_evidence::worker::{WorkerCommand, WorkerError, frame, sandbox};

use crate::positioned::Positioned;
use crate::protocol::{
    self, Bytes, Child, Kind, Layout, Limits, MOST_NAME, MOST_NEED, Problem, Reply, Request, Want,
};
use crate::sink::cut;

/// Takes what a content holds, in order.
pub trait Sink {
    /// What the content turned out to be. Once, before any child, unless it cannot be opened.
    fn layout(&mut self, layout: Layout);
    /// A child begins.
    fn child(&mut self, child: Child);
    /// Bytes of the child that began.
    fn piece(&mut self, bytes: &[u8]);
    /// The child ends; `problem` says why its bytes are not whole.
    fn child_end(&mut self, problem: Option<String>);
    /// Something that is no child's could not be had.
    fn problem(&mut self, problem: Problem);
}

/// A running worker.
pub struct Session {
    process: Option<Process>,
    stream: BufReader<UnixStream>,
    stall: Duration,
    answer: Duration,
    sandbox: sandbox::Report,
    frame: Vec<u8>,
    began: Instant,
}

const WANTED: &str = "what is in a content";

impl Session {
    /// Starts a worker.
    pub fn start(command: &WorkerCommand) -> Result<Self, WorkerError> {
        let start = |source| WorkerError::Start { program: command.program.clone(), source };
        let (ours, theirs) = UnixStream::pair().map_err(start)?;
        let process = Command::new(&command.program)
            .args(&command.args)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(start)?;
        Self::greet(ours, Some(process), command.limits.stall, command.limits.answer)
    }

    /// Hears whether the worker at the other end is ready.
    fn greet(
        stream: UnixStream,
        process: Option<Process>,
        stall: Duration,
        answer: Duration,
    ) -> Result<Self, WorkerError> {
        let mut session = Self {
            process,
            stream: BufReader::with_capacity(256 << 10, stream),
            stall,
            answer,
            sandbox: sandbox::Report::NOTHING,
            frame: Vec::new(),
            began: Instant::now(),
        };
        let stream = session.stream.get_ref();
        let timed = stream.set_read_timeout(Some(stall)).and(stream.set_write_timeout(Some(stall)));
        timed.map_err(|e| session.broken(e.into()))?;
        session.ask(&Request::Hello { version: protocol::VERSION })?;
        match session.next(Instant::now())? {
            Reply::Hello { version, .. } if version != protocol::VERSION => {
                Err(WorkerError::Version { got: version })
            }
            Reply::Hello { sandbox, .. } => {
                session.sandbox = sandbox;
                Ok(session)
            }
            other => Err(unexpected(other)),
        }
    }

    /// What the worker says of its sandbox.
    pub fn sandbox(&self) -> sandbox::Report {
        self.sandbox
    }

    /// Whether the worker is young enough for another content: its processor time is limited for
    /// its whole life, and must not end in the middle of one.
    pub fn is_fresh(&self) -> bool {
        self.began.elapsed() < Duration::from_mins(10)
    }

    /// Opens a content and gives what is in it to `sink`. After an error other than
    /// [`WorkerError::Refused`] the session is over. Every child that begins ends, too, even
    /// then.
    pub fn open(
        &mut self,
        bytes: &(impl Positioned + ?Sized),
        kind: Kind,
        want: Want,
        limits: Limits,
        sink: &mut dyn Sink,
    ) -> Result<(), WorkerError> {
        let mut told = Told { limits, ..Told::default() };
        let result = self.converse(bytes, kind, want, &mut told, sink);
        if let (Err(error), true) = (&result, told.inside) {
            sink.child_end(Some(error.to_string()));
        }
        result
    }

    fn converse(
        &mut self,
        bytes: &(impl Positioned + ?Sized),
        kind: Kind,
        want: Want,
        told: &mut Told,
        sink: &mut dyn Sink,
    ) -> Result<(), WorkerError> {
        let began = Instant::now();
        let (len, limits) = (bytes.size(), told.limits);
        self.ask(&Request::Open { len, kind, want, limits })?;
        loop {
            match self.next(began)? {
                Reply::Need { at, len } => {
                    let request = lend(bytes, at, len)?;
                    self.ask(&request)?;
                }
                Reply::End { children, problems } => return told.end(children, problems),
                reply => told.pass_on(reply, sink)?,
            }
        }
    }

    fn ask(&mut self, request: &Request) -> Result<(), WorkerError> {
        let sent = frame::encode(request, Vec::new())
            .and_then(|bytes| Ok(self.stream.get_mut().write_all(&bytes)?));
        sent.map_err(|e| self.broken(e))
    }

    fn next(&mut self, began: Instant) -> Result<Reply, WorkerError> {
        let most = self.answer;
        let mut timed = frame::Timed { from: &mut self.stream, began, most };
        match frame::read(&mut timed, &mut self.frame) {
            Ok(true) => frame::decode(&self.frame).map_err(WorkerError::Frame),
            Ok(false) => Err(self.broken(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
            Err(error) if began.elapsed() > most && is_time_out(&error) => {
                Err(WorkerError::TooMuch { wanted: WANTED, limit: format!("{} s", most.as_secs()) })
            }
            Err(error) => Err(self.broken(error)),
        }
    }

    /// What a broken connection means.
    fn broken(&mut self, error: FrameError) -> WorkerError {
        match error {
            error if is_time_out(&error) => {
                WorkerError::Stalled { wanted: WANTED, after: self.stall }
            }
            FrameError::Io(_) => WorkerError::Died { wanted: WANTED, how: self.end() },
            error => WorkerError::Frame(error),
        }
    }

    /// Ends the worker and says how it ended.
    fn end(&mut self) -> String {
        let Some(mut process) = self.process.take() else { return "the connection broke".into() };
        // Fails only for one that is gone.
        let _ = process.kill();
        match process.wait() {
            Ok(status) => ending(status),
            Err(e) => format!("its status is not known: {e}"),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a worker has told of one content so far.
struct Told {
    limits: Limits,
    layout: bool,
    children: u64,
    problems: u64,
    bytes: u64,
    /// A child has begun and not ended.
    inside: bool,
}

impl Default for Told {
    fn default() -> Self {
        let limits = Limits { children: 0, bytes: 0 };
        Self { limits, layout: false, children: 0, problems: 0, bytes: 0, inside: false }
    }
}

impl Told {
    /// Checks a reply and gives it on.
    fn pass_on(&mut self, reply: Reply, sink: &mut dyn Sink) -> Result<(), WorkerError> {
        match reply {
            Reply::Layout(layout) if !self.layout && self.children == 0 => {
                self.layout = true;
                sink.layout(layout);
            }
            Reply::Child(child) if !self.inside && self.layout => {
                self.children += 1;
                bound("members", self.children, self.limits.children)?;
                bound("bytes of a name", child.name.0.len() as u64, MOST_NAME as u64)?;
                let text = child.text.as_ref().map_or(0, String::len) as u64;
                bound("bytes of a name", text, MOST_NAME as u64)?;
                self.inside = true;
                sink.child(child);
            }
            Reply::Piece(Bytes(piece)) if self.inside => {
                self.bytes = self.bytes.saturating_add(piece.len() as u64);
                bound("bytes", self.bytes, self.limits.bytes)?;
                sink.piece(&piece);
            }
            Reply::ChildEnd { problem } if self.inside => {
                self.inside = false;
                sink.child_end(problem.map(cut));
            }
            Reply::Problem(problem) if !self.inside => {
                const MOST: u64 = 20_000;
                self.problems += 1;
                bound("problems", self.problems, MOST)?;
                sink.problem(Problem {
                    wanted: cut(problem.wanted),
                    reason: cut(problem.reason),
                    at: problem.at,
                });
            }
            other => return Err(unexpected(other)),
        }
        Ok(())
    }

    fn end(&self, children: u64, problems: u64) -> Result<(), WorkerError> {
        if self.inside {
            return Err(WorkerError::OutOfOrder { wanted: WANTED, got: "an end inside a child" });
        }
        for (what, said, sent) in
            [("children", children, self.children), ("problems", problems, self.problems)]
        {
            if said != sent {
                return Err(WorkerError::Miscounted { what, said, sent });
            }
        }
        Ok(())
    }
}

/// The bytes that a worker needs, or word that they cannot be read.
fn lend(bytes: &(impl Positioned + ?Sized), at: u64, len: u32) -> Result<Request, WorkerError> {
    let end = at.checked_add(len.into()).filter(|end| *end <= bytes.size());
    if len > MOST_NEED || end.is_none() {
        return Err(WorkerError::OutOfOrder { wanted: WANTED, got: "a wish for bytes outside it" });
    }
    let mut buf = vec![0; usize::try_from(len).unwrap_or(0)];
    Ok(match bytes.fill(at, &mut buf) {
        Ok(()) => Request::Given(Bytes(buf)),
        Err(error) => Request::Unreadable {
            reason: cut(format!("{len} bytes at byte {at} of it cannot be read: {error}")),
        },
    })
}

fn bound(what: &str, got: u64, most: u64) -> Result<(), WorkerError> {
    if got <= most {
        return Ok(());
    }
    Err(WorkerError::TooMuch { wanted: WANTED, limit: format!("{most} {what}") })
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

fn unexpected(reply: Reply) -> WorkerError {
    let got = match reply {
        Reply::Failed { reason } => return WorkerError::Refused(cut(reason)),
        Reply::Hello { .. } => "a greeting",
        Reply::Need { .. } => "a wish for bytes",
        Reply::Layout(_) => "a layout",
        Reply::Child(_) => "a child",
        Reply::Piece(_) => "bytes of a child",
        Reply::ChildEnd { .. } => "the end of a child",
        Reply::Problem(_) => "a problem",
        Reply::End { .. } => "an end",
    };
    WorkerError::OutOfOrder { wanted: WANTED, got }
}
