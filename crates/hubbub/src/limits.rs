//! What the operating system allows this process.

/// Files that are not connections: the store's, the workers' own, and some to spare.
const RESERVE: usize = 64;
/// And so many for each worker: listeners, rings, the reactor.
const PER_WORKER: usize = 16;

/// Raises the limit of open files as far as it goes, and gives it.
pub(crate) fn open_files() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the answer.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return 1024;
    }
    let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
    // SAFETY: `raised` is a valid limit, and not above the hard one.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } == 0 {
        limit = raised;
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

/// Connections that each of `workers` may have: what the settings say, or what the open files allow.
pub(crate) fn connections(wanted: usize, workers: u16, open_files: usize) -> usize {
    let workers = usize::from(workers);
    let all = open_files.saturating_sub(RESERVE + PER_WORKER * workers);
    wanted.min(all / workers.max(1)).max(1)
}
