//! A walk over JSON text: where things stand in it. Whether it is JSON at all is serde's to say.

use super::Fault;
use serde_json::value::RawValue;
use std::ops::Range;

/// What stands at a place in JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    OpenObject,
    OpenArray,
    Close,
    Comma,
    Colon,
    String,
    /// A number, `true`, `false` or `null`.
    Scalar,
}

/// The tokens of a text, in order. On text that is not JSON they mean nothing, but end.
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }

    /// Just past the string whose first quote is before `at`.
    fn end_of_string(&self, mut at: usize) -> usize {
        while let Some(found) = memchr::memchr2(b'"', b'\\', &self.text[at..]) {
            at += found + 1;
            if self.text[at - 1] == b'"' {
                return at;
            }
            at = (at + 1).min(self.text.len());
        }
        self.text.len()
    }

    fn end_of_scalar(&self, at: usize) -> usize {
        let is_end =
            |byte: &u8| matches!(byte, b',' | b':' | b']' | b'}' | b'"' | b'[' | b'{') || is_space(*byte);
        self.text[at..].iter().position(is_end).map_or(self.text.len(), |len| at + len)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Iterator for Tokens<'_> {
    type Item = (Token, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at + self.text[self.at..].iter().position(|byte| !is_space(*byte))?;
        let (token, end) = match self.text[start] {
            b'{' => (Token::OpenObject, start + 1),
            b'[' => (Token::OpenArray, start + 1),
            b'}' | b']' => (Token::Close, start + 1),
            b',' => (Token::Comma, start + 1),
            b':' => (Token::Colon, start + 1),
            b'"' => (Token::String, self.end_of_string(start + 1)),
            _ => (Token::Scalar, self.end_of_scalar(start)),
        };
        self.at = end;
        Some((token, start..end))
    }
}

/// Checks that a text is JSON and not deeper than `depth`; returns it without white space around it.
pub(super) fn check(text: &str, depth: u8) -> Result<&str, Fault> {
    let mut open: usize = 0;
    for (token, _) in Tokens::new(text) {
        match token {
            Token::OpenObject | Token::OpenArray => open += 1,
            Token::Close => open = open.saturating_sub(1),
            _ => {}
        }
        if open > usize::from(depth) {
            return Err(Fault::TooDeep);
        }
    }
    serde_json::from_str::<&RawValue>(text).map(RawValue::get).map_err(|_| Fault::Payload)
}

/// The elements of an array, at most `max`. The text must have been [checked](check), and be an array.
pub(super) fn elements(array: &str, max: usize) -> Result<Vec<&str>, Fault> {
    let mut elements = Vec::new();
    let mut open = 0_usize;
    let mut start = None;
    let mut end = 0;
    for (token, range) in Tokens::new(array) {
        match (token, open) {
            (Token::OpenObject | Token::OpenArray, 0) => open = 1,
            (Token::Comma | Token::Close, 1) => {
                if let Some(start) = start.take() {
                    if elements.len() == max {
                        return Err(Fault::TooManyArgs);
                    }
                    elements.push(&array[start..end]);
                }
            }
            _ => {
                start = start.or(Some(range.start));
                end = range.end;
                match token {
                    Token::OpenObject | Token::OpenArray => open += 1,
                    Token::Close => open -= 1,
                    _ => {}
                }
            }
        }
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_as_they_were_sent() {
        let array = r#"[ "a,]\"[" , {"b" :[1, 2]},[ ] ,-1.5e3,null,"" ]"#;
        let expected = [r#""a,]\"[""#, r#"{"b" :[1, 2]}"#, "[ ]", "-1.5e3", "null", r#""""#];
        assert_eq!(elements(check(array, 3).unwrap(), 6).unwrap(), expected);
        assert_eq!(elements(array, 5), Err(Fault::TooManyArgs));
        assert!(elements("[]", 0).unwrap().is_empty());
        assert!(elements(" [ ] ", 0).unwrap().is_empty());
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        assert_eq!(check("[[[]]]", 3), Ok("[[[]]]"));
        assert_eq!(check("[[[]]]", 2), Err(Fault::TooDeep));
        assert_eq!(check(r#"["[[[[\"[["]"#, 1), Ok(r#"["[[[[\"[["]"#));
        assert_eq!(check("[{\"a\":{}}]", 2), Err(Fault::TooDeep));
        let deep = "[".repeat(1_000_000);
        assert_eq!(check(&deep, 64), Err(Fault::TooDeep));
    }

    #[test]
    fn what_is_not_json() {
        for text in
            ["", "[", "[1", "[1,]", "]", "{\"a\"}", "[\"a]", "[\"\\", "[\"\u{1}\"]", "[1]x", "nul", "[01]"]
        {
            assert_eq!(check(text, 9), Err(Fault::Payload), "{text}");
        }
        assert_eq!(check(" [1]\n", 9), Ok("[1]"));
    }
}
