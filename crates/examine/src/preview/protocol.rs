//! What the parent and the decoding process say to each other: one question, one answer.
//!
//! The question is a length (32 bits, little-endian) and as many bytes of a picture file. The
//! answer is a byte, 0 for a preview and 1 for a refusal, a length, and as many bytes of PNG or
//! of UTF-8 text. Lengths past the limits end the conversation: neither side believes the other.

use std::io::{self, Read, Write};

use super::LIMIT;

/// Longest preview in bytes: [`super::SIDE`] pixels a side, stored raw, and room to spare.
const MOST_PREVIEW: usize = 512 << 10;
/// Longest refusal in bytes.
const MOST_REASON: usize = 1024;

/// The worker's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A PNG.
    Preview(Vec<u8>),
    /// Why there is none.
    Refused(String),
}

/// Sends the picture.
pub(super) fn ask(to: &mut impl Write, picture: &[u8]) -> io::Result<()> {
    write(to, picture)
}

/// Receives the picture.
pub(super) fn asked(from: &mut impl Read) -> io::Result<Vec<u8>> {
    read(from, usize::try_from(LIMIT.0).unwrap_or(usize::MAX))
}

/// Sends the answer.
pub(super) fn give(to: &mut impl Write, answer: &Answer) -> io::Result<()> {
    match answer {
        Answer::Preview(png) => {
            to.write_all(&[0])?;
            write(to, png)
        }
        Answer::Refused(reason) => {
            to.write_all(&[1])?;
            write(to, &reason.as_bytes()[..reason.floor_char_boundary(MOST_REASON)])
        }
    }
}

/// Receives the answer, and checks what can be checked without decoding it.
pub(super) fn answer(from: &mut impl Read) -> io::Result<Answer> {
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    match kind[0] {
        0 => {
            let png = read(from, MOST_PREVIEW)?;
            if png.starts_with(b"\x89PNG\r\n\x1a\n") {
                Ok(Answer::Preview(png))
            } else {
                Err(bad())
            }
        }
        1 => {
            let reason = String::from_utf8(read(from, MOST_REASON)?).map_err(|_| bad())?;
            Ok(Answer::Refused(reason))
        }
        _ => Err(bad()),
    }
}

fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&len.to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

fn read(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if usize::try_from(len).map_or(true, |len| len > most) {
        return Err(bad());
    }
    let mut bytes = Vec::new();
    from.take(len.into()).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == u64::from(len) { Ok(bytes) } else { Err(bad()) }
}

fn bad() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no message of the protocol")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn question_and_answers_come_back_as_they_were_sent() {
        let mut pipe = Vec::new();
        ask(&mut pipe, b"picture").unwrap();
        assert_eq!(asked(&mut pipe.as_slice()).unwrap(), b"picture");
        let png = b"\x89PNG\r\n\x1a\nrest".to_vec();
        for sent in [Answer::Preview(png), Answer::Refused("no picture".to_owned())] {
            let mut pipe = Vec::new();
            give(&mut pipe, &sent).unwrap();
            assert_eq!(answer(&mut pipe.as_slice()).unwrap(), sent);
        }
        let mut pipe = Vec::new();
        give(&mut pipe, &Answer::Refused("\u{e9}".repeat(2000))).unwrap();
        let cut = Answer::Refused("\u{e9}".repeat(MOST_REASON / 2));
        assert_eq!(answer(&mut pipe.as_slice()).unwrap(), cut);
    }

    #[test]
    fn lengths_past_the_limits_are_refused_before_anything_is_read() {
        assert!(answer(&mut [0, 255, 255, 255, 255].as_slice()).is_err());
        assert!(answer(&mut [1, 1, 4, 0, 0].as_slice()).is_err());
        assert!(asked(&mut [255, 255, 255, 255].as_slice()).is_err());
    }

    proptest! {
        #[test]
        fn hostile_answers_are_refused_or_read_but_never_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..64)
        ) {
            let _ = answer(&mut bytes.as_slice());
            let _ = asked(&mut bytes.as_slice());
        }
    }
}
