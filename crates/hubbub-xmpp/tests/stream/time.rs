//! Deadlines, each for its own reason.

use crate::talk::{At, C, Do, Gate, HEADER, OPEN, S, Talk, hold, jid, settings};
use hubbub_xmpp::stream::{Kind, Settings};

fn watchful() -> Settings {
    Settings { auth_ms: 1000, idle_ms: 8000, ping_ms: 500, ..settings() }
}

#[test]
fn who_does_not_log_in_is_closed() {
    let error = format!("{HEADER}<stream:error><connection-timeout *</stream:stream>");
    hold(
        Kind::Tcp,
        watchful(),
        &[At(999), At(1000), S(&error), Do("Closed(Failed(ConnectionTimeout))"), At(2000)],
    );
}

/// Nothing puts it off: no white space, no failed login, no answer that takes long.
#[test]
fn the_deadline_for_login_stands() {
    let rows = [
        C(OPEN),
        S("*"),
        At(990),
        C(" "),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'/>"),
        S("<failure *"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
        Do("Authenticated *"),
        At(999),
        At(1000),
        S("<stream:error><connection-timeout *"),
        Do("Closed(*)"),
        Gate(|stream, out| stream.authenticated(jid("ann@guest.example.org"), 0, out)),
    ];
    hold(Kind::Tcp, watchful(), &rows);
    let mut talk = Talk::new(Kind::Tcp, watchful(), None);
    assert_eq!(talk.stream.deadline(), Some(1000));
    talk.receive(OPEN.as_bytes());
    assert_eq!(talk.stream.deadline(), Some(1000));
}

/// XEP-0199, with what the client answers: it is the machine's own affair.
#[test]
fn the_silent_are_pinged() {
    let ping = "<iq type='get' id='alive-1' from='example.org' to='ann@guest.example.org/phone'>\
                <ping xmlns='urn:xmpp:ping'/></iq>";
    let mut talk = Talk::bound(Kind::Tcp, watchful());
    assert_eq!(talk.stream.deadline(), Some(8000));
    talk.hold(&[
        At(7999),
        At(8000),
        S(ping),
        At(8499),
        C("<iq type='result' id='alive-1' to='example.org'/>"),
    ]);
    let next = talk.stream.deadline().unwrap();
    assert!((15_499..=16_499).contains(&next), "{next}");
    // An error answers it as well; but to another address it is another's.
    talk.hold(&[
        At(next),
        S("<iq type='get' id='alive-2' *"),
        C("<iq type='error' id='alive-2'><error/></iq>"),
        C("<iq type='result' id='alive-2' to='bob@example.org'/>"),
        Do("Stanza *"),
        C("<iq type='result' id='alive-3'/>"),
        Do("Stanza *"),
    ]);
}

#[test]
fn who_gives_no_sign_of_life_is_given_up() {
    let mut talk = Talk::bound(Kind::Tcp, watchful());
    talk.hold(&[
        At(8000),
        S("<iq type='get' *"),
        At(8500),
        S("<stream:error><connection-timeout *"),
        Do("Closed(Silent)"),
        At(9000),
    ]);
}

#[test]
fn white_space_is_a_sign_of_life() {
    let mut talk = Talk::bound(Kind::Tcp, watchful());
    talk.hold(&[At(7000), C(" "), At(8000), At(13_999)]);
}

#[test]
fn with_stream_management_an_acknowledgement_is_asked_for() {
    let mut talk = Talk::bound(Kind::Tcp, watchful());
    talk.hold(&[
        C("<enable xmlns='urn:xmpp:sm:3'/>"),
        S("<enabled xmlns='urn:xmpp:sm:3'/>"),
        Do("SmEnabled { resume: false }"),
        At(8000),
        S("<r xmlns='urn:xmpp:sm:3'/>"),
        C("<a xmlns='urn:xmpp:sm:3' h='0'/>"),
        At(8500),
    ]);
}

#[test]
fn nobody_is_watched_where_that_is_off() {
    let talk = Talk::bound(Kind::Tcp, settings());
    assert_eq!(talk.stream.deadline(), None);
}
