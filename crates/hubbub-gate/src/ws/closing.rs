//! How a WebSocket ends (RFC 6455 §7): by either side, in order or by a fault, and what silence means.

use hubbub_ws::CloseCode;

use super::control::{NOBODY, SILENT, ping, too_slow, write_close};
use super::{Failure, Peer, Stage};
use crate::problem::Problem;
use crate::respond::respond_problem;
use crate::session::{Close, Cx};

/// The offset asked for is gone.
pub(super) const HISTORY_GONE: CloseCode = CloseCode(4410);

impl Peer {
    /// Begins to close: the peer has some time to answer, and is sent nothing more.
    pub(super) fn close(&mut self, code: CloseCode, reason: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.stage == Stage::Closing {
            return Ok(());
        }
        write_close(code, reason, cx);
        cx.unseat();
        self.stage = Stage::Closing;
        self.deadline = cx.now.mono_ms + cx.settings.ws.close_wait_ms;
        Ok(())
    }

    /// RFC 6455 §7.1.7: says why, and is gone. What the peer said before its fault is said; it hears that first.
    pub(super) fn fail(&mut self, code: CloseCode, reason: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.stage == Stage::Open && self.unanswered > 0 {
            self.stage = Stage::Failing;
            self.deadline = cx.now.mono_ms + cx.settings.ws.close_wait_ms;
            self.rare.get_or_insert_default().failure = Some(Failure { code, reason: reason.to_owned() });
            return Ok(());
        }
        if self.stage == Stage::Open {
            write_close(code, reason, cx);
        }
        Err(Close::Protocol)
    }

    /// All that was said before a fault has been answered: the next timeout, which comes after the fan-out, ends it.
    pub(super) fn fail_soon(&mut self, cx: &Cx<'_>) {
        if self.stage == Stage::Failing && self.unanswered == 0 {
            self.deadline = cx.now.mono_ms;
        }
    }

    /// The outbox is full: the peer may come back and read on.
    pub(super) fn too_slow(&self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.stage == Stage::Closing {
            cx.out.clear_unsent();
            return Err(Close::TooSlow);
        }
        too_slow("you read too slowly; reconnect with since=", cx)
    }

    pub(super) fn timeout(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        match self.stage {
            Stage::Joining => {
                respond_problem(&Problem::unavailable("The room's log could not be opened in time."), cx)
            }
            Stage::Closing => Err(Close::Timeout),
            Stage::Failing => {
                if let Some(Failure { code, reason }) = self.rare.take().and_then(|rare| rare.failure) {
                    write_close(code, &reason, cx);
                }
                Err(Close::Protocol)
            }
            Stage::Open if cx.now.mono_ms >= self.expires => self.close(NOBODY, "your token has expired", cx),
            Stage::Open if self.pinged => {
                write_close(SILENT, "no pong in time", cx);
                Err(Close::Timeout)
            }
            Stage::Open => {
                self.ping(cx);
                Ok(())
            }
        }
    }

    fn ping(&mut self, cx: &mut Cx<'_>) {
        ping(cx);
        self.pinged = true;
        self.deadline = (cx.now.mono_ms + cx.settings.ws.pong_wait_ms).min(self.expires);
    }

    pub(super) fn shutdown(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        match self.stage {
            Stage::Joining => respond_problem(&Problem::unavailable("The server is closing."), cx),
            Stage::Failing => self.timeout(cx),
            Stage::Open | Stage::Closing => {
                self.close(CloseCode::GOING_AWAY, "the server is closing; reconnect", cx)
            }
        }
    }
}
