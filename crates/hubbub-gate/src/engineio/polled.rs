//! A session on polling: it has no link of its own; exchanges come and go.

use hubbub_hub::{Happening, Notice, Reply, RoomName, SessionKey};
use hubbub_socketio::engine::{Out, Reason, RequestError};

use super::address::Opening;
use super::client::Client;
use super::letters::{Requested, ToHost, ToLeg};
use super::line::Outs;
use crate::session::{Act, Close, Cx, Deed, Delivery, Input, Session};

/// The place of a session on polling.
pub(super) struct Polled {
    stage: Stage,
}

enum Stage {
    /// Not begun: what it is to be, and the exchange that began it.
    New(Option<Box<Opening>>, SessionKey),
    /// Here.
    Here(Box<Client>),
    /// Moved to a WebSocket's place. What still comes is sent on, until it has settled there or the time is over.
    Moved(Moved),
}

/// What is left of a session at its old place.
struct Moved {
    to: SessionKey,
    /// Until when, in process time.
    until: u64,
    /// Rooms whose homes still tell it what happens, not its successor.
    seated: Vec<RoomName>,
    /// Its successor has all it wants.
    settled: bool,
}

impl Moved {
    /// What comes to the old place goes to the new one. What the logs keep is read there.
    fn send_on(&mut self, input: Input<'_>, cx: &mut Cx<'_>) {
        let letter = match input {
            Input::Notice(Notice::Reply { room, reply: Reply::Succeeded, .. }) => {
                cx.unseat_from(room, Delivery::Personal);
                self.seated.retain(|other| other != room);
                ToLeg::HandedOver(room.clone())
            }
            Input::Notice(Notice::Reply { room, ticket, reply }) => ToLeg::Reply(room.clone(), ticket, reply),
            Input::Notice(Notice::Happened { room, what }) => {
                let passing = |one: &&Happening| !matches!(one, Happening::Event(_));
                let what: Vec<_> = what.iter().filter(passing).cloned().collect();
                if what.is_empty() {
                    return;
                }
                ToLeg::Happened(room.clone(), what)
            }
            Input::Answer(ticket, answer) => ToLeg::Answer(ticket, answer),
            // By itself.
            Input::Act(Act::TakenOver) => return,
            Input::Act(act) => ToLeg::Act(act),
            _ => return,
        };
        cx.write_to(self.to, letter);
    }

    /// A home has not answered in time: its successor waits for nothing more.
    fn give_up(&mut self, cx: &mut Cx<'_>) {
        for room in self.seated.drain(..) {
            cx.write_to(self.to, ToLeg::HandedOver(room));
        }
    }

    /// Nobody needs it any more.
    fn is_over(&self) -> bool {
        self.settled && self.seated.is_empty()
    }
}

impl Polled {
    /// The place of a session that `leg` begins.
    pub(super) fn new(opening: Opening, leg: SessionKey) -> Self {
        Self { stage: Stage::New(Some(Box::new(opening)), leg) }
    }

    fn open(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Stage::New(opening, leg) = &mut self.stage else { return Ok(()) };
        let (leg, mut outs) = (*leg, Outs::new());
        let client = opening.take().and_then(|opening| Client::polling(*opening, leg, cx, &mut outs));
        let Some(client) = client else {
            cx.write_to(leg, ToLeg::Refused(RequestError::Forbidden));
            return Err(Close::Refused);
        };
        self.stage = Stage::Here(Box::new(client));
        self.carry(outs, cx)
    }

    /// Does something with the session, and what comes of it.
    fn with(
        &mut self,
        cx: &mut Cx<'_>,
        work: impl FnOnce(&mut Client, &mut Cx<'_>, &mut Outs),
    ) -> Result<(), Close> {
        let Stage::Here(client) = &mut self.stage else { return Ok(()) };
        let mut outs = Outs::new();
        work(client, cx, &mut outs);
        client.flush(cx, &mut outs);
        self.carry(outs, cx)
    }

    /// Brings everything to its exchange.
    fn carry(&mut self, outs: Outs, cx: &mut Cx<'_>) -> Result<(), Close> {
        let mut moves = None;
        for out in outs {
            let (leg, letter) = match out {
                Out::Payload { leg, body, binary } => (leg, ToLeg::Payload { body, binary }),
                Out::Posted { leg } => (leg, ToLeg::Posted),
                Out::Refused { leg, why } => (leg, ToLeg::Refused(why)),
                Out::Text { leg, text } => (leg, ToLeg::Text(text)),
                Out::Binary { leg, bytes } => (leg, ToLeg::Binary(bytes)),
                Out::CloseLeg { leg } => (leg, ToLeg::Close),
                Out::Upgraded { leg } => {
                    moves = Some(leg);
                    continue;
                }
                Out::Closed(reason) => return Err(close(reason)),
            };
            cx.write_to(leg, letter);
        }
        if let Some(leg) = moves {
            self.go(leg, cx);
        }
        Ok(())
    }

    fn go(&mut self, to: SessionKey, cx: &mut Cx<'_>) {
        let Stage::Here(client) = &mut self.stage else { return };
        let (seated, until) = (client.seated(), cx.now.mono_ms + cx.settings.answer_ms);
        let moved = Stage::Moved(Moved { to, until, seated, settled: false });
        if let Stage::Here(mut client) = std::mem::replace(&mut self.stage, moved) {
            // Who looks for it by who it is finds it there; who has its old name finds it here until it has settled.
            cx.deeds.push(Deed::Unknown);
            client.pack();
            cx.write_to(to, ToLeg::Take(client));
        }
    }

    fn letter(&mut self, from: SessionKey, letter: ToHost, cx: &mut Cx<'_>) -> Result<(), Close> {
        match (letter, &mut self.stage) {
            (ToHost::Settled, Stage::Moved(moved)) if moved.to == from => {
                moved.settled = true;
                if moved.is_over() { Err(Close::Done) } else { Ok(()) }
            }
            (ToHost::Request(opened, requested), Stage::Here(client)) if client.is_of(opened) => {
                if matches!(requested, Requested::Upgrade) {
                    cx.write_to(from, ToLeg::Open);
                }
                self.with(cx, |client, cx, outs| client.requested(from, requested, cx, outs))
            }
            (ToHost::Request(..), _) => {
                let why = match self.stage {
                    Stage::Moved(..) => RequestError::BadRequest,
                    _ => RequestError::UnknownSid,
                };
                cx.write_to(from, ToLeg::Refused(why));
                Ok(())
            }
            (ToHost::Coming(opened), Stage::Here(client)) if client.is_of(opened) => {
                self.with(cx, |client, _, outs| client.coming(from, outs))
            }
            (ToHost::Come, Stage::Here(client)) => {
                client.has_come(from);
                Ok(())
            }
            (ToHost::Coming(_) | ToHost::Come, _) => Ok(()),
            (ToHost::Frame(frame), _) => {
                self.with(cx, |client, cx, outs| client.frame(from, frame.frame(), cx, outs))
            }
            (ToHost::Lost, _) => self.with(cx, |client, cx, outs| client.lost(from, cx, outs)),
            (ToHost::Settled, _) => Ok(()),
        }
    }
}

impl Session for Polled {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match (input, &mut self.stage) {
            (Input::Opened, _) => self.open(cx),
            (Input::Letter(from, letter), _) => match letter.downcast::<ToHost>() {
                Ok(letter) => self.letter(from, *letter, cx),
                Err(_) => Ok(()),
            },
            (Input::Timeout | Input::Shutdown, Stage::Moved(moved)) => {
                moved.give_up(cx);
                Err(Close::Done)
            }
            // Its WebSocket went away with it, or before it came.
            (Input::Undelivered(there), Stage::Moved(moved)) if there == moved.to => Err(Close::Done),
            (input, Stage::Moved(moved)) => {
                moved.send_on(input, cx);
                if moved.is_over() { Err(Close::Done) } else { Ok(()) }
            }
            (Input::Notice(notice), _) => self.with(cx, |client, cx, outs| client.notice(notice, cx, outs)),
            (Input::Answer(ticket, answer), _) => {
                self.with(cx, |client, cx, outs| client.answer(ticket, answer, cx, outs))
            }
            (Input::Act(act), _) => self.with(cx, |client, cx, outs| client.act(act, cx, outs)),
            (Input::Timeout, _) => self.with(cx, Client::timeout),
            (Input::Shutdown, _) => {
                self.with(cx, |client, cx, outs| client.end(Reason::ServerShuttingDown, cx, outs))?;
                // A client between two polls would be told in the next, but nobody comes in any more.
                Err(Close::Done)
            }
            // An exchange that went away while its answer was on the way; the next one says what is missing.
            (Input::Undelivered(leg), _) => self.with(cx, |client, cx, outs| client.lost(leg, cx, outs)),
            _ => Ok(()),
        }
    }

    fn can_acknowledge(&self) -> bool {
        match &self.stage {
            Stage::New(..) => false,
            Stage::Here(client) => client.can_acknowledge(),
            Stage::Moved(..) => true,
        }
    }

    fn deadline(&self) -> Option<u64> {
        match &self.stage {
            Stage::New(..) => None,
            Stage::Here(client) => client.deadline(),
            Stage::Moved(moved) => Some(moved.until),
        }
    }
}

/// What an end counts as.
pub(super) fn close(reason: Reason) -> Close {
    match reason {
        Reason::PingTimeout => Close::Timeout,
        Reason::ParseError | Reason::TransportError => Close::Protocol,
        Reason::TransportClose | Reason::ForcedClose | Reason::ServerShuttingDown => Close::Done,
    }
}
