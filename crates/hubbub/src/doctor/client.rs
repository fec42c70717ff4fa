//! A client of STUN and TURN, as small as one can be that tries everything (RFC 8489, RFC 8656).

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hubbub_turn::Minted;
use stun_types::message::{LongTermKeyCredentials, TransactionId};

use super::link::{Link, PATIENCE};
use super::message::{self, Answer, Attributes, Coming, Origin, Proof, Value};

/// How long the first answer over UDP is waited for before the request is sent again; twice as long each time after
/// (RFC 8489 section 6.2.1).
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// How often a request is sent over UDP.
const TRIES: u32 = 3;

/// Why something did not work.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The system says so.
    Failed(io::Error),
    /// No answer.
    Silent,
    /// The server says no.
    Refused(u16, String),
    /// The server proves knowledge of another secret, or of none.
    NotProven,
    /// An answer that lacks this.
    Lacks(&'static str),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => write!(f, "{why}"),
            Self::Silent => f.write_str("no answer"),
            Self::Refused(code, reason) if reason.is_empty() => write!(f, "refused with {code}"),
            Self::Refused(code, reason) => write!(f, "refused with {code} ({reason})"),
            Self::NotProven => f.write_str("the answer is not signed with the secret of this configuration"),
            Self::Lacks(what) => write!(f, "the answer says no {what}"),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(why: io::Error) -> Self {
        Self::Failed(why)
    }
}

/// An answer to a Binding request.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The address that the server sees.
    pub(super) seen: SocketAddr,
    /// The address that this end has.
    pub(super) local: SocketAddr,
    pub(super) round_trip: Duration,
}

/// Somebody at a server.
pub(super) struct Client {
    link: Link,
    credentials: Minted,
    proof: Option<Proof>,
    /// What peers have sent while an answer was waited for.
    arrived: VecDeque<(Origin, Vec<u8>)>,
}

impl Client {
    pub(super) fn new(link: Link, credentials: Minted) -> Self {
        Self { link, credentials, proof: None, arrived: VecDeque::new() }
    }

    /// Asks for an allocation, and gives its relayed address.
    pub(super) fn allocate(&mut self, v6: bool) -> Result<SocketAddr, Trouble> {
        // UDP, in the upper byte of four.
        let transport = (message::REQUESTED_TRANSPORT, Value::Bytes(vec![17, 0, 0, 0]));
        let family = (message::REQUESTED_ADDRESS_FAMILY, Value::Bytes(vec![if v6 { 2 } else { 1 }, 0, 0, 0]));
        let answer = self.ask(message::ALLOCATE, &[transport, family])?;
        answer.address(message::XOR_RELAYED_ADDRESS).ok_or(Trouble::Lacks("relayed address"))
    }

    /// Lets this peer send to us.
    pub(super) fn permit(&mut self, peer: IpAddr) -> Result<(), Trouble> {
        let peer = (message::XOR_PEER_ADDRESS, Value::Address(SocketAddr::new(peer, 0)));
        self.ask(message::CREATE_PERMISSION, &[peer]).map(drop)
    }

    /// Gives this peer a channel.
    pub(super) fn bind_channel(&mut self, channel: u16, peer: SocketAddr) -> Result<(), Trouble> {
        let [high, low] = channel.to_be_bytes();
        let number = (message::CHANNEL_NUMBER, Value::Bytes(vec![high, low, 0, 0]));
        let peer = (message::XOR_PEER_ADDRESS, Value::Address(peer));
        self.ask(message::CHANNEL_BIND, &[number, peer]).map(drop)
    }

    /// Gives the allocation back.
    pub(super) fn release(&mut self) -> Result<(), Trouble> {
        self.ask(message::REFRESH, &[(message::LIFETIME, Value::Bytes(vec![0; 4]))]).map(drop)
    }

    /// Sends something that is not answered.
    pub(super) fn send(&mut self, message: &[u8]) -> Result<(), Trouble> {
        Ok(self.link.send(message)?)
    }

    /// The next thing that a peer has sent. `None` if nothing comes.
    pub(super) fn heard(&mut self) -> Result<Option<(Origin, Vec<u8>)>, Trouble> {
        if let Some(data) = self.arrived.pop_front() {
            return Ok(Some(data));
        }
        let started = now();
        while let Some(left) = FIRST_WAIT.checked_sub(started.elapsed()) {
            let Some(bytes) = self.link.receive(left)? else { break };
            if let Some(Coming::Data(origin, payload)) = message::read(bytes) {
                return Ok(Some((origin, payload)));
            }
        }
        Ok(None)
    }

    /// Asks with proof, which needs what the first refusal tells: the realm and a nonce (RFC 8489 section 9.2.3).
    fn ask(&mut self, method: u16, attributes: Attributes<'_>) -> Result<Answer, Trouble> {
        let had_proof = self.proof.is_some();
        let answer = self.exchange(method, attributes)?;
        let answer = match answer.error() {
            Some((401, _)) if !had_proof => self.ask_again(&answer, method, attributes)?,
            // The nonce has become too old.
            Some((438, _)) => self.ask_again(&answer, method, attributes)?,
            _ => answer,
        };
        match (answer.error(), &self.proof) {
            (Some((code, reason)), _) => Err(Trouble::Refused(code, reason)),
            (None, Some(proof)) if answer.is_proven(proof) => Ok(answer),
            (None, _) => Err(Trouble::NotProven),
        }
    }

    fn ask_again(
        &mut self,
        refusal: &Answer,
        method: u16,
        attributes: Attributes<'_>,
    ) -> Result<Answer, Trouble> {
        let realm = refusal.text(message::REALM).ok_or(Trouble::Lacks("realm"))?;
        let nonce = refusal.value(message::NONCE).ok_or(Trouble::Lacks("nonce"))?;
        let Minted { username, password } = self.credentials.clone();
        self.proof = Some(Proof { key: LongTermKeyCredentials::new(username, password, realm), nonce });
        self.exchange(method, attributes)
    }

    fn exchange(&mut self, method: u16, attributes: Attributes<'_>) -> Result<Answer, Trouble> {
        let (transaction, request) = message::request(method, attributes, self.proof.as_ref());
        exchange(&mut self.link, transaction, &request, |data| self.arrived.push_back(data))
    }
}

/// Asks what address the server sees.
pub(super) fn binding(link: &mut Link) -> Result<Mapped, Trouble> {
    let (transaction, request) = message::request(message::BINDING, &[], None);
    let started = now();
    let answer = exchange(link, transaction, &request, drop)?;
    let round_trip = started.elapsed();
    match answer.error() {
        Some((code, reason)) => Err(Trouble::Refused(code, reason)),
        None => {
            let seen = answer.address(message::XOR_MAPPED_ADDRESS).ok_or(Trouble::Lacks("mapped address"))?;
            Ok(Mapped { seen, local: link.local()?, round_trip })
        }
    }
}

/// Sends a request until its answer comes.
fn exchange(
    link: &mut Link,
    transaction: TransactionId,
    request: &[u8],
    mut aside: impl FnMut((Origin, Vec<u8>)),
) -> Result<Answer, Trouble> {
    let waits: Vec<_> = match link.may_lose() {
        true => (0..TRIES).map(|n| FIRST_WAIT * 2_u32.pow(n)).collect(),
        false => vec![PATIENCE],
    };
    for wait in waits {
        link.send(request)?;
        let started = now();
        while let Some(left) = wait.checked_sub(started.elapsed()) {
            let Some(bytes) = link.receive(left)? else { break };
            match message::read(bytes) {
                Some(Coming::Answer(to, answer)) if to == transaction => return Ok(answer),
                Some(Coming::Data(origin, payload)) => aside((origin, payload)),
                _ => {}
            }
        }
    }
    Err(Trouble::Silent)
}

#[expect(clippy::disallowed_methods, reason = "a program that is run once, and measures how long it waits")]
pub(super) fn now() -> Instant {
    Instant::now()
}
