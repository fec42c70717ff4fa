//! One HTTP exchange of a session on polling: carries one request to the session and its answer back.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use hubbub_hub::SessionKey;
use hubbub_socketio::engine::RequestError;

use super::SESSION;
use super::address::{Asked, Opening, Way, refusal};
use super::letters::{Requested, ToHost, ToLeg};
use super::polled::Polled;
use crate::problem::{self, Problem};
use crate::respond::{respond, respond_problem};
use crate::session::{Close, Cx, Input, Session};
use crate::session_id::SessionId;
use crate::ws::handshake::Handshake;

/// An exchange under way.
#[derive(Debug)]
pub(crate) struct Leg {
    asked: Option<(Option<String>, Requested, Opening)>,
    host: Option<SessionKey>,
    /// When the session must have answered, if it is still in its senses: its heartbeat answers every poll before that.
    deadline: u64,
}

impl Leg {
    /// An exchange that carries `asked`; gives a WebSocket back.
    pub(super) fn new(asked: Asked) -> Result<Self, (Option<String>, Handshake, Opening)> {
        let Asked { sid, way, opening } = asked;
        let requested = match way {
            Way::Poll(mark) => Requested::Poll(mark),
            Way::Post { body, binary, mark } => Requested::Post { body, binary, mark },
            Way::WebSocket(handshake) => return Err((sid, handshake, opening)),
        };
        Ok(Self { asked: Some((sid, requested, opening)), host: None, deadline: u64::MAX })
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let engine = &cx.settings.socketio.engine;
        let beat = u64::from(engine.ping_interval_ms) + u64::from(engine.ping_timeout_ms);
        self.deadline = cx.now.mono_ms + beat + cx.settings.answer_ms;
        match self.asked.take() {
            Some((Some(sid), requested, _)) => match SessionId::unseal(&sid, SESSION, cx.doorman) {
                Some(SessionId { host, since_unix_ms: opened_unix_ms }) => {
                    self.host = Some(host);
                    cx.write_to(host, ToHost::Request(opened_unix_ms, requested));
                    Ok(())
                }
                None => respond_problem(&refusal(RequestError::UnknownSid), cx),
            },
            Some((None, _, opening)) => {
                cx.spawn(Polled::new(opening, cx.key));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn told(letter: ToLeg, cx: &mut Cx<'_>) -> Result<(), Close> {
        match letter {
            ToLeg::Payload { body, binary } => {
                let kind = if binary { "application/octet-stream" } else { "text/plain; charset=UTF-8" };
                answer(kind, body.into(), cx)
            }
            ToLeg::Posted => answer("text/html", Bytes::from_static(b"ok"), cx),
            ToLeg::Refused(why) => respond_problem(&refusal(why), cx),
            _ => Ok(()),
        }
    }
}

fn answer(kind: &'static str, body: Bytes, cx: &mut Cx<'_>) -> Result<(), Close> {
    let mut head = problem::head(StatusCode::OK, kind);
    head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    respond(head, body, cx)
}

impl Session for Leg {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.ask(cx),
            Input::Letter(_, letter) => match letter.downcast::<ToLeg>() {
                Ok(letter) => Self::told(*letter, cx),
                Err(_) => Ok(()),
            },
            Input::NoRoom => {
                let detail =
                    "There are as many polling sessions as the server may have (limits.connections).";
                respond_problem(&Problem::unavailable(detail), cx)
            }
            Input::Undelivered(_) | Input::Timeout => respond_problem(&refusal(RequestError::UnknownSid), cx),
            Input::LinkLost => {
                if let Some(host) = self.host {
                    cx.write_to(host, ToHost::Lost);
                }
                Err(Close::Done)
            }
            // The session answers what waits when it is told itself; this is for what has no session any more.
            Input::Shutdown if self.host.is_none() => {
                respond_problem(&Problem::unavailable("The server is closing."), cx)
            }
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
