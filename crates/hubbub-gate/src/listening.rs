//! Reading a room over a line that carries several, and that may change under way.
//!
//! As [`crate::reader`], but the questions have tickets of their own, and where each event is written one by one the position is
//! known all the time: so a client that falls behind, or moves, reads on from there.

use std::sync::Arc;

use hubbub_hub::command::Stay;
use hubbub_hub::hook::Hello;
use hubbub_hub::{
    Command, Event, Happening, Hears, Identity, Joined, Offset, RoomName, SessionKey, Start, Ticket,
};

use crate::session::{Cx, Delivery};
use crate::signals::Around;

/// Most messages in one page of backlog; its bytes are limited by the hub.
const PAGE: u32 = 500;

/// Somebody who reads a room and stays.
#[derive(Debug)]
pub(crate) struct Listening {
    /// Which room.
    pub(crate) room: RoomName,
    /// Who reads.
    pub(crate) who: Arc<Identity>,
    /// Where to go on. Behind the truth while seated in a way that shares bytes.
    start: Start,
    echo: bool,
    /// What came with the connection, until the room has let it in.
    hello: Option<Arc<Hello>>,
    /// How signals reach it.
    hears: Hears,
    /// Its session before it moved, which said things that it need not hear either.
    former: Option<SessionKey>,
    stage: Stage,
    handover: Handover,
    /// It has missed what no log keeps.
    missed: bool,
}

/// What is still told to a session's old place.
#[derive(Debug, Default)]
enum Handover {
    /// Nothing, or nothing any more.
    #[default]
    Done,
    /// What happened before the home knew the new place. It comes before what the new place is told.
    Expected(Vec<Happening>),
}

/// What a handover may hold back. It takes a few turns; whoever waits longer has lost its old place.
const HELD_BACK: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not asked for yet, or not any more.
    Idle,
    /// The next page is asked for.
    Asking(Ticket),
    /// The last page, or too much of what happened, is still on its way to the client.
    Behind,
    /// What happens comes by itself.
    Live(Delivery),
}

impl Listening {
    /// `who` is to read `room` from `start`.
    pub(crate) fn new(
        room: RoomName,
        who: Arc<Identity>,
        start: Start,
        echo: bool,
        hello: Option<Arc<Hello>>,
    ) -> Self {
        Self {
            room,
            who,
            start,
            echo,
            hello,
            hears: Hears::Nothing,
            former: None,
            stage: Stage::Idle,
            handover: Handover::Done,
            missed: false,
        }
    }

    /// The same, by a session that has words for signals and is called so.
    pub(crate) fn heard_as(mut self, name: Arc<str>) -> Self {
        self.hears = Hears::ByName(name);
        self
    }

    /// Signals reach it by this name from now on, when it asks for a page next.
    pub(crate) fn rename(&mut self, name: Arc<str>) {
        self.hears = Hears::ByName(name);
    }

    /// How signals reach it.
    pub(crate) fn hears(&self) -> &Hears {
        &self.hears
    }

    /// The address by which signals reach it.
    pub(crate) fn own_address(&self, joined: &Joined, cx: &Cx<'_>) -> Option<String> {
        Around::room(&self.room, cx).own(joined, &self.who, &self.hears, cx.key)
    }

    /// Asks for the next page.
    pub(crate) fn ask(&mut self, ticket: Ticket, cx: &mut Cx<'_>) {
        self.join(PAGE, true, ticket, cx);
    }

    fn join(&mut self, limit: u32, follow: bool, ticket: Ticket, cx: &mut Cx<'_>) {
        self.stage = Stage::Asking(ticket);
        let mut command = Command::join(self.start, limit, Stay::Seated, follow, self.hello.clone());
        if let Command::Join { hears, .. } = &mut command {
            hears.clone_from(&self.hears);
        }
        cx.command(&self.room, &self.who, command, ticket);
    }

    /// Asks for the first page by a command of one's own.
    pub(crate) fn ask_by(
        &mut self,
        ticket: Ticket,
        command: impl FnOnce(Start, u32) -> Command,
        cx: &mut Cx<'_>,
    ) {
        self.stage = Stage::Asking(ticket);
        cx.command(&self.room, &self.who, command(self.start, PAGE), ticket);
    }

    /// Asks later: there is too much on its way to the client already.
    pub(crate) fn wait(&mut self, cx: &mut Cx<'_>) {
        self.stage = Stage::Behind;
        cx.out.tell_when_drained();
    }

    /// Goes on in the place of `former`.
    pub(crate) fn succeed(&mut self, former: SessionKey, cx: &mut Cx<'_>) {
        self.former = Some(former);
        cx.command(&self.room, &self.who, Command::Succeed { former }, 0);
    }

    /// Asks whether the start is there, and no more.
    pub(crate) fn look(&mut self, ticket: Ticket, cx: &mut Cx<'_>) {
        self.join(1, false, ticket, cx);
    }

    /// The answer to [`Self::look`] has come.
    pub(crate) fn looked(&mut self) {
        self.stage = Stage::Idle;
    }

    /// Begins somewhere else.
    pub(crate) fn begin_at(&mut self, start: Start) {
        self.start = start;
        self.stage = Stage::Idle;
    }

    /// Whether this is what it waits for.
    pub(crate) fn waits_for(&self, ticket: Ticket) -> bool {
        self.stage == Stage::Asking(ticket)
    }

    /// What of a page is for these ears.
    pub(crate) fn backlog(&self, joined: &Joined, cx: &Cx<'_>) -> Vec<Happening> {
        let events = joined.page.events.iter();
        let own = |event: &Event| event.origin.is_some_and(|by| by == cx.key || Some(by) == self.former);
        let heard = events.filter(|event| self.echo || !own(event));
        heard.cloned().map(Happening::Event).collect()
    }

    /// Takes a seat if the page reached the head. Called after the page was written; `seated` says that another reader of this
    /// session has such a seat already. Says whether to ask on at once.
    #[must_use]
    pub(crate) fn go_on(
        &mut self,
        joined: &Joined,
        delivery: Delivery,
        seated: bool,
        cx: &mut Cx<'_>,
    ) -> bool {
        self.start = Start::After(joined.page.cursor());
        self.hello = None;
        if !joined.live {
            self.stage = Stage::Behind;
            cx.out.tell_when_drained();
            return joined.page.events.is_empty();
        }
        self.stage = Stage::Live(delivery);
        if !seated {
            cx.seat(&self.room, delivery, self.echo);
        }
        false
    }

    /// Whether it is told in this way, now.
    pub(crate) fn is_live(&self, room: &RoomName, delivery: Delivery) -> bool {
        self.stage == Stage::Live(delivery) && self.room == *room
    }

    /// The way in which it is told, now.
    pub(crate) fn seat(&self) -> Option<Delivery> {
        match self.stage {
            Stage::Live(delivery) => Some(delivery),
            _ => None,
        }
    }

    /// These have been written.
    pub(crate) fn heard(&mut self, what: &[Happening]) {
        let last = what.iter().rev().find_map(|one| match one {
            Happening::Event(event) => Some(event.at),
            _ => None,
        });
        if let Some(at) = last {
            self.start = Start::After(at);
        }
    }

    /// The client cannot take more for now. The log keeps the rest for it, but not who comes and goes.
    pub(crate) fn fall_behind(&mut self) {
        self.stage = Stage::Behind;
        self.missed = true;
    }

    /// Whether it has missed what no log keeps, since it was last asked.
    pub(crate) fn take_missed(&mut self) -> bool {
        std::mem::take(&mut self.missed)
    }

    /// Whether the next page is to be asked for when the client has taken what there is.
    pub(crate) fn is_behind(&self) -> bool {
        self.stage == Stage::Behind
    }

    /// Whether it waits for nothing.
    pub(crate) fn is_settled(&self) -> bool {
        !matches!(self.stage, Stage::Asking(_))
    }

    /// The session goes to another place, where its seat is to be asked for again. Until then its old one is told what happens.
    pub(crate) fn pack(&mut self) {
        if self.seat().is_some() {
            self.handover = Handover::Expected(Vec::new());
        }
        self.stage = Stage::Idle;
    }

    /// Keeps what happens until the old place has told what came before it. Says whether it did.
    #[must_use]
    pub(crate) fn holds_back(&mut self, what: &[Happening]) -> bool {
        match &mut self.handover {
            Handover::Expected(held) if held.len() < HELD_BACK => {
                held.extend_from_slice(what);
                true
            }
            _ => false,
        }
    }

    /// Whether the old place is still told what happens here.
    pub(crate) fn expects_handover(&self) -> bool {
        matches!(self.handover, Handover::Expected(_))
    }

    /// The old place is done: what was held back meanwhile, if it was.
    pub(crate) fn handed_over(&mut self) -> Option<Vec<Happening>> {
        match std::mem::take(&mut self.handover) {
            Handover::Expected(held) => Some(held),
            Handover::Done => None,
        }
    }

    /// It is told in this way from now on.
    pub(crate) fn reseat(&mut self, delivery: Delivery, seated: bool, others: bool, cx: &mut Cx<'_>) {
        let Stage::Live(before) = self.stage else { return };
        if before == delivery {
            return;
        }
        self.stage = Stage::Live(delivery);
        if !others {
            cx.unseat_from(&self.room, before);
        }
        if !seated {
            cx.seat(&self.room, delivery, self.echo);
        }
    }

    /// It has been told that it stands here.
    pub(crate) fn stands_at(&mut self, at: Offset) {
        self.start = Start::After(at);
    }

    /// Where it stands, if that is known.
    pub(crate) fn position(&self) -> Start {
        self.start
    }
}
