//! Who may know whom: the invariants of ARCHITECTURE.md that show in the dependencies.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::{Fault, Source};

/// A package of the workspace, as `cargo metadata` tells it.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `None` for a normal one.
    kind: Option<String>,
}

/// The packages that are no protocol. A new `hubbub-…` that is not here is taken for a protocol crate.
const PARTS: &[&str] = &[
    "hubbub",
    "hubbub-auth",
    "hubbub-config",
    "hubbub-gate",
    "hubbub-hub",
    "hubbub-load",
    "hubbub-net",
    "hubbub-store",
    "hubbub-webhook",
    "hubbub-worker",
];

/// What does input, output or waiting.
const IO: &[&str] =
    &["tokio", "hyper", "hyper-rustls", "hyper-util", "io-uring", "mio", "rusqlite", "socket2"];

/// Who may use what drives sockets: the shell round the workers, the client beside them, and programs.
const SHELL: &[&str] = &["hubbub", "hubbub-load", "hubbub-net", "hubbub-webhook"];
const DRIVERS: &[&str] = &["tokio", "hyper-util", "io-uring", "mio"];

/// All packages of the workspace, manifests by their path from the top.
pub(crate) fn packages(root: &Path) -> Result<Vec<Package>, String> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let args = ["metadata", "--format-version=1", "--no-deps", "--offline"];
    let output = Command::new("cargo")
        .args(args)
        .current_dir(root)
        .output()
        .map_err(|why| format!("cargo cannot be run: {why}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).map_err(|why| format!("cargo metadata is odd: {why}"))?;
    let mut packages = metadata.packages;
    for package in &mut packages {
        let path = Path::new(&package.manifest_path);
        package.manifest_path = path.strip_prefix(root).unwrap_or(path).display().to_string();
    }
    Ok(packages)
}

/// Every edge that must not be.
pub(crate) fn check(packages: &[Package]) -> Vec<Fault> {
    let known: BTreeMap<_, _> = packages.iter().map(|package| (package.name.as_str(), package)).collect();
    let edges = known
        .values()
        .flat_map(|package| package.dependencies.iter().map(move |dependency| (*package, dependency)));
    let normal = edges.filter(|(_, dependency)| dependency.kind.as_deref() != Some("dev"));
    normal
        .filter_map(|(package, dependency)| {
            Some(fault(package, &dependency.name, why_not(&package.name, &dependency.name)?))
        })
        .collect()
}

fn fault(package: &Package, dependency: &str, why: &str) -> Fault {
    Fault::new(
        &package.manifest_path,
        1,
        "edge",
        format!("{} must not depend on {dependency}: {why}", package.name),
    )
}

/// Why `package` must not depend on `other`.
fn why_not(package: &str, other: &str) -> Option<&'static str> {
    let ours = other.starts_with("hubbub");
    let io = IO.contains(&other);
    match package {
        "hubbub-hub" if ours => Some("the hub knows no protocol and nothing around it; only gates know both"),
        "hubbub-hub" if io => Some("the hub does no I/O; leave it as an Effect"),
        "hubbub-gate" | "hubbub-worker"
            if io || ["hubbub-net", "hubbub-store", "hubbub-webhook"].contains(&other) =>
        {
            Some("gates and workers do no I/O; ask hubbub-net for it by an effect")
        }
        _ if is_protocol(package) && ours => {
            Some("a protocol crate names neither the hub nor another protocol; the gate does")
        }
        _ if is_protocol(package) && io => Some("a protocol crate is sans-IO: bytes in, bytes out"),
        _ if DRIVERS.contains(&other) && !SHELL.contains(&package) => {
            Some("only hubbub-net, hubbub-webhook and programs drive sockets")
        }
        _ => None,
    }
}

fn is_protocol(package: &str) -> bool {
    package.starts_with("hubbub-") && !PARTS.contains(&package)
}

/// Where `unsafe` may stand: system calls, and allocators that count.
const UNSAFE_MAY: &[&str] = &["crates/hubbub-net/", "bench/load/"];

/// `unsafe` outside the places made for it. Tests may count allocations.
pub(crate) fn check_unsafe(source: &Source) -> Vec<Fault> {
    if !source.is(&["rs"])
        || source.is_test()
        || UNSAFE_MAY.iter().any(|place| source.path.starts_with(place))
    {
        return Vec::new();
    }
    let is_unsafe = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        ["{", "fn", "impl", "extern", "trait"]
            .iter()
            .any(|what| code.contains(&format!("{} {what}", "unsafe")))
    };
    let found = source.lines().filter(|(_, line)| is_unsafe(line));
    found
        .map(|(line, _)| {
            Fault::new(
                &source.path,
                line,
                "unsafe",
                "unsafe code belongs into hubbub-net; find a safe way or move it",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: name.to_string(), kind: kind.map(str::to_owned) });
        let manifest_path = format!("crates/{name}/Cargo.toml");
        Package { name: name.into(), description: None, manifest_path, dependencies: dependencies.collect() }
    }

    fn refused(package_name: &str, dependency: &str) -> bool {
        !check(&[package(package_name, &[(dependency, None)])]).is_empty()
    }

    #[test]
    fn edges_that_must_not_be_are_found() {
        for (from, to) in [
            ("hubbub-ws", "hubbub-hub"),
            ("hubbub-ws", "tokio"),
            ("hubbub-newprotocol", "hubbub-hub"),
            ("hubbub-newprotocol", "hubbub-ws"),
            ("hubbub-hub", "hubbub-ws"),
            ("hubbub-hub", "tokio"),
            ("hubbub-hub", "rusqlite"),
            ("hubbub-gate", "hyper"),
            ("hubbub-gate", "hubbub-net"),
            ("hubbub-worker", "hubbub-store"),
            ("hubbub-worker", "tokio"),
            ("hubbub-store", "tokio"),
            ("hubbub-auth", "io-uring"),
            ("hubbub-worker", "hubbub-webhook"),
            ("hubbub-gate", "hyper-rustls"),
        ] {
            assert!(refused(from, to), "{from} → {to}");
        }
    }

    #[test]
    fn edges_that_may_be_are_left() {
        for (from, to) in [
            ("hubbub-gate", "hubbub-hub"),
            ("hubbub-gate", "hubbub-ws"),
            ("hubbub-net", "tokio"),
            ("hubbub", "tokio"),
            ("hubbub-webhook", "hyper-util"),
            ("hubbub-webhook", "hubbub-gate"),
            ("hubbub-load", "io-uring"),
            ("hubbub-store", "rusqlite"),
            ("hubbub-config", "hubbub-hub"),
            ("hubbub-ws", "flate2"),
        ] {
            assert!(!refused(from, to), "{from} → {to}");
        }
        assert_eq!(check(&[package("hubbub-ws", &[("tokio", Some("dev"))])]), []);
    }

    #[test]
    fn a_fault_says_where_and_what_to_do() {
        let faults = check(&[package("hubbub-hub", &[("tokio", None)])]);
        let wanted = "crates/hubbub-hub/Cargo.toml:1: edge: hubbub-hub must not depend on tokio: the hub does no I/O; leave it as an Effect";
        assert_eq!(faults[0].to_string(), wanted);
    }

    #[test]
    fn unsafe_code_is_found_outside_its_places() {
        let text = format!(
            "fn a() {{\n    {} {{ b() }}\n}}\n// {} fn\n#![forbid(unsafe_code)]\n",
            "unsafe", "unsafe"
        );
        let lines = |path: &str| {
            check_unsafe(&Source { path: path.into(), text: text.clone() })
                .iter()
                .map(|fault| fault.line)
                .collect::<Vec<_>>()
        };
        assert_eq!(lines("crates/hubbub-ws/src/a.rs"), [2]);
        assert_eq!(lines("crates/hubbub-net/src/a.rs"), [0; 0]);
        assert_eq!(lines("crates/hubbub-ws/tests/a.rs"), [0; 0]);
    }
}
