//! OAUTHBEARER (RFC 7628): a bearer token (RFC 6750) among key-value pairs that 0x01 separates.

use super::Failure;
use super::gs2::{self, Flag};
use super::identity::user_of_authzid;

/// The separator of pairs, and all that a client answers when it hears why it was refused (RFC 7628 §3.1, §3.2.3).
pub(super) const SEPARATOR: u8 = 1;

/// What is told of a token that is not good (RFC 7628 §3.2.2, the values are those of RFC 6750 §3.1).
pub(super) const INVALID_TOKEN: &str = r#"{"status":"invalid_token"}"#;

/// What is told where there is no token.
pub(super) const INVALID_REQUEST: &str = r#"{"status":"invalid_request"}"#;

/// A first message, read.
#[derive(PartialEq, Eq)]
pub(super) struct Message {
    /// The localpart of the one the client wants to act as.
    pub(super) user: Option<String>,
    /// The token; `None` if there is none, or one of another kind.
    pub(super) token: Option<String>,
}

/// Reads `gs2-header 0x01 *(key "=" value 0x01) 0x01`.
pub(super) fn read(message: &[u8], domain: &str) -> Result<Message, Failure> {
    let malformed = Failure::MalformedRequest;
    let message = std::str::from_utf8(message).map_err(|_| malformed)?;
    let (header, pairs) = gs2::read(message)?;
    if matches!(header.flag, Flag::Bound(_)) {
        return Err(Failure::UnsupportedBinding);
    }
    let separator = char::from(SEPARATOR);
    let pairs =
        pairs.strip_prefix(separator).and_then(|pairs| pairs.strip_suffix(separator)).ok_or(malformed)?;
    let auth = auth_value(pairs)?;
    let user = header.authzid.map(|authzid| user_of_authzid(&authzid, domain)).transpose()?;
    Ok(Message { user, token: auth.and_then(bearer_token).map(str::to_owned) })
}

/// The value of `auth` among the pairs, each of which ends with the separator. Other keys (`host`, `port`) are of no use.
fn auth_value(pairs: &str) -> Result<Option<&str>, Failure> {
    let malformed = Failure::MalformedRequest;
    let mut seen: Vec<&str> = Vec::new();
    let mut auth = None;
    for pair in pairs.split_terminator(char::from(SEPARATOR)) {
        let (key, value) = pair.split_once('=').ok_or(malformed)?;
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_value = value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
        // So many keys nobody needs, and a repeated one means two things.
        if !is_key || !is_value || seen.len() == 16 || seen.contains(&key) {
            return Err(malformed);
        }
        seen.push(key);
        auth = auth.or((key == "auth").then_some(value));
    }
    if pairs.is_empty() || pairs.ends_with(char::from(SEPARATOR)) { Ok(auth) } else { Err(malformed) }
}

/// `Bearer` and a `b64token` (RFC 6750 §2.1).
fn bearer_token(auth: &str) -> Option<&str> {
    let (scheme, token) = auth.split_once(' ')?;
    let token = token.trim_matches(' ');
    let body = token.trim_end_matches('=');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    (scheme.eq_ignore_ascii_case("bearer") && !body.is_empty() && body.bytes().all(plain)).then_some(token)
}
