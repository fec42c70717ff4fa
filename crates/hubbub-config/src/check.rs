//! Checks that need more than one setting, or more than a range.

use hubbub_hub::address::NameError;

use crate::Config;
use crate::problem::Problem;

/// All of them. What can be put in its usual form (the domain in small letters) is.
pub(crate) fn all(config: &mut Config, found: &mut Vec<Problem>) {
    config.server.domain.make_ascii_lowercase();
    let checks = [domain, listen, origins, frame_bytes, rules];
    found.extend(checks.iter().flat_map(|check| check(config)));
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
