//! What a client may not say, because only servers and rooms vouch for it: taken out before a stanza goes on.

use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::kind_of;
use hubbub_xmpp::xml::{CLIENT, Element, Limits, Node, Tag, parse};

/// A stanza of a client without what it has no right to say at the server of `domain`: as it is if there is nothing of that kind.
pub(super) fn cleaned(stanza: Element, domain: &str) -> Element {
    let Some(kind) = kind_of(&stanza).filter(|_| stanza.children().any(|child| is_forged(&child, domain)))
    else {
        return stanza;
    };
    let mut whole = Tag::new(kind.as_str(), CLIENT).attr_opt("xml:lang", stanza.lang());
    for name in ["to", "from", "id", "type"] {
        whole = whole.attr_opt(name, stanza.attr(name));
    }
    for child in stanza.children().filter(|child| !is_forged(child, domain)) {
        whole = whole.node(child);
    }
    parse(&whole.to_vec(""), &Limits::OWN).unwrap_or(stanza)
}

fn is_forged(child: &Node<'_>, domain: &str) -> bool {
    match (child.ns(), child.name()) {
        // XEP-0359 §6: an id in our name.
        ("urn:xmpp:sid:0", "stanza-id") => names_us(child, "by", domain),
        // XEP-0203 §4: a moment in our name.
        ("urn:xmpp:delay", "delay") | ("jabber:x:delay", "x") => names_us(child, "from", domain),
        // XEP-0421 §4.2.
        ("urn:xmpp:occupant-id:0", _) => true,
        // XEP-0280 §11, XEP-0313 §8: copies and pages come from one's own account and from nobody else.
        ("urn:xmpp:carbons:2", "sent" | "received") | ("urn:xmpp:mam:2", "result" | "fin") => true,
        _ => false,
    }
}

/// Whether an address in this attribute is one of this server's.
fn names_us(child: &Node<'_>, attribute: &str, domain: &str) -> bool {
    let Some(jid) = child.attr(attribute).and_then(|text| Jid::parse(&text).ok()) else { return false };
    let host = jid.domain();
    host == domain || host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;

    fn cleaned(inside: &str) -> String {
        let xml = format!("<message xmlns='jabber:client'>{inside}</message>");
        let element = parse(xml.as_bytes(), &Limits::default()).unwrap();
        String::from_utf8(super::cleaned(element, "example.org").inner().to_vec()).unwrap()
    }

    #[test]
    fn only_what_is_forged_goes() {
        let fine = "<body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='other.org' id='1'/><delay xmlns='urn:xmpp:delay' stamp='x'/>";
        assert_eq!(cleaned(fine), fine);
        for forged in [
            "<stanza-id xmlns='urn:xmpp:sid:0' by='lobby@rooms.example.org' id='1'/>",
            "<delay xmlns='urn:xmpp:delay' from='example.org' stamp='x'/>",
            "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/>",
            "<sent xmlns='urn:xmpp:carbons:2'/>",
            "<result xmlns='urn:xmpp:mam:2'/>",
        ] {
            assert_eq!(
                cleaned(&format!("<body>x</body>{forged}<a xmlns='b'/>")),
                "<body>x</body><a xmlns='b'/>"
            );
        }
        assert_eq!(cleaned("<private xmlns='urn:xmpp:carbons:2'/>"), "<private xmlns='urn:xmpp:carbons:2'/>");
    }
}
