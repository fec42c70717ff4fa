// The arguments of a Socket.IO event as the one value that other protocols carry (docs/socketio.md): one argument is
// that value, anything else is a list, and bytes are written in base64.
import { readAbout } from "../about";
import { type Envelope, fields, text } from "../envelope";

/** What an event says, and what that has to do with another: the argument behind its own says who said it as well. */
export function readSaid(args: readonly unknown[]): Omit<Envelope, "offset" | "time" | "event"> {
  const last = fields(args.at(-1));
  const about = readAbout(last);
  const isMore = typeof last["id"] === "string" && typeof last["from"] === "string" && (about || last["to"] !== undefined);
  if (!isMore) return { id: "", from: "", name: "", ...readArguments(args) };
  const said = args.length === 1 ? [null] : args.slice(0, -1);
  const [id, from, name] = [text(last["id"]), text(last["from"]), text(last["name"])];
  return { id, from, name, ...readArguments(said), ...(about ? { about } : {}) };
}

/** What an event says. */
export function readArguments(args: readonly unknown[]): Pick<Envelope, "data" | "encoding"> {
  const [only] = args;
  if (args.length !== 1) return { data: args.map(plain) };
  return only instanceof ArrayBuffer ? { data: base64(only), encoding: "base64" } : { data: plain(only) };
}

function plain(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return { base64: base64(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** In pieces: a call takes so many arguments, a message may have more bytes. */
const PIECE = 8_192;

function base64(bytes: ArrayBuffer): string {
  const all = new Uint8Array(bytes);
  let binary = "";
  for (let at = 0; at < all.length; at += PIECE) binary += String.fromCharCode(...all.subarray(at, at + PIECE));
  return btoa(binary);
}
