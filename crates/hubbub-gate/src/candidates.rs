//! Which ICE candidates pass through the server. A candidate tells where its page is: its address in its own network (`host`), that of
//! its network (`srflx`, `prflx`), or that of a relay, which tells nothing. Where an operator asks for it only the last pass.
//!
//! Offers, answers and candidates are the clients' own words, JSON of whatever form (`json.rs`). What is in them is SDP (`sdp.rs`): session
//! descriptions (RFC 8839), and candidates one by one (RFC 8840).

mod json;
mod sdp;

use std::borrow::Cow;
use std::fmt;

use hubbub_hub::RoomName;
use hubbub_hub::policy::Pattern;

/// What passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Candidates {
    /// Whatever is said: nobody looks into it.
    #[default]
    All,
    /// Relayed ones alone.
    Relayed,
}

/// Why something cannot be let pass: whether it tells an address cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// It is no JSON, or lists within lists deeper than any client has them.
    Json,
    /// There is a candidate where none is looked for, such as in the middle of a text.
    Place,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only relayed candidates pass here (candidates), and ")?;
        f.write_str(match self {
            Self::Json => "this is no JSON that can be searched for others",
            Self::Place => "there are others in this where they cannot be taken out",
        })
    }
}

impl Candidates {
    /// What passes of `json`, an offer, an answer, candidates or anything else; `None` if it was nothing but candidates and none of them
    /// does. What has none in it passes as it was written.
    ///
    /// # Errors
    /// It cannot be searched.
    pub fn pass(self, json: &str) -> Result<Option<Cow<'_, str>>, Unclear> {
        match self {
            Self::All => Ok(Some(Cow::Borrowed(json))),
            Self::Relayed => json::relayed_only(json),
        }
    }
}

/// What passes in which room. Nothing is looked up where all rooms let everything pass.
#[derive(Debug, Clone, Default)]
pub struct ByRoom {
    rules: Vec<(Pattern, Candidates)>,
}

impl ByRoom {
    /// `rules` in order of precedence. Rooms that none of them matches let everything pass.
    #[must_use]
    pub fn new(mut rules: Vec<(Pattern, Candidates)>) -> Self {
        let last = rules.iter().rposition(|(_, candidates)| *candidates == Candidates::Relayed);
        rules.truncate(last.map_or(0, |at| at + 1));
        Self { rules }
    }

    /// What passes in `room`.
    #[must_use]
    pub fn of(&self, room: &RoomName) -> Candidates {
        let rule = self.rules.iter().find(|(pattern, _)| pattern.matches(room));
        rule.map_or(Candidates::All, |(_, candidates)| *candidates)
    }
}

#[cfg(test)]
mod tests;
