// Own messages until they are back: XMPP has no acknowledgement, the room sends everybody's messages to everybody, and
// so its own to each sender (XEP-0045 §7.4).
import type { Ack } from "../../envelope";
import { Problem } from "../../problem";

/** How long the return of a message may take, in milliseconds. */
const RETURN_MS = 15_000;

interface Sent {
  resolve(ack: Ack): void;
  reject(problem: Problem): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class Waiting {
  private readonly sent = new Map<string, Sent>();
  /** What is back: the log's id, and the key it was sent under. */
  private readonly keys = new Map<string, string>();

  /** A message is sent under this key. */
  add(key: string): Promise<Ack> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.refuse(key, unsure()), RETURN_MS);
      this.sent.set(key, { resolve, reject, timer });
    });
  }

  /** The room has sent it back, and says which id the log has it under. */
  returned(key: string, id: string): void {
    if (this.sent.has(key)) this.keys.set(id, key);
  }

  /** Where this message stands is known. */
  placed(id: string, offset: string): void {
    const key = this.keys.get(id);
    if (key === undefined) return;
    this.keys.delete(id);
    this.take(key)?.resolve({ id, offset, key });
  }

  /** The room did not take it. */
  refuse(key: string, problem: Problem): void {
    this.take(key)?.reject(problem);
  }

  /** The stream is over: what is not back may be kept or not. */
  giveUp(): void {
    for (const key of [...this.sent.keys()]) this.refuse(key, unsure());
  }

  private take(key: string): Sent | undefined {
    const sent = this.sent.get(key);
    this.sent.delete(key);
    clearTimeout(sent?.timer);
    return sent;
  }
}

function unsure(): Problem {
  return new Problem("It did not come back from the room", "It may have been kept. If it does not appear, send it again.", 409);
}
