//! Signals on a WebSocket of `hubbub.json`. A raw one has no words for them.

use hubbub_hub::Signalled;
use serde_json::json;

use super::{Peer, Stage};
use crate::outbox::Push;
use crate::session::{Close, Cx};
use crate::signals::{Around, SIGNAL, keeping};

impl Peer {
    /// Somebody in the room signals.
    pub(super) fn hear(&mut self, signalled: &Signalled, cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.stage != Stage::Open || !self.is_json() {
            return Ok(());
        }
        let data = Around::room(&self.reader.room, cx).written(signalled);
        let frame = self.server_frame(SIGNAL, &data, cx);
        match cx.out.push(frame.into(), keeping(cx.settings.outbox)) {
            Push::Overrun => self.too_slow(cx),
            Push::Queued | Push::Dropped(_) => Ok(()),
        }
    }

    /// So many sessions were told, if the client wants to know.
    pub(super) fn signal_told(&mut self, ticket: u32, sessions: usize, cx: &mut Cx<'_>) {
        if let Some(key) = self.fate_of(ticket) {
            self.tell("hubbub:ack", &json!({ "key": key.as_str(), "sessions": sessions }), cx);
        }
    }
}
