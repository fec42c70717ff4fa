// Networks of their own for browsers and a server: namespaces (network_namespaces(7)) on one wire, which takes root.
//
//   hubbub 198.18.0.1 ── a bridge, 198.18.0.0/16 ── ann, bo, …: 198.18.0.2, .3, … (RFC 2544: for tests)
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const SERVER = "198.18.0.1";

/** Lays them out; `close` takes everything away. */
export async function networks(...names) {
  const all = new Networks();
  await all.add("hubbub");
  await all.within("hubbub", "ip", "link", "add", "wire", "type", "bridge");
  await all.within("hubbub", "ip", "link", "set", "wire", "up");
  await all.within("hubbub", "ip", "address", "add", `${SERVER}/16`, "dev", "wire");
  for (const [index, name] of names.entries()) {
    await all.add(name);
    await all.plug(name, "eth0", `198.18.0.${index + 2}`);
  }
  return all;
}

export class Networks {
  #names = [];

  /** What the system calls it. */
  full(name) {
    return `hub${process.pid}-${name}`;
  }

  /** The beginning of a command that is to run there. */
  command(name) {
    return ["ip", "netns", "exec", this.full(name)];
  }

  within(name, ...command) {
    const [program, ...rest] = this.command(name);
    return run(program, [...rest, ...command]);
  }

  async add(name) {
    await run("ip", ["netns", "add", this.full(name)]);
    this.#names.push(name);
    await this.within(name, "ip", "link", "set", "lo", "up");
  }

  /** A cable from `link` there to the wire, and an address on it. */
  async plug(name, link, address) {
    const far = `${name}-${link}`;
    const peer = ["type", "veth", "peer", "name", far, "netns", this.full("hubbub")];
    await run("ip", ["link", "add", link, "netns", this.full(name), ...peer]);
    await this.within("hubbub", "ip", "link", "set", far, "master", "wire", "up");
    await this.within(name, "ip", "link", "set", link, "up");
    await this.move(name, link, [], [address]);
  }

  /** Pulls the cable out. */
  unplug(name, link) {
    return this.within(name, "ip", "link", "delete", link);
  }

  /** Takes addresses from a link and gives it others. */
  async move(name, link, from, to) {
    for (const address of from) await this.within(name, "ip", "address", "delete", `${address}/16`, "dev", link);
    for (const address of to) await this.within(name, "ip", "address", "add", `${address}/16`, "dev", link);
  }

  /** A program that starts another one there, with whatever arguments it is given itself. */
  starter(name, program) {
    const file = join(mkdtempSync(join(tmpdir(), "hubbub-test-")), name);
    writeFileSync(file, `#!/bin/sh\nexec ${this.command(name).join(" ")} ${program} "$@"\n`);
    chmodSync(file, 0o755);
    return file;
  }

  async close() {
    for (const name of this.#names.splice(0)) await run("ip", ["netns", "delete", this.full(name)]);
  }
}
