// What pages say to each other to connect (docs/signals.md): the server carries it and does not look into it. The rules are
// those of perfect negotiation (W3C WebRTC 1.0, §10.7).
import { fields, text } from "../envelope";

/** What somebody is rung for. More members say more of it, as each kind needs. */
export interface Ring {
  readonly kind: string;
  readonly [more: string]: unknown;
}

/** What is said about one call. */
export type Said =
  /** The first word, to all pages of somebody. */
  | { readonly ring: Ring }
  | { readonly accept: true }
  | { readonly description: RTCSessionDescriptionInit }
  /** `null`: there are no more. */
  | { readonly candidate: RTCIceCandidateInit | null }
  /** Nothing but where it comes from: the link is back, and has another address now. */
  | { readonly here: true }
  /** The last word, and why. */
  | { readonly bye: string };

/** A signal: what is said, and of which call. */
export type Signal = Said & { readonly call: string };

/** A signal as it comes. */
export interface Incoming {
  /** `USER/RESOURCE`, or `ROOM@rooms.DOMAIN/NICK` where a room hides who its people are. */
  readonly from: string;
  readonly name: string;
  readonly signal: unknown;
}

/** Which kind of word this is; `undefined` where this page does not know it. */
export function readSignal(value: unknown): Signal | undefined {
  const raw = fields(value);
  const call = text(raw["call"]);
  const said = call === "" ? undefined : readSaid(raw);
  return said && { call, ...said };
}

function readSaid(raw: Record<string, unknown>): Said | undefined {
  const { ring, description, candidate, bye } = raw;
  if (ring !== undefined) return { ring: { ...fields(ring), kind: text(fields(ring)["kind"]) || "call" } };
  if (raw["accept"] === true) return { accept: true };
  if (raw["here"] === true) return { here: true };
  if (typeof bye === "string") return { bye };
  if (candidate === null) return { candidate };
  if (candidate !== undefined) return { candidate: fields(candidate) };
  const { type, sdp } = fields(description);
  // The other two types (W3C WebRTC 1.0, §4.3.1) would leave a call without its answer, or take back what was never said.
  return type === "offer" || type === "answer" ? { description: { type, sdp: text(sdp) } } : undefined;
}

/** An id for a call: 128 random bits, which nobody guesses. */
export function newCall(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
