//! What an archive answers (XEP-0313 §4.2, §4.3, §5).

use hubbub_hub::Event;
use hubbub_xmpp::xml::{CLIENT, Tag, escape_attr};

use super::{NS, NS_DATA, NS_PAGE, Query, Whose};
use crate::xmpp::stamp;

/// The namespace in which lists say that they are open (XEP-0122).
const NS_VALIDATE: &str = "http://jabber.org/protocol/xdata-validate";

/// The fields that a question may have (§4.1.5).
pub(in crate::xmpp) fn fields(whose: Whose) -> Tag {
    let field = |var: &str, kind: &str| Tag::new("field", NS_DATA).attr("var", var).attr("type", kind);
    let open =
        Tag::new("validate", NS_VALIDATE).attr("datatype", "xs:string").child(Tag::new("open", NS_VALIDATE));
    let of_accounts = (whose == Whose::Account).then(|| field("include-groupchat", "boolean"));
    let form = Tag::new("x", NS_DATA)
        .attr("type", "form")
        .child(field("FORM_TYPE", "hidden").child(Tag::new("value", NS_DATA).text(NS)))
        .child(field("with", "jid-single"))
        .children(["start", "end", "before-id", "after-id"].map(|var| field(var, "text-single")))
        .child(field("ids", "list-multi").child(open))
        .children(of_accounts);
    Tag::new("query", NS).child(form)
}

/// Which messages are kept for an account (XEP-0441 §2): all of them.
pub(in crate::xmpp) fn preferences() -> Tag {
    let nobody = ["always", "never"].map(|name| Tag::new(name, NS));
    Tag::new("prefs", NS).attr("default", "always").children(nobody)
}

/// The inside of the message that tells of one that was found: its id, when it was said, and it, `forwarded` after the beginning of its
/// element, if it is told.
pub(in crate::xmpp) fn result(query: &Query, event: &Event, forwarded: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(forwarded.map_or(0, <[u8]>::len) + 256);
    out.extend_from_slice(b"<result xmlns='urn:xmpp:mam:2'");
    let mut attribute = |name: &[u8], value: &str| {
        out.extend_from_slice(name);
        escape_attr(&mut out, value);
        out.push(b'\'');
    };
    if let Some(id) = &query.id {
        attribute(b" queryid='", id);
    }
    attribute(b" id='", &event.id.to_string());
    out.extend_from_slice(b"><forwarded xmlns='urn:xmpp:forward:0'>");
    let said = Tag::new("delay", "urn:xmpp:delay").attr("stamp", stamp::datetime(event.unix_ms));
    said.write(&mut out, CLIENT);
    if let Some(forwarded) = forwarded {
        out.extend_from_slice(b"<message xmlns='jabber:client'");
        out.extend_from_slice(forwarded);
    }
    out.extend_from_slice(b"</forwarded></result>");
    out
}

/// The end of a page (§4.2, XEP-0059 §2.1): from which message to which it goes. How many there are beyond is not counted.
pub(in crate::xmpp) fn fin(ends: Option<(&Event, &Event)>, complete: bool) -> Tag {
    let end = |name, event: &Event| Tag::new(name, NS_PAGE).text(event.id.to_string());
    let ends = ends.into_iter().flat_map(|(first, last)| [end("first", first), end("last", last)]);
    Tag::new("fin", NS)
        .attr_opt("complete", complete.then_some("true"))
        .child(Tag::new("set", NS_PAGE).children(ends))
}

/// From where to where an archive goes (§5); an empty one has neither.
pub(in crate::xmpp) fn metadata(ends: Option<(&Event, &Event)>) -> Tag {
    let end = |name, event: &Event| {
        Tag::new(name, NS).attr("id", event.id.to_string()).attr("timestamp", stamp::datetime(event.unix_ms))
    };
    let ends = ends.into_iter().flat_map(|(start, last)| [end("start", start), end("end", last)]);
    Tag::new("metadata", NS).children(ends)
}
