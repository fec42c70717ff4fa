// Server-Sent Events: one answer that never ends. EventSource resumes by itself with Last-Event-ID;
// after a deliberate cut a new one begins with `since`.
import { ABOUT_EVENTS } from "../about";
import { type Envelope, type Joined, fields, readEnvelope, readJoined } from "../envelope";
import { type Target, ask, roomPath } from "../http";
import { type Offset, formatOffset } from "../offset";
import type { Signal } from "../p2p/signals";
import { Problem, problemOf } from "../problem";
import type { Wire } from "../wire";
import { dispatchOwn, parseJson } from "./events";
import { readPage } from "./pages";
import { whyRefused } from "./probe";
import { post } from "./publish";
import { type Draft, type Link, type Sink, type Start, type Transport, startQuery } from "./transport";

const OWN_EVENTS = ["hubbub:joined", "hubbub:presence", "hubbub:typing", "hubbub:signal", "hubbub:error"];

/** Requests up to so many characters go on when the page is left. */
const KEPT_ALIVE = 512;

class StreamLink implements Link {
  private readonly source: EventSource;
  private open = true;
  private position: Offset | undefined;
  /** What shows the server that a signal comes from whoever reads this stream. */
  private ticket = "";
  /** Messages are handed on one after the other, also while one waits for others before it. */
  private line: Promise<void> = Promise.resolve();
  private readonly listening = new Set(["message"]);
  /** Names under which something has arrived: only then is it sure that the listener was there in time. */
  private readonly heard = new Set(["message"]);

  constructor(
    private readonly target: Target,
    start: Start,
    private readonly sink: Sink,
    private readonly wire: Wire,
  ) {
    const path = roomPath(target, "messages", { ...startQuery(start) });
    this.position = "since" in start ? start.since : undefined;
    wire.add("out", `GET ${path}`, "Accept: text/event-stream");
    this.source = new EventSource(path);
    this.source.onmessage = (event) => this.onMessage(event);
    for (const name of ABOUT_EVENTS) this.listenFor(name);
    this.source.onerror = () => this.onError();
    for (const name of OWN_EVENTS) {
      this.source.addEventListener(name, (event: MessageEvent) => this.onOwn(name, event.data));
    }
  }

  publish(draft: Draft) {
    return post(this.target, draft, this.wire);
  }

  async signal(to: string, signal: Signal): Promise<number> {
    const body = JSON.stringify({ ticket: this.ticket, to, signal });
    const response = await ask(this.wire, `/rooms/${encodeURIComponent(this.target.room)}/signals`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      // What is said on leaving the page is short; more than 64 KiB in all may not be under way like this (Fetch, "keepalive").
      keepalive: body.length < KEPT_ALIVE,
    });
    if (!response.ok) throw await problemOf(response);
    return Number(fields(await response.json())["sessions"]) || 0;
  }

  close(): void {
    this.wire.add("note", "EventSource.close()");
    this.shut();
  }

  private shut(): void {
    this.open = false;
    this.source.close();
  }

  private onMessage(event: MessageEvent): void {
    const named = event.type === "message" ? "" : `event: ${event.type}\n`;
    this.wire.add("in", `id: ${event.lastEventId}`, `${named}data: ${event.data}`);
    const envelope = readEnvelope(parseJson(event.data));
    if (envelope) this.inLine(() => this.deliver(envelope));
  }

  private onOwn(name: string, data: unknown): void {
    this.wire.add("in", `event: ${name}`, `data: ${String(data)}`);
    this.inLine(() => {
      const value = parseJson(data);
      if (name === "hubbub:joined") this.stand(readJoined(value));
      const problem = dispatchOwn(name, value, this.sink);
      if (problem) this.end(problem);
    });
  }

  /** After a cut the place is kept: the browser's Last-Event-ID may be that of an event nobody listened for. */
  private stand(joined: Joined): void {
    this.ticket = joined.ticket ?? "";
    if (!this.position || !joined.recovered) this.position = joined.cursor;
  }

  private inLine(act: () => void | Promise<void>): void {
    this.line = this.line.then(() => (this.open ? act() : undefined));
  }

  private async deliver(envelope: Envelope): Promise<void> {
    const before = this.position;
    if (before && before.epoch === envelope.offset.epoch && envelope.offset.seq > before.seq + 1n) {
      for (const unheard of await this.unheard(before, envelope.offset)) this.sink.message(unheard);
    }
    this.position = envelope.offset;
    this.heard.add(envelope.event);
    this.sink.message(envelope);
  }

  /**
   * EventSource drops events whose names nobody listens for, and it cannot be told to listen for all.
   * Such messages are fetched by a poll and their names listened for from now on. A message whose name
   * was heard before is not taken from there: that it did not come is a gap, and is to be seen.
   */
  private async unheard(after: Offset, until: Offset): Promise<readonly Envelope[]> {
    const limit = Math.min(1000, Number(until.seq - after.seq) - 1);
    const path = roomPath(this.target, "messages", { since: formatOffset(after), limit });
    const response = await ask(this.wire, path).catch(() => undefined);
    if (!response?.ok) return [];
    const found = readPage(await response.json()).messages.filter((m) => !this.heard.has(m.event));
    for (const { event } of found) this.listenFor(event);
    return found;
  }

  private listenFor(name: string): void {
    if (this.listening.has(name)) return;
    this.listening.add(name);
    this.source.addEventListener(name, (event: MessageEvent) => this.onMessage(event));
  }

  private onError(): void {
    if (!this.open) return;
    if (this.source.readyState === EventSource.CONNECTING) {
      this.wire.add("note", "Stream lost; EventSource asks again with Last-Event-ID");
      this.sink.mending();
      return;
    }
    this.shut();
    const fallback = new Problem("The stream was refused", "It is tried again by itself.");
    void whyRefused(this.target, this.wire, fallback).then((problem) => this.sink.lost(problem));
  }

  private end(problem: Problem): void {
    this.shut();
    this.sink.lost(problem);
  }
}

export const sse: Transport = (target, start, sink, wire) => new StreamLink(target, start, sink, wire);
