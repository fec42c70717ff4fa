//! What no compiler checks. Each rule is a function from what is there to what is wrong with it, with tests that it fails
//! on a bad example.

mod edges;
mod headers;
mod links;
mod sizes;
mod words;

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, docs};

/// One thing that is wrong: where, which rule it breaks, what to do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    path: String,
    line: usize,
    rule: &'static str,
    mend: String,
}

impl Fault {
    fn new(path: &str, line: usize, rule: &'static str, mend: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, mend: mend.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.mend)
    }
}

/// A text file of the repository, by its path from the top.
#[derive(Debug)]
pub(crate) struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Its lines, numbered from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn is(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// Whether it holds nothing but tests.
    fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.contains("/test/")
    }
}

/// Checks everything and says what is wrong.
pub(crate) fn run(root: &Path) -> Outcome {
    let sources = sources(root)?;
    let packages = edges::packages(root)?;
    let mut faults = edges::check(&packages);
    faults.extend(headers::check_packages(&packages));
    for source in &sources {
        faults.extend(edges::check_unsafe(source));
        faults.extend(headers::check(source));
        faults.extend(sizes::check(source));
        faults.extend(words::check(source));
    }
    faults.extend(links::check(root, &sources));
    faults.extend(generated(root));
    faults.sort();
    for fault in &faults {
        println!("{fault}");
    }
    println!("tidy: {} files, {} packages, {} faults", sources.len(), packages.len(), faults.len());
    Ok(faults.is_empty())
}

/// Every text file that is in the repository or about to be.
fn sources(root: &Path) -> Result<Vec<Source>, String> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git")
        .args(list)
        .current_dir(root)
        .output()
        .map_err(|why| format!("git cannot be run: {why}"))?;
    if !listed.status.success() {
        return Err(format!("git ls-files failed: {}", String::from_utf8_lossy(&listed.stderr)));
    }
    let paths = String::from_utf8_lossy(&listed.stdout);
    let read =
        |path: &str| Some(Source { path: path.to_owned(), text: fs::read_to_string(root.join(path)).ok()? });
    Ok(paths.split('\0').filter(|path| !path.is_empty()).filter_map(read).collect())
}

/// Generated pages must be as they would be written now.
fn generated(root: &Path) -> Vec<Fault> {
    let stale = docs::pages()
        .into_iter()
        .filter(|(path, text)| fs::read_to_string(root.join(path)).ok().as_ref() != Some(text));
    stale.map(|(path, _)| Fault::new(path, 1, "generated", "out of date; run `cargo xtask docs`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_missing_or_old_is_found() {
        let root = std::env::temp_dir().join(format!("xtask-pages-{}", std::process::id()));
        fs::create_dir_all(root.join("docs")).unwrap();
        assert_eq!(generated(&root).len(), 1);
        fs::write(root.join("docs/settings.md"), "old").unwrap();
        assert_eq!(
            generated(&root)[0].to_string(),
            "docs/settings.md:1: generated: out of date; run `cargo xtask docs`"
        );
        docs::write(&root).unwrap();
        assert_eq!(generated(&root), []);
        fs::remove_dir_all(root).unwrap();
    }
}
