//! What there is here (XEP-0030).

use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::stream::NS_REGISTER;
use hubbub_xmpp::xml::Tag;

use super::{AT_ROOMS, AT_SERVER, Answer, Asked, Feature, extdisco};
use crate::xmpp::account;

const NS_INFO: &str = "http://jabber.org/protocol/disco#info";
const NS_ITEMS: &str = "http://jabber.org/protocol/disco#items";

/// What the server is and can.
pub(super) const INFO: Feature = Feature {
    ns: NS_INFO,
    name: "query",
    answer: |asked, cx| {
        let own = AT_SERVER.iter().map(|one| one.ns).filter(|ns| *ns != extdisco::NS);
        let own = own.chain(extdisco::is_on(cx).then_some(extdisco::NS));
        let register = cx.settings.xmpp.stream.register.then_some(NS_REGISTER);
        info(asked, ("server", "im", "Hubbub"), own.chain(account::FEATURES).chain(register))
    },
};

/// What else there is: the service of rooms.
pub(super) const ITEMS: Feature = Feature {
    ns: NS_ITEMS,
    name: "query",
    answer: |asked, cx| {
        let rooms = Tag::new("item", NS_ITEMS)
            .attr("jid", format!("rooms.{}", cx.settings.domain))
            .attr("name", "Rooms");
        items(asked, [rooms])
    },
};

/// What the service of rooms is and can (XEP-0045 §6.1).
pub(super) const ROOMS_INFO: Feature = Feature {
    ns: NS_INFO,
    name: "query",
    answer: |asked, _| {
        let own = AT_ROOMS.iter().map(|one| one.ns);
        info(asked, ("conference", "text", "Rooms"), own.chain(["http://jabber.org/protocol/muc"]))
    },
};

/// Which rooms there are, the service is asked elsewhere: of a node it knows nothing.
pub(super) const ROOMS_ITEMS: Feature =
    Feature { ns: NS_ITEMS, name: "query", answer: |asked, _| items(asked, []) };

/// An identity (category, type, name) and features.
fn info(
    asked: &Asked<'_>,
    (category, kind, name): (&str, &str, &str),
    features: impl Iterator<Item = &'static str>,
) -> Answer {
    check(asked)?;
    let identity = Tag::new("identity", NS_INFO)
        .attr("category", category)
        .attr("type", kind)
        .attr_opt("name", (!name.is_empty()).then_some(name));
    let features = features.map(|ns| Tag::new("feature", NS_INFO).attr("var", ns));
    Ok(Some(Tag::new("query", NS_INFO).child(identity).children(features)))
}

fn items(asked: &Asked<'_>, items: impl IntoIterator<Item = Tag>) -> Answer {
    check(asked)?;
    Ok(Some(Tag::new("query", NS_ITEMS).children(items)))
}

/// Discovery is only asked for, and knows no nodes here.
fn check(asked: &Asked<'_>) -> Result<(), Condition> {
    match asked.payload.attr("node") {
        _ if asked.set => Err(Condition::NotAllowed),
        Some(node) if !node.is_empty() => Err(Condition::ItemNotFound),
        _ => Ok(()),
    }
}
