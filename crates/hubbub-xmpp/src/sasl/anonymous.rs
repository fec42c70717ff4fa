//! ANONYMOUS (RFC 4505): one message, which says something about the client or nothing.

use stringprep::tables;

use super::Failure;
use crate::jid::directions_agree;

/// Longest trace, in characters (RFC 4505 §2).
const MAX_TRACE_CHARS: usize = 255;

/// The name a guest would like to have, if the trace can be one. A mail address is nobody's nickname, and not everybody's
/// to read: it is forgotten.
pub(super) fn wished_name(trace: &[u8]) -> Result<Option<String>, Failure> {
    let trace = std::str::from_utf8(trace).map_err(|_| Failure::MalformedRequest)?;
    if trace.chars().count() > MAX_TRACE_CHARS || trace.contains(prohibited) || !directions_agree(trace) {
        return Err(Failure::MalformedRequest);
    }
    let name = trace.trim();
    Ok((!name.is_empty() && !name.contains('@')).then(|| name.to_owned()))
}

/// The profile `trace` (RFC 4505 §3): neither mapped nor normalised.
fn prohibited(c: char) -> bool {
    tables::ascii_control_character(c)
        || tables::non_ascii_control_character(c)
        || tables::private_use(c)
        || tables::non_character_code_point(c)
        || tables::inappropriate_for_plain_text(c)
        || tables::change_display_properties_or_deprecated(c)
        || tables::tagging_character(c)
}
