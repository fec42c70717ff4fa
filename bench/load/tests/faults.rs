//! The load generator against servers with a known fault: each fault must end the run, and none must be invented.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/websocket.rs"]
mod websocket;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

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
    let output = echo_against(Fault::None, 10);
    assert!(output.status.success(), "{}", complaint(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"deliveries\":20"), "two connections, ten messages each: {text}");
}

#[test]
fn a_right_server_passes_for_a_given_time() {
    let output = run_echo(start(Fault::None), &["--seconds=1", "--window=3"]);
    assert!(output.status.success(), "{}", complaint(&output));
}

#[test]
fn a_window_that_cannot_be_filled_is_refused() {
    let output = run_echo(start(Fault::None), &["--messages=2", "--window=3"]);
    assert!(complaint(&output).contains("a window of 3"), "{}", complaint(&output));
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
    let output = echo_against(fault, messages);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "a failed run must not print figures");
    assert!(complaint(&output).contains(complaint_has), "{}", complaint(&output));
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two connections with two messages in flight on each, against a server with the fault.
fn echo_against(fault: Fault, messages: usize) -> Output {
    run_echo(start(fault), &["--window=2", &format!("--messages={messages}")])
}

/// A server with the fault.
fn start(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || serve(stream, fault));
        }
    });
    address
}

fn run_echo(address: SocketAddr, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hubbub-load"))
        .args(["--json", "echo", "--connections=2", "--warmup=0", "--patience=1", "--waiting=sleep"])
        .args(options)
        .arg(format!("--url=ws://{address}/"))
        .output()
        .unwrap()
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
