//! `GET …/peers`: all ids that are taken, where people may know (`peerjs.discovery`).

use http::StatusCode;

use super::PeerId;
use super::switchboard::{BOARDS, ToBoard, ToPeer, write_to_board};
use crate::problem::Problem;
use crate::respond::{respond_json, respond_problem};
use crate::session::{Close, Cx, Input, Session};

/// A listing under way: each switchboard tells of its own ids.
pub(crate) struct Listing {
    ids: Vec<PeerId>,
    answers: u64,
    deadline: u64,
}

impl Listing {
    pub(crate) fn new() -> Self {
        Self { ids: Vec::new(), answers: 0, deadline: u64::MAX }
    }

    fn told(&mut self, ids: Vec<PeerId>, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.ids.extend(ids);
        self.answers += 1;
        if self.answers < BOARDS {
            return Ok(());
        }
        self.ids.sort_unstable();
        let ids: Vec<_> = self.ids.iter().map(PeerId::as_str).collect();
        respond_json(StatusCode::OK, &ids.into(), cx)
    }
}

impl Session for Listing {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let busy = || Problem::unavailable("Not everybody who knows could be asked. Try again.");
        match input {
            Input::Opened => {
                self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
                (0..BOARDS).for_each(|number| write_to_board(number, ToBoard::Who, cx));
                Ok(())
            }
            Input::Letter(_, letter) => match letter.downcast::<ToPeer>().map(|letter| *letter) {
                Ok(ToPeer::These(ids)) => self.told(ids, cx),
                _ => Ok(()),
            },
            Input::Undelivered(_) | Input::Timeout => respond_problem(&busy(), cx),
            Input::Shutdown => respond_problem(&Problem::unavailable("The server is closing."), cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
