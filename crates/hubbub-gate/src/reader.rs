//! Reading a room from a position until live: the same for event streams and WebSockets.
//!
//! The backlog comes in pages. The next one is asked for when the link has taken the last, so that a long history never
//! piles up in the outbox.

use std::sync::Arc;

use hubbub_hub::command::Stay;
use hubbub_hub::{Command, Event, Happening, Hears, Hello, Identity, Joined, RoomName, Start};

use crate::session::{Cx, Delivery};
use crate::signals::Around;

/// Most messages in one page of backlog; its bytes are limited by the hub.
const PAGE: u32 = 500;

/// Somebody who reads a room and stays.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Which room.
    pub(crate) room: RoomName,
    /// Who reads.
    pub(crate) who: Arc<Identity>,
    /// Where to go on.
    start: Start,
    /// Whether to hear oneself.
    echo: bool,
    /// What came with the connection, until the room has let it in.
    hello: Option<Arc<Hello>>,
    /// How signals reach it.
    hears: Hears,
}

/// Tickets of [`Reader`]'s own questions; a session gives its others from 1 up.
pub(crate) const READING: u32 = 0;

impl Reader {
    /// `who` reads `room` from `start`.
    #[must_use]
    pub(crate) fn new(
        room: RoomName,
        who: Arc<Identity>,
        start: Start,
        echo: bool,
        hello: Arc<Hello>,
    ) -> Self {
        Self { room, who, start, echo, hello: Some(hello), hears: Hears::Nothing }
    }

    /// The same, by a session that has words for signals.
    pub(crate) fn hearing(mut self) -> Self {
        self.hears = Hears::ByKey;
        self
    }

    /// The address by which signals reach it.
    pub(crate) fn own_address(&self, joined: &Joined, cx: &Cx<'_>) -> Option<String> {
        Around::room(&self.room, cx).own(joined, &self.who, &self.hears, cx.key)
    }

    /// Asks for the next page.
    pub(crate) fn ask(&self, cx: &mut Cx<'_>) {
        let mut command = Command::join(self.start, PAGE, Stay::Seated, true, self.hello.clone());
        if let Command::Join { hears, .. } = &mut command {
            *hears = self.hears.clone();
        }
        cx.command(&self.room, &self.who, command, READING);
    }

    /// What of a page is for this reader's ears.
    pub(crate) fn backlog(&self, joined: &Joined, cx: &Cx<'_>) -> Vec<Happening> {
        let mine = |event: &&Arc<Event>| !self.echo && event.origin == Some(cx.key);
        joined.page.events.iter().filter(|event| !mine(event)).cloned().map(Happening::Event).collect()
    }

    /// Takes a seat if the page reached the head, else asks for more when this page is sent. Called after the page was written.
    pub(crate) fn go_on(&mut self, joined: &Joined, delivery: Delivery, cx: &mut Cx<'_>) {
        self.start = Start::After(joined.page.cursor());
        self.hello = None;
        match (joined.live, joined.page.events.is_empty()) {
            (true, _) => cx.seat(&self.room, delivery, self.echo),
            // Nothing was written whose sending could be waited for.
            (false, true) => self.ask(cx),
            (false, false) => cx.out.tell_when_drained(),
        }
    }
}
