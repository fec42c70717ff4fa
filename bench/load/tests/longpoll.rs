//! The long-poll scenario against a small log over HTTP that answers as docs/http.md says, right and wrong.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/http.rs"]
mod http;

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// With two messages in the log the cursor says three: the third is never sent.
    Skip,
    /// With three messages in the log the cursor says two: the third is sent twice.
    Again,
}

/// The log, and who waits for it.
#[derive(Default)]
struct Log {
    messages: Mutex<Vec<String>>,
    grown: Condvar,
}

#[test]
fn a_right_server_passes() {
    let output = longpoll_against(Fault::None);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("\"deliveries\":15"), "three pollers, five messages each: {text}");
}

#[test]
fn a_cursor_that_runs_ahead_fails() {
    let output = longpoll_against(Fault::Skip);
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("3 deliveries are missing at 3 of 3 receivers"), "{complaint}");
}

#[test]
fn a_cursor_that_stays_behind_fails() {
    let output = longpoll_against(Fault::Again);
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("again, having all before"), "{complaint}");
}

fn longpoll_against(fault: Fault) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/rooms/a/messages", listener.local_addr().unwrap());
    let log = Arc::new(Log::default());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let log = Arc::clone(&log);
            thread::spawn(move || while serve(stream.as_ref().unwrap(), &log, fault).is_some() {});
        }
    });
    Command::new(env!("CARGO_BIN_EXE_hubbub-load"))
        .args(["--json", "longpoll", "--connections=3", "--rounds=5", "--warmup=0", "--pause=1"])
        .args(["--patience=1", "--waiting=sleep", "--url", &url])
        .output()
        .unwrap()
}

/// Answers one request; `None` when the client is gone.
fn serve(stream: &TcpStream, log: &Log, fault: Fault) -> Option<()> {
    let (first, body) = http::receive(stream)?;
    let (status, answer) = match first.split_once("since=") {
        Some((_, since)) => ("200 OK", poll(log, since.split('&').next().unwrap().parse().unwrap(), fault)),
        None if first.starts_with("GET") => ("200 OK", batch(log.messages.lock().unwrap().len(), &[])),
        None => {
            log.messages.lock().unwrap().push(String::from_utf8(body).unwrap());
            log.grown.notify_all();
            ("201 Created", "{}".to_owned())
        }
    };
    http::send(stream, status, &answer)
}

/// Waits until the log is longer than `since`, as a parked poll does.
fn poll(log: &Log, since: usize, fault: Fault) -> String {
    let messages =
        log.grown.wait_while(log.messages.lock().unwrap(), |messages| messages.len() <= since).unwrap();
    let cursor = match (fault, messages.len()) {
        (Fault::Skip, 2) => 3,
        (Fault::Again, 3) => 2,
        (_, length) => length,
    };
    batch(cursor, &messages[since..])
}

fn batch(cursor: usize, messages: &[String]) -> String {
    let messages: Vec<String> =
        messages.iter().map(|data| format!(r#"{{"id":"x","data":"{data}"}}"#)).collect();
    format!(r#"{{"room":"a","cursor":"{cursor}","more":false,"messages":[{}]}}"#, messages.join(","))
}
