//! Presence: who of an account is there, and who else is told (RFC 6121 §4).

use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Tag};

use super::route::tell;
use super::{Account, Resource};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;
use hubbub_hub::SessionKey;

/// Most addresses that one resource sends presence to beside its contacts. Who sends it to more ends some of it first.
const DIRECTED: usize = 200;

impl Account {
    /// A resource says how available it is, to all who may know.
    pub(super) fn announce(&mut self, key: SessionKey, parcel: &Parcel, cx: &mut Cx<'_>) {
        let Some(name) = self.name_of(key) else { return };
        match &*parcel.kind_of() {
            "" => self.be_available(&name, parcel, cx),
            "unavailable" => self.be_unavailable(&name, parcel, cx),
            "error" => {}
            _ => self.refuse(parcel, Condition::BadRequest, cx),
        }
    }

    fn be_available(&mut self, name: &str, parcel: &Parcel, cx: &mut Cx<'_>) {
        let Some(resource) = self.resources.get_mut(name) else { return };
        let is_initial = resource.presence.replace(parcel.clone()).is_none();
        resource.priority = priority(parcel);
        self.broadcast(parcel, cx);
        if is_initial {
            self.introduce(name, cx);
        }
    }

    /// Tells contacts who may see it, and the account's own resources (§4.2.2, §4.4.2).
    fn broadcast(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        for contact in self.subscribers() {
            self.send(parcel.readdressed(&contact), cx);
        }
        for resource in self.available() {
            tell(resource, &parcel.readdressed(&resource.jid), cx);
        }
    }

    /// Contacts who see the account, but for those who are blocked.
    pub(super) fn subscribers(&self) -> Vec<Jid> {
        let seeing =
            self.contacts.iter().filter(|(jid, contact)| contact.state.from && !self.is_blocked(jid));
        seeing.map(|(jid, _)| jid.clone()).collect()
    }

    /// Tells a resource that has just come who else is there: other resources, contacts (§4.2.2, §4.3.1), who has asked (§3.1.3).
    fn introduce(&mut self, name: &str, cx: &mut Cx<'_>) {
        let Some(new) = self.resources.get(name) else { return };
        let others = self.resources.iter().filter(|(other, _)| *other != name);
        for presence in others.filter_map(|(_, other)| other.presence.as_ref()) {
            tell(new, &presence.readdressed(&new.jid), cx);
        }
        for request in self.requests() {
            tell(new, &request, cx);
        }
        let new = new.jid.clone();
        for contact in self.seen() {
            self.probe(&new, &contact, cx);
        }
    }

    /// Contacts whom the account sees, but for those who are blocked.
    fn seen(&self) -> Vec<Jid> {
        let seen = self.contacts.iter().filter(|(jid, contact)| contact.state.to && !self.is_blocked(jid));
        seen.map(|(jid, _)| jid.clone()).collect()
    }

    /// Asks on behalf of a resource how available a contact is: the answer is for that one (§4.3.1).
    pub(super) fn probe(&mut self, resource: &Jid, contact: &Jid, cx: &mut Cx<'_>) {
        let probe = Tag::new("presence", CLIENT).attr("type", "probe");
        self.say(StanzaKind::Presence, &probe, resource, contact, cx);
    }

    /// Who is asked by a probe tells those who may know (§4.3.2). Others learn that they may not.
    pub(super) fn probed(&mut self, probe: &Parcel, cx: &mut Cx<'_>) {
        let asker = probe.from().bare();
        let may_see = asker == self.bare || self.contacts.get(&asker).is_some_and(|one| one.state.from);
        if may_see {
            self.show_to(probe.from(), cx);
        } else if self.exists {
            let no = Tag::new("presence", CLIENT).attr("type", "unsubscribed");
            let bare = self.bare.clone();
            self.say(StanzaKind::Presence, &no, &bare, &asker, cx);
        }
    }

    /// Sends the presence of each resource to somebody.
    pub(super) fn show_to(&mut self, to: &Jid, cx: &mut Cx<'_>) {
        let shown: Vec<_> = self.available().filter_map(|one| one.presence.as_ref()).cloned().collect();
        for presence in shown {
            self.send(presence.readdressed(to), cx);
        }
    }

    /// Tells somebody that no resource is available, as far as he is concerned.
    pub(super) fn hide_from(&mut self, to: &Jid, cx: &mut Cx<'_>) {
        let hidden: Vec<_> = self.available().map(|one| one.jid.clone()).collect();
        for from in hidden {
            self.say(StanzaKind::Presence, &unavailable(), &from, to, cx);
        }
    }

    /// Going, with a last word for all who knew (§4.5.2, §4.6.3).
    fn be_unavailable(&mut self, name: &str, parcel: &Parcel, cx: &mut Cx<'_>) {
        let Some(resource) = self.resources.get_mut(name) else { return };
        let was_available = resource.presence.take().is_some();
        let told = std::mem::take(&mut resource.directed);
        if let Some(resource) = self.resources.get(name).filter(|_| was_available) {
            tell(resource, &parcel.readdressed(&resource.jid), cx);
        }
        self.take_leave(parcel, was_available, told, cx);
    }

    /// A resource is not there any more, and has not said so.
    pub(super) fn withdraw(&mut self, gone: &Resource, cx: &mut Cx<'_>) {
        let last = Parcel::made(StanzaKind::Presence, &unavailable(), &gone.jid, &self.bare);
        if let Some(last) = last {
            self.take_leave(&last, gone.presence.is_some(), gone.directed.clone(), cx);
        }
    }

    fn take_leave(
        &mut self,
        parcel: &Parcel,
        was_available: bool,
        directed: impl IntoIterator<Item = Jid>,
        cx: &mut Cx<'_>,
    ) {
        let mut told = Vec::new();
        if was_available {
            self.broadcast(parcel, cx);
            told = self.subscribers();
        }
        for to in directed {
            if told.binary_search(&to.bare()).is_err() && !self.is_blocked(&to) {
                self.send(parcel.readdressed(&to), cx);
            }
        }
    }

    /// Presence for one address (§4.6.2): who got it is told when it ends.
    pub(super) fn direct(&mut self, key: SessionKey, parcel: &Parcel, cx: &mut Cx<'_>) {
        let Some(name) = self.name_of(key) else { return };
        let Some(resource) = self.resources.get_mut(&name) else { return };
        match &*parcel.kind_of() {
            "" if resource.directed.len() >= DIRECTED && !resource.directed.contains(parcel.to()) => {
                return self.refuse(parcel, Condition::ResourceConstraint, cx);
            }
            "" => {
                resource.directed.insert(parcel.to().clone());
            }
            "unavailable" => {
                resource.directed.remove(parcel.to());
            }
            "probe" | "error" => {}
            _ => return self.refuse(parcel, Condition::BadRequest, cx),
        }
        self.send(parcel.clone(), cx);
    }
}

impl Resource {
    /// Whether it takes what is for the account.
    pub(super) fn is_willing(&self) -> bool {
        self.presence.is_some() && self.priority >= 0
    }
}

/// What the server says for a resource that has not said it itself.
fn unavailable() -> Tag {
    Tag::new("presence", CLIENT).attr("type", "unavailable")
}

/// From −128 to 127; 0 where there is none, or none that is one (§4.7.2.3).
fn priority(presence: &Parcel) -> i8 {
    let said = presence.element().child("priority", CLIENT);
    said.and_then(|said| said.text().trim().parse().ok()).unwrap_or(0)
}
