//! The long-poll scenario against a small log over HTTP that answers as docs/http.md says, right and wrong.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/http.rs"]
mod http;
#[path = "support/run.rs"]
mod run;
#[path = "support/serve.rs"]
mod serve;

use std::net::TcpStream;
use std::process::Output;
use std::sync::{Arc, Condvar, Mutex};

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
    let text = run::passed(&output);
    assert!(text.contains("\"deliveries\":15"), "three pollers, five messages each: {text}");
}

#[test]
fn a_cursor_that_runs_ahead_fails() {
    run::failed(&longpoll_against(Fault::Skip), "3 deliveries are missing at 3 of 3 receivers");
}

#[test]
fn a_cursor_that_stays_behind_fails() {
    run::failed(&longpoll_against(Fault::Again), "again, having all before");
}

fn longpoll_against(fault: Fault) -> Output {
    let log = Arc::new(Log::default());
    let address = serve::start(move |stream| while serve(&stream, &log, fault).is_some() {});
    let url = format!("http://{address}/rooms/a/messages");
    run::load(&url, &["longpoll", "--connections=3", "--rounds=5", "--warmup=0", "--pause=1"])
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
