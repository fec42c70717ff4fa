//! The header that SCRAM and OAUTHBEARER have in common (RFC 5801 §4, RFC 5802 §7): `n,a=alice@example.org,`.

use super::Failure;

/// What a client says about channel binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag<'a> {
    /// It cannot.
    No,
    /// It could, and believes that the server cannot.
    ServerCannot,
    /// It does, by this type.
    Bound(&'a str),
}

/// A header, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// As it stands, with both commas.
    pub(super) text: &'a str,
    pub(super) flag: Flag<'a>,
    /// Whom the client wants to act as.
    pub(super) authzid: Option<String>,
}

/// Reads a header; what is behind it comes second.
pub(super) fn read(message: &str) -> Result<(Header<'_>, &str), Failure> {
    let malformed = Failure::MalformedRequest;
    let (flag, rest) = message.split_once(',').ok_or(malformed)?;
    let (authzid, rest) = rest.split_once(',').ok_or(malformed)?;
    let flag = match flag {
        "n" => Flag::No,
        "y" => Flag::ServerCannot,
        _ => Flag::Bound(flag.strip_prefix("p=").filter(|name| is_binding_name(name)).ok_or(malformed)?),
    };
    let authzid = match authzid {
        "" => None,
        _ => Some(name(authzid.strip_prefix("a=").ok_or(malformed)?)?),
    };
    let text = &message[..message.len() - rest.len()];
    Ok((Header { text, flag, authzid }, rest))
}

/// `cb-name` of RFC 5802 §7.
fn is_binding_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
}

/// `saslname` of RFC 5802 §7: a comma is written `=2C`, an equals sign `=3D`, and nothing else begins with one.
pub(super) fn name(text: &str) -> Result<String, Failure> {
    let mut pieces = text.split('=');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (sign, rest) = match piece.split_at_checked(2) {
            Some(("2C", rest)) => (',', rest),
            Some(("3D", rest)) => ('=', rest),
            _ => return Err(Failure::MalformedRequest),
        };
        name.push(sign);
        name.push_str(rest);
    }
    if name.is_empty() || name.contains('\0') { Err(Failure::MalformedRequest) } else { Ok(name) }
}
