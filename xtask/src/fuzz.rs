//! Builds every fuzz target and runs each for a while, from the seeds in `fuzz/seeds/TARGET`.
//!
//! cargo-fuzz wants a nightly compiler for its flags; `RUSTC_BOOTSTRAP=1` makes the stable one, which everything else is
//! built with, take them too.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;

const VERSION: &str = "0.13.2";

/// Runs all targets for `seconds` each; goes on after one that fails.
pub(crate) fn run(root: &Path, seconds: u32) -> Outcome {
    let targets = targets(root)?;
    let path = with_cargo_fuzz(root)?;
    let cargo_fuzz = |args: &[&str]| {
        let mut command = Command::new("cargo");
        command.arg("fuzz").args(args).current_dir(root).env("RUSTC_BOOTSTRAP", "1").env("PATH", &path);
        command
    };
    println!("building {} fuzz targets: {}", targets.len(), targets.join(", "));
    if !succeeds(&mut cargo_fuzz(&["build"]))? {
        return Ok(false);
    }
    let mut failed = Vec::new();
    for target in &targets {
        let args = arguments(root, target, seconds)?;
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        if !fuzz_one(target, seconds, &mut cargo_fuzz(&args))? {
            failed.push(target.as_str());
        }
    }
    if !failed.is_empty() {
        println!(
            "found something: {}; the inputs are in fuzz/artifacts, `cargo fuzz fmt TARGET FILE` shows one",
            failed.join(", ")
        );
    }
    Ok(failed.is_empty())
}

/// `cargo fuzz run` with what was found before and the seeds, and what libFuzzer is to be told.
fn arguments(root: &Path, target: &str, seconds: u32) -> Result<Vec<String>, String> {
    let found = format!("fuzz/corpus/{target}");
    fs::create_dir_all(root.join(&found)).map_err(|why| format!("{found} cannot be made: {why}"))?;
    let seeds = Some(format!("fuzz/seeds/{target}")).filter(|seeds| root.join(seeds).is_dir());
    let folders =
        [Some("run".to_owned()), Some(target.to_owned()), Some(found), seeds, Some("--".to_owned())];
    let told = [
        format!("-max_total_time={seconds}"),
        "-seed=1".into(),
        "-print_funcs=0".into(),
        "-print_final_stats=1".into(),
    ];
    Ok(folders.into_iter().flatten().chain(told).collect())
}

/// Runs one target; all that it says is shown only if it finds something.
fn fuzz_one(target: &str, seconds: u32, command: &mut Command) -> Outcome {
    let output = command.output().map_err(|why| format!("{command:?} cannot be run: {why}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let inputs = said
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
            .unwrap_or(" ?")
            .trim();
        println!("{target}: {inputs} inputs in {seconds} s, nothing found");
    } else {
        println!("{said}{target}: FAILED");
    }
    Ok(output.status.success())
}

/// The names of the files in `fuzz/fuzz_targets`, which are the names of the targets.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&folder).map_err(|why| format!("{} cannot be read: {why}", folder.display()))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let rust = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut names: Vec<_> = rust.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    if names.is_empty() { Err("there is no fuzz target in fuzz/fuzz_targets".to_owned()) } else { Ok(names) }
}

/// A `PATH` on which cargo finds cargo-fuzz; it is installed into `.cache/tools` if it is nowhere.
fn with_cargo_fuzz(root: &Path) -> Result<OsString, String> {
    let tools = root.join(".cache/tools");
    let old = env::var_os("PATH").unwrap_or_default();
    let path =
        env::join_paths(env::split_paths(&old).chain([tools.join("bin")])).map_err(|why| why.to_string())?;
    let known = Command::new("cargo").args(["fuzz", "--version"]).env("PATH", &path).output();
    if known.is_ok_and(|output| output.status.success()) {
        return Ok(path);
    }
    println!("installing cargo-fuzz {VERSION} into .cache/tools (about a minute)");
    let mut install = Command::new("cargo");
    install
        .args(["install", "--quiet", "--locked", "--version", VERSION, "cargo-fuzz", "--root"])
        .arg(&tools);
    if succeeds(&mut install)? { Ok(path) } else { Err("cargo-fuzz could not be installed".to_owned()) }
}

fn succeeds(command: &mut Command) -> Outcome {
    command.status().map(|status| status.success()).map_err(|why| format!("{command:?} cannot be run: {why}"))
}
