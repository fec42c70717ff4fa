//! Clients whose allocation is another worker's: they have moved, and the system sends their packets here now.

use std::collections::HashMap;

use crate::{Client, Now, Out, Server};

/// All of them.
#[derive(Default)]
pub(crate) struct Redirects(HashMap<Client, Redirect>);

struct Redirect {
    worker: u16,
    until_ms: u64,
}

impl Redirects {
    /// Whose the client is. Nearly always there is no redirect at all.
    fn of(&self, client: &Client, now: Now) -> Option<u16> {
        if self.0.is_empty() {
            return None;
        }
        let redirect = self.0.get(client)?;
        (redirect.until_ms > now.mono_ms).then_some(redirect.worker)
    }
}

impl Server {
    /// What [`Out::Redirect`] said to this worker: until then, all that this client sends is for `worker`.
    pub fn redirect(&mut self, client: Client, worker: u16, until_ms: u64, now: Now) {
        let all = &mut self.redirects.0;
        if all.len() >= self.settings.allocations && !all.contains_key(&client) {
            all.retain(|_, redirect| redirect.until_ms > now.mono_ms);
        }
        if all.len() < self.settings.allocations || all.contains_key(&client) {
            all.insert(client, Redirect { worker, until_ms });
        }
    }

    /// The worker that has this client's allocation, if it is another.
    pub fn redirected(&self, client: &Client, now: Now) -> Option<u16> {
        self.redirects.of(client, now)
    }

    /// Has a packet handed over that is not for this worker.
    pub(crate) fn hand_over(&self, from: &Client, packet: &[u8], now: Now, out: &mut Vec<Out>) -> bool {
        let worker = self.redirects.of(from, now);
        out.extend(worker.map(|worker| Out::Elsewhere { worker, from: *from, packet: packet.into() }));
        worker.is_some()
    }
}
