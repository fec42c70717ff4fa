// Somebody who answers calls with aiortc (tests/python/calls/answerer.py), in a process of his own.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Mailbox } from "./clients.js";
import { leavesAfterwards } from "./leaving.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const [PACKAGES, PACKAGES_OF_SLIXMPP] = ["python", "slixmpp"].map((name) => {
  const lib = join(ROOT, ".cache", name, "lib");
  return join(lib, readdirSync(lib)[0], "site-packages");
});

/** Lets him into a room of the server, where he hears and says signals in this way. */
export async function openAnswerer(server, { way, room, name, ice }) {
  const settings = JSON.stringify({ base: server.base, way, room, name, ice });
  const env = { ...process.env, PYTHONPATH: [join(ROOT, "tests/python"), PACKAGES, PACKAGES_OF_SLIXMPP].join(":") };
  const program = spawn(join(ROOT, ".cache/python/bin/python"), ["-m", "calls.answerer", settings], { env, stdio: ["ignore", "pipe", "inherit"] });
  leavesAfterwards(() => program.kill());
  const answerer = new Answerer(program);
  await answerer.told("here");
  return answerer;
}

class Answerer {
  #told = new Mailbox();

  constructor(program) {
    createInterface({ input: program.stdout }).on("line", (line) => this.#told.push(JSON.parse(line)));
    this.ended = new Promise((resolve) => program.on("exit", resolve));
    this.ended.then((status) => this.#told.push(["over", `ended with ${status}`]));
  }

  /** What he tells next of this kind; he must not be gone before. */
  async told(wanted) {
    const [kind, ...what] = await this.#told.find(([kind]) => kind === wanted || kind === "over");
    if (kind !== wanted) throw new Error(`no ${wanted}: ${what}`);
    return what;
  }

  /** Waits until he has seen pictures with something in them. */
  async sees() {
    for (;;) {
      const [, isPicture] = await this.told("frames");
      if (isPicture) return;
    }
  }
}
