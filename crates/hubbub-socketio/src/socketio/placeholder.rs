//! Where attachments belong in a payload: `{"_placeholder":true,"num":0}` (SIO5 "Packet encoding").

use super::Fault;
use super::json::{Token, Tokens};
use std::ops::Range;

/// The object that stands for attachment `num`.
pub fn placeholder(num: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{num}}}"#)
}

/// Finds the placeholders in a payload: where each stands, and the number of the attachment it stands for, in the
/// order of the text. An object is one if its `_placeholder` is `true`, whatever else it has.
///
/// The payload must be that of a [`Packet`](super::Packet), thus JSON; of anything else nothing sensible comes, but no
/// panic either.
///
/// # Errors
///
/// A placeholder whose number is not below `attachments`, or is missing.
pub fn placeholders(json: &str, attachments: usize) -> Result<Vec<(Range<usize>, usize)>, Fault> {
    let mut walk = Walk { json, attachments, open: Vec::new(), found: Vec::new() };
    for (token, range) in Tokens::new(json) {
        walk.step(token, range)?;
    }
    Ok(walk.found)
}

struct Walk<'a> {
    json: &'a str,
    attachments: usize,
    open: Vec<Open>,
    found: Vec<(Range<usize>, usize)>,
}

/// An array or object that has begun.
enum Open {
    Array,
    Object { start: usize, awaits_key: bool, key: Key, marked: bool, num: Option<usize> },
}

#[derive(Clone, Copy)]
enum Key {
    Placeholder,
    Num,
    Other,
}

impl Walk<'_> {
    fn step(&mut self, token: Token, range: Range<usize>) -> Result<(), Fault> {
        match token {
            Token::OpenArray => {
                self.value("");
                self.open.push(Open::Array);
            }
            Token::OpenObject => {
                self.value("");
                let (start, key) = (range.start, Key::Other);
                self.open.push(Open::Object { start, awaits_key: true, key, marked: false, num: None });
            }
            Token::Close => return self.close(range.end),
            Token::String | Token::Scalar => self.value(&self.json[range]),
            Token::Comma => {
                if let Some(Open::Object { awaits_key, .. }) = self.open.last_mut() {
                    *awaits_key = true;
                }
            }
            Token::Colon => {}
        }
        Ok(())
    }

    /// A string or scalar: the name of a member, or its value. Later members replace earlier ones of the same name.
    fn value(&mut self, raw: &str) {
        let Some(Open::Object { awaits_key, key, marked, num, .. }) = self.open.last_mut() else { return };
        if *awaits_key {
            (*awaits_key, *key) = (false, Key::of(raw));
            return;
        }
        match key {
            Key::Placeholder => *marked = raw == "true",
            Key::Num => *num = raw.parse().ok(),
            Key::Other => {}
        }
    }

    fn close(&mut self, end: usize) -> Result<(), Fault> {
        if let Some(Open::Object { start, marked: true, num, .. }) = self.open.pop() {
            let num = num.filter(|num| *num < self.attachments).ok_or(Fault::Placeholder)?;
            // What stands within a placeholder is replaced together with it.
            while self.found.pop_if(|(inner, _)| inner.start > start).is_some() {}
            self.found.push((start..end, num));
        }
        Ok(())
    }
}

impl Key {
    /// A name may be written with escapes.
    fn of(raw: &str) -> Self {
        match raw {
            r#""_placeholder""# => Self::Placeholder,
            r#""num""# => Self::Num,
            _ if raw.contains('\\') => match serde_json::from_str::<String>(raw).as_deref() {
                Ok("_placeholder") => Self::Placeholder,
                Ok("num") => Self::Num,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, attachments: usize) -> Result<Vec<(&str, usize)>, Fault> {
        let found = placeholders(json, attachments)?;
        Ok(found.into_iter().map(|(range, num)| (&json[range], num)).collect())
    }

    #[test]
    fn in_order_of_the_text() {
        let json = r#"["a",{"_placeholder":true,"num":1},[{"x":{"num":0,"_placeholder":true}}]]"#;
        let first = (r#"{"_placeholder":true,"num":1}"#, 1);
        let second = (r#"{"num":0,"_placeholder":true}"#, 0);
        assert_eq!(found(json, 2), Ok(vec![first, second]));
        assert_eq!(placeholders(&format!("[{}]", placeholder(3)), 4).unwrap(), [(1..30, 3)]);
    }

    #[test]
    fn however_it_is_written() {
        let spaced = r#"{ "num" : 0 , "\u005fplaceholder" : true }"#;
        assert_eq!(found(spaced, 1), Ok(vec![(spaced, 0)]));
        let more = r#"{"_placeholder":true,"num":0,"x":[1,{"y":2}]}"#;
        assert_eq!(found(more, 1), Ok(vec![(more, 0)]));
        let nested = r#"{"_placeholder":true,"x":{"_placeholder":true,"num":1},"num":0}"#;
        assert_eq!(found(nested, 2), Ok(vec![(nested, 0)]));
        let twice = r#"{"_placeholder":true,"num":7,"num":0}"#;
        assert_eq!(found(twice, 1), Ok(vec![(twice, 0)]));
    }

    #[test]
    fn what_only_looks_like_one() {
        for json in [
            r#"{"_placeholder":false,"num":0}"#,
            r#"{"_placeholder":"true","num":0}"#,
            r#"{"num":0}"#,
            r#"["_placeholder",true,"num",0]"#,
            r#"{"a":"_placeholder","b":true}"#,
            r#"{"_placeholder":true,"num":9,"_placeholder":{}}"#,
            r#""{\"_placeholder\":true}""#,
        ] {
            assert_eq!(found(json, 1), Ok(vec![]), "{json}");
        }
    }

    #[test]
    fn numbers_must_be_those_of_attachments() {
        for json in [
            r#"{"_placeholder":true,"num":1}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":"splice"}"#,
            r#"{"_placeholder":true,"num":0.5}"#,
            r#"{"_placeholder":true,"num":[0]}"#,
            r#"{"_placeholder":true}"#,
        ] {
            assert_eq!(found(json, 1), Err(Fault::Placeholder), "{json}");
        }
    }
}
