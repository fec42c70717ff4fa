// The example for games (examples/game): its script as a developer runs it, with the browser in a network namespace of its own at this end
// of the line.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Mailbox } from "./clients.js";
import { CHROMIUM, launchBy } from "./console.js";
import { leavesAfterwards } from "./leaving.js";
import { binary, freePort } from "./server.js";

const SCRIPT = fileURLToPath(new URL("../../../examples/game/play.py", import.meta.url));
const run = promisify(execFile);

/** The network namespaces that there are. */
export const namespaces = async () => (await run("ip", ["netns", "list"])).stdout.split("\n").map((line) => line.split(" ", 1)[0]);

/** An empty network namespace, for as long as the test. */
export async function newNamespace() {
  const name = `hubbub-near-${process.pid}`;
  await run("ip", ["netns", "add", name]);
  leavesAfterwards(() => run("ip", ["netns", "delete", name]));
  await run("ip", ["-n", name, "link", "set", "lo", "up"]);
  return name;
}

/** Chromium inside a namespace. */
export async function launchWithin(namespace) {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-test-"));
  const there = join(folder, "chromium");
  writeFileSync(there, `#!/bin/sh\nexec ip netns exec ${namespace} ${CHROMIUM} "$@"\n`);
  chmodSync(there, 0o755);
  const browser = await launchBy(there);
  leavesAfterwards(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });
  return browser;
}

/** The script, with these arguments besides; what it says, and what it is told. */
export async function startGame(...args) {
  const ports = ["--port", await freePort(), "--page-port", await freePort()];
  const child = spawn("python3", [SCRIPT, "--hubbub", binary(), ...ports.map(String), ...args], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const lines = new Mailbox();
  createInterface({ input: child.stdout }).on("line", lines.push);
  const end = async () => {
    child.stdin.end();
    return (await ended)[0];
  };
  leavesAfterwards(end);
  const url = (await lines.find((line) => line.startsWith("open "))).replace("open ", "");
  const line = async (words) => {
    child.stdin.write(`${words}\n`);
    return JSON.parse(await lines.next());
  };
  return { url, line, end, pid: child.pid };
}
