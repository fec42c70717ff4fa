//! The bound client: its stanzas (RFC 6120 §8), its pings and ours, and the state of its user (XEP-0352).

use super::bind::is_bind;
use super::error::Fault;
use super::features::{NS_CSI, NS_SESSION};
use super::{Csi, Out, Stream, StreamError};
use crate::jid::Jid;
use crate::stanza::{Condition, IqRule, StanzaKind, iq_result, judge_iq, kind_of};
use crate::xml::{CLIENT, Element, Tag};

/// The namespace of pings (XEP-0199).
const NS_PING: &str = "urn:xmpp:ping";
/// What the ids of our pings begin with.
const PING: &str = "alive-";

impl Stream {
    pub(super) fn in_session(&mut self, element: Element, out: &mut Vec<Out>) {
        match (kind_of(&element), element.ns()) {
            (Some(kind), _) => self.stanza(kind, element, out),
            (None, super::sm::NS_SM) => self.manage(&element, out),
            (None, NS_CSI) if element.name() == "active" => out.push(Out::Csi(Csi::Active)),
            (None, NS_CSI) if element.name() == "inactive" => out.push(Out::Csi(Csi::Inactive)),
            _ => self.fail(StreamError::UnsupportedStanzaType, out),
        }
    }

    fn stanza(&mut self, kind: StanzaKind, stanza: Element, out: &mut Vec<Out>) {
        if stanza.attr("from").is_some_and(|from| !self.is_own(&from)) {
            let fault = Fault::saying(StreamError::InvalidFrom, "'from' is not your address");
            return self.fail(fault, out);
        }
        let claim = self.sm.as_mut().and_then(|sm| sm.stanza_came(kind == StanzaKind::Message));
        if kind == StanzaKind::Iq {
            self.iq(stanza, out);
        } else {
            out.push(Out::Stanza(stanza, claim));
        }
    }

    /// What a client may call itself: its bare or full address (RFC 6120 §8.1.2.1).
    fn is_own(&self, from: &str) -> bool {
        let (Some(full), Some(user)) = (&self.jid, &self.user) else { return false };
        from == full.as_str()
            || from == user.as_str()
            || Jid::parse(from).is_ok_and(|from| from == *full || from == *user)
    }

    fn iq(&mut self, iq: Element, out: &mut Vec<Out>) {
        match judge_iq(&iq) {
            IqRule::Drop => {}
            IqRule::Refuse => self.refuse(&iq, Condition::BadRequest, out),
            IqRule::Good if self.is_our_ping(&iq) => {}
            // One stream, one resource (RFC 6120 §7.3.1).
            IqRule::Good if is_bind(&iq) && self.is_for_us(&iq) => {
                self.refuse(&iq, Condition::NotAllowed, out);
            }
            IqRule::Good if asks_for_session(&iq) && self.is_for_us(&iq) => {
                let id = iq.attr("id").unwrap_or_default();
                self.put_stanza(&iq_result(&id, None, None, None), out);
            }
            IqRule::Good => out.push(Out::Stanza(iq, None)),
        }
    }

    /// Whether the server itself is meant: no address, that of the domain, or the client's own.
    fn is_for_us(&self, iq: &Element) -> bool {
        iq.attr("to").is_none_or(|to| *to == *self.settings.domain || self.is_own(&to))
    }

    /// Asks a silent client whether it is there: by a request to acknowledge, which costs it least, or by a ping.
    pub(super) fn ask_for_life(&mut self, out: &mut Vec<Out>) {
        if let Some(sm) = &mut self.sm {
            sm.asked();
            return out.push(super::manage::request());
        }
        self.pings = self.pings.wrapping_add(1);
        let ping = Tag::new("iq", CLIENT)
            .attr("type", "get")
            .attr("id", format!("{PING}{}", self.pings))
            .attr("from", &self.settings.domain)
            .attr_opt("to", self.jid.as_ref().map(Jid::as_str))
            .child(Tag::new("ping", NS_PING));
        self.put_stanza(&ping, out);
    }

    /// Whether it answers a ping of ours. An error answers it as well.
    fn is_our_ping(&self, iq: &Element) -> bool {
        matches!(iq.attr("type").as_deref(), Some("result" | "error"))
            && iq.attr("to").is_none_or(|to| *to == *self.settings.domain)
            && iq.attr("id").is_some_and(|id| {
                let number = id.strip_prefix(PING).and_then(|number| number.parse::<u32>().ok());
                number.is_some_and(|number| (1..=self.pings).contains(&number))
            })
    }
}

/// RFC 3921 §3: clients of that time want a session established.
fn asks_for_session(iq: &Element) -> bool {
    iq.attr("type").as_deref() == Some("set") && iq.child("session", NS_SESSION).is_some()
}
