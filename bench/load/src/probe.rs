//! What the server's processes have used: CPU time and memory, read from the kernel.

use std::fs;
use std::io;

use crate::clock::Nanos;
use crate::failure::{Doing, Failure, Result};

/// A process and all its descendants (nginx has a master and workers).
pub(crate) struct Probe {
    pids: Vec<u32>,
}

/// Memory of the processes, in KiB.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(crate) struct Memory {
    /// What the server itself asked for: heap, stacks and its share of shared memory (nginx keeps channels there).
    pub(crate) own_kib: u64,
    /// All that is resident, program text and libraries included.
    pub(crate) resident_kib: u64,
}

impl Probe {
    /// Finds the process and its descendants, as they are now.
    pub(crate) fn new(root: u32) -> Result<Self> {
        let parents = parents().doing(|| "reading /proc".to_owned())?;
        let mut pids = vec![root];
        let mut at = 0;
        while at < pids.len() {
            let parent = pids[at];
            pids.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
            at += 1;
        }
        Ok(Self { pids })
    }

    /// CPU time, user and system, of all threads that ever ran in the processes.
    pub(crate) fn cpu(&self) -> Result<Nanos> {
        self.pids
            .iter()
            .map(|&pid| cpu_time(pid).doing(|| format!("reading the CPU time of process {pid}")))
            .sum()
    }

    /// Memory of all the processes.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let mut sum = Memory::default();
        for pid in &self.pids {
            let path = format!("/proc/{pid}/smaps_rollup");
            let text = fs::read_to_string(&path).doing(|| format!("reading {path}"))?;
            let kib =
                |key: &str| field(&text, key).ok_or_else(|| Failure::Protocol(format!("{path}: no {key}")));
            sum.own_kib += kib("Pss_Anon:")? + kib("Pss_Shmem:")?;
            sum.resident_kib += kib("Rss:")?;
        }
        Ok(sum)
    }
}

/// Every process with its parent.
fn parents() -> io::Result<Vec<(u32, u32)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may have ended since the directory was read: it is no child of a living server then.
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        if let Some(parent) = field(&status, "PPid:") {
            found.push((pid, parent as u32));
        }
    }
    Ok(found)
}

/// The number behind `key` in a file of `Key:  number` lines.
fn field(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Reads a process's CPU clock: nanoseconds where /proc/PID/stat counts hundredths of a second, and threads that
/// have ended are in it (clock_getcpuclockid(3)).
fn cpu_time(pid: u32) -> io::Result<Nanos> {
    let mut clock: libc::clockid_t = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let pid = libc::pid_t::try_from(pid).map_err(io::Error::other)?;
    // SAFETY: `clock` is a valid place for the one value the call writes.
    let status = unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) };
    if status != 0 {
        return Err(io::Error::from_raw_os_error(status));
    }
    // SAFETY: `time` is a valid place for the one value the call writes.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn sees_its_own_process() {
        // Not `Probe::new`: children of other tests, which run at the same time, come and go.
        let probe = Probe { pids: vec![std::process::id()] };
        let before = probe.cpu().unwrap();
        let held = std::hint::black_box(vec![1u8; 32 << 20]);
        assert!(probe.cpu().unwrap() > before);
        assert!(probe.memory().unwrap().own_kib > 32 << 10);
        drop(held);
    }

    #[test]
    fn finds_children_and_misses_the_dead() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(Probe::new(std::process::id()).unwrap().pids.contains(&child.id()));
        let probe = Probe::new(child.id()).unwrap();
        assert_eq!(probe.pids[0], child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(probe.cpu().is_err());
    }

    #[test]
    fn reads_fields() {
        assert_eq!(field("Rss:    12 kB\nPss:  7 kB\n", "Pss:"), Some(7));
        assert_eq!(field("Rss:    12 kB\n", "Swap:"), None);
    }
}
