//! A client's stream over TCP, in clear text or inside TLS.

use std::sync::Arc;

use hubbub_xmpp::stream::Kind;

use super::client::Client;
use crate::session::{Close, Cx, Input, Secured, Session};

/// The session of a connection that speaks XMPP; `secured` if it came inside TLS.
#[must_use]
pub fn link(secured: Option<Arc<Secured>>) -> Box<dyn Session> {
    Box::new(Link { secured, client: None })
}

struct Link {
    secured: Option<Arc<Secured>>,
    client: Option<Box<Client>>,
}

impl Session for Link {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let secured = &self.secured;
        let client =
            self.client.get_or_insert_with(|| Box::new(Client::new(Kind::Tcp, secured.as_deref(), cx)));
        match input {
            Input::Stream(bytes) => client.received(bytes, cx),
            other => client.handle(other, cx),
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.client.as_ref().and_then(|client| client.deadline())
    }
}
