//! Words that must not stand in the repository.

use super::{Fault, Source};

/// Where work that is not done is hidden. Written in two parts, so that this file does not break its own rule.
const UNDONE: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Folders of one machine.
const PRIVATE: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Use", "rs/"), concat!("/wo", "rk/")];

/// The only places that lock files may name.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM: &str = "https://registry.npmjs.org/";

/// Words of `source` that must go.
pub(crate) fn check(source: &Source) -> Vec<Fault> {
    if is_lock(&source.path) {
        return source.lines().filter_map(|(number, line)| lock_line(&source.path, number, line)).collect();
    }
    source.lines().flat_map(|(number, line)| line_faults(&source.path, number, line)).collect()
}

fn is_lock(path: &str) -> bool {
    path.ends_with("Cargo.lock") || path.ends_with("package-lock.json")
}

fn line_faults(path: &str, number: usize, line: &str) -> Vec<Fault> {
    let undone = UNDONE.iter().filter(|word| holds_word(line, word));
    let undone = undone.map(|word| {
        Fault::new(path, number, "word", format!("{word}: do it, or take it out and open an issue"))
    });
    let private = PRIVATE.iter().filter(|folder| names_folder(line, folder));
    let private = private.map(|folder| {
        Fault::new(path, number, "word", format!("{folder} is a folder of one machine; use a relative path"))
    });
    undone.chain(private).collect()
}

/// Whether `word` stands in `line` by itself.
fn holds_word(line: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_letter) && !line[at + word.len()..].starts_with(is_letter))
}

/// Whether `folder` begins a path in `line`, rather than being part of a longer one or of an address.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.}/".contains(c)))
}

/// A lock file that names another registry than the public one. What is no address is a folder of the project.
fn lock_line(path: &str, number: usize, line: &str) -> Option<Fault> {
    let (key, value) = line.split_once(['=', ':'])?;
    let value = value.trim().trim_end_matches(',').trim_matches('"');
    let public = match key.trim().trim_matches('"') {
        "source" => CRATES_IO,
        "resolved" => NPM,
        _ => return None,
    };
    let mend = format!("{value} is not the public registry; resolve it from there");
    (value.contains("://") && !value.starts_with(public)).then(|| Fault::new(path, number, "registry", mend))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        check(&Source { path: path.into(), text: text.into() }).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn undone_work_is_found() {
        let text = format!("fine\n// {}: later\nlet {}_LIST = 1;", UNDONE[0], UNDONE[0]);
        assert_eq!(
            faults("a.rs", &text),
            [format!("a.rs:2: word: {}: do it, or take it out and open an issue", UNDONE[0])]
        );
    }

    #[test]
    fn folders_of_one_machine_are_found() {
        for folder in PRIVATE {
            assert_eq!(faults("a.sh", &format!("cd {folder}x")).len(), 1, "{folder}");
            assert_eq!(
                faults("a.md", &format!("see https://a.example{folder}x and ${{root}}{folder}y")).len(),
                0,
                "{folder}"
            );
        }
    }

    #[test]
    fn other_registries_in_lock_files_are_found() {
        assert_eq!(faults("Cargo.lock", &format!("source = \"{CRATES_IO}\"")).len(), 0);
        assert_eq!(faults("fuzz/Cargo.lock", "source = \"registry+https://mirror.example/index\"").len(), 1);
        assert_eq!(faults("Cargo.lock", "source = \"git+https://github.com/a/b#c\"").len(), 1);
        assert_eq!(
            faults("web/package-lock.json", &format!("  \"resolved\": \"{NPM}a/-/a-1.tgz\",")).len(),
            0
        );
        assert_eq!(
            faults("web/package-lock.json", "  \"resolved\": \"https://mirror.example/a.tgz\",").len(),
            1
        );
    }
}
