//! UTF-8, checked as it arrives (RFC 6455 §8.1), so that a bad byte fails the connection at once and not when
//! its message ends.

use crate::Error;

/// Checks what `bytes` gained since `checked` of them were known to be good, and moves `checked` to the end
/// of the last whole character. A character cut off at the end is no fault as long as it can still become
/// valid.
pub(crate) fn check_growing(bytes: &[u8], checked: &mut usize) -> Result<(), Error> {
    match simdutf8::compat::from_utf8(&bytes[*checked..]) {
        Ok(text) => *checked += text.len(),
        Err(fault) if fault.error_len().is_none() => *checked += fault.valid_up_to(),
        Err(_) => return Err(Error::InvalidUtf8),
    }
    Ok(())
}

/// The whole of a text message.
pub(crate) fn check_whole(bytes: &[u8]) -> Result<&str, Error> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| Error::InvalidUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` one at a time; the number of bytes after which the check failed, if it did.
    fn fails_after(bytes: &[u8]) -> Option<usize> {
        let mut checked = 0;
        (1..=bytes.len()).find(|&len| check_growing(&bytes[..len], &mut checked).is_err())
    }

    #[test]
    fn good_text_never_fails() {
        assert_eq!(fails_after("κόσμε, 𝄞 and ascii".as_bytes()), None);
    }

    /// Autobahn 6.4.*: the first byte that cannot belong to a character is the one that fails.
    #[test]
    fn the_first_hopeless_byte_fails() {
        assert_eq!(fails_after(b"\xce\xba\xf4\x90\x80\x80"), Some(4), "beyond U+10FFFF");
        assert_eq!(fails_after(b"\xed\xa0\x80"), Some(2), "a surrogate");
        assert_eq!(fails_after(b"\xe0\x80\x80"), Some(2), "overlong");
        assert_eq!(fails_after(b"\xf0\x8f\x80"), Some(2), "overlong");
        assert_eq!(fails_after(b"\xc0\xaf"), Some(1), "overlong");
        assert_eq!(fails_after(b"a\x80"), Some(2), "a stray continuation");
        assert_eq!(fails_after(b"\xe2\x82a"), Some(3), "a character cut short");
    }

    #[test]
    fn a_cut_character_is_whole_when_its_rest_comes() {
        let text = "€".as_bytes();
        let mut checked = 0;
        assert_eq!(check_growing(&text[..2], &mut checked), Ok(()));
        assert_eq!(checked, 0);
        assert_eq!(check_growing(text, &mut checked), Ok(()));
        assert_eq!(checked, 3);
    }
}
