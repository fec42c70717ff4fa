//! What the application wants of a client.

use hubbub_hub::Start;
use hubbub_hub::hook::Emission;
use hubbub_socketio::engine::Reason;

use super::space::{Number, Stage};
use super::{Asker, Connection};
use crate::engineio::line::Line;
use crate::problem::Problem;
use crate::session::{AckId, Act, Cx};

/// Acknowledgements that one client may owe.
const OWED: usize = 1024;

impl Connection {
    /// Does what the application wants.
    pub(crate) fn act(&mut self, act: Act, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let main =
            self.spaces.iter().find(|space| space.is_main() && matches!(space.stage, Stage::Connected));
        let main = main.map(|space| space.number);
        match act {
            Act::Emit { emission, ack } => self.emit(&emission, ack, cx, line),
            Act::Join(room) => {
                if let Some(number) = main {
                    // One room too many is the application's affair; the client has not asked.
                    let asker = Asker { space: number, ack: None };
                    let _ = self.join(asker, room, Start::Now, cx, line);
                }
            }
            Act::Leave(room) => {
                if let Some(number) = main {
                    self.leave(number, &room, cx, line);
                }
            }
            Act::Disconnect(reason) => self.end(&reason, cx, line),
            Act::Removed => self.end(&Problem::account_removed().detail, cx, line),
            Act::TakenOver => self.end("the session was taken over", cx, line),
        }
    }

    fn end(&mut self, reason: &str, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let all: Vec<_> = self.spaces.iter().map(|space| space.number).collect();
        for number in all {
            self.put_out(number, &Problem::forbidden(reason), cx, line);
        }
        line.end(Reason::ForcedClose, cx);
    }

    /// Whether it is anywhere where it can be told something.
    pub(crate) fn is_connected(&self) -> bool {
        self.spaces.iter().any(|space| matches!(space.stage, Stage::Connected))
    }

    /// In the room's namespace if it is about a room; else in `/`, or where the client came in first.
    fn emit(&mut self, emission: &Emission, ack: Option<AckId>, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        if emission.volatile && (line.waiting() > 0 || !cx.out.is_empty()) {
            return;
        }
        let connected = || self.spaces.iter().filter(|space| matches!(space.stage, Stage::Connected));
        let there = connected().find(|space| space.room == emission.room);
        let Some(space) =
            there.or_else(|| connected().find(|space| space.is_main())).or_else(|| connected().next())
        else {
            return;
        };
        let (number, id) = (space.number, ack.filter(|_| self.emitted.len() < OWED).map(|_| self.last_ack));
        let packets = self.wire(&space.namespace).emission(emission, self.hello.recovers, id);
        line.answer(packets, cx);
        if let (Some(ack), Some(id)) = (ack, id) {
            self.owe(id, number, ack);
        }
    }

    fn owe(&mut self, id: u64, number: Number, ack: AckId) {
        self.last_ack = id + 1;
        self.emitted.push((id, number, ack));
    }
}
