//! Headers and features (RFC 6120 §4.2, §4.3, §4.7).

use crate::talk::{AFTER_LOGIN, C, Do, Gate, HEADER, OPEN, Row, S, Talk, hold, jid, settings, tls};
use hubbub_xmpp::sasl::{Binding, Offer};
use hubbub_xmpp::stream::{Kind, Settings};

const MECHANISMS: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>";
const LIMITS: &str = "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>8192</max-bytes></limits>";

fn features(content: &str) -> String {
    format!("{HEADER}<stream:features>{content}</stream:features>")
}

#[test]
fn clear_text_offers_tls_alone_where_it_is_required() {
    let settings = Settings { require_tls: true, tls_available: true, register: true, ..settings() };
    let expected = features("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>");
    hold(Kind::Tcp, settings, &[C(OPEN), S(&expected)]);
}

#[test]
fn clear_text_offers_tls_first_and_no_passwords_where_it_is_not_required() {
    let settings = Settings { tls_available: true, register: true, ..settings() };
    let expected = features(&format!(
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>{MECHANISMS}<mechanism>SCRAM-SHA-256</mechanism>\
         <mechanism>SCRAM-SHA-1</mechanism><mechanism>ANONYMOUS</mechanism></mechanisms>\
         <register xmlns='http://jabber.org/features/iq-register'/>{LIMITS}"
    ));
    hold(Kind::Tcp, settings, &[C(OPEN), S(&expected)]);
}

#[test]
fn tls_offers_channel_bindings_and_passwords() {
    let offer = Offer { accounts: true, guests: false, tokens: true };
    let settings = Settings { require_tls: true, tls_available: true, offer, ..settings() };
    let expected = features(&format!(
        "{MECHANISMS}<mechanism>SCRAM-SHA-256-PLUS</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism>\
         <mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>\
         <mechanism>OAUTHBEARER</mechanism></mechanisms><sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>\
         <channel-binding type='tls-exporter'/><channel-binding type='tls-server-end-point'/>\
         </sasl-channel-binding>{LIMITS}"
    ));
    Talk::new(Kind::Tcp, settings, Some(tls())).hold(&[C(OPEN), S(&expected)]);
}

#[test]
fn a_link_that_cannot_be_bound_to_offers_no_binding() {
    let offer = Offer { accounts: true, guests: false, tokens: false };
    let behind_a_proxy = Binding { exporter: None, end_point: None };
    let expected = features(&format!(
        "{MECHANISMS}<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism>\
         <mechanism>PLAIN</mechanism></mechanisms>{LIMITS}"
    ));
    let mut talk = Talk::new(Kind::Tcp, Settings { offer, ..settings() }, Some(behind_a_proxy));
    talk.hold(&[C(OPEN), S(&expected)]);
}

#[test]
fn after_login_come_the_resource_and_what_the_server_adds() {
    let features = b"<ver xmlns='urn:xmpp:features:rosterver'/>".to_vec();
    let mut talk = Talk::new(Kind::Tcp, Settings { features, ..settings() }, None);
    let expected = format!(
        "{HEADER}<stream:features>{AFTER_LOGIN}<ver xmlns='urn:xmpp:features:rosterver'/></stream:features>"
    );
    talk.hold(&[
        C(OPEN),
        S("*<mechanism>ANONYMOUS</mechanism>*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
        Do("Authenticated { user: None, name: None }"),
        Gate(|stream, out| stream.authenticated(jid("ann@guest.example.org"), 0, out)),
        S("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        C(OPEN),
        S(&expected),
    ]);
    assert_eq!(talk.stream.lang(), Some("de"));
}

/// RFC 6120 §4.7.2: who said who it is gets that back as `to`.
#[test]
fn the_header_answers_by_name() {
    let open = OPEN.replace("to=", "from='Juliet@example.org/balcony' to=");
    let answer = "*from='example.org' to='juliet@example.org' version='1.0'*";
    hold(Kind::Tcp, settings(), &[C(&open), S(answer)]);
}

#[test]
fn later_minor_versions_and_other_ways_to_write_the_domain_are_fine() {
    for (ours, theirs) in
        [("version='1.0' xml:", "version='1.17' xml:"), ("to='example.org'", "to='EXAMPLE.org'")]
    {
        hold(Kind::Tcp, settings(), &[C(&OPEN.replace(ours, theirs)), S("*version='1.0'*")]);
    }
}

#[test]
fn ids_are_never_the_same() {
    let id = || {
        let mut talk = Talk::tcp();
        talk.receive(OPEN.as_bytes());
        let header = crate::talk::shown(&talk.outs[0]);
        header.split_once(" id='").unwrap().1.split_once('\'').unwrap().0.to_owned()
    };
    let (one, two) = (id(), id());
    assert!(one != two && one.len() >= 22, "{one} {two}");
}

#[test]
fn a_header_may_come_byte_by_byte() {
    let mut talk = Talk::tcp();
    let (last, first) = OPEN.as_bytes().split_last().unwrap();
    for byte in first {
        talk.receive(&[*byte]);
    }
    assert!(talk.outs.is_empty());
    talk.receive(&[*last]);
    talk.hold(&[S("*<stream:features>*")]);
}

/// What is wrong with a header, by what stands in place of what.
#[test]
fn wrong_headers() {
    let wrong = [
        ("to='example.org'", "to='example.net'", "host-unknown"),
        ("to='example.org'", "to='@'", "improper-addressing"),
        ("to='example.org'", "", "improper-addressing"),
        ("to=", "from='@x' to=", "improper-addressing"),
        ("version='1.0' xml", "xml", "unsupported-version"),
        ("version='1.0' xml", "version='0.9' xml", "unsupported-version"),
        ("version='1.0' xml", "version='one' xml", "unsupported-version"),
        ("http://etherx.jabber.org/streams", "http://example.org/streams", "invalid-namespace"),
        ("stream:stream ", "stream:river ", "bad-format"),
        ("stream:stream ", "river:stream ", "bad-namespace-prefix"),
        ("version='1.0'?>", "version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"),
        ("<?xml version='1.0'?>", "<!DOCTYPE stream>", "restricted-xml"),
        ("to=", "to='x' to=", "not-well-formed"),
    ];
    for (right, wrong, condition) in wrong {
        let row = format!(
            "{HEADER}<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>*\
             </stream:error></stream:stream>"
        );
        let open = OPEN.replacen(right, wrong, 1);
        let rows: [Row<'_>; 3] = [C(&open), S(&row), Do("Closed(Failed(*))")];
        hold(Kind::Tcp, settings(), &rows);
    }
}
