//! A disk in memory, with partition tables by recipe.

use std::os::fd::BorrowedFd;

use pendeen_evidence::image::{Format, Image, Provenance, ReadError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_evidence::volume::{self, Volume};
use pendeen_item::Gap;

/// A disk in memory.
pub struct Disk {
    pub bytes: Vec<u8>,
    provenance: Provenance,
}

impl Disk {
    pub fn new(len: usize) -> Self {
        let provenance = Provenance {
            format: Format::Raw,
            segments: Vec::new(),
            len: ByteLen(len as u64),
            stored_md5: None,
            stored_sha1: None,
            header: Vec::new(),
            gaps: Vec::new(),
        };
        Self { bytes: vec![0; len], provenance }
    }

    pub fn sectors(count: usize) -> Self {
        Self::new(count * 512)
    }

    pub fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Writes one entry of the table in `sector`, and its signature.
    pub fn entry(
        &mut self,
        sector: usize,
        slot: usize,
        system: u8,
        start: u32,
        count: u32,
    ) -> &mut Self {
        let at = sector * 512 + 446 + slot * 16;
        self.put(at, &[0, 0, 0, 0, system, 0, 0, 0]);
        self.put(at + 8, &start.to_le_bytes()).put(at + 12, &count.to_le_bytes());
        self.put(sector * 512 + 510, &[0x55, 0xaa])
    }

    /// Writes both copies of a GUID table with these partitions (first and last sector).
    pub fn gpt(&mut self, sector_len: usize, partitions: &[(u64, u64)]) -> &mut Self {
        let last = self.bytes.len() / sector_len - 1;
        let mut entries = vec![0; 128 * 128];
        for (i, (first, end)) in partitions.iter().enumerate() {
            let at = i * 128;
            entries[at..at + 16].copy_from_slice(&[
                0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26,
                0x99, 0xc7,
            ]);
            entries[at + 16] = 1 + u8::try_from(i).unwrap();
            entries[at + 32..at + 40].copy_from_slice(&first.to_le_bytes());
            entries[at + 40..at + 48].copy_from_slice(&end.to_le_bytes());
            for (j, unit) in "data".encode_utf16().enumerate() {
                entries[at + 56 + j * 2..at + 58 + j * 2].copy_from_slice(&unit.to_le_bytes());
            }
        }
        let table_sectors = entries.len() / sector_len;
        for (own, other, table) in [(1, last, 2), (last, 1, last - table_sectors)] {
            let mut header = b"EFI PART\0\0\x01\0\x5c\0\0\0".to_vec();
            header.resize(92, 0);
            header[24..32].copy_from_slice(&(own as u64).to_le_bytes());
            header[32..40].copy_from_slice(&(other as u64).to_le_bytes());
            header[72..80].copy_from_slice(&(table as u64).to_le_bytes());
            header[80..84].copy_from_slice(&128_u32.to_le_bytes());
            header[84..88].copy_from_slice(&128_u32.to_le_bytes());
            header[88..92].copy_from_slice(&libdeflater::crc32(&entries).to_le_bytes());
            let sum = libdeflater::crc32(&header);
            header[16..20].copy_from_slice(&sum.to_le_bytes());
            self.put(own * sector_len, &header).put(table * sector_len, &entries);
        }
        self.entry(0, 0, 0xee, 1, u32::try_from(last).unwrap())
    }

    pub fn open(&self) -> (Vec<Volume>, Vec<Gap>) {
        let mut gaps = Vec::new();
        let volumes = volume::open_all(self, &mut gaps);
        (volumes, gaps)
    }
}

impl Image for Disk {
    fn len(&self) -> ByteLen {
        ByteLen(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        let start = usize::try_from(offset.0).unwrap();
        match self.bytes.get(start..start.saturating_add(buf.len())) {
            Some(bytes) => buf.copy_from_slice(bytes),
            None => return Err(ReadError::OutOfRange { offset, end: 0, len: self.len() }),
        }
        Ok(())
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }
}

/// Label, first sector and number of sectors of each volume.
pub fn extents(volumes: &[Volume]) -> Vec<(&str, u64, u64)> {
    volumes.iter().map(|v| (v.label.as_str(), v.offset.0 / 512, v.len.0 / 512)).collect()
}
