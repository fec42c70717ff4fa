//! Any messages to the tracker, from eight connections: nothing panics, what it says is JSON, offers and answers are forwarded as they
//! were written, and the counts are those of peers that are there.
//!
//! Input: messages; 0xff stands between them. The first byte of each says from which connection it comes and how much time has passed.
#![no_main]

use std::collections::HashMap;

use hubbub_tracker::{Announce, Announced, Asking, Limits, Message, Most, Swarms, parse, write};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

const MOST: Most = Most { offers: 4, hashes: 3 };
const LIMITS: Limits = Limits { peers: 3, peer_ms: 1000, offer_ms: 200 };

fuzz_target!(|data: &[u8]| {
    let mut swarms = Swarms::default();
    let mut rng = fastrand::Rng::with_seed(1);
    let mut now_ms = 0;
    for message in data.split(|byte| *byte == 0xff) {
        let [first, text @ ..] = message else { continue };
        now_ms += u64::from(first >> 3) * 10;
        let Ok(text) = std::str::from_utf8(text) else { continue };
        match parse(text, MOST) {
            Ok(Message::Announce(announce)) => {
                announced(&mut swarms, first & 7, &announce, now_ms, &mut rng);
            }
            Ok(Message::Scrape(hashes)) => {
                assert!((1..=MOST.hashes).contains(&hashes.len()));
                let files: Vec<_> = hashes.iter().map(|hash| (*hash, swarms.counts(hash))).collect();
                json(|out| write::scraped(out, &files, 1));
            }
            Err(invalid) => {
                json(|out| write::refused(out, &invalid));
            }
        }
        assert!(swarms.peers() >= swarms.count() && swarms.peers() <= swarms.count() * LIMITS.peers);
        // Not always: looking counts anew, and what was miscounted before must show.
        if first & 0x80 != 0 {
            swarms.sweep(&LIMITS, now_ms);
        }
    }
});

fn announced(swarms: &mut Swarms<u8>, from: u8, announce: &Announce, now_ms: u64, rng: &mut fastrand::Rng) {
    assert!(announce.offers.len() <= MOST.offers);
    let (hash, peer) = (&announce.info_hash, &announce.peer_id);
    let mut to = Vec::new();
    let may_begin = swarms.count() < 4;
    let mut asking = Asking { limits: &LIMITS, now_ms, may_begin: &|| may_begin, rng, to: &mut to };
    match (swarms.announce(from, announce, &mut asking), &announce.answer) {
        (Ok(Announced::Counted(counts)), _) => {
            assert!((counts.complete + counts.incomplete) as usize <= LIMITS.peers);
            json(|out| write::announced(out, hash, counts, 120));
        }
        (Ok(Announced::Answered(_)), answer) => {
            let answer = answer.as_ref().expect("only what answers is an answer");
            let text = announce.answer(answer);
            carries("answer", text, |out| write::answer(out, hash, peer, &answer.offer_id, text));
        }
        (Err(_), _) => assert!(to.is_empty()),
    }
    assert!(to.len() <= announce.offers.len());
    for offer in &announce.offers {
        let text = announce.offer(offer);
        carries("offer", text, |out| write::offer(out, hash, peer, &offer.id, text));
    }
}

/// What is written is a JSON object, and this member of it is `text` to the byte.
fn carries(member: &str, text: &str, write: impl FnOnce(&mut Vec<u8>)) {
    let mut out = Vec::new();
    write(&mut out);
    let said: HashMap<&str, &RawValue> = serde_json::from_slice(&out).expect("what is written is JSON");
    assert_eq!(said[member].get(), text);
}

/// What is written is a JSON object.
fn json(write: impl FnOnce(&mut Vec<u8>)) {
    let mut out = Vec::new();
    write(&mut out);
    serde_json::from_slice::<HashMap<&str, &RawValue>>(&out).expect("what is written is JSON");
}
