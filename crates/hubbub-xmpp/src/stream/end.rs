//! The end of a stream (RFC 6120 §4.4, §4.9).

use super::error::Fault;
use super::machine::State;
use super::{Kind, Out, Reason, Stream, StreamError, header, manage};
use std::mem;

impl Stream {
    /// Ends the stream from our side. A session that is to be resumed elsewhere has to be taken out before, by
    /// [`export_sm`](Self::export_sm).
    pub fn close(&mut self, error: StreamError, out: &mut Vec<Out>) {
        self.fail(error, out);
    }

    /// Ends the stream from our side, with words for people.
    pub fn close_saying(&mut self, error: StreamError, text: &str, out: &mut Vec<Out>) {
        self.fail(Fault::saying(error, text), out);
    }

    /// The client closes the stream (RFC 6120 §4.4).
    pub(super) fn finish(&mut self, out: &mut Vec<Out>) {
        self.end(Reason::Finished, None, out);
    }

    pub(super) fn fail(&mut self, fault: impl Into<Fault>, out: &mut Vec<Out>) {
        let fault = fault.into();
        self.end(Reason::Failed(fault.error), Some(&fault), out);
    }

    pub(super) fn end_unacknowledged(&mut self, out: &mut Vec<Out>) {
        let fault =
            Fault::saying(StreamError::ResourceConstraint, "too many stanzas without acknowledgement");
        self.end(Reason::Unacknowledged, Some(&fault), out);
    }

    /// The end. An error that comes before our header is preceded by it, or it would be no XML (RFC 6120 §4.9.1.2); but
    /// nothing goes out in clear text where TLS has been agreed.
    pub(super) fn end(&mut self, reason: Reason, fault: Option<&Fault>, out: &mut Vec<Out>) {
        match mem::replace(&mut self.state, State::Over) {
            State::Over => return,
            State::Securing => {}
            _ => self.say_goodbye(fault, out),
        }
        if let Some(sm) = &mut self.sm
            && !reason.may_resume()
        {
            sm.finish();
        }
        self.open = false;
        self.held.clear();
        self.framer.clear();
        out.push(Out::Closed(reason));
    }

    fn say_goodbye(&self, fault: Option<&Fault>, out: &mut Vec<Out>) {
        let mut buffer = Vec::new();
        if !self.open && (fault.is_some() || self.kind == Kind::Tcp) {
            header::write(&mut buffer, self.kind, &self.settings, None);
            self.cut(&mut buffer, out);
        }
        if let Some(sm) = &self.sm {
            // What was handled has not to be sent again (XEP-0198 §7).
            manage::ack(sm).write(&mut buffer, self.parent_ns());
            self.cut(&mut buffer, out);
        }
        if let Some(fault) = fault {
            header::write_level(&mut buffer, self.kind, "error", |out| fault.write(out));
            self.cut(&mut buffer, out);
        }
        buffer.extend_from_slice(header::closing(self.kind));
        out.push(Out::Send(buffer.into()));
    }
}
