//! What goes out: stanzas, which stream management counts, and everything else.

use super::{Kind, Out, Pieces, Stream, manage};
use crate::xml::{CLIENT, Tag};
use bytes::Bytes;
use std::mem;

impl Stream {
    /// Sends one stanza, or with `is_stanza` false some other element, as it is; what is shared is not copied.
    ///
    /// Where stream management is on, a stanza is counted and kept until the client acknowledges it. If too much waits for
    /// that, the stream is closed with `<resource-constraint/>`, and the session may be resumed. Nothing is sent before the
    /// client has been greeted, nor after the end.
    ///
    /// On WebSocket the root has to name its namespace: see [`head_ns`](Self::head_ns).
    pub fn send(&mut self, stanza: impl Into<Pieces>, is_stanza: bool, out: &mut Vec<Out>) {
        if !self.open {
            return;
        }
        let stanza = stanza.into();
        match &mut self.sm {
            Some(sm) if is_stanza => {
                let full = sm.push(stanza.clone()).is_err();
                out.push(Out::Send(stanza));
                if full {
                    self.end_unacknowledged(out);
                } else if sm.wants_to_ask() {
                    out.push(manage::request());
                }
            }
            _ => out.push(Out::Send(stanza)),
        }
    }

    /// What to insert after the name of a root in `jabber:client`: nothing on TCP, ` xmlns='jabber:client'` on WebSocket
    /// (RFC 7395 §3.3.3).
    pub fn head_ns(&self) -> &'static str {
        match self.kind {
            Kind::Tcp => "",
            Kind::WebSocket => " xmlns='jabber:client'",
        }
    }

    /// Sends an element that is no stanza.
    pub(super) fn put(&self, tag: &Tag, out: &mut Vec<Out>) {
        out.push(Out::Send(tag.to_vec(self.parent_ns()).into()));
    }

    /// Sends a stanza of our own.
    pub(super) fn put_stanza(&mut self, tag: &Tag, out: &mut Vec<Out>) {
        self.send(tag.to_vec(self.parent_ns()), true, out);
    }

    /// The default namespace where an element is going to stand.
    pub(super) fn parent_ns(&self) -> &'static str {
        match self.kind {
            Kind::Tcp => CLIENT,
            Kind::WebSocket => "",
        }
    }

    /// On WebSocket every element is a message of its own.
    pub(super) fn cut(&self, buffer: &mut Vec<u8>, out: &mut Vec<Out>) {
        if self.kind == Kind::WebSocket {
            out.push(Out::Send(mem::take(buffer).into()));
        }
    }
}

/// Sends bytes that never change.
pub(super) fn fixed(bytes: &'static [u8]) -> Out {
    Out::Send(Bytes::from_static(bytes).into())
}
