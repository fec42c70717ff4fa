// The server as a process: on a port of its own choosing, in a folder of its own, stopped by its id.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The program under test: `HUBBUB_BIN`, or the newest of cargo's two. */
function binary() {
  if (process.env.HUBBUB_BIN) return process.env.HUBBUB_BIN;
  const built = ["release", "debug"].map((profile) => join(root, "target", profile, "hubbub")).filter((path) => existsSync(path));
  if (built.length === 0) throw new Error("no hubbub to test: run `cargo build -p hubbub`, or set HUBBUB_BIN");
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** Starts a server with this configuration (TOML) and waits for its address. */
export async function startServer(config = "") {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-test-"));
  const file = join(folder, "hubbub.toml");
  writeFileSync(file, config);
  const child = spawn(binary(), ["serve", "--config", file, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (data) => (log += data));
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  const first = await Promise.race([firstLine(child.stdout), ended]);
  const address = /^listening on (http:\/\/\S+)$/.exec(first)?.[1];
  if (!address) throw new Error(`expected an address, got ${JSON.stringify(first)}\n${log}`);
  return new Server(address, child, ended, () => log);
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
}

class Server {
  constructor(base, child, ended, log) {
    Object.assign(this, { base, child, ended, log });
  }

  /** The WebSocket address of a room. */
  ws(room, query = "") {
    return `${this.base.replace("http", "ws")}/rooms/${room}/ws${query}`;
  }

  messages(room, query = "") {
    return `${this.base}/rooms/${room}/messages${query}`;
  }

  /** Asks it to close, and expects it to do so well. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`the server died by itself\n${this.log()}`);
    this.child.kill("SIGTERM");
    const { code, signal } = await this.ended;
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal}\n${this.log()}`);
  }
}
