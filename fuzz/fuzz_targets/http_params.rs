//! Any request is taken or refused: nothing panics, a refusal is a problem document with its own 4xx status, and a
//! position that was taken is read again from its own text.
//!
//! Input: choices of method, address, headers and body; the addresses and header names are mostly those that mean
//! something, so that few inputs end at the first check.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use http::{HeaderName, HeaderValue, Method, Uri, Version};
use hubbub_gate::params::{Params, since};
use hubbub_gate::request::{Opening, Request, open, origin};
use hubbub_gate::settings::GateSettings;
use hubbub_hub::Start;
use libfuzzer_sys::fuzz_target;

const METHODS: &[Method] =
    &[Method::GET, Method::POST, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::CONNECT];
const HEADERS: &[&str] = &[
    "accept",
    "authorization",
    "connection",
    "content-type",
    "cookie",
    "host",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
    "origin",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "upgrade",
];
const VALUES: &[&str] = &[
    "websocket",
    "Upgrade",
    "13",
    "dGhlIHNhbXBsZSBub25jZQ==",
    "hubbub.json",
    "permessage-deflate; client_max_window_bits",
    "text/event-stream",
    "application/json",
    "text/plain; charset=utf-8",
    "Bearer a.b.c",
    "Basic YW5uOnNlY3JldA==",
    "hubbub_token=a.b.c",
    "http://chat.example",
    "1763800000-42",
];
const KEYS: &[&str] = &["since", "last", "limit", "wait", "echo", "name", "token", "event", "x"];
const ENDS: &[&str] = &["messages", "presence", "ws", "", "else"];

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    let (Ok(origins), Ok(Some(request))) = (origins(&mut input), request(&mut input)) else { return };
    let query = request.parts.uri.query().unwrap_or_default().to_owned();
    reads_positions_again(&query);
    let settings = settings(origins);
    let (head, body) = match origin(&request.parts, &settings) {
        Err(problem) => problem.response(),
        Ok(origin) => match open(request, &origin, &settings) {
            Opening::Session(_) => return,
            Opening::Answer(mut head, body) => {
                origin.mark(&mut head.headers);
                (head, body)
            }
        },
    };
    if head.status == 204 {
        return assert!(head.headers.contains_key("allow") && body.is_empty());
    }
    assert!(head.status.is_client_error(), "{}", head.status);
    assert_eq!(head.headers["content-type"], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem is JSON");
    assert_eq!(problem["status"], head.status.as_u16());
    assert!(problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:hubbub:problem:")));
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
});

fn reads_positions_again(query: &str) {
    let Ok(Params { start: Some(start), .. }) = Params::parse(query) else { return };
    let again = match start {
        Start::After(offset) => since(&offset.to_string()),
        Start::Last(count) => {
            Params::parse(&format!("last={count}")).map(|params| params.start.unwrap_or(Start::Now))
        }
        Start::Oldest => since("0"),
        Start::Now => unreachable!("no parameter says so"),
    };
    assert_eq!(again, Ok(start));
}

fn origins(input: &mut Unstructured<'_>) -> arbitrary::Result<Vec<String>> {
    Ok(match input.int_in_range(0..=2)? {
        0 => Vec::new(),
        1 => vec!["*".to_owned()],
        _ => vec!["http://app.example".to_owned()],
    })
}

/// A request, unless the bytes make none that the HTTP library would let through.
fn request(input: &mut Unstructured<'_>) -> arbitrary::Result<Option<Request>> {
    let method = input.choose(METHODS)?.clone();
    let Ok(uri) = address(input)?.parse::<Uri>() else { return Ok(None) };
    let version = *input.choose(&[Version::HTTP_11, Version::HTTP_10, Version::HTTP_2])?;
    let mut request = http::Request::builder().method(method).uri(uri).version(version);
    for _ in 0..input.int_in_range(0..=10)? {
        let name = HeaderName::from_static(input.choose(HEADERS)?);
        let value =
            if input.arbitrary()? { input.choose(VALUES)?.as_bytes() } else { <&[u8]>::arbitrary(input)? };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        request = request.header(name, value);
    }
    let websocket_connect = input.arbitrary()?;
    let Ok(request) = request.body(()) else { return Ok(None) };
    let body = input.bytes(input.len())?.to_vec().into();
    Ok(Some(Request {
        parts: request.into_parts().0,
        body,
        websocket_connect,
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        secured: None,
    }))
}

fn address(input: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let mut address = match input.int_in_range(0..=7)? {
        0 => "/api/token".to_owned(),
        1 => format!("/{}", <&str>::arbitrary(input)?),
        2 => format!("/rooms/lobby/{}", input.choose(ENDS)?),
        _ => format!("/rooms/{}/{}", <&str>::arbitrary(input)?, input.choose(ENDS)?),
    };
    for pair in 0..input.int_in_range(0..=4)? {
        address.push(if pair == 0 { '?' } else { '&' });
        address.push_str(input.choose(KEYS)?);
        address.push('=');
        address.push_str(&value(input)?);
    }
    Ok(address)
}

fn value(input: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    Ok(match input.int_in_range(0..=3)? {
        0 => format!("{}-{}", u32::arbitrary(input)?, u64::arbitrary(input)?),
        1 => u64::arbitrary(input)?.to_string(),
        2 => input.choose(&["0", "true", "false", "1.5"])?.to_string(),
        _ => <&str>::arbitrary(input)?.to_owned(),
    })
}

fn settings(origins: Vec<String>) -> GateSettings {
    GateSettings { origins, ..GateSettings::of("chat.example") }
}
