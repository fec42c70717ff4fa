//! What a client is spared while nobody looks at it (XEP-0352): of each sender's presence the last one waits, and who is typing
//! is left out. Everything else goes at once, behind what waited.

use std::collections::BTreeMap;

use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::StanzaKind;
use hubbub_xmpp::stream::Csi;
use hubbub_xmpp::xml::Element;

use super::parcel::Parcel;

/// Senders whose presence may wait; one more, and it goes.
const WAITING: usize = 1000;

/// Whether somebody looks, and what waits until then.
#[derive(Default)]
pub(super) struct Attention {
    elsewhere: bool,
    waiting: BTreeMap<Jid, Parcel>,
}

impl Attention {
    /// The client says whether somebody looks at it. Gives what is to be sent.
    pub(super) fn turn(&mut self, says: Csi) -> Vec<Parcel> {
        self.elsewhere = says == Csi::Inactive;
        if self.elsewhere { Vec::new() } else { self.release() }
    }

    /// Whether this can wait, or need not be told at all.
    pub(super) fn spares(&mut self, parcel: &Parcel) -> bool {
        if !self.elsewhere {
            return false;
        }
        match parcel.kind() {
            StanzaKind::Presence if matches!(&*parcel.kind_of(), "" | "unavailable") => {
                let room = self.waiting.len() < WAITING;
                if room {
                    self.waiting.insert(parcel.from().clone(), parcel.clone());
                }
                room
            }
            StanzaKind::Message => is_momentary(parcel.element()),
            StanzaKind::Presence | StanzaKind::Iq => false,
        }
    }

    /// What waited: it goes before anything else does.
    pub(super) fn release(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

/// Whether a message says nothing but what somebody is doing at the moment (XEP-0085).
fn is_momentary(message: &Element) -> bool {
    let mut states = 0;
    let rest = message.children().filter(|child| match child.ns() {
        "http://jabber.org/protocol/chatstates" => {
            states += 1;
            false
        }
        "urn:xmpp:hints" => false,
        _ => child.name() != "thread",
    });
    rest.count() == 0 && states > 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;
    use hubbub_xmpp::xml::{Limits, parse};

    fn parcel(kind: StanzaKind, from: &str, attributes: &str, inside: &str) -> Parcel {
        let name = kind.as_str();
        let xml = format!("<{name} xmlns='jabber:client' {attributes}>{inside}</{name}>");
        let element = parse(xml.as_bytes(), &Limits::default()).unwrap();
        Parcel::new(kind, element, Jid::parse(from).unwrap(), Jid::parse("me@example.org/x").unwrap())
    }

    fn presence(from: &str, attributes: &str) -> Parcel {
        parcel(StanzaKind::Presence, from, attributes, "")
    }

    fn message(inside: &str) -> Parcel {
        parcel(StanzaKind::Message, "ann@example.org/a", "type='chat'", inside)
    }

    const TYPING: &str = "<composing xmlns='http://jabber.org/protocol/chatstates'/><thread>1</thread>";

    #[test]
    fn who_is_looked_at_is_told_everything() {
        let mut attention = Attention::default();
        assert!(!attention.spares(&presence("ann@example.org/a", "")));
        assert!(!attention.spares(&message(TYPING)));
        assert!(attention.release().is_empty());
    }

    #[test]
    fn of_each_sender_the_last_presence_waits() {
        let mut attention = Attention::default();
        assert!(attention.turn(Csi::Inactive).is_empty());
        let gone = presence("ann@example.org/a", "type='unavailable'");
        assert!(attention.spares(&presence("ann@example.org/a", "")) && attention.spares(&gone));
        assert!(attention.spares(&presence("bo@example.org/b", "")));
        assert!(!attention.spares(&presence("cy@example.org", "type='subscribe'")));
        let waited = attention.turn(Csi::Active);
        let kinds: Vec<_> = waited.iter().map(|one| (one.from().as_str(), one.kind_of())).collect();
        assert_eq!(kinds, [("ann@example.org/a", "unavailable".into()), ("bo@example.org/b", "".into())]);
        assert!(attention.release().is_empty());
    }

    #[test]
    fn what_is_said_goes_and_what_is_typed_does_not() {
        let mut attention = Attention::default();
        attention.turn(Csi::Inactive);
        assert!(attention.spares(&message(TYPING)));
        assert!(!attention.spares(&message(&format!("<body>hi</body>{TYPING}"))));
        assert!(!attention.spares(&message("<received xmlns='urn:xmpp:receipts' id='1'/>")));
        assert!(!attention.spares(&message("")));
    }

    #[test]
    fn no_more_waits_than_may() {
        let mut attention = Attention::default();
        attention.turn(Csi::Inactive);
        for number in 0..WAITING {
            assert!(attention.spares(&presence(&format!("ann@example.org/{number}"), "")));
        }
        assert!(!attention.spares(&presence("ann@example.org/one-more", "")));
        assert_eq!(attention.release().len(), WAITING);
    }
}
