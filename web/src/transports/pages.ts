// What polling and long polling share: a cursor that is carried from answer to answer, and
// presence asked for from time to time.
import { type Envelope, fields, readEnvelope, readPresence, text } from "../envelope";
import { type Target, ask, roomPath } from "../http";
import { type Offset, formatOffset, parseOffset } from "../offset";
import { Problem, problemOf } from "../problem";
import type { Wire } from "../wire";
import { type Sink, type Start, startQuery } from "./transport";

/** One answer to a poll. */
export interface Page {
  readonly cursor: Offset;
  /** Cut at the limit: ask again at once. */
  readonly more: boolean;
  readonly messages: readonly Envelope[];
}

const PRESENCE_EVERY_MS = 5_000;

/** Reads a poll's answer; throws a `Problem` where it is not one. */
export function readPage(value: unknown): Page {
  const raw = fields(value);
  const cursor = parseOffset(text(raw["cursor"]));
  if (!cursor || !Array.isArray(raw["messages"])) {
    throw new Problem("The answer is not a page of messages", "Check that the address is a Hubbub server.", 400);
  }
  const messages = raw["messages"].map(readEnvelope).filter((m) => m !== undefined);
  return { cursor, more: raw["more"] === true, messages };
}

/** Reads a room page by page. */
export class PageReader {
  private cursor: Offset | undefined;
  private joined = false;
  /** The first answers, up to the one that is not cut, are backlog. */
  private catchingUp = true;
  private etag: { readonly path: string; readonly value: string } | undefined;

  constructor(
    private readonly target: Target,
    private readonly start: Start,
    private readonly sink: Sink,
    private readonly wire: Wire,
    private readonly signal: AbortSignal,
  ) {}

  /** One request and what follows from its answer; `wait` in seconds. Says whether more is there at once. */
  async turn(wait?: number): Promise<boolean> {
    const query = this.cursor ? { since: formatOffset(this.cursor) } : startQuery(this.start);
    const path = roomPath(this.target, "messages", { ...query, wait: this.catchingUp ? undefined : wait });
    // An ETag speaks of one address only (RFC 9110 §8.8.3), and the address changes with the cursor.
    const headers = this.etag?.path === path ? { "If-None-Match": this.etag.value } : undefined;
    const response = await ask(this.wire, path, { signal: this.signal, ...(headers ? { headers } : {}) });
    if (response.status === 304) return false;
    if (response.status === 410) return this.restart(await problemOf(response));
    if (!response.ok) throw await problemOf(response);
    const etag = response.headers.get("ETag");
    this.etag = etag === null ? undefined : { path, value: etag };
    return this.take(readPage(await response.json()));
  }

  private take(page: Page): boolean {
    if (!this.joined) this.sink.joined({ cursor: page.cursor, recovered: true, presence: undefined });
    if (this.catchingUp) this.sink.stands(page.cursor);
    this.joined = true;
    for (const message of page.messages) this.sink.message(message);
    this.cursor = page.cursor;
    const caughtUp = this.catchingUp && !page.more;
    if (caughtUp) this.catchingUp = false;
    return page.more;
  }

  /** The cursor is gone (410): said plainly, then everything that is still kept is read. */
  private restart(problem: Problem): boolean {
    const oldest = parseOffset(text(problem.document["oldest"]));
    if (!oldest) throw problem;
    const cursor = parseOffset(text(problem.document["cursor"]));
    this.sink.joined({ cursor, recovered: false, presence: undefined });
    this.joined = true;
    this.catchingUp = true;
    this.cursor = oldest;
    return true;
  }
}

/** Asks who is there, again and again until aborted. A failure is left to the messages to report. */
export async function watchPresence(target: Target, sink: Sink, wire: Wire, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const response = await ask(wire, roomPath(target, "presence"), { signal }).catch(() => undefined);
    if (response?.ok) sink.present(readPresence(await response.json()));
    if (response?.status === 404) return sink.present(undefined);
    await pause(PRESENCE_EVERY_MS, signal);
  }
}

/** Waits, or returns early when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** Runs `turn` until aborted; what it throws is the end of the link. */
export async function loop(signal: AbortSignal, sink: Sink, turn: () => Promise<void>): Promise<void> {
  try {
    while (!signal.aborted) await turn();
  } catch (cause) {
    if (signal.aborted) return;
    sink.lost(cause instanceof Problem ? cause : new Problem("The page stumbled", String(cause)));
  }
}
