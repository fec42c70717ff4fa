// What goes on below Socket.IO: the packets of Engine.IO (protocol 4) in the wire log, and the change from polling to a WebSocket.
import type { Manager } from "socket.io-client";
import type { Travel, Way } from "../travel";
import type { Wire } from "../wire";

type Engine = Manager["engine"];

/** Engine.IO protocol 4, "Packet encoding": the digit each packet begins with. */
const DIGITS: Readonly<Record<string, number>> = { open: 0, close: 1, ping: 2, pong: 3, message: 4, upgrade: 5, noop: 6 };

interface Packet {
  readonly type: string;
  readonly data?: unknown;
}

/** Writes what this engine says and hears into the wire log, and tells how it travels. */
export function watchEngine(engine: Engine, wire: Wire, travels: (travel: Travel) => void): void {
  const began = performance.now();
  const now = () => engine.transport.name as Way;
  const change = (what: "upgraded" | "stuck") => travels({ way: now(), change: what, tookMs: performance.now() - began });
  engine.on("open", () => travels({ way: now() }));
  engine.on("packet", (packet: Packet) => wire.add("in", `${packet.type} by ${now()}`, written(packet)));
  engine.on("packetCreate", (packet: Packet) => wire.add("out", `${packet.type} by ${now()}`, written(packet)));
  engine.on("upgrading", () => wire.add("note", "A WebSocket answered the probe; polling pauses"));
  engine.on("upgrade", () => {
    wire.add("note", "Upgraded: the WebSocket goes on with the same session");
    change("upgraded");
  });
  engine.on("upgradeError", (error: Error) => {
    // A probe also ends when the connection does.
    if (engine.readyState !== "open") return;
    wire.add("note", `No upgrade: ${error.message}`);
    change("stuck");
  });
}

/** A packet as text, as polling and WebSocket carry it. */
export function written({ type, data }: Packet): string {
  if (data instanceof ArrayBuffer) return `${data.byteLength} bytes of binary`;
  return `${DIGITS[type] ?? type}${typeof data === "string" ? data : ""}`;
}
