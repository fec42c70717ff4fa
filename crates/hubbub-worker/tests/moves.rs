//! A session of Engine.IO that goes from polling to a WebSocket on another worker: it hears everything once and in order, however
//! the workers' turns fall, and nobody sees it come or go.

mod common;

use common::websocket::{Client, Got};
use common::{House, Rules};
use http::Method;
use hubbub_hub::SessionKey;
use proptest::collection::vec;
use proptest::prelude::*;

/// Where everything begins; the WebSocket comes to the other one.
const POLLING: u16 = 0;
const WEBSOCKET: u16 = 1;

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody on this worker says something.
    Say(u16),
    /// Somebody comes to this worker, or the one who came last goes.
    Come(u16),
    /// As said.
    Go,
    /// One worker has its turn.
    Turn(u16),
    /// The client does what it would do next.
    Client,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u16..3).prop_map(Step::Say),
        1 => (0u16..3).prop_map(Step::Come),
        1 => Just(Step::Go),
        6 => (0u16..3).prop_map(Step::Turn),
        3 => Just(Step::Client),
    ]
}

/// How far the client is with its upgrade, as the official one does it (EIO4 "Upgrade").
enum Upgrade {
    /// Not begun.
    Polling,
    /// A WebSocket is asked for.
    Opening(Client),
    /// `2probe` is sent.
    Probing(Client),
    /// The probe was answered: the poll under way is the last.
    Pausing(Client),
    /// `5` is sent.
    Done(Client),
}

struct Peer {
    sid: String,
    poll: Option<SessionKey>,
    upgrade: Upgrade,
    heard: Vec<String>,
    /// Who came and went.
    seen: Vec<String>,
}

impl Peer {
    /// A client in the room `lobby`.
    fn new(house: &mut House) -> Self {
        let opened = house.get(POLLING, "/socket.io/?EIO=4&transport=polling");
        house.settle();
        let open = house.sent_text(opened);
        let (_, rest) = open.split_once("\"sid\":\"").expect("an open packet");
        let sid = rest.split_once('"').expect("a string").0.to_owned();
        let mut peer =
            Self { sid, poll: None, upgrade: Upgrade::Polling, heard: Vec::new(), seen: Vec::new() };
        let posted = peer.post(house, "40/lobby,{\"name\":\"Ann\"}");
        house.settle();
        assert_eq!(house.sent_text(posted), "ok");
        peer.poll(house);
        house.settle();
        peer.step(house);
        assert!(peer.poll.is_none(), "the namespace was not joined");
        peer
    }

    fn address(&self, transport: &str) -> String {
        format!("/socket.io/?EIO=4&transport={transport}&sid={}", self.sid)
    }

    fn post(&self, house: &mut House, body: &str) -> SessionKey {
        let address = self.address("polling");
        house.request(WEBSOCKET, Method::POST, &address, &[("content-type", "text/plain")], body)
    }

    fn poll(&mut self, house: &mut House) {
        // Any worker takes a request.
        self.poll = Some(house.get(2, &self.address("polling")));
    }

    fn take(&mut self, packet: &str) {
        let event = packet.strip_prefix("42/lobby,[\"message\",\"");
        self.heard.extend(event.and_then(|event| event.split('"').next()).map(str::to_owned));
        let presence = packet.strip_prefix("42/lobby,[\"hubbub:presence\",");
        self.seen.extend(presence.and_then(movement));
    }

    /// Reads what there is, and does what comes next.
    fn step(&mut self, house: &mut House) {
        if let Some(poll) = self.poll.filter(|poll| house.is_over(*poll)) {
            let body = house.sent_text(poll);
            house.release(poll);
            self.poll = None;
            body.split('\u{1e}').for_each(|packet| self.take(packet));
            return;
        }
        self.upgrade = match std::mem::replace(&mut self.upgrade, Upgrade::Polling) {
            Upgrade::Polling => Upgrade::Opening(Client::ask(house, WEBSOCKET, &self.address("websocket"))),
            Upgrade::Opening(socket) if socket.is_open(house) => {
                socket.say(house, "2probe");
                Upgrade::Probing(socket)
            }
            Upgrade::Probing(mut socket) => match socket.read(house).contains(&text("3probe")) {
                true => Upgrade::Pausing(socket),
                false => Upgrade::Probing(socket),
            },
            Upgrade::Pausing(socket) if self.poll.is_none() => {
                socket.say(house, "5");
                // What it says at once is for the session, which may still be on its way.
                socket.say(house, "42/lobby,[\"message\",\"from the client\"]");
                Upgrade::Done(socket)
            }
            Upgrade::Done(mut socket) => {
                for got in socket.read(house) {
                    if let Got::Text(packet) = got {
                        self.take(&packet);
                    }
                }
                Upgrade::Done(socket)
            }
            waiting @ (Upgrade::Opening(_) | Upgrade::Pausing(_)) => waiting,
        };
        if self.poll.is_none() && !matches!(self.upgrade, Upgrade::Pausing(_) | Upgrade::Done(_)) {
            self.poll(house);
        }
    }
}

/// Who came or went, of those who do nothing else.
fn movement(data: &str) -> Option<String> {
    let (_, action) = data.split_once("\"action\":\"")?;
    let (_, user) = data.split_once("\"user\":\"guest-")?;
    Some(format!("{} {}", action.split('"').next()?, user.split('@').next()?))
}

fn text(text: &str) -> Got {
    Got::Text(text.to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn everything_once_and_in_order(steps in vec(step(), 0..120)) {
        let mut house = House::new(3, &Rules::default());
        let watcher = house.stream(2, "/rooms/lobby/messages?name=Watcher");
        house.settle();
        let mut peer = Peer::new(&mut house);
        let mut said = Vec::new();
        let mut guests = Vec::new();
        for step in steps {
            match step {
                Step::Say(worker) => {
                    said.push(format!("message {}", said.len()));
                    let publisher = house.publish(worker, said.last().unwrap());
                    // Its order among others is settled where it is said, one at a time.
                    house.turn(worker);
                    (0..3).for_each(|home| house.turn(home));
                    let _ = house.sent(publisher);
                }
                Step::Come(worker) => {
                    let address = format!("/rooms/lobby/messages?name=guest-{}", guests.len());
                    guests.push(Some(house.stream(worker, &address)));
                }
                Step::Go => {
                    if let Some(guest) = guests.last_mut().and_then(Option::take) {
                        house.release(guest);
                    }
                }
                Step::Turn(worker) => house.turn(worker),
                Step::Client => peer.step(&mut house),
            }
        }
        for _ in 0..12 {
            house.settle();
            peer.step(&mut house);
        }
        prop_assert!(matches!(peer.upgrade, Upgrade::Done(_)), "the upgrade did not end");
        let heard: Vec<_> = peer.heard.iter().filter(|one| *one != "from the client").collect();
        prop_assert_eq!(heard, said.iter().collect::<Vec<_>>());
        prop_assert_eq!(peer.heard.iter().filter(|one| *one == "from the client").count(), 1);
        let seen = house.sent_text(watcher);
        let blocks = seen.split("\n\n").filter(|block| block.contains("event: hubbub:presence"));
        let movements: Vec<_> = blocks.filter_map(movement).collect();
        prop_assert_eq!(&peer.seen, &movements);
        let moves = seen.matches("\"user\":\"ann@guest.localhost\"").count();
        prop_assert_eq!(moves, 1, "Ann came once and never went: {}", seen);
    }
}
