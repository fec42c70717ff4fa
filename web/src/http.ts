// Requests to the server: addresses, and `fetch` that writes what it does into the wire log.
import { unreachable } from "./problem";
import type { Wire } from "./wire";

/** Which room, and who is asking. */
export interface Target {
  readonly room: string;
  readonly name: string;
  /** A token instead of a guest's name. */
  readonly token?: string;
  /** Who signed in by name and password has both at hand where a proof is wanted. */
  readonly login?: Login;
}

/** An account's name and password, kept in this page's memory only. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** The path and query of a room's resource; a token makes the guest's name superfluous. */
export function roomPath(target: Target, resource: "messages" | "presence" | "ws", query: Query = {}): string {
  const who = target.token === undefined ? { name: target.name } : { token: target.token };
  const params = Object.entries({ ...query, ...who })
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  const path = `/rooms/${encodeURIComponent(target.room)}/${resource}`;
  return params.length > 0 ? `${path}?${params.join("&")}` : path;
}

/** `fetch`, told to the wire log. Throws a `Problem` when the server cannot be reached, `AbortError` when aborted. */
export async function ask(wire: Wire, path: string, init: RequestInit = {}): Promise<Response> {
  const started = performance.now();
  const finish = wire.exchange(`${init.method ?? "GET"} ${path}`, requestText(init));
  try {
    const response = await fetch(path, { cache: "no-store", ...init });
    const body = await response.clone().text();
    const took = performance.now() - started;
    finish(response.ok || response.status === 304, `${response.status} · ${milliseconds(took)}`, answerText(response, body));
    return response;
  } catch (cause) {
    const aborted = cause instanceof DOMException && cause.name === "AbortError";
    finish(false, aborted ? "cut" : "no answer");
    throw aborted ? cause : unreachable();
  }
}

/** `0.84 ms`, `12 ms`, `1.24 s`: three figures are plenty. */
export function milliseconds(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function requestText(init: RequestInit): string {
  const lines = Object.entries((init.headers ?? {}) as Record<string, string>).map(
    ([name, value]) => `${name}: ${name === "Authorization" ? "…" : value}`,
  );
  return [...lines, ...(typeof init.body === "string" ? ["", init.body] : [])].join("\n").trim();
}

function answerText(response: Response, body: string): string {
  const told = ["Content-Type", "ETag", "Retry-After"]
    .filter((name) => response.headers.has(name))
    .map((name) => `${name}: ${response.headers.get(name)}`);
  return [`HTTP ${response.status} ${response.statusText}`.trim(), ...told, "", body].join("\n").trim();
}
