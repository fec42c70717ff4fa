//! `GET /rooms/{room}/presence`: who is there.

use std::sync::Arc;

use http::StatusCode;
use hubbub_hub::{Command, Identity, Notice, Reply, RoomName};
use serde_json::json;

use crate::envelope;
use crate::problem::Problem;
use crate::respond::{respond_json, respond_problem};
use crate::session::{Close, Cx, Input, Session};

/// A question who is there.
pub struct AskPresence {
    room: RoomName,
    who: Arc<Identity>,
    deadline: u64,
}

impl AskPresence {
    /// `who` asks about `room`.
    #[must_use]
    pub fn new(room: RoomName, who: Arc<Identity>) -> Self {
        Self { room, who, deadline: u64::MAX }
    }

    fn answered(&self, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Close> {
        match reply {
            Reply::Presence(view, _) => {
                let mut answer = envelope::presence(view).unwrap_or_else(|| json!({}));
                answer["room"] = self.room.to_string().into();
                respond_json(StatusCode::OK, &answer, cx)
            }
            Reply::Refused(why) => respond_problem(&Problem::refused(why), cx),
            // Answers to what was not asked here.
            _ => Ok(()),
        }
    }
}

impl Session for AskPresence {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
                cx.command(&self.room, &self.who, Command::Presence, 0);
                Ok(())
            }
            Input::Notice(Notice::Reply { reply, .. }) => self.answered(&reply, cx),
            Input::Timeout => {
                respond_problem(&Problem::unavailable("The room's log could not be opened in time."), cx)
            }
            Input::Shutdown => respond_problem(&Problem::unavailable("The server is closing."), cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
