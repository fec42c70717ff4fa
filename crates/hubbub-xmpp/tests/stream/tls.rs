//! STARTTLS (RFC 6120 §5).

use crate::talk::{C, Do, Gate, HEADER, OPEN, S, Talk, hold, settings, tls};
use hubbub_xmpp::stream::{Kind, Reason, Settings};

const START: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const FAILURE: &str = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

fn strict() -> Settings {
    Settings { require_tls: true, tls_available: true, ..settings() }
}

#[test]
fn a_new_stream_begins_under_tls() {
    let features = format!("{HEADER}<stream:features><mechanisms*<mechanism>PLAIN</mechanism>*");
    let mut talk = Talk::new(Kind::Tcp, strict(), None);
    talk.hold(&[
        C(OPEN),
        S("*<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"),
        C(START),
        S(PROCEED),
        Do("StartTls"),
        Gate(|stream, out| stream.secured(tls(), 0, out)),
        C(OPEN),
        S(&features),
        // Once is enough (RFC 6120 §5.4.2.2).
        C(START),
        S(FAILURE),
        S("</stream:stream>"),
        Do("Closed(NoTls)"),
    ]);
    assert!(talk.stream.is_secure());
}

/// What somebody between client and server adds to the clear text is not taken for what comes under TLS, neither what
/// comes with the request nor what comes before the handshake (RFC 6120 §5.3.3, the class of CVE-2011-0411).
#[test]
fn what_was_injected_in_clear_text_is_forgotten() {
    let injected =
        format!("{START}{OPEN}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
    let mut talk = Talk::new(Kind::Tcp, strict(), None);
    talk.hold(&[
        C(OPEN),
        S("*"),
        C(&injected),
        S(PROCEED),
        Do("StartTls"),
        C(OPEN),
        C("</stream:stream>"),
        Gate(|stream, out| stream.secured(tls(), 0, out)),
        C("<?xml version='1.0'?><stream:stream to='example.org' version='1.0' "),
        C("xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"),
        S("*<mechanism>PLAIN</mechanism>*"),
    ]);
}

#[test]
fn an_injected_half_is_forgotten_too() {
    let mut talk = Talk::new(Kind::Tcp, strict(), None);
    talk.hold(&[
        C(OPEN),
        S("*"),
        C(&format!("{START}<stream:stream to='example.net' ")),
        S(PROCEED),
        Do("StartTls"),
        Gate(|stream, out| stream.secured(tls(), 0, out)),
        C(OPEN),
        S("*<mechanism>PLAIN</mechanism>*"),
    ]);
}

#[test]
fn nothing_goes_out_in_clear_text_once_tls_was_agreed() {
    use hubbub_xmpp::stream::StreamError;
    let mut talk = Talk::new(Kind::Tcp, strict(), None);
    talk.hold(&[
        C(OPEN),
        S("*"),
        C(START),
        S(PROCEED),
        Do("StartTls"),
        Gate(|stream, out| stream.close(StreamError::SystemShutdown, out)),
        Do("Closed(Failed(SystemShutdown))"),
    ]);
}

#[test]
fn where_there_is_no_tls_there_is_none() {
    let rows = [C(OPEN), S("*"), C(START), S(FAILURE), S("</stream:stream>"), Do("Closed(NoTls)")];
    hold(Kind::Tcp, settings(), &rows);
}

#[test]
fn nobody_logs_in_or_registers_before_tls_where_it_is_required() {
    let auth =
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1hLHI9eA==</auth>";
    let register = "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>";
    let rows = [
        C(OPEN),
        S("*"),
        C(auth),
        S("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><encryption-required/>*</failure>"),
        C(register),
        S("<stream:error><not-authorized *"),
        Do("Closed(Failed(NotAuthorized))"),
    ];
    hold(Kind::Tcp, Settings { register: true, ..strict() }, &rows);
}

#[test]
fn a_lost_handshake_is_not_resumed() {
    assert!(!Reason::NoTls.may_resume() && !Reason::Finished.may_resume() && Reason::Silent.may_resume());
}
