//! How a message travels: one frame each, bounded, whole or refused.
//!
//! A frame is a length in bytes (32 bits, little-endian, at most [`MAX_FRAME`]) and as many
//! bytes of one message in postcard form. Decoding takes a frame whole: nothing may be left
//! over. No allocation is larger than the frame that asks for it.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bytes of one message at most.
pub const MAX_FRAME: usize = 8 << 20;

/// A frame that cannot be read or made. The sender is at fault, unless the pipe broke.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The length is too large.
    #[error("a frame of {len} bytes; {MAX_FRAME} are allowed")]
    TooLong {
        /// The length.
        len: usize,
    },
    /// The bytes are no message.
    #[error("a frame of {len} bytes holds no message: {problem}")]
    Malformed {
        /// Length of the frame.
        len: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Reading or writing failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
}

/// Decodes the message that a frame holds.
pub fn decode<'a, T: Deserialize<'a>>(frame: &'a [u8]) -> Result<T, FrameError> {
    let malformed = |problem: String| FrameError::Malformed { len: frame.len(), problem };
    let (message, rest) = postcard::take_from_bytes(frame).map_err(|e| malformed(e.to_string()))?;
    if rest.is_empty() {
        Ok(message)
    } else {
        Err(malformed(format!("{} bytes are left over", rest.len())))
    }
}

/// Appends the frame of a message to `out`.
pub fn encode(message: &impl Serialize, out: Vec<u8>) -> Result<Vec<u8>, FrameError> {
    let start = out.len();
    let mut out = out;
    out.extend_from_slice(&[0; 4]);
    let mut out = postcard::to_extend(message, out)
        .map_err(|e| FrameError::Malformed { len: 0, problem: e.to_string() })?;
    let len = out.len() - start - 4;
    match u32::try_from(len) {
        Ok(prefix) if len <= MAX_FRAME => {
            out[start..start + 4].copy_from_slice(&prefix.to_le_bytes());
            Ok(out)
        }
        _ => Err(FrameError::TooLong { len }),
    }
}

/// Reads one frame into `frame`; false at the end of the stream.
pub fn read(from: &mut impl Read, frame: &mut Vec<u8>) -> Result<bool, FrameError> {
    let mut prefix = [0; 4];
    let mut got = 0;
    while got < prefix.len() {
        match from.read(&mut prefix[got..]) {
            Ok(0) if got == 0 => return Ok(false),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    let len = u32::from_le_bytes(prefix) as usize;
    if len > MAX_FRAME {
        return Err(FrameError::TooLong { len });
    }
    frame.resize(len, 0);
    from.read_exact(frame)?;
    Ok(true)
}

/// A stream that is read only until a time has passed, however slowly bytes drip in.
pub struct Timed<'a, R> {
    /// The stream.
    pub from: &'a mut R,
    /// When waiting began.
    pub began: Instant,
    /// How long it may last.
    pub most: Duration,
}

impl<R: Read> Read for Timed<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.began.elapsed() > self.most {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.from.read(buf)
    }
}

#[cfg(test)]
mod tests {
    use pendeen_item::Recovery;
    use proptest::prelude::*;

    use super::super::protocol::{Address, Bytes, Event, Found, Place, Reply, Request};
    use super::*;
    use crate::entry::{Run, Times};
    use crate::unit::{ByteLen, ByteOffset};

    fn found() -> Found {
        Found {
            path: Bytes(b"/a/\xff.jpg".to_vec()),
            name_at: 3,
            address: Address { meta: 27, attribute: Some((128, 1)) },
            recovery: Some(Recovery::Intact),
            size: ByteLen(7),
            times: Times { created: Some(-1), ..Times::default() },
            zone_unknown: true,
            place: Place::Runs(vec![
                Run::Data { at: ByteOffset(512), len: ByteLen(4) },
                Run::Hole { len: ByteLen(3) },
            ]),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let sent = Reply::Found(vec![Event::File(found())]);
        let pipe = encode(&Reply::Alive, encode(&sent, Vec::new()).unwrap()).unwrap();
        let mut from = pipe.as_slice();
        let mut frame = Vec::new();
        assert!(read(&mut from, &mut frame).unwrap());
        assert_eq!(decode::<Reply>(&frame).unwrap(), sent);
        assert!(read(&mut from, &mut frame).unwrap());
        assert_eq!(decode::<Reply>(&frame).unwrap(), Reply::Alive);
        assert!(!read(&mut from, &mut frame).unwrap());
    }

    #[test]
    fn an_oversized_frame_is_refused_before_it_is_read() {
        let prefix = u32::try_from(MAX_FRAME + 1).unwrap().to_le_bytes();
        let result = read(&mut prefix.as_slice(), &mut Vec::new());
        assert!(matches!(result, Err(FrameError::TooLong { .. })));
        let result = encode(&Reply::Piece(Bytes(vec![0; MAX_FRAME + 1])), Vec::new());
        assert!(matches!(result, Err(FrameError::TooLong { .. })));
    }

    #[test]
    fn a_frame_with_bytes_left_over_or_cut_short_is_refused() {
        let mut frame = postcard::to_allocvec(&Reply::Found(vec![Event::File(found())])).unwrap();
        frame.push(0);
        assert!(matches!(decode::<Reply>(&frame), Err(FrameError::Malformed { .. })));
        frame.truncate(frame.len() - 2);
        assert!(matches!(decode::<Reply>(&frame), Err(FrameError::Malformed { .. })));
        let pipe = encode(&Reply::Alive, Vec::new()).unwrap();
        let mut frame = Vec::new();
        assert!(read(&mut &pipe[..3], &mut frame).is_err());
    }

    /// Zeros without end, one at a time.
    struct Drip(u64);

    impl Read for Drip {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            buf[0] = 0;
            Ok(1)
        }
    }

    #[test]
    fn a_frame_that_drips_in_is_not_awaited_past_its_time() {
        let prefix = u32::try_from(MAX_FRAME).unwrap().to_le_bytes();
        let mut from = prefix.as_slice().chain(Drip(0));
        let timed =
            &mut Timed { from: &mut from, began: Instant::now(), most: Duration::from_millis(1) };
        let result = read(timed, &mut Vec::new());
        assert!(
            matches!(&result, Err(FrameError::Io(e)) if e.kind() == io::ErrorKind::TimedOut),
            "{result:?}"
        );
        assert!(from.into_inner().1.0 < MAX_FRAME as u64);
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<Reply>(&bytes);
            let _ = decode::<Request>(&bytes);
        }
    }
}
