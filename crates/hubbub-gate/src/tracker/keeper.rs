//! A keeper: the steward of a part of all swarms.

use std::sync::Arc;

use hubbub_hub::SessionKey;
use hubbub_tracker::{Action, Announce, Announced, Asking, Event, Invalid, Refusal, Swarms, write};

use super::held::{Displaced, Held, Waiting};
use super::letters::{IsThere, Leave, Scrape, ToLink};
use crate::session::{Close, Cx, Input, Letter, Session};

/// Least and most time between looks at what has run out, in milliseconds.
const SWEEPS_MS: (u64, u64) = (250, 30_000);

/// Makes a keeper.
pub(super) fn appoint(name: &Arc<str>) -> Box<dyn Session> {
    let name = name.clone();
    Box::new(Keeper {
        name,
        swarms: Swarms::default(),
        sweep_ms: u64::MAX,
        held: Held::default(),
        displaced: Displaced::default(),
        to: Vec::new(),
    })
}

struct Keeper {
    name: Arc<str>,
    swarms: Swarms<SessionKey>,
    /// When to look at what has run out, in process time.
    sweep_ms: u64,
    /// Announces under peer ids that others have.
    held: Held,
    /// Who had some of them before, and is connected still.
    displaced: Displaced,
    /// Where the offers of an announce go, while it is being answered.
    to: Vec<SessionKey>,
}

impl Keeper {
    fn take(&mut self, from: SessionKey, letter: Letter, cx: &mut Cx<'_>) {
        let letter = match letter.downcast::<Announce>() {
            Ok(announce) => return self.hear(from, announce, cx),
            Err(other) => other,
        };
        let letter = match letter.downcast::<Leave>() {
            Ok(leave) => return self.leave(from, &leave, cx),
            Err(other) => other,
        };
        match letter.downcast::<IsThere>() {
            Ok(is) => self.is_there(from, &is, cx),
            Err(other) => {
                if let Ok(scrape) = other.downcast::<Scrape>() {
                    self.scrape(from, *scrape, cx);
                }
            }
        }
    }

    fn hear(&mut self, from: SessionKey, announce: Box<Announce>, cx: &mut Cx<'_>) {
        let (hash, peer) = (announce.info_hash, announce.peer_id);
        if announce.event == Event::Stopped {
            self.held.forget(from, &hash, &peer);
        }
        let Err(why) = self.announce(from, &announce, cx) else { return };
        match self.to_be_asked(&announce, why) {
            Some(holder) => {
                cx.write_to(holder, ToLink::AreYouThere(hash, peer));
                self.held.hold(Waiting { from, holder, announce, since_ms: cx.now.mono_ms });
            }
            None => self.refuse(from, &announce, why, cx),
        }
    }

    /// Who has its peer id and is to be asked whether he is there, before this announce is refused.
    fn to_be_asked(&self, announce: &Announce, why: Refusal) -> Option<SessionKey> {
        let comes = announce.event != Event::Stopped && announce.answer.is_none();
        let waits = why == Refusal::PeerIdTaken && comes && self.held.has_room_for(announce);
        waits.then(|| self.swarms.whereabouts(&announce.info_hash, &announce.peer_id)).flatten()
    }

    /// Who was asked has been heard: in time, or too late, and then he has his peer id again.
    fn is_there(&mut self, from: SessionKey, IsThere(hash, peer): &IsThere, cx: &mut Cx<'_>) {
        if self.displaced.take(from, hash, peer) {
            self.swarms.move_to(from, hash, peer);
        }
        self.settle(cx, |waiting| waiting.asks(from, hash, peer));
    }

    fn leave(&mut self, from: SessionKey, Leave(hash, peer): &Leave, cx: &mut Cx<'_>) {
        self.held.forget(from, hash, peer);
        self.displaced.take(from, hash, peer);
        self.swarms.leave(from, hash, peer);
        self.settle(cx, |waiting| waiting.asks(from, hash, peer));
    }

    /// Those who have the peer ids that these wait for are not there any more.
    fn hand_over(&mut self, cx: &mut Cx<'_>, which: impl Fn(&Waiting) -> bool) {
        for waiting in self.held.iter().filter(|waiting| which(waiting)) {
            let (holder, hash, peer) = (waiting.holder, waiting.announce.info_hash, waiting.announce.peer_id);
            if self.swarms.whereabouts(&hash, &peer) == Some(holder) {
                self.swarms.leave(holder, &hash, &peer);
                self.displaced.note(holder, hash, peer, cx.now.mono_ms);
            }
        }
        self.settle(cx, which);
    }

    /// These wait no longer, whatever has become of it.
    fn settle(&mut self, cx: &mut Cx<'_>, which: impl Fn(&Waiting) -> bool) {
        for Waiting { from, announce, .. } in self.held.take(which) {
            if let Err(why) = self.announce(from, &announce, cx) {
                self.refuse(from, &announce, why, cx);
            }
        }
    }

    /// # Errors
    /// Why it is to be refused.
    fn announce(&mut self, from: SessionKey, announce: &Announce, cx: &mut Cx<'_>) -> Result<(), Refusal> {
        let settings = &cx.settings.tracker;
        let may_begin = || settings.tally.all_swarms() < settings.swarms as u64;
        self.to.clear();
        let mut asking = Asking {
            limits: &settings.limits,
            now_ms: cx.now.mono_ms,
            rng: cx.rng,
            may_begin: &may_begin,
            to: &mut self.to,
        };
        let announced = self.swarms.announce(from, announce, &mut asking)?;
        settings.tally.at(cx.key.worker).announced();
        self.forward(from, announce, announced, cx);
        Ok(())
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
                let frame = cx.coder.text(|out| write::announced(out, hash, counts, interval_s));
                cx.write_to(from, ToLink::Answer(frame));
            }
            (Announced::Answered(to), Some(answer)) => {
                let text = announce.answer(answer);
                let frame = cx.coder.text(|out| write::answer(out, hash, peer, &answer.offer_id, text));
                cx.write_to(to, ToLink::Forward(frame));
            }
            (Announced::Answered(_), None) => {}
        }
        for (offer, to) in announce.offers.iter().zip(&self.to) {
            let text = announce.offer(offer);
            let frame = cx.coder.text(|out| write::offer(out, hash, peer, &offer.id, text));
            cx.write_to(*to, ToLink::Offer(frame));
        }
    }

    fn refuse(&self, from: SessionKey, announce: &Announce, why: Refusal, cx: &mut Cx<'_>) {
        cx.settings.tracker.tally.at(cx.key.worker).refuse();
        let (action, info_hash) = (Some(Action::Announce), Some(announce.info_hash));
        let invalid = Invalid { reason: why.reason().into(), action, info_hash };
        let frame = cx.coder.text(|out| write::refused(out, &invalid));
        cx.write_to(from, ToLink::Answer(frame));
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

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        let now_ms = cx.now.mono_ms;
        self.hand_over(cx, |waiting| waiting.is_over(now_ms));
        if self.sweep_ms <= now_ms {
            self.sweep(cx);
        }
    }

    fn sweep(&mut self, cx: &Cx<'_>) {
        let limits = &cx.settings.tracker.limits;
        self.swarms.sweep(limits, cx.now.mono_ms);
        self.displaced.sweep(cx.now.mono_ms.saturating_sub(limits.peer_ms));
        self.sweep_ms = u64::MAX;
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
            Input::Undelivered(session) => {
                self.hand_over(cx, |waiting| waiting.holder == session);
                self.displaced.forget(session);
            }
            Input::Timeout => self.timeout(cx),
            Input::Shutdown => return Err(Close::Done),
            _ => return Ok(()),
        }
        let after = (self.swarms.count(), self.swarms.peers());
        cx.settings.tracker.tally.at(cx.key.worker).changed(before, after);
        self.note_sweep(cx);
        if self.swarms.keeps_nothing() && self.held.is_empty() { Err(Close::Done) } else { Ok(()) }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.sweep_ms.min(self.held.deadline()))
    }
}
