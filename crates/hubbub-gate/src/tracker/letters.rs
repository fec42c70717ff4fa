//! What connections and keepers tell each other. An announce is a letter to a keeper as it is.

use bytes::Bytes;
use hubbub_tracker::{Counts, InfoHash, PeerId};

/// To a keeper: the connection that says this is no longer in this swarm, as this peer.
#[derive(Debug)]
pub(super) struct Leave(pub(super) InfoHash, pub(super) PeerId);

/// To a keeper: the connection that says this is there, which the keeper has asked by [`ToLink::AreYouThere`].
#[derive(Debug)]
pub(super) struct IsThere(pub(super) InfoHash, pub(super) PeerId);

/// To a keeper and back, until all that was asked is known: each keeper fills in what it knows.
#[derive(Debug)]
pub(super) struct Scrape(pub(super) Vec<(InfoHash, Option<Counts>)>);

/// To a connection: a frame for its client.
#[derive(Debug)]
pub(super) enum ToLink {
    /// It answers what the client has said.
    Answer(Bytes),
    /// Another client answers what this one has offered.
    Forward(Bytes),
    /// Another client offers it to this one.
    Offer(Bytes),
    /// Somebody else wants to be this peer in this swarm. Answered by [`IsThere`] as soon as the client is heard.
    AreYouThere(InfoHash, PeerId),
}
