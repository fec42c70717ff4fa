// How long to wait before trying again: doubling, capped, and spread so that a server that comes
// back is not met by everybody at once.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Milliseconds before attempt `attempt` (0, 1, 2, …); `random` in 0..1 spreads it over its upper half. */
export function backoff(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return full * (0.5 + random / 2);
}
