// Publishing by POST, as every transport but the WebSocket does it.
import { type Ack, fields, text } from "../envelope";
import { type Target, ask, roomPath } from "../http";
import { problemOf } from "../problem";
import type { Wire } from "../wire";
import type { Draft } from "./transport";

/** Publishes one message. `201` is new, `200` says that the key was seen before: kept once either way. */
export async function post(target: Target, draft: Draft, wire: Wire): Promise<Ack> {
  const response = await ask(wire, roomPath(target, "messages"), {
    method: "POST",
    headers: { "Content-Type": "text/plain", "Idempotency-Key": draft.key },
    body: draft.text,
  });
  if (!response.ok) throw await problemOf(response);
  const raw = fields(await response.json());
  return { id: text(raw["id"]), offset: text(raw["offset"]) };
}
