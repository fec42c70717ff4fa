//! A keeper: the steward of a part of all swarms.

use std::sync::Arc;

use hubbub_hub::SessionKey;
use hubbub_tracker::{Action, Announce, Announced, Asking, Invalid, Refusal, Swarms, write};
use hubbub_ws::{Kind, encode_message};

use super::letters::{Leave, Scrape, ToLink};
use crate::session::{Close, Cx, Input, Letter, Session};

/// Least and most time between looks at what has run out, in milliseconds.
const SWEEPS_MS: (u64, u64) = (250, 30_000);

/// Makes a keeper.
pub(super) fn appoint(name: &Arc<str>) -> Box<dyn Session> {
    let name = name.clone();
    Box::new(Keeper { name, swarms: Swarms::default(), sweep_ms: u64::MAX, to: Vec::new(), text: Vec::new() })
}

struct Keeper {
    name: Arc<str>,
    swarms: Swarms<SessionKey>,
    /// When to look at what has run out, in process time.
    sweep_ms: u64,
    /// Where the offers of an announce go, while it is being answered.
    to: Vec<SessionKey>,
    /// What is being written.
    text: Vec<u8>,
}

impl Keeper {
    fn take(&mut self, from: SessionKey, letter: Letter, cx: &mut Cx<'_>) {
        let letter = match letter.downcast::<Announce>() {
            Ok(announce) => return self.announce(from, &announce, cx),
            Err(other) => other,
        };
        match letter.downcast::<Leave>() {
            Ok(leave) => self.swarms.leave(from, &leave.0, &leave.1),
            Err(other) => {
                if let Ok(scrape) = other.downcast::<Scrape>() {
                    self.scrape(from, *scrape, cx);
                }
            }
        }
    }

    fn announce(&mut self, from: SessionKey, announce: &Announce, cx: &mut Cx<'_>) {
        let settings = &cx.settings.tracker;
        let tally = settings.tally.at(cx.key.worker);
        let may_begin = || settings.tally.all_swarms() < settings.swarms as u64;
        self.to.clear();
        let mut asking = Asking {
            limits: &settings.limits,
            now_ms: cx.now.mono_ms,
            rng: cx.rng,
            may_begin: &may_begin,
            to: &mut self.to,
        };
        match self.swarms.announce(from, announce, &mut asking) {
            Ok(announced) => {
                tally.announced();
                self.forward(from, announce, announced, cx);
            }
            Err(why) => {
                tally.refuse();
                self.refuse(from, announce, why, cx);
            }
        }
    }

    fn forward(
        &mut self,
        from: SessionKey,
        announce: &Announce,
        announced: Announced<SessionKey>,
        cx: &mut Cx<'_>,
    ) {
        let (hash, peer) = (&announce.info_hash, &announce.peer_id);
        match (announced, &announce.answer) {
            (Announced::Counted(counts), _) => {
                let interval_s = cx.settings.tracker.interval_s;
                let frame = self.frame(cx, |out| write::announced(out, hash, counts, interval_s));
                cx.write_to(from, ToLink::Answer(frame));
            }
            (Announced::Answered(to), Some(answer)) => {
                let text = announce.answer(answer);
                let frame = self.frame(cx, |out| write::answer(out, hash, peer, &answer.offer_id, text));
                cx.write_to(to, ToLink::Forward(frame));
            }
            (Announced::Answered(_), None) => {}
        }
        for (index, offer) in announce.offers.iter().enumerate().take(self.to.len()) {
            let text = announce.offer(offer);
            let frame = self.frame(cx, |out| write::offer(out, hash, peer, &offer.id, text));
            cx.write_to(self.to[index], ToLink::Forward(frame));
        }
    }

    fn refuse(&mut self, from: SessionKey, announce: &Announce, why: Refusal, cx: &mut Cx<'_>) {
        let (action, info_hash) = (Some(Action::Announce), Some(announce.info_hash));
        let invalid = Invalid { reason: why.reason().into(), action, info_hash };
        let frame = self.frame(cx, |out| write::refused(out, &invalid));
        cx.write_to(from, ToLink::Answer(frame));
    }

    /// A frame with what is written.
    fn frame(&mut self, cx: &mut Cx<'_>, write: impl FnOnce(&mut Vec<u8>)) -> bytes::Bytes {
        self.text.clear();
        write(&mut self.text);
        cx.coder.bytes(|out| encode_message(out, Kind::Text, &self.text))
    }

    /// Fills in what is known here, and gives it back.
    fn scrape(&self, from: SessionKey, mut scrape: Scrape, cx: &mut Cx<'_>) {
        for (hash, counts) in &mut scrape.0 {
            if *cx.settings.tracker.keepers.of(hash) == self.name {
                *counts = Some(self.swarms.counts(hash));
            }
        }
        cx.write_to(from, scrape);
    }

    fn sweep(&mut self, cx: &Cx<'_>) {
        self.swarms.sweep(&cx.settings.tracker.limits, cx.now.mono_ms);
        self.sweep_ms = u64::MAX;
        if self.text.capacity() > 4096 {
            self.text = Vec::new();
        }
    }

    /// Looks again in a while if there is something to look at.
    fn note_sweep(&mut self, cx: &Cx<'_>) {
        if self.swarms.peers() > 0 && self.sweep_ms == u64::MAX {
            let limits = &cx.settings.tracker.limits;
            let shorter_ms = limits.peer_ms.min(limits.offer_ms);
            self.sweep_ms = cx.now.mono_ms + (shorter_ms / 4).clamp(SWEEPS_MS.0, SWEEPS_MS.1);
        }
    }
}

impl Session for Keeper {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let before = (self.swarms.count(), self.swarms.peers());
        match input {
            Input::Letter(from, letter) => self.take(from, letter, cx),
            Input::Timeout => self.sweep(cx),
            Input::Shutdown => return Err(Close::Done),
            _ => return Ok(()),
        }
        let after = (self.swarms.count(), self.swarms.peers());
        cx.settings.tracker.tally.at(cx.key.worker).changed(before, after);
        self.note_sweep(cx);
        if self.swarms.keeps_nothing() { Err(Close::Done) } else { Ok(()) }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.sweep_ms)
    }
}
