//! Managing subscriptions: what is said to contacts and heard from them, and who is told (RFC 6121 §3).

use hubbub_hub::SessionKey;
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Tag};

use super::Account;
use super::contact::Contact;
use super::route::tell;
use super::subscription::{Act, Heard};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

/// Most that a request says beside being one, in bytes: it is kept until it is answered.
const REQUEST_BYTES: usize = 4096;
/// Most requests that wait for an answer.
const REQUESTS: usize = 500;

impl Account {
    /// One of the account's resources says `act` to a contact (§3.1.2, §3.1.5, §3.2.2, §3.3.2, §3.4.2).
    pub(super) fn say_to(&mut self, act: Act, parcel: &Parcel, cx: &mut Cx<'_>) {
        let contact = parcel.to().bare();
        if contact == self.bare {
            return;
        }
        let before = self.contacts.get(&contact).cloned().unwrap_or_default();
        let (state, is_told) = before.state.say(act);
        let mut after = Contact { state, ..before.clone() };
        // A refusal is no reason to appear in the roster, nor is the end of what was not there.
        after.listed |= matches!(act, Act::Subscribe | Act::Subscribed);
        if !state.asked {
            after.request = None;
        }
        if after.listed && !before.listed && self.is_full() {
            return self.refuse(parcel, Condition::ResourceConstraint, cx);
        }
        let stanza =
            Parcel::new(StanzaKind::Presence, parcel.element().clone(), self.bare.clone(), contact.clone());
        self.put(contact.clone(), Some(after), parcel, cx, move |this, cx| {
            if is_told {
                this.send(stanza, cx);
            }
            match act {
                Act::Subscribed if is_told => this.show_to(&contact, cx),
                Act::Unsubscribed if before.state.from => this.hide_from(&contact, cx),
                _ => {}
            }
        });
    }

    /// A contact says `act` (§3.1.3, §3.1.6, §3.2.3, §3.3.3).
    pub(super) fn hear_from(&mut self, act: Act, parcel: &Parcel, cx: &mut Cx<'_>) {
        let contact = parcel.from().bare();
        if !self.exists {
            // §8.5.1: as from somebody who does not answer.
            return;
        }
        let before = self.contacts.get(&contact).cloned().unwrap_or_default();
        let (state, heard) = before.state.hear(act);
        if state == before.state && heard == Heard::Drop {
            return;
        }
        let mut after = Contact { state, ..before.clone() };
        if !state.asked {
            after.request = None;
        } else if !before.state.asked {
            if self.requests().len() >= REQUESTS {
                return self.refuse(parcel, Condition::ResourceConstraint, cx);
            }
            after.request = kept_of(parcel);
        }
        // §3: both addresses are bare, whatever came.
        let stanza =
            Parcel::new(StanzaKind::Presence, parcel.element().clone(), contact.clone(), self.bare.clone());
        self.put(contact.clone(), Some(after), parcel, cx, move |this, cx| {
            match heard {
                Heard::Tell => this.tell_of(act, &stanza, cx),
                Heard::Approve => this.approve(&contact, cx),
                Heard::Drop => {}
            }
            if act == Act::Unsubscribe && before.state.from {
                this.hide_from(&contact, cx);
            }
        });
    }

    /// A request goes to all who are available, news to all who look at the roster.
    fn tell_of(&self, act: Act, stanza: &Parcel, cx: &mut Cx<'_>) {
        match act {
            Act::Subscribe => self.available().for_each(|resource| tell(resource, stanza, cx)),
            _ => {
                let interested = self.devices().filter(|resource| resource.is_interested);
                interested.for_each(|resource| tell(resource, stanza, cx));
            }
        }
    }

    /// Says in the account's name that a contact may see it, and shows it.
    fn approve(&mut self, contact: &Jid, cx: &mut Cx<'_>) {
        self.tell_contact(Act::Subscribed, contact, cx);
        self.show_to(contact, cx);
    }

    /// Says something in the account's name.
    pub(super) fn tell_contact(&mut self, act: Act, contact: &Jid, cx: &mut Cx<'_>) {
        let tag = Tag::new("presence", CLIENT).attr("type", act.as_str());
        let bare = self.bare.clone();
        self.say(StanzaKind::Presence, &tag, &bare, contact, cx);
    }

    /// The requests that wait for an answer, as they came.
    pub(super) fn requests(&self) -> Vec<Parcel> {
        let asking = self.contacts.iter().filter(|(jid, one)| one.state.asked && !self.is_blocked(jid));
        let request = |(jid, contact): (&Jid, &Contact)| {
            let inside = contact.request.as_deref().unwrap_or_default();
            let tag = Tag::new("presence", CLIENT).attr("type", Act::Subscribe.as_str()).raw(inside);
            Parcel::made(StanzaKind::Presence, &tag, jid, &self.bare)
        };
        asking.filter_map(request).collect()
    }

    /// A guest is gone for good: whoever has his name next is somebody else, and sees and shows nothing.
    pub(super) fn end_subscriptions(&mut self, cx: &mut Cx<'_>) {
        for (contact, Contact { state, .. }) in std::mem::take(&mut self.contacts) {
            if state.to || state.asks {
                self.tell_contact(Act::Unsubscribe, &contact, cx);
            }
            if state.from || state.asked {
                self.tell_contact(Act::Unsubscribed, &contact, cx);
            }
        }
    }

    /// A stanza of its own to somebody else, from one of its resources.
    pub(super) fn presence_to(&mut self, key: SessionKey, parcel: &Parcel, cx: &mut Cx<'_>) {
        match Act::of(&parcel.kind_of()) {
            Some(act) => self.say_to(act, parcel, cx),
            None => self.direct(key, parcel, cx),
        }
    }
}

/// What is kept of a request beside that it is one.
fn kept_of(request: &Parcel) -> Option<String> {
    let inside = request.element().inner();
    let fits = !inside.is_empty() && inside.len() <= REQUEST_BYTES;
    fits.then(|| String::from_utf8_lossy(&inside).into_owned())
}
