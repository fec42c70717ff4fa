// The close codes of docs/websocket.md in words, and whether to come back.
import { Problem } from "../problem";

interface Meaning {
  readonly title: string;
  readonly detail: string;
  /** The HTTP status that means the same, or 0 where trying again can help. */
  readonly status?: number;
}

const MEANINGS: Readonly<Record<number, Meaning>> = {
  1000: { title: "The server closed the socket", detail: "It is opened again by itself." },
  1001: { title: "The server is closing", detail: "It is tried again by itself." },
  1002: { title: "A frame broke RFC 6455", detail: "Reconnect; if it happens again, please report it.", status: 400 },
  1006: { title: "The connection was lost", detail: "It is tried again by itself." },
  1007: { title: "A frame was not UTF-8", detail: "Reconnect and send text.", status: 400 },
  1008: { title: "You may not publish here", detail: "Choose another room, or sign in.", status: 403 },
  1009: { title: "The message was too large", detail: "Send a shorter one.", status: 413 },
  1011: { title: "The server had a fault", detail: "It is tried again by itself." },
  1013: { title: "The server is busy, or this page read too slowly", detail: "It goes on from the last offset by itself." },
  4401: { title: "Your token has expired", detail: "Sign in again, then reconnect.", status: 401 },
  4408: { title: "The connection fell silent", detail: "It is opened again by itself." },
  4410: { title: "The history since your last offset is gone", detail: "Join again to read what is kept.", status: 410 },
};

/** What a close code says to a person. */
export function closeProblem(code: number, reason: string): Problem {
  const meaning = MEANINGS[code] ?? { title: `The socket closed with ${code}`, detail: "It is tried again by itself." };
  return new Problem(meaning.title, reason ? `${meaning.detail} (${reason})` : meaning.detail, meaning.status ?? 0);
}
