//! The opening handshake of a room's WebSocket (RFC 6455 §4.2; RFC 8441 §5 over HTTP/2).

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version, header, response};
use hubbub_hub::{RoomName, Start};
use hubbub_ws::{Deflate, accept_key, extensions_are_well_formed, negotiate, select_subprotocol, valid_key};

use crate::params::Params;
use crate::problem::Problem;
use crate::request::Request;
use crate::settings::WsSettings;

/// The subprotocol whose frames are envelopes.
pub const JSON: &str = "hubbub.json";

/// What client and server agreed on.
#[derive(Debug)]
pub struct Agreed {
    /// Which room.
    pub(super) room: RoomName,
    /// Where to begin.
    pub(super) start: Start,
    /// Whether to hear oneself.
    pub(super) echo: bool,
    /// Whether frames are envelopes.
    pub(super) json: bool,
    /// Compression.
    pub(super) deflate: Option<Deflate>,
    /// The answer that opens the socket.
    pub(super) head: Box<response::Parts>,
}

/// Checks a handshake.
///
/// # Errors
/// What is missing or wrong, with the status that RFC 6455 §4.2.2 gives it.
pub fn want(
    room: RoomName,
    params: &Params,
    request: &Request,
    settings: &WsSettings,
) -> Result<Agreed, Problem> {
    let Handshake { head, protocol, deflate } = agree(request, &[JSON], settings)?;
    Ok(Agreed {
        room,
        start: params.start.unwrap_or(Start::Now),
        echo: params.echo.unwrap_or(true),
        json: protocol.is_some(),
        deflate,
        head,
    })
}

/// What every handshake settles, whatever is spoken over the WebSocket.
#[derive(Debug)]
pub(crate) struct Handshake {
    /// The answer that opens the socket.
    pub(crate) head: Box<response::Parts>,
    /// The subprotocol, one of those offered.
    pub(crate) protocol: Option<&'static str>,
    /// Compression.
    pub(crate) deflate: Option<Deflate>,
}

/// Checks a handshake, for a socket on which any of `protocols` or none may be spoken.
///
/// # Errors
/// As [`want`].
pub(crate) fn agree(
    request: &Request,
    protocols: &[&'static str],
    settings: &WsSettings,
) -> Result<Handshake, Problem> {
    let headers = &request.parts.headers;
    if !request.websocket_connect {
        check_upgrade(request.parts.version, headers)?;
    }
    check_version(headers)?;
    if !extensions_are_well_formed(values(headers, &header::SEC_WEBSOCKET_EXTENSIONS)) {
        return Err(Problem::bad_request("Sec-WebSocket-Extensions cannot be read (RFC 6455 §9.1)."));
    }
    let mut head =
        if request.websocket_connect { Response::new(()).into_parts().0 } else { switching(headers)? };
    let protocol = select_subprotocol(values(headers, &header::SEC_WEBSOCKET_PROTOCOL), protocols);
    if let Some(protocol) = protocol {
        head.headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    let deflate = settings
        .deflate
        .as_ref()
        .and_then(|policy| negotiate(values(headers, &header::SEC_WEBSOCKET_EXTENSIONS), policy));
    if let Some((_, accepted)) = &deflate
        && let Ok(value) = HeaderValue::from_str(accepted)
    {
        head.headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, value);
    }
    Ok(Handshake { head: Box::new(head), protocol, deflate: deflate.map(|(deflate, _)| deflate) })
}

/// RFC 6455 §4.2.1, 1 to 4.
fn check_upgrade(version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    let lists = |name: &HeaderName, token: &str| {
        values(headers, name)
            .flat_map(|value| value.split(','))
            .any(|one| one.trim().eq_ignore_ascii_case(token))
    };
    if version != Version::HTTP_11 {
        let detail = "Open a WebSocket by GET over HTTP/1.1 (RFC 6455), or by extended CONNECT over HTTP/2 (RFC 8441).";
        return Err(Problem::upgrade_required(detail));
    }
    if !lists(&header::UPGRADE, "websocket") {
        return Err(Problem::upgrade_required(
            "Come with a WebSocket client, which sends Upgrade: websocket. Without one a room is read at /rooms/ROOM/messages.",
        ));
    }
    if !lists(&header::CONNECTION, "upgrade") {
        return Err(Problem::bad_request(
            "A WebSocket handshake has Connection: Upgrade. A proxy on the way may have dropped it.",
        ));
    }
    Ok(())
}

fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes) {
        Some(b"13") => Ok(()),
        _ => Err(Problem::upgrade_required("Sec-WebSocket-Version must be 13.")),
    }
}

/// The `101` of HTTP/1.1, which proves that the key was read (RFC 6455 §4.2.2).
fn switching(headers: &HeaderMap) -> Result<response::Parts, Problem> {
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let key = match (keys.next().and_then(|key| key.to_str().ok()), keys.next()) {
        (Some(key), None) if valid_key(key) => key,
        _ => {
            return Err(Problem::bad_request(
                "Sec-WebSocket-Key must be there once, with 16 bytes of base64.",
            ));
        }
    };
    let mut head = Response::new(()).into_parts().0;
    head.status = StatusCode::SWITCHING_PROTOCOLS;
    head.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    head.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&accept_key(key)) {
        head.headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok(head)
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}
