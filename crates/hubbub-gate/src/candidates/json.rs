//! Candidates in JSON of any form. It is walked once, and written anew without those that are not relayed; what encloses nothing else goes
//! with them: of `{"call":"c1","candidate":{"candidate":"…","sdpMid":"0"}}` nothing is left, of a list the other candidates are.
//!
//! Descriptions and candidates are known by how they look, and by their names `sdp` and `candidate` (W3C WebRTC 1.0, `RTCSessionDescriptionInit`
//! and `RTCIceCandidateInit`), at any depth, also in JSON within a text. Numbers and the rest stay byte for byte.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use super::{Unclear, sdp};

/// How deep lists and objects may be in each other.
const DEPTH: usize = 64;
/// How deep JSON may be in texts of JSON.
const TEXTS: usize = 2;

/// What is left of some JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// All of it, and it is not about how to reach somebody.
    Plain,
    /// Something about how to reach somebody.
    Holds,
    /// Nothing: it was candidates that do not pass.
    Nothing,
}

/// `json` without candidates that are not relayed; `None` if nothing is left.
pub(super) fn relayed_only(json: &str) -> Result<Option<Cow<'_, str>>, Unclear> {
    let (left, written) = walked(json, TEXTS)?;
    Ok(match (left, written) {
        (Left::Nothing, _) => None,
        (_, Some(written)) => Some(Cow::Owned(written)),
        (_, None) => Some(Cow::Borrowed(json)),
    })
}

/// What is left of `json`, and how it is written if that is another way.
fn walked(json: &str, texts: usize) -> Result<(Left, Option<String>), Unclear> {
    serde_json::from_str::<&RawValue>(json).map_err(|_| Unclear::Json)?;
    let mut walk = Walk { json, at: 0, out: String::with_capacity(json.len()), changed: false, texts };
    let left = walk.value("", DEPTH)?;
    Ok((left, walk.changed.then_some(walk.out)))
}

/// On the way through JSON that is known to be some.
struct Walk<'a> {
    json: &'a str,
    at: usize,
    /// What is left of what was passed, without blanks around values.
    out: String,
    changed: bool,
    texts: usize,
}

impl<'a> Walk<'a> {
    fn next(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Passes over `mark` if it comes next.
    fn skip(&mut self, mark: u8) -> bool {
        self.skip_blanks();
        let is_next = self.next() == Some(mark);
        self.at += usize::from(is_next);
        is_next
    }

    /// The value that comes next, the one that is called `name`.
    fn value(&mut self, name: &str, depth: usize) -> Result<Left, Unclear> {
        self.skip_blanks();
        match self.next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(name, depth),
            Some(b'"') => self.text(name),
            _ => Ok(self.scalar(name)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Left, Unclear> {
        self.enclosed(b'}', depth, |walk, depth| {
            walk.skip_blanks();
            let raw = walk.string();
            walk.out.push_str(raw);
            walk.skip(b':');
            walk.out.push(':');
            walk.value(&decoded(raw)?, depth)
        })
    }

    fn list(&mut self, name: &str, depth: usize) -> Result<Left, Unclear> {
        self.enclosed(b']', depth, |walk, depth| walk.value(name, depth))
    }

    /// All that stands until `end`, each by `one`.
    fn enclosed(
        &mut self,
        end: u8,
        depth: usize,
        one: impl Fn(&mut Self, usize) -> Result<Left, Unclear>,
    ) -> Result<Left, Unclear> {
        let depth = depth.checked_sub(1).ok_or(Unclear::Json)?;
        self.out.push(if end == b'}' { '{' } else { '[' });
        self.at += 1;
        let (mut empty, mut holds, mut lost) = (true, false, false);
        while !self.skip(end) {
            if self.next().is_none() {
                return Err(Unclear::Json);
            }
            self.skip(b',');
            let mark = self.out.len();
            if !empty {
                self.out.push(',');
            }
            match one(self, depth)? {
                Left::Nothing => {
                    self.out.truncate(mark);
                    lost = true;
                    continue;
                }
                left => holds |= left == Left::Holds,
            }
            empty = false;
        }
        self.out.push(char::from(end));
        Ok(match (holds, lost) {
            (true, _) => Left::Holds,
            (false, true) => Left::Nothing,
            (false, false) => Left::Plain,
        })
    }

    /// Passes over a string; the string as it is written, with its quotes.
    fn string(&mut self) -> &'a str {
        let begins = self.at;
        self.at += 1;
        while let Some(byte) = self.next() {
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        self.json.get(begins..self.at).unwrap_or_default()
    }

    fn text(&mut self, name: &str) -> Result<Left, Unclear> {
        let raw = self.string();
        let (left, written) = said(name, &decoded(raw)?, self.texts)?;
        self.changed |= written.is_some() || left == Left::Nothing;
        match written {
            Some(text) => self.out.push_str(&serde_json::to_string(&text).map_err(|_| Unclear::Json)?),
            None => self.out.push_str(raw),
        }
        Ok(left)
    }

    /// A number or a word.
    fn scalar(&mut self, name: &str) -> Left {
        let rest = &self.json[self.at..];
        let length = rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        let word = &rest[..length];
        self.at += length;
        self.out.push_str(word);
        // That no more candidates come.
        if word == "null" && name == "candidate" { Left::Holds } else { Left::Plain }
    }
}

/// What is left of a text that is called `name`, and that if it is another one.
fn said(name: &str, text: &str, texts: usize) -> Result<(Left, Option<String>), Unclear> {
    let (left, written) = match text.trim() {
        "" | "null" if name == "candidate" => (Left::Holds, None),
        inner if inner.starts_with(['{', '[', '"']) && texts > 0 => within(inner, texts - 1)?,
        line if name == "candidate" || (sdp::is_line(line) && sdp::is_candidate(line)) => candidate(line),
        whole if name == "sdp" || sdp::is_description(whole) => (Left::Holds, sdp::relayed_only(text)),
        _ => (Left::Plain, None),
    };
    match left {
        Left::Nothing => Ok((left, None)),
        Left::Plain if sdp::has_any(text) => Err(Unclear::Place),
        _ if sdp::tells(written.as_deref().unwrap_or(text)) => Err(Unclear::Place),
        _ => Ok((left, written)),
    }
}

/// The same for what may be JSON.
fn within(text: &str, texts: usize) -> Result<(Left, Option<String>), Unclear> {
    match walked(text, texts) {
        Err(Unclear::Json) => Ok((Left::Plain, None)),
        walked => walked,
    }
}

fn candidate(line: &str) -> (Left, Option<String>) {
    if sdp::is_end(line) {
        return (Left::Holds, None);
    }
    // A candidate is one line, whatever else is in the text.
    match sdp::relayed(line).filter(|_| sdp::is_line(line)) {
        Some(Cow::Borrowed(_)) => (Left::Holds, None),
        Some(Cow::Owned(hidden)) => (Left::Holds, Some(hidden)),
        None => (Left::Nothing, None),
    }
}

/// What a string of JSON says. Halves of surrogate pairs, which JSON has and text has not, become U+FFFD, as they do where pages read
/// them (WebIDL, `USVString`).
fn decoded(raw: &str) -> Result<String, Unclear> {
    serde_json::from_str::<Lossy>(raw).map(|Lossy(text)| text).map_err(|_| Unclear::Json)
}

struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(LossyVisitor)
    }
}

struct LossyVisitor;

impl Visitor<'_> for LossyVisitor {
    type Value = Lossy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Lossy, E> {
        Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
    }
}
