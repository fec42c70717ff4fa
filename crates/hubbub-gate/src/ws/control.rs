//! Control frames as a server sends them (RFC 6455 §5.5), and the close codes that are ours: the same for all that is spoken over a WebSocket.

use hubbub_ws::{CloseCode, encode_close, encode_ping, encode_pong};

use crate::session::{Close, Cx};

/// The peer is nobody any more: its token has expired, or its account was removed.
pub(crate) const NOBODY: CloseCode = CloseCode(4401);
/// Somebody has ended this session.
pub(crate) const ENDED: CloseCode = CloseCode(4403);
/// Nothing was heard of the peer in time, not even a pong.
pub(crate) const SILENT: CloseCode = CloseCode(4408);

/// Says that the socket closes, and why (§5.5.1). Nothing may be said after it.
pub(crate) fn write_close(code: CloseCode, reason: &str, cx: &mut Cx<'_>) {
    let close = cx.coder.bytes(|out| encode_close(out, code, reason));
    cx.out.write(close);
}

/// Has the peer show that it is there (§5.5.2).
pub(crate) fn ping(cx: &mut Cx<'_>) {
    let ping = cx.coder.bytes(|out| encode_ping(out, b""));
    cx.out.write(ping);
}

/// Answers a ping with what it carried (§5.5.3).
pub(super) fn pong(payload: &[u8], cx: &mut Cx<'_>) {
    let pong = cx.coder.bytes(|out| encode_pong(out, payload));
    cx.out.write(pong);
}

/// The outbox is full: what waits in it is dropped, so that the peer hears at least why it ends.
///
/// # Errors
/// Always [`Close::TooSlow`].
pub(crate) fn too_slow(advice: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
    cx.out.clear_unsent();
    write_close(CloseCode::TRY_AGAIN, advice, cx);
    Err(Close::TooSlow)
}
