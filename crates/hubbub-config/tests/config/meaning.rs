//! What the settings mean: their units, and what the hub is told.

use std::time::Duration;

use hubbub_config::{Config, Level, Log, WhenFull};
use hubbub_hub::{Hook, HookKind, HookName, LogKind, PresenceMode, RoomName, Who};

use crate::read;

#[test]
fn the_application_behind_a_room() {
    let text = "[[webhook]]\nname = \"app\"\nurl = \"http://a/\"\nevents = [\"leave\", \"event\"]\n[[room]]\nmatch = \"game-*\"\nwebhook = \"app\"";
    let policies = read(text).unwrap().policies();
    let hook = |room: &str| policies.of(&RoomName::parse(room).unwrap()).hook.clone();
    let wanted = Hook { name: HookName::new("app"), kinds: vec![HookKind::Leave, HookKind::Event] };
    assert_eq!(hook("game-1"), Some(wanted));
    assert_eq!(hook("lobby"), None);
}

#[test]
fn the_defaults() {
    let config = Config::default();
    assert_eq!(config.server.listen, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!((config.server.data, config.server.workers, config.access.admit), (None, None, None));
    assert_eq!((config.limits.message_bytes, config.limits.header_bytes), (1 << 20, 16 << 10));
    assert_eq!((config.limits.when_full, config.log.level), (WhenFull::Close, Level::Info));
    assert_eq!(config.websocket.ping_interval, Duration::from_secs(25));
}

#[test]
fn sizes_and_times_in_any_unit() {
    let bytes =
        |value: &str| read(&format!("[limits]\nmessage_bytes = {value}")).unwrap().limits.message_bytes;
    for (value, wanted) in [
        ("65536", 65536),
        ("0x10000", 65536),
        ("\"64 KiB\"", 65536),
        ("\"64kib\"", 65536),
        ("\"1.5 MiB\"", 1_572_864),
        ("\"2 MB\"", 2_000_000),
    ] {
        assert_eq!(bytes(value), wanted, "{value}");
    }
    let time = |value: &str| {
        read(&format!("[http]\nlong_poll_max = {value}")).unwrap().http.long_poll_max.as_millis()
    };
    for (value, wanted) in [
        ("20", 20_000),
        ("1.5", 1_500),
        ("\"1500 ms\"", 1_500),
        ("\"2 min\"", 120_000),
        ("\"1h\"", 3_600_000),
    ] {
        assert_eq!(time(value), wanted, "{value}");
    }
}

#[test]
fn a_rule_of_the_file_reaches_the_hub() {
    let config = read("[server]\ndata = \"x\"\n[[room]]\nmatch = \"News\"\npublish = [\"@Editor\", \"owner\"]\npresence = \"count\"\nhistory_age = \"1 min\"\nhistory_bytes = 0\nlog = \"memory\"").unwrap();
    let policies = config.policies();
    let news = policies.of(&RoomName::parse("news").unwrap());
    assert_eq!(news.publish, [Who::User("editor".into()), Who::Owner]);
    assert_eq!((news.presence, news.log), (PresenceMode::Count, LogKind::Memory));
    assert_eq!((news.keep.age_ms, news.keep.bytes, news.keep.count), (60_000, 0, 1000));
    assert_eq!(news.read, [Who::Anyone]);
    assert_eq!(policies.of(&RoomName::parse("lobby").unwrap()).log, LogKind::Durable);
}

#[test]
fn the_first_rule_that_matches_decides() {
    let config =
        read("[[room]]\nmatch = \"lobby\"\nhistory_count = 1\n[[room]]\nmatch = \"*\"\nhistory_count = 2")
            .unwrap();
    let policies = config.policies();
    assert_eq!(policies.of(&RoomName::parse("lobby").unwrap()).keep.count, 1);
    assert_eq!(policies.of(&RoomName::parse("other").unwrap()).keep.count, 2);
    assert_eq!(policies.of(&RoomName::parse("@alice").unwrap()).keep.count, 1000);
}

/// An inbox is its owner's, also where a rule speaks of something else.
#[test]
fn inboxes_are_closed_with_and_without_a_rule() {
    for text in ["", "[[room]]\nmatch = \"@*\"\nhistory_count = 7"] {
        let policies = read(text).unwrap().policies();
        let inbox = policies.of(&RoomName::parse("@alice").unwrap());
        assert_eq!(
            (&inbox.join[..], &inbox.read[..], &inbox.publish[..]),
            (&[Who::Owner][..], &[Who::Owner][..], &[Who::Anyone][..])
        );
        assert_eq!(inbox.presence, PresenceMode::Off);
    }
    let policies = read("[[room]]\nmatch = \"@news\"\nread = [\"anyone\"]").unwrap().policies();
    assert_eq!(policies.of(&RoomName::parse("@news").unwrap()).read, [Who::Anyone]);
}

#[test]
fn the_hub_is_told_in_milliseconds() {
    let settings = read("[http]\npoll_presence = 7\n[limits]\nrooms = 3").unwrap().hub_settings(4);
    assert_eq!(
        (settings.workers, settings.rooms_max, settings.linger_ms, settings.key_window_ms),
        (4, 3, 7_000, 300_000)
    );
}

#[test]
fn auto_is_memory_without_a_folder() {
    let config = read("[[room]]\nmatch = \"*\"").unwrap();
    assert_eq!(config.rooms[0].log, Log::Auto);
    assert_eq!(config.policies().of(&RoomName::parse("lobby").unwrap()).log, LogKind::Memory);
}
