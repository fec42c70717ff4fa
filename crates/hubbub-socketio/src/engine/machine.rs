//! The machine of one session: what it is on, what it answers, how it ends.

use super::heartbeat::{Beat, Heartbeat};
use super::out::frame_out;
use super::polling::Polling;
use super::{
    Frame, Message, Out, Outgoing, Packet, PacketKind, Peer, Reason, Settings, Text, Transport, Version,
    decode_frame,
};
use serde_json::Value;
use std::mem;

/// One Engine.IO session, the server's side of it.
///
/// A *leg* is one HTTP exchange or one WebSocket; `L` is the caller's name for one, and no two that are open at a time
/// may have the same. Methods say what happened, with the time in milliseconds (of any clock that does not go
/// back), and append to `out` what is to be done about it, in order. Every HTTP leg is answered exactly once, by
/// [`Out::Payload`], [`Out::Posted`] or [`Out::Refused`], unless it is lost before; every WebSocket leg ends
/// with [`Out::CloseLeg`], unless it is lost before. After [`Out::Closed`], which comes once and last, the
/// session is over: requests are refused as unknown, and everything else is ignored.
///
/// Call [`timeout`](Self::timeout) when [`deadline`](Self::deadline) has come; asking for the deadline costs nothing.
///
/// # Security
///
/// Bad input costs the session it came in, never more. What waits for a client that does not poll is counted by
/// [`queued_bytes`](Self::queued_bytes); to limit it is the caller's business, because only he knows what may be
/// dropped.
#[derive(Debug)]
pub struct Engine<L> {
    pub(super) peer: Peer,
    pub(super) settings: Settings,
    pub(super) heartbeat: Heartbeat,
    pub(super) state: State<L>,
}

const _: () = assert!(size_of::<Engine<u64>>() <= 200, "an idle session must stay small");

#[derive(Debug)]
pub(super) enum State<L> {
    Polling(Box<Polling<L>>),
    WebSocket(L),
    Closed,
}

/// Why a packet ends the session.
pub(super) type Fatal = Reason;

impl<L: Copy + Eq> Engine<L> {
    /// A session that begins with a GET: answers it with the open packet (EIO4 "Handshake").
    pub fn open_polling(
        peer: Peer,
        leg: L,
        sid: &str,
        settings: &Settings,
        now_ms: u64,
        out: &mut Vec<Out<L>>,
    ) -> Self {
        let upgrades = if settings.allow_upgrades { r#""websocket""# } else { "" };
        let mut polling = Polling::default();
        polling.push(open_packet(peer.version, sid, upgrades, settings));
        polling.parked = Some(leg);
        polling.answer(peer, out);
        Self::new(peer, State::Polling(Box::new(polling)), settings, now_ms)
    }

    /// A session that begins with a WebSocket: sends the open packet on it (EIO4 "Handshake").
    pub fn open_websocket(
        peer: Peer,
        leg: L,
        sid: &str,
        settings: &Settings,
        now_ms: u64,
        out: &mut Vec<Out<L>>,
    ) -> Self {
        out.push(frame_out(peer, leg, open_packet(peer.version, sid, "", settings)));
        Self::new(peer, State::WebSocket(leg), settings, now_ms)
    }

    fn new(peer: Peer, state: State<L>, settings: &Settings, now: u64) -> Self {
        Self { peer, settings: *settings, heartbeat: Heartbeat::new(peer.version, settings, now), state }
    }

    /// A message came on a WebSocket: that of the session, or one that wants to become it. Returns what it brings to
    /// the application.
    ///
    /// What comes on a leg that is none of the session's is ignored.
    pub fn frame<'f>(
        &mut self,
        leg: L,
        frame: Frame<'f>,
        now_ms: u64,
        out: &mut Vec<Out<L>>,
    ) -> Option<Message<'f>> {
        match &self.state {
            State::WebSocket(own) if *own == leg => self.own_frame(leg, frame, now_ms, out),
            State::Polling(polling) if polling.is_probing(leg) => {
                self.probe_frame(frame, now_ms, out);
                None
            }
            _ => None,
        }
    }

    fn own_frame<'f>(
        &mut self,
        leg: L,
        frame: Frame<'f>,
        now: u64,
        out: &mut Vec<Out<L>>,
    ) -> Option<Message<'f>> {
        let packet = if self.is_too_large(frame) {
            Err(Reason::ParseError)
        } else {
            decode_frame(self.peer.version, frame).map_err(|_| Reason::ParseError)
        };
        match packet.and_then(|packet| self.receive(packet, now)) {
            Ok(Received::Message(message)) => return Some(message),
            Ok(Received::Nothing) => {}
            Ok(Received::Answer(packet)) => out.push(frame_out(self.peer, leg, packet)),
            Ok(Received::Close) => self.end(Reason::TransportClose, PacketKind::Noop, out),
            Err(reason) => self.end(reason, PacketKind::Close, out),
        }
        None
    }

    pub(super) fn is_too_large(&self, frame: Frame<'_>) -> bool {
        let len = match frame {
            Frame::Text(text) => text.len(),
            Frame::Binary(bytes) => bytes.len(),
        };
        len > self.settings.max_payload as usize
    }

    /// What a packet means on the transport that the session is on.
    pub(super) fn receive<'p>(&mut self, packet: Packet<'p>, now: u64) -> Result<Received<'p>, Fatal> {
        self.heartbeat.heard(&self.settings, now);
        match (packet.kind, self.peer.version) {
            (PacketKind::Message, _) => return Ok(Received::Message(packet.data)),
            (PacketKind::Close, _) => return Ok(Received::Close),
            (PacketKind::Pong, Version::V4) => self.heartbeat.pong(&self.settings, now),
            (PacketKind::Ping, Version::V3) => return Ok(Received::Answer(pong(&packet.data))),
            (PacketKind::Ping, Version::V4) | (PacketKind::Pong, Version::V3) => {
                return Err(Reason::TransportError);
            }
            // Without a meaning here, and ignored by the reference server too.
            (PacketKind::Open | PacketKind::Upgrade | PacketKind::Noop, _) => {}
        }
        Ok(Received::Nothing)
    }

    /// A leg went away before we closed or answered it. A WebSocket or a waiting poll takes the session with it, as in
    /// the reference server; an upgrade that was under way is dropped.
    pub fn leg_lost(&mut self, leg: L, now_ms: u64, out: &mut Vec<Out<L>>) {
        match &mut self.state {
            State::WebSocket(own) if *own == leg => {
                self.state = State::Closed;
                out.push(Out::Closed(Reason::TransportClose));
            }
            State::Polling(polling) if polling.parked == Some(leg) => {
                polling.parked = None;
                self.end(Reason::TransportError, PacketKind::Close, out);
            }
            State::Polling(polling) if polling.is_probing(leg) => {
                polling.probe = None;
                self.heartbeat.resume(&self.settings, now_ms);
            }
            _ => {}
        }
    }

    /// Sends a message. On polling it waits for [`flush`](Self::flush); on WebSocket it goes at once.
    ///
    /// While the session is closing, and after, nothing is sent any more.
    pub fn send(&mut self, message: Message<'_>, out: &mut Vec<Out<L>>) {
        if self.is_open() {
            self.put(Outgoing::message(message), out);
        }
    }

    /// Sends a whole text packet that many sessions share, beginning with its digit (`4` for a message).
    pub fn send_packet(&mut self, packet: &Text, out: &mut Vec<Out<L>>) {
        if self.is_open() {
            self.put(Outgoing::Text(packet.clone()), out);
        }
    }

    fn put(&mut self, packet: Outgoing, out: &mut Vec<Out<L>>) {
        match &mut self.state {
            State::Polling(polling) => polling.push(packet),
            State::WebSocket(leg) => out.push(frame_out(self.peer, *leg, packet)),
            State::Closed => {}
        }
    }

    /// Answers a waiting poll with everything that is queued, as one payload.
    pub fn flush(&mut self, out: &mut Vec<Out<L>>) {
        if let State::Polling(polling) = &mut self.state
            && !polling.queue.is_empty()
        {
            polling.answer(self.peer, out);
        }
    }

    /// Ends the session from our side, with what is queued and a close packet.
    ///
    /// If the client is just between two polls, the session waits for the next one (or 30 seconds) before it says
    /// [`Out::Closed`]; it takes no messages meanwhile.
    pub fn close(&mut self, reason: Reason, now_ms: u64, out: &mut Vec<Out<L>>) {
        match &mut self.state {
            State::Closed => {}
            State::WebSocket(leg) => {
                out.push(frame_out(self.peer, *leg, Outgoing::packet(PacketKind::Close, "")));
                self.end(reason, PacketKind::Close, out);
            }
            State::Polling(polling) => {
                if polling.start_closing(reason, now_ms, out) {
                    self.finish_closing(out);
                }
            }
        }
    }

    /// The time has come that [`deadline`](Self::deadline) named. Called too early, it does nothing.
    pub fn timeout(&mut self, now_ms: u64, out: &mut Vec<Out<L>>) {
        match &mut self.state {
            State::Closed => return,
            State::Polling(polling) => {
                if polling.closing.is_some_and(|closing| closing.by <= now_ms) {
                    return self.finish_closing(out);
                }
                if polling.closing.is_some() {
                    return;
                }
                if let Some(probe) = polling.probe {
                    if probe.by <= now_ms {
                        self.drop_probe(now_ms, out);
                    }
                    return;
                }
            }
            State::WebSocket(_) => {}
        }
        match self.heartbeat.tick(&self.settings, now_ms) {
            Beat::Wait => {}
            Beat::Ping => {
                self.put(Outgoing::packet(PacketKind::Ping, ""), out);
                self.flush(out);
            }
            Beat::Dead => self.end(Reason::PingTimeout, PacketKind::Close, out),
        }
    }

    /// When [`timeout`](Self::timeout) wants to be called, in milliseconds; never again once the session is over.
    pub fn deadline(&self) -> Option<u64> {
        match &self.state {
            State::Closed => None,
            State::Polling(polling) => Some(polling.deadline().unwrap_or(self.heartbeat.due())),
            State::WebSocket(_) => Some(self.heartbeat.due()),
        }
    }

    /// What waits for the client's next poll, in bytes, with a little for each packet.
    pub fn queued_bytes(&self) -> usize {
        match &self.state {
            State::Polling(polling) => polling.queued_bytes,
            State::WebSocket(_) | State::Closed => 0,
        }
    }

    /// What the session is on.
    pub fn transport(&self) -> Transport<L> {
        match &self.state {
            State::Polling(_) => Transport::Polling,
            State::WebSocket(leg) => Transport::WebSocket(*leg),
            State::Closed => Transport::Closed,
        }
    }

    /// Which protocol the client speaks, and whether it takes binary.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Whether messages can be sent: the session is neither over nor about to be.
    pub fn is_open(&self) -> bool {
        match &self.state {
            State::Polling(polling) => polling.closing.is_none(),
            State::WebSocket(_) => true,
            State::Closed => false,
        }
    }

    /// The leg `old` is called `new` from now on.
    pub fn relabel(&mut self, old: L, new: L) {
        let rename = |leg: &mut L| {
            if *leg == old {
                *leg = new;
            }
        };
        match &mut self.state {
            State::WebSocket(leg) => rename(leg),
            State::Polling(polling) => polling.legs().for_each(rename),
            State::Closed => {}
        }
    }

    /// The end: whatever leg is left is told, a waiting poll with a last packet.
    pub(super) fn end(&mut self, reason: Reason, farewell: PacketKind, out: &mut Vec<Out<L>>) {
        match mem::replace(&mut self.state, State::Closed) {
            State::Closed => return,
            State::WebSocket(leg) => out.push(Out::CloseLeg { leg }),
            State::Polling(mut polling) => {
                if let Some(probe) = polling.probe {
                    out.push(Out::CloseLeg { leg: probe.leg });
                }
                if polling.closing.is_none() {
                    polling.queue.clear();
                }
                polling.push(Outgoing::packet(farewell, ""));
                polling.answer(self.peer, out);
            }
        }
        out.push(Out::Closed(reason));
    }
}

/// What a packet asks for.
pub(super) enum Received<'p> {
    Message(Message<'p>),
    Answer(Outgoing),
    Nothing,
    Close,
}

/// Protocol 3: a pong says what the ping said (EIO3 "2 ping").
fn pong(data: &Message<'_>) -> Outgoing {
    match data {
        Message::Text(data) => Outgoing::packet(PacketKind::Pong, data),
        Message::Binary(_) => Outgoing::packet(PacketKind::Pong, ""),
    }
}

/// The open packet (EIO4 "Handshake"). Protocol 3 does not know `maxPayload`.
fn open_packet(version: Version, sid: &str, upgrades: &str, settings: &Settings) -> Outgoing {
    let max_payload = match version {
        Version::V4 => format!(r#","maxPayload":{}"#, settings.max_payload),
        Version::V3 => String::new(),
    };
    let json = format!(
        r#"{{"sid":{},"upgrades":[{upgrades}],"pingInterval":{},"pingTimeout":{}{max_payload}}}"#,
        Value::from(sid),
        settings.ping_interval_ms,
        settings.ping_timeout_ms,
    );
    Outgoing::packet(PacketKind::Open, &json)
}
