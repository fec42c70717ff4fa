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
    let fuzz = |args: &[&str]| -> Outcome {
        let mut command = Command::new("cargo");
        command.arg("fuzz").args(args).current_dir(root).env("RUSTC_BOOTSTRAP", "1").env("PATH", &path);
        succeeds(&mut command)
    };
    println!("building {} fuzz targets: {}", targets.len(), targets.join(", "));
    if !fuzz(&["build"])? {
        return Ok(false);
    }
    let mut failed = Vec::new();
    for target in &targets {
        println!("fuzzing {target} for {seconds} s");
        let (found, seeds) = (format!("fuzz/corpus/{target}"), format!("fuzz/seeds/{target}"));
        let time = format!("-max_total_time={seconds}");
        for folder in [&found, &seeds] {
            fs::create_dir_all(root.join(folder)).map_err(|why| format!("{folder} cannot be made: {why}"))?;
        }
        if !fuzz(&[
            "run",
            target,
            &found,
            &seeds,
            "--",
            &time,
            "-seed=1",
            "-verbosity=0",
            "-print_final_stats=1",
        ])? {
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        println!("{} fuzz targets ran {seconds} s each and found nothing", targets.len());
    } else {
        println!(
            "found something: {}; the inputs are in fuzz/artifacts, `cargo fuzz fmt TARGET FILE` shows one",
            failed.join(", ")
        );
    }
    Ok(failed.is_empty())
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
