//! Messages that a device was sent and never acknowledged: when it is gone for good they are for the others, as what comes for a device
//! that is not there is (XEP-0198 §5, RFC 6121 §8.5.3.2.1). Nobody is told twice of what he has had.

use std::collections::VecDeque;

use hubbub_hub::{MessageId, Offset, SessionKey};
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Node, Tag};

use super::carbons::is_copied;
use super::route::tell;
use super::{Account, Resource};
use crate::session::Cx;
use crate::xmpp::letters::Unheard;
use crate::xmpp::parcel::Parcel;
use crate::xmpp::stamp;

/// Most messages of which it is remembered who was told. Of older ones all are told again: better than never.
const LATELY: usize = 1000;

const NS_DELAY: &str = "urn:xmpp:delay";

/// What the inbox told lately, oldest first.
#[derive(Default)]
pub(super) struct Lately(VecDeque<Heard>);

/// A message that is kept, and the streams that were told of it.
struct Heard {
    id: MessageId,
    at: Offset,
    by: Vec<SessionKey>,
}

impl Lately {
    fn place(&self, id: &str) -> Option<usize> {
        self.0.iter().rposition(|heard| heard.id.to_string() == id)
    }
}

impl Account {
    /// A message that is kept is handed on: whom that reaches.
    pub(super) fn note_heard(&mut self, id: MessageId, at: Offset, parcel: &Parcel) {
        let by = self.hearers(parcel);
        if self.lately.0.len() >= LATELY {
            self.lately.0.pop_front();
        }
        self.lately.0.push_back(Heard { id, at, by });
    }

    /// The streams that a message reaches, copies and all.
    fn hearers(&self, parcel: &Parcel) -> Vec<SessionKey> {
        let named = parcel.to().resource().and_then(|name| self.resources.get(name));
        let copied = is_copied(parcel);
        let hears = |one: &&Resource| match named {
            Some(named) => one.key == named.key || (copied && one.has_copies),
            None => one.is_willing() || (copied && one.has_copies),
        };
        self.devices().filter(hears).map(|one| one.key).collect()
    }

    /// Of a message that is not kept: who has had it, if he is still there. A device that is gone had what named it for itself.
    fn hearers_of_the_moment(&self, parcel: &Parcel) -> Vec<SessionKey> {
        let (for_all, copied) = (parcel.to().is_bare(), is_copied(parcel));
        let hears = |one: &&Resource| (for_all && one.is_willing()) || (copied && one.has_copies);
        self.devices().filter(hears).map(|one| one.key).collect()
    }

    /// Takes back what a device that is gone has not heard: for those who take what is for the account and have not had it; without
    /// any of either it waits, or there is nobody to hear it.
    pub(super) fn take_back(&mut self, unheard: &Unheard, cx: &mut Cx<'_>) {
        let parcel = &unheard.parcel;
        if self.is_blocked(parcel.from()) {
            return;
        }
        let kept = self.id_of(parcel).and_then(|id| self.lately.place(&id));
        let mut had = match kept {
            Some(place) => self.lately.0[place].by.clone(),
            None => self.hearers_of_the_moment(parcel),
        };
        let late = late(parcel, self.bare.domain(), unheard.since_ms);
        for one in self.devices().filter(|one| one.is_willing()) {
            if !had.contains(&one.key) {
                tell(one, late.as_ref().unwrap_or(parcel), cx);
                had.push(one.key);
            }
        }
        let is_had = self.devices().any(|one| had.contains(&one.key));
        if let Some(place) = kept {
            self.lately.0[place].by = had;
        }
        match kept.map(|place| self.lately.0[place].at) {
            _ if is_had => {}
            Some(at) => self.owe(at),
            None if parcel.element().child("body", CLIENT).is_some() => {
                self.refuse(parcel, Condition::ServiceUnavailable, cx);
            }
            None => {}
        }
    }

    /// The id under which the account's inbox keeps a message (XEP-0359).
    fn id_of(&self, parcel: &Parcel) -> Option<String> {
        let ours = |child: &Node<'_>| {
            child.is("stanza-id", "urn:xmpp:sid:0") && child.attr("by").as_deref() == Some(self.bare.as_str())
        };
        Some(parcel.element().children().find(ours)?.attr("id")?.into_owned())
    }
}

/// A message as it is told later than it came (XEP-0203 §2). One that has been told late already says when it came.
fn late(parcel: &Parcel, by: &str, since_ms: u64) -> Option<Parcel> {
    let message = parcel.element();
    let ours = |child: &Node<'_>| child.is("delay", NS_DELAY) && child.attr("from").as_deref() == Some(by);
    if since_ms == 0 || message.children().any(|child| ours(&child)) {
        return None;
    }
    let delay = Tag::new("delay", NS_DELAY).attr("from", by).attr("stamp", stamp::datetime(since_ms));
    let tag = Tag::new("message", CLIENT)
        .attr_opt("id", message.attr("id"))
        .attr_opt("type", message.attr("type"))
        .attr_opt("xml:lang", message.lang())
        .raw(message.inner())
        .child(delay);
    Parcel::made(StanzaKind::Message, &tag, parcel.from(), parcel.to())
}
