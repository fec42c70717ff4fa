//! A client's stream over TCP, in clear text or inside TLS.

use std::net::IpAddr;
use std::sync::Arc;

use hubbub_xmpp::stream::Kind;

use super::client::Client;
use crate::session::{Close, Cx, Input, Secured, Session};

/// The session of a connection from `peer` that speaks XMPP; `secured` if it came inside TLS.
#[must_use]
pub fn link(peer: IpAddr, secured: Option<Arc<Secured>>) -> Box<dyn Session> {
    Box::new(Link { peer, secured, client: None })
}

struct Link {
    peer: IpAddr,
    secured: Option<Arc<Secured>>,
    client: Option<Box<Client>>,
}

impl Session for Link {
    fn sees_addresses(&self) -> bool {
        true
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let (peer, secured) = (self.peer, &self.secured);
        let client =
            self.client.get_or_insert_with(|| Box::new(Client::new(Kind::Tcp, peer, secured.as_deref(), cx)));
        match input {
            Input::Stream(bytes) => client.received(bytes, cx),
            other => client.handle(other, cx),
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.client.as_ref().and_then(|client| client.deadline())
    }
}
