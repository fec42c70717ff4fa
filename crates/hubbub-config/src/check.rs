//! Checks that need more than one setting, or more than a range.

mod turn;

use std::cmp::Ordering;

use hubbub_hub::address::NameError;

use crate::problem::{Problem, did_you_mean};
use crate::sections::TOO_SHORT;
use crate::{Admit, Config, IceUrl, Webhook};

/// All of them. What can be put in its usual form (the domain in small letters) is.
pub(crate) fn all(config: &mut Config, found: &mut Vec<Problem>) {
    config.server.domain.make_ascii_lowercase();
    let checks =
        [domain, listen, certificates, origins, frame_bytes, rules, webhooks, named_webhooks, register, ice];
    found.extend(checks.iter().flat_map(|check| check(config)));
    found.extend(turn::check(config));
    found.extend(tracker(config));
}

fn domain(config: &Config) -> Vec<Problem> {
    let domain = &config.server.domain;
    if is_host_name(domain) {
        return Vec::new();
    }
    let reason = format!(
        "\"{domain}\" is not a host name; write one such as \"chat.example.org\" (international names in their xn-- form)"
    );
    vec![Problem::new(&config.place("server.domain"), "server.domain", reason)]
}

/// RFC 1123 §2.1: labels of letters, digits and inner hyphens. 240 bytes leave room for `guest.` in front.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let inner = !label.starts_with('-') && !label.ends_with('-');
        inner
            && (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= 240 && text.split('.').all(is_label)
}

fn listen(config: &Config) -> Vec<Problem> {
    if !config.server.listen.is_empty() {
        return Vec::new();
    }
    let reason = "there must be at least one address; write [\"127.0.0.1:8080\"]";
    vec![Problem::new(&config.place("server.listen"), "server.listen", reason)]
}

/// Every certificate has its key, and every key its certificate.
fn certificates(config: &Config) -> Vec<Problem> {
    let (certificates, keys) = (config.tls.certificate_files.len(), config.tls.key_files.len());
    let (setting, missing) = match certificates.cmp(&keys) {
        Ordering::Equal => return Vec::new(),
        Ordering::Less => ("tls.key_files", "certificate_files"),
        Ordering::Greater => ("tls.certificate_files", "key_files"),
    };
    let reason = format!(
        "there are {certificates} files of certificates and {keys} of keys; name the key of each certificate at the same \
         place: {missing} has too few"
    );
    vec![Problem::new(&config.place(setting), setting, reason)]
}

fn origins(config: &Config) -> Vec<Problem> {
    let wrong = config.http.origins.iter().filter(|origin| !is_origin(origin));
    let place = config.place("http.origins");
    wrong
        .map(|origin| {
            let reason = format!("\"{origin}\" is not an origin; write scheme, host and port only, such as \"https://app.example.org\"");
            Problem::new(&place, "http.origins", reason)
        })
        .collect()
}

/// An origin as browsers send it (RFC 6454 §6.2): `scheme://host[:port]` without a path; `*`; or `null`, which opaque origins send.
fn is_origin(text: &str) -> bool {
    let is_serialized = |(scheme, rest): (&str, &str)| {
        let scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        scheme && !rest.is_empty() && !rest.contains(['/', '?', '#', '@', '*', ' '])
    };
    text == "*" || text == "null" || text.split_once("://").is_some_and(is_serialized)
}

fn frame_bytes(config: &Config) -> Vec<Problem> {
    let limits = &config.limits;
    match limits.frame_bytes {
        Some(frame) if frame > limits.message_bytes => {
            let reason = format!(
                "a frame of {frame} bytes cannot be part of a message of at most {}; make it that or less",
                limits.message_bytes
            );
            vec![Problem::new(&config.place("limits.frame_bytes"), "limits.frame_bytes", reason)]
        }
        _ => Vec::new(),
    }
}

fn rules(config: &Config) -> Vec<Problem> {
    let wrong =
        config.rooms.iter().enumerate().filter_map(|(number, rule)| Some((number, rule.pattern().err()?)));
    wrong
        .map(|(number, error)| (config.place(&format!("room[{number}].match")), error))
        .filter(|(place, _)| *place != crate::Place::Nowhere)
        .map(|(place, error)| match error {
            NameError::Empty => {
                Problem::new(&place, "room.match", "a pattern cannot be empty; write \"*\" for every room")
            }
            _ => Problem::new(&place, "room.match", format!("no room can match this pattern: {error}")),
        })
        .collect()
}

/// Who lets people make accounts has to have accounts.
fn register(config: &Config) -> Vec<Problem> {
    let refuses = |ways: &Vec<Admit>| !ways.contains(&Admit::Accounts);
    let reason = match () {
        () if !config.xmpp.register => return Vec::new(),
        () if config.server.data.is_none() => "accounts are kept on disk; set server.data",
        () if config.access.admit.as_ref().is_some_and(refuses) => {
            "accounts are not let in; add \"accounts\" to access.admit"
        }
        () => return Vec::new(),
    };
    vec![Problem::new(&config.place("xmpp.register"), "xmpp.register", reason)]
}

/// TURN servers have one kind of credentials, and that whole.
fn ice(config: &Config) -> Vec<Problem> {
    let own = &config.ice;
    let (minted, name, password) = (own.secret.is_some(), own.username.is_some(), own.password.is_some());
    let wants = own.urls.iter().any(IceUrl::is_turn);
    let (setting, reason) = match () {
        () if name && !password => ("ice.username", "it needs a password; set ice.password"),
        () if password && !name => ("ice.password", "it needs a name; set ice.username"),
        () if minted && name => ("ice.username", "there is a secret too; keep one of the two"),
        // What is wrong with its file has been told.
        () if wants && !minted && !name && own.secret_file.is_none() => {
            ("ice.urls", "TURN servers want credentials; set ice.secret, or ice.username and ice.password")
        }
        () => return Vec::new(),
    };
    vec![Problem::new(&config.place(setting), setting, reason)]
}

fn tracker(config: &Config) -> Option<Problem> {
    if config.tracker.keeps_peers() {
        return None;
    }
    Some(Problem::new(&config.place("tracker.peer_timeout"), "tracker.peer_timeout", TOO_SHORT))
}

/// Names that differ, addresses that can be ones, and no question that outlasts who waits for it.
fn webhooks(config: &Config) -> Vec<Problem> {
    let mut found = Vec::new();
    for (number, webhook) in config.webhooks.iter().enumerate() {
        let mut wrong = |setting: &str, reason: String| {
            let place = config.place(&format!("webhook[{number}].{setting}"));
            // What is missing has been told.
            if place != crate::Place::Nowhere || setting == "timeout" {
                found.push(Problem::new(&place, format!("webhook.{setting}"), reason));
            }
        };
        let Webhook { name, url, timeout, .. } = webhook;
        if name.is_empty() || config.webhooks[..number].iter().any(|other| other.name == *name) {
            wrong("name", format!("\"{name}\" is no name of its own; give each [[webhook]] another"));
        }
        if !is_http(url) {
            let mend = "write one such as \"http://127.0.0.1:3000/hubbub\"";
            wrong(
                "url",
                format!("\"{url}\" is no http or https address without a user and a fragment; {mend}"),
            );
        }
        let most = config.limits.answer_timeout;
        if *timeout > most {
            let (timeout, most) = (timeout.as_secs_f64(), most.as_secs_f64());
            let reason = format!(
                "{timeout} s are longer than anybody waits; make it at most limits.answer_timeout, {most} s"
            );
            wrong("timeout", reason);
        }
    }
    found
}

/// `http://host[:port][/path]` (RFC 9110 §4.2).
fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let printable = url.bytes().all(|b| b.is_ascii_graphic());
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        printable && !host.is_empty() && !host.starts_with(':') && !rest.contains(['#', '@'])
    })
}

/// Whoever names an application names one that is there.
fn named_webhooks(config: &Config) -> Vec<Problem> {
    let rules = config.rooms.iter().enumerate();
    let rooms = rules
        .filter_map(|(number, rule)| Some(("room", format!("room[{number}]"), rule.webhook.as_deref()?)));
    let main = config.socketio.webhook.as_deref().map(|name| ("socketio", "socketio".to_owned(), name));
    let unknown = rooms.chain(main).filter(|(.., name)| config.webhook(name).is_none());
    unknown
        .map(|(section, place, name)| {
            let hint = did_you_mean(name, config.webhooks.iter().map(|webhook| webhook.name.as_str()));
            let reason = format!(
                "there is no [[webhook]] called \"{name}\"; write one with this name and a url{hint}"
            );
            Problem::new(&config.place(&format!("{place}.webhook")), format!("{section}.webhook"), reason)
        })
        .collect()
}
