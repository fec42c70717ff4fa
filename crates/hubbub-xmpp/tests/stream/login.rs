//! SASL (RFC 6120 §6), with a client that computes its proofs by itself.

use crate::scram::{Client, Sha};
use crate::talk::{At, C, Do, Gate, HEADER, OPEN, S, Talk, hold, jid, settings, shown, tls};
use hubbub_xmpp::sasl::{Failure, Known, Offer};
use hubbub_xmpp::stanza::iq_result;
use hubbub_xmpp::stream::{Kind, Out, Settings};

const SASL: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";

fn auth(mechanism: &str, initial: &str) -> String {
    format!("<auth {SASL} mechanism='{mechanism}'>{initial}</auth>")
}

fn failure(condition: &str) -> String {
    format!("<failure {SASL}><{condition}/><text xml:lang='en'>*</text></failure>")
}

/// What stands in the one element that was sent.
fn content(talk: &mut Talk, name: &str) -> String {
    let out = talk.outs.pop_front().unwrap();
    let text = shown(&out);
    let (tag, rest) = text.split_once('>').unwrap();
    assert!(tag.starts_with(&format!("<{name} ")), "{text}");
    rest.split_once('<').map(|(content, _)| content.to_owned()).unwrap_or_default()
}

/// Logs in by SCRAM, up to the success, which is checked.
fn log_in(talk: &mut Talk, mechanism: &str, sha: Sha, mut client: Client) {
    talk.hold(&[C(OPEN), S(&format!("{HEADER}*<mechanism>{mechanism}</mechanism>*"))]);
    talk.hold(&[C(&auth(mechanism, &client.first())), Do("Ask Verifier alice *")]);
    talk.act(|stream, out| stream.known(Known::Verifier(Some(sha.verifier("secret"))), 0, out));
    let challenge = content(talk, "challenge");
    let proof = client.proof(&challenge, "secret");
    talk.receive(format!("<response {SASL}>{proof}</response>").as_bytes());
    talk.hold(&[Do("Authenticated { user: Some('alice'), name: None }")]);
    talk.act(|stream, out| stream.authenticated(jid("alice@example.org"), 0, out));
    let success = content(talk, "success");
    assert!(client.trusts(&success), "{success}");
    talk.hold(&[C(OPEN), S("*<bind *")]);
}

#[test]
fn scram() {
    for (mechanism, sha) in [("SCRAM-SHA-1", Sha::One), ("SCRAM-SHA-256", Sha::Two)] {
        log_in(&mut Talk::tcp(), mechanism, sha, Client::new(sha, "n,,", b"", "alice"));
    }
}

#[test]
fn scram_with_channel_binding() {
    for (mechanism, sha) in [("SCRAM-SHA-1-PLUS", Sha::One), ("SCRAM-SHA-256-PLUS", Sha::Two)] {
        let bindings = [("p=tls-exporter,,", [7; 32]), ("p=tls-server-end-point,,", [8; 32])];
        for (gs2, data) in bindings {
            let mut talk = Talk::new(Kind::Tcp, settings(), Some(tls()));
            log_in(&mut talk, mechanism, sha, Client::new(sha, gs2, &data, "alice"));
        }
    }
}

#[test]
fn scram_over_another_link() {
    let mut talk = Talk::new(Kind::Tcp, settings(), Some(tls()));
    let mut client = Client::new(Sha::Two, "p=tls-exporter,,", &[9; 32], "alice");
    talk.hold(&[C(OPEN), S("*")]);
    talk.hold(&[C(&auth("SCRAM-SHA-256-PLUS", &client.first())), Do("Ask *")]);
    talk.act(|stream, out| stream.known(Known::Verifier(Some(Sha::Two.verifier("secret"))), 0, out));
    let challenge = content(&mut talk, "challenge");
    let proof = client.proof(&challenge, "secret");
    let response = format!("<response {SASL}>{proof}</response>");
    talk.hold(&[C(&response), S(&failure("not-authorized"))]);
}

/// RFC 6120 §6.4.2: who gives no initial response is asked for one by an empty challenge.
#[test]
fn the_initial_response_may_come_later() {
    let mut talk = Talk::tcp();
    let client = Client::new(Sha::One, "n,,", b"", "alice");
    let begin = auth("SCRAM-SHA-1", "");
    let first = format!("<response {SASL}>{}</response>", client.first());
    let challenge = format!("<challenge {SASL}/>");
    talk.hold(&[C(OPEN), S("*"), C(&begin), S(&challenge), C(&first), Do("Ask Verifier alice Sha1")]);
}

#[test]
fn a_wrong_password_and_an_unknown_name_fail_in_the_same_way() {
    for known in [Some(Sha::One.verifier("other")), None] {
        let mut talk = Talk::tcp();
        let mut client = Client::new(Sha::One, "n,,", b"", "alice");
        talk.hold(&[C(OPEN), S("*"), C(&auth("SCRAM-SHA-1", &client.first())), Do("Ask *")]);
        talk.act(|stream, out| stream.known(Known::Verifier(known), 0, out));
        let challenge = content(&mut talk, "challenge");
        let proof = client.proof(&challenge, "secret");
        talk.receive(format!("<response {SASL}>{proof}</response>").as_bytes());
        talk.hold(&[S(&failure("not-authorized"))]);
    }
}

#[test]
fn plain_under_tls() {
    let rows = [
        C(OPEN),
        S("*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>"),
        Do("Ask Password alice secret"),
        Gate(|stream, out| stream.known(Known::Yes, 0, out)),
        Do("Authenticated { user: Some('alice'), name: None }"),
        Gate(|stream, out| stream.authenticated(jid("alice@example.org"), 0, out)),
        S("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        C(OPEN),
        S("*<bind *"),
    ];
    Talk::new(Kind::Tcp, settings(), Some(tls())).hold(&rows);
}

#[test]
fn a_token() {
    let settings = Settings { offer: Offer { accounts: false, guests: false, tokens: true }, ..settings() };
    let rows = [
        C(OPEN),
        S("*<mechanism>OAUTHBEARER</mechanism>*"),
        C(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='OAUTHBEARER'>biwsAWF1dGg9QmVhcmVyIGFiYwEB</auth>",
        ),
        Do("Ask Token None abc"),
        Gate(|stream, out| stream.known(Known::No, 0, out)),
        // RFC 7628 §3.2.3: the client is told why, says it has heard, and then it has failed.
        S("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>*</challenge>"),
        C("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AQ==</response>"),
        S("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/>*"),
    ];
    Talk::new(Kind::Tcp, settings, Some(tls())).hold(&rows);
}

#[test]
fn a_guest_may_say_how_to_be_called() {
    let rows = [
        C(OPEN),
        S("*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'>QW5u</auth>"),
        Do("Authenticated { user: None, name: Some('Ann') }"),
        Gate(|stream, out| stream.refused(Failure::TemporaryAuthFailure, 0, out)),
        S("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/>*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'>=</auth>"),
        Do("Authenticated { user: None, name: None }"),
    ];
    hold(Kind::Tcp, settings(), &rows);
}

#[test]
fn an_exchange_can_be_aborted_and_begun_again() {
    let rows = [
        C(OPEN),
        S("*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'/>"),
        S("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        C("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        S("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><aborted/>*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
        Do("Authenticated *"),
    ];
    hold(Kind::Tcp, settings(), &rows);
}

/// What is said, and how it fails.
#[test]
fn what_fails() {
    let cases = [
        (auth("PLAIN", "AGFsaWNlAHNlY3JldA=="), "encryption-required"),
        (auth("SCRAM-SHA-1-PLUS", "cD10bHMtZXhwb3J0ZXIsLG49YSxyPXg="), "encryption-required"),
        (auth("EXTERNAL", "="), "invalid-mechanism"),
        (auth("ANONYMOUS", "QW=5u"), "incorrect-encoding"),
        (auth("ANONYMOUS", "QW 5u"), "incorrect-encoding"),
        (auth("SCRAM-SHA-1", "aGVsbG8="), "malformed-request"),
        (format!("<auth {SASL}>=</auth>"), "invalid-mechanism"),
        (format!("<response {SASL}>QW5u</response>"), "malformed-request"),
        (format!("<abort {SASL}/>"), "aborted"),
    ];
    for (said, condition) in cases {
        hold(Kind::Tcp, settings(), &[C(OPEN), S("*"), C(&said), S(&failure(condition))]);
    }
    let twice = auth("SCRAM-SHA-1", "");
    let failed = failure("malformed-request");
    hold(Kind::Tcp, settings(), &[C(OPEN), S("*"), C(&twice), S("*"), C(&twice), S(&failed)]);
}

/// RFC 6120 §6.4.5.
#[test]
fn failures_are_counted() {
    let bad = auth("EXTERNAL", "=");
    let failed = failure("invalid-mechanism");
    let rows = [
        C(OPEN),
        S("*"),
        C(&bad),
        S(&failed),
        C(&bad),
        S(&failed),
        C(&bad),
        S(&failed),
        S("<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>*</stream:stream>"),
        Do("Closed(Failed(PolicyViolation))"),
    ];
    hold(Kind::Tcp, settings(), &rows);
}

/// Nothing is looked at while the gate finds something out: what comes is kept, in order, and to a limit.
#[test]
fn what_comes_early_waits() {
    let mut talk = Talk::new(Kind::Tcp, settings(), Some(tls()));
    let plain = auth("PLAIN", "AGFsaWNlAHNlY3JldA==");
    talk.hold(&[C(OPEN), S("*"), C(&format!("{plain}{}", &OPEN[..40])), Do("Ask *"), C(&OPEN[40..])]);
    talk.hold(&[C("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")]);
    talk.hold(&[
        Gate(|stream, out| stream.known(Known::Yes, 0, out)),
        Do("Authenticated *"),
        Gate(|stream, out| stream.authenticated(jid("alice@example.org"), 0, out)),
        S("<success *"),
        S("*<bind *"),
        Do("Bind { id: '1', wanted: None }"),
    ]);
}

#[test]
fn what_comes_early_is_limited() {
    for chunk in [" ".repeat(1000), String::new()] {
        let mut talk = Talk::new(Kind::Tcp, settings(), Some(tls()));
        talk.hold(&[C(OPEN), S("*"), C(&auth("PLAIN", "AGFsaWNlAHNlY3JldA==")), Do("Ask *")]);
        let chunks = (1..1000).find(|_| {
            talk.receive(chunk.as_bytes());
            !talk.outs.is_empty()
        });
        assert!(chunks.unwrap() > 7);
        talk.hold(&[S("<stream:error><policy-violation *"), Do("Closed(*)")]);
        // An answer that comes too late finds nobody.
        talk.hold(&[Gate(|stream, out| stream.known(Known::Yes, 0, out))]);
    }
}

/// The second header is for the same host as the first (CVE-2018-10847): the session could become another's.
#[test]
fn the_host_cannot_be_switched_after_login() {
    let elsewhere = OPEN.replace("to='example.org'", "to='example.net'");
    let error = format!("{HEADER}<stream:error><host-unknown *</stream:error></stream:stream>");
    let rows = [
        C(OPEN),
        S("*"),
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
        Do("Authenticated *"),
        Gate(|stream, out| stream.authenticated(jid("ann@guest.example.org"), 0, out)),
        S("<success *"),
        C(&elsewhere),
        S(&error),
        Do("Closed(Failed(HostUnknown))"),
    ];
    hold(Kind::Tcp, settings(), &rows);
}

#[test]
fn nobody_logs_in_twice() {
    let mut talk = Talk::bound(Kind::Tcp, settings());
    talk.hold(&[
        C(&auth("ANONYMOUS", "")),
        S("<stream:error><unsupported-stanza-type *"),
        Do("Closed(Failed(UnsupportedStanzaType))"),
    ]);
}

#[test]
fn answers_that_nobody_waits_for_are_ignored() {
    let mut talk = Talk::tcp();
    talk.hold(&[
        C(OPEN),
        S("*"),
        Gate(|stream, out| {
            stream.known(Known::Yes, 0, out);
            stream.authenticated(jid("alice@example.org"), 0, out);
            stream.refused(Failure::NotAuthorized, 0, out);
            stream.bound(jid("alice@example.org/x"), out);
            stream.bind_refused(hubbub_xmpp::stanza::Condition::Conflict, out);
            stream.resume_failed(None, out);
            stream.secured(tls(), 0, out);
        }),
        At(10),
    ]);
    assert!(!talk.stream.is_secure() && !talk.stream.is_bound());
}

const REGISTER: &str = "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>";

fn registering(failures: u8) -> Talk {
    let mut talk = Talk::new(Kind::Tcp, Settings { register: true, failures, ..settings() }, None);
    talk.hold(&[C(OPEN), S("*<register xmlns='http://jabber.org/features/iq-register'/>*")]);
    talk
}

/// XEP-0077 §3: before login only what registers, and only where that is offered.
#[test]
fn accounts_are_made_before_login() {
    let asked = format!("Register {REGISTER}");
    registering(3).hold(&[
        C(REGISTER),
        Do(&asked),
        // Until that is answered nothing else is looked at.
        C(REGISTER),
        Gate(|stream, out| stream.registered(&iq_result("1", None, None, None), false, 0, out)),
        S("<iq type='result' id='1'/>"),
        Do(&asked),
        Gate(|stream, out| stream.registered(&iq_result("2", None, None, None), true, 0, out)),
        S("<iq type='result' id='2'/>"),
        Gate(|stream, out| stream.registered(&iq_result("3", None, None, None), true, 0, out)),
        C("<iq type='get' id='2'><query xmlns='jabber:iq:roster'/></iq>"),
        S("<stream:error><not-authorized *"),
        Do("Closed(*)"),
    ]);
}

#[test]
fn failed_registrations_count_as_failed_logins() {
    let mut talk = registering(3);
    let asked = format!("Register {REGISTER}");
    for _ in 0..2 {
        talk.hold(&[
            C(REGISTER),
            Do(&asked),
            Gate(|stream, out| stream.registered(&iq_result("1", None, None, None), true, 0, out)),
            S("<iq *"),
        ]);
    }
    talk.hold(&[
        C("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X-NONE'/>"),
        S("<failure *"),
        S("<stream:error><policy-violation *"),
        Do("Closed(Failed(PolicyViolation))"),
    ]);
}

#[test]
fn where_nobody_registers_or_somebody_else_is_asked() {
    hold(
        Kind::Tcp,
        settings(),
        &[
            C(OPEN),
            S("*"),
            C(REGISTER),
            S("<iq type='error' id='1'><error type='cancel'><service-unavailable *"),
        ],
    );
    for other in [
        "<iq type='get' id='1' to='other.org'><query xmlns='jabber:iq:register'/></iq>",
        "<iq type='result' id='1'><query xmlns='jabber:iq:register'/></iq>",
        "<iq type='get'><query xmlns='jabber:iq:register'/></iq>",
    ] {
        registering(3).hold(&[C(other), S("<stream:error><not-authorized *"), Do("Closed(*)")]);
    }
}

#[test]
fn only_so_much_comes_before_login() {
    let mut talk = registering(3);
    let asked = (0..1000).take_while(|_| {
        talk.receive(REGISTER.as_bytes());
        let is_asked = matches!(talk.outs.pop_front(), Some(Out::Register(_)));
        let mut outs = Vec::new();
        talk.stream.registered(&iq_result("1", None, None, None), false, 0, &mut outs);
        is_asked
    });
    assert_eq!(asked.count(), 64);
    talk.hold(&[Do("Closed(Failed(PolicyViolation))")]);
}
