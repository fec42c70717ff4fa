//! What was found, written for people: section by section, a line for each check, and below it what to do.

use std::io::{self, IsTerminal, Write};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// It may be meant so. Somebody should know of it.
    Note,
    /// Something does not work, or is not safe.
    Wrong,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Wrong => "wrong",
        }
    }

    /// Its colour on a terminal (ECMA-48, SGR).
    fn colour(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Note => "33",
            Self::Wrong => "31;1",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// What was looked at.
    pub(super) what: String,
    /// What was seen.
    pub(super) seen: String,
    /// What to do about it.
    pub(super) advice: Option<String>,
}

impl Finding {
    /// It is as it should be.
    pub(super) fn good(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, what: what.into(), seen: seen.into(), advice: None }
    }

    /// It may be meant so.
    pub(super) fn note(what: impl Into<String>, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { verdict: Verdict::Note, what: what.into(), seen: seen.into(), advice }
    }

    /// It is wrong.
    pub(super) fn wrong(what: impl Into<String>, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Wrong, ..Self::note(what, seen, advice) }
    }
}

/// The sheet that findings are written on, and the sums of them.
pub(super) struct Report<W> {
    out: W,
    coloured: bool,
    counts: [usize; 3],
}

impl Report<io::Stdout> {
    /// On the standard output: in colours if that is a terminal, unless `NO_COLOR` is set.
    pub(super) fn to_stdout() -> Self {
        let out = io::stdout();
        let coloured = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self::new(out, coloured)
    }
}

impl<W: Write> Report<W> {
    fn new(out: W, coloured: bool) -> Self {
        Self { out, coloured, counts: [0; 3] }
    }

    /// Writes a section at once: the next may take a while.
    pub(super) fn section(&mut self, title: &str, findings: &[Finding]) -> io::Result<()> {
        let blank = if self.counts == [0; 3] { "" } else { "\n" };
        let title = self.paint("1", title);
        writeln!(self.out, "{blank}{title}")?;
        let width = findings.iter().map(|finding| finding.what.chars().count()).max().unwrap_or_default();
        for finding in findings {
            self.line(finding, width)?;
        }
        self.out.flush()
    }

    fn line(&mut self, finding: &Finding, width: usize) -> io::Result<()> {
        let Finding { verdict, what, seen, advice } = finding;
        self.counts[*verdict as usize] += 1;
        let word = self.paint(verdict.colour(), &format!("{:5}", verdict.word()));
        writeln!(self.out, "  {word}  {what:width$}  {seen}")?;
        match advice {
            Some(advice) => writeln!(self.out, "         → {advice}"),
            None => Ok(()),
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Writes the sums, and gives how many findings are wrong.
    pub(super) fn end(mut self) -> io::Result<usize> {
        let [good, notes, wrong] = self.counts;
        writeln!(self.out, "\n{good} ok, {notes} to note, {wrong} wrong")?;
        self.out.flush()?;
        Ok(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(coloured: bool) -> (String, usize) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, coloured);
        report.section("One", &[Finding::good("short", "a"), Finding::note("longer", "b", "do c")]).unwrap();
        report.section("Two", &[Finding::wrong("x", "y", "do z")]).unwrap();
        let wrong = report.end().unwrap();
        (String::from_utf8(out).unwrap(), wrong)
    }

    #[test]
    fn a_table_with_what_to_do_and_sums() {
        let (text, wrong) = written(false);
        assert_eq!(
            text,
            "One\n  ok     short   a\n  note   longer  b\n         → do c\n\nTwo\n  wrong  x  y\n         → do z\n\n\
             1 ok, 1 to note, 1 wrong\n"
        );
        assert_eq!(wrong, 1);
    }

    #[test]
    fn colours_change_no_width() {
        let (text, _) = written(true);
        assert!(text.contains("\x1b[31;1mwrong\x1b[0m  x  y"), "{text}");
        assert!(text.contains("\x1b[32mok   \x1b[0m  short   a"), "{text}");
    }
}
