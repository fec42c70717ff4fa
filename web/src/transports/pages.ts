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

/** What a turn brought: more is there at once, something, or nothing. */
export type Turn = "more" | "some" | "nothing";

/** Reads a room page by page. */
export class PageReader {
  private cursor: Offset | undefined;
  private joined = false;
  /** The cursor was there; told with the next answer. */
  private recovered = true;
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

  /** One request and what follows from its answer; `wait` in seconds makes it a long poll. */
  async turn(wait?: number): Promise<Turn> {
    const query = this.cursor ? { since: formatOffset(this.cursor) } : startQuery(this.start);
    const path = roomPath(this.target, "messages", { ...query, wait: this.catchingUp ? undefined : wait });
    // An ETag speaks of one address only (RFC 9110 §8.8.3), and the address changes with the cursor. A long
    // poll goes without: it wants to wait for news, not to hear that there is none.
    const headers = wait === undefined && this.etag?.path === path ? { "If-None-Match": this.etag.value } : undefined;
    const response = await ask(this.wire, path, { signal: this.signal, ...(headers ? { headers } : {}) });
    if (response.status === 304) return "nothing";
    if (response.status === 410) return this.restart(await problemOf(response));
    if (!response.ok) throw await problemOf(response);
    const etag = response.headers.get("ETag");
    this.etag = etag === null ? undefined : { path, value: etag };
    return this.take(readPage(await response.json()));
  }

  private take(page: Page): Turn {
    if (!this.joined) this.join(page);
    if (this.catchingUp) this.sink.stands(page.cursor);
    for (const message of page.messages) this.sink.message(message);
    this.cursor = page.cursor;
    if (!page.more) this.catchingUp = false;
    if (page.more) return "more";
    return page.messages.length > 0 ? "some" : "nothing";
  }

  private join(page: Page): void {
    const cursor = this.cursor ?? ("since" in this.start ? this.start.since : placeBefore(page));
    this.sink.joined({ cursor, head: page.cursor, recovered: this.recovered, presence: undefined });
    this.joined = true;
    this.recovered = true;
  }

  /** The cursor is gone (410): said plainly, then everything that is still kept is read. */
  private restart(problem: Problem): Turn {
    const oldest = parseOffset(text(problem.document["oldest"]));
    if (!oldest) throw problem;
    this.joined = false;
    this.recovered = false;
    this.catchingUp = true;
    this.cursor = oldest;
    return "more";
  }
}

/** The place after which a page begins. */
function placeBefore(page: Page): Offset {
  const first = page.messages[0]?.offset;
  return first ? { epoch: first.epoch, seq: first.seq - 1n } : page.cursor;
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
