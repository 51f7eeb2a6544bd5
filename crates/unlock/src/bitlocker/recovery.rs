//! Recovery passwords: 48 digits that stand for 128 bits.
//!
//! In: eight groups of six digits, with hyphens or spaces between them or none. Out: the key.
//! Refused: a group that is no multiple of 11, or that stands for more than 16 bits: mistyped.

use zeroize::Zeroizing;

/// The key that a recovery password stands for; none where it is not one.
pub(crate) fn key(text: &str) -> Option<Zeroizing<[u8; 16]>> {
    let mut key = Zeroizing::new([0; 16]);
    let mut digits = text.bytes().filter(|byte| !matches!(byte, b'-' | b' '));
    for half in key.chunks_exact_mut(2) {
        let mut group = 0_u32;
        for _ in 0..6 {
            let digit = digits.next().filter(u8::is_ascii_digit)?;
            group = group * 10 + u32::from(digit - b'0');
        }
        let value = u16::try_from(group / 11).ok().filter(|_| group.is_multiple_of(11))?;
        half.copy_from_slice(&value.to_le_bytes());
    }
    digits.next().is_none().then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_password_is_checked_group_by_group() {
        let digits = "235818-357951-253979-013365-241120-245575-342914-591910";
        let key_of = |text: &str| key(text).map(|key| hex::encode(&key[..]));
        let wanted = key_of(digits).unwrap();
        assert_eq!(wanted[..8], *"be531d7f", "235818 / 11 and 357951 / 11, little-endian");
        assert_eq!(key_of(&digits.replace('-', "")).as_deref(), Some(&*wanted));
        assert_eq!(key_of(&digits.replace('-', " ")).as_deref(), Some(&*wanted));
        for wrong in [
            "",
            "235818",
            "235819-357951-253979-013365-241120-245575-342914-591910",
            "720896-357951-253979-013365-241120-245575-342914-591910",
            "23581x-357951-253979-013365-241120-245575-342914-591910",
            "235818-357951-253979-013365-241120-245575-342914-5919100",
        ] {
            assert_eq!(key_of(wrong), None, "{wrong}");
        }
    }
}
