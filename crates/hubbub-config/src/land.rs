//! How a value that was read lands in a typed field.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::value::Value;

/// A field that a value can land in.
pub(crate) trait Land {
    /// The field before anything has landed.
    fn blank() -> Self
    where
        Self: Sized;

    /// Takes the value. The error is the reason and the mend.
    fn land(&mut self, value: Value) -> Result<(), String>;
}

/// The value was of another kind than the field: the table is wrong. Every default lands in a test, so it cannot be.
fn mismatch(value: &Value) -> Result<(), String> {
    Err(format!("{value:?} is of the wrong kind"))
}

/// Something written as a string.
pub(crate) trait FromText: Sized {
    /// Reads it. The error is the reason and the mend.
    fn from_text(text: &str) -> Result<Self, String>;

    /// What stands in the field before anything has landed.
    fn blank() -> Self;
}

macro_rules! land_numbers {
    ($($number:ty),+) => { $(
        impl Land for $number {
            fn blank() -> Self {
                0
            }

            fn land(&mut self, value: Value) -> Result<(), String> {
                let Value::Number(number) = value else { return mismatch(&value) };
                *self = Self::try_from(number).map_err(|_| format!("{number} is too large; it must be at most {}", Self::MAX))?;
                Ok(())
            }
        }
    )+ };
}
land_numbers!(u16, u32, u64, usize);

impl Land for bool {
    fn blank() -> Self {
        false
    }

    fn land(&mut self, value: Value) -> Result<(), String> {
        let Value::Switch(switch) = value else { return mismatch(&value) };
        *self = switch;
        Ok(())
    }
}

impl Land for Duration {
    fn blank() -> Self {
        Self::ZERO
    }

    fn land(&mut self, value: Value) -> Result<(), String> {
        let Value::Time(time) = value else { return mismatch(&value) };
        *self = time;
        Ok(())
    }
}

impl<T: Land> Land for Option<T> {
    fn blank() -> Self {
        None
    }

    fn land(&mut self, value: Value) -> Result<(), String> {
        let mut inner = T::blank();
        inner.land(value)?;
        *self = Some(inner);
        Ok(())
    }
}

impl<T: FromText> Land for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn land(&mut self, value: Value) -> Result<(), String> {
        let Value::Texts(texts) = value else { return mismatch(&value) };
        *self = texts.iter().map(|text| T::from_text(text)).collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// Lets what is written as a string land.
macro_rules! land_text {
    ($($type:ty),+) => { $(
        impl $crate::land::Land for $type {
            fn blank() -> Self {
                <Self as $crate::land::FromText>::blank()
            }

            fn land(&mut self, value: $crate::value::Value) -> Result<(), String> {
                let $crate::value::Value::Text(text) = value else { return Err(format!("{value:?} is not text")) };
                *self = <Self as $crate::land::FromText>::from_text(&text)?;
                Ok(())
            }
        }
    )+ };
}
pub(crate) use land_text;

/// An enum of which each variant is one word of the file.
macro_rules! words {
    ($(#[$about:meta])* $Type:ident { $( $(#[$doc:meta])* $Variant:ident = $word:literal, )+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Type { $( $(#[$doc])* $Variant, )+ }

        impl $Type {
            /// The words, in order.
            pub(crate) const WORDS: &[&str] = &[$($word),+];

            /// Its word in the file.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$Variant => $word, )+ }
            }
        }

        impl $crate::land::FromText for $Type {
            fn from_text(text: &str) -> Result<Self, String> {
                match text {
                    $( $word => Ok(Self::$Variant), )+
                    _ => Err(format!("\"{text}\" is unknown")),
                }
            }

            fn blank() -> Self {
                [$( Self::$Variant ),+][0]
            }
        }
        $crate::land::land_text!($Type);
    };
}
pub(crate) use words;

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn blank() -> Self {
        Self::new()
    }
}

impl FromText for PathBuf {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("a path cannot be empty".to_owned()) } else { Ok(text.into()) }
    }

    fn blank() -> Self {
        Self::new()
    }
}
land_text!(String, PathBuf);

impl FromText for SocketAddr {
    fn from_text(text: &str) -> Result<Self, String> {
        let mend = "write IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\"";
        text.parse().map_err(|_| format!("\"{text}\" is not an address to listen on; {mend}"))
    }

    fn blank() -> Self {
        Self::from(([0; 4], 0))
    }
}
land_text!(SocketAddr);
