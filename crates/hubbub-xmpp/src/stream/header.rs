//! Stream headers, the client's and ours (RFC 6120 §4.7, RFC 7395 §3.3), and how a stream is closed.

use super::error::Fault;
use super::{Kind, Settings, StreamError, random};
use crate::jid::Jid;
use crate::xml::{CLIENT, Element, STREAMS, escape_attr};

/// The namespace of what frames a stream on WebSocket (RFC 7395 §3.3.2).
pub(super) const NS_FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";

/// What the client's header says.
#[derive(Debug)]
pub(super) struct Header {
    /// Who it says it is: to be repeated to it, not to be believed (RFC 6120 §4.7.1).
    pub(super) from: Option<Jid>,
    /// The language of what it sends, where that says nothing else (RFC 6120 §4.7.4).
    pub(super) lang: Option<String>,
}

impl Header {
    /// Reads the client's header, or says what is wrong with it.
    pub(super) fn read(head: &Element, kind: Kind, settings: &Settings) -> Result<Self, Fault> {
        check_name(head, kind)?;
        check_version(head.attr("version").as_deref())?;
        let from = head.attr("from").map(|from| Jid::parse(&from)).transpose();
        let from =
            from.map_err(|_| Fault::saying(StreamError::ImproperAddressing, "'from' is no address"))?;
        check_host(head.attr("to").as_deref(), settings)?;
        Ok(Self { from: from.map(|jid| jid.bare()), lang: head.lang().map(|lang| lang.to_string()) })
    }
}

/// Whether it is a stream header at all (RFC 6120 §4.8.1, RFC 7395 §3.3.2).
fn check_name(head: &Element, kind: Kind) -> Result<(), Fault> {
    let (name, ns) = match kind {
        Kind::Tcp => ("stream", STREAMS),
        Kind::WebSocket => ("open", NS_FRAMING),
    };
    if head.ns() != ns {
        return Err(Fault::saying(StreamError::InvalidNamespace, format!("a stream begins in {ns}")));
    }
    if head.name() != name {
        return Err(Fault::saying(StreamError::BadFormat, format!("a stream begins with <{name}/>")));
    }
    // RFC 6120 §4.8.2: where it names no namespace of content, each stanza will name its own.
    let content = head.root().default_ns();
    if kind == Kind::Tcp && !content.is_empty() && content != CLIENT {
        return Err(Fault::saying(StreamError::InvalidNamespace, "stanzas are in jabber:client here"));
    }
    Ok(())
}

/// We speak 1.0, and with whoever speaks a later minor version. Without a version it is the protocol of 1999, which knows
/// neither features nor SASL (RFC 6120 §4.7.5).
fn check_version(version: Option<&str>) -> Result<(), Fault> {
    let major = version.and_then(|version| version.split_once('.')).and_then(|(major, minor)| {
        minor.parse::<u16>().ok()?;
        major.parse::<u16>().ok()
    });
    match major {
        Some(1..) => Ok(()),
        _ => Err(Fault::saying(StreamError::UnsupportedVersion, "this is XMPP 1.0")),
    }
}

/// The stream is for the domain that is served here (RFC 6120 §4.7.2); after login too, or a session of one domain could
/// become one of another.
fn check_host(to: Option<&str>, settings: &Settings) -> Result<(), Fault> {
    let Some(to) = to.filter(|to| !to.is_empty()) else {
        return Err(Fault::saying(StreamError::ImproperAddressing, "'to' is missing"));
    };
    if to == settings.domain {
        return Ok(());
    }
    match Jid::parse(to) {
        Ok(jid) if jid.as_str() == settings.domain => Ok(()),
        Ok(_) => Err(Fault::saying(StreamError::HostUnknown, format!("this is {}", settings.domain))),
        Err(_) => Err(Fault::saying(StreamError::ImproperAddressing, "'to' is no address")),
    }
}

/// Our header, with a new id.
pub(super) fn write(out: &mut Vec<u8>, kind: Kind, settings: &Settings, to: Option<&Jid>) {
    out.extend_from_slice(match kind {
        Kind::Tcp => b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
              xmlns:stream='http://etherx.jabber.org/streams'"
            .as_slice(),
        Kind::WebSocket => b"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'",
    });
    attribute(out, "id", &random::token());
    attribute(out, "from", &settings.domain);
    if let Some(to) = to {
        attribute(out, "to", to.as_str());
    }
    out.extend_from_slice(b" version='1.0' xml:lang='en'");
    out.extend_from_slice(match kind {
        Kind::Tcp => b">".as_slice(),
        Kind::WebSocket => b"/>",
    });
}

fn attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"='");
    escape_attr(out, value);
    out.push(b'\'');
}

/// `<stream:features>` or `<stream:error>`, which on WebSocket stands alone (RFC 7395 §3.3.3).
pub(super) fn write_level(out: &mut Vec<u8>, kind: Kind, name: &str, content: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"<stream:");
    out.extend_from_slice(name.as_bytes());
    if kind == Kind::WebSocket {
        attribute(out, "xmlns:stream", STREAMS);
    }
    out.push(b'>');
    content(out);
    out.extend_from_slice(b"</stream:");
    out.extend_from_slice(name.as_bytes());
    out.push(b'>');
}

/// What closes our side of the stream.
pub(super) fn closing(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Tcp => b"</stream:stream>",
        Kind::WebSocket => b"<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
    }
}
