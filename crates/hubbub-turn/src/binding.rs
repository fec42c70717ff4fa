//! Binding: what is my address? (RFC 8489 section 3). Nothing is kept, and little is said.

use crate::attribute::{XOR_MAPPED_ADDRESS, is_known_in_binding};
use crate::auth::reason;
use crate::client::canonical;
use crate::message::{Incoming, Reply};
use crate::{Now, Out, Server};

impl Server {
    pub(crate) fn binding(&mut self, message: &Incoming<'_>, now: Now, out: &mut Vec<Out>) {
        let from = message.from;
        if !from.transport.is_proven() && !self.bindings.take(from.remote.ip(), now.mono_ms) {
            self.counters.over_budget += 1;
            return;
        }
        let unknown = message.unknown(is_known_in_binding);
        let reply = if unknown.is_empty() {
            self.counters.bindings += 1;
            Reply::success(message).with_address(XOR_MAPPED_ADDRESS, canonical(from.remote))
        } else {
            self.counters.errors += 1;
            Reply::error(message, 420, reason(420)).with_unknown(&unknown)
        };
        out.push(Out::Send { to: from, message: reply.finish(None) });
    }
}
