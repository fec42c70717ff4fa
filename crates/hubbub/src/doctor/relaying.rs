//! TURN as two clients use it who meet at their relays: over UDP, TCP and TLS, for each family of relays.

use std::net::SocketAddr;
use std::time::Duration;

use hubbub_hub::Now;
use hubbub_net::turn::RelayAddress;
use hubbub_turn::Minted;

use super::client::{self, Client, Trouble};
use super::link::Link;
use super::message::{self, Origin};
use super::place::is_here;
use super::report::Finding;
use super::site::Turn;
use super::stun::{Way, millis, trouble};
use super::trust::Caller;

/// For whom the credentials are made. A quota of its own, apart from all users.
const USER: &str = "hubbub-doctor";
/// How long they hold.
const LIFETIME_S: u64 = 300;
/// The first number that RFC 8656 has for channels.
const CHANNEL: u16 = 0x4000;
/// What goes from relay to relay. As long as a packet of sound.
const PAYLOAD: [u8; 160] = [0x5A; 160];

/// Tries in every way that leads to the server, and relays of every family.
pub(super) fn check(turn: &Turn, ways: &[Way], caller: &Caller, now: Now) -> Vec<Finding> {
    let secrets = match &turn.secrets {
        Ok(secrets) => secrets,
        Err(unknown) => {
            return vec![Finding::note("relays", format!("not tried: {}", unknown.why), unknown.advice)];
        }
    };
    if ways.is_empty() {
        return vec![Finding::note("relays", "not tried: STUN is not answered", "see above")];
    }
    let credentials = secrets
        .mint(USER, now.unix_ms / 1000 + LIFETIME_S)
        .expect("there is always a secret to make credentials from");
    let mut found = Vec::new();
    for way in ways {
        for relay in &turn.addresses.relays {
            found.push(TryOut { way: *way, relay, caller, credentials: &credentials }.run());
        }
    }
    found.extend(turn.addresses.relays.iter().filter_map(|relay| behind_nat(relay, turn)));
    found
}

/// The server sends what is for its own relays the way within, so a NAT is never tried.
fn behind_nat(relay: &RelayAddress, turn: &Turn) -> Option<Finding> {
    let (first, last) = (turn.ports.start(), turn.ports.end());
    let seen = format!(
        "whether it leads {}, ports {first}-{last}, to this machine shows only outside",
        relay.announce
    );
    let advice = "have it pass UDP to these ports on unchanged, and TCP and UDP to the port of the server; try it from outside";
    (!is_here(relay.announce)).then(|| Finding::note("NAT", seen, advice))
}

struct TryOut<'a> {
    way: Way,
    relay: &'a RelayAddress,
    caller: &'a Caller,
    credentials: &'a Minted,
}

/// What came of it.
struct Outcome {
    relayed: [SocketAddr; 2],
    there: Option<Duration>,
    back: Option<Duration>,
}

/// At which step it failed.
enum Step {
    Begin,
    Allocate,
    Permit,
    Relay,
    Release,
}

impl TryOut<'_> {
    fn run(&self) -> Finding {
        let family = if self.relay.announce.is_ipv4() { "IPv4" } else { "IPv6" };
        let what = format!("{family} relays by {} at {}", self.way.transport, self.way.target);
        match self.two_clients() {
            Err((Step::Permit, Trouble::Refused(403, _))) if self.relay.announce.is_loopback() => {
                let advice =
                    "that is right; to try relays on this machine: turn.allow = [\"127.0.0.0/8\", \"::1\"]";
                Finding::note(what, "allocated, but loopback addresses are refused as peers (403)", advice)
            }
            Ok(outcome) => told(what, &outcome),
            Err((Step::Begin, why)) => trouble(what, self.way, &why),
            Err((step, why)) => refused(what, self.way, &step, &why),
        }
    }

    /// One allows the other by a permission and sends by indications; the other has a channel. What they relay is each other's relay.
    fn two_clients(&self) -> Result<Outcome, (Step, Trouble)> {
        let at = |step: Step| move |why: Trouble| (step, why);
        let [mut one, mut other] = [self.client()?, self.client()?];
        let v6 = self.relay.announce.is_ipv6();
        let relayed = [one.allocate(v6), other.allocate(v6)];
        let [Ok(first), Ok(second)] = relayed else {
            // Who got one gives it back, if it can be.
            let _ = (one.release(), other.release());
            let [first, second] = relayed;
            return Err((Step::Allocate, first.and(second).expect_err("one of them is")));
        };
        let tried = exchange((&mut one, first), (&mut other, second));
        one.release().map_err(at(Step::Release))?;
        other.release().map_err(at(Step::Release))?;
        let (there, back) = tried?;
        Ok(Outcome { relayed: [first, second], there, back })
    }

    fn client(&self) -> Result<Client, (Step, Trouble)> {
        let link = Link::open(self.way.transport, self.way.target.address, self.caller);
        let link = link.map_err(|why| (Step::Begin, Trouble::Failed(why)))?;
        Ok(Client::new(link, self.credentials.clone()))
    }
}

fn told(what: String, outcome: &Outcome) -> Finding {
    let Outcome { relayed: [first, second], there, back } = outcome;
    let lost = match (there, back) {
        (Some(there), Some(back)) => {
            let (there, back, bytes) = (millis(*there), millis(*back), PAYLOAD.len());
            return Finding::good(
                what,
                format!("{first} and {second}: {bytes} bytes there in {there} and back in {back}"),
            );
        }
        (None, None) => "either way",
        (None, _) => "from the first to the second",
        _ => "from the second to the first",
    };
    let advice = "a firewall on this machine drops UDP between the ports in turn.relay_ports: open them";
    Finding::wrong(what, format!("{first} and {second}: nothing arrived {lost}"), advice)
}

/// Sends from one to the other and back. How long each took, if it arrived.
fn exchange(
    (one, first): (&mut Client, SocketAddr),
    (other, second): (&mut Client, SocketAddr),
) -> Result<(Option<Duration>, Option<Duration>), (Step, Trouble)> {
    let permit = |why| (Step::Permit, why);
    let relay = |why| (Step::Relay, why);
    one.permit(second.ip()).map_err(permit)?;
    other.bind_channel(CHANNEL, first).map_err(permit)?;
    let started = client::now();
    one.send(&message::send_indication(second, &PAYLOAD)).map_err(relay)?;
    let there = arrives(other, Origin::Channel(CHANNEL)).map_err(relay)?.then(|| started.elapsed());
    let started = client::now();
    other.send(&message::channel_data(CHANNEL, &PAYLOAD)).map_err(relay)?;
    let back = arrives(one, Origin::Peer(second)).map_err(relay)?.then(|| started.elapsed());
    Ok((there, back))
}

fn arrives(at: &mut Client, from: Origin) -> Result<bool, Trouble> {
    while let Some((origin, payload)) = at.heard()? {
        if origin == from && payload == PAYLOAD {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The server answers, but not as hoped.
fn refused(what: String, way: Way, step: &Step, why: &Trouble) -> Finding {
    let doing = match step {
        Step::Begin => "connecting",
        Step::Allocate => "allocating",
        Step::Permit => "permitting the other",
        Step::Relay => "relaying",
        Step::Release => "giving the allocation back",
    };
    let seen = format!("{doing}: {why}");
    let advice = match why {
        Trouble::Failed(_) | Trouble::Silent => return trouble(what, way, why),
        Trouble::Refused(401, _) | Trouble::NotProven => {
            "the running server has another secret than this configuration: start it again, or ask the doctor with the server's own \
             --config and --data"
        }
        Trouble::Refused(403, _) => {
            "the server refuses its own relays as peers, so two of its clients cannot meet there: add the block of this address to \
             turn.allow if it is one that clients may reach"
        }
        Trouble::Refused(440, _) => {
            "the running server has no relays of this family: set turn.announce and start it again"
        }
        Trouble::Refused(486, _) => "turn.allocations_per_user is too small for a try; two are needed",
        Trouble::Refused(508, _) => {
            "no port of turn.relay_ports is free, turn.allocations is used up, or the limit of open files is reached: raise them"
        }
        _ => "look into the server's log",
    };
    Finding::wrong(what, seen, advice)
}
