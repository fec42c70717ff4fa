// EventSource and WebSocket do not tell why they were refused. A plain poll of the same room does.
import { type Target, ask, roomPath } from "../http";
import { Problem, problemOf } from "../problem";
import type { Wire } from "../wire";

/** Asks the same room the plain way and returns the refusal, or `fallback` where there is none. */
export async function whyRefused(target: Target, wire: Wire, fallback: Problem): Promise<Problem> {
  wire.add("note", "The browser hides why; ask the plain way");
  try {
    const response = await ask(wire, roomPath(target, "messages", { limit: 1 }));
    return response.ok ? fallback : await problemOf(response);
  } catch (cause) {
    return cause instanceof Problem ? cause : fallback;
  }
}
