//! Where only relayed candidates pass there have to be relays.

use hubbub_config::{Candidates, Config, IceUrl};

use super::report::Finding;

/// What is to be said of it, if somebody has asked for it.
pub(super) fn check(config: &Config) -> Option<Finding> {
    let asks = |candidates, setting: String| (candidates == Candidates::Relay).then_some(setting);
    let rooms = config.rooms.iter().map(|rule| asks(rule.candidates, format!("room \"{}\"", rule.r#match)));
    let others = [
        asks(config.peerjs.candidates, "peerjs".to_owned()),
        asks(config.tracker.candidates, "tracker".to_owned()),
    ];
    let asking: Vec<_> = rooms.chain(others).flatten().collect();
    if asking.is_empty() {
        return None;
    }
    let (what, asking) = ("candidates", asking.join(", "));
    if config.turn.enabled || config.ice.urls.iter().any(IceUrl::is_turn) {
        return Some(Finding::good(what, format!("only those of relays pass: {asking}")));
    }
    let advice = "tell clients of a TURN server: write `[turn]` and below it `enabled = true`, or ice.urls";
    let seen = format!(
        "only those of relays pass ({asking}), and clients are told of no relay: no call can come about"
    );
    Some(Finding::wrong(what, seen, advice))
}
