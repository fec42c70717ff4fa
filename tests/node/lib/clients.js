// Small helpers around the real clients: curl to publish with, and a way to take what arrives one by one.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { soon } from "./soon.js";

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
  #what;
  #kept = [];
  #waiting = [];

  /** `what` is to arrive here, in the words of a test that has waited for it too long. */
  constructor(what = "what arrives next") {
    this.#what = what;
  }

  push = (item) => {
    const taker = this.#waiting.shift();
    if (taker) taker(item);
    else this.#kept.push(item);
  };

  async next() {
    if (this.#kept.length > 0) return this.#kept.shift();
    let taker;
    const arrives = new Promise((resolve) => this.#waiting.push((taker = resolve)));
    try {
      return await soon(arrives, this.#what);
    } catch (error) {
      this.#waiting = this.#waiting.filter((one) => one !== taker);
      throw error;
    }
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
