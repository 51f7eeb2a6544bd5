//! Records: from the payload of a row to its values.
//!
//! Source: "Database File Format", section 2.1.

use super::Encoding;
use super::btree::varint;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text; what is not of its encoding is replaced.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// A whole number, also where it was stored as text or as a real number.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(n) => Some(*n),
            #[expect(clippy::cast_possible_truncation, reason = "in range")]
            Self::Real(n) => (n.abs() < 9e15).then_some(*n as i64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Null | Self::Blob(_) => None,
        }
    }

    /// A number.
    pub fn real(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "times have fewer digits")]
            Self::Integer(n) => Some(*n as f64),
            Self::Real(n) => Some(*n),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Null | Self::Blob(_) => None,
        }
    }

    /// A text that is not empty; numbers as they are written.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => (!text.is_empty()).then(|| text.clone()),
            Self::Integer(n) => Some(n.to_string()),
            Self::Null | Self::Real(_) | Self::Blob(_) => None,
        }
    }

    /// Bytes.
    pub fn blob(&self) -> Option<&[u8]> {
        if let Self::Blob(bytes) = self { Some(bytes) } else { None }
    }
}

/// The values of a row; none where its header or a value is cut off.
pub(super) fn values(payload: &[u8], encoding: Encoding) -> Option<Vec<Value>> {
    let (header_len, mut at) = varint(payload, 0)?;
    let header_len = usize::try_from(header_len).ok().filter(|len| *len <= payload.len())?;
    let header = payload.get(..header_len)?;
    let mut data = payload.get(header_len..)?;
    let mut values = Vec::new();
    while at < header_len {
        let (kind, used) = varint(header, at)?;
        at += used;
        let len = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let (bytes, rest) = data.split_at_checked(usize::try_from(len).ok()?)?;
        data = rest;
        values.push(match kind {
            0 => Value::Null,
            1..=6 => Value::Integer(integer(bytes)),
            7 => Value::Real(f64::from_bits(integer(bytes).cast_unsigned())),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            _ if kind % 2 == 0 => Value::Blob(bytes.to_vec()),
            _ => Value::Text(text(bytes, encoding)),
        });
    }
    Some(values)
}

/// A big-endian number of up to eight bytes, with its sign.
fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes.iter().fold(start, |n, b| n << 8 | i64::from(*b))
}

fn text(bytes: &[u8], encoding: Encoding) -> String {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Encoding::Utf16Le => wide(u16::from_le_bytes),
        Encoding::Utf16Be => wide(u16::from_be_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_keep_their_sign() {
        assert_eq!(integer(&[0xff]), -1);
        assert_eq!(integer(&[0x01, 0x00]), 256);
        assert_eq!(integer(&[0x80, 0, 0]), -8_388_608);
        assert_eq!(integer(&[]), 0);
    }

    #[test]
    fn a_record_that_is_cut_off_has_no_values() {
        // Header of three bytes: an integer of one byte, and a text of two.
        let whole = [3, 1, 17, 5, b'h', b'i'];
        let read = values(&whole, Encoding::Utf8);
        assert_eq!(read, Some(vec![Value::Integer(5), Value::Text("hi".into())]));
        for len in 0..whole.len() {
            assert_eq!(values(&whole[..len], Encoding::Utf8), None, "{len} bytes");
        }
    }
}
