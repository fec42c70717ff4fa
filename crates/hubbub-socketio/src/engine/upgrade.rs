//! From polling to WebSocket (EIO4 "Upgrade"): a probe, its answer, and the change.

use super::machine::State;
use super::out::frame_out;
use super::polling::Polling;
use super::{Engine, Frame, Message, Out, Outgoing, PacketKind, decode_frame};

/// A WebSocket that wants to take over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe<L> {
    pub(super) leg: L,
    /// When we give it up.
    pub(super) by: u64,
    /// The client has probed it and was answered; from now on no poll waits.
    answered: bool,
}

impl<L: Copy + Eq> Polling<L> {
    /// Whether this leg wants to take over.
    pub(super) fn is_probing(&self, leg: L) -> bool {
        self.probe.is_some_and(|probe| probe.leg == leg)
    }

    /// Whether the client is about to leave polling.
    pub(super) fn is_upgrading(&self) -> bool {
        self.probe.is_some_and(|probe| probe.answered)
    }
}

impl<L: Copy + Eq> Engine<L> {
    /// A WebSocket with the session's id. If the session is on polling and nobody else tries the same, it may take over;
    /// else it is closed, without harm to the session. The heartbeat rests until it has taken over or is dropped.
    pub fn upgrade(&mut self, leg: L, now_ms: u64, out: &mut Vec<Out<L>>) {
        match &mut self.state {
            State::Polling(polling)
                if self.settings.allow_upgrades && polling.probe.is_none() && polling.closing.is_none() =>
            {
                let by = now_ms.saturating_add(self.settings.upgrade_timeout_ms.into());
                polling.probe = Some(Probe { leg, by, answered: false });
            }
            _ => out.push(Out::CloseLeg { leg }),
        }
    }

    /// A message on the WebSocket that wants to take over. Anything but a probe and then an upgrade ends it.
    pub(super) fn probe_frame(&mut self, frame: Frame<'_>, now: u64, out: &mut Vec<Out<L>>) {
        let State::Polling(polling) = &mut self.state else { return };
        let Some(probe) = &mut polling.probe else { return };
        let packet = decode_frame(self.peer.version, frame).ok();
        let packet = packet.as_ref().map(|packet| (packet.kind, &packet.data));
        match packet {
            Some((PacketKind::Ping, Message::Text("probe"))) => {
                probe.answered = true;
                out.push(frame_out(self.peer, probe.leg, Outgoing::packet(PacketKind::Pong, "probe")));
                self.release_poll(out);
            }
            Some((PacketKind::Upgrade, _)) if probe.answered => {
                let leg = probe.leg;
                self.take_over(leg, now, out);
            }
            _ => self.drop_probe(now, out),
        }
    }

    /// Lets a waiting poll go, so that the client can stop polling.
    fn release_poll(&mut self, out: &mut Vec<Out<L>>) {
        let State::Polling(polling) = &mut self.state else { return };
        if polling.parked.is_some() {
            if polling.queue.is_empty() {
                polling.push(Outgoing::packet(PacketKind::Noop, ""));
            }
            polling.answer(self.peer, out);
        }
    }

    /// The session is on the WebSocket from now on, and what waited for a poll goes there.
    fn take_over(&mut self, leg: L, now: u64, out: &mut Vec<Out<L>>) {
        self.release_poll(out);
        let State::Polling(polling) = &mut self.state else { return };
        let queue = polling.take_queue();
        out.push(Out::Upgraded { leg });
        out.extend(queue.into_iter().map(|packet| frame_out(self.peer, leg, packet)));
        self.state = State::WebSocket(leg);
        self.heartbeat.resume(&self.settings, now);
    }

    /// Gives up an upgrade; polling goes on.
    pub(super) fn drop_probe(&mut self, now: u64, out: &mut Vec<Out<L>>) {
        let State::Polling(polling) = &mut self.state else { return };
        if let Some(probe) = polling.probe.take() {
            out.push(Out::CloseLeg { leg: probe.leg });
            self.heartbeat.resume(&self.settings, now);
        }
    }
}
