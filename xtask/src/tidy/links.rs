//! Links from one page to another must lead somewhere.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::{Fault, Source};

/// Every relative link in a Markdown file whose file or heading is not there.
pub(crate) fn check(root: &Path, sources: &[Source]) -> Vec<Fault> {
    let pages: BTreeMap<_, _> =
        sources.iter().filter(|source| source.is(&["md"])).map(|page| (page.path.as_str(), page)).collect();
    let there = |path: &str| root.join(path).exists();
    pages.values().flat_map(|page| page_faults(page, &pages, &there)).collect()
}

fn page_faults(page: &Source, pages: &BTreeMap<&str, &Source>, there: &dyn Fn(&str) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, target) in links(page) {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = if file.is_empty() { page.path.clone() } else { resolve(&page.path, file) };
        if !there(&path) {
            faults.push(Fault::new(
                &page.path,
                number,
                "link",
                format!("there is no {path}; mend the link or write the page"),
            ));
        } else if let Some(page_there) = pages.get(path.as_str())
            && !anchor.is_empty()
            && !anchors(page_there).any(|known| known == anchor)
        {
            faults.push(Fault::new(
                &page.path,
                number,
                "link",
                format!("{path} has no heading #{anchor}; mend the link"),
            ));
        }
    }
    faults
}

/// Lines outside of fenced code.
fn prose(page: &Source) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    page.lines().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The targets of inline links that are no addresses elsewhere.
fn links(page: &Source) -> impl Iterator<Item = (usize, &str)> {
    let targets = prose(page).flat_map(|(number, line)| {
        let afters = line.match_indices("](").map(move |(at, _)| &line[at + 2..]);
        afters.filter_map(move |after| Some((number, after.split_once(')')?.0)))
    });
    targets.filter(|(_, target)| {
        !target.contains("://") && !target.starts_with("mailto:") && !target.starts_with('/')
    })
}

/// `file` as seen from the folder of `page`.
fn resolve(page: &str, file: &str) -> String {
    let joined = Path::new(page).parent().unwrap_or(Path::new("")).join(file);
    let mut parts = Vec::new();
    for part in joined.components() {
        match part {
            Component::ParentDir => _ = parts.pop(),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    parts.join("/")
}

/// The anchors of the headings, made as GitHub makes them: small letters, hyphens for spaces, no punctuation.
fn anchors(page: &Source) -> impl Iterator<Item = String> {
    let headings = prose(page)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| line.trim_start_matches('#').trim());
    headings.map(|heading| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let sources = [("docs/a.md", text), ("b.md", "# Some `code`, and more\n")];
        let sources = sources.map(|(path, text)| Source { path: path.into(), text: text.into() });
        let pages = sources.iter().map(|page| (page.path.as_str(), page)).collect();
        let there = |path: &str| ["docs/a.md", "b.md", "src"].contains(&path);
        page_faults(&sources[0], &pages, &there).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(
            faults("x\n[c](c.md)"),
            ["docs/a.md:2: link: there is no docs/c.md; mend the link or write the page"]
        );
        assert_eq!(
            faults("[b](../b.md#nothing)"),
            ["docs/a.md:1: link: b.md has no heading #nothing; mend the link"]
        );
        assert_eq!(faults("[b](b.md) [here](#there)").len(), 2);
    }

    #[test]
    fn links_that_lead_somewhere_are_left() {
        assert_eq!(faults("# Top\n[b](../b.md#some-code-and-more) [src](../src) [top](#top)"), [""; 0]);
        assert_eq!(
            faults("[x](https://a.example/b.md) [m](mailto:a@b.example)\n```\n[c](c.md)\n```"),
            [""; 0]
        );
    }
}
