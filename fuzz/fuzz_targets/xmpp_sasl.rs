//! Any messages and answers to a SASL exchange: nothing panics, who is never told yes gets in as a guest at most, and
//! what is over stays over.
//!
//! Input: one byte of options, then messages; 0xff stands between them. The first byte of each says what will be answered
//! to the question that it may lead to.
#![no_main]

use hubbub_xmpp::sasl::{Binding, Known, Mechanism, Offer, Sasl, Step, Verifier, mechanisms};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [options, rest @ ..] = data else { return };
    let mechanism = Mechanism::ALL[usize::from(options & 7) % Mechanism::ALL.len()];
    let tls = match options >> 6 {
        0 => None,
        1 => Some(Binding { exporter: Some([7; 32]), end_point: None }),
        _ => Some(Binding { exporter: Some([7; 32]), end_point: Some(vec![8; 32]) }),
    };
    let offer = Offer { accounts: options & 8 == 0, guests: options & 16 == 0, tokens: options & 32 == 0 };
    let offered = mechanisms(&offer, tls.as_ref());
    let mut sasl = Sasl::begin(mechanism, "example.org", &offered, tls, "3rfcNHYJY1ZVvWVs7j".to_owned());
    let mut messages = rest.split(|byte| *byte == 0xff);
    let first = messages.next().and_then(<[u8]>::split_first);
    let mut result = sasl.start(first.map(|(_, message)| message));
    let mut answer = first.map_or(0, |(answer, _)| *answer);
    let mut over = false;
    loop {
        if let Ok(Step::Ask(_)) = result {
            result = sasl.answer(known(mechanism, answer));
        }
        assert!(!over || result.is_err());
        match &result {
            Ok(Step::Done { .. }) => {
                assert_eq!(mechanism, Mechanism::Anonymous);
                assert!(offer.guests);
                over = true;
            }
            Ok(Step::Challenge(challenge)) => assert!(offered.contains(&mechanism) && challenge.is_ascii()),
            Ok(Step::Ask(_)) => panic!("one question leads to another"),
            Err(_) => over = true,
        }
        let Some((next, message)) = messages.next().and_then(<[u8]>::split_first) else { return };
        answer = *next;
        result = sasl.step(message);
    }
});

/// Every answer but yes; the verifier is one whose password nobody knows.
fn known(mechanism: Mechanism, answer: u8) -> Known {
    let length = mechanism.hash().map_or(1, |hash| hash.bytes());
    let key = vec![answer; length];
    match answer & 3 {
        0 => Known::No,
        1 => Known::Unavailable,
        2 => Known::Verifier(None),
        _ => Known::Verifier(Some(Verifier {
            salt: b"salt".to_vec(),
            iterations: u32::from(answer) * 0x0101_0101,
            stored_key: key.clone(),
            server_key: key,
        })),
    }
}
