//! What a connection agreed on: who it is, how much it takes, whether it compresses.

/// Which end of the connection we are. A server receives masked frames and sends unmasked ones, a client the
/// other way round (RFC 6455 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We accepted the connection.
    Server,
    /// We opened the connection.
    Client,
}

/// How much one peer may make us hold. Exceeding any of them is answered with close code 1009.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Payload bytes of one frame, as it is on the wire.
    pub frame: usize,
    /// Bytes of one message, all its fragments together and after inflation. What a compressed message takes
    /// on the wire may be an eighth and 64 bytes more, because data that does not compress grows a little.
    pub message: usize,
    /// Frames of one message; 1 allows no fragmentation.
    pub fragments: u32,
}

/// What the two ends agreed on for permessage-deflate (RFC 7692 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// Base-2 logarithm of the window the server compresses with, 8 to 15.
    pub server_max_window_bits: u8,
    /// Base-2 logarithm of the window the client compresses with, 8 to 15.
    pub client_max_window_bits: u8,
    /// The server compresses each message by itself.
    pub server_no_context_takeover: bool,
    /// The client compresses each message by itself.
    pub client_no_context_takeover: bool,
}

impl Deflate {
    /// Window bits with which `role` receives, and whether what it receives carries its context from message
    /// to message.
    pub(crate) fn receiving(&self, role: Role) -> (u8, bool) {
        self.sending(match role {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        })
    }

    /// Window bits with which `role` compresses, and whether its context may live on from message to message:
    /// the arguments of [`Deflater::new`](crate::Deflater::new).
    pub fn sending(&self, role: Role) -> (u8, bool) {
        match role {
            Role::Server => (self.server_max_window_bits, !self.server_no_context_takeover),
            Role::Client => (self.client_max_window_bits, !self.client_no_context_takeover),
        }
    }
}

/// All that a [`Decoder`](crate::Decoder) has to know about its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Which end we are.
    pub role: Role,
    /// How much we take.
    pub limits: Limits,
    /// The negotiated compression, if any.
    pub deflate: Option<Deflate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_end_sends_the_other_receives() {
        let deflate = Deflate {
            server_max_window_bits: 10,
            client_max_window_bits: 12,
            server_no_context_takeover: true,
            client_no_context_takeover: false,
        };
        assert_eq!(deflate.sending(Role::Server), (10, false));
        assert_eq!(deflate.sending(Role::Client), (12, true));
        assert_eq!(deflate.receiving(Role::Client), (10, false));
        assert_eq!(deflate.receiving(Role::Server), (12, true));
    }
}
