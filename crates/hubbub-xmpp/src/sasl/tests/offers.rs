//! What is offered to whom, and that nothing else is accepted.

use super::*;

#[test]
fn the_best_comes_first_and_secrets_in_clear_only_under_tls() {
    use Mechanism::*;
    let all = Offer { accounts: true, guests: true, tokens: true };
    assert_eq!(mechanisms(&all, Some(&tls())), Mechanism::ALL);
    assert_eq!(mechanisms(&all, None), [ScramSha256, ScramSha1, Anonymous]);
    // TLS of which nothing is known that could be bound.
    let unbound = [ScramSha256, ScramSha1, Plain, OAuthBearer, Anonymous];
    assert_eq!(mechanisms(&all, Some(&Binding::default())), unbound);
    let only = |accounts, guests, tokens| mechanisms(&Offer { accounts, guests, tokens }, Some(&tls()));
    assert_eq!(only(false, true, false), [Anonymous]);
    assert_eq!(only(false, false, true), [OAuthBearer]);
    assert_eq!(only(true, false, false).len(), 5);
    assert_eq!(only(false, false, false), []);
    assert!(Mechanism::ALL.is_sorted());
}

#[test]
fn names_are_those_that_are_registered() {
    for mechanism in Mechanism::ALL {
        assert_eq!(Mechanism::from_name(mechanism.name()), Some(mechanism));
        assert_eq!(mechanism.name().ends_with("-PLUS"), mechanism.is_plus());
    }
    for unknown in ["", "plain", "SCRAM-SHA-512", "EXTERNAL", "DIGEST-MD5"] {
        assert_eq!(Mechanism::from_name(unknown), None);
    }
}

#[test]
fn bindings_are_told_by_their_registered_names() {
    assert_eq!(tls().types(), ["tls-exporter", "tls-server-end-point"]);
    assert_eq!(Binding { exporter: None, ..tls() }.types(), ["tls-server-end-point"]);
    assert_eq!(Binding { end_point: None, ..tls() }.types(), ["tls-exporter"]);
    assert_eq!(Binding::default().types(), [""; 0]);
}

#[test]
fn what_was_not_offered_is_not_accepted() {
    for mechanism in Mechanism::ALL {
        let why = if mechanism.needs_tls() { Failure::EncryptionRequired } else { Failure::InvalidMechanism };
        for response in [None, Some(b"\0alice\0x".as_slice()), Some(b"n,,n=alice,r=x"), Some(b"")] {
            let mut sasl = Sasl::begin(mechanism, DOMAIN, &[], None, "nonce".to_owned());
            assert_eq!(sasl.start(response), Err(why), "{mechanism:?}");
            let mut sasl = Sasl::begin(mechanism, DOMAIN, &[], Some(tls()), "nonce".to_owned());
            assert_eq!(sasl.start(response), Err(Failure::InvalidMechanism), "{mechanism:?}");
        }
    }
}
