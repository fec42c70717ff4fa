// The one JSON envelope that polls, event streams and `hubbub.json` frames share, and the
// server's own events (docs/http.md, "Server-Sent Events").
import { type About, readAbout } from "./about";
import { type Offset, parseOffset } from "./offset";

/** A message as the server tells it. An event of Socket.IO says only where it stands and what was said: the rest is empty then. */
export interface Envelope {
  readonly id: string;
  readonly offset: Offset;
  /** When the server stamped it: milliseconds since 1970 by the server's clock; 0 while that is not known. */
  readonly time: number;
  readonly from: string;
  readonly name: string;
  readonly event: string;
  readonly data: unknown;
  readonly encoding?: "base64";
  readonly about?: About;
}

/** Somebody in the room. */
export interface Occupant {
  readonly user: string;
  readonly name: string;
}

/** Who is there: people where the room lists them, and always how many. */
export interface Presence {
  readonly count: number;
  readonly occupants?: readonly Occupant[];
}

/** `hubbub:joined`: where this reader begins and whether the wanted offset was still kept. */
export interface Joined {
  /** The next message is the one after this. */
  readonly cursor: Offset | undefined;
  /** Where the log ended then: what stands up to here is not news. */
  readonly head: Offset | undefined;
  readonly recovered: boolean;
  readonly presence: Presence | undefined;
  /** Where this page can be told signals (docs/signals.md); `undefined` where it cannot. */
  readonly address?: string;
  /** Event streams: what shows that one speaks for this stream. */
  readonly ticket?: string;
  /** Socket.IO: whether the session from before goes on, or another one. */
  readonly session?: "recovered" | "new";
}

/** `hubbub:presence`: somebody came or went; only a count where the room counts. */
export interface PresenceChange {
  readonly action?: "join" | "leave" | "rename";
  readonly user?: string;
  readonly name?: string;
  /** What somebody was called who is called otherwise now. */
  readonly former?: string;
  readonly count: number;
}

/** `hubbub:ack`: what became of a frame that carried a key (docs/websocket.md). */
export interface Ack {
  readonly id: string;
  readonly offset: string;
  readonly key?: string;
}

type Fields = Record<string, unknown>;

/** The value as an object to look into; an empty one for anything that is none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** A string field, or `""`. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A message out of JSON that was already parsed; `undefined` where it is no envelope. */
export function readEnvelope(value: unknown): Envelope | undefined {
  const raw = fields(value);
  const offset = parseOffset(text(raw["offset"]));
  if (!offset || typeof raw["id"] !== "string") return undefined;
  const from = text(raw["from"]);
  const about = readAbout(raw);
  return {
    id: raw["id"],
    offset,
    time: Number(raw["time"]) || 0,
    from,
    name: text(raw["name"]) || from,
    event: text(raw["event"]) || "message",
    data: raw["data"],
    ...(raw["encoding"] === "base64" ? { encoding: "base64" as const } : {}),
    ...(about ? { about } : {}),
  };
}

/** `{"count", "occupants"?}`, as presence answers and `hubbub:joined` carry it. */
export function readPresence(value: unknown): Presence | undefined {
  const raw = fields(value);
  if (typeof raw["count"] !== "number") return undefined;
  if (!Array.isArray(raw["occupants"])) return { count: raw["count"] };
  return { count: raw["count"], occupants: raw["occupants"].map(readOccupant) };
}

function readOccupant(value: unknown): Occupant {
  const raw = fields(value);
  const user = text(raw["user"]);
  return { user, name: text(raw["name"]) || user };
}

export function readJoined(value: unknown): Joined {
  const raw = fields(value);
  return {
    cursor: parseOffset(text(raw["cursor"])),
    head: parseOffset(text(raw["head"])),
    recovered: raw["recovered"] !== false,
    presence: readPresence(raw["presence"]),
    ...(typeof raw["session"] === "string" ? { address: raw["session"] } : {}),
    ...(typeof raw["ticket"] === "string" ? { ticket: raw["ticket"] } : {}),
  };
}

export function readPresenceChange(value: unknown): PresenceChange {
  const raw = fields(value);
  const action = raw["action"];
  return {
    count: Number(raw["count"]) || 0,
    user: text(raw["user"]),
    name: text(raw["name"]) || text(raw["user"]),
    ...(action === "join" || action === "leave" || action === "rename" ? { action } : {}),
    ...(typeof raw["former"] === "string" ? { former: raw["former"] } : {}),
  };
}

/** What a person reads of a message: text as it is, JSON as JSON, binary as its size. */
export function shown(envelope: Envelope): string {
  if (envelope.encoding === "base64") return `${binarySize(text(envelope.data))} bytes of binary`;
  return typeof envelope.data === "string" ? envelope.data : JSON.stringify(envelope.data);
}

function binarySize(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
