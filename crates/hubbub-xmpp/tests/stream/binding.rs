//! The resource (RFC 6120 §7), and the session of old clients (RFC 3921 §3).

use crate::talk::{C, Do, Gate, OPEN, Row, S, Talk, hold, jid, settings};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::stream::Kind;

const BIND: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'";

/// Logged in, with these lines after the features.
fn nameless(rows: &[Row<'_>]) -> Talk {
    let mut talk = Talk::tcp();
    talk.hold(&[
        C(OPEN),
        S("*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
        Do("Authenticated *"),
        Gate(|stream, out| stream.authenticated(jid("ann@guest.example.org"), 0, out)),
        S("<success *"),
        C(OPEN),
        S("*"),
    ]);
    talk.hold(rows);
    talk
}

#[test]
fn the_server_makes_a_resource_up() {
    let ask = format!("<iq id='yhc13a95' type='set'><bind {BIND}/></iq>");
    let talk = nameless(&[
        C(&ask),
        Do("Bind { id: 'yhc13a95', wanted: None }"),
        Gate(|stream, out| stream.bound(jid("ann@guest.example.org/4db0"), out)),
        S("<iq type='result' id='yhc13a95'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
           <jid>ann@guest.example.org/4db0</jid></bind></iq>"),
        C("<presence/>"),
        Do("Stanza <presence/>"),
    ]);
    assert!(talk.stream.is_bound());
    assert_eq!(talk.stream.jid(), Some(&jid("ann@guest.example.org/4db0")));
}

#[test]
fn the_client_may_wish_for_one_and_try_again() {
    let ask = format!("<iq id='1' type='set'><bind {BIND}><resource>balcony</resource></bind></iq>");
    nameless(&[
        C(&ask),
        Do("Bind { id: '1', wanted: Some('balcony') }"),
        Gate(|stream, out| stream.bind_refused(Condition::ResourceConstraint, out)),
        S("<iq type='error' id='1'><error type='wait'>\
           <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"),
        C(&ask),
        Do("Bind *"),
    ]);
}

#[test]
fn a_wish_that_is_no_resource_is_refused() {
    let wish =
        format!("<iq id='1' type='set'><bind {BIND}><resource>{}</resource></bind></iq>", "x".repeat(1024));
    nameless(&[C(&wish), S("<iq type='error' id='1'><error type='modify'><bad-request *")]);
}

/// RFC 6120 §7.1.
#[test]
fn nothing_else_goes_before() {
    let cases = [
        ("<message to='bob@example.org'><body>hi</body></message>", "not-authorized"),
        ("<presence/>", "not-authorized"),
        ("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", "not-authorized"),
        ("<active xmlns='urn:xmpp:csi:0'/>", "unsupported-stanza-type"),
        ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "unsupported-stanza-type"),
    ];
    for (said, condition) in cases {
        let error = format!("<stream:error><{condition} *");
        nameless(&[C(said), S(&error), Do("Closed(*)")]);
    }
}

#[test]
fn a_session_is_established_for_those_who_insist() {
    let mut talk = Talk::bound(Kind::Tcp, settings());
    talk.hold(&[
        C("<iq type='set' id='s' to='example.org'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"),
        S("<iq type='result' id='s'/>"),
    ]);
}

#[test]
fn one_stream_has_one_resource() {
    let again = format!("<iq id='2' type='set'><bind {BIND}/></iq>");
    let error = "<iq type='error' id='2'><error type='cancel'><not-allowed *";
    Talk::bound(Kind::Tcp, settings()).hold(&[C(&again), S(error)]);
}

#[test]
fn nobody_binds_before_login() {
    let ask = format!("<iq id='1' type='set'><bind {BIND}/></iq>");
    let rows = [C(OPEN), S("*"), C(&ask), S("<stream:error><not-authorized *"), Do("Closed(*)")];
    hold(Kind::Tcp, settings(), &rows);
}
