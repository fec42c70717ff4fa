// The wire log: what travels between this page and the server, in the words of the protocol.
import { signal } from "@preact/signals";
import { paced } from "./pace";

/** One line of the log: an HTTP exchange, a WebSocket frame, an event of a stream, or a remark. */
export interface WireRow {
  readonly id: number;
  readonly dir: "out" | "in" | "note";
  /** `open` while an exchange waits for its answer. */
  readonly state: "open" | "ok" | "bad";
  readonly title: string;
  /** Shown behind the title: status and time of an exchange. */
  readonly result: string;
  /** Headers and bodies, as lines. */
  readonly detail: string;
  /** How often the very same exchange came in a row. */
  readonly count: number;
}

type Finish = (ok: boolean, result: string, detail?: string) => void;

const KEPT = 200;
/** How far back an exchange looks for its own like: polling and presence alternate. */
const FOLD_REACH = 4;
const DETAIL_KEPT = 4_000;

export class Wire {
  /** What is shown; follows what is known within a frame. */
  readonly rows = signal<readonly WireRow[]>([]);
  private known: readonly WireRow[] = [];
  private last = 0;
  private readonly show = paced(() => void (this.rows.value = this.known));

  /** Something sent or received in one piece. */
  add(dir: WireRow["dir"], title: string, detail = ""): void {
    this.push({ dir, title, detail, state: "ok", result: "" });
  }

  /** A request; call what is returned when its answer is there. */
  exchange(title: string, request: string): Finish {
    const id = this.push({ dir: "out", title, detail: request, state: "open", result: "" });
    return (ok, result, detail) => this.finish(id, ok, result, detail ?? "");
  }

  clear(): void {
    this.keep([]);
  }

  private push(row: Omit<WireRow, "id" | "count">): number {
    const id = ++this.last;
    const clean = { ...row, id, count: 1, title: redact(row.title), detail: redact(row.detail).slice(0, DETAIL_KEPT) };
    this.keep([...this.known.slice(1 - KEPT), clean]);
    return id;
  }

  private finish(id: number, ok: boolean, result: string, detail: string): void {
    const rows = this.known.map((row) => (row.id === id ? answered(row, ok, result, detail) : row));
    this.keep(fold(rows, id));
  }

  private keep(rows: readonly WireRow[]): void {
    this.known = rows;
    this.show();
  }
}

function answered(row: WireRow, ok: boolean, result: string, detail: string): WireRow {
  const both = [row.detail, redact(detail)].filter((part) => part !== "").join("\n\n");
  return { ...row, state: ok ? "ok" : "bad", result, detail: both.slice(0, DETAIL_KEPT) };
}

/** Folds the exchange `id` into an equal one shortly before it, so that idle polling does not flood the log. */
export function fold(rows: readonly WireRow[], id: number): readonly WireRow[] {
  const at = rows.findIndex((row) => row.id === id);
  const row = rows[at];
  if (!row) return rows;
  for (let i = at - 1; i >= Math.max(0, at - FOLD_REACH); i--) {
    const earlier = rows[i];
    if (earlier && isSame(earlier, row)) {
      return rows.with(i, { ...row, id: earlier.id, count: earlier.count + 1 }).toSpliced(at, 1);
    }
  }
  return rows;
}

function isSame(a: WireRow, b: WireRow): boolean {
  return a.state === "ok" && b.state === "ok" && a.title === b.title && status(a) === status(b) && a.title.startsWith("GET");
}

function status(row: WireRow): string {
  return row.result.split(" ")[0] ?? "";
}

/** Takes tokens, passwords and what proves them out of what is shown, and of the ids by which a session is held and restored all but their beginning. */
export function redact(line: string): string {
  return line
    .replace(/\btoken=[^&\s"]+/g, "token=…")
    .replace(/(<(?:auth|response)\b[^>]*>)[^<]+/g, "$1…")
    .replace(/("(?:token|ticket|credential)":\s*")[^"]+/g, "$1…")
    .replace(/("[ps]id":\s*"[^"]{0,6})[^"]*/g, "$1…");
}
