//! The doorman: whom he admits, whom he issues tokens to, and what he never prints.

mod by_hand;

use std::sync::Arc;

use hubbub_auth::{Admit, Credentials, Denied, Doorman, KeyError, Revoked, TokenKeys, Verdict};
use hubbub_hub::{Identity, IdentityKind};

use by_hand::*;

#[test]
fn tokens_of_our_own_are_accounts() {
    let doorman = doorman_with(&keys());
    let ann = doorman.account_in(r"ann\20lee", "Ann Lee");
    let (token, exp) = doorman.issue(&ann, 600, NOW_S * 1000 + 999).unwrap();
    assert_eq!(exp, NOW_S + 600);
    let back = admit_at(&doorman, &token, NOW_S * 1000).unwrap();
    assert_eq!(back, Identity { expires_unix_ms: Some(exp * 1000), ..(*ann).clone() });
    assert_eq!(back.kind, IdentityKind::Account);
    assert_eq!(admit_at(&doorman, &token, exp * 1000), Err(Denied::Expired));
    let again = doorman.issue(&back, 9999, (NOW_S + 60) * 1000).unwrap();
    assert_eq!(again.1, exp, "a token does not prolong itself");
}

#[test]
fn tokens_of_a_removed_account_are_nobody_s() {
    let revoked = Arc::new(Revoked::default());
    let doorman = doorman_with(&keys()).with_revoked(revoked.clone());
    let (hers, bob) = (doorman.account_in("ann", "Ann"), doorman.account_in("bob", "Bob"));
    let at_ms = |s: u64| (NOW_S + s) * 1000;
    let token = |who, s| doorman.issue(who, 600, at_ms(s)).unwrap().0;
    let (before, of_bob) = (token(&hers, 0), token(&bob, 0));
    let of_others = hs256(&ann(""));
    revoked.note("ann", NOW_S + 5);
    revoked.note("ann", NOW_S + 4);
    assert_eq!(admit_at(&doorman, &before, at_ms(5)), Err(Denied::Removed));
    assert!(admit_at(&doorman, &of_bob, at_ms(5)).is_ok());
    assert!(admit_at(&doorman, &of_others, at_ms(5)).is_ok(), "others vouch for her still");
    // The next of that name has tokens of her own, in the same second already.
    assert!(admit_at(&doorman, &token(&hers, 5), at_ms(5)).is_ok());
    assert!(admit_at(&doorman, &token(&hers, 9), at_ms(9)).is_ok());
}

#[test]
fn tokens_of_our_own_cannot_be_forged() {
    let doorman = doorman_with(&keys());
    let header = r#"{"alg":"HS256","typ":"hubbub-account+jwt"}"#;
    let claims =
        format!(r#"{{"iss":"example.org","sub":"ann@example.org","name":"Ann","exp":{}}}"#, NOW_S + 60);
    let at = |token: &str| admit_at(&doorman, token, NOW_S * 1000).map(|identity| identity.kind);
    assert_eq!(at(&hs256_as(header, &claims, &OWN)), Ok(IdentityKind::Account));
    assert_eq!(at(&hs256_as(header, &claims, SECRET)), Err(Denied::Signature));
    assert_eq!(at(&hs256_as(r#"{"alg":"HS256"}"#, &claims, &OWN)), Err(Denied::Signature));
    assert_eq!(
        at(&hs256_as(header, &claims.replace("\"iss\":\"example.org\"", "\"iss\":\"x\""), &OWN)),
        Err(Denied::Issuer)
    );
    let elsewhere = Doorman::new("other.org", None, EVERYBODY, &keys(), Some(OWN)).unwrap();
    assert_eq!(admit_at(&elsewhere, &hs256_as(header, &claims, &OWN), NOW_S * 1000), Err(Denied::Issuer));
    let keyless = Doorman::new("example.org", None, EVERYBODY, &keys(), None).unwrap();
    assert_eq!(admit_at(&keyless, &hs256_as(header, &claims, &OWN), NOW_S * 1000), Err(Denied::Algorithm));
}

#[test]
fn only_accounts_are_issued_tokens() {
    let doorman = doorman_with(&keys());
    let token = admit(&hs256(&ann(""))).unwrap();
    assert_eq!(doorman.issue(&token, 60, 0), None);
    let guest = doorman.admit(Credentials::Nobody { name: None }, 0, &mut fastrand::Rng::with_seed(1));
    let Verdict::In(guest) = guest else { panic!("{guest:?}") };
    assert_eq!(doorman.issue(&guest, 60, 0), None);
    let keyless = Doorman::new("example.org", None, EVERYBODY, &keys(), None).unwrap();
    assert_eq!(keyless.issue(&keyless.account_in("ann", "Ann"), 60, 0), None);
}

#[test]
fn who_is_not_admitted_stays_out() {
    let nobody = Admit { guests: false, accounts: false, tokens: false };
    let doorman = |admit| Doorman::new("example.org", None, admit, &keys(), Some(OWN)).unwrap();
    let own =
        doorman(EVERYBODY).issue(&doorman(EVERYBODY).account_in("ann", "Ann"), 60, NOW_S * 1000).unwrap().0;
    let token = hs256(&ann(""));
    let said =
        |admit, token: &str| admit_at(&doorman(admit), token, NOW_S * 1000).map(|identity| identity.kind);
    assert_eq!(said(nobody, &token), Err(Denied::Tokens));
    assert_eq!(said(Admit { accounts: true, ..nobody }, &token), Err(Denied::Tokens));
    assert_eq!(said(Admit { accounts: true, ..nobody }, &own), Ok(IdentityKind::Account));
    assert_eq!(said(Admit { tokens: true, ..nobody }, &own), Err(Denied::Accounts));
    assert_eq!(said(Admit { tokens: true, ..nobody }, &token), Ok(IdentityKind::Token));
    let mut rng = fastrand::Rng::with_seed(1);
    let guest = doorman(nobody).admit(Credentials::Nobody { name: None }, 0, &mut rng);
    assert_eq!(guest, Verdict::Out(Denied::Guests));
    let password = Credentials::Password { user: "ann".to_owned(), password: "x".to_owned() };
    assert_eq!(doorman(nobody).admit(password, 0, &mut rng), Verdict::Out(Denied::Accounts));
}

#[test]
fn passwords_go_to_the_store_with_a_prepared_name() {
    let doorman = doorman_with(&keys());
    let ask = |user: &str| {
        let credentials = Credentials::Password { user: user.to_owned(), password: "pw".to_owned() };
        doorman.admit(credentials, 0, &mut fastrand::Rng::with_seed(1))
    };
    let check = |user: &str| Verdict::CheckPassword { user: user.to_owned(), password: "pw".to_owned() };
    assert_eq!(ask("Alice"), check("alice"));
    assert_eq!(ask("alice@Example.ORG"), check("alice"));
    for user in ["", "alice@other.org", "a\u{7}", "@example.org"] {
        assert_eq!(ask(user), Verdict::Out(Denied::WrongPassword), "{user:?}");
    }
}

#[test]
fn keys_that_cannot_be() {
    let new =
        |keys: &TokenKeys| Doorman::new("example.org", None, EVERYBODY, keys, None).map(drop).unwrap_err();
    let secret = |bytes: &[u8]| TokenKeys { hmac: Some(bytes.to_vec()), ..TokenKeys::default() };
    let public = |pem: Vec<u8>| TokenKeys { ed25519_public_pem: Some(pem), ..TokenKeys::default() };
    assert_eq!(new(&secret(&[0; 31])), KeyError::ShortSecret(31));
    assert_eq!(new(&public(b"nonsense".to_vec())), KeyError::NotEd25519);
    assert_eq!(new(&public(pem(&[0; 31]))), KeyError::NotEd25519);
    for host in ["", "a@b", "a b", "a/b"] {
        let error = Doorman::new(host, None, EVERYBODY, &keys(), None).map(drop).unwrap_err();
        assert_eq!(error, KeyError::Host(host.to_owned()));
    }
}

#[test]
fn nothing_prints_a_secret() {
    let password = Credentials::Password { user: "ann".to_owned(), password: "hunter2".to_owned() };
    let token = Credentials::Bearer("hunter2".to_owned());
    let check = Verdict::CheckPassword { user: "ann".to_owned(), password: "hunter2".to_owned() };
    let hmac =
        TokenKeys { hmac: Some(b"hunter2 hunter2 hunter2 hunter2 hunter2".to_vec()), ..TokenKeys::default() };
    let doorman = doorman_with(&hmac);
    let printed = format!("{password:?} {token:?} {check:?} {hmac:?} {doorman:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("104, 117"), "{printed}");
    assert!(printed.contains("ann"));
}
