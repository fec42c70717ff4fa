//! Messages for an account: kept before anybody is told, told once, in their order.

use std::sync::Arc;

use hubbub_hub::presence::PresenceView;
use hubbub_hub::{
    Affiliation, Command, Event, Happening, Identity, IdentityKind, Joined, MessageId, Notice, Offset, Page,
    Published, Refusal, Reply, Role, RoomName, Sender, Start, UserAddress, Whois,
};

use super::desk::{Desk, ORCHARD, parcel};
use crate::session::Input;
use crate::xmpp::letters::ToAccount;

const JULIET: &str = "juliet@a.org/balcony";

/// The inbox of Romeo, played by the test.
struct Inbox {
    desk: Desk,
    log: Vec<Arc<Event>>,
    is_live: bool,
}

impl Inbox {
    fn new() -> Self {
        Self { desk: Desk::romeo(), log: Vec::new(), is_live: false }
    }

    /// Juliet's steward brings what is to be kept.
    fn brings(&mut self, stanza: &str) {
        let who = Identity {
            user: UserAddress::from_prepared("juliet@a.org"),
            name: "Juliet".into(),
            kind: IdentityKind::Account,
            named: true,
            grants: None,
            since_unix_ms: 0,
            expires_unix_ms: None,
        };
        let message = parcel(JULIET, stanza, "romeo@a.org");
        self.desk.letter(9, ToAccount::Keep(message, Arc::new(who), None));
    }

    /// The room answers the first thing that it was asked.
    fn answer(&mut self) {
        let (room, command, ticket) = self.desk.commands.remove(0);
        assert_eq!(room.as_str(), "@romeo");
        match command {
            Command::Publish { body, .. } => {
                let at = Offset::new(7, self.log.len() as u64 + 1);
                let from = Sender { user: UserAddress::from_prepared("juliet@a.org"), name: "Juliet".into() };
                let (id, unix_ms) = (MessageId(u128::from(at.seq)), 1_763_800_000_000);
                let event = Event {
                    room: room.clone(),
                    at,
                    id,
                    unix_ms,
                    from: from.clone(),
                    to: None,
                    body,
                    origin: None,
                };
                let event = Arc::new(event);
                self.log.push(event.clone());
                let published = Published { id, at, unix_ms, from, repeated: false, answer: None };
                self.reply(&room, ticket, Reply::Published(published));
                if self.is_live {
                    let what = [Happening::Event(event)];
                    self.desk.input(Input::Notice(Notice::Happened { room: &room, what: &what }));
                }
            }
            Command::Join { start, follow: true, .. } => {
                let after = match start {
                    Start::Oldest => 0,
                    Start::After(at) => at.seq,
                    other => panic!("begins {other:?}"),
                };
                self.is_live = true;
                let joined = self.page(after);
                self.reply(&room, ticket, Reply::Joined(Box::new(joined)));
            }
            other => panic!("asks for {other:?}"),
        }
    }

    fn page(&self, after: u64) -> Joined {
        let events: Vec<_> = self.log.iter().filter(|event| event.at.seq > after).cloned().collect();
        let at = |seq| Offset::new(7, seq);
        Joined {
            page: Page { events, from: at(after), oldest: at(0), head: at(self.log.len() as u64) },
            recovered: true,
            live: true,
            presence: PresenceView::Off,
            me: None,
            affiliation: Affiliation::Owner,
            role: Role::None,
            created: false,
            subject: None,
            whois: Whois::default(),
        }
    }

    fn reply(&mut self, room: &RoomName, ticket: u32, reply: Reply) {
        self.desk.input(Input::Notice(Notice::Reply { room, ticket, reply }));
    }

    /// Romeo's client says how available it is; the room answers what comes of that.
    fn is_at(&mut self, priority: i8) {
        let presence = format!("<presence><priority>{priority}</priority></presence>");
        self.desk.says(1, ORCHARD, &presence);
        if !self.desk.commands.is_empty() {
            self.answer();
        }
    }

    /// The texts of messages that clients were told, `late` those with a time.
    fn told(&mut self) -> Vec<String> {
        let said = self.desk.said();
        let messages = said.iter().filter(|said| said.contains("<message"));
        let text = |said: &String| {
            let text = said.split_once("<body>").and_then(|(_, rest)| rest.split_once("</body>"));
            let late = if said.contains("urn:xmpp:delay") { " late" } else { "" };
            text.map_or_else(|| "state".to_owned(), |(text, _)| format!("{text}{late}"))
        };
        messages.map(text).collect()
    }
}

#[test]
fn nobody_hears_of_a_message_before_it_is_kept_nor_of_what_comes_behind_it() {
    let mut inbox = Inbox::new();
    inbox.is_at(0);
    inbox.brings("<message type='chat'><body>one</body></message>");
    inbox.desk.hears(JULIET, "<message type='chat'><active xmlns='urn:example:states'/></message>");
    inbox.brings("<message type='chat'><body>two</body></message>");
    assert!(inbox.told().is_empty());
    inbox.answer();
    assert_eq!(inbox.told(), ["one", "state"]);
    inbox.answer();
    assert_eq!(inbox.told(), ["two"]);
}

#[test]
fn what_waited_is_told_once_with_its_time() {
    let mut inbox = Inbox::new();
    inbox.brings("<message type='chat'><body>one</body></message>");
    inbox.answer();
    inbox.brings("<message type='chat' to='romeo@a.org/orchard'><body>two</body></message>");
    inbox.answer();
    assert_eq!(inbox.told(), ["two"], "that resource is there, and takes what is for it alone");
    inbox.is_at(-1);
    assert!(inbox.told().is_empty());
    inbox.is_at(0);
    assert_eq!(inbox.told(), ["one late"]);
    inbox.is_at(-1);
    inbox.is_live = false;
    inbox.is_at(0);
    assert!(inbox.told().is_empty());
}

#[test]
fn what_cannot_be_kept_is_refused() {
    for (why, condition) in [
        (Refusal::NoSuchInbox, "service-unavailable"),
        (Refusal::Busy, "resource-constraint"),
        (Refusal::LogFailed, "internal-server-error"),
        (Refusal::Outcast, "forbidden"),
    ] {
        let mut inbox = Inbox::new();
        inbox.brings("<message id='m' type='chat'><body>one</body></message>");
        let (room, _, ticket) = inbox.desk.commands.remove(0);
        inbox.reply(&room, ticket, Reply::Refused(why));
        let said = inbox.desk.said();
        assert!(
            said[0].starts_with("to xmpp:juliet@a.org: <message") && said[0].contains(condition),
            "{said:?}"
        );
    }
}

#[test]
fn the_id_is_that_of_the_log_and_the_rest_is_as_it_came() {
    let mut inbox = Inbox::new();
    inbox.is_at(0);
    inbox.desk.said();
    inbox.brings(
        "<message type='chat' id='m' xml:lang='it'><body>Ciao</body><x xmlns='urn:example:x'/></message>",
    );
    inbox.answer();
    let id = MessageId(1);
    let expected = format!(
        "to client 1: <message from='{JULIET}' to='romeo@a.org' id='m' type='chat' xml:lang='it'><body>Ciao</body>\
        <x xmlns='urn:example:x'/><stanza-id xmlns='urn:xmpp:sid:0' by='romeo@a.org' id='{id}'/></message>"
    );
    assert_eq!(inbox.desk.said(), [expected]);
}

#[test]
fn what_one_says_is_kept_where_its_receiver_has_an_inbox() {
    let mut desk = Desk::romeo();
    desk.says(1, ORCHARD, "<message type='chat' to='juliet@a.org'><body>x</body></message>");
    assert!(desk.said()[0].starts_with("to xmpp:juliet@a.org to keep: <message"));
    for (stanza, to) in [
        ("<message type='chat' to='ann@guest.a.org'><body>x</body></message>", "ann@guest.a.org"),
        ("<message type='chat' to='juliet@a.org'><x xmlns='urn:example:x'/></message>", "juliet@a.org"),
        ("<message type='headline' to='juliet@a.org'><body>x</body></message>", "juliet@a.org"),
        (
            "<message to='juliet@a.org'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>",
            "juliet@a.org",
        ),
    ] {
        desk.says(1, ORCHARD, stanza);
        assert!(desk.said()[0].starts_with(&format!("to xmpp:{to}: <message")), "{stanza}");
    }
}

#[test]
fn what_waits_behind_a_message_has_a_limit_in_bytes() {
    let mut inbox = Inbox::new();
    inbox.is_at(0);
    inbox.brings("<message type='chat'><body>one</body></message>");
    inbox.desk.said();
    let state =
        format!("<message type='chat' id='s'><x xmlns='urn:example:x'>{}</x></message>", "x".repeat(200_000));
    for _ in 0..20 {
        inbox.desk.hears(JULIET, &state);
    }
    assert_eq!(inbox.desk.said(), [""; 0]);
    inbox.desk.hears(JULIET, &state);
    assert!(matches!(&inbox.desk.said()[..], [refused] if refused.contains("resource-constraint")));
    inbox.answer();
    assert_eq!(inbox.told().len(), 21);
    inbox.brings("<message type='chat'><body>two</body></message>");
    inbox.desk.hears(JULIET, &state);
    inbox.answer();
    assert_eq!(inbox.told(), ["two", "state"], "there is room again");
}
