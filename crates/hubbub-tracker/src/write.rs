//! What the tracker says, as JSON.

use crate::id::{InfoHash, OfferId, PeerId, encode};
use crate::parse::Invalid;
use crate::swarm::Counts;

/// The answer to an announce: how the swarm is, and in how many seconds to announce again.
pub fn announced(out: &mut Vec<u8>, hash: &InfoHash, counts: Counts, interval_s: u64) {
    out.extend_from_slice(b"{\"action\":\"announce\",\"interval\":");
    number(out, interval_s);
    out.extend_from_slice(b",\"complete\":");
    number(out, counts.complete.into());
    out.extend_from_slice(b",\"incomplete\":");
    number(out, counts.incomplete.into());
    out.extend_from_slice(b",\"info_hash\":");
    encode(out, &hash.0);
    out.push(b'}');
}

/// What a peer offers, to another: `offer` as it was written.
pub fn offer(out: &mut Vec<u8>, hash: &InfoHash, from: &PeerId, id: &OfferId, offer: &str) {
    forward(out, b"{\"action\":\"announce\",\"offer\":", offer, hash, from, id);
}

/// What a peer answers to another's offer: `answer` as it was written.
pub fn answer(out: &mut Vec<u8>, hash: &InfoHash, from: &PeerId, id: &OfferId, answer: &str) {
    forward(out, b"{\"action\":\"announce\",\"answer\":", answer, hash, from, id);
}

fn forward(out: &mut Vec<u8>, start: &[u8], json: &str, hash: &InfoHash, from: &PeerId, id: &OfferId) {
    out.extend_from_slice(start);
    out.extend_from_slice(json.as_bytes());
    out.extend_from_slice(b",\"offer_id\":");
    encode(out, &id.0);
    out.extend_from_slice(b",\"peer_id\":");
    encode(out, &from.0);
    out.extend_from_slice(b",\"info_hash\":");
    encode(out, &hash.0);
    out.push(b'}');
}

/// The answer to a scrape. Clients should not ask again before so many seconds are over.
pub fn scraped(out: &mut Vec<u8>, files: &[(InfoHash, Counts)], interval_s: u64) {
    out.extend_from_slice(b"{\"action\":\"scrape\",\"files\":{");
    for (index, (hash, counts)) in files.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        encode(out, &hash.0);
        out.extend_from_slice(b":{\"complete\":");
        number(out, counts.complete.into());
        out.extend_from_slice(b",\"incomplete\":");
        number(out, counts.incomplete.into());
        out.extend_from_slice(b",\"downloaded\":");
        number(out, counts.downloaded.into());
        out.push(b'}');
    }
    out.extend_from_slice(b"},\"flags\":{\"min_request_interval\":");
    number(out, interval_s);
    out.extend_from_slice(b"}}");
}

/// A refusal. It names what was wanted, and of which swarm, as far as that is known: clients hear only what concerns theirs.
pub fn refused(out: &mut Vec<u8>, invalid: &Invalid) {
    out.extend_from_slice(b"{\"failure reason\":");
    text(out, &invalid.reason);
    if let Some(action) = invalid.action {
        out.extend_from_slice(b",\"action\":");
        text(out, action.word());
    }
    if let Some(hash) = &invalid.info_hash {
        out.extend_from_slice(b",\"info_hash\":");
        encode(out, &hash.0);
    }
    out.push(b'}');
}

fn text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a text can be written to memory");
}

fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::Action;

    const HASH: InfoHash = InfoHash(*b"hash\"\\\n\0\x7f\xff7890123456");
    const PEER: PeerId = PeerId([b'p'; 20]);
    const OFFER: OfferId = OfferId([0xe9; 20]);

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        let text = String::from_utf8(out).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        text
    }

    #[test]
    fn an_answer_to_an_announce() {
        let counts = Counts { complete: 0, incomplete: 4_294_967_295, downloaded: 7 };
        assert_eq!(
            written(|out| announced(out, &HASH, counts, 120)),
            "{\"action\":\"announce\",\"interval\":120,\"complete\":0,\"incomplete\":4294967295,\
             \"info_hash\":\"hash\\\"\\\\\\u000a\\u0000\u{7f}ÿ7890123456\"}"
        );
    }

    #[test]
    fn what_goes_from_peer_to_peer() {
        let ids = format!(
            "\"offer_id\":\"{}\",\"peer_id\":\"{}\",\"info_hash\":\"hhhhhhhhhhhhhhhhhhhh\"",
            "é".repeat(20),
            "p".repeat(20)
        );
        let hash = InfoHash([b'h'; 20]);
        assert_eq!(
            written(|out| offer(out, &hash, &PEER, &OFFER, "{ \"sdp\":\"\\u00e9\" }")),
            format!("{{\"action\":\"announce\",\"offer\":{{ \"sdp\":\"\\u00e9\" }},{ids}}}")
        );
        assert_eq!(
            written(|out| answer(out, &hash, &PEER, &OFFER, "[1]")),
            format!("{{\"action\":\"announce\",\"answer\":[1],{ids}}}")
        );
    }

    #[test]
    fn an_answer_to_a_scrape() {
        let files = [
            (InfoHash([b'a'; 20]), Counts { complete: 1, incomplete: 20, downloaded: 300 }),
            (InfoHash([b'b'; 20]), Counts::default()),
        ];
        assert_eq!(
            written(|out| scraped(out, &files, 600)),
            "{\"action\":\"scrape\",\"files\":{\
             \"aaaaaaaaaaaaaaaaaaaa\":{\"complete\":1,\"incomplete\":20,\"downloaded\":300},\
             \"bbbbbbbbbbbbbbbbbbbb\":{\"complete\":0,\"incomplete\":0,\"downloaded\":0}},\
             \"flags\":{\"min_request_interval\":600}}"
        );
    }

    #[test]
    fn refusals_say_what_they_are_about() {
        let mut invalid = Invalid { reason: "a \"reason\"".into(), action: None, info_hash: None };
        assert_eq!(written(|out| refused(out, &invalid)), r#"{"failure reason":"a \"reason\""}"#);
        invalid.action = Some(Action::Announce);
        invalid.info_hash = Some(InfoHash([b'h'; 20]));
        assert_eq!(
            written(|out| refused(out, &invalid)),
            r#"{"failure reason":"a \"reason\"","action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhhh"}"#
        );
    }
}
