// Two network namespaces and nothing between them but a wire that loses packets (examples/game/wire.py), which takes root.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Mailbox } from "./clients.js";
import { Networks } from "./networks.js";

const WIRE = fileURLToPath(new URL("../../../examples/game/wire.py", import.meta.url));
export const NEAR = "198.18.0.1"; // addresses for tests (RFC 2544); browsers take care with private ones
const FAR = "198.18.0.2";

/** `near` and `far`, on a wire that loses so many of a hundred packets each way, and takes `delay` milliseconds. */
export async function lossyNetworks({ loss, delay = 0 }) {
  const networks = new LossyNetworks();
  for (const name of ["near", "far"]) await networks.add(name);
  await networks.connect(["--loss", loss, "--delay", delay, "--seed", 1, "--near-address", `${NEAR}/24`, "--far-address", `${FAR}/24`]);
  return networks;
}

class LossyNetworks extends Networks {
  #lines = new Mailbox();

  async connect(options) {
    this.wire = spawn("python3", [WIRE, this.full("near"), this.full("far"), ...options.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.wire.stdout }).on("line", this.#lines.push);
    await this.#lines.find((line) => line === "ready");
  }

  /** What has passed and what was lost, each way. */
  report() {
    this.wire.stdin.write("\n");
    return this.#lines.next().then(JSON.parse);
  }

  async close() {
    const ended = once(this.wire, "exit");
    this.wire.stdin.end();
    await ended;
    await super.close();
  }
}
