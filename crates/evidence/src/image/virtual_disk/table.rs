//! Tables of a container that may be larger than what should lie in memory: read page by page,
//! the pages last used remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::damaged;
use crate::image::ReadError;
use crate::image::segment::Segment;

/// Pages remembered.
const REMEMBERED: usize = 64;
/// Length of a page in bytes.
const PAGE: u64 = 64 << 10;

/// Pages of tables, by file and position.
#[derive(Debug, Default)]
pub struct Pages(Mutex<Known>);

/// Pages by their file and where they begin.
type Known = HashMap<(usize, u64), Arc<Vec<u8>>>;

impl Pages {
    /// `N` bytes at this position of a file, which do not cross a page of it.
    pub fn entry<const N: usize>(
        &self,
        files: &[Segment],
        file: usize,
        at: u64,
    ) -> Result<[u8; N], ReadError> {
        let start = at - at % PAGE;
        let page = self.page(files, file, start)?;
        let inside = usize::try_from(at - start).unwrap_or(usize::MAX);
        let bytes = page.get(inside..).and_then(|rest| rest.get(..N));
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
            damaged(at, N as u64, "its table lies behind the end of the file".to_owned())
        })
    }

    fn page(&self, files: &[Segment], file: usize, start: u64) -> Result<Arc<Vec<u8>>, ReadError> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = known().get(&(file, start)) {
            return Ok(Arc::clone(page));
        }
        let segment = files.get(file).ok_or_else(|| {
            damaged(start, PAGE, format!("its table lies in file {file}, which is not there"))
        })?;
        let mut bytes = vec![0; usize::try_from(PAGE).unwrap_or(0)];
        let got = segment.read_at(start, &mut bytes)?;
        bytes.truncate(got);
        let page = Arc::new(bytes);
        let mut known = known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((file, start), Arc::clone(&page));
        Ok(page)
    }
}
