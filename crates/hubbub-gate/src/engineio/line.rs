//! The line to a client, whatever it is made of: what the application says goes into it packet by packet.

use bytes::Bytes;
use hubbub_hub::SessionKey;
use hubbub_socketio::engine::{Engine, Message, Out, Reason, Text, Version};
use hubbub_ws::Kind;

use crate::coder::{Coder, WsDeflate};
use crate::session::Cx;

/// The digit of a message packet.
const MESSAGE: u8 = b'4';

/// What is to be done about links.
pub(crate) type Outs = Vec<Out<SessionKey>>;

/// A client's line.
pub(crate) struct Line<'a> {
    pub(super) engine: &'a mut Engine<SessionKey>,
    pub(super) outs: &'a mut Outs,
    /// Bytes of answers since the client last took everything.
    pub(super) answers: &'a mut usize,
    /// How messages are written, if this is a WebSocket of this very session.
    pub(super) websocket: Option<WsDeflate>,
}

impl Line<'_> {
    /// How frames are written, if the client is on a WebSocket: then its seats can share bytes.
    pub(crate) fn websocket(&self) -> Option<WsDeflate> {
        self.websocket
    }

    /// Which Engine.IO it speaks.
    pub(crate) fn version(&self) -> Version {
        self.engine.peer().version
    }

    /// Answers the client, or tells it something that no log keeps. So much that it does not read is too much.
    pub(crate) fn answer(&mut self, packets: Vec<Packet>, cx: &mut Cx<'_>) {
        let before = self.waiting();
        self.send_all(packets, false, cx);
        *self.answers += self.waiting() - before;
    }

    /// Tells what a room's log keeps. On polling, whoever does not fetch it falls behind, and reads on from there.
    pub(crate) fn tell(&mut self, packets: Vec<Packet>, cx: &mut Cx<'_>) {
        self.send_all(packets, false, cx);
    }

    /// Tells a page of backlog, which is asked for only when the last was taken.
    pub(crate) fn page(&mut self, packets: Vec<Packet>, cx: &mut Cx<'_>) {
        self.send_all(packets, true, cx);
    }

    /// Sends packets, which stay together.
    fn send_all(&mut self, packets: Vec<Packet>, page: bool, cx: &mut Cx<'_>) {
        let Some(deflate) = self.websocket else {
            return packets.into_iter().for_each(|packet| self.queue(packet));
        };
        if !self.engine.is_open() || packets.is_empty() {
            return;
        }
        let mut out = Vec::new();
        let v3 = self.version() == Version::V3;
        packets.iter().for_each(|packet| packet.frame(&mut out, v3, deflate, cx.coder));
        if page { cx.out.write_page(out.into()) } else { cx.out.write(out.into()) }
    }

    fn queue(&mut self, packet: Packet) {
        match packet {
            Packet::Text(text) => self.engine.send_packet(&Text::from(text), self.outs),
            Packet::Binary(bytes) => self.engine.send(Message::Binary(bytes), self.outs),
        }
    }

    /// Bytes that wait for the client to poll.
    pub(crate) fn waiting(&self) -> usize {
        self.engine.queued_bytes()
    }

    /// Whether so much is on its way to the client that it is not to be asked for more.
    pub(crate) fn is_full(&self, cx: &Cx<'_>) -> bool {
        self.waiting().max(cx.out.len()) > cx.settings.outbox.bytes
    }

    /// Ends the session.
    pub(crate) fn end(&mut self, reason: Reason, cx: &Cx<'_>) {
        self.engine.close(reason, cx.now.mono_ms, self.outs);
    }
}

/// A message packet on its way to a client.
#[derive(Debug)]
pub(crate) enum Packet {
    /// A text, with the digit of a message before it.
    Text(String),
    /// Binary.
    Binary(Bytes),
}

impl Packet {
    /// A text packet whose data `write` makes; it writes UTF-8.
    pub(crate) fn text(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut out = vec![MESSAGE];
        write(&mut out);
        Self::Text(String::from_utf8(out).expect("text is checked where it comes in"))
    }

    /// Appends it as a WebSocket frame (EIO4: the packet as it is; EIO3: with its number before binary).
    pub(crate) fn frame(&self, out: &mut Vec<u8>, v3: bool, deflate: WsDeflate, coder: &mut Coder) {
        match self {
            Self::Text(text) => coder.frame(out, Kind::Text, text.as_bytes(), deflate),
            Self::Binary(bytes) if v3 => {
                coder.frame(out, Kind::Binary, &[&[4], &bytes[..]].concat(), deflate)
            }
            Self::Binary(bytes) => coder.frame(out, Kind::Binary, bytes, deflate),
        }
    }
}
