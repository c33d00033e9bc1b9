//! Numbers in a header.

/// Octal digits as text, or base 256 behind a first byte of `0x80` (`0xff`: negative).
///
/// Stricter than any one reader: what GNU tar, Go and Python would read differently is refused.
///
/// # Errors
/// What is wrong with it.
pub(super) fn number(field: &[u8]) -> Result<i64, &'static str> {
    match field {
        [0x80, rest @ ..] => base_256(0, rest),
        [0xff, rest @ ..] => base_256(-1, rest),
        _ => octal(field),
    }
}

/// Most significant byte first.
fn base_256(start: i64, bytes: &[u8]) -> Result<i64, &'static str> {
    let add = |value: i64, byte: &u8| value.checked_mul(256)?.checked_add(i64::from(*byte));
    bytes.iter().try_fold(start, add).ok_or("a number is too large")
}

/// Spaces, digits, spaces; what follows a NUL is nobody's.
fn octal(field: &[u8]) -> Result<i64, &'static str> {
    let text = until_nul(field).trim_ascii();
    if text.is_empty() && field.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return Err("a number begins with NUL");
    }
    let add = |value: i64, digit: &u8| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    };
    text.iter().try_fold(0, add).ok_or("a number is not octal")
}

/// The text in a field.
pub(super) fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Decimal digits and nothing else.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `0o777` and the like, as tar has them in text.
pub(super) fn put_octal(field: &mut [u8], value: u64) -> bool {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    let fits = text.len() == digits;
    if fits {
        field[..digits].copy_from_slice(text.as_bytes());
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_with_its_many_ends() {
        for (text, value) in [
            (&b"0000644\0"[..], 0o644),
            (b"644     ", 0o644),
            (b"   644 \0", 0o644),
            (b"00000000644", 0o644),
            (b"\0\0\0\0\0\0\0\0", 0),
            (b"        ", 0),
            (b"644\0junk", 0o644),
        ] {
            assert_eq!(number(text), Ok(value), "{text:?}");
        }
        for bad in
            [&b"0000648\0"[..], b"0x1\0\0\0\0\0", b"6 44\0\0\0\0", b"\x00644\0\0\0\0", b"-1\0\0\0\0\0\0"]
        {
            assert!(number(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn base_256_up_to_what_fits() {
        let mut field = [0_u8; 12];
        field[0] = 0x80;
        field[11] = 5;
        assert_eq!(number(&field), Ok(5));
        assert_eq!(number(&[0xff; 12]), Ok(-1));
        field[3] = 1;
        assert!(number(&field).is_err());
        assert!(number(&[0x81, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
