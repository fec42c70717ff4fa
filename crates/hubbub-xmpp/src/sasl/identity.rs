//! Who a client says it is: the name it proves (authcid), and the one it wants to act as (authzid).

use super::Failure;
use crate::jid::{Jid, MAX_PART_BYTES};

/// A user name, prepared by SASLprep (RFC 4616 §2, RFC 5802 §5.1). Which account that is, is for others to say.
pub(super) fn user_name(sent: &str) -> Result<String, Failure> {
    if sent.len() > MAX_PART_BYTES {
        return Err(Failure::NotAuthorized);
    }
    let prepared = stringprep::saslprep(sent).map_err(|_| Failure::NotAuthorized)?;
    if prepared.is_empty() || prepared.len() > MAX_PART_BYTES {
        return Err(Failure::NotAuthorized);
    }
    Ok(prepared.into_owned())
}

/// A client acts as itself: if it names somebody, then by its own bare address (RFC 6120 §6.3.8).
pub(super) fn check_authzid(authzid: Option<&str>, user: &str, domain: &str) -> Result<(), Failure> {
    let Some(authzid) = authzid else { return Ok(()) };
    let own = Jid::from_parts(Some(user), domain, None);
    let wanted = Jid::parse(authzid);
    if own.is_ok() && own == wanted { Ok(()) } else { Err(Failure::InvalidAuthzid) }
}

/// The localpart of an authzid at this domain, where nothing else says who the client is.
pub(super) fn user_of_authzid(authzid: &str, domain: &str) -> Result<String, Failure> {
    let wanted = Jid::parse(authzid).map_err(|_| Failure::InvalidAuthzid)?;
    let here = Jid::from_parts(None, domain, None).is_ok_and(|host| host.domain() == wanted.domain());
    match wanted.local() {
        Some(local) if here && wanted.is_bare() => Ok(local.to_owned()),
        _ => Err(Failure::InvalidAuthzid),
    }
}
