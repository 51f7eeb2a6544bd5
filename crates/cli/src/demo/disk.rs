//! The demo's disk: an MBR, one FAT partition, generated pictures and texts, some deleted.
//!
//! Made without root and without other programs; the same bytes each time. It is written as
//! the raw bytes of a device; the caller wraps them in an E01.

use std::io::{Cursor, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};
use fatfs::{
    Date, DateTime, FatType, FileSystem, FormatVolumeOptions, FsOptions, ReadWriteSeek, Time,
    TimeProvider,
};
use image::ImageFormat;
use pendeen_evidence::image::ewf::write::{Recipe, write};
use pendeen_evidence::unit::ByteLen;
use sha2::{Digest, Sha256};

use super::pictures::{Motif, encode};

const SECTOR: usize = 512;
/// Where the partition begins: sector 2,048, as partitioning tools do.
const PARTITION_START: usize = 2048;
/// 32 MiB of partition: FAT16 with small clusters.
const PARTITION_SECTORS: usize = 65_536;

/// One file of the disk.
struct Planned {
    path: String,
    bytes: Vec<u8>,
    deleted: bool,
}

/// A fixed clock, so that the image is the same each time.
#[derive(Debug)]
struct FixedTime;

impl TimeProvider for FixedTime {
    fn get_current_date(&self) -> Date {
        Date { year: 2026, month: 9, day: 14 }
    }
    fn get_current_date_time(&self) -> DateTime {
        DateTime {
            date: self.get_current_date(),
            time: Time { hour: 18, min: 30, sec: 0, millis: 0 },
        }
    }
}

/// The bytes of the device, and the pictures on it that the demo's known list holds.
pub struct Disk {
    /// The whole device.
    pub bytes: Vec<u8>,
    /// The content of the pictures that are "known", in order.
    pub known: Vec<Vec<u8>>,
}

/// Builds the disk.
pub fn build() -> Result<Disk> {
    let files = plan()?;
    let known = files
        .iter()
        .filter(|f| f.path.starts_with("Pictures/Received/"))
        .map(|f| f.bytes.clone())
        .collect();
    let partition = format_partition(&files).context("making the demo's file system")?;
    let mut bytes = vec![0; PARTITION_START * SECTOR];
    write_mbr(&mut bytes[..SECTOR]);
    bytes.extend(partition);
    Ok(Disk { bytes, known })
}

/// Writes the device as an E01, as an examiner would have acquired it.
pub fn write_ewf(disk: &Disk, path: &Path) -> Result<()> {
    let mut source = &disk.bytes[..];
    let recipe = Recipe {
        header: [
            ("c", "Demo operation"),
            ("n", "DEV/1"),
            ("a", "Made by recipe"),
            ("e", "Pendeen demo"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec(),
        ..Recipe::default()
    };
    let len = ByteLen(u64::try_from(disk.bytes.len()).unwrap_or(u64::MAX));
    write(path, &recipe, &mut source, len)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

/// A list of known pictures as `--known` takes it: the received ones, in three categories.
pub fn known_list(disk: &Disk) -> String {
    let mut list = String::from("digest,list,category\n");
    for (picture, category) in disk.known.iter().zip(["A", "B", "C"].iter().cycle()) {
        let digest = hex::encode(Sha256::digest(picture));
        list.extend([&*digest, ",Demo list (generated colour cards),", category, "\n"]);
    }
    list
}

fn plan() -> Result<Vec<Planned>> {
    let mut files = Vec::new();
    let mut add =
        |path: String, bytes: Vec<u8>, deleted: bool| files.push(Planned { path, bytes, deleted });
    for n in 0..24 {
        add(
            format!("DCIM/100DEMO/IMG_{n:04}.JPG"),
            encode(Motif::Landscape, n, ImageFormat::Jpeg)?,
            n % 8 == 7,
        );
    }
    for n in 0..6 {
        add(
            format!("Pictures/Received/card{n}.png"),
            encode(Motif::ColourCard, n, ImageFormat::Png)?,
            n == 5,
        );
    }
    for n in 0..8 {
        add(
            format!("Pictures/Waves/wave{n}.png"),
            encode(Motif::Waves, n, ImageFormat::Png)?,
            n == 3,
        );
    }
    // A picture with another extension: signatures tell, names do not.
    add("Documents/minutes.doc".into(), encode(Motif::ColourCard, 90, ImageFormat::Png)?, false);
    for n in 0..12 {
        let text = format!(
            "Allotment society, minutes of meeting {n}.\r\nPresent: members. Agreed: new water butt.\r\n"
        );
        add(format!("Documents/minutes{n:02}.txt"), text.repeat(20 + n).into_bytes(), n == 11);
    }
    Ok(files)
}

fn format_partition(files: &[Planned]) -> Result<Vec<u8>> {
    let mut volume = Cursor::new(vec![0_u8; PARTITION_SECTORS * SECTOR]);
    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat16)
        .volume_id(0x5045_4e44)
        .volume_label(*b"DEMO DISK  ")
        .bytes_per_cluster(2048);
    fatfs::format_volume(&mut volume, options)?;
    volume.seek(SeekFrom::Start(0))?;
    {
        static CLOCK: FixedTime = FixedTime;
        let fs = FileSystem::new(
            &mut volume,
            FsOptions::new().update_accessed_date(false).time_provider(&CLOCK),
        )?;
        for file in files {
            write_file(&fs, file).with_context(|| format!("writing {}", file.path))?;
        }
        for file in files.iter().filter(|f| f.deleted) {
            fs.root_dir().remove(&file.path).with_context(|| format!("deleting {}", file.path))?;
        }
        fs.unmount()?;
    }
    Ok(volume.into_inner())
}

fn write_file<T: ReadWriteSeek>(fs: &FileSystem<T>, file: &Planned) -> Result<()> {
    let root = fs.root_dir();
    for (end, _) in file.path.match_indices('/') {
        root.create_dir(&file.path[..end])?;
    }
    root.create_file(&file.path)?.write_all(&file.bytes)?;
    Ok(())
}

/// One entry: FAT16 (type 0x0e), from [`PARTITION_START`].
fn write_mbr(sector: &mut [u8]) {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let entry = &mut sector[446..462];
    entry[1..4].copy_from_slice(&[0xfe, 0xff, 0xff]);
    entry[4] = 0x0e;
    entry[5..8].copy_from_slice(&[0xfe, 0xff, 0xff]);
    entry[8..12].copy_from_slice(&number(PARTITION_START));
    entry[12..16].copy_from_slice(&number(PARTITION_SECTORS));
    sector[440..444].copy_from_slice(b"PNDN");
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_the_same_each_time_and_holds_the_known_pictures() {
        let one = build().unwrap();
        let two = build().unwrap();
        assert_eq!(one.bytes, two.bytes);
        assert_eq!(one.known.len(), 6);
        assert_eq!(one.bytes.len(), (PARTITION_START + PARTITION_SECTORS) * SECTOR);
    }
}
