//! WebTorrent's tracker at `/tracker` (docs/tracker.md): a WebSocket that speaks the JSON of [`hubbub_tracker`].
//!
//! A connection (`link.rs`) reads what its client says and says what it is told. Swarms are kept by a fixed number of stewards
//! (`keeper.rs`), each with a part of all hashes, spread over the workers: an announce goes to the keeper of its swarm, who writes to the
//! connections of those whom it concerns.

mod held;
mod keeper;
mod letters;
mod link;
mod settings;
mod tally;

pub use settings::{Allowed, Keepers, TrackerSettings};
pub use tally::{Stripe, Tally};

use std::sync::Arc;

use hubbub_hub::Identity;

use crate::problem::Problem;
use crate::request::Request;
use crate::session::Cx;
use crate::settings::GateSettings;
use crate::text_socket::{TextSocket, shake_hands};
use crate::ws::handshake::Handshake;

/// What a handshake with the tracker agreed on.
#[derive(Debug)]
pub struct Wanted(Handshake);

/// Checks a handshake.
///
/// # Errors
/// As every handshake; `404` where the tracker is off.
pub(crate) fn want(request: &Request, settings: &GateSettings) -> Result<Wanted, Problem> {
    if !settings.tracker.enabled {
        return Err(Problem::not_found("There is no tracker here (tracker.enabled)."));
    }
    shake_hands(request, settings).map(Wanted)
}

impl Wanted {
    /// Goes on as a connection of `who`.
    pub(crate) fn begin(self, who: Arc<Identity>, cx: &mut Cx<'_>) {
        let most_bytes = cx.settings.tracker.message_bytes;
        cx.turn_into(TextSocket::new(self.0, link::Link::default(), who, most_bytes, cx.settings));
    }
}

#[cfg(test)]
mod tests;
