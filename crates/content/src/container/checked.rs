//! A member's bytes, held against what its container says of them.

use std::io::{self, Read};

/// Gives the bytes of `from` on, and fails at their end if they are not those that were promised.
pub(super) struct Checked<R> {
    from: R,
    hash: crc32fast::Hasher,
    got: u64,
    size: Option<u64>,
    crc: Option<u32>,
    ended: bool,
}

impl<R: Read> Checked<R> {
    /// `size` in bytes and `crc` (CRC-32 as in ZIP), as far as they are known.
    pub(super) fn new(from: R, size: Option<u64>, crc: Option<u32>) -> Self {
        Self { from, hash: crc32fast::Hasher::new(), got: 0, size, crc, ended: false }
    }

    pub(super) fn into_inner(self) -> R {
        self.from
    }

    fn verify(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        self.ended = true;
        if let Some(size) = self.size.filter(|size| *size != self.got) {
            let problem =
                format!("it ends after {} of the {size} bytes that it should have", self.got);
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        let got = std::mem::take(&mut self.hash).finalize();
        match self.crc {
            Some(crc) if crc != got => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("its bytes have the CRC-32 {got:08x}, not {crc:08x}: they are damaged"),
            )),
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.from.read(buf)?;
        if got == 0 && !buf.is_empty() {
            self.verify()?;
        }
        self.got = self.got.saturating_add(got as u64);
        if let Some(size) = self.size.filter(|size| self.got > *size) {
            let problem = format!("it goes on behind the {size} bytes that it should have");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        if self.crc.is_some() {
            self.hash.update(&buf[..got]);
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(size: Option<u64>, crc: Option<u32>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Checked::new(&b"123456789"[..], size, crc).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn bytes_that_are_not_those_promised_end_in_an_error() {
        assert_eq!(read(Some(9), Some(0xcbf4_3926)).unwrap(), b"123456789");
        assert!(read(Some(8), None).is_err());
        assert!(read(Some(10), None).is_err());
        assert!(read(Some(9), Some(1)).is_err());
    }
}
