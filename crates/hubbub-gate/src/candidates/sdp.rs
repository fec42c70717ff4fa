//! Candidates in SDP: `a=candidate` (RFC 8839 §5.1), and what else tells an address there: where media is to go by default (`c=`, `m=`,
//! `a=rtcp`), where the other's candidates were (`a=remote-candidates`, RFC 8839 §5.2), and from where it was written (`o=`).

use std::borrow::Cow;

/// The port of a destination that is none, beside an address that is none (RFC 9429 §5.2.1, RFC 8840 §4.1.1).
const NO_PORT: &str = "9";

/// Whether `text` is one line.
pub(super) fn is_line(text: &str) -> bool {
    !text.contains(['\r', '\n'])
}

/// Whether a line is a candidate.
pub(super) fn is_candidate(line: &str) -> bool {
    after(line, "a=").unwrap_or(line).get(..10).is_some_and(|name| name.eq_ignore_ascii_case("candidate:"))
}

/// Whether a line says that no more candidates come (RFC 8840 §8.2), where a candidate may stand.
pub(super) fn is_end(line: &str) -> bool {
    after(line, "a=").unwrap_or(line) == "end-of-candidates"
}

/// Whether `text` is a description, or a piece of one (RFC 8840 §9).
pub(super) fn is_description(text: &str) -> bool {
    let is_sdp = |line: &str| is_candidate(line) || line.starts_with("c=IN ");
    text.starts_with("v=") || lines(text).any(|(line, _)| is_sdp(line.trim()))
}

/// The types of candidates (RFC 8839 §5.1): three that tell where somebody is, and that of relays.
const TYPES: [&str; 4] = ["host", "srflx", "prflx", "relay"];

/// Whether a candidate that is not relayed stands anywhere in `text`.
pub(super) fn tells(text: &str) -> bool {
    has_type(text, &TYPES[..3])
}

/// Whether any candidate, or an address (RFC 8866 §5.7), stands anywhere in `text`.
pub(super) fn has_any(text: &str) -> bool {
    has_type(text, &TYPES) || text.contains("IN IP4 ") || text.contains("IN IP6 ")
}

/// Whether one of these follows `typ`.
fn has_type(text: &str, types: &[&str]) -> bool {
    let mut last = "";
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let before = std::mem::replace(&mut last, word);
        before.eq_ignore_ascii_case("typ") && types.iter().any(|kind| word.eq_ignore_ascii_case(kind))
    })
}

/// A candidate that is relayed, with or without its name, so that it does not tell from where it was asked for: "In some cases, e.g., for
/// privacy reasons, an agent may not want to reveal the related address" (RFC 8839 §5.1). `None` if it is another one.
pub(super) fn relayed(candidate: &str) -> Option<Cow<'_, str>> {
    let mut words: Vec<&str> = candidate.split_ascii_whitespace().collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|is| is.eq_ignore_ascii_case(word));
    if !is(6, "typ") || !is(7, "relay") {
        return None;
    }
    let unspecified = if words[4].contains(':') { "::" } else { "0.0.0.0" };
    let mut hidden = false;
    for pair in words[8..].chunks_exact_mut(2) {
        let replaced = match pair[0].to_ascii_lowercase().as_str() {
            "raddr" if !is_unspecified(pair[1]) => unspecified,
            "rport" if !matches!(pair[1], "0" | NO_PORT) => NO_PORT,
            _ => continue,
        };
        (pair[1], hidden) = (replaced, true);
    }
    Some(if hidden { Cow::Owned(words.join(" ")) } else { Cow::Borrowed(candidate) })
}

/// A description without candidates that are not relayed and without what else tells their addresses; `None` if that is the same.
pub(super) fn relayed_only(text: &str) -> Option<String> {
    let stays = Defaults::of(text);
    let mut out = String::with_capacity(text.len());
    let mut section = 0;
    for (line, end) in lines(text) {
        section += usize::from(line.starts_with("m="));
        if let Some(line) = rewritten(line, stays.of_section(section)) {
            out.push_str(&line);
            out.push_str(end);
        }
    }
    (out != text).then_some(out)
}

/// A line as it may be said, if it may. The default destination that it is about `stays` if it is a relay's.
fn rewritten(line: &str, stays: bool) -> Option<Cow<'_, str>> {
    let said = line.trim();
    if is_candidate(said) {
        return relayed(line);
    }
    if said.starts_with("a=remote-candidates:") {
        return None;
    }
    Some(match said.as_bytes() {
        [b'o', b'=', ..] => origin(said),
        [b'c', b'=', ..] if !stays => format!("c={}", nowhere(said)).into(),
        [b'm', b'=', ..] if !stays => media(said),
        _ if said.starts_with("a=rtcp:") && !stays => match said.contains("IN ") {
            true => format!("a=rtcp:{NO_PORT} {}", nowhere(said)).into(),
            false => format!("a=rtcp:{NO_PORT}").into(),
        },
        _ => line.into(),
    })
}

/// An address that is none, of the kind that `line` has.
fn nowhere(line: &str) -> &'static str {
    if line.contains("IP6") { "IN IP6 ::" } else { "IN IP4 0.0.0.0" }
}

/// Media that go nowhere yet; those that are refused or go with others have the port 0 and keep it.
fn media(line: &str) -> Cow<'_, str> {
    let mut words: Vec<&str> = line.split(' ').collect();
    match words.get_mut(1) {
        Some(port) if *port != "0" => *port = NO_PORT,
        _ => return line.into(),
    }
    words.join(" ").into()
}

/// Whoever wrote it. His address means nothing but must stay the same, so a browser's, which tells nothing, is let be.
fn origin(line: &str) -> Cow<'_, str> {
    match line.rsplit_once(' ') {
        Some((before, address)) if !is_unspecified(address) && !matches!(address, "127.0.0.1" | "::1") => {
            let none = if before.ends_with("IP6") { "::" } else { "0.0.0.0" };
            format!("{before} {none}").into()
        }
        _ => line.into(),
    }
}

fn is_unspecified(address: &str) -> bool {
    matches!(address, "0.0.0.0" | "::")
}

/// Of which sections the default destination may stay: it is that of a relayed candidate there.
struct Defaults(Vec<bool>);

/// What stands before the first `m=`, or from one to the next.
#[derive(Default)]
struct Section<'a> {
    address: Option<&'a str>,
    port: &'a str,
    rtcp: Option<(&'a str, Option<&'a str>)>,
    relays: Vec<(&'a str, &'a str)>,
}

impl Defaults {
    fn of(text: &str) -> Self {
        let mut sections = vec![Section::default()];
        for (line, _) in lines(text) {
            if let Some(media) = after(line, "m=") {
                let port = media.split(' ').nth(1).unwrap_or_default();
                sections.push(Section { port, ..Section::default() });
            } else if let Some(section) = sections.last_mut() {
                section.read(line.trim());
            }
        }
        // An address for all sections stays if it is that of each which has none of its own.
        let common = sections[0].address;
        let mut stays: Vec<_> = sections.iter().map(|section| section.stays(common)).collect();
        let leaning = || sections.iter().zip(&stays).skip(1).filter(|(section, _)| section.address.is_none());
        let common_stays = leaning().next().is_some() && leaning().all(|(_, stays)| *stays);
        for (section, stays) in sections.iter().zip(&mut stays) {
            *stays &= section.address.is_some() || common_stays;
        }
        stays[0] = common_stays;
        Self(stays)
    }

    fn of_section(&self, section: usize) -> bool {
        self.0.get(section).copied().unwrap_or_default()
    }
}

impl<'a> Section<'a> {
    fn read(&mut self, line: &'a str) {
        if let Some(connection) = after(line, "c=") {
            // Several (RFC 8866 §5.7) are no relay's.
            self.address = self.address.map_or(connection.split(' ').next_back(), |_| Some(""));
        } else if let Some(rtcp) = after(line, "a=rtcp:") {
            let mut words = rtcp.split(' ');
            let rtcp = words.next().map(|port| (port, words.next_back()));
            self.rtcp = self.rtcp.map_or(rtcp, |_| Some(("", None)));
        } else if is_candidate(line) && relayed(line).is_some() {
            let mut words = line.split_ascii_whitespace().skip(4);
            self.relays.extend(words.next().zip(words.next()));
        }
    }

    fn stays(&self, common: Option<&str>) -> bool {
        let Some(address) = self.address.or(common) else { return false };
        let is_relay = |address, port| self.relays.contains(&(address, port));
        let rtcp = self.rtcp.is_none_or(|(port, own)| is_relay(own.unwrap_or(address), port));
        is_relay(address, self.port) && rtcp
    }
}

fn after<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    line.strip_prefix(prefix)
}

/// Lines, and how each ends: by CRLF (RFC 8866 §5), and by what readers take for it.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = rest.find(['\r', '\n']).unwrap_or(rest.len());
        let end = match &rest.as_bytes()[at..] {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        let (whole, next) = rest.split_at(at + end);
        rest = next;
        Some(whole.split_at(at))
    })
}
