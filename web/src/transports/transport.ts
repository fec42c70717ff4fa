// What every way into a room is to the rest of the page: something that opens a link, tells what
// arrives, publishes, and can be cut.
import type { Writing } from "../about";
import type { Ack, Envelope, Joined, Presence, PresenceChange } from "../envelope";
import type { Target } from "../http";
import type { Offset } from "../offset";
import type { Incoming, Signal } from "../p2p/signals";
import type { Problem } from "../problem";
import type { Bound, Travel } from "../travel";
import type { Wire } from "../wire";

export type TransportName = "polling" | "longpoll" | "sse" | "websocket" | "socketio" | "socketio-polling" | "socketio-websocket" | "xmpp";

/** Where to begin: after an offset, or with the newest so many messages. */
export type Start = { readonly since: Offset } | { readonly last: number };

/** A message on its way out; its key makes sending it twice harmless. */
export interface Draft {
  readonly key: string;
  readonly text: string;
}

/** Who is told what a link brings. */
export interface Sink {
  /** The link is up and stands in the room. */
  joined(joined: Joined): void;
  /** `heardAt`: when it came, in milliseconds of the page's monotonic clock, where that is not now. */
  message(envelope: Envelope, heardAt?: number): void;
  /** Who said a message that came without its sender. */
  introduced(envelope: Envelope): void;
  /** What `cursor` covers and comes next is backlog still. */
  stands(cursor: Offset): void;
  /** Everybody who is there; `undefined` where presence is off. */
  present(presence: Presence | undefined): void;
  moved(change: PresenceChange): void;
  /** Somebody writes, or stops. */
  writes(writing: Writing): void;
  /** Another page says something about a call. */
  signalled(incoming: Incoming): void;
  /** How a link that can travel in several ways does so now. */
  travels(travel: Travel): void;
  /** XMPP: the stream is logged in. */
  bound(bound: Bound): void;
  /** The link dropped, but the browser or the client is mending it by itself. */
  mending(): void;
  /** The link is gone for good. `problem.passing` says whether trying again can help. */
  lost(problem: Problem): void;
}

/** An open way into a room. */
export interface Link {
  /** Publishes; resolves when the server has said that the message is kept. Rejects with a `Problem`. */
  publish(draft: Draft): Promise<Ack>;
  /** Has a session, or all of somebody's, told a signal; resolves with how many heard it. Polls cannot. Rejects with a `Problem`. */
  signal?(to: string, signal: Signal): Promise<number>;
  /** Really drops the link: closes the socket or the stream, aborts the request. Nothing is told afterwards. */
  close(): void;
}

export type Transport = (target: Target, start: Start, sink: Sink, wire: Wire) => Link;

/** The start as query parameters. */
export function startQuery(start: Start): { since?: string; last?: number } {
  return "since" in start ? { since: `${start.since.epoch}-${start.since.seq}` } : { last: start.last };
}
