//! What is written from the tables.

use hubbub_config::{Config, annotated, reference_page};

use crate::read;

/// All that a configuration says, but where it was said.
fn content(config: &Config) -> String {
    let c = config;
    format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        c.server,
        c.access,
        c.token,
        c.limits,
        c.http,
        c.websocket,
        c.ice,
        c.turn,
        c.history,
        c.store,
        c.presence,
        c.log,
        c.api,
        c.webhooks,
        c.rooms
    )
}

#[test]
fn the_annotated_file_changes_nothing() {
    assert_eq!(content(&read(&annotated()).unwrap()), content(&Config::default()));
}

/// As an editor would do it: `# name = value` becomes `name = value`, `# [[room]]` becomes `[[room]]`.
#[test]
fn its_settings_taken_up_change_nothing_but_add_a_rule_at_the_defaults() {
    let is_name = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let taken_up = |line: &str| match line.strip_prefix("# ") {
        Some(rest)
            if rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(name, _)| is_name(name)) =>
        {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    let text: Vec<_> = annotated().lines().map(taken_up).collect();
    let mut config = read(&text.join("\n")).unwrap();
    let rule = config.rooms.pop().unwrap();
    assert_eq!((rule.r#match.as_str(), rule.history_count), ("*", 1000));
    let webhook = config.webhooks.pop().unwrap();
    assert_eq!((webhook.name.as_str(), webhook.events.len(), webhook.parallel), ("app", 4, 16));
    assert_eq!(content(&config), content(&Config::default()));
    assert!(text.iter().filter(|line| !line.starts_with('#')).count() > 50);
}

#[test]
fn every_setting_of_the_annotated_file_is_explained() {
    let file = annotated();
    let lines: Vec<_> = file.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 100));
    for (above, line) in
        lines.iter().zip(&lines[1..]).filter(|(_, line)| line.contains(" = ") && !line.contains('('))
    {
        assert!(above.starts_with("# "), "no word about {line}");
    }
}

#[test]
fn the_reference_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == reference_page(),
        "docs/settings.md is out of date; `cargo xtask docs` writes it anew"
    );
}
