//! Questions that the server itself answers: one file for each protocol, and a table that says which there are.

mod disco;
mod extdisco;
mod ping;
mod time;
mod version;

use std::net::IpAddr;

use hubbub_hub::Identity;
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, error_reply, iq_result};
use hubbub_xmpp::xml::{Element, Node, Tag};

use crate::session::Cx;

/// A question (RFC 6120 §8.2.3).
pub(super) struct Asked<'a> {
    /// Whether something is to be changed.
    pub(super) set: bool,
    /// What is asked.
    pub(super) payload: Node<'a>,
    /// Who asks.
    pub(super) who: &'a Identity,
    /// Where his link comes from, where that is known: rooms do not know.
    pub(super) from: Option<IpAddr>,
}

/// Who asks, and how he is answered.
pub(super) struct Asker<'a> {
    pub(super) jid: &'a Jid,
    pub(super) who: &'a Identity,
    pub(super) from: Option<IpAddr>,
}

/// Its answer: what the result holds, if anything.
type Answer = Result<Option<Tag>, Condition>;

/// One protocol that the server answers.
pub(super) struct Feature {
    /// The namespace of its question, and its name in service discovery.
    ns: &'static str,
    /// The name of the element that asks.
    name: &'static str,
    answer: fn(&Asked<'_>, &Cx<'_>) -> Answer,
}

impl Feature {
    /// Its name in service discovery.
    pub(super) fn ns(&self) -> &'static str {
        self.ns
    }
}

/// What the server answers at its own address.
pub(super) const AT_SERVER: [Feature; 7] = [
    disco::INFO,
    disco::ITEMS,
    ping::PING,
    time::TIME,
    version::VERSION,
    extdisco::SERVICES,
    extdisco::CREDENTIALS,
];

/// What the service of rooms answers.
pub(super) const AT_ROOMS: [Feature; 3] = [disco::ROOMS_INFO, disco::ROOMS_ITEMS, ping::PING];

/// What a room answers to whoever asks, beside what it is.
pub(super) const AT_ROOM: [Feature; 1] = [ping::PING];

/// What those who know the protocols of `table` answer at `at` to him; to answers they say nothing.
pub(super) fn answer(
    table: &[Feature],
    iq: &Element,
    &Asker { jid: me, who, from }: &Asker<'_>,
    at: &Jid,
    cx: &Cx<'_>,
) -> Option<Tag> {
    let set = match iq.attr("type").as_deref() {
        Some("get") => false,
        Some("set") => true,
        _ => return None,
    };
    let payload = iq.children().next()?;
    let feature = table.iter().find(|one| payload.is(one.name, one.ns));
    let answer = match feature {
        Some(feature) => (feature.answer)(&Asked { set, payload, who, from }, cx),
        None => Err(Condition::ServiceUnavailable),
    };
    let id = iq.attr("id").unwrap_or_default();
    match answer {
        Ok(payload) => Some(iq_result(&id, Some(me.as_str()), Some(at.as_str()), payload)),
        Err(why) => {
            let to = iq.attr("from").is_none().then_some(me.as_str());
            error_reply(iq, Some(at.as_str()), why.default_type(), why, None)
                .map(|tag| tag.attr_opt("to", to))
        }
    }
}
