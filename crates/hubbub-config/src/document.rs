//! What is written from the tables: the annotated file of `hubbub init` and the reference page.

use std::fmt::Write;

use crate::section::{Default, Setting, Sheet};
use crate::value::Kind;
use crate::{Config, RoomRule, Webhook};

const FILE_HEAD: &str = "\
# The configuration of Hubbub. Every setting is here, commented out, at its default:
# take the \"# \" away from what you want to change. `hubbub check` tells what is wrong.
# Sizes are bytes (1048576) or strings (\"1 MiB\"); times are seconds (30) or strings (\"5 min\").
# HUBBUB_SECTION_NAME in the environment wins over this file, and the command line over both.
";

const PAGE_HEAD: &str = "\
# Settings

`hubbub init` writes a file with all of these, and `hubbub check` tells what is wrong with one: the line, the reason and
the mend. A setting is taken from the command line, else from the environment (`HUBBUB_LIMITS_ROOMS` is `rooms` in
`[limits]`; lists with commas), else from the file (`--config`, TOML), else it has its default.

Sizes are numbers of bytes (`1048576`) or strings (`\"1 MiB\"`, `\"64 KiB\"`); times are numbers of seconds (`30`, `0.5`) or strings
(`\"500 ms\"`, `\"30 s\"`, `\"5 min\"`, `\"12 h\"`, `\"7 d\"`). Relative paths begin at the folder the server is started in.

This page is made from the server's own table: `cargo xtask docs` writes it.
";

/// Every sheet, in the order of the file.
fn sheets() -> Vec<&'static Sheet> {
    let mut config = Config::default();
    config
        .sections()
        .iter()
        .map(|section| section.sheet())
        .chain([&Webhook::SHEET, &RoomRule::SHEET])
        .collect()
}

/// Whether there may be any number of these.
fn is_repeated(sheet: &Sheet) -> bool {
    [RoomRule::SHEET.name, Webhook::SHEET.name].contains(&sheet.name)
}

/// The file that `hubbub init` writes: every setting with its description, commented out at its default. Read as it is, it
/// changes nothing.
#[must_use]
pub fn annotated() -> String {
    let mut file = FILE_HEAD.to_owned();
    for sheet in sheets() {
        let is_rule = is_repeated(sheet);
        file.push('\n');
        push_comment(&mut file, &paragraph(sheet.doc));
        file.push_str(&if is_rule {
            format!("# [[{}]]\n", sheet.name)
        } else {
            format!("[{}]\n", sheet.name)
        });
        for setting in sheet.settings {
            push_setting(&mut file, setting, is_rule);
        }
    }
    file
}

/// Settings that a section of which there may be any number must have.
const MUST_BE: &[&str] = &["match", "name", "url"];

fn push_setting(file: &mut String, setting: &Setting, is_rule: bool) {
    file.push('\n');
    push_comment(file, &paragraph(setting.doc));
    push_comment(file, &sentence(setting.kind));
    match setting.default {
        Default::Is(value) => _ = writeln!(file, "# {} = {value}", setting.name()),
        Default::Unset(example) if is_rule && MUST_BE.contains(&setting.name()) => {
            _ = writeln!(file, "# {} = {example}", setting.name())
        }
        // More space, so that it stays a comment where all the others are taken up: it is not the default.
        Default::Unset(example) => {
            _ = writeln!(file, "# Not set. For example:\n#     {} = {example}", setting.name())
        }
    }
}

/// The range as a sentence of its own.
fn sentence(kind: Kind) -> String {
    let range = kind.range();
    let mut letters = range.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("({first}{}.)", letters.as_str())
}

/// The reference page, `docs/settings.md`.
#[must_use]
pub fn reference_page() -> String {
    let mut page = PAGE_HEAD.to_owned();
    for sheet in sheets() {
        let (open, close) = if is_repeated(sheet) { ("[[", "]]") } else { ("[", "]") };
        _ = write!(page, "\n## `{open}{}{close}`\n\n{}\n", sheet.name, paragraph(sheet.doc));
        for setting in sheet.settings {
            _ = write!(
                page,
                "\n### `{}`\n\n{}\n\n{}\n",
                setting.name(),
                paragraph(setting.doc),
                facts(sheet, setting)
            );
        }
    }
    page
}

/// Default, range, variable and flag in one line.
fn facts(sheet: &Sheet, setting: &Setting) -> String {
    let default = match setting.default {
        Default::Is(value) => format!("Default: `{value}`"),
        Default::Unset(example) => format!("Not set by default (for example `{example}`)"),
    };
    let name = setting.name();
    let mut facts = format!("{default} · {}", setting.kind.range());
    if !is_repeated(sheet) {
        _ = write!(facts, " · `HUBBUB_{}_{}`", sheet.name.to_uppercase(), name.to_uppercase());
    }
    if sheet.name == "server" && ["listen", "data", "domain", "workers"].contains(&name) {
        _ = write!(facts, " · `--{name}`");
    }
    facts
}

/// The lines of a description as one.
fn paragraph(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// `text` as comment lines of at most 100 characters.
fn push_comment(file: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > 100 {
            file.push_str(&line);
            file.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    file.push_str(&line);
    file.push('\n');
}
