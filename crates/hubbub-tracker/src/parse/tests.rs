//! What is read, and what is refused in which words.

use super::*;
use serde_json::{Value, json};

const MOST: Most = Most { offers: 10, hashes: 4 };
const HASH: &str = "hhhhhhhhhhhhhhhhhhhh";
const PEER: &str = "pppppppppppppppppppp";
const OTHER: &str = "oooooooooooooooooooo";
const OFFER: &str = "ffffffffffffffffffff";

fn base() -> Value {
    json!({"action": "announce", "info_hash": HASH, "peer_id": PEER})
}

fn with(more: Value) -> Result<Message, Invalid> {
    let mut message = base();
    if let Value::Object(more) = more {
        message.as_object_mut().unwrap().extend(more);
    }
    parse(&message.to_string(), MOST)
}

fn announced(more: Value) -> Announce {
    match with(more) {
        Ok(Message::Announce(announce)) => *announce,
        other => panic!("{other:?}"),
    }
}

fn reason(more: Value) -> String {
    let invalid = with(more).unwrap_err();
    assert_eq!(invalid.action, Some(Action::Announce));
    invalid.reason.into_owned()
}

#[test]
fn an_announce_says_who_takes_part_where() {
    let announce =
        announced(json!({"uploaded": 3, "downloaded": 4, "left": 0, "event": "started", "trackerid": 9}));
    assert_eq!(announce.info_hash.0, *b"hhhhhhhhhhhhhhhhhhhh");
    assert_eq!(announce.peer_id.0, *b"pppppppppppppppppppp");
    assert_eq!((announce.event, announce.left), (Event::Started, Left::Nothing));
    assert!(announce.offers.is_empty() && announce.answer.is_none());
}

#[test]
fn events() {
    for (word, event) in [
        (json!("started"), Event::Started),
        (json!("stopped"), Event::Stopped),
        (json!("completed"), Event::Completed),
        (json!("update"), Event::Update),
        (json!("paused"), Event::Update),
        (json!("empty"), Event::Update),
        (json!(""), Event::Update),
        (Value::Null, Event::Update),
    ] {
        assert_eq!(announced(json!({"event": word})).event, event, "{word}");
    }
    assert_eq!(announced(json!({})).event, Event::Update);
    for word in [json!("begun"), json!(1), json!({}), json!("Started")] {
        assert_eq!(reason(json!({"event": word})), "invalid event", "{word}");
    }
}

#[test]
fn what_is_left() {
    for (number, left) in [
        (json!(0), Left::Nothing),
        (json!(0.0), Left::Nothing),
        (json!(17), Left::Some),
        (json!(-1), Left::Some),
        (json!(1e300), Left::Some),
        (Value::Null, Left::Unknown),
        (json!("0"), Left::Unknown),
        (json!([]), Left::Unknown),
    ] {
        assert_eq!(announced(json!({"left": number})).left, left, "{number}");
    }
}

#[test]
fn offers_are_kept_to_the_byte_and_no_more_than_wanted() {
    let text = format!(
        r#"{{"offers":[{{"offer": {{"type":"offer", "sdp":"v=0\r\n\u00e9é"}} ,"offer_id":"{OFFER}"}},
            {{"offer_id":"{OTHER}","offer":[1,  2]}}, {{"offer_id":"{PEER}","offer":"third"}}],
            "numwant":2,"action":"announce","info_hash":"{HASH}","peer_id":"{PEER}"}}"#
    );
    let Ok(Message::Announce(announce)) = parse(&text, MOST) else { panic!("it is well") };
    let offers: Vec<_> = announce.offers.iter().map(|offer| (offer.id.0, announce.offer(offer))).collect();
    let first = r#"{"type":"offer", "sdp":"v=0\r\n\u00e9é"}"#;
    assert_eq!(offers, [(*b"ffffffffffffffffffff", first), (*b"oooooooooooooooooooo", "[1,  2]")]);
}

#[test]
fn how_many_offers() {
    let offers = |count| json!({"offers": vec![json!({"offer": {}, "offer_id": OFFER}); count]});
    assert_eq!(announced(offers(10)).offers.len(), 10);
    for count in [11, 128, 129, 500] {
        assert_eq!(reason(offers(count)), "too many offers", "{count}");
    }
    assert!(announced(json!({"offers": null})).offers.is_empty());
    let mut none = offers(3);
    none["numwant"] = json!(0);
    assert!(announced(none).offers.is_empty());
}

#[test]
fn offers_that_are_none() {
    assert_eq!(reason(json!({"offers": [{"offer": {}}]})), "invalid offer_id in offers");
    assert_eq!(reason(json!({"offers": [{"offer": {}, "offer_id": "short"}]})), "invalid offer_id in offers");
    assert_eq!(reason(json!({"offers": [{"offer_id": OFFER}]})), "an offer is missing in offers");
    assert_eq!(
        reason(json!({"offers": [{"offer_id": OFFER, "offer": null}]})),
        "an offer is missing in offers"
    );
    for offers in [json!("x"), json!({}), json!([1]), json!(["x"])] {
        let invalid = with(json!({"offers": offers})).unwrap_err();
        assert!(invalid.reason.starts_with("the message cannot be read: not a"), "{invalid:?}");
    }
}

#[test]
fn an_answer_names_its_offer() {
    let announce = announced(json!({"answer": {"sdp": "x"}, "to_peer_id": OTHER, "offer_id": OFFER}));
    let answer = announce.answer.clone().unwrap();
    assert_eq!((answer.to.0, answer.offer_id.0), (*b"oooooooooooooooooooo", *b"ffffffffffffffffffff"));
    assert_eq!(announce.answer(&answer), r#"{"sdp":"x"}"#);
    assert_eq!(announced(json!({"answer": null})).answer, None);
    let whom = "invalid to_peer_id (required with answer)";
    assert_eq!(reason(json!({"answer": {}, "offer_id": OFFER})), whom);
    assert_eq!(reason(json!({"answer": {}, "offer_id": OFFER, "to_peer_id": [OTHER]})), whom);
    let which = "invalid offer_id (required with answer)";
    assert_eq!(reason(json!({"answer": {}, "to_peer_id": OTHER})), which);
    assert_eq!(reason(json!({"answer": {}, "to_peer_id": OTHER, "offer_id": "ffff"})), which);
}

#[test]
fn ids_are_twenty_bytes() {
    for bad in [json!("short"), json!(20), json!([HASH]), Value::Null, json!("hhhhhhhhhhhhhhhhhhh\u{100}")] {
        assert_eq!(reason(json!({"info_hash": bad})), "invalid info_hash");
        assert_eq!(reason(json!({"peer_id": bad})), "invalid peer_id");
    }
    let invalid = with(json!({"peer_id": 1})).unwrap_err();
    assert_eq!(
        invalid.info_hash,
        Some(InfoHash(*b"hhhhhhhhhhhhhhhhhhhh")),
        "the client must know which swarm"
    );
}

#[test]
fn scrapes() {
    let scrape = |hashes: Value| parse(&json!({"action": "scrape", "info_hash": hashes}).to_string(), MOST);
    let one = InfoHash(*b"hhhhhhhhhhhhhhhhhhhh");
    let two = InfoHash(*b"oooooooooooooooooooo");
    assert_eq!(scrape(json!(HASH)), Ok(Message::Scrape(vec![one])));
    assert_eq!(scrape(json!([HASH, OTHER])), Ok(Message::Scrape(vec![one, two])));
    let refused = |hashes| {
        let invalid = scrape(hashes).unwrap_err();
        assert_eq!((invalid.action, invalid.info_hash), (Some(Action::Scrape), None));
        invalid.reason.into_owned()
    };
    assert_eq!(refused(json!([HASH, HASH, HASH, HASH, HASH])), "too many info_hashes");
    assert_eq!(refused(json!(vec![HASH; 1000])), "too many info_hashes");
    for all in [Value::Null, json!([])] {
        assert_eq!(refused(all), "name the info_hash: all swarms at once are not told");
    }
    for bad in [json!("short"), json!([HASH, "short"]), json!([HASH, 1]), json!({}), json!(3)] {
        assert_eq!(refused(bad), "invalid info_hash");
    }
    let invalid = parse(r#"{"action":"scrape"}"#, MOST).unwrap_err();
    assert_eq!(invalid.reason, "name the info_hash: all swarms at once are not told");
}

#[test]
fn what_is_no_message() {
    for text in ["", " ", "[]", "null", "\"announce\"", "[\"announce\"]", "7"] {
        let invalid = parse(text, MOST).unwrap_err();
        assert_eq!(invalid, Invalid::new("a message is a JSON object"), "{text}");
    }
    for text in
        ["{", "{}x", "{\"action\":\"announce\",\"action\":\"announce\"}", "{\"left\":01}", "{'action':1}"]
    {
        let reason = parse(text, MOST).unwrap_err().reason;
        assert!(reason.starts_with("the message cannot be read: "), "{text}: {reason}");
    }
    for text in ["{}", r#"{"action":"connect"}"#, r#"{"action":0}"#, r#"{"action":null}"#] {
        let invalid = parse(text, MOST).unwrap_err();
        assert_eq!(invalid, Invalid::new("invalid action: it is \"announce\" or \"scrape\""), "{text}");
    }
}

#[test]
fn what_is_deep_or_long_costs_nothing_but_its_bytes() {
    let deep = format!("{{\"answer\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    assert!(parse(&deep, MOST).is_err());
    let many = format!("{{\"action\":\"scrape\",\"info_hash\":[{}0]}}", "0,".repeat(30_000));
    assert_eq!(parse(&many, MOST).unwrap_err().reason, "too many info_hashes");
}

#[test]
fn names_with_escapes_are_names() {
    let text = format!(
        r#"{{"\u0061ction":"announce","info\u005fhash":"{HASH}","peer_id":"{PEER}","\ud800":1,"a\"b":2}}"#
    );
    assert!(matches!(parse(&text, MOST), Ok(Message::Announce(_))));
}
