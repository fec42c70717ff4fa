//! Swarms of peers: each announces with offers, and its exchange is over when the tracker has answered and all that wanted the
//! offers have answered as well. Whatever is not exactly that ends the run.

use crate::args::Common;
use crate::clock::{Clock, Nanos};
use crate::failure::{Failure, Result};
use crate::frame;
use crate::meter::Meter;
use crate::pool::{Inbox, Pool};
use crate::speech::Speech;
use crate::tracker::description::Description;
use crate::tracker::message::{self, Heard};
use crate::tracker::names::{Names, Offer};
use crate::ws;

/// Offers in each announce, and peers that it asks for.
pub(crate) const OFFERS: usize = 10;
/// In the place of an offer that nobody has got yet.
const NOBODY: u32 = u32::MAX;

/// A peer, and its last announce with what came of it.
struct Peer {
    announce: u64,
    begun: Nanos,
    /// Whether the tracker has answered.
    heard: bool,
    /// Who got which offer.
    takers: [u32; OFFERS],
    /// Whose answer has come back: a bit for each offer.
    answered: u16,
    /// How many others are there to answer.
    wanted: u32,
    /// Whether nothing of it is awaited any more.
    over: bool,
    /// Its swarm and itself, as JSON strings.
    names: [Vec<u8>; 2],
}

/// When a peer does not announce again.
#[derive(Clone, Copy)]
pub(crate) enum Stop {
    /// After one announce.
    Once,
    /// At this time.
    At(Nanos),
}

/// All peers; peer `n` is in swarm `n` modulo their number.
pub(crate) struct Swarms {
    names: Names,
    hashes: Vec<String>,
    /// How many are in each swarm.
    members: Vec<usize>,
    peers: Vec<Peer>,
    /// Latency and cost.
    pub(crate) meter: Meter,
    stop: Stop,
    /// Peers whose exchange is not over.
    busy: usize,
    /// Where descriptions are written.
    sdp: String,
}

impl Swarms {
    /// So many peers, each in its swarm: one has come after another, with offers to all that were there.
    pub(crate) fn gather(common: &Common, count: usize, peers: usize, clock: Clock) -> Result<(Pool, Self)> {
        if count == 0 {
            return Err(Failure::Usage("at least one swarm is needed".to_owned()));
        }
        let run = fastrand::u64(..);
        let mut pool = ws::open(common, &Speech::Bare, peers, run, clock)?;
        let names = Names::new(run);
        let hashes: Vec<_> = (0..count).map(|number| names.swarm(number)).collect();
        let peer = |n: usize| Peer::new([&hashes[n % count], &names.peer(n)]);
        let mut swarms = Self {
            peers: (0..peers).map(peer).collect(),
            members: vec![0; count],
            hashes,
            names,
            meter: Meter::new(common, clock)?,
            stop: Stop::Once,
            busy: 0,
            sdp: String::new(),
        };
        for n in 0..peers {
            swarms.members[n % count] += 1;
            swarms.round(&mut pool, n..n + 1, Stop::Once)?;
        }
        Ok((pool, swarms))
    }

    /// Has all peers announce, again and again until it is time, and waits until everything is answered.
    pub(crate) fn announce(&mut self, pool: &mut Pool, stop: Stop) -> Result<()> {
        self.round(pool, 0..self.peers.len(), stop)
    }

    fn round(&mut self, pool: &mut Pool, peers: std::ops::Range<usize>, stop: Stop) -> Result<()> {
        self.stop = stop;
        self.busy = peers.len();
        let mut wire = Vec::new();
        for n in peers {
            self.begin(n, self.meter.now(), &mut wire);
            pool.send(n, &wire)?;
            wire.clear();
        }
        pool.settle(self)
    }

    fn swarm(&self, n: usize) -> usize {
        n % self.hashes.len()
    }

    /// Peer `n` announces.
    fn begin(&mut self, n: usize, now: Nanos, out: &mut Vec<u8>) {
        let others = self.members[self.swarm(n)] - 1;
        self.peers[n].begin(now, others.min(OFFERS) as u32);
        let peer = &self.peers[n];
        let event = if peer.announce == 1 { r#","event":"started""# } else { "" };
        let mut json = format!(
            r#"{{"numwant":{OFFERS},"uploaded":0,"downloaded":0,"left":1048576{event},"action":"announce","info_hash":"#
        )
        .into_bytes();
        json.extend_from_slice(&peer.names.join(&br#","peer_id":"#[..]));
        json.extend_from_slice(br#","offers":["#);
        let (sender, announce) = (n as u32, peer.announce);
        for place in 0..OFFERS as u8 {
            let offer = Offer { sender, announce, place };
            json.extend_from_slice(if place == 0 { br#"{"offer":"# } else { br#",{"offer":"# });
            describe(Description::Offer(offer), &mut self.sdp, &mut json);
            json.extend_from_slice(br#","offer_id":"#);
            message::string(&self.names.offer(offer), &mut json);
            json.push(b'}');
        }
        json.extend_from_slice(b"]}");
        say(&json, out);
    }

    /// Peer `n` has got a message.
    fn hear(&mut self, n: usize, payload: &[u8], now: Nanos, out: &mut Vec<u8>) -> Result<()> {
        let heard = message::read(payload)?;
        let (Heard::Response { info_hash, .. } | Heard::Description { info_hash, .. }) = &heard;
        let right = **info_hash == *self.hashes[self.swarm(n)]
            && match heard {
                Heard::Response { complete, incomplete, .. } => self.response(n, complete, incomplete),
                Heard::Description { kind, peer_id, offer_id, sdp, .. } => {
                    self.names.read_offer(&offer_id).is_some_and(|offer| match kind {
                        "offer" => self.offer(n, offer, &peer_id, &sdp, out),
                        _ => self.answer(n, offer, &peer_id, &sdp),
                    })
                }
            };
        if !right {
            return Err(Failure::Protocol(format!("peer {n} got {}", String::from_utf8_lossy(payload))));
        }
        if self.peers[n].is_done() {
            self.done(n, now, out);
        }
        Ok(())
    }

    /// Whether the tracker's answer is the first and counts rightly: nobody here has everything.
    fn response(&mut self, n: usize, complete: u64, incomplete: u64) -> bool {
        let members = self.members[self.swarm(n)] as u64;
        !std::mem::replace(&mut self.peers[n].heard, true) && (complete, incomplete) == (0, members)
    }

    /// Whether peer `n` should have got this offer, which it answers: it is of another in its swarm, of that one's last
    /// announce, nobody else got it, and no other of that announce came here.
    fn offer(&mut self, n: usize, offer: Offer, from: &str, sdp: &str, out: &mut Vec<u8>) -> bool {
        let (taker, sender) = (n as u32, offer.sender as usize);
        let same_swarm = sender < self.peers.len() && sender != n && self.swarm(sender) == self.swarm(n);
        if !same_swarm || from != self.names.peer(sender) || !self.says(Description::Offer(offer), sdp) {
            return false;
        }
        let peer = &mut self.peers[sender];
        let Some(NOBODY) = peer.taker(offer).filter(|_| !peer.takers.contains(&taker)) else { return false };
        peer.takers[usize::from(offer.place)] = taker;
        self.reply(n, offer, from, out);
        true
    }

    /// Whether this answers an offer of the last announce of peer `n`, comes from whoever got that, and is the first.
    fn answer(&mut self, n: usize, offer: Offer, from: &str, sdp: &str) -> bool {
        let Some(taker) = self.peers[n].taker(offer).filter(|_| offer.sender as usize == n) else {
            return false;
        };
        let right = taker != NOBODY
            && from == self.names.peer(taker as usize)
            && self.says(Description::Answer(offer, taker), sdp);
        let (peer, bit) = (&mut self.peers[n], 1 << offer.place);
        let first = peer.answered & bit == 0;
        peer.answered |= bit;
        right && first
    }

    fn says(&mut self, description: Description, sdp: &str) -> bool {
        self.sdp.clear();
        description.write(&mut self.sdp);
        self.sdp == sdp
    }

    /// Peer `n` answers an offer.
    fn reply(&mut self, n: usize, offer: Offer, to: &str, out: &mut Vec<u8>) {
        let mut json = br#"{"action":"announce","info_hash":"#.to_vec();
        json.extend_from_slice(&self.peers[n].names.join(&br#","peer_id":"#[..]));
        json.extend_from_slice(br#","to_peer_id":"#);
        message::string(to, &mut json);
        json.extend_from_slice(br#","answer":"#);
        describe(Description::Answer(offer, n as u32), &mut self.sdp, &mut json);
        json.extend_from_slice(br#","offer_id":"#);
        message::string(&self.names.offer(offer), &mut json);
        json.push(b'}');
        say(&json, out);
    }

    /// The exchange of peer `n` is over.
    fn done(&mut self, n: usize, now: Nanos, out: &mut Vec<u8>) {
        self.meter.record(self.peers[n].begun, now);
        match self.stop {
            Stop::At(end) if now < end => self.begin(n, now, out),
            _ => {
                self.peers[n].over = true;
                self.busy -= 1;
            }
        }
    }
}

impl Peer {
    fn new(names: [&str; 2]) -> Self {
        let names = names.map(|name| {
            let mut json = Vec::new();
            message::string(name, &mut json);
            json
        });
        let takers = [NOBODY; OFFERS];
        Self { announce: 0, begun: 0, heard: false, takers, answered: 0, wanted: 0, over: true, names }
    }

    fn begin(&mut self, now: Nanos, wanted: u32) {
        self.announce += 1;
        self.begun = now;
        (self.heard, self.takers, self.answered) = (false, [NOBODY; OFFERS], 0);
        (self.wanted, self.over) = (wanted, false);
    }

    /// Who got this offer of the last announce; `None` if it is none of that.
    fn taker(&self, offer: Offer) -> Option<u32> {
        self.takers.get(usize::from(offer.place)).copied().filter(|_| offer.announce == self.announce)
    }

    fn is_done(&self) -> bool {
        !self.over && self.heard && self.answered.count_ones() == self.wanted
    }

    fn missing(&self) -> String {
        let response = if self.heard { "has" } else { "has not" };
        let taken = self.takers.iter().filter(|&&taker| taker != NOBODY).count();
        let (answered, wanted) = (self.answered.count_ones(), self.wanted);
        format!(
            "{response} been answered by the tracker; of {wanted} offers {taken} came to somebody, {answered} were answered"
        )
    }
}

fn describe(description: Description, sdp: &mut String, json: &mut Vec<u8>) {
    sdp.clear();
    description.write(sdp);
    json.extend_from_slice(br#"{"type":""#);
    json.extend_from_slice(description.kind().as_bytes());
    json.extend_from_slice(br#"","sdp":"#);
    message::string(sdp, json);
    json.push(b'}');
}

fn say(json: &[u8], out: &mut Vec<u8>) {
    frame::text(json, fastrand::u32(..).to_ne_bytes(), out);
}

impl Inbox for Swarms {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let now = self.meter.now();
        ws::messages(link, bytes, out, |payload, out| self.hear(link, payload, now, out))
    }

    fn settled(&self) -> bool {
        self.busy == 0
    }

    fn missing(&self) -> String {
        let late = self.peers.iter().enumerate().find(|(_, peer)| !peer.over);
        let detail = late.map(|(n, peer)| format!("peer {n} {}", peer.missing())).unwrap_or_default();
        format!("{} announces are not over; {detail}", self.busy)
    }
}
