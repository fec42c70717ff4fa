//! Exchanges from end to end: with the vectors of the RFCs, and with a client written from them.

mod any;
mod client;
mod offers;
mod refusals;
mod secrets;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use client::Client;

use super::*;

const DOMAIN: &str = "example.org";

/// A link under TLS, as the server sees it.
fn tls() -> Binding {
    Binding { exporter: Some([7; 32]), end_point: Some(b"the hash of a certificate".to_vec()) }
}

/// An exchange on a stream under TLS where everybody may come.
fn begin(mechanism: Mechanism) -> Sasl {
    let offer = Offer { accounts: true, guests: true, tokens: true };
    let offered = mechanisms(&offer, Some(&tls()));
    Sasl::begin(mechanism, DOMAIN, &offered, Some(tls()), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned())
}

/// As [`begin`], on a link in clear text.
fn begin_in_clear(mechanism: Mechanism, server_nonce: &str) -> Sasl {
    let offered = mechanisms(&Offer { accounts: true, guests: true, tokens: true }, None);
    Sasl::begin(mechanism, DOMAIN, &offered, None, server_nonce.to_owned())
}

fn challenge(step: Result<Step, Failure>) -> String {
    match step {
        Ok(Step::Challenge(bytes)) => String::from_utf8(bytes).unwrap(),
        other => panic!("not a challenge: {other:?}"),
    }
}

fn done(user: &str, data: Option<&str>) -> Result<Step, Failure> {
    let data = data.map(|data| data.as_bytes().to_vec());
    Ok(Step::Done { user: Some(user.to_owned()), name: None, data })
}

fn asks_verifier(user: &str, hash: Hash) -> Result<Step, Failure> {
    Ok(Step::Ask(Ask::Verifier { user: user.to_owned(), hash }))
}

/// Two messages of the client and what the server says to them, with the password `pencil`.
fn plays(mechanism: Mechanism, salt: &str, server_nonce: &str, lines: [&str; 4]) {
    let [first, first_answer, last, last_answer] = lines;
    let hash = mechanism.hash().unwrap();
    let mut sasl = begin_in_clear(mechanism, server_nonce);
    assert_eq!(sasl.step(first.as_bytes()), asks_verifier("user", hash));
    let verifier = client::verifier(hash, "pencil", &STANDARD.decode(salt).unwrap(), 4096);
    assert_eq!(challenge(sasl.answer(Known::Verifier(Some(verifier)))), first_answer);
    assert_eq!(sasl.step(last.as_bytes()), done("user", Some(last_answer)));
    assert_eq!(sasl.step(last.as_bytes()), Err(Failure::MalformedRequest), "it is over");
}

#[test]
fn the_exchange_of_rfc_5802_section_5() {
    plays(
        Mechanism::ScramSha1,
        "QSXCR+Q6sek8bf92",
        "3rfcNHYJY1ZVvWVs7j",
        [
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    );
}

#[test]
fn the_exchange_of_rfc_7677_section_3() {
    plays(
        Mechanism::ScramSha256,
        "W22ZaJ0SNY7soEsUEjb6gQ==",
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    );
}

#[test]
fn every_scram_lets_in_who_knows_the_password_and_proves_that_the_server_knows_it_too() {
    let exporter = ("p=tls-exporter,,", tls().exporter.unwrap().to_vec());
    let end_point = ("p=tls-server-end-point,,", tls().end_point.unwrap());
    let own = ("n,a=alice@EXAMPLE.org,", Vec::new());
    for (mechanism, bindings) in [
        (Mechanism::ScramSha256Plus, vec![exporter.clone(), end_point.clone()]),
        (Mechanism::ScramSha1Plus, vec![exporter, end_point]),
        (Mechanism::ScramSha256, vec![("n,,", Vec::new()), own.clone()]),
        (Mechanism::ScramSha1, vec![("n,,", Vec::new()), own]),
    ] {
        for (header, data) in bindings {
            let hash = mechanism.hash().unwrap();
            let client = Client::new(hash, "alice", "open sesame").header(header, &data);
            let mut sasl = begin(mechanism);
            assert_eq!(sasl.step(client.first().as_bytes()), asks_verifier("alice", hash));
            let verifier = client::verifier(hash, "open sesame", b"sixteen bytes of", 64);
            let (last, signature) = client.last(&challenge(sasl.answer(Known::Verifier(Some(verifier)))));
            assert_eq!(sasl.step(last.as_bytes()), done("alice", Some(&signature)), "{mechanism:?} {header}");
        }
    }
}

#[test]
fn who_cannot_bind_and_whose_server_cannot_may_say_so() {
    let client = Client::new(Hash::Sha1, "alice", "x").header("y,,", b"");
    let mut sasl = begin_in_clear(Mechanism::ScramSha1, "nonce");
    assert_eq!(sasl.step(client.first().as_bytes()), asks_verifier("alice", Hash::Sha1));
    let verifier = client::verifier(Hash::Sha1, "x", b"salt", 1);
    let (last, signature) = client.last(&challenge(sasl.answer(Known::Verifier(Some(verifier)))));
    assert_eq!(sasl.step(last.as_bytes()), done("alice", Some(&signature)));
}

#[test]
fn extensions_that_nobody_must_understand_are_let_pass() {
    let mut client = Client::new(Hash::Sha256, "alice", "x");
    client.extension = ",z=some=thing,Z=\u{e9}".to_owned();
    let mut sasl = begin(Mechanism::ScramSha256);
    assert_eq!(sasl.step(client.first().as_bytes()), asks_verifier("alice", Hash::Sha256));
    let verifier = client::verifier(Hash::Sha256, "x", b"salt", 1);
    let (last, signature) = client.last(&challenge(sasl.answer(Known::Verifier(Some(verifier)))));
    assert!(last.contains(",Z=\u{e9},p="));
    assert_eq!(sasl.step(last.as_bytes()), done("alice", Some(&signature)));
}

#[test]
fn user_names_are_unescaped_and_prepared() {
    for (sent, user) in
        [("a=2Cb=3Dc", "a,b=c"), ("Alice", "Alice"), ("\u{2168}", "IX"), ("d\\27artagnan", "d\\27artagnan")]
    {
        let mut sasl = begin(Mechanism::ScramSha256);
        let first = format!("n,,n={sent},r=abc");
        assert_eq!(sasl.step(first.as_bytes()), asks_verifier(user, Hash::Sha256));
        let mut sasl = begin(Mechanism::Plain);
        let plain = format!("\0{user}\0x");
        let asked = Ask::Password { user: user.to_owned(), password: "x".to_owned() };
        assert_eq!(sasl.step(plain.as_bytes()), Ok(Step::Ask(asked)));
    }
}

#[test]
fn a_password_in_clear() {
    for (message, user) in [
        ("\0alice\0p\u{e4}ss w\u{f6}rd", "alice"),
        ("alice@example.org\0alice\0p\u{e4}ss w\u{f6}rd", "alice"),
        ("alice@EXAMPLE.org\0Alice\0p\u{e4}ss w\u{f6}rd", "Alice"),
    ] {
        let mut sasl = begin(Mechanism::Plain);
        let asked = Ask::Password { user: user.to_owned(), password: "p\u{e4}ss w\u{f6}rd".to_owned() };
        assert_eq!(sasl.step(message.as_bytes()), Ok(Step::Ask(asked)));
        assert_eq!(sasl.answer(Known::Yes), done(user, None));
    }
    let mut sasl = begin(Mechanism::Plain);
    assert!(sasl.step(b"\0alice\0wrong").is_ok());
    assert_eq!(sasl.answer(Known::No), Err(Failure::NotAuthorized));
}

#[test]
fn a_token() {
    // RFC 7628 §4.1, with an address of ours.
    let message = "n,a=alice@example.org,\x01host=server.example.com\x01port=143\x01\
                   auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
    let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==".to_owned();
    let mut sasl = begin(Mechanism::OAuthBearer);
    let asked = Ask::Token { user: Some("alice".to_owned()), token };
    assert_eq!(sasl.step(message.as_bytes()), Ok(Step::Ask(asked)));
    assert_eq!(sasl.answer(Known::Yes), done("alice", None));

    let mut sasl = begin(Mechanism::OAuthBearer);
    let asked = Ask::Token { user: None, token: "abc".to_owned() };
    assert_eq!(sasl.step(b"y,,\x01auth=bearer  abc\x01\x01"), Ok(Step::Ask(asked)));
    assert_eq!(sasl.answer(Known::Yes), Ok(Step::Done { user: None, name: None, data: None }));
}

#[test]
fn who_is_refused_a_token_hears_why_and_fails_then() {
    let mut sasl = begin(Mechanism::OAuthBearer);
    assert!(sasl.step(b"n,,\x01auth=Bearer abc\x01\x01").is_ok());
    assert_eq!(challenge(sasl.answer(Known::No)), r#"{"status":"invalid_token"}"#);
    assert_eq!(sasl.step(b"\x01"), Err(Failure::NotAuthorized));
    assert_eq!(sasl.step(b"\x01"), Err(Failure::MalformedRequest));
    for without in [
        "n,,\x01\x01",
        "n,,\x01auth=\x01\x01",
        "n,,\x01auth=Basic abc\x01\x01",
        "n,,\x01auth=Bearer a b\x01\x01",
    ] {
        let mut sasl = begin(Mechanism::OAuthBearer);
        assert_eq!(
            challenge(sasl.step(without.as_bytes())),
            r#"{"status":"invalid_request"}"#,
            "{without:?}"
        );
        assert_eq!(sasl.step(b"\x01"), Err(Failure::NotAuthorized));
    }
    let mut sasl = begin(Mechanism::OAuthBearer);
    assert!(sasl.step(b"n,,\x01\x01").is_ok());
    assert_eq!(sasl.step(b"n,,\x01auth=Bearer abc\x01\x01"), Err(Failure::MalformedRequest));
}

#[test]
fn a_guest_may_wish_for_a_name() {
    for (trace, name) in [
        ("", None),
        ("Ann", Some("Ann")),
        ("  Ann Lee \u{1f600} ", Some("Ann Lee \u{1f600}")),
        ("ann@mail.example", None),
        ("   ", None),
    ] {
        let step = begin(Mechanism::Anonymous).start(Some(trace.as_bytes()));
        assert_eq!(step, Ok(Step::Done { user: None, name: name.map(str::to_owned), data: None }));
    }
}

#[test]
fn who_sends_nothing_at_first_is_asked_to_unless_he_is_a_guest() {
    let mut sasl = begin(Mechanism::Plain);
    assert_eq!(challenge(sasl.start(None)), "");
    assert!(matches!(sasl.step(b"\0alice\0x"), Ok(Step::Ask(_))));
    let mut sasl = begin(Mechanism::ScramSha1);
    assert_eq!(challenge(sasl.start(None)), "");
    assert_eq!(sasl.step(b"n,,n=alice,r=abc"), asks_verifier("alice", Hash::Sha1));
    let step = begin(Mechanism::Anonymous).start(None);
    assert_eq!(step, Ok(Step::Done { user: None, name: None, data: None }));
}
