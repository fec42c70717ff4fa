// How a connection of Socket.IO travels: it begins by polling and changes to a WebSocket where one comes through
// (Engine.IO protocol 4, "Upgrade").

export type Way = "polling" | "websocket";

/** What became of the attempt to leave polling. */
export type Change = "upgraded" | "stuck";

export type Travel =
  | { readonly way: Way; readonly change?: undefined; readonly tookMs?: undefined }
  /** `tookMs`: since the connection began. */
  | { readonly way: Way; readonly change: Change; readonly tookMs: number };

export const WAY_TITLES: Readonly<Record<Way, string>> = { polling: "polling", websocket: "WebSocket" };
