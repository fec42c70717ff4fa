// Small helpers around the real clients: curl to publish with, and a way to take what arrives one by one.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Publishes with curl; the server's answer. */
export async function publish(server, room, text, name = "Curl") {
  const { stdout } = await run("curl", [
    "--silent", "--show-error", "--fail-with-body",
    "--header", "Content-Type: text/plain",
    "--data-binary", text,
    server.messages(room, `?name=${name}`),
  ]);
  return JSON.parse(stdout);
}

/** What arrives, kept until somebody takes it: `push` on one side, `await next()` on the other. */
export class Mailbox {
  #kept = [];
  #waiting = [];

  push = (item) => {
    const taker = this.#waiting.shift();
    if (taker) taker(item);
    else this.#kept.push(item);
  };

  next() {
    if (this.#kept.length > 0) return Promise.resolve(this.#kept.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes until one satisfies, and answers that one. */
  async find(wanted) {
    for (;;) {
      const item = await this.next();
      if (wanted(item)) return item;
    }
  }

  async take(count) {
    const items = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }
}
