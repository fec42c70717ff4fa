//! After login: a resource is bound (RFC 6120 §7), or a former session comes back (XEP-0198 §5).

use super::features::NS_BIND;
use super::machine::State;
use super::{Out, Stream, StreamError};
use crate::jid::Jid;
use crate::stanza::{Condition, ErrorType, StanzaKind, error_reply, iq_result, kind_of};
use crate::xml::{CLIENT, Element, Tag};

impl Stream {
    /// The answer to [`Out::Bind`]: the client has this full address now.
    pub fn bound(&mut self, full: Jid, out: &mut Vec<Out>) {
        let State::Binding(id) = &self.state else { return };
        let jid = Tag::new("jid", NS_BIND).text(full.as_str());
        let result = iq_result(id, None, None, Some(Tag::new("bind", NS_BIND).child(jid)));
        self.enter(full);
        self.put_stanza(&result, out);
        self.go_on(out);
    }

    /// The answer to [`Out::Bind`]: not this resource, or no more resources. The client may try again (RFC 6120 §7.7.2).
    pub fn bind_refused(&mut self, condition: Condition, out: &mut Vec<Out>) {
        let State::Binding(id) = &self.state else { return };
        let error =
            Tag::new("error", CLIENT).attr("type", condition.default_type().as_str()).child(condition.tag());
        let iq = Tag::new("iq", CLIENT).attr("type", "error").attr("id", id).child(error);
        self.state = State::Nameless;
        self.put_stanza(&iq, out);
        self.go_on(out);
    }

    /// Stanzas go both ways from now on.
    pub(super) fn enter(&mut self, full: Jid) {
        self.jid = Some(full);
        self.state = State::Bound;
        self.heard(0.0);
    }

    pub(super) fn before_bind(&mut self, element: &Element, out: &mut Vec<Out>) {
        if element.ns() == super::sm::NS_SM {
            return self.resume_or_refuse(element, out);
        }
        match kind_of(element) {
            Some(StanzaKind::Iq) if is_bind(element) => self.bind(element, out),
            // RFC 6120 §7.1: nothing else before there is an address.
            Some(_) => self.fail(StreamError::NotAuthorized, out),
            None => self.fail(StreamError::UnsupportedStanzaType, out),
        }
    }

    fn bind(&mut self, iq: &Element, out: &mut Vec<Out>) {
        let (Some(id), Some(user)) = (iq.attr("id"), &self.user) else {
            return self.refuse(iq, Condition::BadRequest, out);
        };
        let bind = iq.child("bind", NS_BIND);
        let wished =
            bind.and_then(|bind| bind.child("resource", NS_BIND)).map(|node| node.text().into_owned());
        let prepared = wished.filter(|wished| !wished.is_empty()).map(|wished| user.with_resource(&wished));
        match prepared.transpose() {
            Ok(prepared) => {
                let id = id.into_owned();
                let wanted = prepared.and_then(|jid| jid.resource().map(str::to_owned));
                self.state = State::Binding(id.clone());
                out.push(Out::Bind { id, wanted });
            }
            // RFC 6120 §7.7.2.1.
            Err(_) => self.refuse(iq, Condition::BadRequest, out),
        }
    }

    /// Answers a stanza with an error, where that may be.
    pub(super) fn refuse(&mut self, stanza: &Element, condition: Condition, out: &mut Vec<Out>) {
        let kind: ErrorType = condition.default_type();
        if let Some(error) = error_reply(stanza, None, kind, condition, None) {
            self.put_stanza(&error, out);
        }
    }
}

/// Whether it asks for a resource.
pub(super) fn is_bind(iq: &Element) -> bool {
    iq.attr("type").as_deref() == Some("set") && iq.child("bind", NS_BIND).is_some()
}
