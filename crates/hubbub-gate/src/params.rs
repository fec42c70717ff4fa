//! What a request's address says: path and query, parsed strictly.

use std::borrow::Cow;
use std::str::FromStr;

use hubbub_hub::address::NameError;
use hubbub_hub::{Offset, RoomName, Start, Wish};
use percent_encoding::percent_decode_str;

use crate::about;
use crate::problem::Problem;

/// The parameters of a query that Hubbub knows. Others are left alone: pages add their own to get past caches.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// A guest's name.
    pub name: Option<String>,
    /// A token.
    pub token: Option<String>,
    /// An event's name.
    pub event: Option<String>,
    /// Where to begin, by `since` or `last`.
    pub start: Option<Start>,
    /// At most so many messages.
    pub limit: Option<u32>,
    /// Seconds to wait, in milliseconds.
    pub wait_ms: Option<u64>,
    /// Whether to hear oneself; yes by default.
    pub echo: Option<bool>,
    /// The name after which a list goes on.
    pub after: Option<String>,
    /// Whether a JSON array is a list of arguments; no by default.
    pub args: Option<bool>,
    /// What is said, by `reply_to`, `edit_of`, `reactions_to` or `retracts`, of an earlier message.
    pub about: Option<Wish>,
    /// Whether one is writing.
    pub typing: Option<bool>,
}

impl Params {
    /// Reads a query string.
    ///
    /// # Errors
    /// A value that does not parse, a parameter that is given twice, both `since` and `last`, or more than one of those that say what
    /// is said of a message.
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let mut params = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            params.take(&key, value)?;
        }
        if params.about.is_some() && params.typing.is_some() {
            return Err(Problem::bad_request(format!("Give one of {}.", about::ONE_OF)));
        }
        Ok(params)
    }

    fn take(&mut self, key: &str, value: Cow<'_, str>) -> Result<(), Problem> {
        match key {
            "name" => once(key, &mut self.name, value.into_owned()),
            "token" => once(key, &mut self.token, value.into_owned()),
            "after" => once(key, &mut self.after, value.into_owned()),
            "event" => once(key, &mut self.event, value.into_owned()),
            "since" => once("since or last", &mut self.start, since(&value)?),
            "last" => once("since or last", &mut self.start, Start::Last(number(key, &value)?)),
            "limit" => once(key, &mut self.limit, number(key, &value)?),
            "wait" => once(key, &mut self.wait_ms, wait_ms(&value)?),
            "echo" => once(key, &mut self.echo, yes_or_no(key, &value)?),
            "args" => once(key, &mut self.args, yes_or_no(key, &value)?),
            "typing" => once(key, &mut self.typing, yes_or_no(key, &value)?),
            _ => match about::wish(key, &value) {
                Some(wish) => once(&format!("one of {}", about::ONE_OF), &mut self.about, wish?),
                None => Ok(()),
            },
        }
    }
}

fn once<T>(key: &str, place: &mut Option<T>, value: T) -> Result<(), Problem> {
    if place.replace(value).is_some() {
        return Err(Problem::bad_request(format!("Give {key} once.")));
    }
    Ok(())
}

/// Where `since` begins.
///
/// # Errors
/// It is neither `0` nor an offset.
pub fn since(value: &str) -> Result<Start, Problem> {
    if value == "0" {
        return Ok(Start::Oldest);
    }
    let offset = Offset::from_str(value).map_err(|error| {
        Problem::bad_request(format!("since: {error}, or 0 for everything that is kept."))
    })?;
    Ok(Start::After(offset))
}

fn number(key: &str, value: &str) -> Result<u32, Problem> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    value
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| Problem::bad_request(format!("{key} must be a whole number from 0 to 4294967295.")))
}

/// Seconds with up to three decimals, in milliseconds.
fn wait_ms(value: &str) -> Result<u64, Problem> {
    let plain = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match value.parse::<f64>() {
        // The cast saturates; what is over the limit is cut to it later.
        Ok(seconds) if plain => Ok((seconds * 1000.0) as u64),
        _ => Err(Problem::bad_request("wait must be a number of seconds, such as 20.")),
    }
}

fn yes_or_no(key: &str, value: &str) -> Result<bool, Problem> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Problem::bad_request(format!("{key} must be true or false."))),
    }
}

/// The room that a path segment names.
///
/// # Errors
/// The segment is not UTF-8, or the name cannot be.
pub fn room(segment: &str) -> Result<RoomName, Problem> {
    let text = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| Problem::bad_request("The room's name is not UTF-8. Percent-encode it."))?;
    RoomName::parse(&text).map_err(|error| match error {
        NameError::Remote => Problem::not_found("Rooms on other servers cannot be reached from here."),
        _ => Problem::bad_request(format!("The room's name cannot be used: {error}.")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_of_them() {
        let params =
            Params::parse("name=Ann+B&since=7-42&limit=10&wait=1.5&echo=false&event=move&x=y").unwrap();
        assert_eq!(params.name.as_deref(), Some("Ann B"));
        assert_eq!(params.start, Some(Start::After(Offset::new(7, 42))));
        assert_eq!((params.limit, params.wait_ms, params.echo), (Some(10), Some(1500), Some(false)));
        assert_eq!(params.event.as_deref(), Some("move"));
    }

    #[test]
    fn what_is_refused() {
        for query in [
            "since=",
            "since=7",
            "since=a-b",
            "since=1-2&last=3",
            "since=1-2&since=1-3",
            "last=-1",
            "last=",
            "limit=ten",
            "limit=1e3",
            "wait=-1",
            "wait=inf",
            "wait=NaN",
            "wait=",
            "echo=maybe",
            "name=a&name=b",
            "reply_to=",
            "edit_of=hello",
            "retracts=1-2&reply_to=1-2",
            "reactions_to=1-2&reactions_to=1-3",
            "typing=true&reply_to=1-2",
            "typing=maybe",
        ] {
            assert!(Params::parse(query).is_err(), "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_taken_or_refused(query in "\\PC{0,60}") {
            let _ = Params::parse(&query);
            let _ = room(&query);
        }
    }
}
