//! Streams over WebSocket (RFC 7395).

use crate::talk::{AFTER_LOGIN, C, Do, Gate, S, Talk, hold, jid, settings, tls};
use hubbub_xmpp::sasl::Offer;
use hubbub_xmpp::stream::{Kind, Settings};

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>";
const OPENED: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='*' from='example.org' version='1.0' \
                      xml:lang='en'/>";
const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
const FEATURES: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>";

/// RFC 7395 §3.3.3: every message is one element that stands alone.
#[test]
fn a_whole_conversation() {
    let mut talk = Talk::new(Kind::WebSocket, settings(), Some(tls()));
    let offered =
        format!("{FEATURES}<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>*</stream:features>");
    let after = format!("{FEATURES}{AFTER_LOGIN}</stream:features>");
    talk.hold(&[
        C(OPEN),
        S(OPENED),
        S(&offered),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
        Do("Authenticated { user: None, name: None }"),
        Gate(|stream, out| stream.authenticated(jid("ann@guest.example.org"), 0, out)),
        S("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        C(OPEN),
        S(OPENED),
        S(&after),
        C("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
        Do("Bind { id: 'b', wanted: None }"),
        Gate(|stream, out| stream.bound(jid("ann@guest.example.org/web"), out)),
        S("<iq xmlns='jabber:client' type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
           <jid>ann@guest.example.org/web</jid></bind></iq>"),
        C("<presence xmlns='jabber:client'/>"),
        Do("Stanza <presence xmlns='jabber:client'/>"),
        C(" "),
        C("<enable xmlns='urn:xmpp:sm:3'/>"),
        S("<enabled xmlns='urn:xmpp:sm:3'/>"),
        Do("SmEnabled { resume: false }"),
        C("<r xmlns='urn:xmpp:sm:3'/>"),
        S("<a xmlns='urn:xmpp:sm:3' h='0'/>"),
        C(CLOSE),
        S("<a xmlns='urn:xmpp:sm:3' h='0'/>"),
        S(CLOSE),
        Do("Closed(Finished)"),
    ]);
}

#[test]
fn stanzas_name_their_namespace() {
    assert_eq!(Talk::bound(Kind::WebSocket, settings()).stream.head_ns(), " xmlns='jabber:client'");
    assert_eq!(Talk::bound(Kind::Tcp, settings()).stream.head_ns(), "");
    Talk::bound(Kind::WebSocket, settings()).hold(&[
        C("<message><body>hi</body></message>"),
        S("<stream:error xmlns:stream='http://etherx.jabber.org/streams'><unsupported-stanza-type *"),
        S(CLOSE),
        Do("Closed(*)"),
    ]);
}

/// What comes first, and the error it is.
#[test]
fn wrong_openings() {
    let cases = [
        ("<message xmlns='jabber:client'/>", "invalid-namespace"),
        (
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'/>",
            "invalid-namespace",
        ),
        ("<shut xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>", "bad-format"),
        (
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.net' version='1.0'/>",
            "host-unknown",
        ),
        ("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'/>", "improper-addressing"),
        ("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org'/>", "unsupported-version"),
        ("<open", "not-well-formed"),
        ("hello", "not-well-formed"),
    ];
    for (said, condition) in cases {
        let error = format!("<stream:error xmlns:stream='http://etherx.jabber.org/streams'><{condition} *");
        let rows = [C(said), S(OPENED), S(&error), S(CLOSE), Do("Closed(*)")];
        hold(Kind::WebSocket, settings(), &rows);
    }
}

#[test]
fn one_stream_is_opened_once() {
    let rows =
        [C(OPEN), S("*"), S("*"), C(OPEN), S("*<bad-format *"), S(CLOSE), Do("Closed(Failed(BadFormat))")];
    hold(Kind::WebSocket, settings(), &rows);
}

#[test]
fn two_elements_are_no_message() {
    let mut talk = Talk::bound(Kind::WebSocket, settings());
    let two = "<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>";
    talk.hold(&[C(two), S("*<not-well-formed *"), S(CLOSE), Do("Closed(*)")]);
}

/// RFC 7395 §3.8: TLS is below the WebSocket, and nobody asks for it inside.
#[test]
fn tls_is_wss() {
    let settings = Settings { tls_available: true, ..settings() };
    let rows = [
        C(OPEN),
        S(OPENED),
        S("<stream:features xmlns:stream='http://etherx.jabber.org/streams'><mechanisms *"),
        C("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        S("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        S(CLOSE),
        Do("Closed(NoTls)"),
    ];
    hold(Kind::WebSocket, settings.clone(), &rows);
    let rows =
        [C(OPEN), S(OPENED), S("*<policy-violation *"), S(CLOSE), Do("Closed(Failed(PolicyViolation))")];
    hold(Kind::WebSocket, Settings { require_tls: true, ..settings }, &rows);
}

#[test]
fn it_can_be_closed_before_it_was_opened() {
    hold(Kind::WebSocket, settings(), &[C(CLOSE), S(CLOSE), Do("Closed(Finished)")]);
}

/// Small before login, as on TCP (CVE-2022-0217 was a server that was strict on one of them).
#[test]
fn limits_hold_here_too() {
    let long = format!(
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{}</auth>",
        "A".repeat(8192)
    );
    for said in [&long, "<!DOCTYPE x [<!ENTITY lol 'lol'>]><x/>"] {
        hold(
            Kind::WebSocket,
            settings(),
            &[C(OPEN), S("*"), S("*"), C(said), S("*"), S(CLOSE), Do("Closed(*)")],
        );
    }
}

#[test]
fn an_answer_is_waited_for() {
    let mut talk = Talk::new(
        Kind::WebSocket,
        Settings { offer: Offer { accounts: true, guests: false, tokens: false }, ..settings() },
        Some(tls()),
    );
    talk.hold(&[
        C(OPEN),
        S("*"),
        S("*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>"),
        Do("Ask Password alice secret"),
        C(CLOSE),
        Gate(|stream, out| stream.known(hubbub_xmpp::sasl::Known::No, 0, out)),
        S("<failure *"),
        S(CLOSE),
        Do("Closed(Finished)"),
    ]);
}
