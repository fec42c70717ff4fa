// How a connection of Socket.IO travels: it begins by polling and changes to a WebSocket where one comes through
// (Engine.IO protocol 4, "Upgrade"). And as what a stream of XMPP is logged in.

export type Way = "polling" | "websocket";

/** What became of the attempt to leave polling. */
export type Change = "upgraded" | "stuck";

export type Travel =
  | { readonly way: Way; readonly change?: undefined; readonly tookMs?: undefined }
  /** `tookMs`: since the connection began. */
  | { readonly way: Way; readonly change: Change; readonly tookMs: number };

/** XMPP: as what a stream is logged in, and how. */
export interface Bound {
  readonly isSecure: boolean;
  /** The SASL mechanism (RFC 6120 §6). */
  readonly mechanism: string;
  /** The full address that the server bound (RFC 6120 §7). */
  readonly address: string;
}

export const WAY_TITLES: Readonly<Record<Way, string>> = { polling: "polling", websocket: "WebSocket" };
