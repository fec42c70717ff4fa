//! What calls may tell of where people are: in rooms, by PeerJS and by the tracker.

use crate::land::words;

words! {
    /// Which ICE candidates pass through the server.
    Candidates {
        /// All.
        All = "all",
        /// Those of relays.
        Relay = "relay",
    }
}
