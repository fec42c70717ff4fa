//! Reads the file: TOML, every key with its line.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::load::{put, put_defaults};
use crate::problem::{Place, Problem, did_you_mean};
use crate::section::Section;
use crate::value::Written;
use crate::{Config, RoomRule, Webhook};

/// The text being read, to tell where in it something is.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    /// Where `span` begins, counted in lines and characters.
    fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        Place::File(self.path.to_owned(), line, column)
    }
}

/// Reads `text` into `config`, which has the defaults; what is wrong goes to `found`.
pub(crate) fn read(config: &mut Config, path: &Path, text: &str, found: &mut Vec<Problem>) {
    let source = Source { path, text };
    let (table, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        found.extend(faults.iter().map(|fault| syntax(source, fault)));
        return;
    }
    for (key, value) in table.get_ref() {
        let name = key.get_ref().as_ref();
        if name == RoomRule::SHEET.name {
            read_each(source, name, value, found, |span, table, found| {
                read_rule(config, source, span, table, found)
            });
        } else if name == Webhook::SHEET.name {
            read_each(source, name, value, found, |span, table, found| {
                read_webhook(config, source, span, table, found)
            });
        } else {
            read_section(config, source, name, &key.span(), value, found);
        }
    }
}

fn syntax(source: Source<'_>, fault: &toml::de::Error) -> Problem {
    let place = fault.span().map_or(Place::Nowhere, |span| source.place(span));
    Problem::new(&place, "", format!("this is not TOML: {}", fault.message()))
}

fn read_section(
    config: &mut Config,
    source: Source<'_>,
    name: &str,
    at: &Range<usize>,
    value: &Spanned<DeValue<'_>>,
    found: &mut Vec<Problem>,
) {
    let mut places = Vec::new();
    let mut sections = config.sections();
    let Some(section) = sections.iter_mut().find(|section| section.sheet().name == name) else {
        let names = sections
            .iter()
            .map(|section| section.sheet().name)
            .chain([Webhook::SHEET.name, RoomRule::SHEET.name]);
        let hint = did_you_mean(name, names);
        return found.push(Problem::new(
            &source.place(at.clone()),
            name,
            format!("there is no such section{hint}"),
        ));
    };
    match value.get_ref() {
        DeValue::Table(table) => read_table(*section, source, table, &mut places, found),
        _ => {
            let reason = format!("this is a section; write [{name}] on a line of its own");
            found.push(Problem::new(&source.place(at.clone()), name, reason));
        }
    }
    config.places.extend(places.into_iter().map(|(setting, place)| (format!("{name}.{setting}"), place)));
}

fn read_table(
    section: &mut dyn Section,
    source: Source<'_>,
    table: &DeTable<'_>,
    places: &mut Vec<(&'static str, Place)>,
    found: &mut Vec<Problem>,
) {
    let sheet = section.sheet();
    for (key, value) in table {
        let (name, place) = (key.get_ref().as_ref(), source.place(value.span()));
        let full = format!("{}.{name}", sheet.name);
        let Some(setting) = sheet.find(name) else {
            found.push(Problem::new(&source.place(key.span()), full, sheet.unknown(name)));
            continue;
        };
        match put(section, setting, Written::Toml(value.get_ref())) {
            Ok(()) => places.push((setting.name(), place)),
            Err(reason) => found.push(Problem::new(&place, full, reason)),
        }
    }
}

/// The tables of a section that may be there any number of times.
fn read_each(
    source: Source<'_>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
    found: &mut Vec<Problem>,
    mut read: impl FnMut(&Range<usize>, &DeTable<'_>, &mut Vec<Problem>),
) {
    let tables = value
        .get_ref()
        .as_array()
        .map(|tables| tables.iter().map(|one| (one.span(), one.get_ref().as_table())));
    let Some(tables) = tables else {
        let reason = format!("there may be several of these; write [[{name}]], with two brackets");
        return found.push(Problem::new(&source.place(value.span()), name, reason));
    };
    for (span, table) in tables {
        match table {
            Some(table) => read(&span, table, found),
            None => {
                let reason = format!("this is a section; write [[{name}]] on a line of its own");
                found.push(Problem::new(&source.place(span), name, reason));
            }
        }
    }
}

/// One `[[webhook]]`.
fn read_webhook(
    config: &mut Config,
    source: Source<'_>,
    span: &Range<usize>,
    table: &DeTable<'_>,
    found: &mut Vec<Problem>,
) {
    let mut places = Vec::new();
    let mut webhook = Webhook::blank();
    put_defaults(&mut webhook);
    for (name, example) in [("name", "app"), ("url", "http://127.0.0.1:3000/hubbub")] {
        if !table.contains_key(name) {
            let reason = format!("every [[webhook]] needs a {name}: {name} = \"{example}\"");
            found.push(Problem::new(&source.place(span.clone()), format!("webhook.{name}"), reason));
        }
    }
    read_table(&mut webhook, source, table, &mut places, found);
    let number = config.webhooks.len();
    let places = places.into_iter().map(|(setting, place)| (format!("webhook[{number}].{setting}"), place));
    config.places.extend(places);
    config.webhooks.push(webhook);
}

/// One `[[room]]`: the defaults of its kind of room, then what it says.
fn read_rule(
    config: &mut Config,
    source: Source<'_>,
    span: &Range<usize>,
    table: &DeTable<'_>,
    found: &mut Vec<Problem>,
) {
    let mut places = Vec::new();
    let mut rule = RoomRule::blank();
    put_defaults(&mut rule);
    match table.get("match").and_then(|pattern| pattern.get_ref().as_str()) {
        Some(pattern) if pattern.starts_with('@') => rule.close_as_inbox(),
        Some(_) => {}
        None if table.contains_key("match") => {}
        None => {
            let reason = "every [[room]] needs a name or a pattern: match = \"game-*\"";
            found.push(Problem::new(&source.place(span.clone()), "room.match", reason));
        }
    }
    read_table(&mut rule, source, table, &mut places, found);
    let number = config.rooms.len();
    config
        .places
        .extend(places.into_iter().map(|(setting, place)| (format!("room[{number}].{setting}"), place)));
    config.rooms.push(rule);
}
