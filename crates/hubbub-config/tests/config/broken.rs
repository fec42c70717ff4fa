//! Broken files, and exactly what each is told.

use proptest::prelude::*;

use crate::{problems, read};

/// A file, and the problems it has.
const TABLE: &[(&str, &[&str])] = &[
    (
        "[socketio]\nwebhook = \"app\"",
        &[
            "hubbub.toml:2:11: socketio.webhook: there is no [[webhook]] called \"app\"; write one with this name and a url",
        ],
    ),
    (
        "[tls]\ncertificate_files = [\"a.pem\", \"b.pem\"]\nkey_files = [\"a.key\"]\nmin_version = \"1.1\"",
        &[
            "hubbub.toml:2:21: tls.certificate_files: there are 2 files of certificates and 1 of keys; name the key of each certificate at the same place: key_files has too few",
            "hubbub.toml:4:15: tls.min_version: \"1.1\" is unknown; write \"1.2\" or \"1.3\"; did you mean \"1.2\"?",
        ],
    ),
    (
        "[tracker]\ninterval = \"5 min\"\npeer_timeout = 300\noffers = 83",
        &[
            "hubbub.toml:3:16: tracker.peer_timeout: peers would be gone before they are to announce again; write more than tracker.interval, such as three times as much",
            "hubbub.toml:4:10: tracker.offers: 83 is too large; it must be 0 to 82 offers",
        ],
    ),
    (
        "[[webhook]]\ntimeout = \"1 s\"",
        &[
            "hubbub.toml:1:1: webhook.name: every [[webhook]] needs a name: name = \"app\"",
            "hubbub.toml:1:1: webhook.url: every [[webhook]] needs a url: url = \"http://127.0.0.1:3000/hubbub\"",
        ],
    ),
    (
        "[webhook]\nname = \"app\"",
        &["hubbub.toml:1:1: webhook: there may be several of these; write [[webhook]], with two brackets"],
    ),
    (
        "[[webhook]]\nname = \"app\"\nurl = \"ftp://a\"\nevents = [\"conect\"]",
        &[
            "hubbub.toml:3:7: webhook.url: \"ftp://a\" is no http or https address without a user and a fragment; write one such as \"http://127.0.0.1:3000/hubbub\"",
            "hubbub.toml:4:10: webhook.events: \"conect\" is unknown; write \"connect\", \"join\", \"leave\" or \"event\"; did you mean \"connect\"?",
        ],
    ),
    (
        "[[webhook]]\nname = \"app\"\nurl = \"http://a/\"\n[[webhook]]\nname = \"app\"\nurl = \"http://b/\"\ntimeout = 11",
        &[
            "hubbub.toml:5:8: webhook.name: \"app\" is no name of its own; give each [[webhook]] another",
            "hubbub.toml:7:11: webhook.timeout: 11 s are longer than anybody waits; make it at most limits.answer_timeout, 10 s",
        ],
    ),
    (
        "[[room]]\nmatch = \"*\"\nwebhook = \"ap\"\n[[webhook]]\nname = \"app\"\nurl = \"https://a.example/x?y\"",
        &[
            "hubbub.toml:3:11: room.webhook: there is no [[webhook]] called \"ap\"; write one with this name and a url; did you mean \"app\"?",
        ],
    ),
    (
        "[[webhook]]\nname = \"app\"\nurl = \"http://a/\"\nsecret = \"short\"\n[api]\ntoken = \"short\"",
        &[
            "hubbub.toml:4:10: webhook.secret: 5 bytes are too few; a secret has at least 32 (RFC 7518 §3.2): make one with `openssl rand -base64 32`",
            "hubbub.toml:6:9: api.token: 5 bytes are too few; a secret has at least 32 (RFC 7518 §3.2): make one with `openssl rand -base64 32`",
        ],
    ),
    (
        "[limits]\nmessage_bytes = 0",
        &["hubbub.toml:2:17: limits.message_bytes: 0 is too small; it must be 1024 to 1073741824 bytes"],
    ),
    (
        "[limits]\nmessage_bytes = -1",
        &["hubbub.toml:2:17: limits.message_bytes: -1 is too small; it must be 1024 to 1073741824 bytes"],
    ),
    (
        "[limits]\nmessage_bytes = \"2 GiB\"",
        &[
            "hubbub.toml:2:17: limits.message_bytes: \"2 GiB\" is too large; it must be 1024 to 1073741824 bytes",
        ],
    ),
    (
        "[limits]\n\nmessage_bytes = \"many\"",
        &[
            "hubbub.toml:3:17: limits.message_bytes: \"many\" is not a size; write a number of bytes, or a string such as \"1 MiB\"",
        ],
    ),
    (
        "[limits]\nmessage_bytes = 1.5",
        &[
            "hubbub.toml:2:17: limits.message_bytes: 1.5 is not a size; write a number of bytes, or a string such as \"1 MiB\"",
        ],
    ),
    (
        "[limits]\nmessage_bytes = 99999999999999999999",
        &[
            "hubbub.toml:2:17: limits.message_bytes: 99999999999999999999 is too large; it must be 1024 to 1073741824 bytes",
        ],
    ),
    (
        "[limits]\nheader_timeout = \"10 bananas\"",
        &[
            "hubbub.toml:2:18: limits.header_timeout: \"10 bananas\" is not a time; write a number of seconds, or a string such as \"5 min\"",
        ],
    ),
    (
        "[limits]\nheader_timeout = 0.5",
        &["hubbub.toml:2:18: limits.header_timeout: 0.5 is too small; it must be 1 to 600 seconds"],
    ),
    (
        "[limits]\nheader_timeout = \"1 d\"",
        &["hubbub.toml:2:18: limits.header_timeout: \"1 d\" is too large; it must be 1 to 600 seconds"],
    ),
    (
        "[limits]\nfragments = true",
        &["hubbub.toml:2:13: limits.fragments: true is not a number; write 1 to 2147483648 frames"],
    ),
    (
        "[limits]\nmessage_bites = 5",
        &["hubbub.toml:2:1: limits.message_bites: there is no such setting; did you mean \"message_bytes\"?"],
    ),
    ("[limits]\ncolour = 5", &["hubbub.toml:2:1: limits.colour: there is no such setting"]),
    (
        "[limts]\nmessage_bytes = 1000",
        &["hubbub.toml:1:2: limts: there is no such section; did you mean \"limits\"?"],
    ),
    ("limits = 5", &["hubbub.toml:1:1: limits: this is a section; write [limits] on a line of its own"]),
    (
        "[limits]\nwhen_full = \"drop\"",
        &["hubbub.toml:2:13: limits.when_full: \"drop\" is unknown; write \"close\" or \"drop-oldest\""],
    ),
    (
        "[limits]\nmessage_bytes = 2048\nframe_bytes = 4096",
        &[
            "hubbub.toml:3:15: limits.frame_bytes: a frame of 4096 bytes cannot be part of a message of at most 2048; make it that or less",
        ],
    ),
    (
        "[access]\nadmit = [\"everybody\"]",
        &[
            "hubbub.toml:2:9: access.admit: \"everybody\" is unknown; write \"guests\", \"accounts\" or \"tokens\"",
        ],
    ),
    (
        "[access]\nadmit = \"guests\"",
        &[
            "hubbub.toml:2:9: access.admit: \"guests\" is not a list; write a list of \"guests\", \"accounts\", \"tokens\", in square brackets",
        ],
    ),
    (
        "[access]\nadmit = [\"account\"]",
        &[
            "hubbub.toml:2:9: access.admit: \"account\" is unknown; write \"guests\", \"accounts\" or \"tokens\"; did you mean \"accounts\"?",
        ],
    ),
    (
        "[token]\nhmac_secret = \"short\"",
        &[
            "hubbub.toml:2:15: token.hmac_secret: 5 bytes are too few; a secret has at least 32 (RFC 7518 §3.2): make one with `openssl rand -base64 32`",
        ],
    ),
    (
        "[token]\nhmac_secret = 1234567890",
        &["hubbub.toml:2:15: token.hmac_secret: write a string of 32 bytes or more, in quotes"],
    ),
    (
        "[token]\ned25519_public_key_file = \"/nowhere/at/all.pem\"",
        &[
            "hubbub.toml:2:27: token.ed25519_public_key_file: /nowhere/at/all.pem cannot be read: No such file or directory (os error 2); name a file the server may read",
        ],
    ),
    (
        "[token]\ned25519_public_key_file = \"/dev/null\"",
        &[
            "hubbub.toml:2:27: token.ed25519_public_key_file: /dev/null holds no public key in PEM; write one with `openssl pkey -in private.pem -pubout`",
        ],
    ),
    (
        "[token]\nhmac_secret = \"0123456789abcdef0123456789abcdef\"\nhmac_secret_file = \"/dev/null\"",
        &["hubbub.toml:3:20: token.hmac_secret_file: token.hmac_secret is set too; keep one of the two"],
    ),
    (
        "[server]\nlisten = []",
        &["hubbub.toml:2:10: server.listen: there must be at least one address; write [\"127.0.0.1:8080\"]"],
    ),
    (
        "[server]\nlisten = [\"localhost\"]",
        &[
            "hubbub.toml:2:10: server.listen: \"localhost\" is not an address to listen on; write IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\"",
        ],
    ),
    (
        "[server]\nworkers = 0",
        &["hubbub.toml:2:11: server.workers: 0 is too small; it must be 1 to 1024 workers"],
    ),
    ("[server]\ndata = \"\"", &["hubbub.toml:2:8: server.data: a path cannot be empty"]),
    (
        "[server]\ndomain = \"not a domain\"",
        &[
            "hubbub.toml:2:10: server.domain: \"not a domain\" is not a host name; write one such as \"chat.example.org\" (international names in their xn-- form)",
        ],
    ),
    (
        "[http]\norigins = [\"https://a.example/\"]",
        &[
            "hubbub.toml:2:11: http.origins: \"https://a.example/\" is not an origin; write scheme, host and port only, such as \"https://app.example.org\"",
        ],
    ),
    (
        "[websocket]\ndeflate = \"yes\"",
        &["hubbub.toml:2:11: websocket.deflate: \"yes\" is not a switch; write true or false"],
    ),
    (
        "[[room]]\nmatch = \"a\"\nlog = \"paper\"",
        &["hubbub.toml:3:7: room.log: \"paper\" is unknown; write \"auto\", \"memory\" or \"durable\""],
    ),
    (
        "[[room]]\nmatch = \"a\"\npresence = \"maybe\"",
        &["hubbub.toml:3:12: room.presence: \"maybe\" is unknown; write \"list\", \"count\" or \"off\""],
    ),
    (
        "[[room]]\nmatch = \"a\"\npublish = [\"somebody\"]",
        &[
            "hubbub.toml:3:11: room.publish: \"somebody\" is nobody we know; write \"anyone\", \"guests\", \"users\", \"owner\" or \"@name\"",
        ],
    ),
    (
        "[[room]]\nlog = \"memory\"",
        &["hubbub.toml:1:1: room.match: every [[room]] needs a name or a pattern: match = \"game-*\""],
    ),
    (
        "[[room]]\nmatch = \"\"",
        &["hubbub.toml:2:9: room.match: a pattern cannot be empty; write \"*\" for every room"],
    ),
    (
        "[[room]]\nmatch = 7",
        &[
            "hubbub.toml:2:9: room.match: 7 is not a string; write a room's name or a pattern such as \"game-*\" or \"@*\", in quotes",
        ],
    ),
    (
        "[room]\nmatch = \"a\"",
        &["hubbub.toml:1:1: room: there may be several of these; write [[room]], with two brackets"],
    ),
    (
        "[turn]\nannounce = [\"198.51.100.7\", \"0.0.0.0\"]\nrelay_ports = \"80-90\"",
        &[
            "hubbub.toml:2:12: turn.announce: nobody is reached at 0.0.0.0; write an address of this server",
            "hubbub.toml:3:15: turn.relay_ports: \"80-90\" are no ports for relays; write two or more from 1024 on, such as \"49152-65535\"",
        ],
    ),
    (
        "[turn]\nrelay_bind = [\"10.0.0.1\", \"::1\", \"10.0.0.2\"]\nhost = \"http://a\"\nrealm = \"\"",
        &[
            "hubbub.toml:2:14: turn.relay_bind: there are 2 addresses of IPv4 and 1 of IPv6; keep at most 1 of each",
            "hubbub.toml:3:8: turn.host: \"http://a\" is no host; write one such as \"turn.example.org\" or \"[2001:db8::7]:3478\"",
            "hubbub.toml:4:9: turn.realm: a realm has 1 to 127 characters and no control characters",
        ],
    ),
    (
        "[turn]\nallow = [\"10.0.0.0/33\"]\ndeny = [\"a\"]\nannounce = [\"a\"]",
        &[
            "hubbub.toml:2:9: turn.allow: \"10.0.0.0/33\" is not an address or a block such as 10.0.0.0/8",
            "hubbub.toml:3:8: turn.deny: \"a\" is not an address or a block such as 10.0.0.0/8",
            "hubbub.toml:4:12: turn.announce: \"a\" is not an address; write one such as \"198.51.100.7\" or \"2001:db8::7\"",
        ],
    ),
    (
        "[turn]\nlifetime = \"2 h\"\nlifetime_max = \"1 h\"\nbandwidth_burst = \"1 MiB\"",
        &[
            "hubbub.toml:3:16: turn.lifetime_max: at least 7200 s and at most 3600 s do not go together; make turn.lifetime less",
            "hubbub.toml:4:19: turn.bandwidth_burst: without turn.bandwidth nothing is counted; set that too",
        ],
    ),
    (
        "[server]\nlisten = [\"127.0.0.1:50000\"]\n[turn]\nenabled = true\nrelay_ports = \"49152-65535\"",
        &[
            "hubbub.toml:5:15: turn.relay_ports: the server listens on 127.0.0.1:50000, which is one of 49152-65535; leave it out",
        ],
    ),
    (
        "[ice]\nsecret = \"0123456789abcdef0123456789abcdef\"\n[turn]\nenabled = true",
        &[
            "hubbub.toml:2:10: ice.secret: it is for the servers in ice.urls, and there are none; this server's own is turn.secret",
        ],
    ),
    (
        "[server]\nlisten = [\"0.0.0.0:3478\"]\n[turn]\nother = \"198.51.100.8:3479\"",
        &[
            "hubbub.toml:4:9: turn.other: 0.0.0.0:3478, the first in server.listen, and 198.51.100.8:3479 are no pair; write two addresses of this machine, both of IPv4 or both of IPv6, with different ports",
        ],
    ),
    (
        "[turn]\nsecret = \"short\"\nold_secrets = \"0123456789abcdef0123456789abcdef\"",
        &[
            "hubbub.toml:2:10: turn.secret: 5 bytes are too few; a secret has at least 32 (RFC 7518 §3.2): make one with `openssl rand -base64 32`",
            "hubbub.toml:3:15: turn.old_secrets: write a list of strings of 32 bytes or more, in square brackets and each in quotes",
        ],
    ),
    (
        "[turn]\nsecret = \"0123456789abcdef0123456789abcdef\"\nsecret_file = \"/dev/null\"",
        &["hubbub.toml:3:15: turn.secret_file: turn.secret is set too; keep one of the two"],
    ),
    (
        "[log]\nlevel = \"infos\"",
        &[
            "hubbub.toml:2:9: log.level: \"infos\" is unknown; write \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\"; did you mean \"info\"?",
        ],
    ),
];

#[test]
fn each_broken_file_is_told_exactly_this() {
    for (text, wanted) in TABLE {
        assert_eq!(problems(text), *wanted, "for the file\n{text}");
    }
}

#[test]
fn all_problems_are_listed_in_the_order_of_the_file() {
    let found = problems("[websocket]\ndeflate = 1\n[access]\nadmit = 7\n[limits]\nrooms = 0\nbytes = 1\n");
    let lines: Vec<_> = found.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(lines, ["hubbub.toml:2:11", "hubbub.toml:4:9", "hubbub.toml:6:9", "hubbub.toml:7:1"]);
}

#[test]
fn bad_syntax_has_its_line() {
    for (text, line) in [
        ("[websocket]\nping_interval = 25\npong_wait = \n", 3),
        ("[limits\n", 1),
        ("a = 1\na = 2\n", 2),
        ("\n\n= 3", 3),
    ] {
        let found = problems(text);
        assert!(found[0].starts_with(&format!("hubbub.toml:{line}:")), "{found:?} for\n{text}");
        assert!(found[0].contains("this is not TOML: "), "{found:?}");
    }
}

#[test]
fn a_column_counts_characters() {
    assert!(problems("[limits]\nrooms = \"é\" # ü\n\"ö\" = 1\n")[1].starts_with("hubbub.toml:3:1: "));
    assert!(problems("limits = { \"öö\" = 1, rooms = 0 }")[0].starts_with("hubbub.toml:1:12: "));
    assert!(problems("limits = { \"öö\" = 1, rooms = 0 }")[1].starts_with("hubbub.toml:1:30: "));
}

/// Text that looks like a configuration often enough to get past the parser.
fn nearly_toml() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "limits",
        "room",
        "access",
        "admit",
        "match",
        "message_bytes",
        "header_timeout",
        "join",
        "[a-z_]{1,8}"
    ];
    let value = prop_oneof![
        "-?[0-9]{1,25}",
        "-?[0-9]{1,3}\\.[0-9]{1,3}(e[0-9]{1,3})?",
        "\"[^\"\\\\\\x00-\\x1f]{0,12}\"",
        "\"-?[0-9.]{1,30} ?(MiB|d|s|ms|KB|x)?\"",
        "true|inf|nan|-inf|1979-05-27|\\[\\]|\\{\\}",
        "\\[\"[a-z@]{0,5}\", [0-9]\\]",
    ];
    let line = prop_oneof![
        name.clone().prop_map(|name| format!("[{name}]")),
        name.clone().prop_map(|name| format!("[[{name}]]")),
        (name, value).prop_map(|(name, value)| format!("{name} = {value}")),
        "[ -~é]{0,20}",
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in nearly_toml()) {
        _ = read(&text);
    }

    #[test]
    fn no_bytes_make_it_panic(text in any::<String>()) {
        _ = read(&text);
    }
}
