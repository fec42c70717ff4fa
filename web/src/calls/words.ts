// How calls end, in words that say what to do where something can be done.
import type { Ending } from "../p2p/ending";

/** What of the call matters for how its end is told. */
export interface Course {
  readonly name: string;
  /** Whether it was ever connected. */
  readonly wasConnected: boolean;
  /** Whether it came from the other one. */
  readonly isIncoming: boolean;
}

/** One sentence, or two. */
export function endingText({ by, why, problem }: Ending, course: Course): string {
  const { name } = course;
  if (problem) return problem.status === 404 ? notHere(name) : `${problem.title}. ${problem.detail}`;
  if (by === "here") return FROM_HERE[why]?.(name) ?? "You hung up.";
  return (THEIRS[why] ?? other)(course, why);
}

const STUMBLED = "The call stumbled over something this page does not understand. Call again.";

const FROM_HERE: Readonly<Record<string, (name: string) => string>> = {
  declined: (name) => `You declined the call from ${name}.`,
  error: () => STUMBLED,
  certificate: (name) =>
    `The call was ended: another page answers as ${name}, with another certificate than the call began with. That may be somebody else. Call again.`,
};

const THEIRS: Readonly<Record<string, (course: Course, why: string) => string>> = {
  hangup: ({ name, isIncoming, wasConnected }) => (isIncoming && !wasConnected ? `${name} called, and hung up.` : `${name} hung up.`),
  declined: ({ name }) => `${name} declined.`,
  busy: ({ name }) => `${name} is in another call.`,
  elsewhere: () => "Taken on another page of yours.",
  timeout: ({ name, isIncoming }) => (isIncoming ? `${name} called. You did not answer.` : `${name} did not answer.`),
  unsupported: ({ name }) => `The page of ${name} takes no calls.`,
  left: ({ name }) => `${name} left the page.`,
  lost: ({ name, wasConnected }) => (wasConnected ? `The connection to ${name} was lost. Call again.` : noWay(name)),
  error: () => STUMBLED,
  certificate: ({ name }) => `The page of ${name} ended the call: it was told another certificate than that of this page. Call again.`,
};

function other({ name }: Course, why: string): string {
  return `${name} ended the call (${why}).`;
}

function notHere(name: string): string {
  return `${name} is not here, or cannot be called: pages on polling hear no calls.`;
}

function noWay(name: string): string {
  return `No way to ${name} was found. A firewall may be in between: a TURN server helps (docs/turn.md), and signing in if guests may not use it.`;
}

/** `0:07`, `12:34`, `1:02:03`. */
export function duration(ms: number): string {
  const [s, m, h] = [Math.floor(ms / 1000) % 60, Math.floor(ms / 60_000) % 60, Math.floor(ms / 3_600_000)];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
