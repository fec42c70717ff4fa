//! How people in a room look on a stream: presence with what a room says of somebody (XEP-0045 §7.2, §8, §9), and who he is without
//! saying so (XEP-0421).

use std::borrow::Cow;
use std::sync::Arc;

use hubbub_auth::Pseudonyms;
use hubbub_hub::address::spread;
use hubbub_hub::presence::Person;
use hubbub_hub::{Affair, Carried, Destroyed, Removal, Sender};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::xml::{CLIENT, Element, Limits, Tag, parse};

use super::form::attribute;

/// The form of what a presence says of its sender: the whole of it, from his full address.
pub(in crate::xmpp) const STATUS: &str = "xmpp-presence";
/// The form of what the last presence of somebody says.
pub(in crate::xmpp) const PARTED: &str = "xmpp-parted";

/// The namespace of what a room says of people.
pub(in crate::xmpp) const USER: &str = "http://jabber.org/protocol/muc#user";

/// A room as those see it who may, or may not, see the others' real addresses.
pub(super) struct View<'a> {
    /// The room's address.
    pub(super) at: &'a Jid,
    pub(super) sees: bool,
    pub(super) pseudonyms: Option<&'a Arc<Pseudonyms>>,
}

impl View<'_> {
    /// Somebody is there; `codes` and `id` are for himself.
    pub(super) fn available(&self, person: &Person, codes: &[&str], id: Option<&str>) -> Vec<u8> {
        let status = Status::of(person.status.as_ref());
        let x = coded(Tag::new("x", USER).child(self.item(person, &status, codes)), codes);
        let status = if status.parted { Status::default() } else { status };
        self.presence(&person.who, None, id, &status, &x)
    }

    /// Somebody has left, perhaps with a last word.
    pub(super) fn gone(&self, person: &Person, codes: &[&str], id: Option<&str>) -> Vec<u8> {
        let status = Status::of(person.status.as_ref());
        let last = Person { role: hubbub_hub::Role::None, ..person.clone() };
        let x = coded(Tag::new("x", USER).child(self.item(&last, &status, codes)), codes);
        let status = if status.parted { status } else { Status::default() };
        self.presence(&person.who, Some("unavailable"), id, &status, &x)
    }

    /// Somebody is called otherwise from now on (§7.6).
    pub(super) fn renamed(&self, former: &str, person: &Person, codes: &[&str]) -> Vec<u8> {
        let status = Status::of(person.status.as_ref());
        let item = self.item(person, &status, codes).attr("nick", &*person.who.name);
        let x = coded(Tag::new("x", USER).child(item), codes);
        let who = Sender { user: person.who.user.clone(), name: former.into() };
        self.presence(&who, Some("unavailable"), None, &Status::default(), &x)
    }

    /// Somebody stands otherwise: by whom, and why.
    pub(super) fn standing(&self, person: &Person, affair: &Affair, codes: &[&str]) -> Vec<u8> {
        let status = Status::of(person.status.as_ref());
        let item = doing(self.item(person, &status, codes), affair);
        let x = coded(Tag::new("x", USER).child(item), codes);
        self.presence(&person.who, None, None, &status, &x)
    }

    /// Somebody was put out (§8.2, §9.1, §9.4, §10.9).
    pub(super) fn removed(&self, person: &Person, why: &Removal, affair: &Affair, mine: bool) -> Vec<u8> {
        let codes: &[&str] = if mine { &["110"] } else { &[] };
        let status = Status::of(person.status.as_ref());
        let item = self.item(person, &status, codes);
        let x = match why {
            Removal::Destroyed(end) => Tag::new("x", USER).child(item).child(destroyed(end)),
            other => Tag::new("x", USER).child(doing(item, affair)).child(status_tag(code(other))),
        };
        self.presence(&person.who, Some("unavailable"), None, &Status::default(), &coded(x, codes))
    }

    fn item(&self, person: &Person, status: &Status, codes: &[&str]) -> Tag {
        let sees = self.sees || codes.contains(&"110");
        item_tag(person).attr_opt("jid", sees.then(|| status.address(&person.who)))
    }

    fn presence(
        &self,
        who: &Sender,
        kind: Option<&str>,
        id: Option<&str>,
        status: &Status,
        x: &Tag,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(384);
        attribute("from", &occupant(self.at, &who.name), &mut out);
        for (name, value) in [("type", kind), ("id", id)] {
            if let Some(value) = value {
                attribute(name, value, &mut out);
            }
        }
        out.push(b'>');
        if let Some(said) = &status.said {
            out.extend_from_slice(&said.inner());
        }
        x.write(&mut out, CLIENT);
        self.occupant_id(who, &mut out);
        out.extend_from_slice(b"</presence>");
        out
    }

    /// Who it is, without saying so (XEP-0421 §3).
    pub(super) fn occupant_id(&self, who: &Sender, out: &mut Vec<u8>) {
        if let Some(pseudonyms) = self.pseudonyms {
            let id = pseudonyms.of(self.at.as_str(), who.user.as_str());
            Tag::new("occupant-id", "urn:xmpp:occupant-id:0").attr("id", id).write(out, CLIENT);
        }
    }
}

/// What somebody's stream has said of him, if he has one.
#[derive(Default)]
struct Status {
    said: Option<Element>,
    parted: bool,
}

impl Status {
    fn of(carried: Option<&Carried>) -> Self {
        let known = carried.filter(|carried| matches!(carried.form(), STATUS | PARTED));
        let said = known.and_then(|said| parse(said.bytes(), &Limits::OWN).ok());
        Self { said, parted: known.is_some_and(|said| said.form() == PARTED) }
    }

    /// His full address where it is known, else his bare one.
    fn address<'a>(&'a self, who: &'a Sender) -> Cow<'a, str> {
        let full = self.said.as_ref().and_then(|said| said.attr("from"));
        full.unwrap_or(Cow::Borrowed(who.user.as_str()))
    }
}

/// The full address of somebody who is there by a stream; nothing if he speaks another protocol.
pub(super) fn full_address(person: &Person) -> Option<Jid> {
    let said = Status::of(person.status.as_ref()).said?;
    Jid::parse(&said.attr("from")?).ok()
}

fn item_tag(person: &Person) -> Tag {
    Tag::new("item", USER).attr("affiliation", person.affiliation.as_str()).attr("role", person.role.as_str())
}

/// Whose doing it was, and why.
fn doing(item: Tag, affair: &Affair) -> Tag {
    let actor = Tag::new("actor", USER).attr("nick", &*affair.by.name);
    let reason = affair.reason.as_ref().map(|reason| Tag::new("reason", USER).text(reason));
    item.child(actor).children(reason)
}

fn destroyed(end: &Destroyed) -> Tag {
    let reason = end.reason.as_ref().map(|reason| Tag::new("reason", USER).text(reason));
    Tag::new("destroy", USER).attr_opt("jid", end.alternate.as_ref()).children(reason)
}

fn code(why: &Removal) -> &'static str {
    match why {
        Removal::Kicked | Removal::Destroyed(_) => "307",
        Removal::Banned => "301",
        Removal::NoMember => "321",
        Removal::MembersOnly => "322",
    }
}

/// Status codes (§15.6.2).
fn coded(x: Tag, codes: &[&str]) -> Tag {
    codes.iter().fold(x, |x, code| x.child(status_tag(code)))
}

/// A status code (§15.6.2).
pub(super) fn status_tag(code: &str) -> Tag {
    Tag::new("status", USER).attr("code", code)
}

/// The address of somebody in a room: by his name, or where that is no resource by something that stands for it and for no
/// other. Other protocols allow names that XMPP does not, such as those of mixed direction.
pub(in crate::xmpp) fn occupant(at: &Jid, nick: &str) -> String {
    at.with_resource(nick)
        .map_or_else(|_| format!("{at}/?{:016x}", spread(nick)), |jid| jid.as_str().to_owned())
}
