//! What must not be learned: whether there is such a user, and what was sent.

use super::*;

const SECRET: [u8; 32] = [42; 32];

/// The salt and the rounds that are told to `user`.
fn told(user: &str, mechanism: Mechanism, decoy: Option<Decoy>) -> String {
    let mut sasl = begin(mechanism);
    if let Some(decoy) = decoy {
        sasl = sasl.with_decoy(Arc::new(decoy));
    }
    assert!(sasl.step(format!("n,,n={user},r=abc").as_bytes()).is_ok());
    let challenge = challenge(sasl.answer(Known::Verifier(None)));
    let (nonce, told) = challenge.split_once(',').unwrap();
    assert_eq!(nonce, "r=abc%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    told.to_owned()
}

#[test]
fn nobody_has_a_salt_like_anybody_and_always_the_same() {
    let salt = |user, mechanism| told(user, mechanism, Some(Decoy::new(&SECRET, 12_345)));
    let nobody = salt("nobody", Mechanism::ScramSha256);
    let (bytes, rounds) = nobody.split_once(',').unwrap();
    assert_eq!(STANDARD.decode(bytes.strip_prefix("s=").unwrap()).map(|salt| salt.len()), Ok(16));
    assert_eq!(rounds, "i=12345");
    assert_eq!(salt("nobody", Mechanism::ScramSha256), nobody);
    // All spellings of a name are one account, so they have one salt; each hash has its own.
    assert_eq!(salt("NoBody", Mechanism::ScramSha256), nobody);
    assert_ne!(salt("nobody", Mechanism::ScramSha1), nobody);
    assert_ne!(salt("anybody", Mechanism::ScramSha256), nobody);
    assert_ne!(told("nobody", Mechanism::ScramSha256, Some(Decoy::new(&[43; 32], 12_345))), nobody);
    assert_eq!(salt("no body", Mechanism::ScramSha256), salt("no body", Mechanism::ScramSha256));
}

#[test]
fn without_a_secret_the_salt_is_as_old_as_the_process() {
    let nobody = told("nobody", Mechanism::ScramSha1, None);
    assert_eq!(told("nobody", Mechanism::ScramSha1, None), nobody);
    assert!(nobody.ends_with(&format!(",i={DEFAULT_ITERATIONS}")));
    assert_ne!(told("anybody", Mechanism::ScramSha1, None), nobody);
}

#[test]
fn nobody_gets_in_whatever_the_password() {
    for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha1] {
        let client = Client::new(mechanism.hash().unwrap(), "nobody", "x");
        let mut sasl = begin(mechanism).with_decoy(Arc::new(Decoy::new(&SECRET, 2)));
        assert!(sasl.step(client.first().as_bytes()).is_ok());
        let (last, _) = client.last(&challenge(sasl.answer(Known::Verifier(None))));
        assert_eq!(sasl.step(last.as_bytes()), Err(Failure::NotAuthorized));
    }
}

/// Even a proof that is right for the made-up verifier.
#[test]
fn nobody_gets_in_with_the_keys_of_the_decoy_either() {
    let client = Client::new(Hash::Sha256, "nobody", "open sesame");
    let mut sasl = begin(Mechanism::ScramSha256);
    assert!(sasl.step(client.first().as_bytes()).is_ok());
    let verifier = client::verifier(Hash::Sha256, "open sesame", b"salt", 1);
    let State::Asked(Asked::Verifier(opening)) = mem::replace(&mut sasl.state, State::Over) else {
        panic!("it asks");
    };
    let exchange = opening.challenge(verifier, false, "nonce");
    let (last, _) = client.last(&exchange.challenge);
    assert_eq!(exchange.finish(last.as_bytes()), Err(Failure::NotAuthorized));
}

#[test]
fn nothing_secret_is_shown() {
    let secrets = ["open sesame", "abcdefgh", "[7, 7", "certificate", "42, 42"];
    let mut shown = vec![format!("{:?}", tls()), format!("{:?}", Decoy::new(&SECRET, 1))];
    let verifier = client::verifier(Hash::Sha256, "open sesame", b"abcdefgh", 1);
    let numbers = format!("{:?}", verifier.stored_key);
    shown.push(format!("{:?}", Known::Verifier(Some(verifier))));
    for (mechanism, message) in [
        (Mechanism::Plain, "\0alice\0open sesame"),
        (Mechanism::OAuthBearer, "n,,\x01auth=Bearer abcdefgh\x01\x01"),
        (Mechanism::ScramSha256, "n,,n=alice,r=abcdefgh"),
    ] {
        let mut sasl = begin(mechanism);
        shown.push(format!("{sasl:?}"));
        shown.push(format!("{:?}", sasl.step(message.as_bytes())));
        shown.push(format!("{sasl:?}"));
        shown.push(format!("{:?}", sasl.answer(Known::Verifier(None))));
        shown.push(format!("{sasl:?}"));
    }
    for text in &shown {
        let found = secrets.into_iter().chain([&numbers[1..9]]).find(|secret| text.contains(secret));
        assert_eq!(found, None, "{text}");
    }
    assert!(shown.contains(&"Sasl(SCRAM-SHA-256, waiting for a proof)".to_owned()));
    assert!(shown.contains(&"Ok(Password(\"alice\"))".to_owned()));
}

#[test]
fn conditions_are_those_of_rfc_6120() {
    let all = [
        (Failure::Aborted, "aborted"),
        (Failure::AccountDisabled, "account-disabled"),
        (Failure::CredentialsExpired, "credentials-expired"),
        (Failure::EncryptionRequired, "encryption-required"),
        (Failure::IncorrectEncoding, "incorrect-encoding"),
        (Failure::InvalidAuthzid, "invalid-authzid"),
        (Failure::InvalidMechanism, "invalid-mechanism"),
        (Failure::MalformedRequest, "malformed-request"),
        (Failure::MechanismTooWeak, "mechanism-too-weak"),
        (Failure::NotAuthorized, "not-authorized"),
        (Failure::TemporaryAuthFailure, "temporary-auth-failure"),
        (Failure::Downgraded, "not-authorized"),
        (Failure::UnsupportedBinding, "not-authorized"),
        (Failure::WrongBinding, "not-authorized"),
        (Failure::UnsupportedExtension, "malformed-request"),
    ];
    for (failure, condition) in all {
        assert_eq!(failure.condition(), condition);
        assert!(!failure.text().is_empty());
    }
}
