//! Calls between XMPP clients through a room (Jingle, XEP-0166) where only relayed candidates pass. Stanzas are their clients' own, so one
//! that has others is refused and not rewritten.

use hubbub_xmpp::xml::{Element, Node};

/// Calls.
const NS: &str = "urn:xmpp:jingle:1";

/// Why a stanza is refused.
pub(super) const REFUSED: &str =
    "Only relayed candidates without a related address pass in this room (candidates).";

/// Whether a stanza tells an address other than that of a relay.
pub(super) fn tells(stanza: &Element) -> bool {
    stanza.children().filter(|child| child.is("jingle", NS)).any(any_tells)
}

fn any_tells(node: Node<'_>) -> bool {
    let is_candidate = matches!(node.name(), "candidate" | "remote-candidate");
    (is_candidate && !is_relayed(node)) || node.children().any(any_tells)
}

/// Whether a candidate is a relay's: `relay` in ICE (XEP-0176 §5.3, XEP-0371), `proxy` in SOCKS5 (XEP-0260 §2.2); and does not tell who
/// asked the relay for it.
fn is_relayed(candidate: Node<'_>) -> bool {
    let unspecified = |address: &str| matches!(address, "0.0.0.0" | "::");
    matches!(candidate.attr("type").as_deref(), Some("relay" | "proxy"))
        && candidate.attr("rel-addr").is_none_or(|address| unspecified(&address))
}
