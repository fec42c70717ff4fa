//! From a packet whose payload is JSON to msgpack.

use crate::socketio::{Fault, Kind};
use bytes::Bytes;
use rmp::encode as put;
use serde_json::{Map, Number, Value};

/// What writing into a vector cannot be.
const NEVER: &str = "a vector takes all";

/// Appends a packet. `payload` is JSON, for a binary kind with placeholders, which are replaced by the attachments.
///
/// Numbers keep their value as long as 64 bits can.
///
/// # Errors
///
/// The payload is not JSON, deeper than 127, or has a placeholder for which there is no attachment.
pub fn encode(
    kind: Kind,
    namespace: &str,
    id: Option<u64>,
    payload: Option<&str>,
    attachments: &[Bytes],
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let data: Option<Value> = payload.map(serde_json::from_str).transpose().map_err(|_| Fault::Payload)?;
    let attachments = kind.is_binary().then_some(attachments);
    let start = out.len();
    put::write_map_len(out, 2 + u32::from(data.is_some()) + u32::from(id.is_some())).expect(NEVER);
    text("type", out)?;
    put::write_uint(out, kind.without_attachments().number().into()).expect(NEVER);
    text("nsp", out)?;
    text(namespace, out)?;
    if let Some(id) = id {
        text("id", out)?;
        put::write_uint(out, id).expect(NEVER);
    }
    if let Some(data) = data {
        text("data", out)?;
        // Whoever gets an error gets no half packet with it.
        value(&data, attachments, out).inspect_err(|_| out.truncate(start))?;
    }
    Ok(())
}

fn value(json: &Value, attachments: Option<&[Bytes]>, out: &mut Vec<u8>) -> Result<(), Fault> {
    match json {
        Value::Null => put::write_nil(out).expect(NEVER),
        Value::Bool(value) => put::write_bool(out, *value).expect(NEVER),
        Value::Number(value) => number(value, out),
        Value::String(value) => text(value, out)?,
        Value::Array(values) => {
            put::write_array_len(out, length(values.len())?).expect(NEVER);
            values.iter().try_for_each(|json| value(json, attachments, out))?;
        }
        Value::Object(members) => object(members, attachments, out)?,
    }
    Ok(())
}

fn object(
    members: &Map<String, Value>,
    attachments: Option<&[Bytes]>,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    if let Some(attachments) = attachments
        && members.get("_placeholder") == Some(&Value::Bool(true))
    {
        return binary(attachment(members, attachments)?, out);
    }
    put::write_map_len(out, length(members.len())?).expect(NEVER);
    members.iter().try_for_each(|(name, json)| {
        text(name, out)?;
        value(json, attachments, out)
    })
}

fn attachment<'a>(members: &Map<String, Value>, attachments: &'a [Bytes]) -> Result<&'a Bytes, Fault> {
    let num = members.get("num").and_then(Value::as_u64).and_then(|num| usize::try_from(num).ok());
    num.and_then(|num| attachments.get(num)).ok_or(Fault::Placeholder)
}

fn number(number: &Number, out: &mut Vec<u8>) {
    if let Some(number) = number.as_u64() {
        put::write_uint(out, number).expect(NEVER);
    } else if let Some(number) = number.as_i64() {
        put::write_sint(out, number).expect(NEVER);
    } else {
        put::write_f64(out, number.as_f64().unwrap_or(f64::NAN)).expect(NEVER);
    }
}

fn text(text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    length(text.len())?;
    put::write_str(out, text).expect(NEVER);
    Ok(())
}

fn binary(data: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    length(data.len())?;
    put::write_bin(out, data).expect(NEVER);
    Ok(())
}

/// msgpack counts in 32 bits.
fn length(len: usize) -> Result<u32, Fault> {
    u32::try_from(len).map_err(|_| Fault::Msgpack)
}
