//! The load generator against servers with a known fault: each fault must end the run, and none must be invented.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/run.rs"]
mod run;
#[path = "support/serve.rs"]
mod serve;
#[path = "support/websocket.rs"]
mod websocket;

use std::net::TcpStream;
use std::process::Output;

use websocket::{handshake, receive, send};

/// What the server does to the fourth message.
#[derive(Clone, Copy)]
enum Fault {
    None,
    Lose,
    Repeat,
    Swap,
    Damage,
    Close,
}

/// The fourth message, by its number.
const FOURTH: usize = 3;

#[test]
fn a_right_server_passes() {
    let text = run::passed(&echo_against(Fault::None, 10));
    assert!(text.contains("\"deliveries\":20"), "two connections, ten messages each: {text}");
}

#[test]
fn a_right_server_passes_for_a_given_time() {
    run::passed(&run_echo(Fault::None, &["--seconds=1", "--window=3"]));
}

#[test]
fn a_window_that_cannot_be_filled_is_refused() {
    run::failed(&run_echo(Fault::None, &["--messages=2", "--window=3"]), "a window of 3");
}

#[test]
fn a_lost_message_fails() {
    fails(Fault::Lose, 10, "got message 4 before message 3: lost or out of order");
}

#[test]
fn the_loss_of_the_very_last_message_fails() {
    fails(Fault::Lose, FOURTH + 1, "stalled");
}

#[test]
fn a_repeated_message_fails() {
    fails(Fault::Repeat, 10, "got message 3 again");
}

#[test]
fn the_repetition_of_the_very_last_message_fails() {
    fails(Fault::Repeat, FOURTH + 1, "got message 3 again");
}

#[test]
fn swapped_messages_fail() {
    fails(Fault::Swap, 10, "got message 4 before message 3");
}

#[test]
fn a_damaged_message_fails() {
    fails(Fault::Damage, 10, "damaged bytes instead of message 3");
}

#[test]
fn a_closed_connection_fails() {
    fails(Fault::Close, 10, "was closed by the server");
}

fn fails(fault: Fault, messages: usize, complaint_has: &str) {
    run::failed(&echo_against(fault, messages), complaint_has);
}

/// Two connections with two messages in flight on each, against a server with the fault.
fn echo_against(fault: Fault, messages: usize) -> Output {
    run_echo(fault, &["--window=2", &format!("--messages={messages}")])
}

fn run_echo(fault: Fault, options: &[&str]) -> Output {
    let address = serve::start(move |stream| serve(stream, fault));
    let always = ["echo", "--connections=2", "--warmup=0"];
    run::load(&format!("ws://{address}/"), &[&always[..], options].concat())
}

/// Echoes what one connection sends, with the fault. Ends when the client goes.
fn serve(mut stream: TcpStream, fault: Fault) {
    handshake(&mut stream);
    let mut kept = None;
    let mut number = 0;
    while let Some(mut message) = receive(&mut stream) {
        let fourth = number == FOURTH;
        number += 1;
        let sent = match fault {
            Fault::Lose if fourth => continue,
            Fault::Swap if fourth => {
                kept = Some(message);
                continue;
            }
            Fault::Close if fourth => return,
            Fault::Damage if fourth => {
                *message.last_mut().unwrap() ^= 1;
                send(&mut stream, &message)
            }
            Fault::Repeat if fourth => send(&mut stream, &message).and_then(|()| send(&mut stream, &message)),
            _ => send(&mut stream, &message),
        };
        let sent = sent.and_then(|()| kept.take().map_or(Ok(()), |kept| send(&mut stream, &kept)));
        if sent.is_err() {
            return;
        }
    }
}
