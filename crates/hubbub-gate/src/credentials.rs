//! What a request brings to say who is asking (docs/http.md, "Who is asking").

use base64::prelude::{BASE64_STANDARD, Engine};
use http::{HeaderMap, header};
use hubbub_auth::Credentials;

use crate::params::Params;
use crate::problem::Problem;

/// The cookie that may carry a token.
const COOKIE: &str = "hubbub_token";

/// Takes the credentials of a request, in order of precedence. What a browser adds by itself, cookies and passwords it remembers,
/// counts only if `ambient` says so.
///
/// # Errors
/// An `Authorization` header that cannot be read.
pub(crate) fn of(headers: &HeaderMap, params: &mut Params, ambient: bool) -> Result<Credentials, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return authorization(value.to_str().unwrap_or_default(), ambient);
    }
    if let Some(token) = params.token.take().or_else(|| cookie(headers).filter(|_| ambient)) {
        return Ok(Credentials::Bearer(token));
    }
    Ok(Credentials::Nobody { name: params.name.take() })
}

/// RFC 9110 §11.6.2: a scheme, then what the scheme wants.
fn authorization(value: &str, ambient: bool) -> Result<Credentials, Problem> {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Credentials::Bearer(rest.trim().to_owned()));
    }
    if scheme.eq_ignore_ascii_case("basic") && !ambient {
        return Err(Problem::unauthorized(
            "Pages of any origin bring a token. List the origin in http.origins to let it use passwords.",
        ));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        return basic(rest.trim()).ok_or_else(|| {
            Problem::bad_request("Authorization: Basic is base64 of user:password in UTF-8.")
        });
    }
    Err(Problem::unauthorized(
        "Authorization must be Bearer with a token, or Basic with an account's name and password.",
    ))
}

/// RFC 7617 §2: base64 of `user:password`, in UTF-8 as we asked for.
fn basic(text: &str) -> Option<Credentials> {
    let text = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Credentials::Password { user: user.to_owned(), password: password.to_owned() })
}

/// RFC 6265 §4.2.1: `name=value` pairs.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value.to_owned())
}
