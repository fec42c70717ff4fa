//! Archives (XEP-0313): what was said in a room, or to and by an account, asked for a page at a time (XEP-0059).
//!
//! An archive is a log of the hub: a room's own, or an account's inbox. A stream asks the hub itself and writes what it is told; how, is
//! in `chat/archive.rs`. Here are a question as clients write it, and the elements of its answer.

mod answer;
mod query;

pub(super) use self::answer::{fields, fin, metadata, preferences, result};
pub(super) use self::query::{MOST, Query};

use hubbub_xmpp::xml::Element;

/// The namespace of archives.
pub(super) const NS: &str = "urn:xmpp:mam:2";
/// The namespace of pages.
const NS_PAGE: &str = "http://jabber.org/protocol/rsm";
/// The namespace of forms.
const NS_DATA: &str = "jabber:x:data";

/// What whoever has an archive says of it (§7). `urn:xmpp:sid:0` says that ids of messages are those of the archive.
pub(super) const FEATURES: [&str; 3] = [NS, "urn:xmpp:mam:2#extended", "urn:xmpp:sid:0"];
/// What accounts say beside: that it may be asked to leave out what was said in rooms, which is not there.
pub(super) const OF_ACCOUNTS: &str = "urn:xmpp:mam:2#groupchat-field";

/// Whose archive it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Room {
        /// Whether it may be known who there is who.
        sees: bool,
    },
    Account,
}

/// Whether an iq asks an archive something.
pub(super) fn is_asked(iq: &Element) -> bool {
    let asks = matches!(iq.attr("type").as_deref(), Some("get" | "set"));
    asks && iq.children().next().is_some_and(|payload| payload.ns() == NS)
}
