//! Socket.IO over WebSockets against a small server that does as the protocol says, or not.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/run.rs"]
mod run;
#[path = "support/serve.rs"]
mod serve;
#[path = "support/websocket.rs"]
mod websocket;

use std::collections::VecDeque;
use std::net::TcpStream;
use std::process::Output;
use std::sync::{Arc, Mutex};

use websocket::{handshake, receive, send};

/// What the server does wrong, or differently.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Lets nobody in.
    Refuse,
    /// Appends an offset to every event.
    Offset,
    /// The second client does not get the fourth event.
    Lose,
    /// The second client gets the fourth event twice.
    Repeat,
    /// Everybody is put out of the namespace instead of the fourth event.
    PutOut,
}

/// The fourth event, by its number.
const FOURTH: usize = 3;

/// Everybody in the namespace, in the order of their coming.
type Lobby = Arc<Mutex<Vec<TcpStream>>>;

#[test]
fn a_right_server_passes() {
    // It pings too: whoever did not answer would get nothing more.
    passes(Fault::None, &[]);
}

#[test]
fn several_bursts_may_be_under_way() {
    passes(Fault::None, &["--burst=2", "--window=6"]);
}

#[test]
fn a_window_smaller_than_a_burst_is_refused() {
    fails(Fault::None, &["--burst=2", "--window=1"], "a burst of 2 needs as large a window");
}

#[test]
fn offsets_pass_where_they_are_expected() {
    passes(Fault::Offset, &["--offsets"]);
}

#[test]
fn offsets_fail_where_they_are_not_expected() {
    fails(Fault::Offset, &[], "damaged bytes instead of message 0");
}

#[test]
fn a_missing_offset_fails() {
    fails(Fault::None, &["--offsets"], "a packet that begins \"42/lobby,");
}

#[test]
fn a_refusal_fails_and_is_shown() {
    fails(Fault::Refuse, &[], "44/lobby,");
}

#[test]
fn a_lost_event_fails() {
    fails(Fault::Lose, &["--burst=6"], "receiver 1 got message 4 before message 3");
}

#[test]
fn a_repeated_event_fails() {
    fails(Fault::Repeat, &["--burst=6"], "receiver 1 got message 3 again");
}

#[test]
fn the_end_of_the_stay_fails() {
    fails(Fault::PutOut, &[], "41/lobby,");
}

fn passes(fault: Fault, options: &[&str]) {
    let text = run::passed(&fanout_against(fault, options));
    let bursts = if options.contains(&"--burst=2") { 2 } else { 1 };
    let wanted = format!("\"deliveries\":{},", 2 * 6 * bursts);
    assert!(text.contains(&wanted), "two clients, six rounds: {text}");
}

fn fails(fault: Fault, options: &[&str], complaint_has: &str) {
    run::failed(&fanout_against(fault, options), complaint_has);
}

/// Two clients, six rounds, against a server with the fault.
fn fanout_against(fault: Fault, options: &[&str]) -> Output {
    let lobby = Lobby::default();
    let address = serve::start(move |stream| serve(stream, &lobby, fault));
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let always = ["fanout", "--connections=2", "--rounds=6", "--warmup=0", "--socketio=/lobby"];
    run::load(&url, &[&always[..], options].concat())
}

/// Serves one client until it goes.
fn serve(mut stream: TcpStream, lobby: &Lobby, fault: Fault) -> Option<()> {
    handshake(&mut stream);
    send(&mut stream, br#"0{"sid":"engine","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#).ok()?;
    assert_eq!(receive(&mut stream)?, b"40/lobby,{}");
    let mut early = VecDeque::new();
    ping(&mut stream, &mut early)?;
    if fault == Fault::Refuse {
        return send(&mut stream, br#"44/lobby,{"message":"no"}"#).ok();
    }
    // In the list first: whoever has read that it is in gets what is said from then on.
    lobby.lock().unwrap().push(stream.try_clone().unwrap());
    send(&mut stream, br#"40/lobby,{"sid":"socket"}"#).ok()?;
    for number in 0.. {
        let event = early.pop_front().map_or_else(|| receive(&mut stream), Some)?;
        if number == FOURTH {
            ping(&mut stream, &mut early)?;
        }
        tell(lobby, &event, number, fault)?;
    }
    Some(())
}

/// Pings and waits for the pong; `early` gets what came before it.
fn ping(stream: &mut TcpStream, early: &mut VecDeque<Vec<u8>>) -> Option<()> {
    send(stream, b"2").ok()?;
    loop {
        match receive(stream)? {
            pong if pong == b"3" => return Some(()),
            event => early.push_back(event),
        }
    }
}

/// Passes an event on to everybody, but for the fault.
fn tell(lobby: &Lobby, event: &[u8], number: usize, fault: Fault) -> Option<()> {
    let mut event = event.to_vec();
    if fault == Fault::Offset {
        event.pop();
        event.extend_from_slice(format!(",\"1.{number}\"]").as_bytes());
    }
    for (n, client) in lobby.lock().unwrap().iter_mut().enumerate() {
        let copies = match fault {
            _ if number != FOURTH => 1,
            Fault::PutOut => {
                send(client, b"41/lobby,").ok()?;
                0
            }
            Fault::Lose if n == 1 => 0,
            Fault::Repeat if n == 1 => 2,
            _ => 1,
        };
        (0..copies).try_for_each(|_| send(client, &event)).ok()?;
    }
    Some(())
}
