//! From packets to text (SIO5 "Packet encoding"). All of these append to `out`, and leave the Engine.IO type to the
//! caller; the attachments of binary packets follow in binary messages of their own, in order.

use super::Kind;
use std::io::Write;

/// That a client is in a namespace; in protocol 5 `json` is an object with its `sid`.
pub fn connect(out: &mut Vec<u8>, namespace: &str, json: Option<&str>) {
    put(out, Kind::Connect, None, namespace, None, json.unwrap_or_default());
}

/// That a client may not come into a namespace; `json` is an object with a `message`; in protocol 4 it is
/// often a string.
pub fn connect_error(out: &mut Vec<u8>, namespace: &str, json: &str) {
    put(out, Kind::ConnectError, None, namespace, None, json);
}

/// That a client is out of a namespace.
pub fn disconnect(out: &mut Vec<u8>, namespace: &str) {
    put(out, Kind::Disconnect, None, namespace, None, "");
}

/// An event: `array_json` is an array of its name and arguments, `id` asks for an acknowledgement.
pub fn event(out: &mut Vec<u8>, namespace: &str, id: Option<u64>, array_json: &str) {
    put(out, Kind::Event, None, namespace, id, array_json);
}

/// An event with attachments, which have placeholders in `array_json`.
pub fn binary_event(
    out: &mut Vec<u8>,
    namespace: &str,
    id: Option<u64>,
    attachments: usize,
    array_json: &str,
) {
    put(out, Kind::BinaryEvent, Some(attachments), namespace, id, array_json);
}

/// An acknowledgement: `array_json` is an array of its arguments.
pub fn ack(out: &mut Vec<u8>, namespace: &str, id: u64, array_json: &str) {
    put(out, Kind::Ack, None, namespace, Some(id), array_json);
}

/// An acknowledgement with attachments, which have placeholders in `array_json`.
pub fn binary_ack(out: &mut Vec<u8>, namespace: &str, id: u64, attachments: usize, array_json: &str) {
    put(out, Kind::BinaryAck, Some(attachments), namespace, Some(id), array_json);
}

fn put(
    out: &mut Vec<u8>,
    kind: Kind,
    attachments: Option<usize>,
    namespace: &str,
    id: Option<u64>,
    json: &str,
) {
    out.push(b'0' + kind.number());
    if let Some(number) = attachments {
        write!(out, "{number}-").expect("a vector takes all");
    }
    if namespace != "/" {
        write!(out, "{namespace},").expect("a vector takes all");
    }
    if let Some(id) = id {
        write!(out, "{id}").expect("a vector takes all");
    }
    out.extend_from_slice(json.as_bytes());
}
