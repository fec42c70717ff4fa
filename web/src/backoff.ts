// How long to wait before trying again: doubling, capped, and spread so that a server that comes
// back is not met by everybody at once.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** A wait that the server asked for grows by up to this part of it. */
const SPREAD = 0.25;

/** Milliseconds before asking again: after what the server said (`Retry-After`, in seconds), or as `backoff` has it. Both are spread. */
export function waitBefore(attempt: number, retryAfter: number | undefined, random: number): number {
  return retryAfter === undefined ? backoff(attempt, random) : retryAfter * 1_000 * (1 + SPREAD * random);
}

/** Milliseconds before attempt `attempt` (0, 1, 2, …); `random` in 0..1 spreads it over its upper half. */
export function backoff(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return full * (0.5 + random / 2);
}
