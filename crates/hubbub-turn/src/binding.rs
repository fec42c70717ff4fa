//! Binding: what is my address? (RFC 8489 section 3). Nothing is kept, and little is said.

use crate::attribute::{XOR_MAPPED_ADDRESS, is_known_in_binding, is_known_in_discovery};
use crate::auth::Refusal;
use crate::client::canonical;
use crate::message::{Incoming, Reply};
use crate::{Client, Discovery, Now, Out, Server};

impl Server {
    pub(crate) fn binding(&mut self, message: &Incoming<'_>, now: Now, out: &mut Vec<Out>) {
        let from = message.from;
        let discovery = self.settings.other.filter(|discovery| discovery.is_asked_by(&from));
        let cost = discovery.map_or(1, |_| Discovery::cost(message));
        if !from.transport.is_proven() && !self.bindings.take(from.remote.ip(), cost, now.mono_ms) {
            self.counters.over_budget += 1;
            return;
        }
        let (to, reply) = match bound(message, discovery) {
            Ok(answer) => {
                self.counters.bindings += 1;
                answer
            }
            Err(refusal) => {
                self.counters.errors += 1;
                (from, refusal.reply(message))
            }
        };
        out.push(Out::Send { to, message: reply.finish(None) });
    }
}

/// The answer, and to whom and from where it goes.
fn bound(message: &Incoming<'_>, discovery: Option<Discovery>) -> Result<(Client, Reply), Refusal> {
    let unknown =
        message.unknown(if discovery.is_some() { is_known_in_discovery } else { is_known_in_binding });
    if !unknown.is_empty() {
        return Err(Refusal::Unknown(unknown));
    }
    match discovery {
        Some(discovery) => discovery.answer(message),
        None => {
            let mapped = canonical(message.from.remote);
            Ok((message.from, Reply::success(message).with_address(XOR_MAPPED_ADDRESS, mapped)))
        }
    }
}
