//! The XML declaration, `<?xml version='1.0'?>` (XML 1.0 §2.8).

use super::XmlError;
use super::chars::is_space;
use memchr::memmem;

/// How an XML declaration begins; one white space character follows.
const BEGIN: &[u8] = b"<?xml";

/// Reads what stands at the start of `input`, which begins with `<?`. Says where the declaration ends; `None` if it is not
/// all there.
///
/// # Errors
/// It is a processing instruction, no sound declaration, of another version, or of another encoding than UTF-8.
pub(super) fn declaration(input: &[u8]) -> Result<Option<usize>, XmlError> {
    let Some(rest) = input.strip_prefix(BEGIN) else {
        return if BEGIN.starts_with(input) { Ok(None) } else { Err(XmlError::RestrictedXml) };
    };
    match rest.first() {
        None => return Ok(None),
        Some(&byte) if !is_space(byte) => return Err(XmlError::RestrictedXml),
        Some(_) => {}
    }
    let Some(len) = memmem::find(rest, b"?>") else { return Ok(None) };
    check(&rest[..len])?;
    Ok(Some(BEGIN.len() + len + 2))
}

/// The pseudo attributes: a version, then perhaps an encoding, then perhaps whether it stands alone.
fn check(mut rest: &[u8]) -> Result<(), XmlError> {
    let version = attribute(&mut rest, b"version")?.ok_or(XmlError::NotWellFormed)?;
    let encoding = attribute(&mut rest, b"encoding")?;
    let standalone = attribute(&mut rest, b"standalone")?;
    let sound = version == b"1.0"
        && encoding.is_none_or(is_encoding_name)
        && standalone.is_none_or(|value| value == b"yes" || value == b"no")
        && rest.trim_ascii().is_empty();
    if !sound {
        return Err(XmlError::NotWellFormed);
    }
    match encoding {
        Some(name) if !name.eq_ignore_ascii_case(b"utf-8") => Err(XmlError::UnsupportedEncoding),
        _ => Ok(()),
    }
}

fn is_encoding_name(name: &[u8]) -> bool {
    let rest = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(rest)
}

/// Takes ` name = 'value'` from the start of `rest`, if that is what stands there.
fn attribute<'a>(rest: &mut &'a [u8], name: &[u8]) -> Result<Option<&'a [u8]>, XmlError> {
    let Some(value) = trim(rest).strip_prefix(name) else { return Ok(None) };
    if !rest.first().is_some_and(|&byte| is_space(byte)) {
        return Err(XmlError::NotWellFormed);
    }
    let value = trim(value).strip_prefix(b"=").map(trim).ok_or(XmlError::NotWellFormed)?;
    let (quote, value) = value.split_first().ok_or(XmlError::NotWellFormed)?;
    let end = value.iter().position(|byte| byte == quote).ok_or(XmlError::NotWellFormed)?;
    if *quote != b'\'' && *quote != b'"' {
        return Err(XmlError::NotWellFormed);
    }
    *rest = &value[end + 1..];
    Ok(Some(&value[..end]))
}

fn trim(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|&&byte| is_space(byte)).count()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_declarations_are_taken() {
        let good = [
            "<?xml version='1.0'?>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>",
            "<?xml\tversion = '1.0'\r\nstandalone='no'?>",
        ];
        for text in good {
            let whole = format!("{text}<stream?>");
            assert_eq!(declaration(whole.as_bytes()), Ok(Some(text.len())), "{text}");
            for len in 2..text.len() {
                assert_eq!(declaration(&text.as_bytes()[..len]), Ok(None), "{text}");
            }
        }
    }

    #[test]
    fn others_are_refused() {
        use XmlError::{NotWellFormed, RestrictedXml, UnsupportedEncoding};
        let bad = [
            ("<?php echo 1?>", RestrictedXml),
            ("<?xml-stylesheet href='a'?>", RestrictedXml),
            ("<?XML version='1.0'?>", RestrictedXml),
            ("<?xml ?>", NotWellFormed),
            ("<?xml encoding='UTF-8'?>", NotWellFormed),
            ("<?xml version='1.1'?>", NotWellFormed),
            ("<?xml version=1.0?>", NotWellFormed),
            ("<?xml version='1.0\"?>", NotWellFormed),
            ("<?xml version='1.0'encoding='UTF-8'?>", NotWellFormed),
            ("<?xml version='1.0' standalone='yes' encoding='UTF-8'?>", NotWellFormed),
            ("<?xml version='1.0' standalone='maybe'?>", NotWellFormed),
            ("<?xml version='1.0' other='x'?>", NotWellFormed),
            ("<?xml version='1.0' encoding=''?>", NotWellFormed),
            ("<?xml version='1.0' encoding='UTF-16'?>", UnsupportedEncoding),
            ("<?xml version='1.0' encoding='ISO-8859-1'?>", UnsupportedEncoding),
        ];
        for (text, error) in bad {
            assert_eq!(declaration(text.as_bytes()), Err(error), "{text}");
        }
    }
}
