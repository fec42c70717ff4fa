//! Swarms against a small tracker that does as it should, or not.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/run.rs"]
mod run;
#[path = "support/serve.rs"]
mod serve;
#[path = "support/websocket.rs"]
mod websocket;

use std::net::TcpStream;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use websocket::{handshake, receive, send};

/// What the tracker does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Has no room for anybody.
    Refuse,
    /// Counts one too many.
    Miscount,
    /// Does not say when to come again.
    NoInterval,
    /// Answers an announce twice.
    Again,
    /// Offers go to peers of all swarms.
    Strangers,
    /// Offers go to whoever makes them, too.
    Oneself,
    /// All offers of an announce go to one peer.
    OnePeer,
    /// One offer goes to everybody.
    OneOffer,
    /// Nobody gets any offer.
    NoOffers,
    /// Offers are given in the name of another peer.
    OffersOfOthers,
    /// Something in an offer is changed.
    Damage,
    /// Nobody gets any answer.
    NoAnswers,
    /// Answers come twice.
    AnswersTwice,
    /// Answers go to all of the swarm.
    AnswersForAll,
    /// Answers are given in the name of whoever they are for.
    AnswersOfOthers,
}

/// Somebody in a swarm.
struct Peer {
    info_hash: Value,
    id: Value,
    stream: TcpStream,
}

type Swarms = Arc<Mutex<Vec<Peer>>>;

#[test]
fn a_right_tracker_passes() {
    let text = run::passed(&announce_to(Fault::None, &["tracker-announce", "--warmup=2", "--seconds=0"]));
    assert!(text.contains("\"deliveries\":6,"), "each of six announces once: {text}");
}

#[test]
fn peers_that_say_nothing_are_there_at_the_end() {
    // Not this process: children of other tests, which run at the same time, come and go.
    let mut measured = Command::new("sleep").arg("60").spawn().unwrap();
    let pid = format!("--server-pid={}", measured.id());
    let output = announce_to(Fault::None, &["tracker-idle", "--warmup=4", "--settle=0", &pid]);
    measured.kill().unwrap();
    measured.wait().unwrap();
    run::passed(&output);
}

#[test]
fn no_swarm_is_no_load() {
    run::failed(&announce_to(Fault::None, &["tracker-announce", "--swarms=0"]), "at least one swarm");
}

#[test]
fn a_refusal_fails_and_is_shown() {
    fails(Fault::Refuse, "no message of a tracker: {\"action\":\"announce\",\"failure reason\":\"full\"");
}

#[test]
fn wrong_answers_of_the_tracker_fail() {
    fails(Fault::Miscount, "\"incomplete\":2");
    fails(Fault::NoInterval, "no message of a tracker");
    fails(Fault::Again, "\"complete\":0,\"interval\":120");
}

#[test]
fn offers_at_the_wrong_peer_fail() {
    for fault in [Fault::Strangers, Fault::Oneself, Fault::OnePeer, Fault::OneOffer, Fault::OffersOfOthers] {
        fails(fault, "got {\"action\":\"announce\",\"info_hash\"");
    }
}

#[test]
fn a_changed_offer_fails() {
    fails(Fault::Damage, "a=setup:passive");
}

#[test]
fn a_lost_offer_fails() {
    fails(Fault::NoOffers, "of 1 offers 0 came to somebody, 0 were answered");
}

#[test]
fn a_lost_answer_fails() {
    fails(Fault::NoAnswers, "of 1 offers 1 came to somebody, 0 were answered");
}

#[test]
fn answers_at_the_wrong_peer_fail() {
    for fault in [Fault::AnswersTwice, Fault::AnswersForAll, Fault::AnswersOfOthers] {
        fails(fault, "\"type\":\"answer\"");
    }
}

fn fails(fault: Fault, complaint_has: &str) {
    run::failed(&announce_to(fault, &["tracker-announce", "--warmup=0", "--seconds=0"]), complaint_has);
}

/// Six peers in two swarms against a tracker with the fault.
fn announce_to(fault: Fault, options: &[&str]) -> Output {
    let swarms = Swarms::default();
    let address = serve::start(move |stream| serve(stream, &swarms, fault));
    let swarms = if options.contains(&"--swarms=0") { &[][..] } else { &["--swarms=2"] };
    run::load(&format!("ws://{address}/"), &[options, &["--connections=6"], swarms].concat())
}

/// Serves one peer until it goes.
fn serve(mut stream: TcpStream, swarms: &Swarms, fault: Fault) -> Option<()> {
    handshake(&mut stream);
    while let Some(message) = receive(&mut stream) {
        let message: Value = serde_json::from_slice(&message).unwrap();
        let mut peers = swarms.lock().unwrap();
        if message["answer"].is_object() {
            forward_answer(&message, &mut peers, fault);
        } else {
            announce(&message, &stream, &mut peers, fault);
        }
    }
    swarms.lock().unwrap().retain(|peer| peer.stream.peer_addr().ok() != stream.peer_addr().ok());
    Some(())
}

fn announce(message: &Value, stream: &TcpStream, peers: &mut Vec<Peer>, fault: Fault) {
    let (info_hash, id) = (&message["info_hash"], &message["peer_id"]);
    if message["event"] == "started" {
        let stream = stream.try_clone().unwrap();
        peers.push(Peer { info_hash: info_hash.clone(), id: id.clone(), stream });
    }
    let members = peers.iter().filter(|peer| peer.info_hash == *info_hash).count();
    let mut answer = json!({"action": "announce", "info_hash": info_hash, "complete": 0, "interval": 120,
        "incomplete": members + usize::from(fault == Fault::Miscount)});
    match fault {
        Fault::Refuse => answer = json!({"action": "announce", "failure reason": "full"}),
        Fault::NoInterval => drop(answer.as_object_mut().unwrap().remove("interval")),
        _ => {}
    }
    for _ in 0..if fault == Fault::Again { 2 } else { 1 } {
        tell(&mut stream.try_clone().unwrap(), &answer);
    }
    if fault != Fault::NoOffers {
        forward_offers(message, peers, fault);
    }
}

fn forward_offers(message: &Value, peers: &mut [Peer], fault: Fault) {
    let (info_hash, id) = (&message["info_hash"], &message["peer_id"]);
    let taker = |peer: &&mut Peer| {
        (peer.info_hash == *info_hash || fault == Fault::Strangers)
            && (peer.id != *id || fault == Fault::Oneself)
    };
    let mut takers: Vec<_> = peers.iter_mut().filter(taker).collect();
    for n in 0..takers.len() {
        let taker = &mut takers[if fault == Fault::OnePeer { 0 } else { n }];
        let offer = &message["offers"][if fault == Fault::OneOffer { 0 } else { n }];
        let from = if fault == Fault::OffersOfOthers { &taker.id } else { id };
        let mut given = json!({"action": "announce", "info_hash": info_hash, "peer_id": from,
            "offer": offer["offer"], "offer_id": offer["offer_id"]});
        if fault == Fault::Damage {
            let sdp = given["offer"]["sdp"].as_str().unwrap().replace("actpass", "passive");
            given["offer"]["sdp"] = sdp.into();
        }
        tell(&mut taker.stream, &given);
    }
}

fn forward_answer(message: &Value, peers: &mut [Peer], fault: Fault) {
    let (info_hash, to) = (&message["info_hash"], &message["to_peer_id"]);
    let from = if fault == Fault::AnswersOfOthers { to } else { &message["peer_id"] };
    let given = json!({"action": "announce", "info_hash": info_hash, "peer_id": from,
        "answer": message["answer"], "offer_id": message["offer_id"]});
    let copies = match fault {
        Fault::NoAnswers => 0,
        Fault::AnswersTwice => 2,
        _ => 1,
    };
    for peer in peers.iter_mut().filter(|peer| peer.id == *to || fault == Fault::AnswersForAll) {
        (0..copies).for_each(|_| tell(&mut peer.stream, &given));
    }
}

/// Whoever is gone is told nothing.
fn tell(stream: &mut TcpStream, message: &Value) {
    let _ = send(stream, message.to_string().as_bytes());
}
