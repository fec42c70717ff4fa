//! Switchboards: stewards that know which session has which id. Each keeps a share of all ids, wherever their peers are connected.
//!
//! What peers say to each other goes by the switchboard of whom it is for. One switchboard sees everything that is said to an id in order,
//! so nothing is lost between "nobody has it" and "it is there". It is there as long as there is something to keep.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use hubbub_hub::SessionKey;

use super::awaited::{Awaited, Parcel};
use super::message::{Kind, write};
use super::proof::Proof;
use super::{Counts, PeerId};
use crate::session::{Close, Cx, Input, Session};
use crate::text_socket;

/// How many there are: enough for any number of workers to have some.
pub(super) const BOARDS: u64 = 64;

/// To a switchboard.
#[derive(Debug)]
pub(super) enum ToBoard {
    /// The sender wants this id. Answered by [`ToPeer::Yours`], [`ToPeer::Taken`] or [`ToPeer::Full`].
    Claim(PeerId, Proof),
    /// The sender is gone.
    Gone,
    /// Something for whoever has the id.
    Carry(Parcel),
    /// Who is there? Answered by [`ToPeer::These`].
    Who,
}

/// From a switchboard.
#[derive(Debug)]
pub(super) enum ToPeer {
    /// The id is yours.
    Yours,
    /// Another has it.
    Taken,
    /// There are as many peers as there may be.
    Full,
    /// Another session has proved that the id is its own.
    Replaced,
    /// Somebody says this.
    Told(Parcel),
    /// Nothing: whoever hears it is there.
    AreYouThere,
    /// These ids are taken.
    These(Vec<PeerId>),
}

/// Writes to the switchboard of `id`.
pub(super) fn write_to_board_of(id: &PeerId, letter: ToBoard, cx: &mut Cx<'_>) {
    let number = cx.settings.peerjs.counts.board_of(id);
    write_to_board(number, letter, cx);
}

/// Writes to one switchboard.
pub(super) fn write_to_board(number: u64, letter: ToBoard, cx: &mut Cx<'_>) {
    cx.write_to_steward(format!("peerjs {number}").into(), appoint, letter);
}

fn appoint(_: &Arc<str>) -> Box<dyn Session> {
    Box::new(Office(None))
}

/// A switchboard, once it knows what it is to count by.
struct Office(Option<Switchboard>);

impl Session for Office {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let board = self.0.get_or_insert_with(|| Switchboard::new(cx.settings.peerjs.counts.clone()));
        match input {
            Input::Letter(from, letter) => {
                if let Ok(letter) = letter.downcast::<ToBoard>() {
                    board.take(from, *letter, cx);
                }
            }
            Input::Undelivered(session) => board.forget(session),
            Input::Timeout => board.expire(cx),
            Input::Shutdown => return Err(Close::Done),
            // Its first letter is on its way.
            _ => return Ok(()),
        }
        if board.is_idle() { Err(Close::Done) } else { Ok(()) }
    }

    fn deadline(&self) -> Option<u64> {
        self.0.as_ref().and_then(|board| board.awaited.deadline())
    }
}

struct Switchboard {
    /// Who has which id.
    claims: HashMap<PeerId, Claim>,
    /// The same, by session.
    ids: HashMap<SessionKey, PeerId>,
    awaited: Awaited,
    counts: Arc<Counts>,
}

struct Claim {
    session: SessionKey,
    proof: Proof,
}

impl Switchboard {
    fn new(counts: Arc<Counts>) -> Self {
        Self { claims: HashMap::new(), ids: HashMap::new(), awaited: Awaited::new(counts.clone()), counts }
    }

    fn is_idle(&self) -> bool {
        self.claims.is_empty() && self.awaited.is_empty()
    }

    fn take(&mut self, from: SessionKey, letter: ToBoard, cx: &mut Cx<'_>) {
        match letter {
            ToBoard::Claim(id, proof) => self.claim(from, id, proof, cx),
            ToBoard::Gone => self.forget(from),
            ToBoard::Carry(parcel) => self.carry(parcel, cx),
            ToBoard::Who => {
                let mut ids: Vec<_> = self.claims.keys().cloned().collect();
                ids.sort_unstable();
                cx.write_to(from, ToPeer::These(ids));
            }
        }
    }

    fn claim(&mut self, from: SessionKey, id: PeerId, proof: Proof, cx: &mut Cx<'_>) {
        match self.claims.entry(id.clone()) {
            Entry::Occupied(taken) if !taken.get().proof.matches(&proof) => {
                // If it was lost without a word, it is not told, and the next who comes has the id.
                cx.write_to(taken.get().session, ToPeer::AreYouThere);
                return cx.write_to(from, ToPeer::Taken);
            }
            Entry::Occupied(mut taken) => {
                let former = std::mem::replace(&mut taken.get_mut().session, from);
                self.ids.remove(&former);
                cx.write_to(former, ToPeer::Replaced);
            }
            Entry::Vacant(free) => {
                if !self.counts.add_peer(cx.settings.peerjs.peers) {
                    return cx.write_to(from, ToPeer::Full);
                }
                free.insert(Claim { session: from, proof });
            }
        }
        cx.write_to(from, ToPeer::Yours);
        for parcel in self.awaited.take(&id) {
            cx.write_to(from, ToPeer::Told(parcel));
        }
        self.ids.insert(from, id);
    }

    fn forget(&mut self, session: SessionKey) {
        if let Some(id) = self.ids.remove(&session) {
            self.claims.remove(&id);
            self.counts.remove_peers(1);
        }
    }

    fn carry(&mut self, parcel: Parcel, cx: &mut Cx<'_>) {
        if let Some(claim) = self.claims.get(&parcel.dst) {
            return cx.write_to(claim.session, ToPeer::Told(parcel));
        }
        if !parcel.kind.waits() {
            return;
        }
        for parcel in self.awaited.put(parcel, cx.now.mono_ms, &cx.settings.peerjs) {
            write_to_board_of(&parcel.src, ToBoard::Carry(expired(&parcel.src, &parcel.dst)), cx);
        }
    }

    /// Tells each sender once that nobody came.
    fn expire(&mut self, cx: &mut Cx<'_>) {
        while let Some(parcels) = self.awaited.take_due(cx.now.mono_ms) {
            let mut told: Vec<&PeerId> = parcels.iter().map(|parcel| &parcel.src).collect();
            told.sort_unstable();
            told.dedup();
            for src in told {
                write_to_board_of(src, ToBoard::Carry(expired(src, &parcels[0].dst)), cx);
            }
        }
    }
}

/// That what `src` said to `dst` has reached nobody.
pub(super) fn expired(src: &PeerId, dst: &PeerId) -> Parcel {
    let text = write(Kind::Expire, dst.as_str(), src.as_str(), None);
    let frame = text_socket::frame(&text);
    Parcel { kind: Kind::Expire, src: dst.clone(), dst: src.clone(), share: Arc::default(), frame }
}

/// However it ends, what it counted is no more.
impl Drop for Switchboard {
    fn drop(&mut self) {
        self.counts.remove_peers(self.claims.len());
    }
}

#[cfg(test)]
mod tests;
