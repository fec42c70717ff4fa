//! Messages about messages, and who is writing: how envelopes show them, what raw sockets leave out, and what clients may ask.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod desk;

use std::sync::Arc;

use bytes::Bytes;
use desk::{Desk, EPOCH, bob, happens, id, lobby, text};
use http::{Method, StatusCode};
use hubbub_gate::coder::{Coder, WsDeflate};
use hubbub_gate::dialect::{Dialect, raw_frame};
use hubbub_gate::envelope;
use hubbub_gate::session::Close;
use hubbub_gate::socketio::Form;
use hubbub_hub::{
    About, Act, Body, Command, Content, Event, EventName, Happening, Named, Offset, Original, Passing,
    Refusal, Reply, Retracted, UserAddress, Wish,
};
use serde_json::{Value, json};

fn original(words: &str) -> Arc<Original> {
    Arc::new(Original { id: id(1), own_id: None, from: bob(), text: words.into() })
}

fn said(name: EventName, content: Content, about: About) -> Event {
    let body = Body { about: Some(about), ..Body::new(name, content) };
    Event { body, ..(*desk::event(2, text(""))).clone() }
}

fn reply() -> Event {
    said(EventName::default(), text("me too"), About::Reply(original("hello")))
}

fn edit() -> Event {
    said(EventName::default(), text("hallo"), About::Edit(original("hello")))
}

fn reactions() -> Event {
    let set = Content::Json(Bytes::from_static(b"[\"+1\"]"));
    said(EventName::reactions(), set, About::Reactions(original("hello")))
}

fn retraction() -> Event {
    said(EventName::retraction(), text(""), About::Retraction(original("hello")))
}

fn tombstone() -> Event {
    let retracted = Retracted { id: id(3), by: bob(), unix_ms: 7 };
    said(EventName::default(), text(""), About::Retracted(Arc::new(retracted)))
}

fn own_copy() -> Event {
    Event { to: UserAddress::new("cy", "localhost").ok(), ..(*desk::event(2, text("psst"))).clone() }
}

fn typing(typing: Option<bool>) -> Happening {
    Happening::Passing(Arc::new(Passing { from: bob(), typing, what: None }))
}

/// An envelope's members beside those that all have, which must be as everywhere.
fn envelope_of(event: &Event) -> Value {
    let mut out = Vec::new();
    envelope::event(&mut out, event);
    let mut envelope: Value = serde_json::from_slice(&out).unwrap();
    let members = envelope.as_object_mut().unwrap();
    for (name, value) in [
        ("id", json!(id(2).to_string())),
        ("offset", json!(format!("{EPOCH}-2"))),
        ("time", json!(1_763_800_000_123_u64)),
        ("from", json!("bob@guest.localhost")),
        ("name", json!("Bob")),
    ] {
        assert_eq!(members.remove(name), Some(value), "{name}");
    }
    envelope
}

#[test]
fn envelopes_say_what_a_message_is_about() {
    let first = id(1).to_string();
    let bob = json!({"from": "bob@guest.localhost", "name": "Bob"});
    let mut quote = bob.clone();
    quote["text"] = "hello".into();
    let mut end = bob.clone();
    (end["id"], end["time"]) = (id(3).to_string().into(), 7.into());
    for (event, envelope) in [
        (reply(), json!({"event": "message", "reply_to": first, "quote": quote, "data": "me too"})),
        (edit(), json!({"event": "message", "edit_of": first, "data": "hallo"})),
        (reactions(), json!({"event": "hubbub:reactions", "reactions_to": first, "data": ["+1"]})),
        (retraction(), json!({"event": "hubbub:retraction", "retracts": first, "data": null})),
        (tombstone(), json!({"event": "message", "retracted": end, "data": null})),
        (own_copy(), json!({"event": "message", "to": "cy@localhost", "data": "psst"})),
        ((*desk::event(2, text("plain"))).clone(), json!({"event": "message", "data": "plain"})),
    ] {
        assert_eq!(envelope_of(&event), envelope);
    }
    let silent = said(EventName::default(), text("!"), About::Reply(original("")));
    assert_eq!(envelope_of(&silent)["quote"], bob);
}

#[test]
fn an_application_is_told_the_same() {
    let mut out = b"{".to_vec();
    envelope::message(&mut out, &retraction().body);
    out.push(b'}');
    let told: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(told, json!({"event": "hubbub:retraction", "retracts": id(1).to_string(), "data": null}));
}

/// A raw socket has no words for whose a message is, or of which something is said.
#[test]
fn raw_sockets_hear_what_is_said_and_no_more() {
    let shown = |event: Event| raw_frame(&Happening::Event(Arc::new(event))).map(|(_, text)| text.to_vec());
    assert_eq!(shown(reply()), Some(b"me too".to_vec()));
    assert_eq!(shown(edit()), Some(b"hallo".to_vec()));
    for silent in [reactions(), retraction(), tombstone(), own_copy()] {
        assert_eq!(shown(silent.clone()), None, "{silent:?}");
    }
    assert_eq!(raw_frame(&typing(Some(true))), None);
}

fn encoded(dialect: Dialect, what: &[Happening]) -> String {
    let mut out = Vec::new();
    dialect.encode(&lobby(), what, &mut Coder::default(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn writing_is_told_without_an_offset_and_polls_do_not_hear_of_it() {
    let data = r#"{"user":"bob@guest.localhost","name":"Bob","typing":true}"#;
    let what = [typing(Some(true)), typing(None)];
    let stream = encoded(Dialect::Sse, &what);
    assert_eq!(stream, format!("event: hubbub:typing\ndata: {data}\n\n"));
    let frame = encoded(Dialect::WsJson(WsDeflate::OFF), &what);
    assert_eq!(frame[frame.find('{').unwrap()..], format!(r#"{{"event":"hubbub:typing","data":{data}}}"#));
    assert_eq!(encoded(Dialect::Poll, &what), "");
}

#[test]
fn streams_name_reactions_and_retractions() {
    for (event, name) in
        [(reactions(), "event: hubbub:reactions\n"), (retraction(), "event: hubbub:retraction\n")]
    {
        assert!(encoded(Dialect::Sse, &happens(&Arc::new(event))).contains(name));
    }
    assert!(!encoded(Dialect::Sse, &happens(&Arc::new(tombstone()))).contains("event: "));
}

/// The arguments of one packet of Socket.IO in the room's namespace; nothing if there is none.
fn packet(event: Event, recovers: bool) -> Option<Value> {
    let form = Form { deflate: WsDeflate::OFF, v3: false, msgpack: false, recovers, main: false };
    let frame = encoded(Dialect::SocketIo(form), &happens(&Arc::new(event)));
    frame.split_once("42/lobby,").map(|(_, args)| serde_json::from_str(args).unwrap())
}

#[test]
fn clients_of_socketio_get_an_argument_more() {
    let (first, at) = (id(1).to_string(), format!("{EPOCH}-2"));
    let by = |more: Value| {
        let mut all = json!({"id": id(2).to_string(), "from": "bob@guest.localhost", "name": "Bob"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let quote = json!({"from": "bob@guest.localhost", "name": "Bob", "text": "hello"});
    let end = json!({"id": id(3).to_string(), "from": "bob@guest.localhost", "name": "Bob", "time": 7});
    for (event, args) in [
        (reply(), json!(["message", "me too", by(json!({"reply_to": first, "quote": quote})), at])),
        (edit(), json!(["message", "hallo", by(json!({"edit_of": first})), at])),
        (reactions(), json!(["hubbub:reactions", ["+1"], by(json!({"reactions_to": first})), at])),
        (retraction(), json!(["hubbub:retraction", by(json!({"retracts": first})), at])),
        (tombstone(), json!(["message", null, by(json!({"retracted": end})), at])),
        (own_copy(), json!(["message", "psst", by(json!({"to": "cy@localhost"})), at])),
    ] {
        assert_eq!(packet(event, true), Some(args));
    }
}

/// They call a handler with as many arguments as an event has, and break if those are more than it takes.
#[test]
fn clients_that_take_no_more_arguments_get_none() {
    assert_eq!(packet(reply(), false), Some(json!(["message", "me too"])));
    assert_eq!(packet(edit(), false), Some(json!(["message", "hallo"])));
    assert_eq!(packet(tombstone(), false), None);
    assert_eq!(packet(own_copy(), false), None);
    let more = packet(reactions(), false).unwrap();
    assert_eq!((more.as_array().unwrap().len(), &more[2]["reactions_to"]), (3, &json!(id(1).to_string())));
    assert_eq!(packet(retraction(), false).unwrap().as_array().unwrap().len(), 2);
}

fn post(query: &str, body: &[u8]) -> Desk {
    let address = format!("/rooms/lobby/messages?name=Ann&{query}");
    Desk::new().request(Method::POST, &address, &[("content-type", "text/plain")], body)
}

fn asked(query: &str, body: &[u8]) -> (Body, Wish) {
    match post(query, body).only_question().1 {
        Command::Publish { body, about: Some(wish), .. } => (body, *wish),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_post_names_the_message_by_id_or_offset() {
    let at = Named::At(Offset::new(EPOCH, 42));
    let by_offset = |act| Wish { act, named: at.clone(), or_plain: false };
    let (body, wish) = asked(&format!("reply_to={EPOCH}-42&event=move"), b"e4");
    assert_eq!((body.event.as_str(), body.content, wish), ("move", text("e4"), by_offset(Act::Reply)));
    let (body, wish) = asked(&format!("edit_of={}", id(1)), b"e5");
    assert_eq!((body.content, wish.act, wish.named), (text("e5"), Act::Edit, Named::Id(id(1))));
    let (body, wish) = asked(&format!("reactions_to={EPOCH}-42"), br#" ["a", "b", "a"] "#);
    assert_eq!((body.event, wish), (EventName::reactions(), by_offset(Act::React)));
    assert_eq!(body.content, Content::Json(Bytes::from_static(br#"["a","b"]"#)));
    let (body, wish) = asked(&format!("retracts={EPOCH}-42"), b"");
    assert_eq!((body.event, wish), (EventName::retraction(), by_offset(Act::Retract)));
}

#[test]
fn what_a_post_cannot_say_of_a_message() {
    let too_many = format!("{:?}", (0..21).map(|one| one.to_string()).collect::<Vec<_>>());
    for (query, body) in [
        ("reply_to=1-2&edit_of=1-2", "x"),
        ("reply_to=nobody", "x"),
        ("retracts=1-2", "sorry"),
        ("retracts=1-2&event=move", ""),
        ("reactions_to=1-2", ""),
        ("reactions_to=1-2", "\"a\""),
        ("reactions_to=1-2", "[1]"),
        ("reactions_to=1-2", "[\"\"]"),
        ("reactions_to=1-2", &too_many),
        ("reactions_to=1-2&event=move", "[]"),
        ("reactions_to=1-2&args=true", "x"),
        ("typing=true", "x"),
        ("typing=true&retracts=1-2", ""),
    ] {
        let mut post = post(query, body.as_bytes());
        assert!(post.asked.is_empty(), "{query}: {body}");
        assert_eq!(post.whole().problem(), "bad-request", "{query}: {body}");
    }
}

#[test]
fn that_one_is_writing_is_done_without_a_word() {
    for (query, typing) in [("typing=true", true), ("typing=0", false)] {
        let mut post = post(query, b"");
        let (_, command, ticket) = post.only_question();
        assert!(matches!(command, Command::Pass { typing: Some(said), what: None } if said == typing));
        post.reply(ticket, Reply::Answered(None));
        assert_eq!(post.end, Some(Close::Done));
        let answer = post.whole();
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
        // RFC 9110 §8.6.
        assert!(!answer.headers.contains_key("content-length"));
    }
    let mut post = post("typing=true", b"");
    post.refuse(Refusal::NotThere);
    assert_eq!(post.whole().problem(), "conflict");
}

#[test]
fn the_hub_says_no() {
    for (why, status, name) in
        [(Refusal::NoSuchMessage, 404, "not-found"), (Refusal::NotYours, 403, "forbidden")]
    {
        let mut post = post("edit_of=1-2", b"x");
        post.refuse(why);
        let answer = post.whole();
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, name));
    }
}
