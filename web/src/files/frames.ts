// A file from one page to another: what travels on a data channel. One channel, reliable and in order, carries one file.
//
//   sender    {"offer": {"id": "9c1f…", "name": "tern.jpg", "size": 48213, "type": "image/jpeg"}}
//   receiver  {"accept": 0}                 from which byte on: more than 0 where some is there from before
//   sender    bytes, bytes, …               binary messages, in order, each of at most 64 KiB
//   sender    {"end": "9f86d081…"}          the SHA-256 of the whole file, in hexadecimal
//   receiver  {"whole": "9f86d081…"}        that of what has arrived, worked out on its own
//
// Either may say {"stop": REASON} at any time, and nothing else comes after it. The sender closes the channel: once both have
// said their sum, or once either has stopped. A channel that closes before is a cut: the sender opens another one, offers the
// same id again, and is told from which byte to go on. Neither has to know why, or over which connection.
import { fields, text } from "../envelope";

/** A file as it is offered. The name is what its owner calls it: to be shown, never to be followed. */
export interface Offer {
  /** Names this transfer, between these two people. */
  readonly id: string;
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** A media type, or nothing where the sender's browser knows none. */
  readonly type: string;
}

/** Why there will be no more of it. */
export type Reason = "declined" | "cancelled" | "unreadable" | "broken";

/** What is said beside the bytes. */
export type Said =
  | { readonly offer: Offer }
  | { readonly accept: number }
  | { readonly end: string }
  | { readonly whole: string }
  | { readonly stop: Reason };

/** As large as a message may be where the other side has not said that it takes larger ones (RFC 8841 §6.1). */
export const CHUNK = 64 * 1024;

/** As many letters of a name are kept as the file systems that are about take. */
const NAME_LETTERS = 255;
const REASONS: readonly string[] = ["declined", "cancelled", "unreadable", "broken"] satisfies readonly Reason[];

/** What a text frame says; `undefined` if it is none of ours. */
export function readSaid(frame: string): Said | undefined {
  const raw = fields(parsed(frame));
  if (raw["offer"] !== undefined) {
    const offer = readOffer(raw["offer"]);
    return offer && { offer };
  }
  if (isCount(raw["accept"])) return { accept: raw["accept"] };
  if (isSum(raw["end"])) return { end: raw["end"] };
  if (isSum(raw["whole"])) return { whole: raw["whole"] };
  if (typeof raw["stop"] === "string") return { stop: reason(raw["stop"]) };
  return undefined;
}

/** Out of the member `offer` of a frame, or out of a ring. */
export function readOffer(value: unknown): Offer | undefined {
  const raw = fields(value);
  const { size } = raw;
  const [id, name, type] = [text(raw["id"]), text(raw["name"]), text(raw["type"])];
  if (!/^[\w-]{1,64}$/.test(id) || !isCount(size)) return undefined;
  return { id, name: [...name].slice(0, NAME_LETTERS).join(""), size, type: type.slice(0, NAME_LETTERS) };
}

function reason(said: string): Reason {
  return REASONS.includes(said) ? (said as Reason) : "broken";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSum(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function parsed(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch {
    return undefined;
  }
}
