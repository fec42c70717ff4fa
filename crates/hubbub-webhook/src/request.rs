//! What an application is sent: one JSON object (docs/webhooks.md).

use bytes::Bytes;
use hubbub_gate::envelope;
use hubbub_hub::{HookAsk, IdentityKind};

/// The header that names the question, the same each time it is sent.
pub const DELIVERY: &str = "hubbub-delivery";

/// The body of the request for `ask`.
#[must_use]
pub fn body(ask: &HookAsk) -> Bytes {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"id\":");
    envelope::string(&mut out, &ask.id.to_string());
    out.extend_from_slice(b",\"time\":");
    out.extend_from_slice(ask.unix_ms.to_string().as_bytes());
    member(&mut out, "kind", ask.kind.as_str());
    if let Some(room) = &ask.room {
        member(&mut out, "room", &room.to_string());
    }
    member(&mut out, "session", ask.session_name().as_str());
    user(&mut out, ask);
    if let Some(hello) = &ask.hello {
        member(&mut out, "protocol", hello.protocol);
        if let Some(auth) = &hello.auth {
            out.extend_from_slice(b",\"auth\":");
            out.extend_from_slice(auth);
        }
    }
    if let Some(body) = &ask.body {
        out.push(b',');
        envelope::message(&mut out, body);
    }
    out.push(b'}');
    out.into()
}

fn member(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b',');
    envelope::string(out, name);
    out.push(b':');
    envelope::string(out, value);
}

fn user(out: &mut Vec<u8>, ask: &HookAsk) {
    out.extend_from_slice(b",\"user\":{\"address\":");
    envelope::string(out, ask.who.user.as_str());
    member(out, "name", &ask.who.name);
    let kind = match ask.who.kind {
        IdentityKind::Guest => "guest",
        IdentityKind::Account => "account",
        IdentityKind::Token => "token",
        IdentityKind::Server => "server",
    };
    member(out, "kind", kind);
    out.push(b'}');
}
