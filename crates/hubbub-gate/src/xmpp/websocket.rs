//! A client's stream over a WebSocket (RFC 7395): each element is a text message.

use std::net::IpAddr;
use std::sync::Arc;

use http::response;
use hubbub_ws::{CloseCode, Config, Decoder, Error, Incoming, Limits, Role, encode_close, encode_pong};
use hubbub_xmpp::stream::Kind;

use super::client::Client;
use crate::problem::Problem;
use crate::request::Request;
use crate::session::{Close, Cx, Input, Secured, Session};
use crate::settings::{GateSettings, WsSettings};
use crate::ws::handshake::agree;
use crate::ws::receive::receive;

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

    fn take(&mut self, incoming: Result<Incoming<'_>, Error>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Some(client) = &mut self.client else { return Ok(()) };
        match incoming {
            Ok(Incoming::Text(text)) => client.received(text.as_bytes(), cx),
            Ok(Incoming::Ping(payload)) => {
                let pong = cx.coder.bytes(|out| encode_pong(out, payload));
                cx.out.write(pong);
                Ok(())
            }
            Ok(Incoming::Pong(_)) => Ok(()),
            // The stream has not been closed: a page that was left may come back.
            Ok(Incoming::Close(_)) => client.lost(cx),
            // RFC 7395 §3.2: text only.
            Ok(Incoming::Binary(_)) => self.fail(CloseCode::UNSUPPORTED, "XMPP is text", cx),
            Err(error) => self.fail(error.close_code(), &error.to_string(), cx),
        }
    }

    fn fail(&mut self, code: CloseCode, why: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Some(client) = &mut self.client {
            client.leave(cx);
        }
        write_close(code, why, cx);
        Err(Close::Protocol)
    }
}

fn write_close(code: CloseCode, why: &str, cx: &mut Cx<'_>) {
    let close = cx.coder.bytes(|out| encode_close(out, code, why));
    cx.out.write(close);
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
            Input::Stream(bytes) => {
                receive(&mut self.decoder, bytes, cx, |incoming, cx| peer.take(incoming, cx))
            }
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
