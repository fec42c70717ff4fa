//! A session on HTTP long-polling: polls that wait, packets that wait, posts (EIO4 "HTTP long-polling").

use super::machine::{Fatal, Received, State};
use super::upgrade::Probe;
use super::{
    Engine, Message, Out, Outgoing, PacketKind, Peer, Reason, RequestError, decode_payload, encode_payload,
};
use std::mem;

/// How long a session that we close waits for a poll to which it can say so; as in the reference server.
const CLOSE_TIMEOUT_MS: u64 = 30_000;

/// What a session has while it is on polling.
#[derive(Debug)]
pub(super) struct Polling<L> {
    /// The GET that waits for something to be sent.
    pub(super) parked: Option<L>,
    /// What waits for a GET.
    pub(super) queue: Vec<Outgoing>,
    /// The cost of all in the queue.
    pub(super) queued_bytes: usize,
    /// The WebSocket that wants to take over.
    pub(super) probe: Option<Probe<L>>,
    /// The session ends as soon as the client can be told.
    pub(super) closing: Option<Closing>,
    /// Most packets in one answer.
    pub(super) most: usize,
}

/// A session that is about to be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closing {
    reason: Reason,
    pub(super) by: u64,
}

impl<L> Default for Polling<L> {
    fn default() -> Self {
        Self {
            parked: None,
            queue: Vec::new(),
            queued_bytes: 0,
            probe: None,
            closing: None,
            most: usize::MAX,
        }
    }
}

impl<L: Copy + Eq> Polling<L> {
    pub(super) fn push(&mut self, packet: Outgoing) {
        self.queued_bytes += packet.cost();
        self.queue.push(packet);
    }

    /// Takes everything that waits.
    pub(super) fn take_queue(&mut self) -> Vec<Outgoing> {
        self.queued_bytes = 0;
        mem::take(&mut self.queue)
    }

    /// Answers the waiting poll, if there is one, with the queue, or as much of it as the client takes at once.
    pub(super) fn answer(&mut self, peer: Peer, out: &mut Vec<Out<L>>) {
        if let Some(leg) = self.parked.take() {
            let mut packets = self.take_queue();
            let rest = packets.split_off(packets.len().min(self.most));
            let mut body = Vec::new();
            let binary = encode_payload(peer, &packets, &mut body);
            out.push(Out::Payload { leg, body, binary });
            rest.into_iter().for_each(|packet| self.push(packet));
        }
    }

    /// Begins to close; says whether that can be finished at once.
    pub(super) fn start_closing(&mut self, reason: Reason, now: u64, out: &mut Vec<Out<L>>) -> bool {
        if self.closing.is_none() {
            self.closing = Some(Closing { reason, by: now.saturating_add(CLOSE_TIMEOUT_MS) });
            // The client comes back to polling when its upgrade fails, and there it is told.
            out.extend(self.probe.take().map(|probe| Out::CloseLeg { leg: probe.leg }));
        }
        self.parked.is_some()
    }

    /// The time of what is more urgent than the heartbeat, which rests meanwhile.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.closing.map(|closing| closing.by).or(self.probe.map(|probe| probe.by))
    }

    /// The names of all legs.
    pub(super) fn legs(&mut self) -> impl Iterator<Item = &mut L> {
        self.parked.iter_mut().chain(self.probe.iter_mut().map(|probe| &mut probe.leg))
    }
}

impl<L: Copy + Eq> Engine<L> {
    /// The client takes at most so many packets in the answer to one poll; without this, any number. The rest comes with
    /// the next.
    pub fn limit_answers(&mut self, packets: usize) {
        if let State::Polling(polling) = &mut self.state {
            polling.most = packets.max(1);
        }
    }

    /// A GET with the session's id. It is answered at once if something is queued, or by `NOOP` if an upgrade
    /// is under way; else it waits.
    ///
    /// A second one while the first waits closes the session (EIO4 "Receiving data"); one that comes after the upgrade
    /// is refused, without harm to the session.
    pub fn poll(&mut self, leg: L, out: &mut Vec<Out<L>>) {
        let State::Polling(polling) = &mut self.state else { return self.refuse(leg, out) };
        if polling.parked.is_some() {
            return self.reject(leg, RequestError::BadRequest, out);
        }
        polling.parked = Some(leg);
        if polling.closing.is_some() {
            return self.finish_closing(out);
        }
        if polling.queue.is_empty() && polling.is_upgrading() {
            polling.push(Outgoing::packet(PacketKind::Noop, ""));
        }
        self.flush(out);
    }

    /// A POST with the session's id, and all of its body. `binary_body` says that its content type is
    /// `application/octet-stream`. Returns what it brings to the application, in order.
    ///
    /// A body that is malformed or too large is refused, brings nothing, and closes the session.
    pub fn post<'b>(
        &mut self,
        leg: L,
        body: &'b [u8],
        binary_body: bool,
        now_ms: u64,
        out: &mut Vec<Out<L>>,
    ) -> Vec<Message<'b>> {
        if !matches!(self.state, State::Polling(_)) {
            self.refuse(leg, out);
            return Vec::new();
        }
        if body.len() > self.settings.max_payload as usize {
            self.reject(leg, RequestError::TooLarge, out);
            return Vec::new();
        }
        match self.read_payload(body, binary_body, now_ms) {
            Ok(posted) => self.posted(leg, posted, out),
            Err(reason) => {
                out.push(Out::Refused { leg, why: RequestError::BadRequest });
                self.end(reason, PacketKind::Close, out);
                Vec::new()
            }
        }
    }

    fn posted<'b>(&mut self, leg: L, posted: Posted<'b>, out: &mut Vec<Out<L>>) -> Vec<Message<'b>> {
        out.push(Out::Posted { leg });
        if posted.close {
            // A poll that waits is let go with nothing in it, as the client asked for the end.
            self.end(Reason::TransportClose, PacketKind::Noop, out);
        }
        self.flush(out);
        posted.messages
    }

    fn read_payload<'b>(&mut self, body: &'b [u8], binary: bool, now: u64) -> Result<Posted<'b>, Fatal> {
        let max_records = self.settings.max_records as usize;
        let packets =
            decode_payload(self.peer.version, body, binary, max_records).map_err(|_| Reason::ParseError)?;
        let mut posted = Posted { messages: Vec::with_capacity(packets.len()), close: false };
        for packet in packets {
            match self.receive(packet, now)? {
                Received::Message(message) if self.is_open() => posted.messages.push(message),
                Received::Answer(answer) if self.is_open() => self.queue(answer),
                Received::Message(_) | Received::Answer(_) | Received::Nothing => {}
                Received::Close => {
                    posted.close = true;
                    break;
                }
            }
        }
        Ok(posted)
    }

    fn queue(&mut self, packet: Outgoing) {
        if let State::Polling(polling) = &mut self.state {
            polling.push(packet);
        }
    }

    /// A request that cannot be served broke the protocol before it got here, such as a second POST while the first is
    /// being read (EIO4 "Sending data"): it is refused, and a session on polling is closed.
    pub fn reject(&mut self, leg: L, why: RequestError, out: &mut Vec<Out<L>>) {
        if !matches!(self.state, State::Polling(_)) {
            return self.refuse(leg, out);
        }
        out.push(Out::Refused { leg, why });
        self.end(Reason::TransportError, PacketKind::Close, out);
    }

    /// Refuses a request to a session that is not on polling, or not at all.
    fn refuse(&mut self, leg: L, out: &mut Vec<Out<L>>) {
        let why = match self.state {
            State::Closed => RequestError::UnknownSid,
            _ => RequestError::BadRequest,
        };
        out.push(Out::Refused { leg, why });
    }

    /// The client can be told now that we close, or has to do without.
    pub(super) fn finish_closing(&mut self, out: &mut Vec<Out<L>>) {
        if let State::Polling(polling) = &self.state
            && let Some(closing) = polling.closing
        {
            self.end(closing.reason, PacketKind::Close, out);
        }
    }
}

/// What a POST brings.
struct Posted<'b> {
    messages: Vec<Message<'b>>,
    close: bool,
}
