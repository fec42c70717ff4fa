//! Which pages may use the server: the `Origin` of a request, and CORS (WHATWG Fetch §3.3).
//!
//! Browsers send `Origin` and cannot be made to lie about it; other clients need not send it, and are let through: they are
//! stopped by who they are, not by where they come from.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header, response};

use crate::problem::Problem;
use crate::settings::GateSettings;

/// What a request's origin may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// No origin, or the server's own: nothing to say.
    Own,
    /// An origin that the settings list; the answer names it.
    Listed(HeaderValue),
    /// Any origin, because the settings say `*`. A page from anywhere must not act by its visitor's cookie.
    Any,
}

impl Origin {
    /// Settles the origin of a request to `host`, its authority.
    ///
    /// # Errors
    /// `403`: the origin is neither the server's own nor listed.
    pub fn of(headers: &HeaderMap, host: Option<&str>, settings: &GateSettings) -> Result<Self, Problem> {
        let listed = &settings.origins;
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(Self::Own) };
        let text = origin.to_str().unwrap_or_default();
        if host.is_some_and(|host| is_own(text, host, &settings.domain)) {
            return Ok(Self::Own);
        }
        if listed.iter().any(|one| one.eq_ignore_ascii_case(text)) {
            return Ok(Self::Listed(origin.clone()));
        }
        if listed.iter().any(|one| one == "*") {
            return Ok(Self::Any);
        }
        Err(Problem::forbidden(format!(
            "Pages from {text:?} may not use this server. List that origin in the setting http.origins, or start the server with HUBBUB_HTTP_ORIGINS={text}."
        )))
    }

    /// Adds what the browser needs to hand the answer to the page.
    pub fn mark(&self, headers: &mut HeaderMap) {
        match self {
            Self::Own => return,
            Self::Any => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            Self::Listed(origin) => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("ETag, Retry-After, Location"),
        );
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

/// Whether `origin` is `http(s)://host`, and that is a name of ours. TLS may end before us, so the scheme does not count. A name
/// that is not ours may be a stranger's who made it point here (DNS rebinding): to be sure of those that are,
/// they are the server's domain, `localhost`, and addresses.
fn is_own(origin: &str, host: &str, domain: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_ours = is_address || name.eq_ignore_ascii_case("localhost") || name.eq_ignore_ascii_case(domain);
    is_ours && authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// The answer to a preflight request for an address that answers `allow`.
#[must_use]
pub fn preflight(allow: &'static str) -> response::Parts {
    let mut head = Response::new(()).into_parts().0;
    head.status = StatusCode::NO_CONTENT;
    let headers = &mut head.headers;
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allow));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID",
        ),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    head
}
