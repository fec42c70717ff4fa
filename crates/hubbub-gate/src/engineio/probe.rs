//! A WebSocket that wants to take over a session on polling (EIO4 "Upgrade"): carries frames to the session, wherever that is,
//! until it comes here to stay.

use hubbub_hub::SessionKey;
use hubbub_socketio::engine::{Frame, RequestError};
use hubbub_ws::{CloseCode, Config, Decoder, Role};

use super::SESSION;
use super::address::{refusal, websocket};
use super::letters::{Carried, Requested, ToHost, ToLeg};
use super::socket::{Form, Socket, encode_frame};
use crate::respond::respond_problem;
use crate::session::{Close, Cx, Input, Session};
use crate::session_id::SessionId;
use crate::settings::GateSettings;
use crate::ws::control::{too_slow, write_close};
use crate::ws::handshake::Handshake;
use crate::ws::receive::{Receiver, receive};

/// The packet by which a client completes an upgrade. What it sends after that is for the session, once it is here.
const UPGRADE: &str = "5";

/// A WebSocket that wants to take over.
pub(super) struct Probe {
    sid: String,
    carrier: Carrier,
    /// The answer that opens the socket, until it is given.
    handshake: Option<Handshake>,
    decoder: Decoder,
    form: Form,
}

impl Probe {
    /// A WebSocket that wants to take over the session `sid`.
    pub(super) fn new(sid: String, handshake: Handshake, settings: &GateSettings) -> Self {
        let config =
            Config { role: Role::Server, limits: websocket(settings).limits, deflate: handshake.deflate };
        let form = Form::of(&handshake, settings);
        let decoder = Decoder::new(config);
        Self { sid, carrier: Carrier::default(), handshake: Some(handshake), decoder, form }
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Some(SessionId { host, since_unix_ms: opened_unix_ms }) =
            SessionId::unseal(&self.sid, SESSION, cx.doorman)
        else {
            return respond_problem(&refusal(RequestError::UnknownSid), cx);
        };
        self.sid = String::new();
        self.carrier.host = Some(host);
        cx.write_to(host, ToHost::Request(opened_unix_ms, Requested::Upgrade));
        Ok(())
    }

    fn received(&mut self, input: &mut [u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        let result = receive(&mut self.decoder, input, cx, &mut self.carrier);
        if result.is_err() {
            self.carrier.lost(cx);
        }
        result
    }

    /// What waited for a poll is limited where it waited, and goes on as one.
    fn write(&self, frame: Frame<'_>, cx: &mut Cx<'_>) {
        let frame = encode_frame(frame, self.form.deflate, cx);
        cx.out.write_page(frame);
    }

    fn told(&mut self, from: SessionKey, letter: ToLeg, cx: &mut Cx<'_>) -> Result<(), Close> {
        match letter {
            ToLeg::Open => {
                if let Some(handshake) = self.handshake.take() {
                    cx.out.answer(*handshake.head);
                }
            }
            ToLeg::Refused(why) if self.handshake.is_some() => return respond_problem(&refusal(why), cx),
            ToLeg::Refused(_) | ToLeg::Close => {
                write_close(CloseCode::NORMAL, "", cx);
                return Err(Close::Refused);
            }
            ToLeg::Text(text) => self.write(Frame::Text(text.as_str()), cx),
            ToLeg::Binary(bytes) => self.write(Frame::Binary(&bytes), cx),
            ToLeg::Take(client) => {
                let config = Config { role: Role::Server, limits: self.form.limits, deflate: None };
                let decoder = std::mem::replace(&mut self.decoder, Decoder::new(config));
                let held = self.carrier.held.take().unwrap_or_default();
                cx.turn_into(Socket::taking_over(*client, decoder, self.form, held, from));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Carries frames to the session, or keeps them for when that is here.
#[derive(Default)]
struct Carrier {
    host: Option<SessionKey>,
    /// The client has completed the upgrade; these are what came since.
    held: Option<Vec<Carried>>,
    held_bytes: usize,
}

impl Carrier {
    fn carry(&mut self, frame: Carried, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Some(held) = &mut self.held {
            self.held_bytes += frame.len() + size_of::<Carried>();
            if self.held_bytes > cx.settings.outbox.bytes + cx.settings.socketio.engine.max_payload as usize {
                write_close(CloseCode::TRY_AGAIN, "too much at once", cx);
                return Err(Close::Protocol);
            }
            held.push(frame);
            return Ok(());
        }
        let completes = matches!(&frame, Carried::Text(text) if text == UPGRADE);
        if let Some(host) = self.host {
            cx.write_to(host, ToHost::Frame(frame));
        }
        if completes {
            self.held = Some(Vec::new());
        }
        Ok(())
    }

    fn lost(&self, cx: &mut Cx<'_>) {
        if let Some(host) = self.host {
            cx.write_to(host, ToHost::Lost);
        }
    }
}

impl Receiver for Carrier {
    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.carry(Carried::Text(text.to_owned()), cx)
    }

    fn binary(&mut self, bytes: &[u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        self.carry(Carried::Binary(bytes.to_vec()), cx)
    }
}

impl Session for Probe {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.ask(cx),
            Input::Stream(bytes) => self.received(bytes, cx),
            Input::Letter(from, letter) => match letter.downcast::<ToLeg>() {
                Ok(letter) => self.told(from, *letter, cx),
                Err(_) => Ok(()),
            },
            Input::Undelivered(_) if self.handshake.is_some() => {
                respond_problem(&refusal(RequestError::UnknownSid), cx)
            }
            Input::Undelivered(_) | Input::Shutdown => {
                write_close(CloseCode::GOING_AWAY, "", cx);
                Err(Close::Done)
            }
            Input::TooSlow => {
                self.carrier.lost(cx);
                too_slow("you read too slowly; reconnect", cx)
            }
            Input::LinkLost => {
                self.carrier.lost(cx);
                Err(Close::Done)
            }
            _ => Ok(()),
        }
    }
}
