//! A session on a WebSocket: the place of the WebSocket is its own.

use bytes::Bytes;
use hubbub_hub::{Notice, SessionKey};
use hubbub_socketio::engine::{Frame, Out, Reason};
use hubbub_ws::{CloseCode, Config, Decoder, Kind, Limits, Role};

use super::address::{Opening, websocket};
use super::client::Client;
use super::letters::{Carried, ToHost, ToLeg};
use super::line::Outs;
use super::polled::close;
use super::probe::Probe;
use crate::coder::WsDeflate;
use crate::problem::Problem;
use crate::respond::respond_problem;
use crate::session::{Close, Cx, Input, Session};
use crate::settings::GateSettings;
use crate::ws::control::{too_slow, write_close};
use crate::ws::handshake::Handshake;
use crate::ws::receive::{Receiver, receive};

/// How its frames are written and read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) deflate: WsDeflate,
    pub(super) limits: Limits,
}

impl Form {
    pub(super) fn of(handshake: &Handshake, settings: &GateSettings) -> Self {
        // A compressor whose context lives on could not write what others get too, so it does without.
        let deflate = handshake.deflate.map_or(WsDeflate::OFF, |deflate| WsDeflate {
            window_bits: deflate.sending(Role::Server).0,
            min_bytes: u32::try_from(settings.ws.deflate_min_bytes).unwrap_or(u32::MAX),
        });
        Self { deflate, limits: websocket(settings).limits }
    }
}

/// A session on a WebSocket.
pub(crate) struct Socket {
    decoder: Decoder,
    state: Box<State>,
}

struct State {
    client: Option<Client>,
    form: Form,
    /// What it begins with, until it does.
    begins: Option<Box<Begins>>,
    /// Where it was before, until it is settled here.
    former: Option<SessionKey>,
}

enum Begins {
    /// A WebSocket whose first word is ours.
    Fresh(Handshake, Opening),
    /// A session that comes from polling, and what its client has sent it meanwhile.
    Taken(Vec<Carried>),
}

impl Socket {
    /// A session that begins on this WebSocket, or one of polling that is to go on over it.
    pub(super) fn open((sid, handshake, opening): (Option<String>, Handshake, Opening), cx: &mut Cx<'_>) {
        match sid {
            Some(sid) => cx.turn_into(Probe::new(sid, handshake, cx.settings)),
            None => cx.turn_into(Self::fresh(handshake, opening, cx.settings)),
        }
    }

    fn fresh(handshake: Handshake, opening: Opening, settings: &GateSettings) -> Self {
        let form = Form::of(&handshake, settings);
        let config = Config { role: Role::Server, limits: form.limits, deflate: handshake.deflate };
        let begins = Some(Box::new(Begins::Fresh(handshake, opening)));
        let state = Box::new(State { client: None, form, begins, former: None });
        Self { decoder: Decoder::new(config), state }
    }

    /// A session that comes from `former`.
    pub(super) fn taking_over(
        client: Client,
        decoder: Decoder,
        form: Form,
        held: Vec<Carried>,
        former: SessionKey,
    ) -> Self {
        let state = State {
            client: Some(client),
            form,
            begins: Some(Box::new(Begins::Taken(held))),
            former: Some(former),
        };
        Self { decoder, state: Box::new(state) }
    }
}

impl State {
    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let mut outs = Outs::new();
        match self.begins.take().map(|begins| *begins) {
            Some(Begins::Fresh(handshake, Opening { peer, what, .. })) => {
                let client = Client::on_websocket(peer, what, self.form.deflate, cx, &mut outs);
                let Some(client) = client else {
                    return respond_problem(
                        &Problem::unavailable("The server has no secret to make ids with."),
                        cx,
                    );
                };
                cx.out.answer(*handshake.head);
                self.client = Some(client);
                self.write(outs, cx)?;
                self.with(cx, Client::begin)
            }
            Some(Begins::Taken(held)) => {
                let deflate = self.form.deflate;
                if let Some(former) = self.former {
                    self.with(cx, |client, cx, outs| client.unpack(former, deflate, cx, outs))?;
                }
                for frame in held {
                    self.frame(frame.frame(), cx)?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn frame(&mut self, frame: Frame<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let key = cx.key;
        self.with(cx, |client, cx, outs| client.frame(key, frame, cx, outs))
    }

    /// Does something with the session, and what comes of it.
    fn with(
        &mut self,
        cx: &mut Cx<'_>,
        work: impl FnOnce(&mut Client, &mut Cx<'_>, &mut Outs),
    ) -> Result<(), Close> {
        let Some(client) = &mut self.client else { return Ok(()) };
        let mut outs = Outs::new();
        work(client, cx, &mut outs);
        if let Some(former) = self.former.take_if(|_| client.is_settled()) {
            cx.write_to(former, ToHost::Settled);
        }
        self.write(outs, cx)
    }

    fn write(&self, outs: Outs, cx: &mut Cx<'_>) -> Result<(), Close> {
        for out in outs {
            match out {
                Out::Text { text, .. } => write_frame(Frame::Text(text.as_str()), self.form.deflate, cx),
                Out::Binary { bytes, .. } => write_frame(Frame::Binary(&bytes), self.form.deflate, cx),
                Out::Closed(reason) => {
                    let code = match reason {
                        Reason::ServerShuttingDown => CloseCode::GOING_AWAY,
                        Reason::ParseError => CloseCode::POLICY,
                        _ => CloseCode::NORMAL,
                    };
                    write_close(code, reason.as_str(), cx);
                    return Err(close(reason));
                }
                // Said with the reason when it closes.
                _ => {}
            }
        }
        Ok(())
    }

    fn letter(&mut self, letter: ToLeg, cx: &mut Cx<'_>) -> Result<(), Close> {
        match letter {
            ToLeg::Reply(room, ticket, reply) => {
                self.with(cx, |client, cx, outs| client.reply(&room, ticket, reply, cx, outs))
            }
            ToLeg::Answer(ticket, answer) => {
                self.with(cx, |client, cx, outs| client.answer(ticket, answer, cx, outs))
            }
            ToLeg::Happened(room, what) => {
                self.with(cx, |client, cx, outs| client.missed(&room, &what, cx, outs))
            }
            ToLeg::HandedOver(room) => self.with(cx, |client, cx, outs| client.handed_over(&room, cx, outs)),
            ToLeg::Act(act) => self.with(cx, |client, cx, outs| client.act(act, cx, outs)),
            _ => Ok(()),
        }
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.begin(cx),
            Input::Notice(notice) => self.with(cx, |client, cx, outs| client.notice(notice, cx, outs)),
            Input::Answer(ticket, answer) => {
                self.with(cx, |client, cx, outs| client.answer(ticket, answer, cx, outs))
            }
            Input::Letter(_, letter) => match letter.downcast::<ToLeg>() {
                Ok(letter) => self.letter(*letter, cx),
                Err(_) => Ok(()),
            },
            Input::Act(act) => self.with(cx, |client, cx, outs| client.act(act, cx, outs)),
            Input::Drained => self.with(cx, Client::drained),
            Input::Timeout => self.with(cx, Client::timeout),
            Input::TooSlow => too_slow("you read too slowly; reconnect", cx),
            Input::Shutdown => {
                self.with(cx, |client, cx, outs| client.end(Reason::ServerShuttingDown, cx, outs))
            }
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }
}

impl Receiver for State {
    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.frame(Frame::Text(text), cx)
    }

    fn binary(&mut self, bytes: &[u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        self.frame(Frame::Binary(bytes), cx)
    }
}

impl Session for Socket {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Stream(bytes) => receive(&mut self.decoder, bytes, cx, &mut *self.state),
            Input::Notice(Notice::Happened { room, what }) => self
                .state
                .with(cx, |client, cx, outs| client.notice(Notice::Happened { room, what }, cx, outs)),
            other => self.state.handle(other, cx),
        }
    }

    fn can_acknowledge(&self) -> bool {
        self.state.client.as_ref().is_some_and(Client::can_acknowledge)
    }

    fn deadline(&self) -> Option<u64> {
        self.state.client.as_ref().and_then(Client::deadline)
    }
}

/// Writes a WebSocket message that answers the client.
fn write_frame(frame: Frame<'_>, deflate: WsDeflate, cx: &mut Cx<'_>) {
    let frame = encode_frame(frame, deflate, cx);
    cx.out.write(frame);
}

/// A WebSocket message.
pub(super) fn encode_frame(frame: Frame<'_>, deflate: WsDeflate, cx: &mut Cx<'_>) -> Bytes {
    let mut out = Vec::new();
    match frame {
        Frame::Text(text) => cx.coder.frame(&mut out, Kind::Text, text.as_bytes(), deflate),
        Frame::Binary(bytes) => cx.coder.frame(&mut out, Kind::Binary, bytes, deflate),
    }
    out.into()
}
