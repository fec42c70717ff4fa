//! A client of TURN for the tests, by the crate `turn-client-proto`: does what it reads on its input and writes down what it hears.
//!
//! `hubbub-test-rust-turn-client SERVER udp|tcp|tls sha1|sha256 USERNAME PASSWORD [AUTHORITY]`, where AUTHORITY is a file with the
//! certificate, in PEM, of who vouches for the server. Input, one JSON array a line: `["permit", ip]`, `["bind", address]`,
//! `["send", address, [bytes…]]`. Output, one JSON array a line: `["allocated", address]`, `["permitted", ip]`, `["bound", address]`,
//! `["heard", address, [bytes…]]`, `["icmp", address, type, code]`, `["refused", what]`, `["ignored", [bytes…]]` (what it makes nothing
//! of), `["broken", why]`. It gives back its allocation when its input ends.

mod link;

use std::io::stdin;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant as Clock};

use serde_json::{Value, json};
use turn_client_proto::api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::client::TurnClient;
use turn_client_proto::prelude::*;
use turn_client_proto::stun::Instant;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::stun::message::IntegrityAlgorithm;
use turn_client_proto::types::{TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use link::Link;

type Failure = Box<dyn std::error::Error>;

/// What the client waits for.
enum News {
    /// From the network: a datagram, or some of a stream. Nothing: it has ended.
    Bytes(Vec<u8>),
    /// A line of input.
    Line(String),
    /// There are no more.
    End,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, transport, integrity, username, password, authority @ ..] = &*arguments else {
        return Err(
            "usage: hubbub-test-rust-turn-client SERVER TRANSPORT INTEGRITY USERNAME PASSWORD [AUTHORITY]"
                .into(),
        );
    };
    let (tell, news) = channel();
    let link = Link::open(server.parse()?, transport, authority.first(), tell.clone())?;
    let mut config = TurnConfig::new(TurnCredentials::new(username, password));
    if integrity == "sha256" {
        config.set_supported_integrity(IntegrityAlgorithm::Sha256);
    }
    let client: TurnClient = match transport.as_str() {
        "udp" => TurnClientUdp::allocate(link.local(), link.server(), config).into(),
        _ => TurnClientTcp::allocate(link.local(), link.server(), config).into(),
    };
    thread::spawn(move || read_input(&tell));
    Session { link, client, began: Clock::now() }.run(&news)
}

fn read_input(tell: &Sender<News>) {
    for line in stdin().lines().map_while(Result::ok) {
        let _ = tell.send(News::Line(line));
    }
    let _ = tell.send(News::End);
}

struct Session {
    link: Link,
    client: TurnClient,
    began: Clock,
}

impl Session {
    fn run(mut self, news: &Receiver<News>) -> Result<(), Failure> {
        loop {
            let Some(wait) = self.settle()? else { return Ok(()) };
            match news.recv_timeout(wait) {
                Ok(News::Bytes(bytes)) if bytes.is_empty() => {
                    say(&json!(["broken", "the server has ended the connection"]));
                    return Ok(());
                }
                Ok(News::Bytes(bytes)) => self.take(&bytes)?,
                Ok(News::Line(line)) => self.obey(&line)?,
                // With the allocation given back, all is over as soon as the server has been told.
                Ok(News::End) if self.client.delete(self.now()).is_err() => return Ok(()),
                Ok(News::End) => {}
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err("nobody is left to listen to".into()),
            }
        }
    }

    /// Time as the client counts it.
    fn now(&self) -> Instant {
        Instant::from_nanos(self.began.elapsed().as_nanos() as i64)
    }

    /// Sends what is to be sent and tells what has happened; how long there is nothing else to do, or nothing when all is over.
    fn settle(&mut self) -> Result<Option<Duration>, Failure> {
        loop {
            let next = self.client.poll(self.now());
            let mut idle = true;
            while let Some(out) = self.client.poll_transmit(self.now()) {
                self.link.send(&out.data)?;
                idle = false;
            }
            while let Some(event) = self.client.poll_event() {
                report(event);
                idle = false;
            }
            match next {
                TurnPollRet::Closed => return Ok(None),
                TurnPollRet::WaitUntil(then) if idle => return Ok(Some(then.duration_since(self.now()))),
                TurnPollRet::WaitUntil(_) => {}
                other => return Err(format!("this client asked for no {other:?}").into()),
            }
        }
    }

    /// Takes what has come from the network.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let data = self.link.received(bytes)?;
        if data.is_empty() {
            return Ok(());
        }
        let from_server = Transmit::new(data, self.client.transport(), self.link.server(), self.link.local());
        match self.client.recv(from_server, self.now()) {
            TurnRecvRet::PeerData(heard) => say(&json!(["heard", heard.peer.to_string(), heard.data()])),
            TurnRecvRet::PeerIcmp { peer, icmp_type, icmp_code, .. } => {
                say(&json!(["icmp", peer.to_string(), icmp_type, icmp_code]));
            }
            TurnRecvRet::Handled => {}
            TurnRecvRet::Ignored(ignored) => say(&json!(["ignored", ignored.data])),
        }
        while let Some(heard) = self.client.poll_recv(self.now()) {
            say(&json!(["heard", heard.peer.to_string(), heard.data()]));
        }
        Ok(())
    }

    /// Does what a line says.
    fn obey(&mut self, line: &str) -> Result<(), Failure> {
        let line: Vec<Value> = serde_json::from_str(line)?;
        let [verb, whom] = [0, 1].map(|place| line.get(place).and_then(Value::as_str).unwrap_or_default());
        let now = self.now();
        match verb {
            "permit" => self.client.create_permission(TransportType::Udp, whom.parse()?, now)?,
            "bind" => self.client.bind_channel(TransportType::Udp, whom.parse()?, now)?,
            "send" => {
                let bytes: Vec<u8> = serde_json::from_value(line[2].clone())?;
                let peer: SocketAddr = whom.parse()?;
                if let Some(out) = self.client.send_to(TransportType::Udp, peer, bytes, now)? {
                    self.link.send(&out.build().data)?;
                }
            }
            _ => return Err(format!("what is {verb}?").into()),
        }
        Ok(())
    }
}

fn report(event: TurnEvent) {
    say(&match event {
        TurnEvent::AllocationCreated(_, address) => json!(["allocated", address.to_string()]),
        TurnEvent::PermissionCreated(_, address) => json!(["permitted", address.to_string()]),
        TurnEvent::ChannelCreated(_, address) => json!(["bound", address.to_string()]),
        refused => json!(["refused", format!("{refused:?}")]),
    });
}

/// Writes one line.
fn say(line: &Value) {
    println!("{line}");
}
