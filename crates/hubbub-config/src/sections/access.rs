//! `[access]` and `[token]`: who may come in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{DAY, HOUR};
use crate::land::{FromText, land_text, words};
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

/// Fewest bytes of a key for HS256: as many as its hash has (RFC 7518 §3.2).
pub(crate) const SECRET_BYTES_MIN: usize = 32;

section! {
    /// Who is let in at all. What they may do there is said room by room, in `[[room]]`.
    "access" Access {
        /// Who may come in. Without it, all three while every address in `server.listen` is on this machine; beyond it
        /// the server does not start. `guests` prove nothing, `accounts` prove a password (`hubbub user add`, needs
        /// `server.data`), `tokens` bring a JWT signed with a key of `[token]`.
        admit: Option<Vec<Admit>> = Unset(r#"["accounts", "tokens"]"#), Kind::Choices(Admit::WORDS);
    }
}

words! {
    /// One way to come in.
    Admit {
        /// Proving nothing.
        Guests = "guests",
        /// By name and password.
        Accounts = "accounts",
        /// By a signed token.
        Tokens = "tokens",
    }
}

section! {
    /// Which tokens (JWT, RFC 7519) are believed. With `server.data` and without a key here, the server makes a key of its
    /// own and keeps it there, so that it can issue tokens at `/api/token`.
    "token" Token {
        /// The shared key for HS256, at least 32 bytes. Whoever knows it can be anybody: prefer `hmac_secret_file`.
        hmac_secret: Option<Secret> = Unset(r#""at-least-32-bytes-from-a-good-random-source""#), Kind::Secret("a string of 32 bytes or more");
        /// The file that holds this key; white space around it does not count. Not both.
        hmac_secret_file: Option<PathBuf> = Unset(r#""/etc/hubbub/token.secret""#), Kind::Text("a path");
        /// The file that holds the public key for EdDSA, in PEM (`openssl pkey -in private.pem -pubout`).
        ed25519_public_key_file: Option<PathBuf> = Unset(r#""/etc/hubbub/token.pem""#), Kind::Text("a path");
        /// Tokens must name this issuer (`iss`). Without it any issuer will do.
        issuer: Option<String> = Unset(r#""https://login.example.org""#), Kind::Text("a string");
        /// Tokens must be meant for this audience (`aud`). Without it, tokens with an audience are refused.
        audience: Option<String> = Unset(r#""hubbub""#), Kind::Text("a string");
        /// How far the clocks of issuer and server may differ when `exp` and `nbf` are checked.
        leeway: Duration = Is("0"), Kind::Time(0, HOUR);
        /// How long a token lives that the server itself issues.
        lifetime: Duration = Is("\"1 h\""), Kind::Time(1, 365 * DAY);
    }
}

/// A key. It is never shown: `Debug` says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromText for Secret {
    fn from_text(text: &str) -> Result<Self, String> {
        let mend = "make one with `openssl rand -base64 32`";
        if text.len() < SECRET_BYTES_MIN {
            return Err(format!(
                "{} bytes are too few; a secret has at least {SECRET_BYTES_MIN} (RFC 7518 §3.2): {mend}",
                text.len()
            ));
        }
        Ok(Self(text.to_owned()))
    }

    fn blank() -> Self {
        Self(String::new())
    }
}
land_text!(Secret);
