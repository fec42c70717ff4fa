//! The first look at a request of Engine.IO: a WebSocket is a session, or becomes one; anything else carries to one.

use super::address::Asked;
use super::leg::Leg;
use super::socket::Socket;
use crate::session::{Close, Cx, Input, Session};

/// A request that has just come.
pub struct Exchange(Option<Box<Asked>>);

impl Exchange {
    /// The request of `asked`.
    #[must_use]
    pub fn new(asked: Asked) -> Self {
        Self(Some(Box::new(asked)))
    }
}

impl Session for Exchange {
    fn handle(&mut self, _: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Some(asked) = self.0.take() else { return Ok(()) };
        match Leg::new(*asked) {
            Ok(leg) => cx.turn_into(leg),
            Err(websocket) => Socket::open(websocket, cx),
        }
        Ok(())
    }
}
