//! Reading JSON (RFC 8259) in one pass and without copies. Of what peers say, most is passed over: descriptions of sessions, long strings
//! in which every line ends with escapes. What is passed over is checked to the last byte all the same, for it is handed on as it is.

use std::fmt;

use crate::marks::Marks;

/// How deep values may lie in each other: whoever gets what is handed on may read it by recursion.
const DEEPEST: u32 = 128;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    what: &'static str,
    at: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

/// A place in a text, from which it is read on.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// Quotes and backslashes from here on: outside of strings there are only quotes, where they begin.
    marks: Marks<'a>,
    /// The string read last has escapes.
    escaped: bool,
    /// There is no control character anywhere, which need not be looked for in strings then.
    plain: bool,
}

impl<'a> Reader<'a> {
    /// Begins with the first byte.
    pub(crate) fn new(text: &'a str) -> Self {
        // The least of all bytes, which a compiler finds many bytes at a time; a search that may end early it does not.
        let least = text.bytes().fold(u8::MAX, u8::min);
        Self { text, at: 0, depth: 0, marks: Marks::of(text), escaped: false, plain: least >= b' ' }
    }

    /// What is wrong with what comes next.
    pub(crate) fn fault(&self, what: &'static str) -> Fault {
        Fault { what, at: self.at }
    }

    /// The next byte that is no white space (§2).
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Nothing comes any more.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("more than one value")),
        }
    }

    /// Reads an object (§4): each name, without quotes and escapes, is given to `member`, which reads its value.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.values(b'{', b'}', "not an object", |reader| {
            if reader.peek() != Some(b'"') {
                return Err(reader.fault("no name of a member"));
            }
            let name = reader.string()?;
            reader.take(b':', "no colon after a name")?;
            match reader.escaped {
                false => member(reader, &name[1..name.len() - 1]),
                // Hardly anybody writes them. What is no text then is no name that means something.
                true => member(reader, &serde_json::from_str::<String>(name).unwrap_or_default()),
            }
        })
    }

    /// Reads an array (§5): `element` reads each of its values.
    pub(crate) fn list(&mut self, element: impl FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.values(b'[', b']', "not a list", element)
    }

    fn values(
        &mut self,
        open: u8,
        close: u8,
        otherwise: &'static str,
        mut value: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.take(open, otherwise)?;
        if self.depth == DEEPEST {
            return Err(self.fault("too many values in each other"));
        }
        self.depth += 1;
        if self.peek() != Some(close) {
            value(self)?;
            while self.peek() != Some(close) {
                self.take(b',', "no comma between values")?;
                value(self)?;
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Passes over any value, and gives it as it is written.
    pub(crate) fn value(&mut self) -> Result<&'a str, Fault> {
        let next = self.peek();
        let start = self.at;
        match next {
            Some(b'"') => return self.string(),
            Some(b'{') => self.object(|reader, _| reader.value().map(drop))?,
            Some(b'[') => self.list(|reader| reader.value().map(drop))?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        }
        Ok(&self.text[start..self.at])
    }

    /// `true`, `false` or `null` (§3).
    fn word(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let word = ["null", "true", "false"].into_iter().find(|word| rest.starts_with(word));
        self.at += word.ok_or(self.fault("no value"))?.len();
        Ok(())
    }

    /// §6
    fn number(&mut self) -> Result<(), Fault> {
        self.pass(|byte| byte == b'-');
        if !self.pass(|byte| byte == b'0') {
            self.digits()?;
        }
        if self.pass(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.pass(|byte| matches!(byte, b'e' | b'E')) {
            self.pass(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.pass(|byte| byte.is_ascii_digit()) {}
        if self.at == start { Err(self.fault("no digit")) } else { Ok(()) }
    }

    /// Passes over a string (§7), which begins here, and gives it with its quotes.
    fn string(&mut self) -> Result<&'a str, Fault> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        self.marks.next();
        self.escaped = false;
        loop {
            let mark = self.marks.next().ok_or(self.fault("a string without an end"))?;
            self.at = mark + 1;
            if bytes[mark] == b'"' {
                break;
            }
            self.escaped = true;
            self.escape()?;
        }
        let string = &self.text[start..self.at];
        if !self.plain && string.bytes().any(|byte| byte < b' ') {
            return Err(self.fault("a control character in a string"));
        }
        Ok(string)
    }

    /// The rest of an escape, after its backslash.
    fn escape(&mut self) -> Result<(), Fault> {
        match self.byte() {
            Some(b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'"' | b'\\') => {
                self.marks.next();
                Ok(())
            }
            Some(b'u') => {
                let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
                let are_digits = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                if are_digits { Ok(()) } else { Err(self.fault("an escape without four digits")) }
            }
            _ => Err(self.fault("no such escape")),
        }
    }

    fn take(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.fault(otherwise));
        }
        self.at += 1;
        Ok(())
    }

    fn pass(&mut self, which: impl Fn(u8) -> bool) -> bool {
        let passes = self.byte().is_some_and(which);
        self.at += usize::from(passes);
        passes
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    fn read(text: &str) -> Result<&str, Fault> {
        let mut reader = Reader::new(text);
        let value = reader.value()?;
        reader.end()?;
        Ok(value)
    }

    /// We take what others take, and no more.
    fn as_others_do(text: &str) {
        let others = serde_json::from_str::<&RawValue>(text).map(RawValue::get).ok();
        assert_eq!(read(text).ok(), others, "{text:?}");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[a\"\\\\\r\n\u{1}é]{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_json_is_read(value in values()) {
            as_others_do(&value.to_string());
            as_others_do(&format!(" {}\n", serde_json::to_string_pretty(&value).unwrap()));
        }

        #[test]
        fn what_is_a_little_wrong_is_not(value in values(), at: usize, other in "[\\[\\]{}\",:\\\\0-9.eE+\\-u \n\u{1}é]?") {
            let mut chars: Vec<_> = value.to_string().chars().collect();
            let at = at % chars.len();
            chars.splice(at..=at, other.chars());
            as_others_do(&chars.into_iter().collect::<String>());
        }

        #[test]
        fn anything_is_told_from_json(text in "[\\[\\]{}\",:\\\\019.eE+\\-untrlfas \n\u{1}]{0,10}") {
            as_others_do(&text);
        }
    }

    #[test]
    fn corners() {
        for text in [
            "",
            " ",
            "-",
            "-0",
            "01",
            "1.",
            ".1",
            "1e",
            "1e+",
            "1E-2",
            "tru",
            "true",
            "truex",
            "nul",
            "[1,]",
            "[,]",
            "{,}",
            "{\"a\":1,}",
            "{1:2}",
            "{\"a\"}",
            "\"",
            "\"\\",
            "\"\\\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"\\r\\n\\\\\"",
            "\"\u{1f}\"",
            "\"\u{7f}\"",
            "[ ]",
            "{ }",
            "\u{a0}1",
            "1 2",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "\"\n\"",
            "[\n1\r,\t2 ]",
        ] {
            as_others_do(text);
        }
    }

    #[test]
    fn what_lies_too_deep_is_not_read() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(128)).is_ok());
        assert_eq!(read(&nested(129)).unwrap_err().to_string(), "too many values in each other at byte 129");
        assert!(read(&nested(100_000)).is_err());
        assert!(
            read(&format!("[{}]", vec!["[[]]"; 200].join(","))).is_ok(),
            "one after the other is not deep"
        );
    }
}
