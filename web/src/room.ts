// The room as this page knows it: messages by offset, in order, and the proof that the stream
// neither skipped nor repeated one. Knows no transport and no clock: times are arguments.
import type { Envelope, Joined } from "./envelope";
import { milliseconds } from "./http";
import { type Offset, formatOffset, isCovered } from "./offset";
import { type Bound, type Change, type Travel, WAY_TITLES } from "./travel";

/** How a message came: as it happened, as history on joining, or late because the link was cut. */
export type How = "live" | "history" | "missed";

/** A message in the list. */
export interface MessageEntry {
  readonly kind: "message";
  readonly key: string;
  readonly envelope: Envelope;
  readonly how: How;
  /** When it arrived, in milliseconds of the page's monotonic clock. */
  readonly arrivedAt: number;
  /** The same by the clock on the wall, in milliseconds since 1970. */
  readonly seenAt: number;
  /** Own messages: milliseconds from sending to the return on the stream. */
  readonly roundTrip?: number;
  /** Others' live messages: milliseconds from the server's stamp to arrival; two clocks, so approximate. */
  readonly delay?: number;
  /** What it says was edited since. */
  readonly edited?: true;
  /** What people feel about it, by their addresses. */
  readonly felt?: Readonly<Record<string, readonly string[]>>;
}

/** A line between messages that says what happened to the link or to the order. */
export interface Marker {
  readonly kind: "marker";
  readonly key: string;
  readonly tone: Tone;
  readonly text: string;
  /** What kind of line it is, where somebody may look for it. */
  readonly about?: Change | "bound";
  /** Set on the line that says the stream resumed. */
  readonly resumed?: Resumed;
}

type Tone = "plain" | "good" | "bad";

/** How a link came back. */
interface Resumed {
  readonly missed: number;
  readonly recovered: boolean;
  readonly awayMs: number;
  /** Socket.IO: whether the session was restored, or another one read on in its place. */
  readonly session?: "recovered" | "new";
}

export type Entry = MessageEntry | Marker;

/** What the order check has found so far; all zero unless something is wrong. */
export interface Faults {
  readonly gaps: number;
  readonly duplicates: number;
}

export type Verdict = "new" | "gap" | "duplicate";

/** Entries kept; older ones leave the page, never the server. */
const KEPT = 500;

export class Room {
  entries: readonly Entry[] = [];
  faults: Faults = { gaps: 0, duplicates: 0 };

  /** The last message taken in, or the place on joining after which the next one stands. */
  private position: Offset | undefined;
  /** Where the log ended on joining: what it covers is history or was missed. */
  private head: Offset | undefined;
  private backlog: How = "history";
  /** Own messages whose return is still awaited: offset to the time of sending. */
  private readonly sent = new Map<string, number>();
  private markers = 0;

  /** The `since` to go on from; `undefined` while nothing is known of the log. */
  get resumePoint(): Offset | undefined {
    return this.position;
  }

  /** A reader stands in the room; `awayMs` is how long it was gone, or `undefined` on the first join. */
  joined(joined: Joined, awayMs?: number): void {
    // A reader too slow for the history kept is told so without ever having been away.
    const resumed = awayMs !== undefined || (this.position !== undefined && !joined.recovered);
    if (!this.position || !joined.recovered) this.position = joined.cursor;
    this.head = joined.head;
    this.backlog = resumed ? "missed" : "history";
    if (!resumed) return;
    const { recovered, session } = joined;
    this.markResumed({ missed: 0, recovered, awayMs: awayMs ?? 0, ...(session ? { session } : {}) });
  }

  /** The way the link takes has changed, or could not be changed. */
  travels({ way, change, tookMs }: Travel): void {
    if (!change) return;
    const text = change === "upgraded" ? `Upgraded from polling to ${WAY_TITLES[way]} in ${milliseconds(tookMs)}.` : STUCK;
    this.append({ kind: "marker", key: `m${++this.markers}`, tone: change === "upgraded" ? "good" : "plain", text, about: change });
  }

  /** A stream of XMPP is logged in. */
  bound({ isSecure, mechanism, address }: Bound): void {
    const text = `XMPP stream ${isSecure ? "with" : "without"} TLS, logged in by ${mechanism} as ${address}.`;
    this.append({ kind: "marker", key: `m${++this.markers}`, tone: "plain", text, about: "bound" });
  }

  /** Who said a message that came without its sender. */
  introduced({ offset, id, time, from, name }: Envelope): void {
    const entry = this.find(formatOffset(offset));
    if (!entry || (entry.envelope.id !== "" && entry.envelope.time !== 0)) return;
    this.replace(entry, withDelay({ ...entry, envelope: { ...entry.envelope, id, time, from, name } }));
    // What was said of it before it was known which one it is.
    const notes = this.entries.filter((e): e is MessageEntry => e.kind === "message" && isNoteOn(e.envelope, id));
    if (notes.length === 0) return;
    this.entries = this.entries.filter((e) => !notes.some((note) => note === e));
    for (const note of notes) this.fold(note.envelope);
  }

  /** The log stands at `cursor`: what it covers is not news. */
  stands(cursor: Offset): void {
    this.head = cursor;
  }

  /** Takes one message in and says whether it stood where it had to. `now` is monotonic, `wall` since 1970. */
  accept(envelope: Envelope, now: number, wall: number): Verdict {
    const verdict = this.judge(envelope.offset);
    if (verdict === "duplicate") {
      this.faults = { ...this.faults, duplicates: this.faults.duplicates + 1 };
      this.mark("bad", `Offset ${formatOffset(envelope.offset)} came a second time; the repetition is not shown.`);
      return verdict;
    }
    if (verdict === "gap") this.reportGap(envelope.offset);
    this.position = envelope.offset;
    const entry = this.entryOf(envelope, now, wall);
    if (!this.fold(envelope)) this.append(entry);
    return verdict;
  }

  /** The message at this offset is ours and was sent at `sentAt`; returns its round trip if it is back already. */
  settle(offset: string, sentAt: number): number | undefined {
    const entry = this.find(offset);
    if (!entry) {
      this.sent.set(offset, sentAt);
      return undefined;
    }
    const { delay: _, ...rest } = entry;
    const roundTrip = Math.max(0, entry.arrivedAt - sentAt);
    this.replace(entry, { ...rest, roundTrip });
    return roundTrip;
  }

  /** The message at this offset, if it is in the list. */
  find(offset: string): MessageEntry | undefined {
    return this.entries.findLast((e): e is MessageEntry => e.kind === "message" && e.key === offset);
  }

  /** Adds a line between the messages. */
  mark(tone: Marker["tone"], text: string): void {
    this.append({ kind: "marker", key: `m${++this.markers}`, tone, text });
  }

  /** Shows at the message what is said of it; `false` where that is no note, or its message is not in the list. */
  private fold(note: Envelope): boolean {
    const { about } = note;
    if (!about || about.kind === "reply" || about.kind === "retracted") return false;
    const entry = this.entries.findLast((e): e is MessageEntry => e.kind === "message" && e.envelope.id === about.id);
    if (!entry) return false;
    this.replace(entry, noted(entry, note));
    return true;
  }

  private judge(offset: Offset): Verdict {
    const before = this.position;
    if (!before) return "new";
    if (before.epoch !== offset.epoch) return "gap";
    if (offset.seq <= before.seq) return "duplicate";
    return offset.seq === before.seq + 1n ? "new" : "gap";
  }

  private reportGap(offset: Offset): void {
    const after = this.position ? formatOffset(this.position) : "the start";
    this.faults = { ...this.faults, gaps: this.faults.gaps + 1 };
    this.mark("bad", `Gap: ${after} was followed by ${formatOffset(offset)}.`);
  }

  private entryOf(envelope: Envelope, now: number, wall: number): MessageEntry {
    const how = this.head && isCovered(envelope.offset, this.head) ? this.backlog : "live";
    if (how === "missed") this.countMissed();
    const key = formatOffset(envelope.offset);
    const entry = { kind: "message", key, envelope, how, arrivedAt: now, seenAt: wall } as const;
    const sentAt = this.sent.get(key);
    if (sentAt === undefined) return withDelay(entry);
    this.sent.delete(key);
    return { ...entry, roundTrip: Math.max(0, now - sentAt) };
  }

  private markResumed(resumed: Resumed): void {
    const tone = resumed.recovered ? "good" : "bad";
    this.append({ kind: "marker", key: `m${++this.markers}`, tone, text: resumedText(resumed), resumed });
  }

  private countMissed(): void {
    const index = this.entries.findLastIndex((e) => e.kind === "marker" && e.resumed !== undefined);
    const marker = this.entries[index];
    if (marker?.kind !== "marker" || !marker.resumed) return;
    const resumed = { ...marker.resumed, missed: marker.resumed.missed + 1 };
    this.entries = this.entries.with(index, { ...marker, resumed, text: resumedText(resumed) });
  }

  private replace(entry: Entry, by: Entry): void {
    this.entries = this.entries.map((e) => (e === entry ? by : e));
  }

  private append(entry: Entry): void {
    const kept = this.entries.length < KEPT ? this.entries : this.entries.slice(1 - KEPT);
    this.entries = [...kept, entry];
  }
}

function isNoteOn({ about }: Envelope, id: string): boolean {
  return about !== undefined && about.kind !== "reply" && about.kind !== "retracted" && about.id === id;
}

/** The message with what was said of it. */
function noted(entry: MessageEntry, { about, from, name, data, encoding }: Envelope): MessageEntry {
  const { encoding: _, ...envelope } = entry.envelope;
  switch (about?.kind) {
    case "edit":
      return { ...entry, edited: true, envelope: { ...envelope, data, ...(encoding ? { encoding } : {}) } };
    case "retraction":
      return { ...entry, envelope: { ...envelope, data: null, about: { kind: "retracted", name } } };
    default:
      return { ...entry, felt: { ...entry.felt, [from]: Array.isArray(data) ? data.map(String) : [] } };
  }
}

/** Where the server's stamp is known: how long after it a live message of somebody else's came. */
function withDelay(entry: MessageEntry): MessageEntry {
  const { time } = entry.envelope;
  if (entry.how !== "live" || entry.roundTrip !== undefined || time === 0) return entry;
  return { ...entry, delay: Math.max(0, entry.seenAt - time) };
}

const STUCK = "No WebSocket came through; polling goes on.";

const SESSIONS = { recovered: ", the session recovered", new: ", in a new session" } as const;

/** The line that tells what a cut cost. */
export function resumedText(resumed: Resumed): string {
  const away = `Resumed after ${seconds(resumed.awayMs)}${resumed.session ? SESSIONS[resumed.session] : ""}`;
  if (!resumed.recovered) return `${away}. The history since then is gone; the oldest message kept comes next.`;
  if (resumed.missed === 0) return `${away}. Nothing was missed.`;
  const count = resumed.missed === 1 ? "1 message was" : `${resumed.missed} messages were`;
  const follow = `${resumed.missed === 1 ? "follows" : "follow"}${resumed.session ? "" : ", recovered"}`;
  return `${away}. ${count} missed meanwhile and ${follow}.`;
}

function seconds(ms: number): string {
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
