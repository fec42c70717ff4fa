// Figures about durations.

/** The middle value; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** How far a bar for `ms` reaches, 0..1: logarithmic from 0.1 ms to 10 s, since transports differ by powers of ten. */
export function reach(ms: number): number {
  const span = Math.log10(Math.max(ms, 0.1) / 0.1) / Math.log10(10_000 / 0.1);
  return Math.min(1, Math.max(0.02, span));
}
