//! What a WebSocket's peer has sent, and who hears it: the same for all that is spoken over one.
//!
//! Pings are answered and pongs let pass here. What is spoken is a [`Receiver`]; it says of the peer's close frame and of its faults only
//! what it does otherwise than RFC 6455 has it.

use hubbub_ws::{CloseCode, Decoder, Incoming};

use super::control::{pong, write_close};
use crate::session::{Close, Cx};

/// Who hears what a WebSocket's peer sends. An error is the end of the session.
pub(crate) trait Receiver {
    /// Whether messages go both ways: not before the handshake is answered, nor after our own close frame. Else all but the end is read
    /// and discarded, pings too, for nothing may be said (RFC 6455 §1.4).
    fn is_open(&self) -> bool {
        true
    }

    /// A text message.
    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), Close>;

    /// A binary message.
    fn binary(&mut self, bytes: &[u8], cx: &mut Cx<'_>) -> Result<(), Close>;

    /// The peer closes, or answers our close frame, with this code; 1000 if it gave none. The code is given back if we have sent
    /// none (§5.5.1).
    fn closes(&mut self, code: CloseCode, cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.is_open() {
            write_close(code, "", cx);
        }
        Err(Close::Done)
    }

    /// The peer has broken the protocol or a limit: it is told so, and the connection fails (§7.1.7).
    fn fails(&mut self, code: CloseCode, reason: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        write_close(code, reason, cx);
        Err(Close::Protocol)
    }
}

/// Gives all that is in `input`, and the fault that ends it if there is one, to `receiver`, until that says that it is over.
///
/// # Errors
/// What `receiver` says.
pub(crate) fn receive(
    decoder: &mut Decoder,
    mut input: &mut [u8],
    cx: &mut Cx<'_>,
    receiver: &mut impl Receiver,
) -> Result<(), Close> {
    let mut inflater = std::mem::take(&mut cx.coder.inflater);
    let result = loop {
        let step = match decoder.next(&mut input, &mut inflater) {
            Ok(None) => break Ok(()),
            Ok(Some(incoming)) => give(incoming, receiver, cx),
            Err(error) => receiver.fails(error.close_code(), &error.to_string(), cx),
        };
        if step.is_err() {
            break step;
        }
    };
    cx.coder.inflater = inflater;
    result
}

fn give(incoming: Incoming<'_>, receiver: &mut impl Receiver, cx: &mut Cx<'_>) -> Result<(), Close> {
    match incoming {
        Incoming::Close(frame) => {
            receiver.closes(frame.map_or(CloseCode::NORMAL, |frame| CloseCode(frame.code)), cx)
        }
        _ if !receiver.is_open() => Ok(()),
        Incoming::Text(text) => receiver.text(text, cx),
        Incoming::Binary(bytes) => receiver.binary(bytes, cx),
        Incoming::Ping(payload) => {
            pong(payload, cx);
            Ok(())
        }
        // §5.5.3: it asks for no answer.
        Incoming::Pong(_) => Ok(()),
    }
}
