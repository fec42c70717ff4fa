//! The pages that are generated.

use std::fs;
use std::path::Path;

use crate::Outcome;

/// Every generated page: its path and what it should say.
pub(crate) fn pages() -> [(&'static str, String); 1] {
    [("docs/settings.md", hubbub_config::reference_page())]
}

/// Writes them all.
pub(crate) fn write(root: &Path) -> Outcome {
    for (path, text) in pages() {
        fs::write(root.join(path), text).map_err(|why| format!("{path} cannot be written: {why}"))?;
        println!("wrote {path}");
    }
    Ok(true)
}
