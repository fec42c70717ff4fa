//! The roster: whom an account knows, as all its clients see it (RFC 6121 §2; versions: §2.6, XEP-0237).

use hubbub_hub::PaperChange;
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Tag};

use super::contact::{Contact, NS_ROSTER};
use super::iq::{Answer, Asked, Reply};
use super::papers::{META, ROSTER};
use super::route::tell;
use super::subscription::Act;
use super::{Account, Resource};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

/// Under which key the version is kept.
pub(super) const VERSION: &str = "roster-version";

/// Most contacts of a roster.
const CONTACTS: usize = 2000;

/// Answers who asks for the roster, or wants to change it.
pub(super) fn answer(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    if asked.set { account.change(asked, cx) } else { Ok(account.shown_to(asked)) }
}

impl Account {
    /// §2.1.4: whoever asks is told of changes from now on. §2.6.3: who has the newest already gets nothing.
    fn shown_to(&mut self, asked: &Asked<'_>) -> Reply {
        let version = self.version();
        if let Some(resource) = self.resource_at(asked.parcel.from()) {
            resource.is_interested = true;
        }
        if asked.payload.attr("ver").is_some_and(|known| known == version) {
            return Reply::Now(None);
        }
        let items = self.contacts.iter().filter(|(_, one)| one.listed).map(|(jid, one)| one.item(jid));
        Reply::Now(Some(Tag::new("query", NS_ROSTER).attr("ver", version).children(items)))
    }

    /// The roster's version; that of a roster that nobody has touched is not empty either, or it could not be known.
    fn version(&self) -> String {
        if self.version.is_empty() { "0".to_owned() } else { self.version.clone() }
    }

    /// The resource of this full address.
    pub(super) fn resource_at(&mut self, jid: &Jid) -> Option<&mut Resource> {
        self.resources.values_mut().map(|one| &mut **one).find(|resource| resource.jid == *jid)
    }

    /// Whether the roster takes no more contacts.
    pub(super) fn is_full(&self) -> bool {
        self.contacts.values().filter(|one| one.listed).count() >= CONTACTS
    }

    /// A set has one item (§2.1.5).
    fn change(&mut self, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
        let mut items = asked.payload.children();
        let (Some(item), None) = (items.next(), items.next()) else { return Err(Condition::BadRequest) };
        let jid = item.attr("jid").filter(|_| item.is("item", NS_ROSTER)).ok_or(Condition::BadRequest)?;
        let jid = Jid::parse(&jid).map_err(|_| Condition::JidMalformed)?;
        if !jid.is_bare() {
            return Err(Condition::BadRequest);
        }
        if jid == self.bare {
            return Err(Condition::NotAllowed);
        }
        if item.attr("subscription").as_deref() == Some("remove") {
            return self.remove(jid, asked.parcel, cx);
        }
        let before = self.contacts.get(&jid);
        if before.is_none_or(|before| !before.listed) && self.is_full() {
            return Err(Condition::ResourceConstraint);
        }
        let mut contact = before.cloned().unwrap_or_default();
        contact.edit(item)?;
        let is_same = before == Some(&contact);
        let parcel = asked.parcel.clone();
        self.put(jid.clone(), Some(contact), asked.parcel, cx, move |this, cx| {
            this.reply(&parcel, None, cx);
            if is_same {
                // Who says what is known already hears it again.
                this.push(&jid, cx);
            }
        });
        Ok(Reply::Later)
    }

    /// §2.5: who is removed from the roster is neither seen nor shown anything any more.
    fn remove(&mut self, jid: Jid, asked: &Parcel, cx: &mut Cx<'_>) -> Answer {
        let before = self.contacts.get(&jid).filter(|one| one.listed).ok_or(Condition::ItemNotFound)?;
        let state = before.state;
        let (asked, cause) = (asked.clone(), asked);
        self.put(jid.clone(), None, cause, cx, move |this, cx| {
            this.reply(&asked, None, cx);
            if state.to || state.asks {
                this.tell_contact(Act::Unsubscribe, &jid, cx);
            }
            if state.from || state.asked {
                this.tell_contact(Act::Unsubscribed, &jid, cx);
            }
            if state.from {
                this.hide_from(&jid, cx);
            }
        });
        Ok(Reply::Later)
    }

    /// Keeps what is new about a contact, then tells all who look at the roster, then does the rest.
    pub(super) fn put(
        &mut self,
        jid: Jid,
        contact: Option<Contact>,
        cause: &Parcel,
        cx: &mut Cx<'_>,
        then: impl FnOnce(&mut Self, &mut Cx<'_>) + 'static,
    ) {
        let contact = contact.filter(|contact| !contact.is_nothing());
        let before = self.contacts.get(&jid);
        if before == contact.as_ref() {
            return then(self, cx);
        }
        let is_shown = before.and_then(Contact::shown) != contact.as_ref().and_then(Contact::shown);
        let mut changes = vec![kept(&jid, contact.as_ref(), &cx.settings.domain)];
        let version = is_shown.then(|| format!("{:016x}", cx.rng.u64(..)));
        if let Some(version) = &version {
            changes.push((META, VERSION.to_owned(), Some(version.clone().into())));
        }
        self.keep(changes, cause, cx, move |this, cx| {
            match contact {
                Some(contact) => this.contacts.insert(jid.clone(), contact),
                None => this.contacts.remove(&jid),
            };
            then(this, cx);
            if let Some(version) = version {
                this.version = version;
                this.push(&jid, cx);
            }
        });
    }

    /// Tells all who look at the roster what it says of a contact now (§2.1.6).
    fn push(&self, jid: &Jid, cx: &mut Cx<'_>) {
        let item = match self.contacts.get(jid) {
            Some(contact) => contact.item(jid),
            None => Tag::new("item", NS_ROSTER).attr("jid", jid).attr("subscription", "remove"),
        };
        let query = Tag::new("query", NS_ROSTER).attr("ver", self.version()).child(item);
        self.push_to(|resource| resource.is_interested, &query, cx);
    }

    /// An iq in which the account tells its own resources of a change.
    pub(super) fn push_to(&self, who: impl Fn(&Resource) -> bool, payload: &Tag, cx: &mut Cx<'_>) {
        for resource in self.devices().filter(|resource| who(resource)) {
            let id = format!("push-{:016x}", cx.rng.u64(..));
            let iq = Tag::new("iq", CLIENT).attr("type", "set").attr("id", id).child(payload.clone());
            if let Some(push) = Parcel::made(StanzaKind::Iq, &iq, &self.bare, &resource.jid) {
                tell(resource, &push, cx);
            }
        }
    }
}

/// What is kept of a contact. Of guests no more than the name: the next who is called so is somebody else.
fn kept(jid: &Jid, contact: Option<&Contact>, domain: &str) -> PaperChange {
    let value = contact.and_then(|contact| match jid.domain().strip_prefix("guest.") {
        Some(host) if host == domain => {
            let nameless = Contact { state: Default::default(), request: None, ..contact.clone() };
            contact.listed.then(|| nameless.encode())
        }
        _ => Some(contact.encode()),
    });
    (ROSTER, jid.as_str().to_owned(), value)
}
