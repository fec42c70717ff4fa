//! Messages in a byte stream: how TCP and TLS carry STUN and ChannelData (RFC 8656 sections 3.1 and 12.5).

use crate::message::{HEADER, MAGIC_COOKIE};

/// What the beginning of a buffer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framed {
    /// A message.
    Message {
        /// Its length, what to hand to [`crate::Server::handle_client`].
        length: usize,
        /// How many bytes of the stream it takes, padding included: `length` or up to three more.
        taken: usize,
    },
    /// A part of one.
    Part {
        /// How many bytes must be there before asking again is of use.
        wanted: usize,
    },
}

/// The stream is neither STUN nor ChannelData, or a message is longer than allowed: nothing after it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTurn;

/// Looks for a message at the beginning of `bytes`. `longest` is the most a message may take of the stream, in bytes.
pub fn next_message(bytes: &[u8], longest: usize) -> Result<Framed, NotTurn> {
    let Some(&[first, _, third, fourth]) = bytes.first_chunk() else {
        return match bytes.first() {
            Some(0x04..=0x3F | 0x80..) => Err(NotTurn),
            _ => Ok(Framed::Part { wanted: 4 }),
        };
    };
    let said = usize::from(u16::from_be_bytes([third, fourth]));
    let length = match first {
        // RFC 7983.
        0x00..=0x03 => stun_length(bytes, said)?,
        // RFC 5766: on a stream nothing else has these.
        0x40..=0x7F => 4 + said,
        _ => return Err(NotTurn),
    };
    let taken = length.next_multiple_of(4);
    if taken > longest {
        return Err(NotTurn);
    }
    if bytes.len() < taken {
        return Ok(Framed::Part { wanted: taken });
    }
    Ok(Framed::Message { length, taken })
}

/// The length of a STUN message whose header says `said`; its cookie must be right as far as it has come.
fn stun_length(bytes: &[u8], said: usize) -> Result<usize, NotTurn> {
    let cookie = &bytes[4..bytes.len().min(8)];
    if !said.is_multiple_of(4) || !MAGIC_COOKIE.starts_with(cookie) {
        return Err(NotTurn);
    }
    Ok(HEADER + said)
}
