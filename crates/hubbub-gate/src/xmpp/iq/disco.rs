//! What there is here (XEP-0030).

use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::Tag;

use super::{AT_SERVER, Feature};
use crate::xmpp::account;

const NS_INFO: &str = "http://jabber.org/protocol/disco#info";
const NS_ITEMS: &str = "http://jabber.org/protocol/disco#items";

/// What the server is and can.
pub(super) const INFO: Feature = Feature {
    ns: NS_INFO,
    name: "query",
    answer: |asked, _| {
        if asked.set {
            return Err(Condition::NotAllowed);
        }
        if asked.payload.attr("node").is_some_and(|node| !node.is_empty()) {
            return Err(Condition::ItemNotFound);
        }
        let identity = Tag::new("identity", NS_INFO)
            .attr("category", "server")
            .attr("type", "im")
            .attr("name", "Hubbub");
        let own = AT_SERVER.iter().map(|one| one.ns);
        let features = own.chain(account::FEATURES).map(|ns| Tag::new("feature", NS_INFO).attr("var", ns));
        Ok(Some(Tag::new("query", NS_INFO).child(identity).children(features)))
    },
};

/// What else there is: the service of rooms.
pub(super) const ITEMS: Feature = Feature {
    ns: NS_ITEMS,
    name: "query",
    answer: |asked, cx| {
        if asked.set {
            return Err(Condition::NotAllowed);
        }
        let rooms = Tag::new("item", NS_ITEMS)
            .attr("jid", format!("rooms.{}", cx.settings.domain))
            .attr("name", "Rooms");
        Ok(Some(Tag::new("query", NS_ITEMS).child(rooms)))
    },
};
