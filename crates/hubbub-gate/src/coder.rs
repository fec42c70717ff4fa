//! What encoding needs again and again, one per worker: buffers and compressors.

use std::sync::Arc;

use bytes::Bytes;
use hubbub_auth::Pseudonyms;
use hubbub_ws::{Deflater, Inflater, Kind, MAX_HEADER, encode_deflated, encode_message, frame_header};

/// Buffers and compressors of one worker. Nothing in it belongs to a session.
#[derive(Default)]
pub struct Coder {
    /// For messages that come in compressed.
    pub inflater: Inflater,
    /// By window bits; made when first needed.
    deflaters: [Option<Box<Deflater>>; 16],
    /// The message being wrapped.
    text: Vec<u8>,
    /// Its compressed form.
    deflated: Vec<u8>,
    /// Where rooms are, for dialects that name them in full.
    rooms_host: Box<str>,
    /// For dialects that tell people apart without saying who they are.
    pseudonyms: Option<Arc<Pseudonyms>>,
}

impl Coder {
    /// For the server of `domain`.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        Self { rooms_host: format!("rooms.{domain}").into(), ..Self::default() }
    }

    /// With names for people that say nothing of who they are.
    #[must_use]
    pub fn calling(mut self, pseudonyms: Option<Arc<Pseudonyms>>) -> Self {
        self.pseudonyms = pseudonyms;
        self
    }

    /// Such names, if there is a secret to make them with.
    #[must_use]
    pub fn pseudonyms(&self) -> Option<&Arc<Pseudonyms>> {
        self.pseudonyms.as_ref()
    }

    /// The host of the addresses of rooms.
    #[must_use]
    pub fn rooms_host(&self) -> &str {
        &self.rooms_host
    }

    /// Runs `write` on an empty buffer and gives what it wrote.
    pub fn bytes(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
        self.text.clear();
        write(&mut self.text);
        Bytes::copy_from_slice(&self.text)
    }

    /// A text message of a WebSocket, uncompressed, whose payload `write` makes.
    pub fn text(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
        // The header comes before what it tells the length of: there is room for it.
        self.text.clear();
        self.text.resize(MAX_HEADER, 0);
        write(&mut self.text);
        let (room, payload) = self.text.split_at_mut(MAX_HEADER);
        let mut header = [0; MAX_HEADER];
        let mut rest = &mut header[..];
        frame_header(&mut rest, true, false, Kind::Text.into(), payload.len(), None);
        let length = MAX_HEADER - rest.len();
        room[MAX_HEADER - length..].copy_from_slice(&header[..length]);
        Bytes::copy_from_slice(&self.text[MAX_HEADER - length..])
    }

    /// Writes one WebSocket message: as it is, or compressed by itself if a window was agreed on and it is long enough.
    pub fn frame(&mut self, out: &mut Vec<u8>, kind: Kind, payload: &[u8], deflate: WsDeflate) {
        if !deflate.applies_to(payload) {
            return encode_message(out, kind, payload);
        }
        let deflater = self.deflaters[usize::from(deflate.window_bits & 15)]
            .get_or_insert_with(|| Box::new(Deflater::new(deflate.window_bits, false)));
        self.deflated.clear();
        deflater.compress_message(payload, &mut self.deflated);
        encode_deflated(out, kind, &self.deflated);
    }

    /// Writes one WebSocket message whose payload `write` makes.
    pub fn frame_of(&mut self, out: &mut Vec<u8>, deflate: WsDeflate, write: impl FnOnce(&mut Vec<u8>)) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        write(&mut text);
        self.frame(out, Kind::Text, &text, deflate);
        self.text = text;
    }
}

/// Whether and how messages to a WebSocket are compressed, each by itself (RFC 7692 §7.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WsDeflate {
    /// Window bits, 9 to 15; 0 for no compression.
    pub window_bits: u8,
    /// Shorter messages go as they are.
    pub min_bytes: u32,
}

impl WsDeflate {
    /// No compression.
    pub const OFF: Self = Self { window_bits: 0, min_bytes: 0 };

    /// Whether `payload` is to be compressed.
    #[must_use]
    pub fn applies_to(self, payload: &[u8]) -> bool {
        self.window_bits != 0 && payload.len() >= self.min_bytes as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_framed_as_any_message() {
        let mut coder = Coder::default();
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let text = vec![b'x'; length];
            let mut out = Vec::new();
            encode_message(&mut out, Kind::Text, &text);
            assert!(coder.text(|out| out.extend_from_slice(&text)) == out, "{length}");
        }
    }
}
