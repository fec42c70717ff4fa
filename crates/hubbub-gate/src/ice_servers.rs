//! `GET /api/ice`: what a page gives to `new RTCPeerConnection(…)` (docs/turn.md).

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use hubbub_hub::Identity;
use serde_json::{Value, json};

use crate::ice::{IceCredentials, IceServer};
use crate::problem;
use crate::respond::respond;
use crate::session::{Close, Cx, Input, Session};

/// Somebody who wants to know STUN and TURN servers.
pub struct AskIce {
    who: Arc<Identity>,
    from: IpAddr,
}

impl AskIce {
    /// `who` asks, `from` there.
    #[must_use]
    pub fn new(who: Arc<Identity>, from: IpAddr) -> Self {
        Self { who, from }
    }

    fn answer(&self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let ice = &cx.settings.ice;
        let mut answer = shown(&ice.servers(&self.who, self.from, cx.now));
        if ice.is_empty() {
            // No error: pages connect without servers too, where nothing is between them.
            answer["note"] =
                "There is no STUN or TURN server here. Set turn.enabled, or name others in ice.urls.".into();
        } else if ice.withholds(&self.who) {
            answer["note"] = "Guests are given no relay here (turn.guests).".into();
        }
        let mut head = problem::head(StatusCode::OK, "application/json");
        // As every answer that carries a password.
        head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        respond(head, format!("{answer}\n").into(), cx)
    }
}

/// An `RTCConfiguration` (W3C WebRTC §4.2.1): those without credentials, and those of each.
fn shown(servers: &[IceServer]) -> Value {
    let mut entries: Vec<(Option<&IceCredentials>, Vec<String>)> = Vec::new();
    for server in servers {
        let (credentials, url) = (server.credentials.as_ref(), server.service.url());
        match entries.iter_mut().find(|(known, _)| *known == credentials) {
            Some((_, urls)) => urls.push(url),
            None => entries.push((credentials, vec![url])),
        }
    }
    let expires = entries.iter().filter_map(|(credentials, _)| credentials.as_ref()?.expires_unix_s).min();
    let shown = |(credentials, urls): &(Option<&IceCredentials>, Vec<String>)| match credentials {
        Some(known) => json!({ "urls": urls, "username": known.username, "credential": known.password }),
        None => json!({ "urls": urls }),
    };
    let mut answer = json!({ "iceServers": entries.iter().map(shown).collect::<Vec<_>>() });
    if let Some(expires) = expires {
        answer["expires"] = expires.into();
    }
    answer
}

impl Session for AskIce {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.answer(cx),
            _ => Err(Close::Done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ice::IceService;

    fn server(scheme: &'static str, username: Option<(&str, u64)>) -> IceServer {
        let service = IceService { scheme, host: "a.example".into(), port: 443, transport: "tcp" };
        let credentials = username.map(|(username, expires)| IceCredentials {
            username: username.into(),
            password: "p".into(),
            expires_unix_s: Some(expires),
        });
        IceServer { service, credentials }
    }

    #[test]
    fn those_of_the_same_credentials_are_one_entry() {
        let servers = [
            server("stun", None),
            server("turn", Some(("x", 9))),
            server("turns", Some(("x", 9))),
            server("turn", Some(("y", 7))),
        ];
        let wanted = json!({
            "iceServers": [
                { "urls": ["stun:a.example:443"] },
                {
                    "urls": ["turn:a.example:443?transport=tcp", "turns:a.example:443?transport=tcp"],
                    "username": "x",
                    "credential": "p",
                },
                { "urls": ["turn:a.example:443?transport=tcp"], "username": "y", "credential": "p" },
            ],
            "expires": 7,
        });
        assert_eq!(shown(&servers), wanted);
        assert_eq!(shown(&[]), json!({ "iceServers": [] }));
    }
}
