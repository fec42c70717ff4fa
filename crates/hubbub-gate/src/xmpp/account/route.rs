//! Who of an account's resources gets a stanza (RFC 6121 §8.5).

use hubbub_xmpp::stanza::{Condition, StanzaKind};

use super::{Account, Resource};
use crate::session::Cx;
use crate::xmpp::letters::ToClient;
use crate::xmpp::parcel::Parcel;

impl Account {
    /// Takes a stanza for the account, or for one of its resources.
    pub(super) fn deliver(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        let named = parcel.to().resource().and_then(|name| self.resources.get(name));
        match (parcel.kind(), named) {
            (_, Some(resource)) => tell(resource, parcel, cx),
            (StanzaKind::Iq, None) => self.ask_nobody(parcel, cx),
            (StanzaKind::Message, None) => self.message(parcel, cx),
            (StanzaKind::Presence, None) => self.presence_for_all(parcel, cx),
        }
    }

    /// A message for the account as a whole; one for a resource that is not there goes the same way if it is a chat
    /// (§8.5.3.2.1).
    fn message(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        let named = parcel.to().resource().is_some();
        match &*parcel.kind_of() {
            "error" => {}
            "groupchat" => Self::answer(parcel.refused(Condition::ServiceUnavailable, None), cx),
            "headline" if named => {}
            "headline" => {
                self.tell_willing(parcel, cx);
            }
            _ => {
                if self.tell_willing(parcel, cx) == 0 {
                    Self::answer(parcel.refused(Condition::ServiceUnavailable, None), cx);
                }
            }
        }
    }

    /// Presence that names no resource, or one that is not there (§8.5.2.1.2, §8.5.3.2.2).
    fn presence_for_all(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        if parcel.to().resource().is_none() {
            self.available().for_each(|resource| tell(resource, parcel, cx));
        }
    }

    /// Nobody answers an iq to a resource that is not there; to the account itself its server would (§8.5.2.1.3).
    fn ask_nobody(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        Self::answer(parcel.refused(Condition::ServiceUnavailable, None), cx);
    }

    /// Tells all who take what is for the account. Says how many that are.
    pub(super) fn tell_willing(&self, parcel: &Parcel, cx: &mut Cx<'_>) -> usize {
        self.available().filter(|one| one.priority >= 0).map(|one| tell(one, parcel, cx)).count()
    }

    /// Resources that have said that they are there.
    pub(super) fn available(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values().filter(|resource| resource.presence.is_some())
    }
}

/// Hands a stanza to one resource.
pub(super) fn tell(resource: &Resource, parcel: &Parcel, cx: &mut Cx<'_>) {
    cx.write_to(resource.key, ToClient::Deliver(parcel.clone()));
}
