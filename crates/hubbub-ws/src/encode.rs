//! Writing frames. The functions here are a server's; [`client`] has the same with a mask.

use crate::close::close_payload;
use crate::{Kind, Opcode, apply_mask, frame_header};
use bytes::BufMut;

/// Bytes masked at a time on the stack; a multiple of the key's four.
const MASKING_BLOCK: usize = 512;

/// Writes one frame. `rsv1` marks the first frame of a compressed message; `mask` is a client's (RFC 6455
/// §5.3: fresh and unpredictable for every frame).
pub fn encode_frame(
    out: &mut impl BufMut,
    fin: bool,
    rsv1: bool,
    opcode: Opcode,
    payload: &[u8],
    mask: Option<[u8; 4]>,
) {
    frame_header(out, fin, rsv1, opcode, payload.len(), mask);
    match mask {
        None => out.put_slice(payload),
        Some(key) => put_masked(out, payload, key),
    }
}

fn put_masked(out: &mut impl BufMut, payload: &[u8], key: [u8; 4]) {
    for plain in payload.chunks(MASKING_BLOCK) {
        let mut block = [0; MASKING_BLOCK];
        let block = &mut block[..plain.len()];
        block.copy_from_slice(plain);
        apply_mask(block, key);
        out.put_slice(block);
    }
}

/// Writes a message as one frame. The payload of a [`Kind::Text`] must be UTF-8.
pub fn encode_message(out: &mut impl BufMut, kind: Kind, payload: &[u8]) {
    encode_frame(out, true, false, kind.into(), payload, None);
}

/// Writes a message that [`Deflater::compress_message`](crate::Deflater::compress_message) made, as one
/// frame.
pub fn encode_deflated(out: &mut impl BufMut, kind: Kind, deflated: &[u8]) {
    encode_frame(out, true, true, kind.into(), deflated, None);
}

/// Writes a close frame. The reason is cut between two characters to fit 123 bytes; code 1005 writes an empty
/// frame. Other codes that may not be sent are a fault of the caller.
pub fn encode_close(out: &mut impl BufMut, code: impl Into<u16>, reason: &str) {
    put_close(out, code.into(), reason, None);
}

fn put_close(out: &mut impl BufMut, code: u16, reason: &str, mask: Option<[u8; 4]>) {
    let (payload, len) = close_payload(code, reason);
    encode_frame(out, true, false, Opcode::Close, &payload[..len], mask);
}

/// Writes a ping. At most 125 bytes of payload.
pub fn encode_ping(out: &mut impl BufMut, payload: &[u8]) {
    put_control(out, Opcode::Ping, payload, None);
}

/// Writes a pong, which carries the payload of the ping it answers. At most 125 bytes of payload.
pub fn encode_pong(out: &mut impl BufMut, payload: &[u8]) {
    put_control(out, Opcode::Pong, payload, None);
}

fn put_control(out: &mut impl BufMut, opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) {
    debug_assert!(payload.len() <= 125, "control frames carry at most 125 bytes");
    encode_frame(out, true, false, opcode, payload, mask);
}

/// A client's frames: those of a server, masked. Every frame needs a fresh `mask` that others cannot foresee
/// (RFC 6455 §5.3, §10.3).
pub mod client {
    use super::{BufMut, Kind, Opcode, encode_frame, put_close, put_control};

    /// Writes a message as one frame. The payload of a [`Kind::Text`] must be UTF-8.
    pub fn encode_message(out: &mut impl BufMut, kind: Kind, payload: &[u8], mask: [u8; 4]) {
        encode_frame(out, true, false, kind.into(), payload, Some(mask));
    }

    /// Writes a compressed message as one frame.
    pub fn encode_deflated(out: &mut impl BufMut, kind: Kind, deflated: &[u8], mask: [u8; 4]) {
        encode_frame(out, true, true, kind.into(), deflated, Some(mask));
    }

    /// Writes a close frame, as [`encode_close`](super::encode_close) does.
    pub fn encode_close(out: &mut impl BufMut, code: impl Into<u16>, reason: &str, mask: [u8; 4]) {
        put_close(out, code.into(), reason, Some(mask));
    }

    /// Writes a ping. At most 125 bytes of payload.
    pub fn encode_ping(out: &mut impl BufMut, payload: &[u8], mask: [u8; 4]) {
        put_control(out, Opcode::Ping, payload, Some(mask));
    }

    /// Writes a pong. At most 125 bytes of payload.
    pub fn encode_pong(out: &mut impl BufMut, payload: &[u8], mask: [u8; 4]) {
        put_control(out, Opcode::Pong, payload, Some(mask));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455 §5.7.
    #[test]
    fn examples_of_the_rfc() {
        let mut out = Vec::new();
        encode_message(&mut out, Kind::Text, b"Hello");
        assert_eq!(out, *b"\x81\x05Hello");

        out.clear();
        client::encode_message(&mut out, Kind::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(out, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);

        out.clear();
        encode_frame(&mut out, false, false, Opcode::Text, b"Hel", None);
        encode_frame(&mut out, true, false, Opcode::Continuation, b"lo", None);
        assert_eq!(out, *b"\x01\x03Hel\x80\x02lo");

        out.clear();
        encode_ping(&mut out, b"Hello");
        client::encode_pong(&mut out, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(out[..7], *b"\x89\x05Hello");
        assert_eq!(out[7..], [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn close_frames() {
        let mut out = Vec::new();
        encode_close(&mut out, 1000u16, "bye");
        assert_eq!(out, *b"\x88\x05\x03\xe8bye");
        out.clear();
        encode_close(&mut out, crate::CloseCode::NO_STATUS, "");
        assert_eq!(out, *b"\x88\x00");
        out.clear();
        client::encode_close(&mut out, crate::CloseCode::NORMAL, "", [1, 2, 3, 4]);
        assert_eq!(out, [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xe8 ^ 2]);
    }

    #[test]
    fn masking_goes_on_over_block_ends() {
        let payload = vec![0; 3 * MASKING_BLOCK + 7];
        let mut out = Vec::new();
        put_masked(&mut out, &payload, [1, 2, 3, 4]);
        assert!(out.iter().enumerate().all(|(i, &byte)| usize::from(byte) == i % 4 + 1));
    }
}
