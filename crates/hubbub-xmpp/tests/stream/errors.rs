//! Every stream error, in the form of TCP and of WebSocket (RFC 6120 §4.9, RFC 7395 §3.4).

use crate::talk::{C, Do, HEADER, OPEN, Row, S, Talk, hold, settings};
use hubbub_xmpp::stream::{Kind, Reason, StreamError};

#[test]
fn every_error_closes_a_stream() {
    for error in StreamError::ALL {
        let element = format!("<{} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>", error.condition());
        let tcp = format!("<stream:error>{element}</stream:error></stream:stream>");
        let mut talk = Talk::bound(Kind::Tcp, settings());
        talk.act(|stream, out| stream.close(error, out));
        talk.hold(&[S(&tcp), Do(&format!("{:?}", hubbub_xmpp::stream::Out::Closed(Reason::Failed(error))))]);
        assert!(talk.stream.is_over() && talk.stream.deadline().is_none());

        let message =
            format!("<stream:error xmlns:stream='http://etherx.jabber.org/streams'>{element}</stream:error>");
        let mut talk = Talk::bound(Kind::WebSocket, settings());
        talk.act(|stream, out| stream.close(error, out));
        let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
        talk.hold(&[S(&message), S(close), Do("Closed(Failed(*))")]);
    }
}

#[test]
fn every_error_has_its_own_name() {
    let names: std::collections::BTreeSet<_> =
        StreamError::ALL.iter().map(|error| error.condition()).collect();
    assert_eq!(names.len(), StreamError::ALL.len());
}

#[test]
fn an_error_may_say_more_to_people() {
    let mut talk = Talk::bound(Kind::Tcp, settings());
    talk.act(|stream, out| stream.close_saying(StreamError::Conflict, "Replaced by <you>", out));
    talk.hold(&[
        S("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
           <text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>Replaced by &lt;you&gt;</text>\
           </stream:error></stream:stream>"),
        Do("Closed(Failed(Conflict))"),
    ]);
}

/// RFC 6120 §4.9.1.2: a header goes before the error, or it would be no XML. And after it there is nothing.
#[test]
fn an_error_before_the_header_comes_with_one() {
    let error = format!("{HEADER}<stream:error><policy-violation *</stream:error></stream:stream>");
    let mut talk = Talk::tcp();
    talk.act(|stream, out| stream.close(StreamError::PolicyViolation, out));
    talk.hold(&[S(&error), Do("Closed(Failed(PolicyViolation))"), C(OPEN)]);
    talk.act(|stream, out| stream.close(StreamError::Conflict, out));
    talk.act(|stream, out| stream.send(b"<message/>".to_vec(), true, out));
    talk.hold(&[]);

    let mut talk = Talk::new(Kind::WebSocket, settings(), None);
    talk.act(|stream, out| stream.close(StreamError::PolicyViolation, out));
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='*' from='example.org' version='1.0' \
                xml:lang='en'/>";
    talk.hold(&[S(open), S("<stream:error xmlns:stream=*"), S("<close *"), Do("Closed(*)")]);
}

/// What the client sends, before and after login, and which error it is (RFC 6120 §4.9.3, §11).
#[test]
fn bad_xml() {
    let cases = [
        ("<message><body></message>", "not-well-formed"),
        ("<message to='a' to='b'/>", "not-well-formed"),
        ("<message><body>&lol;</body></message>", "restricted-xml"),
        ("<message><!-- hi --></message>", "restricted-xml"),
        ("<?php ?>", "restricted-xml"),
        ("<message><x:y/></message>", "bad-namespace-prefix"),
        ("text between stanzas", "bad-format"),
    ];
    for (said, condition) in cases {
        let error = format!("<stream:error><{condition} *</stream:stream>");
        let rows: [Row<'_>; 3] = [C(said), S(&error), Do("Closed(*)")];
        Talk::bound(Kind::Tcp, settings()).hold(&rows);
        hold(Kind::Tcp, settings(), &[C(OPEN), S("*"), rows[0], rows[1], rows[2]]);
    }
    let mut talk = Talk::bound(Kind::Tcp, settings());
    talk.receive(b"<message><body>\xc3\x28</body></message>");
    talk.hold(&[S("<stream:error><unsupported-encoding *"), Do("Closed(*)")]);
}

/// Small and flat before login, larger afterwards (CVE-2021-32918, CVE-2026-43507).
#[test]
fn sizes_are_limited() {
    let long = format!("<message><body>{}</body></message>", "x".repeat(8192));
    let wide = format!("<message>{}</message>", "<a/>".repeat(32));
    let deep = format!("<message>{}{}</message>", "<a>".repeat(16), "</a>".repeat(16));
    for stanza in [&long, &wide, &deep] {
        let error = "<stream:error><policy-violation *</stream:stream>";
        hold(
            Kind::Tcp,
            settings(),
            &[C(OPEN), S("*"), C(stanza), S(error), Do("Closed(Failed(PolicyViolation))")],
        );
        Talk::bound(Kind::Tcp, settings()).hold(&[C(stanza), Do("Stanza *")]);
    }
    let longer = format!("<message><body>{}</body></message>", "x".repeat(256 << 10));
    Talk::bound(Kind::Tcp, settings()).hold(&[C(&longer), S("*<policy-violation *"), Do("Closed(*)")]);
}

#[test]
fn limits_hold_while_a_stanza_is_arriving() {
    let mut talk = Talk::tcp();
    talk.hold(&[C(OPEN), S("*"), C("<message><body>")]);
    let chunk = [b'x'; 1000];
    assert_eq!(
        (0..100)
            .take_while(|_| {
                talk.receive(&chunk);
                talk.outs.is_empty()
            })
            .count(),
        8
    );
}
