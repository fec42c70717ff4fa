//! Every package and every file says what it is.

use super::edges::Package;
use super::{Fault, Source};

/// Packages without a description.
pub(crate) fn check_packages(packages: &[Package]) -> Vec<Fault> {
    let mute =
        packages.iter().filter(|package| package.description.as_deref().unwrap_or_default().is_empty());
    mute.map(|package| {
        Fault::new(
            &package.manifest_path,
            1,
            "header",
            "add `description = \"…\"`: what is this package for?",
        )
    })
    .collect()
}

/// A Rust file that does not begin with `//!` (attributes may stand before it).
pub(crate) fn check(source: &Source) -> Vec<Fault> {
    if !source.is(&["rs"]) {
        return Vec::new();
    }
    let mut lines = source.text.lines().skip_while(|line| line.is_empty() || line.starts_with("#!"));
    match lines.next() {
        Some(line) if line.starts_with("//!") => Vec::new(),
        _ => vec![Fault::new(
            &source.path,
            1,
            "header",
            "begin the file with `//!` and a line that says what it holds",
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        check(&Source { path: path.into(), text: text.into() }).len()
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(faults("a.rs", "use std::fs;\n"), 1);
        assert_eq!(faults("a.rs", "// What.\n"), 1);
        assert_eq!(faults("a.rs", ""), 1);
        assert_eq!(faults("a.rs", "//! What.\n"), 0);
        assert_eq!(faults("a.rs", "#![no_main]\n//! What.\n"), 0);
        assert_eq!(faults("a.py", "import os\n"), 0);
    }

    #[test]
    fn a_package_without_a_description_is_found() {
        let package = |description: &str| {
            serde_json::from_str(&format!("{{\"name\":\"a\",\"manifest_path\":\"a/Cargo.toml\",\"dependencies\":[],\"description\":{description}}}")).unwrap()
        };
        assert_eq!(check_packages(&[package("null")]).len(), 1);
        assert_eq!(check_packages(&[package("\"\"")]).len(), 1);
        assert_eq!(check_packages(&[package("\"What.\"")]).len(), 0);
    }
}
