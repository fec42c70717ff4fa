// How far a transfer is.

/**
 * `offered`: nobody has accepted it yet. `moving`: bytes travel. `cut`: they did, and the way is gone. `checking`: all has left, and the
 * other side works out its sum. `whole` and what follows is how it ended.
 */
export type State = "offered" | "moving" | "cut" | "checking" | "whole" | "differs" | "declined" | "cancelled" | "failed";

export interface Progress {
  readonly state: State;
  /** How many bytes are there, or have left. */
  readonly bytes: number;
  /** From which byte on it goes on after a cut; 0 if it was never cut. */
  readonly resumedFrom: number;
  /** The SHA-256 of the whole file, once it is known. */
  readonly sum?: string;
  /** Why it failed, in words. */
  readonly why?: string;
}

export const OFFERED: Progress = { state: "offered", bytes: 0, resumedFrom: 0 };

const ENDS: readonly State[] = ["whole", "differs", "declined", "cancelled", "failed"];

/** Whether nothing more will come of it. */
export function isOver({ state }: Pick<Progress, "state">): boolean {
  return ENDS.includes(state);
}
