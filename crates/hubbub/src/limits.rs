//! What the operating system allows this process.

/// Files that are not connections: the store's, the workers' own, and some to spare.
const RESERVE: usize = 64;
/// And so many for each worker: listeners, rings, the reactor.
const PER_WORKER: usize = 16;

/// Raises the limit of open files as far as it goes, and gives it.
pub(crate) fn open_files() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// Of so many open files, those that are left for connections when relays may take so many: they get no more than half.
pub(crate) fn beside_relays(open_files: usize, relays: usize) -> usize {
    open_files - relays.min(open_files / 2)
}

/// Connections that each of `workers` may have: what the settings say, or what the open files allow.
pub(crate) fn connections(wanted: usize, workers: u16, open_files: usize) -> usize {
    let workers = usize::from(workers);
    let all = open_files.saturating_sub(RESERVE + PER_WORKER * workers);
    wanted.min(all / workers.max(1)).max(1)
}
