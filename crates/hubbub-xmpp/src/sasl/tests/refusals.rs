//! Everything that is to be refused, and by which condition.

use super::*;

/// What a first message comes to, of which no good can come.
fn first(mechanism: Mechanism, message: impl AsRef<[u8]>) -> Failure {
    let mut sasl = begin(mechanism);
    let failure = sasl.step(message.as_ref()).expect_err("it is to be refused");
    assert_eq!(sasl.step(message.as_ref()), Err(Failure::MalformedRequest), "one failure ends it");
    assert_eq!(sasl.answer(Known::Yes), Err(Failure::TemporaryAuthFailure));
    failure
}

/// What the last message comes to if `change` is done to a good one.
fn last(client: &Client, mechanism: Mechanism, change: impl Fn(String) -> String) -> Result<Step, Failure> {
    let hash = mechanism.hash().unwrap();
    let mut sasl = begin(mechanism);
    assert!(matches!(sasl.step(client.first().as_bytes()), Ok(Step::Ask(_))));
    let verifier = client::verifier(hash, "open sesame", b"sixteen bytes of", 8);
    let (last, _) = client.last(&challenge(sasl.answer(Known::Verifier(Some(verifier)))));
    sasl.step(change(last).as_bytes())
}

fn alice() -> Client {
    Client::new(Hash::Sha256, "alice", "open sesame")
}

#[test]
fn first_messages_of_scram_that_are_malformed() {
    let long = format!("n,,n=alice,r={}", "x".repeat(257));
    let huge = format!("n,,n=alice,r=abc,z={}", "x".repeat(MAX_RESPONSE_BYTES));
    for message in [
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=alice",
        "n,,n=alice,",
        "n,,n=alice,r",
        "n,,n=alice,r=",
        "n,,n=alice,r=a b",
        "n,,n=alice,r=\u{e9}",
        "n,,n=alice,r=abc,",
        "n,,n=alice,r=abc,zz=1",
        "n,,n=alice,r=abc,1=1",
        "n,,n=alice,r=abc,z=",
        "n,,n=alice,r=abc,=z",
        "n,,n=,r=abc",
        "n,,r=abc,n=alice",
        "n,,r=abc",
        "n,,n=al=ice,r=abc",
        "n,,n=al=2cice,r=abc",
        "n,,n=al=2,r=abc",
        "n,,n=alice=,r=abc",
        "n,,n=al\0ice,r=abc",
        "n,,n=alice,r=abc,z=\0",
        "n,,n=alice,n=alice,r=abc",
        "n,,n=alice,r=abc,r=abc",
        "n,,n=alice,r=abc,z=1,z=1",
        "N,,n=alice,r=abc",
        "x,,n=alice,r=abc",
        "F,n,,n=alice,r=abc",
        "p,,n=alice,r=abc",
        "p=,,n=alice,r=abc",
        "p=tls_exporter,,n=alice,r=abc",
        "n,a=,n=alice,r=abc",
        "n,alice@example.org,n=alice,r=abc",
        "n,a=alice=example.org,n=alice,r=abc",
        &long,
        &huge,
    ] {
        assert_eq!(first(Mechanism::ScramSha256, message), Failure::MalformedRequest, "{message:?}");
    }
    assert_eq!(first(Mechanism::ScramSha256, b"n,,n=al\xffce,r=abc"), Failure::MalformedRequest);
}

#[test]
fn a_mandatory_extension_is_nowhere_understood() {
    for message in
        ["n,,m=x,n=alice,r=abc", "n,,n=alice,m=x,r=abc", "n,,n=alice,r=abc,m=x", "n,,m=,n=alice,r=a"]
    {
        assert_eq!(first(Mechanism::ScramSha256, message), Failure::UnsupportedExtension, "{message:?}");
    }
    let with = |last: String| last.replace(",p=", ",m=x,p=");
    assert_eq!(last(&alice(), Mechanism::ScramSha256, with), Err(Failure::UnsupportedExtension));
}

#[test]
fn channel_binding_that_was_not_agreed_on() {
    // The client could bind and was made believe that the server cannot.
    for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha1] {
        assert_eq!(first(mechanism, "y,,n=alice,r=abc"), Failure::Downgraded);
        assert_eq!(first(mechanism, "p=tls-exporter,,n=alice,r=abc"), Failure::UnsupportedBinding);
    }
    for mechanism in [Mechanism::ScramSha256Plus, Mechanism::ScramSha1Plus] {
        assert_eq!(first(mechanism, "n,,n=alice,r=abc"), Failure::MalformedRequest);
        assert_eq!(first(mechanism, "y,,n=alice,r=abc"), Failure::MalformedRequest);
        assert_eq!(first(mechanism, "p=tls-unique,,n=alice,r=abc"), Failure::UnsupportedBinding);
        assert_eq!(first(mechanism, "p=TLS-EXPORTER,,n=alice,r=abc"), Failure::UnsupportedBinding);
    }
    let offered = [Mechanism::ScramSha256Plus];
    let half = Binding { exporter: None, ..tls() };
    let mut sasl = Sasl::begin(offered[0], DOMAIN, &offered, Some(half), "nonce".to_owned());
    assert_eq!(sasl.step(b"p=tls-exporter,,n=alice,r=abc"), Err(Failure::UnsupportedBinding));
}

#[test]
fn a_client_on_another_link_than_the_server() {
    let somebody_between = [8; 32];
    let elsewhere = alice().header("p=tls-exporter,,", &somebody_between);
    let refused = Err(Failure::WrongBinding);
    assert_eq!(last(&elsewhere, Mechanism::ScramSha256Plus, |last| last), refused);
    let other_data = alice().header("p=tls-server-end-point,,", &tls().exporter.unwrap());
    assert_eq!(last(&other_data, Mechanism::ScramSha256Plus, |last| last), refused);
    // Another header than the first message had, with a proof that is right for it.
    for header in ["y,,", "n,a=alice@example.org,", "p=tls-exporter,,"] {
        let other = STANDARD.encode(header);
        let with = |last: String| last.replace("c=biws", &format!("c={other}"));
        assert_eq!(last(&alice(), Mechanism::ScramSha256, with), refused, "{header}");
    }
}

#[test]
fn last_messages_of_scram_that_are_wrong() {
    use Failure::{MalformedRequest, NotAuthorized, WrongBinding};
    type Change = fn(String) -> String;
    let cases: [(Change, Failure); 17] = [
        (|_| String::new(), MalformedRequest),
        (|_| ",p=".to_owned(), MalformedRequest),
        (|_| "\0".to_owned(), MalformedRequest),
        (|last| last.replace("c=biws,", ""), MalformedRequest),
        (|last| last.replace("c=biws", "c="), MalformedRequest),
        (|last| last.replace("c=biws", "c=%"), WrongBinding),
        (|last| last.replace("c=biws", "c=biws,c=biws"), MalformedRequest),
        (|last| last.replace(",r=", ",x="), MalformedRequest),
        (|last| last.replace(",r=", ",r=x"), NotAuthorized),
        (|last| last.replace(",p=", "x,p="), NotAuthorized),
        (|last| last.replace("r=rOpr", "r=ROpr"), NotAuthorized),
        (|last| last.replace(",p=", ",p=AAAA"), NotAuthorized),
        (|last| last.replace(",p=", ",p=AAAA,p="), MalformedRequest),
        (|last| last.replace(",p=", ",p=%"), MalformedRequest),
        (|last| last.split(",p=").next().unwrap().to_owned(), MalformedRequest),
        (|last| format!("{},p=", last.split(",p=").next().unwrap()), NotAuthorized),
        (|last| last + ",z=1", MalformedRequest),
    ];
    for (at, (change, why)) in cases.into_iter().enumerate() {
        assert_eq!(last(&alice(), Mechanism::ScramSha256, change), Err(why), "case {at}");
    }
    assert!(last(&alice(), Mechanism::ScramSha256, |last| last).is_ok());
}

#[test]
fn a_proof_with_one_wrong_bit() {
    for bit in 0..256 {
        let flipped = last(&alice(), Mechanism::ScramSha256, |last| {
            let (unproved, proof) = last.rsplit_once(",p=").unwrap();
            let mut proof = STANDARD.decode(proof).unwrap();
            proof[bit / 8] ^= 1 << (bit % 8);
            format!("{unproved},p={}", STANDARD.encode(proof))
        });
        assert_eq!(flipped, Err(Failure::NotAuthorized));
    }
}

#[test]
fn a_proof_that_goes_on_after_its_end() {
    let longer = last(&alice(), Mechanism::ScramSha256, |last| {
        let (unproved, proof) = last.rsplit_once(",p=").unwrap();
        let proof = [STANDARD.decode(proof).unwrap(), vec![0]].concat();
        format!("{unproved},p={}", STANDARD.encode(proof))
    });
    assert_eq!(longer, Err(Failure::NotAuthorized));
}

#[test]
fn a_wrong_nonce_with_a_proof_that_is_right_for_it() {
    let mut client = alice();
    assert!(last(&client, Mechanism::ScramSha256, |last| last).is_ok());
    client.wrong = "x";
    assert_eq!(last(&client, Mechanism::ScramSha256, |last| last), Err(Failure::NotAuthorized));
}

#[test]
fn a_wrong_password() {
    let client = Client::new(Hash::Sha256, "alice", "open sesamf");
    assert_eq!(last(&client, Mechanism::ScramSha256, |last| last), Err(Failure::NotAuthorized));
}

#[test]
fn nobody_acts_as_somebody_else() {
    for authzid in [
        "bob@example.org",
        "alice@other.org",
        "alice@example.org/phone",
        "alice",
        "example.org",
        "@example.org",
        "al ice@example.org",
        "alice@guest.example.org",
    ] {
        let scram = format!("n,a={authzid},n=alice,r=abc");
        assert_eq!(first(Mechanism::ScramSha256, scram), Failure::InvalidAuthzid, "{authzid}");
        let plain = format!("{authzid}\0alice\0x");
        assert_eq!(first(Mechanism::Plain, plain), Failure::InvalidAuthzid, "{authzid}");
    }
    for authzid in ["alice@other.org", "alice@example.org/phone", "alice", "example.org"] {
        let token = format!("n,a={authzid},\x01auth=Bearer abc\x01\x01");
        assert_eq!(first(Mechanism::OAuthBearer, token), Failure::InvalidAuthzid, "{authzid}");
    }
    // A name that is no localpart is nobody's address.
    assert_eq!(first(Mechanism::Plain, "a b@example.org\0a b\0x"), Failure::InvalidAuthzid);
}

#[test]
fn passwords_in_clear_that_are_malformed() {
    for message in
        ["", "\0", "\0alice", "alice\0x", "\0\0x", "alice@example.org\0\0x", "\0alice\0x\0", "\0alice\0x\0y"]
    {
        assert_eq!(first(Mechanism::Plain, message), Failure::MalformedRequest, "{message:?}");
    }
    assert_eq!(first(Mechanism::Plain, b"\0al\xffce\0x"), Failure::MalformedRequest);
    assert_eq!(first(Mechanism::Plain, "\0alice\0"), Failure::NotAuthorized);
    let huge = format!("\0alice\0{}", "x".repeat(MAX_RESPONSE_BYTES));
    assert_eq!(first(Mechanism::Plain, huge), Failure::MalformedRequest);
}

#[test]
fn names_that_cannot_be_prepared() {
    let long = "x".repeat(1024);
    for name in ["\u{7}", "\u{ad}", "\u{627}1", "\u{e000}", &long] {
        assert_eq!(first(Mechanism::Plain, format!("\0{name}\0x")), Failure::NotAuthorized, "{name:?}");
        let scram = format!("n,,n={name},r=abc");
        assert_eq!(first(Mechanism::ScramSha1, scram), Failure::NotAuthorized, "{name:?}");
    }
}

#[test]
fn tokens_that_are_malformed() {
    let many: String = (b'a'..=b'q').map(|key| format!("{}=1\x01", char::from(key))).collect();
    let many = format!("n,,\x01{many}\x01");
    for message in [
        "",
        "\x01",
        "n,,",
        "n,,\x01",
        "n,,auth=Bearer abc\x01\x01",
        "n,,\x01auth=Bearer abc",
        "n,,\x01auth=Bearer abc\x01",
        "n,,\x01auth=Bearer abc\x01\x01\x01",
        "n,,\x01\x01auth=Bearer abc\x01\x01",
        "n,,\x01auth\x01\x01",
        "n,,\x01=x\x01\x01",
        "n,,\x01a1=x\x01\x01",
        "n,,\x01auth=Bearer abc\x01auth=Bearer abc\x01\x01",
        "n,,\x01host=a\x01host=b\x01\x01",
        "n,,\x01host=\0\x01\x01",
        "n,,\x01host=\u{e9}\x01\x01",
        "x,,\x01auth=Bearer abc\x01\x01",
        &many,
    ] {
        assert_eq!(first(Mechanism::OAuthBearer, message), Failure::MalformedRequest, "{message:?}");
    }
    let bound = "p=tls-exporter,,\x01auth=Bearer abc\x01\x01";
    assert_eq!(first(Mechanism::OAuthBearer, bound), Failure::UnsupportedBinding);
}

#[test]
fn traces_that_are_no_text() {
    assert!(begin(Mechanism::Anonymous).step("\u{e9}".repeat(255).as_bytes()).is_ok());
    let long = "x".repeat(256);
    for trace in ["a\0b", "a\nb", "\u{7f}", "\u{85}", "\u{e000}", "\u{202e}x", "\u{5d0}x", "\u{fffd}", &long]
    {
        assert_eq!(first(Mechanism::Anonymous, trace), Failure::MalformedRequest, "{trace:?}");
    }
    assert_eq!(first(Mechanism::Anonymous, b"\xff"), Failure::MalformedRequest);
}

#[test]
fn messages_and_answers_out_of_turn() {
    let mut sasl = begin(Mechanism::Plain);
    assert!(sasl.step(b"\0alice\0x").is_ok());
    assert_eq!(sasl.step(b"\0alice\0x"), Err(Failure::MalformedRequest), "the answer is due");
    assert_eq!(sasl.answer(Known::Yes), Err(Failure::TemporaryAuthFailure), "it is over");

    assert_eq!(begin(Mechanism::Plain).answer(Known::Yes), Err(Failure::TemporaryAuthFailure));
    for wrong in [Known::Yes, Known::No, Known::Unavailable] {
        let mut sasl = begin(Mechanism::ScramSha256);
        assert!(sasl.step(b"n,,n=alice,r=abc").is_ok());
        assert_eq!(sasl.answer(wrong), Err(Failure::TemporaryAuthFailure));
    }
    for (mechanism, message) in
        [(Mechanism::Plain, "\0alice\0x"), (Mechanism::OAuthBearer, "n,,\x01auth=Bearer abc\x01\x01")]
    {
        for wrong in [Known::Verifier(None), Known::Unavailable] {
            let mut sasl = begin(mechanism);
            assert!(sasl.step(message.as_bytes()).is_ok());
            assert_eq!(sasl.answer(wrong), Err(Failure::TemporaryAuthFailure));
        }
    }
}

#[test]
fn verifiers_and_nonces_that_cannot_be() {
    let good = client::verifier(Hash::Sha256, "x", b"salt", 1);
    let spoil = |spoil: fn(&mut Verifier)| {
        let mut verifier = good.clone();
        spoil(&mut verifier);
        verifier
    };
    for verifier in [
        spoil(|verifier| verifier.salt.clear()),
        spoil(|verifier| verifier.iterations = 0),
        spoil(|verifier| verifier.stored_key.truncate(20)),
        spoil(|verifier| verifier.server_key.clear()),
        client::verifier(Hash::Sha1, "x", b"salt", 1),
    ] {
        let mut sasl = begin(Mechanism::ScramSha256);
        assert!(sasl.step(b"n,,n=alice,r=abc").is_ok());
        assert_eq!(sasl.answer(Known::Verifier(Some(verifier))), Err(Failure::TemporaryAuthFailure));
    }
    for nonce in ["", "a,b", "a b", "\u{e9}"] {
        let mut sasl = begin_in_clear(Mechanism::ScramSha256, nonce);
        assert!(sasl.step(b"n,,n=alice,r=abc").is_ok());
        assert_eq!(sasl.answer(Known::Verifier(Some(good.clone()))), Err(Failure::TemporaryAuthFailure));
    }
}

#[test]
fn base64_is_strict() {
    assert_eq!(decode("=").as_deref(), Ok(&Vec::new()));
    assert_eq!(decode("").as_deref(), Ok(&Vec::new()));
    assert_eq!(decode("AGFsaWNlAHg=").as_deref(), Ok(&b"\0alice\0x".to_vec()));
    for text in
        ["==", "A", "AGFsaWNlAHg", "AGFs aWNl", "AGFsaWNlAHg=\n", "AGFsaWNlAHh=", "AGFsaWNl\u{e9}", "_-=="]
    {
        assert_eq!(decode(text), Err(Failure::IncorrectEncoding), "{text:?}");
    }
    assert_eq!(encode(b""), "=");
    assert_eq!(encode(b"\0alice\0x"), "AGFsaWNlAHg=");
}
