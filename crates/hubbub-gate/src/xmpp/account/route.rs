//! Where stanzas go: what the account's clients send, and what comes for it (RFC 6121 §8).

use hubbub_hub::SessionKey;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::CLIENT;

use super::carbons;
use super::subscription::Act;
use super::{Account, Resource};
use hubbub_xmpp::stream::Claim;

use crate::session::Cx;
use crate::xmpp::letters::ToClient;
use crate::xmpp::parcel::Parcel;

impl Account {
    /// Takes what one of the account's own resources sends: to nobody in particular, to the account, or to somebody else.
    pub(super) fn own(&mut self, key: SessionKey, parcel: &Parcel, claim: Option<Claim>, cx: &mut Cx<'_>) {
        if self.is_blocked(parcel.to()) {
            return self.hold_back(parcel, cx);
        }
        let is_addressed = parcel.element().attr("to").is_some();
        match parcel.kind() {
            StanzaKind::Presence if !is_addressed => self.announce(key, parcel, cx),
            StanzaKind::Presence => self.presence_to(key, parcel, cx),
            // To the server, about the account.
            StanzaKind::Iq if parcel.to().local().is_none() => self.asked(parcel, cx),
            StanzaKind::Iq => self.send(parcel.clone(), cx),
            StanzaKind::Message => {
                self.copy_sent(key, parcel, cx);
                self.speak(key, parcel, claim, cx);
            }
        }
    }

    /// Takes a stanza for the account, or for one of its resources.
    pub(super) fn deliver(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        if self.is_blocked(parcel.from()) {
            return self.ward_off(parcel, cx);
        }
        match self.inbox.holds_up(parcel) {
            Some(true) => {}
            Some(false) => self.deliver_now(parcel, cx),
            None => self.refuse(parcel, Condition::ResourceConstraint, cx),
        }
    }

    /// Takes a stanza for the account whose turn it is.
    pub(super) fn deliver_now(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        let named = parcel.to().resource().and_then(|name| self.resources.get(name));
        match (parcel.kind(), named) {
            (StanzaKind::Presence, _) => self.presence_from(parcel, cx),
            (StanzaKind::Message, Some(_)) => {
                self.hand_on(parcel, cx);
            }
            (_, Some(resource)) => tell(resource, parcel, cx),
            (StanzaKind::Iq, None) if parcel.to().is_bare() => self.asked(parcel, cx),
            // Nobody answers for a resource that is not there (§8.5.3.2.3).
            (StanzaKind::Iq, None) => self.refuse(parcel, Condition::ServiceUnavailable, cx),
            (StanzaKind::Message, None) => self.message(parcel, cx),
        }
    }

    /// A message for the account as a whole; one for a resource that is not there goes the same way if it is a chat
    /// (§8.5.3.2.1).
    fn message(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        let named = parcel.to().resource().is_some();
        match &*parcel.kind_of() {
            "error" => {}
            "groupchat" => self.refuse(parcel, Condition::ServiceUnavailable, cx),
            "headline" if named => {}
            "headline" => {
                self.tell_willing(parcel, cx);
            }
            _ => {
                // Without a text it was for the moment; that it is not taken says nothing about who is there.
                let says = parcel.element().child("body", CLIENT).is_some();
                if !self.hand_on(parcel, cx) && says {
                    self.refuse(parcel, Condition::ServiceUnavailable, cx);
                }
            }
        }
    }

    /// Presence from somebody: how available he is, or what he wants to see or show (§8.5.2.1.2, §8.5.3.1).
    fn presence_from(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        let kind = parcel.kind_of();
        if let Some(act) = Act::of(&kind) {
            return self.hear_from(act, parcel, cx);
        }
        if kind == "probe" {
            return self.probed(parcel, cx);
        }
        match parcel.to().resource() {
            Some(name) => self.resources.get(name).into_iter().for_each(|one| tell(one, parcel, cx)),
            None => self.available().for_each(|resource| tell(resource, parcel, cx)),
        }
    }

    /// Hands a message to the resource that it names, or else to all who take what is for the account; others may have copies. Says
    /// whether anybody took it.
    pub(super) fn hand_on(&self, parcel: &Parcel, cx: &mut Cx<'_>) -> bool {
        let named = parcel.to().resource().and_then(|name| self.resources.get(name));
        if let Some(resource) = named {
            tell(resource, &carbons::told(parcel), cx);
            self.copy_received(parcel, |other| other.key == resource.key, cx);
            return true;
        }
        let is_taken = self.tell_willing(&carbons::told(parcel), cx) > 0;
        if is_taken {
            self.copy_received(parcel, Resource::is_willing, cx);
        }
        is_taken
    }

    /// Tells all who take what is for the account. Says how many that are.
    pub(super) fn tell_willing(&self, parcel: &Parcel, cx: &mut Cx<'_>) -> usize {
        self.available().filter(|one| one.is_willing()).map(|one| tell(one, parcel, cx)).count()
    }

    /// All of them.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values().map(|one| &**one)
    }

    /// Resources that have said that they are there.
    pub(super) fn available(&self) -> impl Iterator<Item = &Resource> {
        self.devices().filter(|resource| resource.presence.is_some())
    }
}

/// Hands a stanza to one resource.
pub(super) fn tell(resource: &Resource, parcel: &Parcel, cx: &mut Cx<'_>) {
    cx.write_to(resource.key, ToClient::Deliver(parcel.clone()));
}
