//! What a stranger asks about accounts before he logs in (XEP-0077 §3.1). What those ask who have one is answered by its steward.

use std::net::IpAddr;

use hubbub_hub::{AccountAnswer, RoomName};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, error_reply, iq_result};
use hubbub_xmpp::stream::NS_REGISTER;
use hubbub_xmpp::xml::{Element, Node, Tag};

use super::client::Client;
use super::registrar::{self, Application, Outcome};
use crate::session::Cx;

/// Where a client is with the account that it wants to have.
pub(super) struct Registration {
    peer: IpAddr,
    stage: Stage,
}

enum Stage {
    /// It has none.
    Open,
    /// This asks for one.
    Waiting(Box<Element>),
    /// It has one, and is to log in.
    Done,
}

impl Registration {
    pub(super) fn of(peer: IpAddr) -> Self {
        Self { peer, stage: Stage::Open }
    }

    /// Where the link comes from.
    pub(super) fn peer(&self) -> IpAddr {
        self.peer
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting(_))
    }
}

impl Client {
    /// Says what is needed for an account, or has one made.
    pub(super) fn register(&mut self, iq: &Element, cx: &mut Cx<'_>) {
        let Some(query) = iq.child("query", NS_REGISTER) else { return };
        if iq.attr("type").as_deref() == Some("get") {
            let id = iq.attr("id").unwrap_or_default();
            let form = iq_result(&id, None, iq.attr("to").as_deref(), Some(form()));
            return self.stream.registered(&form, false, cx.now.mono_ms, &mut self.outs);
        }
        if query.child("remove", NS_REGISTER).is_some() {
            // §3.2: nobody has said yet whose.
            return self.refuse_registration(iq, Condition::UnexpectedRequest, None, cx);
        }
        let wanted = match self.registration.stage {
            // §3.1.1: one identity for each stream.
            Stage::Done | Stage::Waiting(_) => None,
            Stage::Open => application(query, self.registration.peer, &cx.settings.domain),
        };
        match wanted {
            None => self.refuse_registration(iq, Condition::NotAcceptable, None, cx),
            Some(wanted) => {
                self.registration.stage = Stage::Waiting(Box::new(iq.clone()));
                registrar::apply(wanted, cx);
            }
        }
    }

    /// What became of it.
    pub(super) fn registered(&mut self, outcome: &Outcome, cx: &Cx<'_>) {
        let Stage::Waiting(iq) = std::mem::replace(&mut self.registration.stage, Stage::Open) else { return };
        let (why, text) = match outcome {
            Outcome::Known(AccountAnswer::Done) => {
                self.registration.stage = Stage::Done;
                let id = iq.attr("id").unwrap_or_default();
                let done = iq_result(&id, None, iq.attr("to").as_deref(), None);
                return self.stream.registered(&done, false, cx.now.mono_ms, &mut self.outs);
            }
            Outcome::Known(AccountAnswer::Conflict) => (Condition::Conflict, None),
            Outcome::Known(AccountAnswer::Unacceptable) => (Condition::NotAcceptable, None),
            Outcome::Known(_) => (Condition::ResourceConstraint, Some("try again later")),
            Outcome::TooMany => (Condition::ResourceConstraint, Some("too many accounts are being made")),
        };
        self.refuse_registration(&iq, why, text, cx);
    }

    fn refuse_registration(&mut self, iq: &Element, why: Condition, text: Option<&str>, cx: &Cx<'_>) {
        if let Some(answer) = error_reply(iq, None, why.default_type(), why, text) {
            self.stream.registered(&answer, true, cx.now.mono_ms, &mut self.outs);
        }
    }
}

/// Whether this asks about the sender's own account.
pub(super) fn is_asked(iq: &Element) -> bool {
    matches!(iq.attr("type").as_deref(), Some("get" | "set")) && iq.child("query", NS_REGISTER).is_some()
}

/// What an account needs.
fn form() -> Tag {
    Tag::new("query", NS_REGISTER)
        .child(Tag::new("instructions", NS_REGISTER).text("Choose a name and a password."))
        .child(Tag::new("username", NS_REGISTER))
        .child(Tag::new("password", NS_REGISTER))
}

/// The account that is wanted, if it can be one.
fn application(query: Node<'_>, from: IpAddr, domain: &str) -> Option<Application> {
    let (username, password) = credentials(query);
    let (name, password) = (username?, password?);
    Some(Application { from, user: local(&name, domain)?, name, password })
}

/// The name and the password that are given; nothing in the place of what is missing or empty.
pub(super) fn credentials(query: Node<'_>) -> (Option<String>, Option<String>) {
    let text = |name| {
        let text = query.child(name, NS_REGISTER)?.text().into_owned();
        (!text.is_empty()).then_some(text)
    };
    (text("username").map(|name| name.trim().to_owned()), text("password"))
}

/// The prepared name of an account that a client calls so.
pub(super) fn local(username: &str, domain: &str) -> Option<String> {
    let jid = Jid::from_parts(Some(username), domain, None).ok()?;
    Some(RoomName::from_localpart(jid.local()?).ok()?.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use std::net::Ipv4Addr;

    use hubbub_xmpp::xml::{Limits, parse};

    use super::*;

    fn wanted(inside: &str) -> Option<(String, String, String)> {
        let xml = format!("<query xmlns='jabber:iq:register'>{inside}</query>");
        let query = parse(xml.as_bytes(), &Limits::default()).unwrap();
        let found = application(query.root(), Ipv4Addr::LOCALHOST.into(), "example.org");
        found.map(|Application { user, name, password, .. }| (user, name, password))
    }

    fn account(username: &str) -> Option<(String, String)> {
        let found = wanted(&format!("<username>{username}</username><password> p w </password>"));
        found.map(|(user, name, password)| {
            assert_eq!(password, " p w ");
            (user, name)
        })
    }

    #[test]
    fn names_are_those_of_addresses() {
        let both = |user: &str, name: &str| Some((user.to_owned(), name.to_owned()));
        assert_eq!(account("Bill"), both("bill", "Bill"));
        assert_eq!(account(" bill\n"), both("bill", "bill"));
        assert_eq!(account("d\\27artagnan"), both("d\\27artagnan", "d\\27artagnan"));
        for nobody in ["", "  ", "a@b", "a b", "a/b", "a\u{2028}b", &"x".repeat(1024)] {
            assert_eq!(account(nobody), None, "{nobody:?}");
        }
    }

    #[test]
    fn both_are_needed() {
        for less in ["<username>a</username>", "<password>b</password>", "<username>a</username><password/>"]
        {
            assert_eq!(wanted(less), None, "{less}");
        }
    }
}
