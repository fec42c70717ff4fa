//! The client's end of a WebSocket.

use http::Method;
use hubbub_gate::session::Input;
use hubbub_hub::SessionKey;
use hubbub_ws::{Config, Decoder, Deflate, Incoming, Inflater, Kind, Limits, Role, accept_offer, client};

use super::House;

const WIDE: Limits = Limits { frame: 1 << 20, message: 1 << 20, fragments: 100 };

const HANDSHAKE: [(&str, &str); 4] = [
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// What a client has received.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Text(String),
    Ping,
    Pong,
    Close(u16),
    /// Bytes that are no WebSocket frames, or do not inflate.
    Nonsense(String),
}

/// A client.
pub(crate) struct Client {
    pub(crate) key: SessionKey,
    decoder: Decoder,
    inflater: Inflater,
}

impl Client {
    /// Asks for a socket without compression.
    pub(crate) fn ask(house: &mut House, worker: u16, address: &str) -> Self {
        let key = house.request(worker, Method::GET, address, &HANDSHAKE, "");
        let decoder = Decoder::new(Config { role: Role::Client, limits: WIDE, deflate: None });
        Self { key, decoder, inflater: Inflater::new() }
    }

    /// Whether what was asked for has just been opened.
    pub(crate) fn is_open(&self, house: &mut House) -> bool {
        house.head(self.key).is_some_and(|(status, _)| status == 101)
    }

    /// Opens a socket in the lobby, with compression if `extensions` asks for it.
    pub(crate) fn open(house: &mut House, worker: u16, address: &str, extensions: &[(&str, &str)]) -> Self {
        let headers = [&HANDSHAKE[..], extensions].concat();
        let key = house.request(worker, Method::GET, address, &headers, "");
        house.settle();
        let (status, headers) = house.head(key).unwrap();
        assert_eq!(status, 101);
        let policy = hubbub_ws::DeflatePolicy { context_takeover: true, window_bits: 15 };
        let deflate: Option<Deflate> = headers
            .get("sec-websocket-extensions")
            .map(|accepted| accept_offer(accepted.to_str().unwrap(), &policy).unwrap());
        let decoder = Decoder::new(Config { role: Role::Client, limits: WIDE, deflate });
        Self { key, decoder, inflater: Inflater::new() }
    }

    /// Reads all that is there.
    pub(crate) fn read(&mut self, house: &mut House) -> Vec<Got> {
        let mut bytes = house.sent(self.key);
        let mut input = &mut bytes[..];
        let mut got = Vec::new();
        while !input.is_empty() && !self.decoder.is_closed() {
            match self.decoder.next(&mut input, &mut self.inflater) {
                Ok(None) => break,
                Ok(Some(incoming)) => got.push(word(incoming)),
                Err(error) => {
                    got.push(Got::Nonsense(error.to_string()));
                    return got;
                }
            }
        }
        if !input.is_empty() {
            got.push(Got::Nonsense(format!("{} bytes after the close frame", input.len())));
        }
        got
    }

    pub(crate) fn say(&self, house: &mut House, text: &str) {
        let mut frame = Vec::new();
        client::encode_message(&mut frame, Kind::Text, text.as_bytes(), [1, 2, 3, 4]);
        house.input(self.key, Input::Stream(&mut frame));
    }

    pub(crate) fn ping(&self, house: &mut House, payload: &[u8]) {
        let mut frame = Vec::new();
        client::encode_ping(&mut frame, payload, [1, 2, 3, 4]);
        house.input(self.key, Input::Stream(&mut frame));
    }
}

fn word(incoming: Incoming<'_>) -> Got {
    match incoming {
        Incoming::Text(text) => Got::Text(text.to_owned()),
        Incoming::Binary(bytes) => Got::Nonsense(format!("{} binary bytes", bytes.len())),
        Incoming::Ping(_) => Got::Ping,
        Incoming::Pong(_) => Got::Pong,
        Incoming::Close(frame) => Got::Close(frame.map_or(1005, |frame| frame.code)),
    }
}

/// The messages among what was received.
pub(crate) fn texts(got: &[Got]) -> Vec<&str> {
    got.iter()
        .filter_map(|one| match one {
            Got::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
