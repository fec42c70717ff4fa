//! What is wrong with a configuration, where, and how to mend it.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the file; line and column count from 1, the column in characters.
    File(PathBuf, usize, usize),
    /// By a variable of the environment.
    Variable(String),
    /// By a flag of the command line.
    Flag(&'static str),
    /// Nowhere in particular: something is missing.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line, column) => write!(f, "{}:{line}:{column}: ", path.display()),
            Self::Variable(name) => write!(f, "{name} (environment): "),
            Self::Flag(flag) => write!(f, "{flag}: "),
            Self::Nowhere => Ok(()),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// The setting, such as `limits.message_bytes`; empty if it is about none in particular.
    pub setting: String,
    /// The reason, and what to write instead.
    pub reason: String,
}

impl Problem {
    pub(crate) fn new(place: &Place, setting: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.clone(), setting: setting.into(), reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.setting.is_empty() { "" } else { ": " };
        write!(f, "{}{}{colon}{}", self.place, self.setting, self.reason)
    }
}

/// Everything that is wrong, in the order of the file; shown one to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `Ok(value)` if nothing is wrong.
    pub(crate) fn unless_none<T>(mut found: Vec<Problem>, value: T) -> Result<T, Self> {
        found.sort();
        if found.is_empty() { Ok(value) } else { Err(Self(found)) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            let newline = if n == 0 { "" } else { "\n" };
            write!(f, "{newline}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// ` (did you mean "limits"?)` when one of `known` is near `wrong`, else nothing.
pub(crate) fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = known.into_iter().map(|word| (strsim::osa_distance(wrong, word), word)).min();
    match nearest {
        Some((distance, word)) if distance <= 1 + word.len() / 4 => format!("; did you mean \"{word}\"?"),
        _ => String::new(),
    }
}
