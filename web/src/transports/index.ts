// The four ways into a room, by name, with what a newcomer should know of each.
import { longpoll } from "./longpoll";
import { polling } from "./polling";
import { sse } from "./sse";
import type { Transport, TransportName } from "./transport";
import { websocket } from "./websocket";

export interface Choice {
  readonly open: Transport;
  readonly title: string;
  /** One sentence: how it works. */
  readonly how: string;
}

export const TRANSPORTS: Readonly<Record<TransportName, Choice>> = {
  polling: { open: polling, title: "Polling", how: "Asks once a second. Works with anything that can fetch." },
  longpoll: { open: longpoll, title: "Long polling", how: "Asks, and the server answers when there is something to say." },
  sse: { open: sse, title: "Server-Sent Events", how: "One answer that never ends. The browser resumes it by itself." },
  websocket: { open: websocket, title: "WebSocket", how: "One connection, frames both ways." },
};

export const TRANSPORT_NAMES = Object.keys(TRANSPORTS) as readonly TransportName[];

/** Whether a string from a link names a transport. */
export function isTransportName(value: string): value is TransportName {
  return Object.hasOwn(TRANSPORTS, value);
}
