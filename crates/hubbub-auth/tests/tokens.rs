//! Good and bad tokens of others.

mod by_hand;

use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hubbub_auth::{Credentials, Denied, Doorman, TokenKeys, Verdict};
use hubbub_hub::address::NameError;
use hubbub_hub::{IdentityKind, Right, RoomName};
use proptest::prelude::*;

use by_hand::*;

#[test]
fn good_tokens_by_both_algorithms() {
    for token in [hs256(&ann(r#","name":"Ann Example""#)), eddsa(&ann(r#","name":"Ann Example""#))] {
        let ann = admit(&token).unwrap();
        assert_eq!(ann.user.as_str(), "ann@example.org");
        assert_eq!((&*ann.name, ann.kind, ann.named), ("Ann Example", IdentityKind::Token, true));
        assert_eq!(ann.expires_unix_ms, Some((NOW_S + 3600) * 1000));
        assert_eq!(ann.grants, None);
    }
}

#[test]
fn subjects_are_prepared() {
    let user = |sub: &str| admit(&hs256(&format!(r#"{{"sub":"{sub}","exp":{}}}"#, NOW_S + 9)));
    let address =
        |sub| user(sub).map(|identity| (identity.user.as_str().to_owned(), identity.name.to_string()));
    let both = |user: &str, name: &str| Ok((user.to_owned(), name.to_owned()));
    assert_eq!(address("Ann"), both("ann@example.org", "Ann"));
    assert_eq!(address("ann@EXAMPLE.org"), both("ann@example.org", "ann"));
    assert_eq!(address("Ann Lee"), both(r"ann\20lee@example.org", "Ann Lee"));
    assert_eq!(address("ann@guest.example.org"), Err(Denied::Subject(NameError::Remote)));
    assert_eq!(address("ann@other.org"), Err(Denied::Subject(NameError::Remote)));
    assert_eq!(address(""), Err(Denied::Subject(NameError::Empty)));
    assert_eq!(address("@example.org"), Err(Denied::Subject(NameError::Empty)));
    assert_eq!(address(r"a\u0007b"), Err(Denied::Subject(NameError::Forbidden)));
}

#[test]
fn claims_that_are_missing_or_wrong() {
    let exp = NOW_S + 60;
    let said = |claims: &str| admit(&hs256(claims)).unwrap_err();
    assert_eq!(said(&format!(r#"{{"exp":{exp}}}"#)), Denied::Missing("subject (sub)"));
    assert_eq!(said(&format!(r#"{{"sub":null,"exp":{exp}}}"#)), Denied::Missing("subject (sub)"));
    assert_eq!(said(r#"{"sub":"ann"}"#), Denied::Missing("expiry (exp)"));
    assert_eq!(said(r#"{"sub":"ann","exp":null}"#), Denied::Missing("expiry (exp)"));
    for claims in [
        r#"{"sub":"ann","exp":"tomorrow"}"#.to_owned(),
        format!(r#"{{"sub":["ann"],"exp":{exp}}}"#),
        format!(r#"{{"sub":"ann","sub":"bob","exp":{exp}}}"#),
        format!(r#"{{"sub":"ann","exp":1,"exp":{exp}}}"#),
        ann(r#","name":7"#),
        ann(r#","aud":{}"#),
        ann(r#","rooms":["lobby"]"#),
        ann(r#","rooms":{"lobby":"read"}"#),
        ann(r#","rooms":{"lobby":["fly"]}"#),
        ann(r#","rooms":{"":["read"]}"#),
        ann(r#","rooms":{"lobby":["read"],"Lobby":["publish"]}"#),
        ann(r#","name":"a\u0000b""#),
        ann(&format!(r#","name":"{}""#, "x".repeat(65))),
        "[]".to_owned(),
        "not json".to_owned(),
        String::new(),
    ] {
        assert!(matches!(said(&claims), Denied::Claims(_)), "{claims}: {:?}", said(&claims));
    }
    assert!(said(&ann(r#","rooms":{"lobby":["fly"]}"#)).to_string().contains(r#""fly" is not a right"#));
}

#[test]
fn time_by_rfc_7519() {
    let leeway = doorman_with(&TokenKeys { leeway_s: 5, ..keys() });
    let exact = doorman_with(&keys());
    let token = hs256(r#"{"sub":"ann","nbf":1000,"exp":2000}"#);
    let at = |doorman: &Doorman, ms| admit_at(doorman, &token, ms).map(|identity| identity.expires_unix_ms);
    assert_eq!(at(&exact, 999_999), Err(Denied::NotYet));
    assert_eq!(at(&exact, 1_000_000), Ok(Some(2_000_000)));
    assert_eq!(at(&exact, 1_999_999), Ok(Some(2_000_000)));
    assert_eq!(at(&exact, 2_000_000), Err(Denied::Expired));
    assert_eq!(at(&leeway, 994_999), Err(Denied::NotYet));
    assert_eq!(at(&leeway, 995_000), Ok(Some(2_005_000)));
    assert_eq!(at(&leeway, 2_004_999), Ok(Some(2_005_000)));
    assert_eq!(at(&leeway, 2_005_000), Err(Denied::Expired));
}

#[test]
fn dates_with_fractions_and_odd_ones() {
    let ends = |exp: &str| {
        admit_at(&doorman_with(&keys()), &hs256(&format!(r#"{{"sub":"ann","exp":{exp}}}"#)), 1_000)
    };
    assert_eq!(ends("1.5").unwrap().expires_unix_ms, Some(1_500));
    assert_eq!(ends("1.0"), Err(Denied::Expired));
    assert_eq!(ends("1e300").unwrap().expires_unix_ms, Some(u64::MAX));
    assert_eq!(ends("18446744073709551615").unwrap().expires_unix_ms, Some(u64::MAX));
    assert_eq!(ends("-1"), Err(Denied::Expired));
    assert_eq!(ends("-0.5"), Err(Denied::Expired));
    assert!(matches!(ends("1e999"), Err(Denied::Claims(_))));
}

#[test]
fn issuer_and_audience() {
    let strict =
        TokenKeys { issuer: Some("https://id".to_owned()), audience: Some("chat".to_owned()), ..keys() };
    let said = |keys: &TokenKeys, more: &str| {
        admit_at(&doorman_with(keys), &hs256(&ann(more)), NOW_S * 1000)
            .map(|identity| identity.user.local().to_owned())
    };
    let ann = || Ok("ann".to_owned());
    assert_eq!(said(&strict, r#","iss":"https://id","aud":"chat""#), ann());
    assert_eq!(said(&strict, r#","iss":"https://id","aud":["mail","chat"]"#), ann());
    assert_eq!(said(&strict, r#","aud":"chat""#), Err(Denied::Issuer));
    assert_eq!(said(&strict, r#","iss":"https://other","aud":"chat""#), Err(Denied::Issuer));
    assert_eq!(said(&strict, r#","iss":"https://id""#), Err(Denied::Audience));
    assert_eq!(said(&strict, r#","iss":"https://id","aud":["mail"]"#), Err(Denied::Audience));
    assert_eq!(said(&strict, r#","iss":"https://id","aud":[]"#), Err(Denied::Audience));
    assert_eq!(said(&keys(), r#","iss":"anybody""#), ann());
    assert_eq!(said(&keys(), r#","aud":"example.org""#), ann());
    assert_eq!(said(&keys(), r#","aud":"mail""#), Err(Denied::Audience));
}

#[test]
fn grants_are_what_the_token_says() {
    let ann =
        admit(&hs256(&ann(r#","rooms":{"Lobby":["read","publish"],"game-*":["join"],"quiet":[]}"#))).unwrap();
    let grants = ann.grants.unwrap();
    let may = |room, right| grants.allow(&RoomName::parse(room).unwrap(), right);
    assert!(may("lobby", Right::Publish) && may("lobby", Right::Read) && may("lobby", Right::Join));
    assert!(may("game-7", Right::Join) && !may("game-7", Right::Read));
    assert!(!may("quiet", Right::Read) && !may("elsewhere", Right::Read));
    let nothing = admit(&hs256(&self::ann(r#","rooms":{}"#))).unwrap();
    assert!(!nothing.grants.unwrap().allow(&RoomName::parse("lobby").unwrap(), Right::Read));
}

#[test]
fn signatures_that_prove_nothing() {
    let claims = ann("");
    let good = hs256(&claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = eddsa(&claims).rsplit_once('.').unwrap().1.to_owned();
    let altered =
        format!("{}.{}.{signature}", message.split_once('.').unwrap().0, b64(ann(r#","name":"Eve""#)));
    let wrong = [
        hs256_as(r#"{"alg":"HS256"}"#, &claims, b"another secret of at least thirty-two bytes"),
        hs256_as(r#"{"alg":"HS256"}"#, &claims, &OWN),
        hs256_as(r#"{"alg":"EdDSA"}"#, &claims, SECRET),
        format!("{message}.{other}"),
        format!("{message}."),
        altered,
    ];
    for token in wrong {
        assert_eq!(admit(&token), Err(Denied::Signature), "{token}");
    }
}

#[test]
fn the_token_never_chooses_the_algorithm() {
    let claims = ann("");
    let public = ed25519().public_key().as_ref().to_vec();
    let only_ed25519 = doorman_with(&TokenKeys { hmac: None, ..keys() });
    for secret in [pem(&public), public] {
        let confused = hs256_as(r#"{"alg":"HS256"}"#, &claims, &secret);
        assert_eq!(admit_at(&only_ed25519, &confused, 0), Err(Denied::Algorithm));
        assert_eq!(admit(&confused), Err(Denied::Signature));
    }
    for algorithm in ["HS384", "HS512", "RS256", "ES256", "PS256"] {
        let token = hs256_as(&format!(r#"{{"alg":"{algorithm}"}}"#), &claims, SECRET);
        assert_eq!(admit(&token), Err(Denied::Algorithm), "{algorithm}");
    }
    for algorithm in ["none", "None", "nOnE", "hs256", "A256KW", ""] {
        let unsigned = format!("{}.{}.", b64(format!(r#"{{"alg":"{algorithm}"}}"#)), b64(&claims));
        assert_eq!(admit(&unsigned), Err(Denied::NotAToken), "{algorithm}");
    }
}

#[test]
fn headers_that_cannot_be() {
    let claims = ann("");
    for header in
        [r"{}", r#"{"typ":"JWT"}"#, r#"{"alg":"HS256","alg":"EdDSA"}"#, r#"{"alg":7}"#, "[]", "", "x"]
    {
        assert_eq!(admit(&hs256_as(header, &claims, SECRET)), Err(Denied::NotAToken), "{header}");
    }
    for crit in [r#"["b64"]"#, "[]"] {
        let header = format!(r#"{{"alg":"HS256","crit":{crit},"b64":false}}"#);
        assert_eq!(admit(&hs256_as(&header, &claims, SECRET)), Err(Denied::Critical));
    }
}

#[test]
fn what_is_no_token() {
    let good = hs256(&ann(""));
    let padded = format!("{good}=");
    for text in ["", ".", "..", "...", "nonsense", "a.b.c.d", "!.!.!", "eyJhbGciOiJIUzI1NiJ9.e30", &padded] {
        assert_eq!(admit(text), Err(Denied::NotAToken), "{text}");
    }
    for end in 0..good.len() {
        assert!(admit(&good[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(admit(&"x".repeat(8193)), Err(Denied::LongToken));
    let long = hs256(&ann(&format!(r#","x":"{}""#, "y".repeat(6000))));
    assert!(long.len() > 8000 && long.len() <= 8192 && admit(&long).is_ok());
}

/// The signature of RFC 7515 appendix A.1 is good: what is missing in its claims is a subject, and it has expired.
#[test]
fn the_example_of_rfc_7515_appendix_a_1() {
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let hmac = Some(URL_SAFE_NO_PAD.decode(key).unwrap());
    let doorman = doorman_with(&TokenKeys { hmac, issuer: Some("joe".to_owned()), ..TokenKeys::default() });
    assert_eq!(admit_at(&doorman, token, 1_300_819_379_999), Err(Denied::Missing("subject (sub)")));
    assert_eq!(admit_at(&doorman, token, 1_300_819_380_000), Err(Denied::Expired));
    assert_eq!(admit_at(&doorman, &token.replace("dBjf", "dBjg"), 0), Err(Denied::Signature));
}

/// RFC 8037 appendix A.4 signs a text that is no JSON: only the signature can be told from it.
#[test]
fn the_example_of_rfc_8037_appendix_a_4() {
    let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let doorman = doorman_with(&TokenKeys { ed25519_public_pem: Some(pem(&public)), ..TokenKeys::default() });
    assert!(matches!(admit_at(&doorman, token, 0), Err(Denied::Claims(_))));
    assert_eq!(admit_at(&doorman, &token.replace("hgyY", "hgyZ"), 0), Err(Denied::Signature));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(token in "\\PC{0,200}", name in "\\PC{0,80}", user in "\\PC{0,80}") {
        let doorman = doorman_with(&keys());
        prop_assert!(admit(&token).is_err());
        let mut rng = fastrand::Rng::with_seed(1);
        let _ = doorman.admit(Credentials::Password { user, password: token }, 0, &mut rng);
        let guest = doorman.admit(Credentials::Nobody { name: Some(name) }, 0, &mut rng);
        if let Verdict::In(guest) = guest {
            prop_assert!(guest.user.as_str().ends_with("@guest.example.org"));
            prop_assert!(guest.kind == IdentityKind::Guest);
        }
    }

    #[test]
    fn no_signed_claims_make_it_panic(header in "\\{\"alg\":\"(HS256|EdDSA)\"(,\"\\PC{0,9}\":\\PC{0,9})?\\}", claims in "\\PC{0,100}") {
        let _ = admit(&hs256_as(&header, &claims, SECRET));
    }

    #[test]
    fn a_changed_byte_is_found(at in 0..200_usize, by in 1..255_u8) {
        let good = hs256(&ann(""));
        let at = at % good.len();
        let mut bytes = good.into_bytes();
        bytes[at] = bytes[at].wrapping_add(by);
        if let Ok(bad) = String::from_utf8(bytes) {
            prop_assert!(admit(&bad).is_err(), "{bad}");
        }
    }
}
