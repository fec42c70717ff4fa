// The server as a process: on a port of its own choosing, in a folder of its own, stopped by its id.
import { execFile, spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The program under test: `HUBBUB_BIN`, or the newest of cargo's two. */
export function binary() {
  if (process.env.HUBBUB_BIN) return process.env.HUBBUB_BIN;
  const built = ["release", "debug"].map((profile) => join(root, "target", profile, "hubbub")).filter((path) => existsSync(path));
  if (built.length === 0) throw new Error("no hubbub to test: run `cargo build -p hubbub`, or set HUBBUB_BIN");
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** Runs one of the short commands, such as `hubbub user add`. */
const command = (...args) => promisify(execFile)(binary(), args);

/**
 * Starts a server with this configuration (TOML) and waits for its address. `durable` gives it a folder for its data; `port` is its
 * own choice unless it is to come back there (`freePort`). `within` is a command that runs it somewhere else.
 */
export async function startServer(config = "", { durable = false, host = "127.0.0.1", port = 0, within = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-test-"));
  const file = join(folder, "hubbub.toml");
  writeFileSync(file, config);
  const args = ["serve", "--config", file, "--listen", `${host}:${port}`];
  if (durable) args.push("--data", join(folder, "data"));
  const server = new Server([...within, binary(), ...args], folder);
  await server.start();
  return server;
}

/** A port that nobody has, of TCP or UDP, and that the system gives to nobody who does not ask for it by number. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const stream = net.createServer().listen(port, "127.0.0.1");
    const datagrams = dgram.createSocket("udp4").bind(port, "127.0.0.1");
    const sockets = [stream, datagrams];
    const tried = await Promise.allSettled(sockets.map((socket) => once(socket, "listening")));
    const bound = sockets.filter((_, index) => tried[index].status === "fulfilled");
    await Promise.all(bound.map((socket) => once(socket.close(), "close")));
    if (bound.length === sockets.length) return port;
  }
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
}

class Server {
  #log = "";

  constructor(command, folder) {
    Object.assign(this, { command, folder });
  }

  async start() {
    const [program, ...args] = this.command;
    this.child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stderr.on("data", (data) => (this.#log += data));
    this.ended = new Promise((resolve) => this.child.on("exit", (code, signal) => resolve({ code, signal })));
    const first = await Promise.race([firstLine(this.child.stdout), this.ended]);
    this.base = /^listening on (http:\/\/\S+)$/.exec(first)?.[1];
    if (!this.base) throw new Error(`expected an address, got ${JSON.stringify(first)}\n${this.#log}`);
  }

  log() {
    return this.#log;
  }

  /** As a power cut would. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  addUser(name, password) {
    return command("user", "add", name, "--password", password, "--data", join(this.folder, "data"));
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
