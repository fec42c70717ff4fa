//! The total that `make test` prints is only as good as its reading of each runner's summary.

#![expect(clippy::unwrap_used, reason = "helpers of tests too may unwrap")]

use std::process::Command;

/// What `scripts/count.sh` makes of this log.
fn count(log: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let file = std::env::temp_dir().join(format!("hubbub-count-{}-{}", std::process::id(), log.len()));
    std::fs::write(&file, log).unwrap();
    let output = Command::new("bash")
        .args(["-c", "source scripts/count.sh; count_tests \"$1\"", "bash"])
        .arg(&file)
        .current_dir(root)
        .output()
        .unwrap();
    std::fs::remove_file(file).unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn every_runner_is_understood() {
    for (log, counts) in [
        (
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured\ntest result: FAILED. 4 passed; 2 failed;",
            "16 2",
        ),
        (" Test Files  1 failed | 2 passed (3)\n      Tests  1 failed | 11 passed (12)", "11 1"),
        (
            "python: 7 passed, 1 failed, 0 skipped\nnode: 5 passed, 0 failed, 0 skipped\n12 passed, 1 failed",
            "12 1",
        ),
        ("12 passed, 0 failed, 2 skipped", "12 0"),
        ("nothing was run", "0 0"),
        (
            "test result: ok. 1 passed; 0 failed\ntest result: ok. 2 passed; 0 failed\n      Tests  3 passed (3)\n4 passed, 0 failed",
            "10 0",
        ),
    ] {
        assert_eq!(count(log), counts, "{log}");
    }
}
