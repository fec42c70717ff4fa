//! The configuration as an operator meets it.

#![expect(clippy::unwrap_used, reason = "helpers of tests too may unwrap")]

mod broken;
mod documents;
mod meaning;
mod sources;
mod startup;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use hubbub_config::{Config, Flags, Problems, load};

/// A file with this text, in a folder of its own.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("hubbub-config-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        Self(file)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// Reads a file with this text, and nothing else.
fn read(text: &str) -> Result<Config, Problems> {
    let file = TempFile::new("hubbub.toml", text);
    load(Some(file.path()), std::iter::empty(), Flags::default())
}

/// What is wrong with a file with this text, without the folder in front of its name.
fn problems(text: &str) -> Vec<String> {
    let Err(Problems(found)) = read(text) else { return Vec::new() };
    found
        .iter()
        .map(|problem| problem.to_string())
        .map(|line| {
            line.split_once("hubbub.toml").map_or(line.clone(), |(_, rest)| format!("hubbub.toml{rest}"))
        })
        .collect()
}
