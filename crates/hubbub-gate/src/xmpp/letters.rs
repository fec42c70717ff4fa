//! What streams and the stewards of accounts tell each other.

use std::sync::Arc;

use hubbub_hub::{Identity, RoomName};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::stream::Claim;

use super::parcel::Parcel;
use super::registrar::Outcome;

/// To an account, from a stream of its own or from anybody.
#[derive(Debug)]
pub(super) enum ToAccount {
    /// A stream of this account has this resource from now on. Answered by [`ToClient::Bound`].
    Bind {
        /// The full address.
        jid: Jid,
        /// Whose stream it is.
        who: Arc<Identity>,
    },
    /// The stream that says this is gone, and its client has not acknowledged these messages.
    Gone(Vec<Unheard>),
    /// From one of the account's own resources, for whomever; without an address it is for the account itself.
    Own(Parcel, Option<Claim>),
    /// From anybody, for the account or one of its resources.
    Deliver(Parcel),
    /// The same, and that this person writes is shown to whoever reads the account's inbox by another protocol.
    Show(Parcel, Arc<Identity>),
    /// The same, and to be kept: what this person says.
    Keep(Parcel, Arc<Identity>, Option<Claim>),
}

/// A message that a client was sent and has not acknowledged.
#[derive(Debug)]
pub(super) struct Unheard {
    pub(super) parcel: Parcel,
    /// When it came, in milliseconds since 1970; 0 if that is not known.
    pub(super) since_ms: u64,
}

/// To a stream.
#[derive(Debug)]
pub(super) enum ToClient {
    /// The resource is its own.
    Bound,
    /// It cannot be had.
    BindRefused(Condition),
    /// Another stream has the resource now.
    Replaced,
    /// What became of the account that it wanted to have made.
    Registered(Outcome),
    /// The account is no more.
    Removed,
    /// To be sent to the client.
    Deliver(Parcel),
    /// From somebody in this room, for whoever of those who have his name there it concerns.
    Whisper(RoomName, Parcel),
}
