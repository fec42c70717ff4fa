//! Questions to an account, which its steward answers for it (RFC 6121 §8.5.2.1.3): a table of what there is, and who may ask.

use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::stream::NS_REGISTER;
use hubbub_xmpp::xml::{Node, Tag};

use super::papers::Keeper;
use super::{Account, blocking, carbons, private, register, roster, vcard};
use crate::session::Cx;
use crate::xmpp::archive;
use crate::xmpp::parcel::Parcel;

const NS_INFO: &str = "http://jabber.org/protocol/disco#info";
const NS_ITEMS: &str = "http://jabber.org/protocol/disco#items";

/// What servers say of themselves because they do it for accounts.
pub(in crate::xmpp) const FEATURES: [&str; 6] =
    [super::contact::NS_ROSTER, blocking::NS, private::NS, vcard::NS, carbons::NS, "msgoffline"];

/// A question to an account.
pub(super) struct Asked<'a> {
    pub(super) parcel: &'a Parcel,
    /// Whether something is to be changed.
    pub(super) set: bool,
    /// Whether one of the account's own resources asks.
    pub(super) own: bool,
    /// What is asked.
    pub(super) payload: Node<'a>,
}

/// Its answer.
pub(super) type Answer = Result<Reply, Condition>;

/// When it comes.
pub(super) enum Reply {
    /// At once; what the result holds, if anything.
    Now(Option<Tag>),
    /// Whoever has something to keep or to fetch answers when that is done.
    Later,
}

/// Who may ask for something. Nobody but the account itself changes anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Owner,
    /// Who sees the account's presence. To others it looks as if there were no such account (XEP-0030 §8).
    Friends,
    Anybody,
}

struct Feature {
    ns: &'static str,
    name: &'static str,
    who: Who,
    answer: fn(&mut Account, &Asked<'_>, &mut Cx<'_>) -> Answer,
}

const TABLE: [Feature; 15] = [
    Feature { ns: super::contact::NS_ROSTER, name: "query", who: Who::Owner, answer: roster::answer },
    Feature { ns: blocking::NS, name: "blocklist", who: Who::Owner, answer: blocking::list },
    Feature { ns: blocking::NS, name: "block", who: Who::Owner, answer: blocking::block },
    Feature { ns: blocking::NS, name: "unblock", who: Who::Owner, answer: blocking::unblock },
    Feature { ns: carbons::NS, name: "enable", who: Who::Owner, answer: carbons::enable },
    Feature { ns: carbons::NS, name: "disable", who: Who::Owner, answer: carbons::disable },
    Feature { ns: private::NS, name: "query", who: Who::Owner, answer: private::answer },
    Feature { ns: NS_REGISTER, name: "query", who: Who::Owner, answer: register::answer },
    Feature { ns: vcard::NS, name: "vCard", who: Who::Anybody, answer: vcard::answer },
    Feature { ns: archive::NS, name: "query", who: Who::Owner, answer: no_archive },
    Feature { ns: archive::NS, name: "metadata", who: Who::Owner, answer: no_archive },
    Feature { ns: archive::NS, name: "prefs", who: Who::Owner, answer: no_archive },
    Feature { ns: NS_INFO, name: "query", who: Who::Friends, answer: info },
    Feature { ns: NS_ITEMS, name: "query", who: Who::Friends, answer: items },
    // XEP-0199 §4.3: the account's server answers for it.
    Feature { ns: "urn:xmpp:ping", name: "ping", who: Who::Friends, answer: |_, _, _| Ok(Reply::Now(None)) },
];

impl Account {
    /// Answers an iq for the account. What answers something has no answer.
    pub(super) fn asked(&mut self, parcel: &Parcel, cx: &mut Cx<'_>) {
        let set = match &*parcel.kind_of() {
            "get" => false,
            "set" => true,
            _ => return,
        };
        let Some(payload) = parcel.element().children().next() else { return };
        let own = parcel.from().bare_str() == self.bare.as_str();
        let asked = Asked { parcel, set, own, payload };
        let answer = match TABLE.iter().find(|feature| payload.is(feature.name, feature.ns)) {
            None => Err(Condition::ServiceUnavailable),
            Some(feature) => match self.may(feature.who, &asked) {
                Ok(()) => (feature.answer)(self, &asked, cx),
                Err(why) => Err(why),
            },
        };
        match answer {
            Ok(Reply::Now(payload)) => self.reply(parcel, payload, cx),
            Ok(Reply::Later) => {}
            Err(why) => self.refuse(parcel, why, cx),
        }
    }

    /// Strangers are told the same whether there is such an account or not.
    fn may(&self, who: Who, asked: &Asked<'_>) -> Result<(), Condition> {
        match who {
            _ if asked.own => Ok(()),
            Who::Owner => Err(Condition::Forbidden),
            Who::Friends if !self.is_seen_by(asked.parcel) => Err(Condition::ServiceUnavailable),
            Who::Friends | Who::Anybody if asked.set => Err(Condition::Forbidden),
            Who::Friends | Who::Anybody => Ok(()),
        }
    }

    fn is_seen_by(&self, parcel: &Parcel) -> bool {
        self.contacts.get(&parcel.from().bare()).is_some_and(|contact| contact.state.from)
    }
}

/// An account's archive is for its own devices, whose streams ask it themselves; a guest has none.
fn no_archive(_: &mut Account, _: &Asked<'_>, _: &mut Cx<'_>) -> Answer {
    Err(Condition::ServiceUnavailable)
}

/// What an account is (XEP-0030): its own, or a guest's.
fn info(account: &mut Account, asked: &Asked<'_>, _: &mut Cx<'_>) -> Answer {
    if asked.set {
        return Err(Condition::NotAllowed);
    }
    if asked.payload.attr("node").is_some_and(|node| !node.is_empty()) {
        return Err(Condition::ItemNotFound);
    }
    let kind = match account.keeper {
        Keeper::Store(_) => "registered",
        Keeper::Memory(_) => "anonymous",
    };
    let identity = Tag::new("identity", NS_INFO).attr("category", "account").attr("type", kind);
    let mut features: Vec<_> = TABLE.iter().filter(|one| one.who != Who::Owner).map(|one| one.ns).collect();
    features.dedup();
    if asked.own && matches!(account.keeper, Keeper::Store(_)) {
        features.extend(archive::FEATURES);
        features.push(archive::OF_ACCOUNTS);
    }
    let features = features.into_iter().map(|ns| Tag::new("feature", NS_INFO).attr("var", ns));
    Ok(Reply::Now(Some(Tag::new("query", NS_INFO).child(identity).children(features))))
}

/// An account has nothing below it.
fn items(_: &mut Account, asked: &Asked<'_>, _: &mut Cx<'_>) -> Answer {
    if asked.set {
        return Err(Condition::NotAllowed);
    }
    let node = asked.payload.attr("node");
    Ok(Reply::Now(Some(Tag::new("query", NS_ITEMS).attr_opt("node", node))))
}
