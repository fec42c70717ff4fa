//! Functions that fit the eye, files that fit the head. Tests do not count.

use super::{Fault, Source};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 800;

/// Files and functions that are allowed to be longer, with their length: they may shrink, never grow. None is, so far.
const RATCHET: &[(&str, usize)] = &[];

/// What is too long in `source`.
pub(crate) fn check(source: &Source) -> Vec<Fault> {
    if source.is_test() || !source.is(&["rs", "ts", "tsx", "js", "mjs", "py", "css", "sh"]) {
        return Vec::new();
    }
    let lines = without_tests(source);
    let file = (lines.len() > allowed(&source.path, FILE_LINES_MAX)).then(|| {
        let mend = format!(
            "{} lines without tests; split it at {FILE_LINES_MAX}, by what its parts are about",
            lines.len()
        );
        Fault::new(&source.path, 1, "size", mend)
    });
    file.into_iter()
        .chain(if source.is(&["rs"]) { long_functions(source, &lines) } else { Vec::new() })
        .collect()
}

fn allowed(name: &str, limit: usize) -> usize {
    RATCHET.iter().find(|(known, _)| *known == name).map_or(limit, |(_, length)| *length)
}

/// The numbered lines outside `#[cfg(test)] mod … { … }`. rustfmt puts the closing brace at the indent of the opening line.
fn without_tests(source: &Source) -> Vec<(usize, &str)> {
    let mut kept = Vec::new();
    let mut lines = source.lines().peekable();
    while let Some((number, line)) = lines.next() {
        let opens = lines
            .peek()
            .is_some_and(|(_, next)| next.trim_start().starts_with("mod ") && next.ends_with('{'));
        if line.trim() != "#[cfg(test)]" || !opens {
            kept.push((number, line));
            continue;
        }
        let end = format!("{}}}", indent(line));
        lines.by_ref().find(|(_, line)| *line == end);
    }
    kept
}

fn long_functions(source: &Source, lines: &[(usize, &str)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, (number, line)) in lines.iter().enumerate().filter(|(_, (_, line))| is_function(line)) {
        let end = format!("{}}}", indent(line));
        // A body on one line, or none at all, ends before any such brace could.
        let body = &lines[index..];
        let opened =
            body.iter().position(|(_, line)| line.ends_with('{') || line.ends_with(['}', ';'])).unwrap_or(0);
        if !body[opened].1.ends_with('{') {
            continue;
        }
        let length = body.iter().position(|(_, line)| *line == end).map_or(body.len(), |last| last + 1);
        let name = function_name(line);
        if length > allowed(name, FUNCTION_LINES_MAX) {
            let mend = format!(
                "{name} has {length} lines; split it at {FUNCTION_LINES_MAX}, by what its steps are called"
            );
            faults.push(Fault::new(&source.path, *number, "size", mend));
        }
    }
    faults
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

fn is_function(line: &str) -> bool {
    let code = line.trim_start();
    let words = ["pub(crate) ", "pub(super) ", "pub ", "const ", "async ", "unsafe ", "extern \"C\" "];
    let bare = words.iter().fold(code, |code, word| code.strip_prefix(word).unwrap_or(code));
    bare.starts_with("fn ")
}

fn function_name(line: &str) -> &str {
    let after = line.split_once("fn ").map_or("", |(_, after)| after);
    after.split(['(', '<']).next().unwrap_or(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: String) -> Vec<Fault> {
        check(&Source { path: "crates/a/src/b.rs".into(), text })
    }

    fn function(lines: usize) -> String {
        format!(
            "impl A {{\n    pub(crate) async fn long<T>(\n        a: T,\n    ) {{\n{}    }}\n}}\n",
            "        b();\n".repeat(lines - 4)
        )
    }

    #[test]
    fn a_long_function_is_found() {
        assert_eq!(faults(function(70)), []);
        let found = faults(function(71));
        assert_eq!(
            found[0].to_string(),
            "crates/a/src/b.rs:2: size: long has 71 lines; split it at 70, by what its steps are called"
        );
    }

    #[test]
    fn short_forms_are_not_taken_for_long_ones() {
        let text =
            format!("trait A {{\n    fn a(&self);\n    fn b(&self) {{}}\n{}}}\n", "    // c\n".repeat(100));
        assert_eq!(faults(text), []);
    }

    #[test]
    fn a_long_file_is_found_and_tests_do_not_count() {
        let lines = "const A: u8 = 1;\n".repeat(800);
        assert_eq!(faults(format!("{lines}#[cfg(test)]\nmod tests {{\n{}}}\n", "    // d\n".repeat(50))), []);
        let found = faults(format!("{lines}const B: u8 = 1;\n"));
        assert_eq!(
            found[0].to_string(),
            "crates/a/src/b.rs:1: size: 801 lines without tests; split it at 800, by what its parts are about"
        );
    }
}
