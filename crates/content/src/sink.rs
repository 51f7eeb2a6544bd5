//! Where a format's reader puts what it finds, and where its limits are kept.
//!
//! In: children and their bytes, in order. Out: replies to the parent. Refused: children and
//! bytes past the limits; the reader hears [`Stop`] and ends, and the problem is told once.

use std::io::{self, Read};

use crate::protocol::{Bytes, Child, Layout, Limits, MOST_NAME, MOST_TEXT, Problem, Reply, Want};

/// Why a reader ends early.
#[derive(Debug)]
pub enum Stop {
    /// A limit is reached, or nothing more is wanted; what is due has been told.
    Enough,
    /// The content cannot be read any further, for this reason.
    Broken(String),
    /// The parent is gone.
    Parent(io::Error),
}

/// Bytes of a piece.
const PIECE: usize = 128 << 10;

/// Whoever hears what is found.
pub trait Tell {
    /// Hears one reply.
    fn tell(&mut self, reply: &Reply) -> io::Result<()>;
}

impl<F: FnMut(&Reply)> Tell for F {
    fn tell(&mut self, reply: &Reply) -> io::Result<()> {
        self(reply);
        Ok(())
    }
}

/// Tells children to the parent.
pub struct Children {
    parent: Box<dyn Tell>,
    want: Want,
    limits: Limits,
    children: u64,
    problems: u64,
    bytes: u64,
}

impl Children {
    /// Tells `parent`, within these limits.
    pub fn new(parent: Box<dyn Tell>, want: Want, limits: Limits) -> Self {
        Self { parent, want, limits, children: 0, problems: 0, bytes: 0 }
    }

    /// Says what the content turned out to be.
    pub fn layout(&mut self, layout: Layout) -> Result<(), Stop> {
        self.send(&Reply::Layout(layout))
    }

    /// Tells a child whose bytes come from `from`. What `from` fails with is why they are not
    /// whole; the limits of the content hold.
    pub fn child(&mut self, child: Child, from: &mut dyn Read) -> Result<(), Stop> {
        let wanted = match self.want {
            Want::All => true,
            Want::One(number) => number == child.number,
        };
        let same = child.same_as.is_some();
        self.begin(child)?;
        let problem = if wanted && !same { self.pieces(from)? } else { None };
        self.send(&Reply::ChildEnd { problem: problem.map(cut) })?;
        if wanted && self.want != Want::All { Err(Stop::Enough) } else { Ok(()) }
    }

    /// Tells a child whose bytes cannot be had, and why.
    pub fn lost(&mut self, child: Child, reason: impl Into<String>) -> Result<(), Stop> {
        self.begin(child)?;
        self.send(&Reply::ChildEnd { problem: Some(cut(reason.into())) })
    }

    /// Whether this child's bytes are worth producing.
    pub fn wants(&self, number: u64) -> bool {
        matches!(self.want, Want::All) || self.want == Want::One(number)
    }

    /// How many more children may be told.
    pub fn room(&self) -> u64 {
        self.limits.children.saturating_sub(self.children)
    }

    /// Tells that something else could not be had.
    pub fn problem(
        &mut self,
        wanted: &str,
        reason: impl Into<String>,
        at: Option<u64>,
    ) -> Result<(), Stop> {
        const MOST_PROBLEMS: u64 = 10_000;
        if self.problems >= MOST_PROBLEMS {
            return Err(Stop::Enough);
        }
        self.problems += 1;
        let problem = Problem { wanted: cut(wanted.to_owned()), reason: cut(reason.into()), at };
        self.send(&Reply::Problem(problem))
    }

    /// How many children and problems were told.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.children, self.problems)
    }

    fn begin(&mut self, mut child: Child) -> Result<(), Stop> {
        if self.room() == 0 {
            let limit = self.limits.children;
            self.problem(
                "the rest of what is in it",
                format!("{limit} members are read at most"),
                None,
            )?;
            return Err(Stop::Enough);
        }
        self.children += 1;
        child.name.0.truncate(MOST_NAME);
        if let Some(text) = &mut child.text {
            text.truncate(text.floor_char_boundary(MOST_NAME));
        }
        self.send(&Reply::Child(child))
    }

    /// Sends everything that `from` gives; the reason why that is not all, if it is not.
    fn pieces(&mut self, from: &mut dyn Read) -> Result<Option<String>, Stop> {
        loop {
            let mut piece = vec![0; PIECE];
            let mut got = 0;
            while got < piece.len() {
                match from.read(&mut piece[got..]) {
                    Ok(0) => break,
                    Ok(n) => got += n,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => return Ok(Some(e.to_string())),
                }
            }
            if got == 0 {
                return Ok(None);
            }
            let full = got == piece.len();
            self.bytes = self.bytes.saturating_add(got as u64);
            if self.bytes > self.limits.bytes {
                return Ok(Some(format!(
                    "what is in its container is read up to {} bytes in all, and there is more: \
                     the container is far larger than its size can explain",
                    self.limits.bytes
                )));
            }
            piece.truncate(got);
            self.send(&Reply::Piece(Bytes(piece)))?;
            if !full {
                return Ok(None);
            }
        }
    }

    /// Whether the limit on bytes is reached: nothing more need be decoded.
    pub fn is_full(&self) -> bool {
        self.bytes > self.limits.bytes
    }

    fn send(&mut self, reply: &Reply) -> Result<(), Stop> {
        self.parent.tell(reply).map_err(Stop::Parent)
    }
}

/// A text cut to what a person reads.
pub(crate) fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MOST_TEXT));
    text
}
