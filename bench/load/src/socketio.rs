//! The client's half of Socket.IO (protocol 5) in Engine.IO (protocol 4) packets, as little as a load generator needs.
//!
//! A packet is a WebSocket message, or a record of a poll's answer (`polling`). The first digit is Engine.IO's, the second
//! Socket.IO's: `42/lobby,["message","…"]` is an event in the namespace `/lobby`.

use crate::failure::{Failure, Result};

/// What Engine.IO says to a ping; what the ping is.
pub(crate) const PONG: &[u8] = b"3";
const PING: &[u8] = b"2";
/// Nothing but what releases a poll.
const NOOP: &[u8] = b"6";

/// What a server may say in these scenarios.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The session is open: its description in JSON, with the session id.
    Open(&'a [u8]),
    /// We are in the namespace.
    Connected,
    /// A `message` event: its one argument, a string without escapes.
    Message(&'a [u8]),
    /// Wants a pong.
    Ping,
    /// Wants nothing: it releases a poll, or is an event of the server's own, such as who came and went. Those may come
    /// at any time, and no figure counts them.
    Aside,
}

/// One namespace, and how its packets begin and end.
pub(crate) struct Namespace {
    connect: Vec<u8>,
    connected: Vec<u8>,
    event: Vec<u8>,
    aside: Vec<u8>,
    offsets: bool,
}

impl Namespace {
    /// With `offsets`, every event must end with an offset, which a server appends for clients that may recover after
    /// it (connection state recovery); else none may.
    pub(crate) fn new(name: &str, offsets: bool) -> Self {
        Self {
            connect: format!("40{name},{{}}").into_bytes(),
            connected: format!("40{name},").into_bytes(),
            event: format!("42{name},[\"message\",\"").into_bytes(),
            aside: format!("42{name},[\"hubbub:").into_bytes(),
            offsets,
        }
    }

    /// The packet that asks to be let in.
    pub(crate) fn connect(&self) -> &[u8] {
        &self.connect
    }

    /// The packet of a `message` event with that argument.
    pub(crate) fn event(&self, message: &[u8]) -> Vec<u8> {
        [&self.event, message, b"\"]"].concat()
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// [`Failure::Protocol`] for whatever else a server may say, among it that it is over.
    pub(crate) fn read<'a>(&self, packet: &'a [u8]) -> Result<Packet<'a>> {
        let event = packet.strip_prefix(&*self.event).and_then(|rest| self.argument(rest));
        if let Some(message) = event {
            return Ok(Packet::Message(message));
        }
        match packet {
            PING => Ok(Packet::Ping),
            NOOP => Ok(Packet::Aside),
            [b'0', description @ ..] => Ok(Packet::Open(description)),
            _ if packet.starts_with(&self.connected) => Ok(Packet::Connected),
            _ if packet.starts_with(&self.aside) => Ok(Packet::Aside),
            _ => Err(Failure::Protocol(format!("a packet that begins {:?}", start(packet)))),
        }
    }

    /// The first argument, of which the opening quote is gone.
    fn argument<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let rest = rest.strip_suffix(b"\"]")?;
        if !self.offsets {
            return Some(rest);
        }
        let quote = rest.iter().rposition(|&byte| byte == b'"')?;
        let (before, offset) = (&rest[..quote], &rest[quote + 1..]);
        before.strip_suffix(b"\",").filter(|_| !offset.is_empty())
    }
}

fn start(packet: &[u8]) -> String {
    String::from_utf8_lossy(&packet[..packet.len().min(100)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lobby() -> Namespace {
        Namespace::new("/lobby", false)
    }

    #[test]
    fn writes_what_the_protocol_shows() {
        assert_eq!(lobby().connect(), b"40/lobby,{}");
        assert_eq!(lobby().event(b"hi"), b"42/lobby,[\"message\",\"hi\"]");
    }

    #[test]
    fn reads_what_it_wrote() {
        assert_eq!(lobby().read(&lobby().event(b"hi")).unwrap(), Packet::Message(b"hi"));
    }

    #[test]
    fn reads_what_a_server_may_say() {
        let lobby = lobby();
        assert_eq!(lobby.read(b"0{\"sid\":\"a\"}").unwrap(), Packet::Open(b"{\"sid\":\"a\"}"));
        assert_eq!(lobby.read(b"40/lobby,{\"sid\":\"b\"}").unwrap(), Packet::Connected);
        assert_eq!(lobby.read(b"2").unwrap(), Packet::Ping);
        assert_eq!(lobby.read(b"6").unwrap(), Packet::Aside);
        assert_eq!(lobby.read(b"42/lobby,[\"hubbub:presence\",{\"count\":3}]").unwrap(), Packet::Aside);
    }

    #[test]
    fn anything_else_ends_the_run_and_is_shown() {
        for wrong in [
            "",
            "1",
            "41/lobby,",
            "44/lobby,{}",
            "40/other,{}",
            "42/other,[\"message\",\"hi\"]",
            "42/lobby,[1]",
        ] {
            let failure = lobby().read(wrong.as_bytes()).unwrap_err();
            assert!(failure.to_string().contains(&format!("{wrong:?}")), "{failure}");
        }
    }

    #[test]
    fn an_offset_must_be_there_exactly_if_it_is_expected() {
        let with = b"42/lobby,[\"message\",\"hi\",\"7.1\"]";
        let expecting = Namespace::new("/lobby", true);
        assert_eq!(expecting.read(with).unwrap(), Packet::Message(b"hi"));
        assert!(expecting.read(b"42/lobby,[\"message\",\"hi\"]").is_err());
        assert!(expecting.read(b"42/lobby,[\"message\",\"hi\",\"\"]").is_err());
        // What expects none takes it for a part of the message, and the checker says that this is damaged.
        assert_eq!(lobby().read(with).unwrap(), Packet::Message(b"hi\",\"7.1"));
    }
}
