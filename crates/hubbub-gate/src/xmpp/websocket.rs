//! A client's stream over a WebSocket (RFC 7395): each element is a text message.

use std::net::IpAddr;
use std::sync::Arc;

use http::response;
use hubbub_ws::{CloseCode, Config, Decoder, Limits, Role};
use hubbub_xmpp::stream::Kind;

use super::client::Client;
use crate::problem::Problem;
use crate::request::Request;
use crate::session::{Close, Cx, Input, Secured, Session};
use crate::settings::{GateSettings, WsSettings};
use crate::ws::control::write_close;
use crate::ws::handshake::agree;
use crate::ws::receive::{Receiver, receive};

/// The subprotocol (RFC 7395 §3.1).
const XMPP: &str = "xmpp";

/// The session of a request for a WebSocket.
///
/// # Errors
/// As every handshake; also when the client does not offer the subprotocol `xmpp`.
pub(crate) fn open(request: &Request, settings: &GateSettings) -> Result<Box<dyn Session>, Problem> {
    let bytes = settings.xmpp.stream.stanza.bytes;
    let limits = Limits { frame: bytes, message: bytes, fragments: settings.ws.limits.fragments };
    // Compressed streams let a stranger make us hold more than he sends.
    let ws = WsSettings { limits, deflate: None, ..settings.ws.clone() };
    let handshake = agree(request, &[XMPP], &ws)?;
    if handshake.protocol.is_none() {
        return Err(Problem::bad_request("Offer the subprotocol xmpp (RFC 7395 §3.1)."));
    }
    let config = Config { role: Role::Server, limits, deflate: None };
    let (head, secured) = (Some(handshake.head), request.secured.clone());
    let peer = Peer { head, address: request.peer, secured, client: None };
    Ok(Box::new(Socket { decoder: Decoder::new(config), peer }))
}

struct Socket {
    decoder: Decoder,
    peer: Peer,
}

struct Peer {
    /// The answer that opens the socket, until it is given.
    head: Option<Box<response::Parts>>,
    address: IpAddr,
    secured: Option<Arc<Secured>>,
    client: Option<Box<Client>>,
}

impl Peer {
    fn begin(&mut self, cx: &mut Cx<'_>) {
        if let Some(head) = self.head.take() {
            cx.out.answer(*head);
        }
        let client = Client::new(Kind::WebSocket, self.address, self.secured.as_deref(), cx);
        self.client = Some(Box::new(client));
    }
}

impl Receiver for Peer {
    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.client.as_mut().map_or(Ok(()), |client| client.received(text.as_bytes(), cx))
    }

    /// RFC 7395 §3.2: text only.
    fn binary(&mut self, _bytes: &[u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        self.fails(CloseCode::UNSUPPORTED, "XMPP is text", cx)
    }

    /// The stream has not been closed: a page that was left may come back.
    fn closes(&mut self, _code: CloseCode, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.client.as_mut().map_or(Ok(()), |client| client.lost(cx))
    }

    fn fails(&mut self, code: CloseCode, reason: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Some(client) = &mut self.client {
            client.leave(cx);
        }
        write_close(code, reason, cx);
        Err(Close::Protocol)
    }
}

impl Session for Socket {
    fn sees_addresses(&self) -> bool {
        true
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let peer = &mut self.peer;
        let was_parted = peer.client.as_ref().is_some_and(|client| client.parted);
        let result = match input {
            Input::Opened => {
                peer.begin(cx);
                Ok(())
            }
            Input::Stream(bytes) => receive(&mut self.decoder, bytes, cx, peer),
            other => match &mut peer.client {
                Some(client) => client.handle(other, cx),
                None => Ok(()),
            },
        };
        if result.is_ok() && !was_parted && peer.client.as_ref().is_some_and(|client| client.parted) {
            write_close(CloseCode::NORMAL, "", cx);
        }
        // The stream is closed; so is what carried it (RFC 7395 §3.6). A fault of the socket has said so already.
        if let Err(Close::Done | Close::Timeout | Close::Refused | Close::TooSlow) = result {
            write_close(CloseCode::NORMAL, "", cx);
        }
        result
    }

    fn deadline(&self) -> Option<u64> {
        self.peer.client.as_ref().and_then(|client| client.deadline())
    }
}
