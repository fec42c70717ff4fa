//! What the machine of a stream wants to be done.

use super::{Claim, Pieces, Reason};
use crate::sasl::Ask;
use crate::xml::Element;

/// What is to be done, in order.
#[derive(Debug)]
pub enum Out {
    /// Send this. On TCP the pieces are bytes like any others; on WebSocket they are one text message.
    Send(Pieces),
    /// When everything has been sent, begin TLS as its server; then say [`secured`](super::Stream::secured).
    StartTls,
    /// Find out, and say [`known`](super::Stream::known).
    Ask(Ask),
    /// The credentials are good. Say who that is by [`authenticated`](super::Stream::authenticated), or refuse him by
    /// [`refused`](super::Stream::refused).
    Authenticated {
        /// The name of the account as it was sent; `None`: a guest.
        user: Option<String>,
        /// How a guest wants to be called.
        name: Option<String>,
    },
    /// A resource is to be bound: [`bound`](super::Stream::bound) or [`bind_refused`](super::Stream::bind_refused).
    Bind {
        /// The id of the request, which the machine knows by itself.
        id: String,
        /// The wished resource, prepared; `None`: the server has to make one up.
        wanted: Option<String>,
    },
    /// A message, presence or iq of the bound client. `from` is absent or the client's own bare or full address, and says
    /// nothing more than that. With stream management a message comes with a claim, for whoever keeps it.
    Stanza(Element, Option<Claim>),
    /// A get or set of `jabber:iq:register` before login (XEP-0077): [`registered`](super::Stream::registered).
    Register(Element),
    /// Stream management is on (XEP-0198).
    SmEnabled {
        /// The session may be resumed: [`sm_id`](super::Stream::sm_id), [`sm_max_s`](super::Stream::sm_max_s).
        resume: bool,
    },
    /// The client wants its former session back: [`resume_with`](super::Stream::resume_with) or
    /// [`resume_failed`](super::Stream::resume_failed).
    Resume {
        /// The id of that session.
        previd: String,
        /// How many stanzas of the server the client has handled in it.
        h: u32,
    },
    /// The client is being looked at, or is not (XEP-0352).
    Csi(Csi),
    /// The stream is over: nothing more comes, and the link is to be closed after what was sent.
    Closed(Reason),
}

/// What a client says about its user (XEP-0352 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Csi {
    /// The user looks at it.
    Active,
    /// The user does not; what can wait may wait.
    Inactive,
}
