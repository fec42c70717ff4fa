//! The load generator as a program: run, and judged by what it prints.

use std::process::{Command, Output};

/// Runs a scenario, the first of `options`, against `url`. What does not come within a second does not come.
pub(crate) fn load(url: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hubbub-load"))
        .args(["--json", options[0], "--patience=1", "--waiting=sleep", "--url", url])
        .args(&options[1..])
        .output()
        .unwrap()
}

/// The run has found nothing wrong; what it printed.
pub(crate) fn passed(output: &Output) -> String {
    assert!(output.status.success(), "{}", complaint(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The run has failed, with this in its complaint, and has printed no figures.
pub(crate) fn failed(output: &Output, complaint_has: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", complaint(output));
    assert!(output.stdout.is_empty(), "a failed run must not print figures");
    assert!(complaint(output).contains(complaint_has), "{}", complaint(output));
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
