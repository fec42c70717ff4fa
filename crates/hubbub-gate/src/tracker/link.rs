//! One connection: what its client says goes to the keepers of its swarms, what it is told comes from them.

use hubbub_tracker::{Action, Announce, Event, InfoHash, Invalid, Message, PeerId, parse, write};
use hubbub_ws::CloseCode;

use super::keeper;
use super::letters::{IsThere, Leave, Scrape, ToLink};
use crate::candidates::{Candidates, Unclear};
use crate::pace::Pace;
use crate::session::{Cx, Deed, Input, Letter};
use crate::text_socket::{End, Talk, tell};
use crate::ws::control::ping;

/// What is spoken over one WebSocket.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The swarms it has announced itself in and has not left. A keeper may have forgotten it there meanwhile, or never have let it in.
    joined: Vec<Joined>,
    pace: Pace,
    /// Messages beyond the pace that are still answered, by a refusal.
    grace: Pace,
    /// Offers that its client is told of.
    told: Pace,
    /// As whom it was asked whether its client is there, since that was heard last.
    asked: Vec<(InfoHash, PeerId)>,
}

#[derive(Debug)]
struct Joined {
    hash: InfoHash,
    peer: PeerId,
    announced_ms: u64,
    /// It has left since, and is remembered for what it has offered.
    left: bool,
    /// Offers that it makes there.
    offers: Pace,
}

impl Link {
    fn message(&mut self, message: Message, cx: &mut Cx<'_>) -> Result<(), Invalid> {
        match message {
            Message::Announce(mut announce) => {
                let (action, info_hash) = (Some(Action::Announce), Some(announce.info_hash));
                let invalid = |reason| Invalid { reason, action, info_hash };
                let passes = pass(&mut announce, cx.settings.tracker.candidates);
                if passes.map_err(|why| invalid(why.to_string().into()))? {
                    self.announce(announce, cx).map_err(|why| invalid(why.into()))?;
                }
                Ok(())
            }
            Message::Scrape(hashes) => {
                ask(Scrape(hashes.into_iter().map(|hash| (hash, None)).collect()), cx);
                Ok(())
            }
        }
    }

    fn announce(&mut self, mut announce: Box<Announce>, cx: &mut Cx<'_>) -> Result<(), &'static str> {
        let hash = announce.info_hash;
        let joined = self.joined.iter_mut().find(|joined| joined.hash == hash);
        let (stops, answers) = (announce.event == Event::Stopped, announce.answer.is_some());
        match joined {
            Some(joined) if !joined.left && joined.peer != announce.peer_id => {
                return Err("this connection has another peer_id in this swarm");
            }
            Some(joined) if answers => joined.announced_ms = cx.now.mono_ms,
            Some(joined) if stops => joined.left = true,
            Some(joined) => joined.announced(&mut announce, cx),
            None if stops || answers => {}
            None => self.join(hash, announce.peer_id, cx)?.announced(&mut announce, cx),
        }
        write_to_keeper(&hash, announce, cx);
        Ok(())
    }

    fn join(&mut self, hash: InfoHash, peer: PeerId, cx: &mut Cx<'_>) -> Result<&mut Joined, &'static str> {
        if self.joined.len() >= cx.settings.tracker.hashes {
            self.leave_where_it_is_forgotten(cx);
        }
        if self.joined.len() >= cx.settings.tracker.hashes {
            return Err("this connection is in as many swarms as it may be");
        }
        if self.joined.capacity() == 0 {
            self.joined.reserve_exact(1);
        }
        let (announced_ms, offers) = (cx.now.mono_ms, Pace::default());
        Ok(self.joined.push_mut(Joined { hash, peer, announced_ms, left: false, offers }))
    }

    /// Where its client has not announced itself in time it is not in the swarm any more, or will not be soon. If that makes no room,
    /// the swarm that it has left first is not remembered any longer.
    fn leave_where_it_is_forgotten(&mut self, cx: &mut Cx<'_>) {
        let since_ms = cx.now.mono_ms.saturating_sub(cx.settings.tracker.limits.peer_ms);
        let before = self.joined.len();
        self.joined.retain(|joined| {
            let stays = joined.announced_ms >= since_ms;
            if !stays {
                joined.leave(cx);
            }
            stays
        });
        let left = self.joined.iter().enumerate().filter(|(_, joined)| joined.left);
        let first = left.min_by_key(|(_, joined)| joined.announced_ms).map(|(at, _)| at);
        if let Some(at) = first.filter(|_| self.joined.len() == before) {
            self.joined.swap_remove(at);
        }
    }

    fn told(&mut self, told: ToLink, cx: &mut Cx<'_>) -> Result<(), End> {
        match told {
            ToLink::Answer(frame) => cx.out.write(frame),
            ToLink::Forward(frame) => return tell(frame, cx),
            ToLink::Offer(frame) if self.may_be_told(&frame, cx) => return tell(frame, cx),
            ToLink::Offer(_) => cx.settings.tracker.tally.at(cx.key.worker).withhold(1),
            ToLink::AreYouThere(hash, peer) => {
                if self.asked.is_empty() {
                    ping(cx);
                }
                if !self.asked.contains(&(hash, peer)) {
                    self.asked.push((hash, peer));
                }
            }
        }
        Ok(())
    }

    /// Whether its client hears of an offer: not of too many at a time, nor of any while it has not read half of what may wait for it.
    /// The other half is for answers: an offer is as good for another, an answer is not.
    fn may_be_told(&mut self, offer: &[u8], cx: &Cx<'_>) -> bool {
        let reads = cx.out.is_empty() || cx.out.len() + offer.len() <= cx.settings.outbox.bytes / 2;
        let allowed = cx.settings.tracker.told;
        reads && self.told.spend(allowed.rate, allowed.burst, cx.now.mono_ms)
    }

    /// Whether a message may come now.
    ///
    /// # Errors
    /// So many came too fast that no more are answered.
    fn in_time(&mut self, cx: &Cx<'_>) -> Result<bool, End> {
        let (rate, burst) = (cx.settings.tracker.rate, cx.settings.tracker.burst);
        let now_ms = cx.now.mono_ms;
        if self.pace.spend(rate, burst, now_ms) {
            return Ok(true);
        }
        match self.grace.spend(rate, burst, now_ms) {
            true => Ok(false),
            false => Err(End::with(CloseCode::POLICY, "too many messages")),
        }
    }
}

impl Joined {
    /// Its client is there. Offers beyond the pace go to nobody.
    fn announced(&mut self, announce: &mut Announce, cx: &Cx<'_>) {
        let (now_ms, allowed) = (cx.now.mono_ms, cx.settings.tracker.offers);
        (self.peer, self.left, self.announced_ms) = (announce.peer_id, false, now_ms);
        let in_time = |_: &_| self.offers.spend(allowed.rate, allowed.burst, now_ms);
        let offers = announce.offers.iter().take_while(in_time).count();
        cx.settings.tracker.tally.at(cx.key.worker).withhold(announce.offers.len() - offers);
        announce.offers.truncate(offers);
    }

    fn leave(&self, cx: &mut Cx<'_>) {
        if self.left {
            return;
        }
        write_to_keeper(&self.hash, Box::new(Leave(self.hash, self.peer)), cx);
    }
}

/// Takes from an announce what may not pass; whether it still does what it was for.
fn pass(announce: &mut Announce, candidates: Candidates) -> Result<bool, Unclear> {
    let answers = announce.answer.is_some();
    if candidates != Candidates::All {
        announce.rewrite(|json| candidates.pass(json))?;
    }
    Ok(announce.answer.is_some() == answers)
}

fn write_to_keeper(hash: &InfoHash, letter: Letter, cx: &mut Cx<'_>) {
    let name = cx.settings.tracker.keepers.of(hash).clone();
    cx.deeds.push(Deed::Steward { name, appoint: keeper::appoint, letter });
}

/// Asks the next keeper who knows something of it; the last has answered all of it.
fn ask(scrape: Scrape, cx: &mut Cx<'_>) {
    if let Some((hash, _)) = scrape.0.iter().find(|(_, counts)| counts.is_none()) {
        let hash = *hash;
        return write_to_keeper(&hash, Box::new(scrape), cx);
    }
    let files: Vec<_> =
        scrape.0.into_iter().map(|(hash, counts)| (hash, counts.unwrap_or_default())).collect();
    let interval_s = cx.settings.tracker.interval_s;
    answer(cx, |out| write::scraped(out, &files, interval_s));
}

fn refuse(invalid: &Invalid, cx: &mut Cx<'_>) {
    cx.settings.tracker.tally.at(cx.key.worker).refuse();
    answer(cx, |out| write::refused(out, invalid));
}

fn answer(cx: &mut Cx<'_>, write: impl FnOnce(&mut Vec<u8>)) {
    let frame = cx.coder.text(write);
    cx.out.write(frame);
}

impl Talk for Link {
    fn opened(&mut self, _: &mut Cx<'_>) -> Result<(), End> {
        Ok(())
    }

    fn heard(&mut self, cx: &mut Cx<'_>) {
        for (hash, peer) in std::mem::take(&mut self.asked) {
            write_to_keeper(&hash, Box::new(IsThere(hash, peer)), cx);
        }
    }

    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), End> {
        let in_time = self.in_time(cx)?;
        let result = match parse(text, cx.settings.tracker.most) {
            Ok(message) if in_time => self.message(message, cx),
            // Whoever knows which swarm it is about goes on; others give up on this tracker for a while.
            Ok(message) => Err(too_fast(&message)),
            Err(invalid) => Err(invalid),
        };
        if let Err(invalid) = result {
            refuse(&invalid, cx);
        }
        Ok(())
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), End> {
        match input {
            Input::Letter(_, letter) => match letter.downcast::<ToLink>() {
                Ok(told) => self.told(*told, cx)?,
                Err(other) => {
                    if let Ok(scrape) = other.downcast::<Scrape>() {
                        ask(*scrape, cx);
                    }
                }
            },
            Input::Undelivered(_) => {
                let reason = "the tracker has no room for more".into();
                refuse(&Invalid { reason, action: None, info_hash: None }, cx);
            }
            _ => {}
        }
        Ok(())
    }

    fn left(&mut self, cx: &mut Cx<'_>) {
        for joined in std::mem::take(&mut self.joined) {
            joined.leave(cx);
        }
    }
}

fn too_fast(message: &Message) -> Invalid {
    let (action, info_hash) = match message {
        Message::Announce(announce) => (Action::Announce, Some(announce.info_hash)),
        Message::Scrape(_) => (Action::Scrape, None),
    };
    Invalid { reason: "too many messages: slow down".into(), action: Some(action), info_hash }
}
