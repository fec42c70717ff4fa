//! Sessions of the tests' own, which speak no protocol.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use hubbub_gate::session::{Close, Cx, Delivery, Input, Session};
use hubbub_hub::command::Stay;
use hubbub_hub::{
    Body, Command, Content, Event, EventName, Happening, Identity, IdentityKind, Notice, Reply, RoomName,
    Start, UserAddress,
};

pub(crate) fn lobby() -> RoomName {
    RoomName::parse("lobby").unwrap()
}

pub(crate) fn somebody(name: &str) -> Arc<Identity> {
    Arc::new(Identity {
        user: UserAddress::new(name, "guest.localhost").unwrap(),
        name: name.into(),
        kind: IdentityKind::Guest,
        named: true,
        grants: None,
        since_unix_ms: 0,
        expires_unix_ms: None,
    })
}

/// What a [`Witness`] has been told, and where it began.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) from: Option<u64>,
    pub(crate) epoch: u32,
    pub(crate) messages: Vec<(u64, String)>,
}

/// Reads a room by small pages until live, then event by event; writes all of it down.
pub(crate) struct Witness {
    pub(crate) start: Start,
    pub(crate) seen: Rc<RefCell<Seen>>,
}

impl Witness {
    pub(crate) fn new(start: Start) -> (Self, Rc<RefCell<Seen>>) {
        let seen = Rc::default();
        (Self { start, seen: Rc::clone(&seen) }, seen)
    }

    fn ask(&self, cx: &mut Cx<'_>) {
        let command = Command::join(self.start, 3, Stay::Seated, true, None);
        cx.command(&lobby(), &somebody("witness"), command, 0);
    }

    fn write_down<'a>(&self, events: impl IntoIterator<Item = &'a Arc<Event>>) {
        let text = |event: &Event| String::from_utf8_lossy(event.body.content.bytes()).into_owned();
        self.seen.borrow_mut().messages.extend(events.into_iter().map(|event| (event.at.seq, text(event))));
    }
}

impl Session for Witness {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.ask(cx),
            Input::Notice(Notice::Reply { reply: Reply::Joined(joined), .. }) => {
                let first = self.seen.borrow().from.unwrap_or(joined.page.from.seq);
                self.seen.borrow_mut().from = Some(first);
                self.seen.borrow_mut().epoch = joined.page.head.epoch;
                self.write_down(&joined.page.events);
                self.start = Start::After(joined.page.cursor());
                if joined.live { cx.seat(&lobby(), Delivery::Personal, true) } else { self.ask(cx) }
            }
            Input::Notice(Notice::Happened { what, .. }) => {
                self.write_down(what.iter().filter_map(|one| match one {
                    Happening::Event(event) => Some(event),
                    _ => None,
                }));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Publishes what it is given, as text; breaks at the first message that says `break`.
pub(crate) struct Fuse;

impl Session for Fuse {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                let command = Command::join(Start::Now, 1, Stay::Seated, true, None);
                cx.command(&lobby(), &somebody("fuse"), command, 0);
            }
            Input::Notice(Notice::Reply { reply: Reply::Joined(_), .. }) => {
                cx.seat(&lobby(), Delivery::Personal, true);
            }
            Input::Notice(Notice::Happened { what, .. }) => {
                cx.out.write(Bytes::from_static(b"half a word"));
                let breaks = |one: &Happening| match one {
                    Happening::Event(event) => &event.body.content.bytes()[..] == b"break",
                    _ => false,
                };
                assert!(!what.iter().any(breaks), "this is the fault that the test wants");
            }
            _ => {}
        }
        Ok(())
    }
}

/// Publishes each input as a message.
pub(crate) struct Sayer;

impl Session for Sayer {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Input::Stream(bytes) = input {
            let content = Content::Text(Bytes::copy_from_slice(bytes));
            let body = Body::new(EventName::default(), content);
            cx.command(&lobby(), &somebody("sayer"), Command::Publish { body, key: None, about: None }, 1);
        }
        Ok(())
    }
}
