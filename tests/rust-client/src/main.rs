//! A client of Socket.IO for the tests, by the crate `rust_socketio`: says what it reads on its input and writes down what it hears.
//!
//! `hubbub-test-rust-client URL NAMESPACE TRANSPORT`, where the transport is `websocket`, `polling` or `any`. Input, one JSON array a line:
//! `["emit", event, argument]` or `["ask", event, argument]`. Output, one JSON array a line: `["heard", event, …arguments]`,
//! `["acknowledged", …arguments]`; binary is `{"bytes": […]}`. It ends with its input.

use std::io::{BufRead, stdin};
use std::time::Duration;

use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [url, namespace, transport] = arguments()?;
    let transport = match &*transport {
        "websocket" => TransportType::Websocket,
        "polling" => TransportType::Polling,
        "any" => TransportType::Any,
        other => return Err(format!("no transport is called {other}").into()),
    };
    let client = ClientBuilder::new(url)
        .namespace(namespace)
        .transport_type(transport)
        .reconnect(false)
        .auth(json!({ "name": "Rose" }))
        .on_any(|event, payload, _| say("heard", Some(String::from(event)), payload))
        .on(Event::Error, |payload, _| say("error", None, payload))
        .connect()?;
    for line in stdin().lock().lines() {
        let [verb, event, argument]: [Value; 3] = serde_json::from_str(&line?)?;
        let event = event.as_str().ok_or("an event has a name")?.to_owned();
        match verb.as_str() {
            Some("emit") => client.emit(event, payload(argument))?,
            Some("ask") => {
                let told = |payload: Payload, _| say("acknowledged", None, payload);
                client.emit_with_ack(event, payload(argument), Duration::from_secs(30), told)?;
            }
            _ => return Err(format!("what is {verb}?").into()),
        }
    }
    client.disconnect()?;
    Ok(())
}

fn arguments() -> Result<[String; 3], Box<dyn std::error::Error>> {
    let all: Vec<String> = std::env::args().skip(1).collect();
    all.try_into().map_err(|_| "usage: hubbub-test-rust-client URL NAMESPACE TRANSPORT".into())
}

/// `{"bytes": […]}` is binary, anything else JSON.
fn payload(argument: Value) -> Payload {
    match argument.get("bytes").and_then(Value::as_array) {
        Some(bytes) => {
            bytes.iter().map(|byte| byte.as_u64().unwrap_or_default() as u8).collect::<Vec<u8>>().into()
        }
        None => argument.into(),
    }
}

/// Writes one line.
fn say(what: &str, event: Option<String>, payload: Payload) {
    let mut line = vec![Value::from(what)];
    line.extend(event.map(Value::from));
    match payload {
        Payload::Binary(bytes) => line.push(json!({ "bytes": bytes.to_vec() })),
        Payload::Text(values) => line.extend(values),
        other => line.push(format!("{other:?}").into()),
    }
    println!("{}", Value::Array(line));
}
