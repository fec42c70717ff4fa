// What a stream carries, whichever stream it is: messages and the server's own events.
import { readWriting } from "../about";
import { fields, readEnvelope, readJoined, readPresence, readPresenceChange, text } from "../envelope";
import type { Incoming } from "../p2p/signals";
import { type Problem, readProblem } from "../problem";
import type { Sink } from "./transport";

/** Hands one `hubbub:` event's data to the sink. An error ends the stream and is returned. */
export function dispatchOwn(event: string, data: unknown, sink: Sink): Problem | undefined {
  switch (event) {
    case "hubbub:joined":
      join(data, sink);
      return undefined;
    case "hubbub:presence":
      // The whole list comes to a reader that has missed who came and went.
      if (Array.isArray(fields(data)["occupants"])) sink.present(readPresence(data));
      else sink.moved(readPresenceChange(data));
      return undefined;
    case "hubbub:typing":
      sink.writes(readWriting(data));
      return undefined;
    case "hubbub:signal":
      sink.signalled(readIncoming(data));
      return undefined;
    case "hubbub:error":
      return readProblem(data);
    default:
      return undefined;
  }
}

/** The data of `hubbub:signal`. */
export function readIncoming(data: unknown): Incoming {
  const raw = fields(data);
  const from = text(raw["from"]);
  return { from, name: text(raw["name"]) || from, signal: raw["signal"] };
}

/** Hands a message to the sink; what is no envelope is left alone. */
export function dispatchMessage(value: unknown, sink: Sink): void {
  const envelope = readEnvelope(value);
  if (envelope) sink.message(envelope);
}

/** JSON, or `undefined` for what does not parse. */
export function parseJson(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}

/** The key that a refusal of one published frame carries; absent when the refusal is the stream's. */
export function keyOf(data: unknown): string | undefined {
  const key = fields(data)["key"];
  return typeof key === "string" ? key : undefined;
}

function join(data: unknown, sink: Sink): void {
  const joined = readJoined(data);
  sink.joined(joined);
  sink.present(joined.presence);
}
