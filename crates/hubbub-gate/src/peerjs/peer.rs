//! A peer: one socket that has, or wants, an id.

use std::borrow::Cow;
use std::sync::Arc;

use hubbub_hub::Identity;
use hubbub_ws::CloseCode;
use serde_json::value::RawValue;

use super::PeerId;
use super::address::Hello;
use super::awaited::Parcel;
use super::counts::Share;
use super::message::{self, Kind, Said};
use super::proof::Proof;
use super::switchboard::{ToBoard, ToPeer, expired, write_to_board_of};
use crate::candidates::{Candidates, Unclear};
use crate::outbox::{OutboxLimits, Push, WhenFull};
use crate::pace::Pace;
use crate::session::{Cx, Input};
use crate::text_socket::{self, End, Talk};
use crate::ws::control::SILENT;

/// Another has the id.
const TAKEN: CloseCode = CloseCode(4409);
/// Most bytes on the wire of messages that a client sends before it has its id: those do not wait long.
const MOST_HELD: usize = 256 * 1024;
/// A message counts as another for each so many bytes of it.
const MESSAGE_BYTES: usize = 4096;

/// A peer.
pub(super) struct Peer {
    id: PeerId,
    /// Until the id is its own.
    coming: Option<Box<Coming>>,
    pace: Pace,
    /// What of it waits for others.
    share: Arc<Share>,
    /// When it has been silent for too long, or its id has not been settled for too long, in process time.
    deadline: u64,
}

/// A peer that has asked for its id.
struct Coming {
    proof: Proof,
    /// What it has said already. That is on its way when it is known who says it.
    held: Vec<Parcel>,
    held_bytes: usize,
}

impl Coming {
    /// Keeps `parcel`; or it is too much.
    fn hold(&mut self, parcel: Parcel) -> bool {
        self.held_bytes += parcel.frame.len() + size_of::<Parcel>();
        self.held.push(parcel);
        self.held_bytes <= MOST_HELD
    }
}

impl Peer {
    pub(super) fn new(hello: Hello, who: &Arc<Identity>) -> Self {
        let Hello { id, token } = hello;
        let coming = Coming { proof: Proof::of(&token, who), held: Vec::new(), held_bytes: 0 };
        Self {
            id,
            coming: Some(Box::new(coming)),
            pace: Pace::default(),
            share: Arc::default(),
            deadline: u64::MAX,
        }
    }

    fn heard(&mut self, cx: &Cx<'_>) {
        if self.coming.is_none() {
            self.deadline = cx.now.mono_ms + cx.settings.peerjs.alive_ms;
        }
    }

    fn say(&mut self, dst: &str, kind: Kind, payload: Option<&RawValue>, cx: &mut Cx<'_>) -> Result<(), End> {
        cx.settings.peerjs.counts.said(kind);
        let Some(dst) = PeerId::parse(dst) else {
            // Nobody can have that id, so nobody need be waited for.
            if kind.waits() {
                text_socket::answer(&message::write(Kind::Expire, dst, self.id.as_str(), None), cx);
            }
            return Ok(());
        };
        let payload = match payload.map(|payload| passing(payload, cx.settings.peerjs.candidates)) {
            None => None,
            Some(Ok(Some(payload))) => Some(payload),
            Some(Ok(None)) => return Ok(()),
            Some(Err(why)) => {
                return Err(refuse(&format!("Invalid message: {why}"), CloseCode::POLICY, cx));
            }
        };
        let text = message::write(kind, self.id.as_str(), dst.as_str(), payload.as_deref());
        let (src, share) = (self.id.clone(), self.share.clone());
        let parcel = Parcel { kind, src, dst, share, frame: text_socket::frame(&text) };
        match &mut self.coming {
            None => carry(parcel, cx),
            Some(coming) => {
                if !coming.hold(parcel) {
                    return Err(refuse("Too much was said before OPEN", CloseCode::POLICY, cx));
                }
            }
        }
        Ok(())
    }

    fn letter(&mut self, letter: ToPeer, cx: &mut Cx<'_>) -> Result<(), End> {
        match letter {
            ToPeer::Yours => {
                text_socket::answer(message::OPEN, cx);
                let held = self.coming.take().map(|coming| coming.held).unwrap_or_default();
                held.into_iter().for_each(|parcel| carry(parcel, cx));
                self.heard(cx);
                Ok(())
            }
            ToPeer::Taken => {
                text_socket::answer(message::ID_TAKEN, cx);
                Err(End::with(TAKEN, "another has this id"))
            }
            ToPeer::Full => {
                Err(refuse("Server has reached its concurrent user limit", CloseCode::TRY_AGAIN, cx))
            }
            ToPeer::Replaced => Err(End::with(TAKEN, "another connection has this id now")),
            ToPeer::Told(parcel) => {
                hear(parcel, cx);
                Ok(())
            }
            ToPeer::AreYouThere | ToPeer::These(_) => Ok(()),
        }
    }
}

/// What of a payload passes, if anything is left of it.
fn passing(payload: &RawValue, candidates: Candidates) -> Result<Option<Cow<'_, RawValue>>, Unclear> {
    Ok(match candidates.pass(payload.get())? {
        Some(Cow::Borrowed(_)) => Some(Cow::Borrowed(payload)),
        Some(Cow::Owned(left)) => Some(Cow::Owned(RawValue::from_string(left).map_err(|_| Unclear::Json)?)),
        None => None,
    })
}

/// Tells its client what somebody says. What would fill more than half of what may wait for the client goes back to whoever said it: others
/// who say too much must not end it. The other half is for answers.
fn hear(parcel: Parcel, cx: &mut Cx<'_>) {
    let most = OutboxLimits { bytes: cx.settings.outbox.bytes / 2, when_full: WhenFull::Close };
    if cx.out.push(parcel.frame, most) == Push::Overrun && parcel.kind.waits() {
        carry(expired(&parcel.src, &parcel.dst), cx);
    }
}

fn carry(parcel: Parcel, cx: &mut Cx<'_>) {
    let dst = parcel.dst.clone();
    write_to_board_of(&dst, ToBoard::Carry(parcel), cx);
}

/// Says why it is to end: first in words of the protocol, which clients show to people.
fn refuse(why: &str, code: CloseCode, cx: &mut Cx<'_>) -> End {
    text_socket::answer(&message::error(why), cx);
    End::with(code, why.to_owned())
}

impl Talk for Peer {
    fn opened(&mut self, cx: &mut Cx<'_>) -> Result<(), End> {
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
        if let Some(coming) = &self.coming {
            write_to_board_of(&self.id, ToBoard::Claim(self.id.clone(), coming.proof.clone()), cx);
        }
        Ok(())
    }

    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), End> {
        let settings = &cx.settings.peerjs;
        let count = 1 + (text.len() / MESSAGE_BYTES) as u64;
        if !self.pace.spend_all(count, settings.rate, settings.burst, cx.now.mono_ms) {
            return Err(refuse("Too many messages (peerjs.rate)", CloseCode::POLICY, cx));
        }
        self.heard(cx);
        match message::read(text) {
            Ok(Said::To { dst, kind, payload }) => self.say(&dst, kind, payload, cx),
            Ok(Said::Leaving) => Err(End::with(CloseCode::NORMAL, "")),
            Ok(Said::Heartbeat | Said::Nothing) => Ok(()),
            Err(why) => Err(refuse(&format!("Invalid message: {why}"), CloseCode::POLICY, cx)),
        }
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), End> {
        match input {
            Input::Letter(_, letter) => match letter.downcast::<ToPeer>() {
                Ok(letter) => self.letter(*letter, cx),
                Err(_) => Ok(()),
            },
            // There is no room for a switchboard.
            Input::Undelivered(_) if self.coming.is_some() => self.timeout(cx),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) -> Result<(), End> {
        match self.coming.is_some() {
            true => Err(refuse("The server is busy; try again", CloseCode::TRY_AGAIN, cx)),
            false => Err(End::with(SILENT, "no heartbeat in time")),
        }
    }

    fn left(&mut self, cx: &mut Cx<'_>) {
        self.share.leave();
        write_to_board_of(&self.id, ToBoard::Gone, cx);
    }
}

/// Somebody who cannot be a peer: he is told why.
pub(super) struct Refused(pub(super) Cow<'static, str>);

impl Talk for Refused {
    fn opened(&mut self, cx: &mut Cx<'_>) -> Result<(), End> {
        Err(refuse(&self.0, CloseCode::POLICY, cx))
    }

    fn text(&mut self, _: &str, _: &mut Cx<'_>) -> Result<(), End> {
        Ok(())
    }

    fn handle(&mut self, _: Input<'_>, _: &mut Cx<'_>) -> Result<(), End> {
        Ok(())
    }

    fn left(&mut self, _: &mut Cx<'_>) {}
}

#[cfg(test)]
mod tests;
