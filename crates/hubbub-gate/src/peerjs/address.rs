//! How a peer comes: the address of its WebSocket says which id it wants, and by what it will prove that the id is its own.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use hubbub_auth::MAX_TOKEN_BYTES;
use hubbub_hub::Identity;

use super::PeerId;
use super::peer::{Peer, Refused};
use super::proof::is_jwt;
use crate::admission::Admission;
use crate::credentials;
use crate::params::Params;
use crate::problem::Problem;
use crate::request::Request;
use crate::session::Session;
use crate::settings::GateSettings;
use crate::text_socket::{TextSocket, shake_hands};
use crate::want::Want;
use crate::ws::handshake::Handshake;

/// As the reference says it.
const MISSING: &str = "No id, token, or key supplied to websocket server";
const WRONG_KEY: &str = "Invalid key provided";
const NO_ID: &str = "An id has letters and digits, at most 128 of them, with single spaces, dashes or underscores between them";
const LONG_TOKEN: &str = "A token has at most 8192 bytes";

/// What a peer says in its address.
#[derive(PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) id: PeerId,
    /// What it made up, or one of the server's.
    pub(super) token: String,
}

/// Shows no token.
impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hello").field(&self.id).finish_non_exhaustive()
    }
}

/// A WebSocket that somebody wants whom nobody knows yet.
#[derive(Debug)]
pub struct Asked {
    handshake: Handshake,
    hello: Hello,
}

impl Asked {
    /// The socket of `who`.
    pub(crate) fn begin(self, who: Arc<Identity>, settings: &GateSettings) -> impl Session + use<> {
        let peer = Peer::new(self.hello, &who);
        TextSocket::new(self.handshake, peer, Some(who), settings.peerjs.message_bytes, settings)
    }

    /// A socket that says why he may not come in. A page is not told what answers a handshake, so it is told over the socket.
    pub(crate) fn refuse(self, why: String, settings: &GateSettings) -> impl Session + use<> {
        refused(self.handshake, why.into(), settings)
    }
}

fn refused(handshake: Handshake, why: Cow<'static, str>, settings: &GateSettings) -> TextSocket<Refused> {
    TextSocket::new(handshake, Refused(why), None, settings.peerjs.message_bytes, settings)
}

/// The session of a request for a socket.
///
/// # Errors
/// As every handshake. All else is said over the socket.
pub(super) fn socket(
    request: &Request,
    cookies: bool,
    settings: &GateSettings,
) -> Result<Box<dyn Session>, Problem> {
    let handshake = shake_hands(request, settings)?;
    let hello = match hello(request.parts.uri.query().unwrap_or_default(), &settings.peerjs.key) {
        Ok(hello) => hello,
        Err(why) => return Ok(Box::new(refused(handshake, why.into(), settings))),
    };
    let mut params = Params::default();
    if is_jwt(&hello.token) {
        params.token = Some(hello.token.clone());
    }
    let credentials = credentials::of(&request.parts.headers, &mut params, cookies)?;
    let asked = Asked { handshake, hello };
    Ok(Box::new(Admission::new(credentials, Want::PeerJs(Box::new(asked)))))
}

/// Reads a query. What is there twice is not there: nobody can tell which was meant.
fn hello(query: &str, wanted_key: &str) -> Result<Hello, &'static str> {
    let only = |name: &str| {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value).filter(|value| !value.is_empty());
        value.filter(|_| values.next().is_none()).ok_or(MISSING)
    };
    let (id, token, key) = (only("id")?, only("token")?, only("key")?);
    if key != wanted_key {
        return Err(WRONG_KEY);
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(LONG_TOKEN);
    }
    Ok(Hello { id: PeerId::parse(&id).ok_or(NO_ID)?, token: token.into_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_the_client_writes_it() {
        let hello = hello("key=peerjs&id=ann%20b&token=k2j3h4&version=1.5.5", "peerjs").unwrap();
        assert_eq!((hello.id.as_str(), &*hello.token), ("ann b", "k2j3h4"));
    }

    #[test]
    fn what_is_refused() {
        let long = format!("key=k&id=a&token={}", "t".repeat(MAX_TOKEN_BYTES + 1));
        for (query, why) in [
            ("", MISSING),
            ("key=k&id=a", MISSING),
            ("key=k&token=t", MISSING),
            ("id=a&token=t", MISSING),
            ("key=k&id=&token=t", MISSING),
            ("key=k&id=a&token=", MISSING),
            ("key=k&id=a&id=b&token=t", MISSING),
            ("key=k&id=a&token=t&token=t", MISSING),
            ("key=K&id=a&token=t", WRONG_KEY),
            ("key=k&id=a.b&token=t", NO_ID),
            ("key=k&id=%FF&token=t", NO_ID),
            ("key=k&id=a%00&token=t", NO_ID),
            ("key=k&id=a%22%7D&token=t", NO_ID),
            (&long, LONG_TOKEN),
        ] {
            assert_eq!(hello(query, "k"), Err(why), "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_taken_or_refused(query in "((key|id|token)=\\PC{0,8}&?){0,4}") {
            let _ = hello(&query, "k");
        }
    }
}
