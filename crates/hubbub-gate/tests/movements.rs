//! What other protocols are told of people in a room.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::sync::Arc;

use hubbub_gate::coder::{Coder, WsDeflate};
use hubbub_gate::dialect::Dialect;
use hubbub_hub::presence::{Movement, Person, PresenceChange};
use hubbub_hub::{Affiliation, Carried, Happening, Role, RoomName, Sender, UserAddress};

fn told(dialect: Dialect, movement: Movement) -> String {
    let who = Sender { user: UserAddress::new("Bob", "guest.localhost").unwrap(), name: "Bobby".into() };
    let status = Some(Carried::new("form", "<show>away</show>".into()));
    let person = Person {
        who,
        sessions: 1,
        since_unix_ms: 5,
        status,
        affiliation: Affiliation::None,
        role: Role::Participant,
        guest: true,
    };
    let change = PresenceChange { who: Some((person, movement)), count: 2 };
    let mut out = Vec::new();
    let room = RoomName::parse("lobby").unwrap();
    dialect.encode(&room, &[Happening::Presence(Arc::new(change))], &mut Coder::default(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn a_new_name_is_told_with_the_former() {
    let rename = Movement::Rename { former: "Bob".into() };
    let data = r#"{"action":"rename","user":"bob@guest.localhost","name":"Bobby","count":2,"former":"Bob"}"#;
    assert_eq!(told(Dialect::Sse, rename.clone()), format!("event: hubbub:presence\ndata: {data}\n\n"));
    assert!(told(Dialect::WsJson(WsDeflate::OFF), rename).contains(data));
}

#[test]
fn a_status_is_for_those_who_understand_it() {
    for dialect in
        [Dialect::Sse, Dialect::WsJson(WsDeflate::OFF), Dialect::WsRaw(WsDeflate::OFF), Dialect::Poll]
    {
        assert_eq!(told(dialect, Movement::Show), "", "{dialect:?}");
    }
    assert_ne!(told(Dialect::Sse, Movement::Join), "");
}
