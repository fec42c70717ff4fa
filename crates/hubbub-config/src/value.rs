//! The kinds of value a setting may have: how each is written, read and bounded.

use std::time::Duration;

use toml::de::DeValue;

use crate::problem::did_you_mean;

/// What kind of value a setting has, with its range.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A number of things, from the first to the second.
    Count(&'static str, u64, u64),
    /// Bytes: a number, or a string such as `"1 MiB"`.
    Bytes(u64, u64),
    /// Time in seconds, with its bounds in seconds: a number, or a string such as `"5 min"`.
    Time(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Some of these words.
    Choices(&'static [&'static str]),
    /// Text that no message may show.
    Secret(&'static str),
    /// A list of such texts.
    Secrets(&'static str),
    /// Text of the form named.
    Text(&'static str),
    /// A list of texts of the form named.
    Texts(&'static str),
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Switch(bool),
    Number(u64),
    Time(Duration),
    Text(String),
    Texts(Vec<String>),
}

/// What was written: a value of the file, or a string from the environment or the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Written<'a> {
    Toml(&'a DeValue<'a>),
    Word(&'a str),
}

const KIB: u64 = 1 << 10;
const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", KIB),
    ("MiB", KIB << 10),
    ("GiB", KIB << 20),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];
const TIMES: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Kind {
    /// Reads what was written and checks its range. The error is the reason and the mend.
    pub(crate) fn read(&self, written: Written<'_>) -> Result<Value, String> {
        match *self {
            Self::Switch => read_switch(written),
            Self::Count(unit, min, max) => read_count(written, unit, min, max),
            Self::Bytes(min, max) => read_bytes(written, min, max),
            Self::Time(min, max) => read_time(written, min, max),
            Self::Choice(words) => {
                read_text(written, &one_of(words)).and_then(|text| choose(text, words)).map(Value::Text)
            }
            Self::Choices(words) => {
                let texts = read_texts(written, &format!("a list of {}", words_in_a_row(words)))?;
                texts.into_iter().map(|text| choose(text, words)).collect::<Result<_, _>>().map(Value::Texts)
            }
            Self::Secret(form) => {
                read_text(written, form).map(Value::Text).map_err(|_| format!("write {form}, in quotes"))
            }
            Self::Secrets(form) => read_texts(written, form)
                .map(Value::Texts)
                .map_err(|_| format!("write a list of {form}, in square brackets and each in quotes")),
            Self::Text(form) => read_text(written, form).map(Value::Text),
            Self::Texts(form) => read_texts(written, &format!("a list of {form}")).map(Value::Texts),
        }
    }

    /// The range in words, for people: `1024 to 1073741824 bytes`.
    pub(crate) fn range(&self) -> String {
        match self {
            Self::Switch => "true or false".into(),
            Self::Count(unit, min, max) => format!("{min} to {max} {unit}"),
            Self::Bytes(min, max) => format!("{min} to {max} bytes"),
            Self::Time(min, max) => format!("{min} to {max} seconds"),
            Self::Choice(words) => one_of(words),
            Self::Choices(words) => format!("a list of {}", words_in_a_row(words)),
            Self::Secret(form) | Self::Text(form) => (*form).into(),
            Self::Secrets(form) | Self::Texts(form) => format!("a list of {form}"),
        }
    }
}

fn read_switch(written: Written<'_>) -> Result<Value, String> {
    match written {
        Written::Toml(DeValue::Boolean(switch)) => Ok(Value::Switch(*switch)),
        Written::Word("true") => Ok(Value::Switch(true)),
        Written::Word("false") => Ok(Value::Switch(false)),
        other => Err(format!("{} is not a switch; write true or false", shown(other))),
    }
}

fn read_count(written: Written<'_>, unit: &str, min: u64, max: u64) -> Result<Value, String> {
    let number = match written {
        Written::Toml(DeValue::Integer(_)) => integer(written),
        Written::Word(word) => word.trim().parse().ok(),
        Written::Toml(_) => None,
    };
    let number =
        number.ok_or_else(|| format!("{} is not a number; write {min} to {max} {unit}", shown(written)))?;
    in_range(number, min.into(), max.into(), 1, unit, &shown(written)).map(Value::Number)
}

fn read_bytes(written: Written<'_>, min: u64, max: u64) -> Result<Value, String> {
    let mend = "write a number of bytes, or a string such as \"1 MiB\"";
    let number =
        quantity(written, SIZES, 1).ok_or_else(|| format!("{} is not a size; {mend}", shown(written)))?;
    in_range(number, min.into(), max.into(), 1, "bytes", &shown(written)).map(Value::Number)
}

fn read_time(written: Written<'_>, min: u64, max: u64) -> Result<Value, String> {
    let mend = "write a number of seconds, or a string such as \"5 min\"";
    let ms =
        quantity(written, TIMES, 1_000).ok_or_else(|| format!("{} is not a time; {mend}", shown(written)))?;
    let ms = in_range(ms, min.into(), max.into(), 1_000, "seconds", &shown(written))?;
    Ok(Value::Time(Duration::from_millis(ms)))
}

/// `number` if it is within `min` and `max`, each times `scale`.
fn in_range(number: i128, min: i128, max: i128, scale: i128, unit: &str, shown: &str) -> Result<u64, String> {
    let fault = match number {
        small if small < min * scale => "small",
        large if large > max * scale => "large",
        _ => return u64::try_from(number).map_err(|_| format!("{shown} is too large")),
    };
    Err(format!("{shown} is too {fault}; it must be {min} to {max} {unit}"))
}

/// A number with or without a unit, in the smallest unit of `units`; a bare number is in units of `bare`.
fn quantity(written: Written<'_>, units: &[(&str, u64)], bare: u64) -> Option<i128> {
    match written {
        Written::Toml(DeValue::Integer(_)) => integer(written)?.checked_mul(bare.into()),
        Written::Toml(DeValue::Float(float)) if bare != 1 => scaled(float.as_str(), bare),
        Written::Toml(DeValue::String(text)) => with_unit(text, units, None),
        Written::Word(word) => with_unit(word, units, Some(bare)),
        Written::Toml(_) => None,
    }
}

/// `1 MiB`, `90s`, `1.5 h`. Without a unit only if `bare` says what that means.
fn with_unit(text: &str, units: &[(&str, u64)], bare: Option<u64>) -> Option<i128> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "" => bare?,
        _ => units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
    };
    scaled(number.trim(), factor)
}

fn scaled(number: &str, factor: u64) -> Option<i128> {
    if let Ok(whole) = number.parse::<i128>() {
        return whole.checked_mul(factor.into());
    }
    let product = number.parse::<f64>().ok()? * factor as f64;
    (product.is_finite() && product.abs() < 1e18).then_some(product.round() as i128)
}

/// The integer of the file, if it fits.
fn integer(written: Written<'_>) -> Option<i128> {
    let Written::Toml(DeValue::Integer(integer)) = written else { return None };
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn read_text(written: Written<'_>, form: &str) -> Result<String, String> {
    match written {
        Written::Toml(DeValue::String(text)) => Ok(text.to_string()),
        Written::Word(word) => Ok(word.to_owned()),
        Written::Toml(_) => Err(format!("{} is not a string; write {form}, in quotes", shown(written))),
    }
}

fn read_texts(written: Written<'_>, form: &str) -> Result<Vec<String>, String> {
    match written {
        Written::Toml(DeValue::Array(items)) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                other => Err(format!(
                    "{} is not a string; write {form}, each in quotes",
                    shown(Written::Toml(other))
                )),
            })
            .collect(),
        Written::Word(words) => {
            Ok(words.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
        }
        Written::Toml(_) => {
            Err(format!("{} is not a list; write {form}, in square brackets", shown(written)))
        }
    }
}

fn choose(text: String, words: &[&str]) -> Result<String, String> {
    if words.contains(&text.as_str()) {
        return Ok(text);
    }
    let hint = did_you_mean(&text, words.iter().copied());
    Err(format!("\"{text}\" is unknown; write {}{hint}", one_of(words)))
}

/// What was written, as the person who wrote it would recognise it.
fn shown(written: Written<'_>) -> String {
    match written {
        Written::Word(word) => format!("\"{word}\""),
        Written::Toml(DeValue::String(text)) => format!("\"{text}\""),
        Written::Toml(DeValue::Integer(number)) => number.as_str().to_owned(),
        Written::Toml(DeValue::Float(number)) => number.as_str().to_owned(),
        Written::Toml(DeValue::Boolean(switch)) => switch.to_string(),
        Written::Toml(DeValue::Datetime(_)) => "a date".to_owned(),
        Written::Toml(DeValue::Array(_)) => "a list".to_owned(),
        Written::Toml(DeValue::Table(_)) => "a section".to_owned(),
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [head @ .., last] if !head.is_empty() => format!("{} or \"{last}\"", words_in_a_row(head)),
        _ => words_in_a_row(words),
    }
}

fn words_in_a_row(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
