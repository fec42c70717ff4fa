//! One contact of an account: what its roster says of it, and how it is kept.

use bytes::Bytes;
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{Node, Tag};
use serde::{Deserialize, Serialize};

use super::subscription::State;

/// The namespace of rosters.
pub(super) const NS_ROSTER: &str = "jabber:iq:roster";

/// Longest name of a contact or a group, in bytes.
const MAX_NAME_BYTES: usize = 1023;
/// Most groups of one contact.
const MAX_GROUPS: usize = 64;

/// A contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Contact {
    /// Whether it is in the roster that clients are shown. One that has merely asked is not (RFC 6121 §3.1.3).
    pub(super) listed: bool,
    /// What the account calls it.
    pub(super) name: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) state: State,
    /// What the request that is to be answered says beside being one: the inside of its stanza.
    pub(super) request: Option<String>,
}

impl Contact {
    /// As it is kept.
    pub(super) fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("names and flags are always JSON").into()
    }

    /// What was kept. Something else is nothing.
    pub(super) fn decode(kept: &[u8]) -> Option<Self> {
        serde_json::from_slice(kept).ok()
    }

    /// Whether nothing is left of it that would have to be kept.
    pub(super) fn is_nothing(&self) -> bool {
        !self.listed && self.state == State::default()
    }

    /// What clients see of it, if they see it at all: not that it has asked.
    pub(super) fn shown(&self) -> Option<(&Option<String>, &[String], State)> {
        self.listed.then_some((&self.name, &*self.groups, State { asked: false, ..self.state }))
    }

    /// Its item in a roster (§2.1.2).
    pub(super) fn item(&self, jid: &Jid) -> Tag {
        let groups = self.groups.iter().map(|group| Tag::new("group", NS_ROSTER).text(group));
        Tag::new("item", NS_ROSTER)
            .attr("jid", jid)
            .attr_opt("name", self.name.as_deref())
            .attr("subscription", self.state.subscription())
            .attr_opt("ask", self.state.asks.then_some("subscribe"))
            .attr_opt("approved", self.state.approved.then_some("true"))
            .children(groups)
    }

    /// Takes what a client wants its item to say. The rest of it is not the client's to set (§2.1.2).
    ///
    /// # Errors
    /// §2.3.3: a group that is named twice, or a name that is too long or empty.
    pub(super) fn edit(&mut self, item: Node<'_>) -> Result<(), Condition> {
        let name = item.attr("name").map(|name| name.into_owned()).filter(|name| !name.is_empty());
        if name.as_ref().is_some_and(|name| name.len() > MAX_NAME_BYTES) {
            return Err(Condition::NotAcceptable);
        }
        let mut groups = Vec::new();
        for group in item.children().filter(|child| child.is("group", NS_ROSTER)) {
            let group = group.text().into_owned();
            if group.is_empty() || group.len() > MAX_NAME_BYTES || groups.len() == MAX_GROUPS {
                return Err(Condition::NotAcceptable);
            }
            if groups.contains(&group) {
                return Err(Condition::BadRequest);
            }
            groups.push(group);
        }
        (self.listed, self.name, self.groups) = (true, name, groups);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_xmpp::xml::{self, Limits};

    fn edited(contact: Contact, item: &str) -> Result<Contact, Condition> {
        let item = xml::parse(item.as_bytes(), &Limits::default()).unwrap();
        let mut contact = contact;
        contact.edit(item.root()).map(|()| contact)
    }

    #[test]
    fn what_clients_say_of_it() {
        let state = State { from: true, ..State::default() };
        let before = Contact { name: Some("Old".to_owned()), state, ..Contact::default() };
        let item = "<item xmlns='jabber:iq:roster' jid='x@y' subscription='both' ask='subscribe'
            name='Nurse'><group>A</group><group>B</group></item>";
        let after = edited(before, item).unwrap();
        let groups = vec!["A".to_owned(), "B".to_owned()];
        let expected = Contact { listed: true, name: Some("Nurse".to_owned()), groups, state, request: None };
        assert_eq!(after, expected);
        let bare = edited(after, "<item xmlns='jabber:iq:roster' jid='x@y'/>").unwrap();
        assert_eq!(bare, Contact { listed: true, state, ..Contact::default() });
    }

    #[test]
    fn what_cannot_be_said() {
        let refused = |inside: &str| {
            edited(Contact::default(), &format!("<item xmlns='jabber:iq:roster' jid='x@y'{inside}</item>"))
        };
        let long = "x".repeat(1024);
        assert_eq!(refused("><group>A</group><group>A</group>"), Err(Condition::BadRequest));
        assert_eq!(refused("><group/>"), Err(Condition::NotAcceptable));
        assert_eq!(refused(&format!(" name='{long}'>")), Err(Condition::NotAcceptable));
        assert_eq!(refused(&format!("><group>{long}</group>")), Err(Condition::NotAcceptable));
        let many: String = (0..65).map(|n| format!("<group>{n}</group>")).collect();
        assert_eq!(refused(&format!(">{many}")), Err(Condition::NotAcceptable));
    }

    #[test]
    fn what_is_kept_comes_back() {
        let state = State { to: true, asked: true, ..State::default() };
        let contact = Contact {
            listed: true,
            name: Some("N\"<".to_owned()),
            groups: vec!["ü".to_owned()],
            state,
            request: Some("<status>hello</status>".to_owned()),
        };
        assert_eq!(Contact::decode(&contact.encode()), Some(contact));
        assert_eq!(Contact::decode(b"{}"), Some(Contact::default()));
        assert_eq!(Contact::decode(b"?"), None);
    }

    #[test]
    fn as_an_item() {
        let jid = Jid::parse("juliet@example.org").unwrap();
        let state = State { asks: true, approved: true, ..State::default() };
        let contact = Contact { listed: true, groups: vec!["A&B".to_owned()], state, ..Contact::default() };
        assert_eq!(
            String::from_utf8(contact.item(&jid).to_vec(NS_ROSTER)).unwrap(),
            "<item jid='juliet@example.org' subscription='none' ask='subscribe' approved='true'>\
             <group>A&amp;B</group></item>"
        );
    }
}
