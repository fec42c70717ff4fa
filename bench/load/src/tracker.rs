//! WebTorrent trackers: peers that announce with offers, which the tracker hands to others of the same swarm, and others that
//! answer. The protocol has no RFC; this is as the npm packages `bittorrent-tracker` and `webtorrent` speak it.
//!
//! `names` are the ids of peers, swarms and offers, `description` what an offer and its answer say, `message` how all that is
//! written and read; `swarms` checks who gets what; `announce` and `idle` are the scenarios.

pub(crate) mod announce;
mod description;
pub(crate) mod idle;
mod message;
mod names;
mod swarms;
