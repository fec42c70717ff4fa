//! Stream features (RFC 6120 §4.3.2): what a client may negotiate next.

use super::{Kind, Settings, header};
use crate::sasl::{Binding, Mechanism};
use crate::xml::Tag;

pub(super) const NS_TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
pub(super) const NS_SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
pub(super) const NS_BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
pub(super) const NS_SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
pub(super) const NS_CSI: &str = "urn:xmpp:csi:0";

/// Features before login, in the order in which they are to be negotiated (RFC 6120 §13.7: TLS, then SASL).
pub(super) fn before_login(
    out: &mut Vec<u8>,
    kind: Kind,
    settings: &Settings,
    mechanisms: &[Mechanism],
    tls: Option<&Binding>,
) {
    header::write_level(out, kind, "features", |out| {
        if may_start_tls(kind, settings, tls) {
            let required = settings.require_tls.then(|| Tag::new("required", NS_TLS));
            Tag::new("starttls", NS_TLS).children(required).write(out, "");
        }
        if needs_tls(settings, tls) {
            return;
        }
        if !mechanisms.is_empty() {
            offer(mechanisms).write(out, "");
        }
        if let Some(bindings) = tls.filter(|_| mechanisms.iter().any(|one| one.is_plus())).and_then(bindings)
        {
            bindings.write(out, "");
        }
        if settings.register {
            Tag::new("register", "http://jabber.org/features/iq-register").write(out, "");
        }
        limits(settings.before_auth.bytes).write(out, "");
    });
}

/// Features after login: a resource, and what depends on it. RFC 3921 §3 wants a session established; RFC 6121 keeps the
/// feature for clients that insist, and says `<optional/>` to all others.
pub(super) fn after_login(out: &mut Vec<u8>, kind: Kind, settings: &Settings) {
    header::write_level(out, kind, "features", |out| {
        Tag::new("bind", NS_BIND).write(out, "");
        Tag::new("session", NS_SESSION).child(Tag::new("optional", NS_SESSION)).write(out, "");
        Tag::new("sm", super::sm::NS_SM).write(out, "");
        Tag::new("csi", NS_CSI).write(out, "");
        limits(settings.stanza.bytes).write(out, "");
        out.extend_from_slice(&settings.features);
    });
}

/// Whether STARTTLS is offered: on TCP only, because a WebSocket has its TLS below (RFC 7395 §3.8).
pub(super) fn may_start_tls(kind: Kind, settings: &Settings, tls: Option<&Binding>) -> bool {
    kind == Kind::Tcp && settings.tls_available && tls.is_none()
}

/// Whether nothing but TLS is to be had.
pub(super) fn needs_tls(settings: &Settings, tls: Option<&Binding>) -> bool {
    settings.require_tls && tls.is_none()
}

fn offer(mechanisms: &[Mechanism]) -> Tag {
    let names = mechanisms.iter().map(|mechanism| Tag::new("mechanism", NS_SASL).text(mechanism.name()));
    Tag::new("mechanisms", NS_SASL).children(names)
}

/// The channel bindings that go with the mechanisms (XEP-0440).
fn bindings(tls: &Binding) -> Option<Tag> {
    const NS_BINDINGS: &str = "urn:xmpp:sasl-cb:0";
    let types = tls.types();
    let types = types.iter().map(|kind| Tag::new("channel-binding", NS_BINDINGS).attr("type", kind));
    (types.len() > 0).then(|| Tag::new("sasl-channel-binding", NS_BINDINGS).children(types))
}

/// How large an element may be (XEP-0478).
fn limits(bytes: usize) -> Tag {
    const NS_LIMITS: &str = "urn:xmpp:stream-limits:0";
    Tag::new("limits", NS_LIMITS).child(Tag::new("max-bytes", NS_LIMITS).text(bytes.to_string()))
}
