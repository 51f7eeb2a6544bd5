//! Opening an EWF image: walks the sections of every segment and gathers what they say.

use std::path::{Path, PathBuf};

use pendeen_item::{Gap, Stage};

use super::account::{self, Stretch};
use super::section::{self, End, Kind, Section, describe};
use super::table::{self, Copy, MAX_ENTRIES};
use super::volume::{self, Geometry};
use super::{Cache, EwfImage, header};
use crate::image::segment::Segment;
use crate::image::{Format, OpenError, Provenance, sibling};
use crate::unit::{ByteLen, ByteOffset};

/// Longest small section read into memory, in bytes.
const MAX_SMALL: u64 = 16 << 20;
/// Most chunks that are located, over all tables: 32 TiB of chunks of 32 KiB.
const MAX_CHUNKS: u64 = 1 << 30;
/// More segments than names exist for.
const MAX_SEGMENTS: u32 = 20_000;

/// What the sections have said so far.
struct Gathered {
    geometry: Option<Geometry>,
    header: Vec<(String, String)>,
    header_is_wide: bool,
    md5: Option<[u8; 16]>,
    sha1: Option<[u8; 20]>,
    unread_sectors: Vec<(u32, u32)>,
    /// A lost table begins a new stretch: how many chunks it had is not known.
    stretches: Vec<Stretch>,
    /// Chunks in all of them.
    located: u64,
    gaps: Vec<Gap>,
}

/// A `table` that waits for its twin.
enum Pending {
    Nothing,
    /// None where it could not be parsed.
    Table(Option<Copy>),
}

/// The segment being walked, and what its sections need of those before.
struct Walk<'a> {
    segment: &'a Segment,
    index: usize,
    sectors_end: Option<u64>,
    pending: Pending,
    /// Problem of the last geometry that could not be read.
    geometry_problem: Option<(u64, String)>,
}

/// See [`EwfImage::open`].
pub(super) fn open(
    head: Segment,
    mut following: impl FnMut(u32) -> Result<Option<Segment>, OpenError>,
) -> Result<EwfImage, OpenError> {
    let mut gathered = Gathered {
        geometry: None,
        header: Vec::new(),
        header_is_wide: false,
        md5: None,
        sha1: None,
        unread_sectors: Vec::new(),
        stretches: vec![Stretch::new()],
        located: 0,
        gaps: Vec::new(),
    };
    let mut segments = vec![head];
    loop {
        let number = u32::try_from(segments.len()).unwrap_or(u32::MAX);
        let Some(segment) = segments.last() else { break };
        let end = gathered.segment(segment, number)?;
        if end == End::Done || number >= MAX_SEGMENTS {
            break;
        }
        match (following(number + 1)?, end) {
            (Some(next), _) => segments.push(next),
            (None, End::Next) => {
                let after = segment.path.clone();
                let expected = sibling::ewf(&segments[0].path, number + 1)
                    .unwrap_or_else(|| PathBuf::from(format!("number {}", number + 1)));
                return Err(OpenError::MissingSegment { after, expected });
            }
            (None, _) => break,
        }
    }
    gathered.finish(segments)
}

impl Gathered {
    /// Walks one segment and says how it ended.
    fn segment(&mut self, segment: &Segment, number: u32) -> Result<End, OpenError> {
        check_number(segment, number)?;
        let mut walk = Walk {
            segment,
            index: number as usize - 1,
            sectors_end: None,
            pending: Pending::Nothing,
            geometry_problem: None,
        };
        let end = section::walk(segment, |section| self.section(&mut walk, section))?;
        self.flush_table(&mut walk, None);
        if let End::Broken { at, problem } = &end {
            self.note(segment, *at, "the rest of the segment", problem.clone());
            // Tables may lie behind the break.
            self.lose_table();
        }
        if let (None, Some((at, problem))) = (self.geometry, walk.geometry_problem) {
            return Err(damaged(segment, at, format!("the size of the device: {problem}")));
        }
        if self.geometry.is_none() {
            let problem = match end {
                End::Broken { problem, .. } => problem,
                _ => "no section says how large the device is".to_owned(),
            };
            return Err(damaged(segment, section::FILE_HEADER_LEN as u64, problem));
        }
        Ok(end)
    }

    fn section(&mut self, walk: &mut Walk<'_>, section: Section) -> Result<(), OpenError> {
        if !matches!(section.kind, Kind::Table2) {
            self.flush_table(walk, None);
        }
        match section.kind {
            Kind::Sectors => walk.sectors_end = Some(section.data.saturating_add(section.data_len)),
            Kind::Table => walk.pending = Pending::Table(self.table(walk, section)),
            Kind::Table2 => {
                let twin = self.table(walk, section);
                // A twin without its table still counts for one.
                if matches!(walk.pending, Pending::Nothing) {
                    walk.pending = Pending::Table(None);
                }
                self.flush_table(walk, twin);
            }
            Kind::Volume => self.geometry(walk, section)?,
            Kind::Header
            | Kind::Header2
            | Kind::Xhash
            | Kind::Hash
            | Kind::Digest
            | Kind::Error2 => {
                self.small(walk.segment, section);
            }
            Kind::Next | Kind::Done | Kind::Other => {}
        }
        Ok(())
    }

    fn table(&mut self, walk: &Walk<'_>, section: Section) -> Option<Copy> {
        // SMART's chunks lie in the table's section: what is read ends with the entries.
        let limit = MAX_ENTRIES * 4 + 28;
        let mut head = [0; 4];
        let count = match walk.segment.read_exact_at(section.data, &mut head) {
            Ok(()) => u64::from(u32::from_le_bytes(head)),
            Err(_) => 0,
        };
        let wanted = (count * 4 + 28).min(limit).min(section.data_len);
        let data = self.read(walk.segment, section, wanted, "a table of chunks")?;
        table::parse(&data, section.data)
    }

    /// Joins a pending table with its twin into a run.
    fn flush_table(&mut self, walk: &mut Walk<'_>, twin: Option<Copy>) {
        let Pending::Table(table) = std::mem::replace(&mut walk.pending, Pending::Nothing) else {
            return;
        };
        let (run, problem) = table::combine(table, twin, walk.index, walk.sectors_end);
        if let Some(problem) = problem {
            self.note(walk.segment, 0, "a table of chunks", problem);
        }
        match run {
            Some(run) if self.located.saturating_add(run.count()) > MAX_CHUNKS => {
                let problem = format!("more than {MAX_CHUNKS} chunks are located already");
                self.note(walk.segment, 0, "a table of chunks", problem);
            }
            Some(run) => {
                self.located += run.count();
                if let Some(stretch) = self.stretches.last_mut() {
                    stretch.push(run);
                }
            }
            None => self.lose_table(),
        }
    }

    fn lose_table(&mut self) {
        self.stretches.push(Stretch::new());
    }

    fn geometry(&mut self, walk: &mut Walk<'_>, section: Section) -> Result<(), OpenError> {
        let Some(data) = self.read(walk.segment, section, 1052, "the size of the device") else {
            return Ok(());
        };
        match (volume::geometry(&data), self.geometry) {
            (Ok(found), None) => self.geometry = Some(found),
            (Ok(found), Some(known)) => {
                let named = found.set != [0; 16] && known.set != [0; 16];
                if named && found.set != known.set {
                    let path = walk.segment.path.clone();
                    let problem = "its set identifier is that of another acquisition".to_owned();
                    return Err(OpenError::Foreign { path, problem });
                }
            }
            (Err(problem), Some(_)) => {
                self.note(walk.segment, section.data, "a copy of the device's size", problem);
            }
            (Err(problem), None) => walk.geometry_problem = Some((section.data, problem)),
        }
        Ok(())
    }

    /// Sections that say something about the acquisition but locate no bytes.
    fn small(&mut self, segment: &Segment, section: Section) {
        let wanted = match section.kind {
            Kind::Hash => "the stored MD5",
            Kind::Digest | Kind::Xhash => "the stored digests",
            Kind::Error2 => "the list of sectors that could not be acquired",
            _ => "the acquisition's header",
        };
        let Some(data) = self.read(segment, section, MAX_SMALL, wanted) else { return };
        let outcome = match section.kind {
            Kind::Hash => volume::hash(&data).map(|md5| self.digests(Some(md5), None)),
            Kind::Digest => {
                volume::digest(&data).map(|(md5, sha1)| self.digests(Some(md5), Some(sha1)))
            }
            Kind::Xhash => {
                self.digests(None, header::xhash_sha1(&data));
                Ok(())
            }
            Kind::Error2 => {
                volume::acquisition_errors(&data).map(|ranges| self.unread_sectors = ranges)
            }
            _ => self.header(section.kind, &data).ok_or_else(|| "it does not inflate".to_owned()),
        };
        if let Err(problem) = outcome {
            self.note(segment, section.data, wanted, problem);
        }
    }

    /// Digests of zeros stand for none.
    fn digests(&mut self, md5: Option<[u8; 16]>, sha1: Option<[u8; 20]>) {
        self.md5 = self.md5.or(md5.filter(|digest| *digest != [0; 16]));
        self.sha1 = self.sha1.or(sha1.filter(|digest| *digest != [0; 20]));
    }

    /// The first `header2` wins over the first `header`: it is not bound to a code page.
    fn header(&mut self, kind: Kind, data: &[u8]) -> Option<()> {
        let wide = kind == Kind::Header2;
        if self.header.is_empty() || (wide && !self.header_is_wide) {
            self.header = header::values(data)?;
            self.header_is_wide = wide;
        }
        Some(())
    }

    /// Reads up to `most` bytes of a section's data; what cannot be read is noted.
    fn read(
        &mut self,
        segment: &Segment,
        section: Section,
        most: u64,
        wanted: &str,
    ) -> Option<Vec<u8>> {
        let len = usize::try_from(section.data_len.min(most)).ok()?;
        let mut data = vec![0; len];
        match segment.read_exact_at(section.data, &mut data) {
            Ok(()) => Some(data),
            Err(error) => {
                self.note(segment, section.data, wanted, describe(&error));
                None
            }
        }
    }

    fn note(&mut self, segment: &Segment, at: u64, wanted: &str, problem: String) {
        let reason = if at == 0 { problem } else { format!("at byte {at}: {problem}") };
        self.gaps.push(Gap {
            forensic_path: String::new(),
            stage: Stage::Source,
            wanted: format!("{wanted} in {}", file_name(&segment.path)),
            reason,
            offset_bytes: None,
            size_bytes: None,
        });
    }

    fn finish(mut self, segments: Vec<Segment>) -> Result<EwfImage, OpenError> {
        let Some(geometry) = self.geometry else { return Err(OpenError::Nothing) };
        let (runs, surplus) = account::number(self.stretches, geometry.chunks());
        if surplus {
            self.gaps.push(Gap {
                forensic_path: String::new(),
                stage: Stage::Source,
                wanted: "as many chunks as the device has".to_owned(),
                reason: "the tables locate more chunks than that; the rest was left out".to_owned(),
                offset_bytes: None,
                size_bytes: None,
            });
        }
        account::unlocated(&runs, geometry, &mut self.gaps);
        account::unacquired(&self.unread_sectors, geometry, &mut self.gaps);
        let provenance = Provenance {
            format: Format::Ewf,
            segments: segments.iter().map(|s| s.path.clone()).collect(),
            len: ByteLen(geometry.media_len),
            stored_md5: self.md5,
            stored_sha1: self.sha1,
            header: self.header,
            gaps: self.gaps,
        };
        let cache = Cache::new(geometry.chunk_len);
        Ok(EwfImage { segments, geometry, runs, cache, provenance })
    }
}

fn check_number(segment: &Segment, wanted: u32) -> Result<(), OpenError> {
    let path = segment.path.clone();
    let found = section::number(segment).map_err(|e| damaged(segment, 0, describe(&e)))?;
    match found {
        Some(found) if u32::from(found) == wanted => Ok(()),
        Some(found) if wanted == 1 => {
            Err(match sibling::ewf(&path, 1).filter(|first| *first != path) {
                Some(first) => OpenError::NotFirst { path, first },
                None => OpenError::Foreign {
                    path,
                    problem: format!("segment 1 was wanted, it is {found}"),
                },
            })
        }
        Some(found) => {
            let problem = format!("segment {wanted} was wanted, it is segment {found}");
            Err(OpenError::Foreign { path, problem })
        }
        None => Err(OpenError::Foreign { path, problem: "it is no EWF segment".to_owned() }),
    }
}

fn damaged(segment: &Segment, at: u64, problem: String) -> OpenError {
    OpenError::Damaged { path: segment.path.clone(), offset: ByteOffset(at), problem }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
