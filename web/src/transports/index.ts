// The ways into a room, by name, with what a newcomer should know of each.
import { longpoll } from "./longpoll";
import { polling } from "./polling";
import { socketio } from "./socketio";
import { sse } from "./sse";
import type { Transport, TransportName } from "./transport";
import { websocket } from "./websocket";
import { xmpp } from "./xmpp";

export interface Choice {
  readonly open: Transport;
  readonly title: string;
  /** One sentence: how it works. */
  readonly how: string;
  /** A name for several that belong together. */
  readonly family?: string;
}

const SOCKETIO = "Socket.IO";

export const TRANSPORTS: Readonly<Record<TransportName, Choice>> = {
  polling: { open: polling, title: "Polling", how: "Asks once a second. Works with anything that can fetch." },
  longpoll: { open: longpoll, title: "Long polling", how: "Asks, and the server answers when there is something to say." },
  sse: { open: sse, title: "Server-Sent Events", how: "One answer that never ends. The browser resumes it by itself." },
  websocket: { open: websocket, title: "WebSocket", how: "One connection, frames both ways." },
  xmpp: { open: xmpp, title: "XMPP", how: "As any XMPP client, over WebSocket: presence into the room, groupchat messages, guests by SASL ANONYMOUS." },
  socketio: {
    open: socketio("polling", "websocket"),
    title: "Socket.IO",
    how: "By its own client: begins by polling, upgrades to a WebSocket, and recovers its session after a cut.",
    family: SOCKETIO,
  },
  "socketio-polling": { open: socketio("polling"), title: "Socket.IO by polling", how: "The same, and it stays with polling.", family: SOCKETIO },
  "socketio-websocket": {
    open: socketio("websocket"),
    title: "Socket.IO by WebSocket",
    how: "The same, by WebSocket from the start.",
    family: SOCKETIO,
  },
};

export const TRANSPORT_NAMES = Object.keys(TRANSPORTS) as readonly TransportName[];

/** Whether a string from a link names a transport. */
export function isTransportName(value: string): value is TransportName {
  return Object.hasOwn(TRANSPORTS, value);
}
