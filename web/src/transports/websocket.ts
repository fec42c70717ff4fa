// WebSocket with the subprotocol `hubbub.json`: frames both ways, each an envelope (docs/websocket.md).
import { type Ack, fields, text } from "../envelope";
import { roomPath } from "../http";
import type { Signal } from "../p2p/signals";
import { Problem, readProblem } from "../problem";
import { closeProblem } from "./closecodes";
import { dispatchMessage, dispatchOwn, keyOf, parseJson } from "./events";
import { whyRefused } from "./probe";
import { type Draft, type Link, type Sink, type Start, type Transport, startQuery } from "./transport";
import type { Target } from "../http";
import type { Wire } from "../wire";

interface Waiting {
  /** What the acknowledgement says. */
  resolve(said: Record<string, unknown>): void;
  reject(problem: Problem): void;
}

class SocketLink implements Link {
  private readonly socket: WebSocket;
  private readonly waiting = new Map<string, Waiting>();
  /** Signals sent: each is answered under a key of its own. */
  private signals = 0;
  private opened = false;
  private closed = false;

  constructor(
    private readonly target: Target,
    start: Start,
    private readonly sink: Sink,
    private readonly wire: Wire,
  ) {
    const path = roomPath(target, "ws", { ...startQuery(start) });
    wire.add("out", `GET ${path}`, "Upgrade: websocket\nSec-WebSocket-Protocol: hubbub.json");
    this.socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${path}`, "hubbub.json");
    this.socket.onopen = () => this.onOpen();
    this.socket.onmessage = (event) => this.onFrame(String(event.data));
    this.socket.onclose = (event) => this.onClose(event);
  }

  async publish({ key, text: data }: Draft): Promise<Ack> {
    const said = await this.ask("message", data, key);
    return { key, id: text(said["id"]), offset: text(said["offset"]) };
  }

  async signal(to: string, signal: Signal): Promise<number> {
    const said = await this.ask("hubbub:signal", { to, signal }, `signal-${++this.signals}`);
    return Number(said["sessions"]) || 0;
  }

  /** Sends a frame; what its acknowledgement says. */
  private ask(event: string, data: unknown, key: string): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) {
        reject(new Problem("The socket is not open", "The message is sent when it is."));
        return;
      }
      this.waiting.set(key, { resolve, reject });
      const frame = JSON.stringify({ event, data, key });
      this.wire.add("out", event === "message" ? "text frame" : `text frame, ${event}`, frame);
      this.socket.send(frame);
    });
  }

  close(): void {
    this.closed = true;
    this.wire.add("note", "WebSocket.close(1000)");
    this.socket.close(1000, "cut by hand");
    this.giveUp();
  }

  private onOpen(): void {
    this.opened = true;
    this.wire.add("in", "101 Switching Protocols", `Sec-WebSocket-Protocol: ${this.socket.protocol}`);
  }

  private onFrame(frame: string): void {
    if (this.closed) return;
    const value = fields(parseJson(frame));
    const event = text(value["event"]);
    this.wire.add("in", event === "message" ? "text frame" : `text frame, ${event}`, frame);
    // What has an offset is in the log, whoever gave it its name.
    if (value["offset"] !== undefined) return dispatchMessage(value, this.sink);
    if (this.settle(event, value["data"])) return;
    const problem = dispatchOwn(event, value["data"], this.sink);
    if (problem) this.end(problem);
  }

  /** Answers to one of our frames; `false` for any other event. */
  private settle(event: string, data: unknown): boolean {
    const key = keyOf(data);
    const waiting = key === undefined ? undefined : this.waiting.get(key);
    if (key === undefined || !waiting) return false;
    this.waiting.delete(key);
    if (event === "hubbub:ack") waiting.resolve(fields(data));
    else waiting.reject(readProblem(data));
    return true;
  }

  private onClose(event: CloseEvent): void {
    this.wire.add("note", `closed: ${event.code}${event.reason ? ` ${event.reason}` : ""}`);
    if (this.closed) return;
    this.closed = true;
    this.giveUp();
    const problem = closeProblem(event.code, event.reason);
    if (this.opened) return this.sink.lost(problem);
    void whyRefused(this.target, this.wire, problem).then((why) => this.sink.lost(why));
  }

  private end(problem: Problem): void {
    this.close();
    this.sink.lost(problem);
  }

  private giveUp(): void {
    for (const { reject } of this.waiting.values()) {
      reject(new Problem("The socket closed first", "The message is sent again; its key keeps it from counting twice."));
    }
    this.waiting.clear();
  }
}

export const websocket: Transport = (target, start, sink, wire) => new SocketLink(target, start, sink, wire);
