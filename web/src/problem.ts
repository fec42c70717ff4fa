// Refusals: RFC 9457 problem documents, and what a person is told when there is none.
import { fields, text } from "./envelope";

/** A refusal in words: what it is, and what to do next. */
export class Problem extends Error {
  constructor(
    readonly title: string,
    /** What to do about it. */
    readonly detail: string,
    /** The HTTP status, or 0 where there was none. */
    readonly status = 0,
    /** Seconds to wait before trying again, where the server said so. */
    readonly retryAfter?: number,
    /** The document itself: 410 carries `cursor` and `oldest`. */
    readonly document: Record<string, unknown> = {},
  ) {
    super(`${title}: ${detail}`);
  }

  /** Whether the same request may succeed later (RFC 9110 §15.5.9, RFC 6585 §4, RFC 9110 §15.6). */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The server could not be reached at all. */
export function unreachable(): Problem {
  return new Problem("The server does not answer", "This page keeps trying; check that the server runs.");
}

/** Reads a problem document; `status` fills in for one that does not name its own. */
export function readProblem(value: unknown, status = 0, retryAfter?: number): Problem {
  const raw = fields(value);
  const own = Number(raw["status"]) || status;
  return new Problem(
    text(raw["title"]).replace(/\.$/, "") || `The server answered ${own}`,
    text(raw["detail"]) || "It gave no reason.",
    own,
    retryAfter,
    raw,
  );
}

/** Turns an HTTP answer that is not a success into a problem, whatever its body is. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  return readProblem(body, response.status, readRetryAfter(response.headers.get("Retry-After")));
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3); dates are not used by this server. */
export function readRetryAfter(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header.trim()) ? Number(header) : undefined;
}
