//! How a peer that comes back shows that an id is its own.

use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{SHA256, digest};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use hubbub_hub::{Identity, UserAddress};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What an id is kept with.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    /// A token that the client made up: the hash of it, so that all are of one size and none can be read from memory.
    Token([u8; 32]),
    /// Whoever the client was let in as, by a token of the server's: that may be renewed meanwhile.
    User(UserAddress),
}

impl Proof {
    /// What `token` proves, of somebody who was let in as `who`.
    pub(super) fn of(token: &str, who: &Identity) -> Self {
        if is_jwt(token) {
            return Self::User(who.user.clone());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self::Token(hash)
    }

    /// Whether both are the same. Of tokens it takes as long whatever the difference is.
    pub(super) fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(one), Self::Token(other)) => {
                constant_time::verify_slices_are_equal(one, other).is_ok()
            }
            (Self::User(one), Self::User(other)) => one == other,
            _ => false,
        }
    }
}

/// Whether a token is meant to say who somebody is: a JWT (RFC 7519 §3) has three parts, and its header names an algorithm. Those that
/// clients make up (`Math.random().toString(36).slice(2)`) do not.
pub(super) fn is_jwt(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "alg")]
        _alg: IgnoredAny,
    }
    let mut parts = token.split('.');
    let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).ok();
    header.is_some_and(|json| serde_json::from_slice::<Header>(&json).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_ours_and_tokens_that_are_made_up() {
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        assert!(is_jwt(&format!("{header}.e30.x")));
        let object = BASE64_URL_SAFE_NO_PAD.encode("{}");
        for token in
            ["", "k2j3h4kj2h3", "a.b.c", "..", &header, &format!("{header}.a"), &format!("{object}.a.b")]
        {
            assert!(!is_jwt(token), "{token}");
        }
        assert!(!is_jwt(&format!("{header}.a.b.c")));
    }

    #[test]
    fn what_matches() {
        let who = Identity::server("example.org");
        let token = |text: &str| Proof::of(text, &who);
        let jwt = format!("{}.e30.x", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#));
        assert!(token("abc").matches(&token("abc")) && !token("abc").matches(&token("abd")));
        assert!(!token("abc").matches(&token("")) && !token(&jwt).matches(&token("abc")));
        assert!(token(&jwt).matches(&token(&format!("{jwt}2"))), "the same person with a newer one");
        let other = Identity::server("example.com");
        assert!(!token(&jwt).matches(&Proof::of(&jwt, &other)));
    }
}
