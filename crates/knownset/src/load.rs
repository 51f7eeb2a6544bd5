//! From a file to the records in it: what form it has is seen from its content, never its name.
//!
//! In: the files of lists. Out: a [`KnownSet`]. Refused: a list that cannot be read to its end,
//! as a whole: half a list would miss hits in silence.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::set::{KnownSet, Loader};
use crate::{KnownError, csv_list, nsrl, plain, vics};

/// How much of a file is looked at to tell its form, in bytes.
const LOOK: usize = 64 * 1024;

impl KnownSet {
    /// Loads these lists, in this order. All or nothing.
    pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Self, KnownError> {
        let mut loader = Loader::default();
        for path in paths {
            load(&mut loader, path.as_ref())?;
        }
        Ok(loader.end())
    }
}

/// What a file is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Sqlite,
    Utf16,
    Json,
    Digests,
    Csv,
}

fn load(loader: &mut Loader, path: &Path) -> Result<(), KnownError> {
    let io = |source| KnownError::Io { path: path.to_owned(), source };
    let mut hash = Sha256::new();
    let file = File::open(path).map_err(io)?;
    let mut text = BufReader::with_capacity(LOOK, Hashed { inner: file, hash: &mut hash });
    let start = text.fill_buf().map_err(io)?;
    let form = form(start);
    let mark = if start.starts_with(MARK) { MARK.len() } else { 0 };
    text.consume(mark);
    loader.begin(path);
    let format = match form {
        Form::Utf16 => return Err(KnownError::Utf16 { path: path.to_owned() }),
        Form::Sqlite => {
            let format = nsrl::read(loader, path)?;
            std::io::copy(&mut text, &mut std::io::sink()).map_err(io)?;
            format
        }
        Form::Json => vics::read(loader, path, &mut text)?,
        Form::Digests => plain::read(loader, path, &mut text)?,
        Form::Csv => csv_list::read(loader, path, &mut text)?,
    };
    drop(text);
    let Some(source) = loader.source() else { return Ok(()) };
    if source.records == 0 {
        return Err(KnownError::Empty { path: path.to_owned() });
    }
    source.format = format;
    source.sha256 = hex::encode(hash.finalize());
    Ok(())
}

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

fn form(start: &[u8]) -> Form {
    if start.starts_with(b"SQLite format 3\0") {
        return Form::Sqlite;
    }
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Form::Utf16;
    }
    let text = start.strip_prefix(MARK).unwrap_or(start);
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        return Form::Json;
    }
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    match lines.find(|line| !line.is_empty()) {
        Some(line) if line.starts_with(b"#") || plain::is_digest_line(line) => Form::Digests,
        _ => Form::Csv,
    }
}

/// The list's name where it gives none itself: the file's, without its extension.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A reader that digests what passes.
struct Hashed<'a, R> {
    inner: R,
    hash: &'a mut Sha256,
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.hash.update(&buf[..n]);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_list_is_told_by_its_content() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let told = |text: &str| form(text.as_bytes());
        assert_eq!(told("SQLite format 3\0..."), Form::Sqlite);
        assert_eq!(form(b"\xff\xfe{\0"), Form::Utf16);
        assert_eq!(told("\u{feff} \r\n{\"value\":[]}"), Form::Json);
        assert_eq!(told(&format!("\n{md5}\n")), Form::Digests);
        assert_eq!(told(&format!("# from the laboratory\n{md5}\n")), Form::Digests);
        assert_eq!(told(&format!("{md5}  picture, one.jpg\n")), Form::Digests);
        assert_eq!(told(&format!("{md5},list,A\n")), Form::Csv);
        assert_eq!(told("digest,list,category\n"), Form::Csv);
        assert_eq!(told(""), Form::Csv);
    }
}
