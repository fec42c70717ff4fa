//! Nodeprep and resourceprep (RFC 6122 appendices A and B), with a fast path for plain ASCII.

use std::borrow::Cow;

use stringprep::tables;
use unicode_normalization::UnicodeNormalization;

/// A localpart by nodeprep: case folded, normalised by NFKC. `None` if it has what no localpart may have.
pub(super) fn local(text: &str) -> Option<Cow<'_, str>> {
    if !text.is_ascii() {
        return settled(text, |text| stringprep::nodeprep(text).ok().map(Cow::into_owned));
    }
    let forbidden = |byte: u8| byte <= b' ' || byte == 0x7f || b"\"&'/:<>@".contains(&byte);
    (!text.bytes().any(forbidden)).then(|| lower(text))
}

/// A resourcepart by resourceprep: normalised by NFKC, capitals kept. `None` if it has what none may have.
pub(super) fn resource(text: &str) -> Option<Cow<'_, str>> {
    if !text.is_ascii() {
        return settled(text, resourceprep);
    }
    (!text.bytes().any(|byte| byte.is_ascii_control())).then_some(Cow::Borrowed(text))
}

/// In small letters; borrowed if it is already.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// What `prepare` makes of `text`, if it makes the same of that again. The tables of stringprep are those of Unicode
/// 3.2, the normalisation is today's: a text on which they disagree could not be compared, so it is no address.
pub(super) fn settled(text: &str, prepare: impl Fn(&str) -> Option<String>) -> Option<Cow<'_, str>> {
    let once = prepare(text)?;
    (prepare(&once).as_ref() == Some(&once)).then_some(Cow::Owned(once))
}

/// RFC 6122 appendix B. Code points that Unicode 3.2 did not know are let through, as RFC 3454 §7 has it for queries and
/// as other servers do: a nickname may have an emoji.
fn resourceprep(text: &str) -> Option<String> {
    let mapped = text.chars().filter(|c| !tables::commonly_mapped_to_nothing(*c));
    let prepared: String = mapped.nfkc().collect();
    (!prepared.contains(prohibited) && directions_agree(&prepared)).then_some(prepared)
}

/// RFC 6122 appendix B.5.
fn prohibited(c: char) -> bool {
    tables::non_ascii_space_character(c)
        || tables::ascii_control_character(c)
        || tables::non_ascii_control_character(c)
        || tables::private_use(c)
        || tables::non_character_code_point(c)
        || tables::inappropriate_for_plain_text(c)
        || tables::inappropriate_for_canonical_representation(c)
        || tables::change_display_properties_or_deprecated(c)
        || tables::tagging_character(c)
}

/// RFC 3454 §6: a text with letters that run from right to left has none that run the other way, and begins and ends
/// with such a letter.
pub(crate) fn directions_agree(text: &str) -> bool {
    !text.contains(tables::bidi_r_or_al)
        || (!text.contains(tables::bidi_l)
            && text.starts_with(tables::bidi_r_or_al)
            && text.ends_with(tables::bidi_r_or_al))
}
