//! Files that Windows packs (`compact /exe`, system compression): what libtsk gives as zeros.
//!
//! The unnamed stream of such a file is one hole as long as the content; the content lies packed in
//! a stream of its own, `WofCompressedData`, and a reparse point tells how. In: the bytes of the
//! reparse point and of that stream, piece by piece. Out: the content, chunk by chunk.
//!
//! The stream: a table of where each chunk but the first begins, counted from the table's end
//! (4 bytes each, 8 where the content has 4 GiB or more), then the chunks. A chunk that packing
//! made no shorter is there as it is.
//!
//! Source: `WOF_EXTERNAL_INFO` and `FILE_PROVIDER_EXTERNAL_INFO_V1` of the Windows driver kit;
//! [MS-FSCC] 2.1.2.1 for the tag; the table is that of a WIM resource (Windows Imaging File Format).

use std::ffi::CStr;
use std::ops::ControlFlow;

use crate::content;
use crate::ffi::{FileSystem, PackedStream, TskError};
use crate::kind::Kind;
use crate::name::{Address, Attribute};
use crate::walk::NTFS_DATA;
use crate::{lzx, xpress};

/// The stream that holds the packed content.
pub(crate) const STREAM: &CStr = c"WofCompressedData";
/// `IO_REPARSE_TAG_WOF`.
const TAG: u32 = 0x8000_0017;
/// The provider that packs single files.
const PROVIDER_FILE: u32 = 2;
/// From this length on, places in the table have 8 bytes.
const WIDE: u64 = 1 << 32;
/// Longest content that is unpacked, in bytes: its table has at most 128 MiB.
const MOST: u64 = 1 << 36;

impl FileSystem {
    /// Gives the content at an address to `sink`, piece by piece: what `icat` prints, or what a
    /// file that Windows packed unpacks to. An error means that what was given so far is not the
    /// whole.
    pub fn cat(
        &self,
        address: Address,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), TskError> {
        if self.info().kind == Kind::Ntfs
            && address.attribute.is_some_and(|(kind, _)| kind == NTFS_DATA)
            && let Some(packed) = self.packed(address, STREAM)
        {
            return self.unpacked(&packed, sink);
        }
        self.cat_plain(address, sink)
    }

    fn unpacked(
        &self,
        packed: &PackedStream,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), TskError> {
        let mut unpacker = Unpacker::new(&packed.reparse, packed.size).map_err(TskError)?;
        let mut ended = None;
        self.cat_plain(packed.stream, &mut |bytes| match unpacker.add(bytes, sink) {
            Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
            other => {
                ended = Some(other);
                ControlFlow::Break(())
            }
        })?;
        match ended {
            Some(Err(reason)) => Err(TskError(reason)),
            Some(Ok(_)) => Ok(()),
            None => unpacker.finish(sink).map_err(TskError),
        }
    }
}

/// A file that Windows packed has its content in a stream of its own: of the unnamed one, which is
/// a hole, that stream's blocks are told, and that only unpacking gives the content.
pub(crate) fn mark(attributes: &mut [Attribute]) {
    let packed = |one: &Attribute| one.kind == NTFS_DATA && one.name == STREAM.to_bytes();
    let Some(runs) = attributes.iter().find(|one| packed(one)).map(|one| one.runs.clone()) else {
        return;
    };
    let whole = attributes.iter_mut().find(|one| one.kind == NTFS_DATA && one.name.is_empty());
    if let Some(whole) = whole.filter(|one| one.size > 0 && content::stored(one).next().is_none())
        && whole.flags & content::RESIDENT == 0
    {
        whole.runs = runs;
        whole.flags |= content::COMPRESSED;
    }
}

/// Unpacks a chunk.
type Unpack = fn(&[u8], &mut [u8]) -> Result<(), &'static str>;

/// How a file is packed: in chunks of how many bytes, and what unpacks one.
type Method = (usize, Unpack);

/// Which method the reparse point names.
fn method(reparse: &[u8]) -> Result<Method, String> {
    let word = |at: usize| {
        let bytes = reparse.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u32::from_le_bytes).ok_or("its reparse point is too short")
    };
    if word(0)? != TAG || word(12)? != PROVIDER_FILE {
        return Err("its reparse point does not tell how it is packed".into());
    }
    match word(20)? {
        0 => Ok((4 << 10, xpress::unpack)),
        1 => Ok((lzx::CHUNK_LEN, lzx::unpack)),
        2 => Ok((8 << 10, xpress::unpack)),
        3 => Ok((16 << 10, xpress::unpack)),
        other => Err(format!("it is packed by a method of number {other}, which is not known")),
    }
}

/// Unpacks a content while its packed bytes come in.
pub(crate) struct Unpacker {
    size: u64,
    chunk_len: usize,
    unpack: Unpack,
    /// Packed bytes that were not used yet.
    pending: Vec<u8>,
    /// Lengths of the packed chunks, the next one last; none before the table is whole. The last
    /// chunk's is not told: it goes on to the end of the stream.
    lengths: Option<Vec<u64>>,
    /// Bytes of content given so far.
    given: u64,
    chunk: Vec<u8>,
}

impl Unpacker {
    /// Of a content of `size` bytes, packed as its reparse point says.
    pub(crate) fn new(reparse: &[u8], size: u64) -> Result<Self, String> {
        let (chunk_len, unpack) = method(reparse)?;
        if size > MOST {
            return Err(format!("it would unpack to {size} bytes; {MOST} are allowed"));
        }
        Ok(Self {
            size,
            chunk_len,
            unpack,
            pending: Vec::new(),
            lengths: None,
            given: 0,
            chunk: vec![0; chunk_len],
        })
    }

    /// Takes the next packed bytes and gives what they unpack to.
    pub(crate) fn add(
        &mut self,
        packed: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, String> {
        self.pending.extend_from_slice(packed);
        let mut used = 0;
        while let Some(len) = self.next_chunk(&mut used)? {
            if let ControlFlow::Break(()) = self.unpack(used, len, sink)? {
                return Ok(ControlFlow::Break(()));
            }
            used += len;
        }
        self.pending.drain(..used);
        // The last chunk has no end of its own, but it is no longer than what it unpacks to.
        let longest = self.pending.len() > self.chunk_len.max(self.table_len());
        if longest && self.given < self.size {
            return Err("a packed chunk is longer than what it unpacks to".into());
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Unpacks the last chunk, whose end is that of the stream.
    pub(crate) fn finish(
        mut self,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let left = self.size - self.given;
        if left == 0 {
            return Ok(());
        }
        if self.lengths.is_none() || left > self.chunk_len as u64 {
            return Err(format!("its packed content ends {left} bytes too soon"));
        }
        let _ = self.unpack(0, self.pending.len(), sink)?;
        Ok(())
    }

    fn chunks(&self) -> u64 {
        self.size.div_ceil(self.chunk_len as u64)
    }

    fn table_len(&self) -> usize {
        let entry = if self.size >= WIDE { 8 } else { 4 };
        usize::try_from(self.chunks().saturating_sub(1) * entry).unwrap_or(usize::MAX)
    }

    /// The length of the next chunk, if all of it is here and its length is told.
    fn next_chunk(&mut self, used: &mut usize) -> Result<Option<usize>, String> {
        let lengths = match &mut self.lengths {
            Some(lengths) => lengths,
            None => {
                let len = self.table_len();
                let Some(table) = self.pending.get(..len) else { return Ok(None) };
                *used += len;
                let lengths = lengths(table, if self.size >= WIDE { 8 } else { 4 })?;
                self.lengths.insert(lengths)
            }
        };
        let Some(&len) = lengths.last() else { return Ok(None) };
        let len = usize::try_from(len).ok().filter(|len| *len <= self.chunk_len);
        let len = len.ok_or("a packed chunk is longer than what it unpacks to")?;
        if self.pending.len() - *used < len {
            return Ok(None);
        }
        lengths.pop();
        Ok(Some(len))
    }

    fn unpack(
        &mut self,
        from: usize,
        len: usize,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, String> {
        let packed = &self.pending[from..from + len];
        let left = usize::try_from(self.size - self.given).unwrap_or(usize::MAX);
        let out = &mut self.chunk[..left.min(self.chunk_len)];
        if len == out.len() {
            out.copy_from_slice(packed);
        } else {
            (self.unpack)(packed, out).map_err(|why| {
                format!("at byte {} of its content, a packed chunk: {why}", self.given)
            })?;
        }
        self.given += out.len() as u64;
        Ok(sink(out))
    }
}

/// How long each chunk but the last is, the first one last.
fn lengths(table: &[u8], entry: usize) -> Result<Vec<u64>, String> {
    let place =
        |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut before = 0;
    let mut lengths = Vec::with_capacity(table.len() / entry);
    for ends in table.chunks_exact(entry).map(place) {
        let len = ends.checked_sub(before).ok_or("its table of chunks goes backwards")?;
        lengths.push(len);
        before = ends;
    }
    lengths.reverse();
    Ok(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reparse(algorithm: u32) -> Vec<u8> {
        let words = [TAG, 16, 1, PROVIDER_FILE, 1, algorithm];
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn whole(packed: &[u8], size: u64, step: usize) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut sink = |bytes: &[u8]| {
            out.extend_from_slice(bytes);
            ControlFlow::Continue(())
        };
        let mut unpacker = Unpacker::new(&reparse(0), size)?;
        for some in packed.chunks(step) {
            let _ = unpacker.add(some, &mut sink)?;
        }
        unpacker.finish(&mut sink)?;
        Ok(out)
    }

    /// Two chunks that packing made no shorter and a rest of one repeated byte, packed by hand:
    /// `a`, then a copy of it.
    fn sample() -> (Vec<u8>, Vec<u8>) {
        let plain: Vec<u8> = (0..8192_u32).flat_map(u32::to_le_bytes).take(8192).collect();
        let mut last = vec![0; 256];
        // Both symbols, 97 and 271, are the second of their byte.
        last[48] = 1 << 4;
        last[135] = 1 << 4;
        // Code 0 is `a`, code 1 the copy of 1 + 0 bytes back; its length follows in bytes: 84 more.
        last.extend([0x00, 0x40, 0x00, 0x00, 84 - 15]);
        let table = [4096_u32, 8192].map(u32::to_le_bytes).concat();
        let content = [plain.clone(), vec![b'a'; 88]].concat();
        ([table, plain, last].concat(), content)
    }

    #[test]
    fn chunks_come_out_in_whatever_pieces_they_come_in() {
        let (packed, content) = sample();
        for step in [1, 7, 300, 4096, 5000, 100_000] {
            let got = whole(&packed, content.len() as u64, step).unwrap();
            assert!(got == content, "by {step}");
        }
    }

    #[test]
    fn a_packed_content_that_is_cut_or_lies_is_refused() {
        let (packed, content) = sample();
        let size = content.len() as u64;
        assert!(whole(&packed[..6000], size, 512).unwrap_err().contains("too soon"));
        assert!(whole(&packed[..6], size, 512).unwrap_err().contains("too soon"));
        let mut backwards = packed.clone();
        backwards[4..8].copy_from_slice(&5_u32.to_le_bytes());
        assert!(whole(&backwards, size, 512).unwrap_err().contains("backwards"));
        let mut long = packed.clone();
        long[..4].copy_from_slice(&4097_u32.to_le_bytes());
        assert!(whole(&long, size, 512).unwrap_err().contains("longer"));
        assert!(whole(&vec![0; 300_000], 4096, 512).unwrap_err().contains("longer"));
    }

    #[test]
    fn a_method_that_is_not_known_is_named() {
        assert!(Unpacker::new(&reparse(9), 10).is_err_and(|why| why.contains("number 9")));
        assert!(Unpacker::new(&reparse(0)[..20], 10).is_err_and(|why| why.contains("short")));
        assert!(Unpacker::new(&[0; 24], 10).is_err_and(|why| why.contains("does not tell")));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_unpack_to_the_length_told_or_are_refused(
            algorithm in 0_u32..4,
            size in 0_u64..100_000,
            head in proptest::collection::vec(proptest::num::u8::ANY, 0..2_000),
            code in 0_u8..0x40,
        ) {
            // Lengths of codes that are small make a code more often than any.
            let head: Vec<u8> = head.iter().map(|byte| if code < 0x20 { byte & code } else { *byte }).collect();
            let mut given = 0;
            let mut sink = |bytes: &[u8]| {
                given += bytes.len() as u64;
                ControlFlow::Continue(())
            };
            let mut unpacker = Unpacker::new(&reparse(algorithm), size).unwrap();
            let whole = unpacker.add(&head, &mut sink).and_then(|_| unpacker.finish(&mut sink));
            proptest::prop_assert!(whole.is_err() || given == size);
        }
    }
}
