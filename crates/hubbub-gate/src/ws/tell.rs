//! What a WebSocket client is told: events, answers, and the frames they come in.

use hubbub_hub::Happening;
use hubbub_ws::{Kind, encode_deflated, encode_message};

use super::Peer;
use crate::dialect::{Dialect, json_frame, raw_frame, server_event};
use crate::envelope;
use crate::outbox::{OutboxLimits, Push, WhenFull};
use crate::problem::Problem;
use crate::session::{Close, Cx, Delivery};

impl Peer {
    pub(super) fn tell_problem(&mut self, problem: &Problem, key: Option<&str>, cx: &mut Cx<'_>) {
        let mut data = problem.json();
        if let Some(key) = key {
            data["key"] = key.into();
        }
        self.tell("hubbub:error", &data, cx);
    }

    pub(super) fn tell(&mut self, event: &str, data: &serde_json::Value, cx: &mut Cx<'_>) {
        self.tell_raw(event, &data.to_string(), cx);
    }

    /// As [`Self::tell`], with JSON that is written already.
    pub(super) fn tell_raw(&mut self, event: &str, data: &str, cx: &mut Cx<'_>) {
        let frame = self.server_frame(event, data, cx);
        cx.out.write(frame.into());
    }

    /// A frame with an event of the server's own.
    pub(super) fn server_frame(&mut self, event: &str, data: &str, cx: &mut Cx<'_>) -> Vec<u8> {
        let mut text = Vec::new();
        server_event(&mut text, event, data.as_bytes());
        let mut out = Vec::new();
        self.frame(&mut out, Kind::Text, &text, cx);
        out
    }

    /// Writes a page of backlog.
    pub(super) fn write_page(&mut self, page: &[Happening], cx: &mut Cx<'_>) {
        let out = self.encode(page, cx);
        cx.out.write_page(out.into());
    }

    /// Writes what happened, for a seat that is told one by one. What a compressor of its own has seen the peer must see, so nothing
    /// can be dropped for it: a full outbox closes it whatever the policy.
    pub(super) fn write_events(&mut self, what: &[Happening], cx: &mut Cx<'_>) -> Result<(), Close> {
        let out = self.encode(what, cx);
        let limits = match self.delivery() {
            Delivery::Personal => OutboxLimits { when_full: WhenFull::Close, ..cx.settings.outbox },
            Delivery::Shared(_) | Delivery::Once(_) | Delivery::Each(_) => cx.settings.outbox,
        };
        match cx.out.push(out.into(), limits) {
            Push::Overrun => self.too_slow(cx),
            Push::Queued | Push::Dropped(_) => Ok(()),
        }
    }

    fn encode(&mut self, what: &[Happening], cx: &mut Cx<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        if self.delivery() != Delivery::Personal {
            self.dialect.encode(&self.reader.room, what, cx.coder, &mut out);
            return out;
        }
        for one in what {
            if self.is_json() {
                if !envelope::shows(one) {
                    continue;
                }
                let mut text = Vec::new();
                json_frame(one, &mut text);
                self.frame(&mut out, Kind::Text, &text, cx);
            } else if let Some((kind, payload)) = raw_frame(one) {
                self.frame(&mut out, kind, &payload, cx);
            }
        }
        out
    }

    fn frame(&mut self, out: &mut Vec<u8>, kind: Kind, payload: &[u8], cx: &mut Cx<'_>) {
        let (Dialect::WsRaw(form) | Dialect::WsJson(form)) = self.dialect else { return };
        match self.rare.as_mut().and_then(|rare| rare.deflater.as_mut()) {
            Some(deflater) if form.applies_to(payload) => {
                let mut deflated = Vec::new();
                deflater.compress_message(payload, &mut deflated);
                encode_deflated(out, kind, &deflated);
            }
            Some(_) => encode_message(out, kind, payload),
            None => cx.coder.frame(out, kind, payload, form),
        }
    }
}
