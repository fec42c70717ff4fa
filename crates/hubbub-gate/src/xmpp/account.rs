//! An account as all its devices share it: which of them are there, and which of them gets what.
//!
//! It is the steward of its bare address: a session without a link, on the worker that is the address's home. It begins with the
//! first letter and ends when none of its resources is left. Guests have one as well, which remembers nothing.

mod route;

use std::collections::BTreeMap;
use std::sync::Arc;

use hubbub_hub::{Identity, SessionKey};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind};

use super::letters::{ToAccount, ToClient};
use super::parcel::Parcel;
use crate::session::{Close, Cx, Input, Session};

/// The name of an account's steward: of the bare address of `jid`.
pub(super) fn office(jid: &Jid) -> Arc<str> {
    format!("xmpp:{}", jid.bare()).into()
}

/// One account.
pub(super) struct Account {
    bare: Jid,
    resources: BTreeMap<String, Resource>,
}

/// One device of the account: a stream with a resource.
pub(super) struct Resource {
    jid: Jid,
    key: SessionKey,
    who: Arc<Identity>,
    /// What it last told everybody, while it is available.
    presence: Option<Parcel>,
    /// From −128 to 127: what is for the account does not go to those below 0 (RFC 6121 §4.7.2.3).
    priority: i8,
}

impl Account {
    /// Makes the steward of the account of this office.
    pub(super) fn appoint(office: &Arc<str>) -> Box<dyn Session> {
        let bare = office.strip_prefix("xmpp:").unwrap_or(office);
        match Jid::parse(bare) {
            Ok(bare) => Box::new(Self { bare, resources: BTreeMap::new() }),
            Err(_) => Box::new(Nobody),
        }
    }

    fn told(&mut self, from: SessionKey, letter: ToAccount, cx: &mut Cx<'_>) {
        match letter {
            ToAccount::Bind { jid, who } => self.bind(from, jid, who, cx),
            ToAccount::Gone => self.gone(from, cx),
            ToAccount::Own(parcel) => self.own(from, &parcel, cx),
            ToAccount::Deliver(parcel) => self.deliver(&parcel, cx),
        }
    }

    /// A resource that somebody has goes over to who came last (RFC 6120 §7.7.2.2).
    fn bind(&mut self, key: SessionKey, jid: Jid, who: Arc<Identity>, cx: &mut Cx<'_>) {
        let Some(resource) = jid.resource().map(str::to_owned) else { return };
        if !self.resources.contains_key(&resource) && self.resources.len() >= cx.settings.xmpp.resources {
            return cx.write_to(key, ToClient::BindRefused(Condition::ResourceConstraint));
        }
        let new = Resource { jid, key, who, presence: None, priority: 0 };
        if let Some(old) = self.resources.insert(resource, new) {
            self.withdraw(&old, cx);
            cx.write_to(old.key, ToClient::Replaced);
        }
        cx.write_to(key, ToClient::Bound);
    }

    fn gone(&mut self, key: SessionKey, cx: &mut Cx<'_>) {
        let Some(name) = self.resource_of(key).and_then(|one| one.jid.resource().map(str::to_owned)) else {
            return;
        };
        if let Some(gone) = self.resources.remove(&name) {
            self.withdraw(&gone, cx);
        }
    }

    fn resource_of(&self, key: SessionKey) -> Option<&Resource> {
        self.resources.values().find(|resource| resource.key == key)
    }

    fn own(&mut self, key: SessionKey, parcel: &Parcel, cx: &mut Cx<'_>) {
        match parcel.kind() {
            StanzaKind::Presence => self.announce(key, parcel, cx),
            StanzaKind::Iq => self.asked(key, parcel, cx),
            StanzaKind::Message => {}
        }
    }

    /// A resource says how available it is.
    fn announce(&mut self, key: SessionKey, parcel: &Parcel, _cx: &mut Cx<'_>) {
        let Some(resource) = self.resources.values_mut().find(|resource| resource.key == key) else { return };
        match &*parcel.kind_of() {
            "" => {
                let priority = parcel.element().child("priority", "jabber:client");
                resource.priority =
                    priority.and_then(|priority| priority.text().trim().parse().ok()).unwrap_or(0);
                resource.presence = Some(parcel.clone());
            }
            "unavailable" => resource.presence = None,
            _ => {}
        }
    }

    /// A resource is not available any more.
    fn withdraw(&mut self, _resource: &Resource, _cx: &mut Cx<'_>) {}

    /// An iq for one's own account.
    fn asked(&mut self, key: SessionKey, parcel: &Parcel, cx: &mut Cx<'_>) {
        if let Some(refusal) = parcel.refused(Condition::ServiceUnavailable, None) {
            cx.write_to(key, ToClient::Deliver(refusal));
        }
    }

    /// Answers somebody, wherever he is.
    fn answer(parcel: Option<Parcel>, cx: &mut Cx<'_>) {
        if let Some(parcel) = parcel {
            cx.write_to_steward(office(parcel.to()), Self::appoint, ToAccount::Deliver(parcel));
        }
    }
}

impl Session for Account {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Letter(from, letter) => {
                if let Ok(letter) = letter.downcast::<ToAccount>() {
                    self.told(from, *letter, cx);
                }
            }
            Input::Undelivered(key) => self.gone(key, cx),
            Input::Shutdown => return Err(Close::Done),
            _ => return Ok(()),
        }
        if self.resources.is_empty() { Err(Close::Done) } else { Ok(()) }
    }
}

/// In the place of a steward whose name is no address.
struct Nobody;

impl Session for Nobody {
    fn handle(&mut self, _: Input<'_>, _: &mut Cx<'_>) -> Result<(), Close> {
        Err(Close::Done)
    }
}
