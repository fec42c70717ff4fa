//! Any text as an address, and any texts as its parts: nothing panics, and an address read again is the same.
//!
//! Input: the address; or, if it has three pieces with 0xff between them, the parts.
#![no_main]

use hubbub_xmpp::jid::{Jid, MAX_PART_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let pieces: Option<Vec<&str>> =
        data.split(|byte| *byte == 0xff).map(|piece| str::from_utf8(piece).ok()).collect();
    match pieces.as_deref() {
        Some([text]) => check(Jid::parse(text)),
        Some([local, domain, resource]) => {
            check(Jid::from_parts(Some(local), domain, Some(resource)));
            check(Jid::from_parts(None, domain, None).and_then(|host| host.with_resource(resource)));
        }
        _ => {}
    }
});

fn check<E>(jid: Result<Jid, E>) {
    let Ok(jid) = jid else { return };
    assert_eq!(Jid::parse(jid.as_str()).as_ref(), Ok(&jid));
    assert_eq!(Jid::from_parts(jid.local(), jid.domain(), jid.resource()).as_ref(), Ok(&jid));
    assert_eq!(jid.bare().resource(), None);
    let parts = [jid.local(), Some(jid.domain()), jid.resource()];
    assert!(parts.into_iter().flatten().all(|part| (1..=MAX_PART_BYTES).contains(&part.len())));
    assert!(!jid.as_str().contains(char::is_control));
}
