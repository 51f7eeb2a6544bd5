//! Numbers out of a slice; none where the slice ends first.

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

/// The text in a field of fixed length: up to its first zero byte, lossily decoded, without
/// spaces around it.
pub(crate) fn text(bytes: &[u8], at: usize, len: usize) -> String {
    let end = at.saturating_add(len).min(bytes.len());
    let field = bytes.get(at..end).unwrap_or_default();
    let used = field.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(used).trim().to_owned()
}
