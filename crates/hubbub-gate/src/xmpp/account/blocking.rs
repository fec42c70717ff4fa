//! Who is blocked: nothing of theirs comes through, and nothing goes to them (XEP-0191).

use bytes::Bytes;
use std::collections::BTreeSet;

use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Node, Tag};

use super::Account;
use super::iq::{Answer, Asked, Reply};
use super::papers::BLOCK;
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

pub(super) const NS: &str = "urn:xmpp:blocking";
const NS_ERRORS: &str = "urn:xmpp:blocking:errors";

/// Most addresses of a block list.
const BLOCKED: usize = 1000;

/// §3.2. Who asks is told of changes from now on.
pub(super) fn list(account: &mut Account, asked: &Asked<'_>, _: &mut Cx<'_>) -> Answer {
    if asked.set {
        return Err(Condition::BadRequest);
    }
    if let Some(resource) = account.resource_at(asked.parcel.from()) {
        resource.sees_blocks = true;
    }
    Ok(Reply::Now(Some(naming("blocklist", &account.blocked))))
}

/// §3.3. Who is blocked is told that nobody is there, if he could see that somebody was.
pub(super) fn block(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    let who = named(asked)?;
    if who.is_empty() {
        return Err(Condition::BadRequest);
    }
    let new: Vec<_> = who.iter().filter(|jid| !account.blocked.contains(*jid)).cloned().collect();
    if account.blocked.len() + new.len() > BLOCKED {
        return Err(Condition::ResourceConstraint);
    }
    let changes = new.iter().map(|jid| (BLOCK, jid.as_str().to_owned(), Some(Bytes::new()))).collect();
    let parcel = asked.parcel.clone();
    account.keep(changes, asked.parcel, cx, move |account, cx| {
        let before = account.onlookers();
        account.blocked.extend(new);
        for onlooker in before {
            if account.is_blocked(&onlooker) {
                account.hide_from(&onlooker, cx);
            }
        }
        account.reply(&parcel, None, cx);
        account.push_to(|resource| resource.sees_blocks, &naming("block", &who), cx);
    });
    Ok(Reply::Later)
}

/// §3.4, §3.5: some, or all. Who may see that somebody is there sees it again, and is seen.
pub(super) fn unblock(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    let who = named(asked)?;
    let gone: BTreeSet<_> = match who.is_empty() {
        true => account.blocked.iter().cloned().collect(),
        false => who.iter().filter(|jid| account.blocked.contains(*jid)).cloned().collect(),
    };
    let changes = gone.iter().map(|jid| (BLOCK, jid.as_str().to_owned(), None)).collect();
    let parcel = asked.parcel.clone();
    account.keep(changes, asked.parcel, cx, move |account, cx| {
        let freed = |jid: &&Jid| covers(&gone, jid);
        let before: Vec<_> = account.contacts.keys().filter(freed).cloned().collect();
        account.blocked.retain(|jid| !gone.contains(jid));
        for contact in before {
            if !account.is_blocked(&contact) {
                account.meet_again(&contact, cx);
            }
        }
        account.reply(&parcel, None, cx);
        account.push_to(|resource| resource.sees_blocks, &naming("unblock", &who), cx);
    });
    Ok(Reply::Later)
}

impl Account {
    /// Whether nothing goes to this address and nothing comes from it (§2.1: the resource, the account, the host, the hosts below it).
    pub(super) fn is_blocked(&self, who: &Jid) -> bool {
        !self.blocked.is_empty() && who.bare_str() != self.bare.as_str() && covers(&self.blocked, who)
    }

    /// Takes what comes from somebody who is blocked: he learns no more than that nobody is there (§3.3).
    pub(super) fn ward_off(&self, parcel: &Parcel, cx: &mut Cx<'_>) {
        if parcel.kind() != StanzaKind::Presence {
            self.refuse(parcel, Condition::ServiceUnavailable, cx);
        }
    }

    /// Takes what one of the account's own resources has for somebody who is blocked.
    pub(super) fn hold_back(&self, parcel: &Parcel, cx: &mut Cx<'_>) {
        if matches!(&*parcel.kind_of(), "error" | "result" | "unavailable") {
            return;
        }
        let why = Tag::new("error", CLIENT)
            .attr("type", "cancel")
            .child(Condition::NotAcceptable.tag())
            .child(Tag::new("blocked", NS_ERRORS));
        let error = Tag::new(parcel.kind().as_str(), CLIENT)
            .attr("type", "error")
            .attr_opt("id", parcel.element().attr("id"))
            .child(why);
        self.hand_back(Parcel::made(parcel.kind(), &error, parcel.to(), parcel.from()), cx);
    }

    /// All who are told when somebody here comes and goes: contacts, and who got presence of his own.
    fn onlookers(&self) -> Vec<Jid> {
        let directed = self.devices().flat_map(|resource| resource.directed.iter().cloned());
        let mut onlookers = self.subscribers();
        onlookers.extend(directed.filter(|jid| !self.is_blocked(jid)));
        onlookers
    }

    /// What a contact has missed, and what has been missed of him.
    fn meet_again(&mut self, contact: &Jid, cx: &mut Cx<'_>) {
        let Some(state) = self.contacts.get(contact).map(|one| one.state) else { return };
        if state.from {
            self.show_to(contact, cx);
        }
        if state.to {
            let here: Vec<_> = self.available().map(|resource| resource.jid.clone()).collect();
            here.iter().for_each(|resource| self.probe(resource, contact, cx));
        }
    }
}

/// Whether blocking these blocks an address (§2.1, in the words of XEP-0016 §2.1): one of them is itself, its account, its host with or
/// without the resource, or a host above that.
fn covers(blocked: &BTreeSet<Jid>, who: &Jid) -> bool {
    let host = who.domain();
    let at_host = &who.as_str()[who.local().map_or(0, |local| local.len() + 1)..];
    let above = std::iter::successors(Some(host), |host| Some(host.split_once('.')?.1));
    [who.as_str(), who.bare_str(), at_host].into_iter().chain(above).any(|form| blocked.contains(form))
}

/// The addresses that a client names.
fn named(asked: &Asked<'_>) -> Result<Vec<Jid>, Condition> {
    if !asked.set {
        return Err(Condition::BadRequest);
    }
    let address = |item: Node<'_>| {
        let jid = item.attr("jid").filter(|_| item.is("item", NS)).ok_or(Condition::BadRequest)?;
        Jid::parse(&jid).map_err(|_| Condition::JidMalformed)
    };
    asked.payload.children().map(address).collect()
}

/// An element that names addresses.
fn naming<'a>(name: &'static str, who: impl IntoIterator<Item = &'a Jid>) -> Tag {
    Tag::new(name, NS).children(who.into_iter().map(|jid| Tag::new("item", NS).attr("jid", jid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_covers() {
        let jid = |text| Jid::parse(text).unwrap();
        let others = ["nurse@b.org", "c.org", "b.org/x"].map(jid);
        let covers = |blocked, who| {
            let blocked = others.iter().cloned().chain([jid(blocked)]).collect();
            covers(&blocked, &jid(who))
        };
        for (blocked, who) in [
            ("romeo@a.org/x", "romeo@a.org/x"),
            ("romeo@a.org", "romeo@a.org"),
            ("romeo@a.org", "romeo@a.org/x"),
            ("a.org/x", "a.org/x"),
            ("a.org", "a.org"),
            ("a.org", "a.org/x"),
            ("a.org", "romeo@a.org/x"),
            ("a.org", "romeo@guest.a.org"),
        ] {
            assert!(covers(blocked, who), "{blocked} {who}");
        }
        for (blocked, who) in [
            ("romeo@a.org/x", "romeo@a.org"),
            ("romeo@a.org/x", "romeo@a.org/y"),
            ("romeo@a.org", "juliet@a.org"),
            ("romeo@a.org", "romeo@b.org"),
            ("romeo@a.org", "romeo@guest.a.org"),
            ("a.org/x", "a.org"),
            ("a.org/x", "guest.a.org/x"),
            ("a.org", "aa.org"),
            ("guest.a.org", "romeo@a.org"),
        ] {
            assert!(!covers(blocked, who), "{blocked} {who}");
        }
    }
}
