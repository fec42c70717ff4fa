//! What a message says of another: replies (XEP-0461), corrections (XEP-0308), reactions (XEP-0444), retractions (XEP-0424), and that
//! somebody is writing (XEP-0085); between their elements and what the hub knows of them.
//!
//! What came by a stream goes to streams as it came. Here is how it is understood for all others, and how they are for streams.

use std::sync::Arc;

use hubbub_hub::{About, Act, Body, Content, EventName, Named, Original, Retracted, Sender, Wish};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::xml::{CLIENT, Element, Node, Tag};

use super::chat::form::{content, occupant};
use super::stamp;
use crate::about::reactions;

const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
const CORRECTION: &str = "urn:xmpp:message-correct:0";
const FALLBACK: &str = "urn:xmpp:fallback:0";
const HINTS: &str = "urn:xmpp:hints";
pub(super) const MODERATION: &str = "urn:xmpp:message-moderate:1";
const REACTIONS: &str = "urn:xmpp:reactions:0";
const REPLY: &str = "urn:xmpp:reply:0";
pub(super) const RETRACTION: &str = "urn:xmpp:message-retract:1";

/// Where a message is said: how others are named there, and whose ids are used.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// In the room of this address: ids are the room's.
    Room(&'a Jid),
    /// To somebody: ids are those of whoever said it.
    Inbox,
}

/// What a message says, for those who do not speak XMPP.
pub(super) struct Said {
    pub(super) event: EventName,
    pub(super) content: Content,
    pub(super) wish: Option<Wish>,
}

/// Most bytes of an id by which a client may speak of its message later.
const OWN_ID: usize = 256;

/// What a client calls a message, if that is no more than anybody needs for it.
pub(super) fn own_id_of(message: &Element) -> Option<Arc<str>> {
    message.attr("id").filter(|id| id.len() <= OWN_ID).map(|id| (*id).into())
}

/// Reads a message that says something to be kept: it has a body, reacts, or takes back. Nothing if it does not.
pub(super) fn said(message: &Element, place: Place<'_>) -> Option<Said> {
    let body = message.child("body", CLIENT).map(|body| body.text().into_owned());
    let named = |element: &Node<'_>| named(&element.attr("id")?, place);
    let plain = |event, content, wish| Some(Said { event, content, wish });
    if let Some(named) = message.child("retract", RETRACTION).as_ref().and_then(named) {
        let wish = Wish { act: Act::Retract, named, or_plain: false };
        return plain(EventName::retraction(), Content::Text("".into()), Some(wish));
    }
    let stands_for = |what: &str| fallback(message, what).is_some();
    if let Some(set) =
        message.child("reactions", REACTIONS).filter(|_| body.is_none() || stands_for(REACTIONS))
    {
        let each = set.children().filter(|child| child.is("reaction", REACTIONS));
        let known = reactions(each.map(|reaction| reaction.text().into_owned()));
        if let (Some(content), Some(named)) = (known, named(&set)) {
            let wish = Wish { act: Act::React, named, or_plain: false };
            return plain(EventName::reactions(), content, Some(wish));
        }
    }
    let text = body?;
    if let Some(replace) = message.child("replace", CORRECTION) {
        let wish = replace.attr("id").map(|id| Named::Own((&*id).into()));
        let wish = wish.map(|named| Wish { act: Act::Edit, named, or_plain: true });
        return plain(EventName::default(), Content::Text(text.into()), wish);
    }
    let Some(named) = message.child("reply", REPLY).as_ref().and_then(named) else {
        return plain(EventName::default(), Content::Text(text.into()), None);
    };
    let text = without_fallback(message, &text).to_owned();
    let wish = Wish { act: Act::Reply, named, or_plain: true };
    plain(EventName::default(), Content::Text(text.into()), Some(wish))
}

/// Whether somebody is writing, if a message says that and nothing else of weight.
pub(super) fn typing(message: &Element) -> Option<bool> {
    let state = message.children().find(|child| child.ns() == CHAT_STATES)?;
    Some(state.name() == "composing")
}

/// That somebody is writing, or not any more.
pub(super) fn typing_tag(typing: bool) -> Tag {
    Tag::new(if typing { "composing" } else { "paused" }, CHAT_STATES)
}

/// XEP-0461 §3.2, XEP-0444 §3.3 and XEP-0424 §3: in a room by the id that the room gave it, between people by its sender's.
fn named(id: &str, place: Place<'_>) -> Option<Named> {
    let own = || Some(Named::Own(id.into())).filter(|_| !id.is_empty());
    match place {
        Place::Room(_) => id.parse().map(Named::Id).ok().or_else(own),
        Place::Inbox => own(),
    }
}

fn fallback<'a>(message: &'a Element, stands_for: &str) -> Option<Node<'a>> {
    let mut all = message.children().filter(|child| child.is("fallback", FALLBACK));
    all.find(|fallback| fallback.attr("for").as_deref() == Some(stands_for))
}

/// The text without what it repeats for clients that do not know replies (XEP-0428 §3; positions are code points, XEP-0426).
fn without_fallback<'a>(message: &Element, text: &'a str) -> &'a str {
    let Some(body) = fallback(message, REPLY).and_then(|fallback| fallback.child("body", FALLBACK)) else {
        return text;
    };
    let number = |name| body.attr(name).and_then(|number| number.parse::<usize>().ok());
    match (number("start").unwrap_or(0), number("end")) {
        // What a reply repeats stands at its beginning.
        (0, Some(end)) => text.char_indices().nth(end).map_or("", |(at, _)| &text[at..]),
        _ => text,
    }
}

/// Appends what somebody who speaks another protocol said, with what it says of another message.
pub(super) fn written(body: &Body, by: &Sender, place: Place<'_>, out: &mut Vec<u8>) {
    match &body.about {
        None => content(body, out),
        Some(About::Reply(original)) => reply(body, original, place, out),
        Some(About::Edit(original)) => {
            content(body, out);
            Tag::new("replace", CORRECTION).attr("id", own_id(original)).write(out, CLIENT);
        }
        Some(About::Reactions(original)) => reacts(body, original, place, out),
        Some(About::Retraction(original)) => retracts(body, original, by, place, out),
        Some(About::Retracted(how)) => tombstone(how, out),
    }
}

/// What a client calls a message: by what its sender's client called it, or by its id if that said nothing.
fn own_id(original: &Original) -> String {
    original.own_id.as_ref().map_or_else(|| original.id.to_string(), |own_id| own_id.to_string())
}

fn id_of(original: &Original, place: Place<'_>) -> String {
    match place {
        Place::Room(_) => original.id.to_string(),
        Place::Inbox => own_id(original),
    }
}

/// A reply repeats what it answers, for clients that do not know replies (XEP-0461 §3.1).
fn reply(body: &Body, original: &Original, place: Place<'_>, out: &mut Vec<u8>) {
    let to = match place {
        Place::Room(at) => occupant(at, &original.from.name),
        Place::Inbox => original.from.user.as_str().to_owned(),
    };
    let reply = Tag::new("reply", REPLY).attr("to", to).attr("id", id_of(original, place));
    let Content::Text(text) = &body.content else {
        content(body, out);
        return reply.write(out, CLIENT);
    };
    let quote: String = original.text.lines().map(|line| format!("> {line}\n")).collect();
    let whole = format!("{quote}{}", String::from_utf8_lossy(text));
    Tag::new("body", CLIENT).text(whole).write(out, CLIENT);
    reply.write(out, CLIENT);
    if !quote.is_empty() {
        let range =
            Tag::new("body", FALLBACK).attr("start", "0").attr("end", quote.chars().count().to_string());
        Tag::new("fallback", FALLBACK).attr("for", REPLY).child(range).write(out, CLIENT);
    }
}

fn reacts(body: &Body, original: &Original, place: Place<'_>, out: &mut Vec<u8>) {
    let set: Vec<String> = serde_json::from_slice(body.content.bytes()).unwrap_or_default();
    let each = set.into_iter().map(|reaction| Tag::new("reaction", REACTIONS).text(reaction));
    Tag::new("reactions", REACTIONS).attr("id", id_of(original, place)).children(each).write(out, CLIENT);
    Tag::new("store", HINTS).write(out, CLIENT);
}

fn retracts(body: &Body, original: &Original, by: &Sender, place: Place<'_>, out: &mut Vec<u8>) {
    if let Place::Room(at) = place
        && original.from.user != by.user
    {
        // XEP-0425 §4: a moderator has done it.
        let moderated = Tag::new("moderated", MODERATION).attr("by", occupant(at, &by.name));
        let reason = String::from_utf8_lossy(body.content.bytes());
        let reason = (!reason.is_empty()).then(|| Tag::new("reason", RETRACTION).text(reason));
        let retract = Tag::new("retract", RETRACTION).attr("id", id_of(original, place)).child(moderated);
        return retract.children(reason).write(out, CLIENT);
    }
    Tag::new("retract", RETRACTION).attr("id", id_of(original, place)).write(out, CLIENT);
    Tag::new("fallback", FALLBACK).attr("for", RETRACTION).write(out, CLIENT);
    Tag::new("body", CLIENT).text("An earlier message was taken back.").write(out, CLIENT);
    Tag::new("store", HINTS).write(out, CLIENT);
}

/// What is left of a message that was taken back (XEP-0424 §5).
fn tombstone(how: &Retracted, out: &mut Vec<u8>) {
    Tag::new("retracted", RETRACTION)
        .attr("stamp", stamp::datetime(how.unix_ms))
        .attr("id", how.id.to_string())
        .write(out, CLIENT);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use hubbub_hub::{MessageId, UserAddress};
    use hubbub_xmpp::xml::{Limits, parse};

    use super::*;

    fn read(inside: &str, place: Place<'_>) -> Option<Said> {
        let xml = format!("<message xmlns='jabber:client'>{inside}</message>");
        said(&parse(xml.as_bytes(), &Limits::default()).unwrap(), place)
    }

    fn text(said: &Said) -> &str {
        std::str::from_utf8(said.content.bytes()).unwrap()
    }

    #[test]
    fn a_reply_loses_what_it_repeats() {
        let fallback = |start: usize, end: usize| {
            format!(
                "<body>&gt; Ä: hi\nyes</body><reply xmlns='urn:xmpp:reply:0' id='m1'/>
                <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='{start}' end='{end}'/></fallback>"
            )
        };
        let said = read(&fallback(0, 8), Place::Inbox).unwrap();
        assert_eq!((text(&said), said.wish.clone().unwrap().named), ("yes", Named::Own("m1".into())));
        assert_eq!(text(&read(&fallback(0, 99), Place::Inbox).unwrap()), "");
        assert_eq!(text(&read(&fallback(3, 4), Place::Inbox).unwrap()), "> Ä: hi\nyes");
        let bare = "<body>yes</body><reply xmlns='urn:xmpp:reply:0' id='m1'/>";
        assert_eq!(text(&read(bare, Place::Inbox).unwrap()), "yes");
    }

    #[test]
    fn rooms_go_by_their_own_ids() {
        let room = Jid::parse("lobby@rooms.localhost").unwrap();
        let id = MessageId(0x019a_aaac_2600_7000_8000_0000_0000_0001);
        let reacts =
            format!("<reactions xmlns='urn:xmpp:reactions:0' id='{id}'><reaction>👍</reaction></reactions>");
        let said = read(&reacts, Place::Room(&room)).unwrap();
        assert_eq!((text(&said), said.wish.clone().unwrap().named), ("[\"👍\"]", Named::Id(id)));
        let said = read(&reacts, Place::Inbox).unwrap();
        assert_eq!(said.wish.unwrap().named, Named::Own(id.to_string().into()));
        assert!(read("<reactions xmlns='urn:xmpp:reactions:0'/>", Place::Inbox).is_none(), "of nothing");
    }

    #[test]
    fn what_is_only_shown_is_not_said() {
        let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
        assert!(read(composing, Place::Inbox).is_none());
        assert!(read("<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>", Place::Inbox).is_none());
    }

    /// What others say is understood by what reads what streams say.
    #[test]
    fn what_is_written_is_read() {
        let ann = Sender { user: UserAddress::from_prepared("ann@localhost"), name: "Ann".into() };
        let room = Jid::parse("lobby@rooms.localhost").unwrap();
        let id = MessageId(0x019a_aaac_2600_7000_8000_0000_0000_0001);
        let text_of = |text: &'static str| Content::Text(text.into());
        let original = Arc::new(Original { id, own_id: None, from: ann.clone(), text: "a\nb & c".into() });
        let cases = [
            (text_of("yes <3"), About::Reply(original.clone()), Act::Reply, "yes <3"),
            (text_of("new"), About::Edit(original.clone()), Act::Edit, "new"),
            (
                reactions(["👍".to_owned()]).unwrap(),
                About::Reactions(original.clone()),
                Act::React,
                "[\"👍\"]",
            ),
            (text_of(""), About::Retraction(original), Act::Retract, ""),
        ];
        for (content, about, act, expected) in cases {
            let body = Body { about: Some(about), ..Body::new(EventName::default(), content) };
            let mut out = Vec::new();
            written(&body, &ann, Place::Room(&room), &mut out);
            let said = read(std::str::from_utf8(&out).unwrap(), Place::Room(&room)).unwrap();
            let wish = said.wish.as_ref().unwrap();
            assert_eq!((wish.act, text(&said)), (act, expected));
            let by_id = matches!(&wish.named, Named::Id(named) if *named == id);
            let by_own = matches!(&wish.named, Named::Own(named) if **named == id.to_string());
            assert!(if act == Act::Edit { by_own } else { by_id }, "{:?}", wish.named);
        }
    }
}
