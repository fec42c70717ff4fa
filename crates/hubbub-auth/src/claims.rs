//! What a token says: RFC 7519 §4.1, and `name` and `rooms`.

use std::fmt;

use hubbub_hub::policy::Pattern;
use hubbub_hub::{Grants, Right};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::denied::Denied;

/// The claims that mean something here. Others are ignored (RFC 7519 §4); one of these that is there twice is an error.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iat: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<Number>,
    #[serde(skip_serializing)]
    pub(crate) rooms: Option<Rooms>,
}

/// One recipient or many (RFC 7519 §4.1.3).
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn includes(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}

/// What a token must say, and when it is.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: Option<&'a str>,
    pub(crate) audience: Option<&'a str>,
    pub(crate) domain: &'a str,
    pub(crate) leeway_ms: u64,
    pub(crate) unix_ms: u64,
}

impl Claims {
    /// Judges time, issuer and audience. Returns when the token ends, in milliseconds since 1970: with the leeway, so
    /// that nobody is let in and put out at once.
    pub(crate) fn judge(&self, expected: &Expected<'_>) -> Result<u64, Denied> {
        let exp = self.exp.as_ref().ok_or(Denied::Missing("expiry (exp)"))?;
        let ends = millis(exp).saturating_add(expected.leeway_ms);
        // §4.1.4: the present must be before it. §4.1.5: at or after it.
        if expected.unix_ms >= ends {
            return Err(Denied::Expired);
        }
        let begins = self.nbf.as_ref().map_or(0, millis);
        if expected.unix_ms.saturating_add(expected.leeway_ms) < begins {
            return Err(Denied::NotYet);
        }
        if expected.issuer.is_some_and(|issuer| self.iss.as_deref() != Some(issuer)) {
            return Err(Denied::Issuer);
        }
        // §4.1.3: a token for somebody else must be refused, also by who expects no audience.
        let heard = match (&self.aud, expected.audience) {
            (None, wanted) => wanted.is_none(),
            (Some(audience), wanted) => audience.includes(wanted.unwrap_or(expected.domain)),
        };
        if !heard {
            return Err(Denied::Audience);
        }
        Ok(ends)
    }
}

/// A NumericDate (RFC 7519 §2: seconds since 1970, perhaps with a fraction) in milliseconds; what is before 1970 is 0.
fn millis(date: &Number) -> u64 {
    match date.as_u64() {
        Some(seconds) => seconds.saturating_mul(1000),
        // `as` saturates, and makes 0 of what is below.
        None => date.as_f64().map_or(0, |seconds| (seconds * 1000.0) as u64),
    }
}

/// The `rooms` claim: rights by room name pattern, each pattern once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rooms(pub(crate) Grants);

impl<'de> Deserialize<'de> for Rooms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RoomsVisitor).map(|grants| Self(Grants(grants)))
    }
}

struct RoomsVisitor;

impl<'de> Visitor<'de> for RoomsVisitor {
    type Value = Vec<(Pattern, Vec<Right>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from room name patterns to lists of rights")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut grants: Self::Value = Vec::new();
        while let Some((room, rights)) = map.next_entry::<String, Vec<String>>()? {
            let pattern = Pattern::parse(&room)
                .map_err(|error| A::Error::custom(format_args!("rooms has {room:?}: {error}")))?;
            if grants.iter().any(|(known, _)| *known == pattern) {
                return Err(A::Error::custom(format_args!("rooms has {room:?} twice")));
            }
            let rights = rights.iter().map(|right| parse_right(right)).collect::<Result<_, _>>();
            grants.push((pattern, rights.map_err(A::Error::custom)?));
        }
        Ok(grants)
    }
}

fn parse_right(text: &str) -> Result<Right, String> {
    text.parse().map_err(|()| format!("{text:?} is not a right; rights are join, publish and read"))
}
