//! PLAIN (RFC 4616): `[authzid] NUL authcid NUL password`.

use super::Failure;
use super::identity::{check_authzid, user_name};

/// Reads the one message there is: the prepared user name and the password as it was sent.
pub(super) fn read(message: &[u8], domain: &str) -> Result<(String, String), Failure> {
    let message = std::str::from_utf8(message).map_err(|_| Failure::MalformedRequest)?;
    let mut parts = message.split('\0');
    let (Some(authzid), Some(authcid), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Failure::MalformedRequest);
    };
    if authcid.is_empty() {
        return Err(Failure::MalformedRequest);
    }
    if password.is_empty() {
        return Err(Failure::NotAuthorized);
    }
    let user = user_name(authcid)?;
    check_authzid((!authzid.is_empty()).then_some(authzid), &user, domain)?;
    Ok((user, password.to_owned()))
}
