//! A session that outlives its link (XEP-0198 §5): it stays at its place, asleep, and goes on through the link that its client brings next.
//!
//! Who the client is and what it has to do with others stays where it began: that is the *host*. Only its *voice* moves, which is what
//! was counted and kept for the client: from the host's own link to the next one, and on to the one after that. Each place that has had it
//! passes it on when the host says so, after all that the host said before; so nothing is lost, doubled or out of order.

use hubbub_hub::{AccountAnswer, SessionKey};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind, kind_of};
use hubbub_xmpp::stream::{Claim, Csi, Kind, Pieces, Reason, SmState, StreamError, standing_alone};
use hubbub_xmpp::xml::{self, Element, Limits, Node};

use super::account::{Account, CARBONS, office};
use super::archive;
use super::client::{Client, close};
use super::ended::{self, Ended};
use super::letters::{ToAccount, Unheard};
use super::parcel::Parcel;
use super::place::Place;
use super::registrar::Outcome;
use crate::session::{Close, Cx};
use crate::session_id::SessionId;

/// Where a session's voice is.
pub(super) enum Voice {
    /// On the link here.
    Here,
    /// Nowhere: the link is lost, and it waits until then, in process time.
    Asleep(Box<SmState>, u64),
    /// With another place, whose link it speaks over. Only a host's voice is away.
    Away(SessionKey),
    /// Asked for, to come here.
    Awaited(Box<Awaited>),
}

/// A voice that is on its way here.
pub(super) struct Awaited {
    /// Whose it is: which session.
    id: SessionId,
    /// Nobody has it: how much was taken of what its client said is asked for.
    is_over: bool,
    /// How much the client says it has heard.
    heard: u32,
    /// What the host said meanwhile.
    held: Vec<Pieces>,
    /// It is to be passed on at once.
    next: Option<SessionKey>,
    /// The link here is lost as well.
    lost: bool,
    /// When it is not expected any more, in process time.
    until_ms: u64,
}

/// What the ids of sessions are sealed for (XEP-0198 §5).
pub(super) const SESSION: &str = "xmpp session";

/// What hosts and the places through which they speak tell each other.
pub(super) enum Passing {
    /// To a host: a client of this user wants the session that began then. Answered by [`Self::Here`] or [`Self::NotHere`].
    Wanted {
        /// When it began.
        begun_unix_ms: u64,
        /// The bare address.
        user: Jid,
        /// What the new link is.
        kind: Kind,
    },
    /// To the place of the voice: it goes on there.
    PassOn(SessionKey),
    /// To the place that asked: the voice.
    Here(Box<SmState>),
    /// To the place that asked: it cannot be had.
    NotHere,
    /// To the place that asked: nor will it be; so much of what its client said was taken, if anybody knows.
    TooLate(Option<u32>),
    /// To the place of the voice: to be sent.
    Say(Pieces),
    /// To the place of the voice: an end is to be made.
    End(StreamError),
    /// To the host: what its client sent.
    Said(Element, Option<Claim>),
    /// To the host: whether somebody looks at its client.
    Looks(Csi),
    /// To the host: the stream is over.
    Over(Remains),
}

/// What is left of a stream that is over.
#[derive(Default)]
pub(super) struct Remains {
    /// What its client has not acknowledged.
    unacknowledged: Vec<Pieces>,
    /// How much its client had said, where it may still come and ask.
    handled: Option<u32>,
}

impl Client {
    /// Sends a stanza to the client, wherever its voice is.
    pub(super) fn say(&mut self, stanza: Pieces) {
        match &mut self.voice {
            Voice::Here => self.stream.send(stanza, true, &mut self.outs),
            Voice::Asleep(state, _) => self.spent |= state.push(stanza).is_err(),
            Voice::Away(_) => self.said.push(stanza),
            Voice::Awaited(awaited) => awaited.held.push(stanza),
        }
    }

    /// Makes an end, wherever the voice is.
    pub(super) fn shut(&mut self, error: StreamError, cx: &mut Cx<'_>) {
        match &self.voice {
            Voice::Here | Voice::Awaited(_) => self.stream.close(error, &mut self.outs),
            Voice::Asleep(..) => self.spent = true,
            Voice::Away(there) => cx.write_to(*there, Passing::End(error)),
        }
    }

    /// What was said goes to where the voice is.
    pub(super) fn send_on(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Voice::Away(there) = self.voice {
            self.said.drain(..).for_each(|stanza| cx.write_to(there, Passing::Say(stanza)));
        }
        // Without a link all is sent at once.
        if !matches!(self.voice, Voice::Here) && cx.out.take_drained() {
            self.drained(cx);
        }
        if self.spent {
            self.leave(cx);
            return Err(Close::TooSlow);
        }
        Ok(())
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<u64> {
        match &self.voice {
            Voice::Here => self.stream.deadline(),
            Voice::Asleep(_, until_ms) => Some(*until_ms),
            Voice::Away(_) => None,
            Voice::Awaited(awaited) => Some(awaited.until_ms),
        }
    }

    /// It is due.
    pub(super) fn timeout(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        match &self.voice {
            Voice::Here => self.stream.timeout(cx.now.mono_ms, &mut self.outs),
            Voice::Asleep(_, until_ms) if cx.now.mono_ms >= *until_ms => {
                self.leave(cx);
                return Err(Close::Timeout);
            }
            Voice::Awaited(awaited) if cx.now.mono_ms >= awaited.until_ms => {
                if !awaited.is_over {
                    cx.write_to(awaited.id.host, Passing::Over(Remains::default()));
                }
                return self.too_late(None);
            }
            _ => {}
        }
        Ok(())
    }

    /// The stream here is over.
    pub(super) fn closed(&mut self, reason: Reason, cx: &mut Cx<'_>) -> Result<(), Close> {
        match &self.voice {
            Voice::Here if !reason.may_resume() => {
                self.leave(cx);
                Err(close(reason))
            }
            _ => self.lost(cx).map_err(|_| close(reason)),
        }
    }

    /// The link is gone, or no good any more. A session that may be resumed stays.
    pub(super) fn lost(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        match &mut self.voice {
            Voice::Away(_) | Voice::Asleep(..) => return Ok(()),
            Voice::Awaited(awaited) => awaited.lost = true,
            Voice::Here => match self.stream.export_sm() {
                Some(state) => self.voice = asleep(Box::new(state), cx),
                None => {
                    self.leave(cx);
                    return Err(Close::Done);
                }
            },
        }
        self.part(cx);
        Ok(())
    }

    fn part(&mut self, cx: &mut Cx<'_>) {
        cx.part();
        self.parted = true;
    }

    /// A client wants its former session back.
    pub(super) fn resume(&mut self, previous: &str, heard: u32, cx: &mut Cx<'_>) {
        let found = SessionId::unseal(previous, SESSION, cx.doorman).filter(|found| found.host != cx.key);
        let Some((id, me)) = found.zip(self.me.as_ref()) else {
            return self.stream.resume_failed(None, &mut self.outs);
        };
        let user = me.jid.bare();
        let begun_unix_ms = id.since_unix_ms;
        cx.write_to(id.host, Passing::Wanted { begun_unix_ms, user, kind: self.kind });
        let until_ms = cx.now.mono_ms + cx.settings.answer_ms;
        let awaited =
            Awaited { id, is_over: false, heard, held: Vec::new(), next: None, lost: false, until_ms };
        self.voice = Voice::Awaited(Box::new(awaited));
    }

    /// A letter from a host, or from where its voice is.
    pub(super) fn passing(
        &mut self,
        from: SessionKey,
        letter: Passing,
        cx: &mut Cx<'_>,
    ) -> Result<(), Close> {
        match letter {
            Passing::Wanted { begun_unix_ms, user, kind } => {
                if self.begun_unix_ms == begun_unix_ms && self.is_host_of(&user) {
                    self.give(from, kind, cx);
                } else {
                    cx.write_to(from, Passing::NotHere);
                }
            }
            Passing::PassOn(to) => return self.pass_on(to, cx),
            Passing::Here(state) => return self.resumed(state, cx),
            Passing::NotHere => return self.not_here(cx),
            Passing::TooLate(handled) => return self.too_late(handled),
            Passing::Say(stanza) => self.say(stanza),
            Passing::End(error) => self.shut(error, cx),
            Passing::Said(element, claim) => self.stanza(element, claim, cx),
            Passing::Looks(says) => self.looks(says, cx),
            Passing::Over(remains) => {
                if let Voice::Away(there) = self.voice
                    && there != from
                {
                    cx.write_to(there, Passing::NotHere);
                }
                self.over(remains, cx);
                return Err(Close::Done);
            }
        }
        Ok(())
    }

    fn is_host_of(&self, user: &Jid) -> bool {
        self.host.is_none() && self.me.as_ref().is_some_and(|me| me.known && me.jid.bare() == *user)
    }

    /// The host's voice goes to a new link. Where the old one seems alive, its stream ends.
    fn give(&mut self, to: SessionKey, kind: Kind, cx: &mut Cx<'_>) {
        // Who comes back looks, until it says otherwise (XEP-0352 §5).
        self.looks(Csi::Active, cx);
        let was = std::mem::replace(&mut self.voice, Voice::Here);
        let was_here = matches!(was, Voice::Here);
        let state = match was {
            Voice::Here => self.stream.export_sm().map(Box::new),
            Voice::Asleep(state, _) => Some(state),
            Voice::Away(there) => {
                cx.write_to(there, Passing::PassOn(to));
                None
            }
            Voice::Awaited(_) => None,
        };
        match state {
            Some(state) => cx.write_to(to, Passing::Here(state)),
            None if was_here => return cx.write_to(to, Passing::NotHere),
            None => {}
        }
        (self.voice, self.wire) = (Voice::Away(to), kind);
        if was_here {
            self.stream.close(StreamError::Conflict, &mut self.outs);
            self.part(cx);
        }
    }

    /// The voice goes from here to the next link.
    fn pass_on(&mut self, to: SessionKey, cx: &mut Cx<'_>) -> Result<(), Close> {
        let state = match std::mem::replace(&mut self.voice, Voice::Here) {
            Voice::Here => self.stream.export_sm().map(Box::new),
            Voice::Asleep(state, _) => {
                cx.write_to(to, Passing::Here(state));
                return Err(Close::Done);
            }
            Voice::Awaited(mut awaited) => {
                awaited.next = Some(to);
                self.voice = Voice::Awaited(awaited);
                return Ok(());
            }
            Voice::Away(_) => None,
        };
        if let Some(state) = state {
            cx.write_to(to, Passing::Here(state));
            (self.host, self.me) = (None, None);
            self.stream.close(StreamError::Conflict, &mut self.outs);
        }
        Ok(())
    }

    /// The voice is here.
    fn resumed(&mut self, mut state: Box<SmState>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Voice::Awaited(awaited) = std::mem::replace(&mut self.voice, Voice::Here) else { return Ok(()) };
        let Awaited { id: SessionId { host, .. }, heard, held, next, lost, .. } = *awaited;
        if lost || next.is_some() {
            state.carry_over(self.kind);
            // What is too much is found when the next comes.
            for stanza in held {
                let _ = state.push(stanza);
            }
            match next {
                Some(next) => cx.write_to(next, Passing::Here(state)),
                None => (self.host, self.voice) = (Some(host), asleep(state, cx)),
            }
            return match (next, lost) {
                (None, _) => Ok(()),
                (Some(_), true) => Err(Close::Done),
                (Some(_), false) => {
                    self.stream.resume_failed(None, &mut self.outs);
                    Ok(())
                }
            };
        }
        match self.stream.resume_with(*state, heard, &mut self.outs) {
            Ok(()) => {
                self.host = Some(host);
                held.into_iter().for_each(|stanza| self.say(stanza));
            }
            Err(state) => {
                let remains = Remains { unacknowledged: state.into_unacked(), handled: None };
                cx.write_to(host, Passing::Over(remains));
            }
        }
        Ok(())
    }

    /// The voice cannot be had.
    fn not_here(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Voice::Awaited(awaited) = &mut self.voice else { return Ok(()) };
        if awaited.lost {
            return Err(Close::Done);
        }
        if let Some(me) = self.me.as_ref().filter(|_| !awaited.is_over) {
            awaited.is_over = true;
            ended::ask(awaited.id, me.jid.bare(), cx);
        }
        Ok(())
    }

    /// It cannot be had any more; of what its client said, so much was taken.
    fn too_late(&mut self, handled: Option<u32>) -> Result<(), Close> {
        let Voice::Awaited(awaited) = &self.voice else { return Ok(()) };
        if awaited.lost {
            return Err(Close::Done);
        }
        self.voice = Voice::Here;
        self.stream.resume_failed(handled, &mut self.outs);
        Ok(())
    }

    /// Somebody who was written to is not there.
    pub(super) fn undelivered(&mut self, to: SessionKey, cx: &mut Cx<'_>) -> Result<(), Close> {
        match &self.voice {
            Voice::Awaited(awaited) if awaited.id.host == to => self.not_here(cx),
            Voice::Away(there) if *there == to => {
                self.over(Remains::default(), cx);
                Err(Close::Done)
            }
            _ if self.host == Some(to) => {
                self.host = None;
                self.stream.close(StreamError::InternalServerError, &mut self.outs);
                Ok(())
            }
            // There is no room for the registrar.
            _ if to.slot == u32::MAX && self.registration.is_waiting() => {
                self.registered(&Outcome::Known(AccountAnswer::Unavailable), cx);
                Ok(())
            }
            // There is no room for the steward of an account (`worker/stewards.rs`).
            _ if to.slot == u32::MAX => {
                match self.stream.is_bound() {
                    true => self.stream.close(StreamError::ResourceConstraint, &mut self.outs),
                    false => self.stream.bind_refused(Condition::ResourceConstraint, &mut self.outs),
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The client is gone for good, or on its way out.
    pub(super) fn leave(&mut self, cx: &mut Cx<'_>) {
        let remains = match std::mem::replace(&mut self.voice, Voice::Here) {
            Voice::Here => Remains { unacknowledged: self.stream.take_unacked(), handled: None },
            Voice::Asleep(state, _) => {
                Remains { handled: Some(state.handled()), unacknowledged: state.into_unacked() }
            }
            Voice::Away(_) | Voice::Awaited(_) => Remains::default(),
        };
        self.over(remains, cx);
    }

    /// It is over. The account hears of it first, so that nothing comes here any more that has to go somewhere else.
    fn over(&mut self, remains: Remains, cx: &mut Cx<'_>) {
        if let Some(host) = self.host.take() {
            return cx.write_to(host, Passing::Over(remains));
        }
        let Some(me) = self.me.take().filter(|me| me.known) else { return };
        if let Some(handled) = remains.handled {
            let id = SessionId { host: cx.key, since_unix_ms: self.begun_unix_ms };
            ended::note(Ended { id, user: me.jid.bare(), handled }, cx);
        }
        let stanzas = remains.unacknowledged.iter();
        let unheard = stanzas.filter_map(|stanza| give_back(stanza, &me.jid, cx)).collect();
        cx.write_to_steward(office(&me.jid), Account::appoint, ToAccount::Gone(unheard));
    }
}

fn asleep(state: Box<SmState>, cx: &Cx<'_>) -> Voice {
    let until_ms = cx.now.mono_ms + u64::from(state.max_s().unwrap_or(0)) * 1000;
    Voice::Asleep(state, until_ms)
}

/// What the client has not acknowledged: messages are for the account, questions are answered with an error (XEP-0198 §4). Rooms keep
/// what was said in them.
fn give_back(stanza: &Pieces, me: &Jid, cx: &mut Cx<'_>) -> Option<Unheard> {
    let limits = Limits { bytes: usize::MAX, ..cx.settings.xmpp.stream.stanza };
    let element = xml::parse(&standing_alone(&stanza.to_bytes()), &limits).ok()?;
    let address = |name| element.attr(name).and_then(|text| Jid::parse(&text).ok());
    let (from, to, kind) = (address("from")?, address("to")?, kind_of(&element)?);
    if to.bare_str() != me.bare_str() || !matches!(Place::of(&from, &cx.settings.domain), Place::Person) {
        return None;
    }
    // Copies are for those who were there (XEP-0280).
    let is_copy = |child: Node<'_>| child.is("sent", CARBONS) || child.is("received", CARBONS);
    // Pages are for who asked for them.
    let is_page = |child: Node<'_>| child.is("result", archive::NS);
    if element.children().any(|child| is_copy(child) || is_page(child)) {
        return None;
    }
    let parcel = Parcel::new(kind, element, from, to);
    match (kind, &*parcel.kind_of()) {
        (StanzaKind::Message, "" | "normal" | "chat") => {
            Some(Unheard { since_ms: stanza.since_ms(), parcel: parcel.clone() })
        }
        (StanzaKind::Iq, "get" | "set") => {
            if let Some(error) = parcel.refused(Condition::RecipientUnavailable, None) {
                cx.write_to_steward(office(error.to()), Account::appoint, ToAccount::Deliver(error));
            }
            None
        }
        _ => None,
    }
}
