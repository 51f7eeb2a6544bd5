//! Numbers out of a slice, and stretches out of a volume; none where they end first.

/// An encrypted volume as it lies on the disk.
pub trait Bytes {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `at`, whole or not at all; says why not.
    fn read_at(&self, at: u64, buf: &mut [u8]) -> Result<(), String>;
}

/// The bytes at `at`, as many as there are of the `most` wanted.
pub(crate) fn up_to(volume: &dyn Bytes, at: u64, most: usize) -> Result<Vec<u8>, String> {
    let there = volume.len().saturating_sub(at);
    let mut bytes = vec![0; usize::try_from(there).map_or(most, |there| there.min(most))];
    volume.read_at(at, &mut bytes)?;
    Ok(bytes)
}

pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub(crate) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(crate) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

pub(crate) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

pub(crate) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

pub(crate) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

pub(crate) fn u64_be(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// The text of a field that zeros fill up.
pub(crate) fn text(bytes: &[u8], at: usize, len: usize) -> Option<&str> {
    let field = bytes.get(at..at.checked_add(len)?)?;
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(len);
    std::str::from_utf8(&field[..end]).ok()
}

/// Text of a header as records may show it: no longer than that, and without what commands a
/// terminal.
pub(crate) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(80).collect();
    let dots = if cut.len() < text.len() { "..." } else { "" };
    [&*cut.replace(char::is_control, "?"), dots].concat()
}
