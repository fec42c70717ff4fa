//! Reading one whole document: a WebSocket message (RFC 7395 §3.3.3), or something kept earlier.

use super::builder::{Builder, Rules};
use super::chars::legal;
use super::declaration::declaration;
use super::scope::Outer;
use super::syntax::skip_space;
use super::{Element, Limit, Limits, XmlError};

/// Reads one whole document: one element, perhaps after an XML declaration, with nothing but white space around it.
///
/// The [`Element`] stands alone under the default namespace [`CLIENT`](super::CLIENT), as those from a stream do. So an element
/// in no namespace is written anew and says so.
///
/// # Errors
/// As for [`Framer::next`](super::Framer::next); a document that is cut short is not well-formed.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Element, XmlError> {
    read(bytes, Rules { outer: &Outer::NOTHING, limits })
}

/// Like [`parse`], for what stood where `default_ns` was the default namespace: a stanza that was kept without its
/// stream, for one.
///
/// # Errors
/// As for [`parse`].
pub fn parse_under(bytes: &[u8], default_ns: &str, limits: &Limits) -> Result<Element, XmlError> {
    read(bytes, Rules { outer: &Outer::new(default_ns.to_owned()), limits })
}

fn read(bytes: &[u8], rules: Rules<'_>) -> Result<Element, XmlError> {
    let (len, fault) = legal(bytes);
    if len < bytes.len() {
        return Err(fault.unwrap_or(XmlError::UnsupportedEncoding));
    }
    let start = prolog(bytes)?;
    let view = &bytes[start..];
    let view = &view[..view.len().min(rules.limits.bytes() + 1)];
    let mut builder = Builder::default();
    let Some(end) = builder.advance(view, rules)? else {
        let cut = view.len() > rules.limits.bytes();
        return Err(if cut { XmlError::TooLarge(Limit::Bytes) } else { XmlError::NotWellFormed });
    };
    if skip_space(bytes, start + end) != bytes.len() {
        return Err(trailing(&bytes[skip_space(bytes, start + end)..]));
    }
    builder.finish(&view[..end], rules)
}

/// Where the element begins.
fn prolog(bytes: &[u8]) -> Result<usize, XmlError> {
    let mut start = 0;
    if bytes.starts_with(b"<?") {
        start = declaration(bytes)?.ok_or(XmlError::NotWellFormed)?;
    }
    start = skip_space(bytes, start);
    match bytes[start..] {
        [b'<', b'!' | b'?', ..] => Err(XmlError::RestrictedXml),
        [b'<', ..] => Ok(start),
        _ => Err(XmlError::NotWellFormed),
    }
}

/// What is wrong with something behind the end.
fn trailing(rest: &[u8]) -> XmlError {
    if matches!(rest, [b'<', b'!' | b'?', ..]) { XmlError::RestrictedXml } else { XmlError::NotWellFormed }
}
