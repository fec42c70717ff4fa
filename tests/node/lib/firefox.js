// Debian's Firefox, told what to do by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/): as much of it as a call takes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import WebSocket from "ws";

const PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
};

/** How long it may take to start, or to carry out one command, before a test says what it was waiting for. */
const PATIENCE_MS = 60_000;

/** Starts Firefox without a screen, with a profile of its own. */
export async function launchFirefox() {
  const profile = mkdtempSync(join(tmpdir(), "hubbub-test-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, "user.js"), lines.join(""));
  const program = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
  const child = spawn(program, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const listening = await soon(address(child), "to say where it listens");
  const socket = new WebSocket(`${listening}/session`);
  await soon(once(socket, "open"), "to take a connection");
  const firefox = new Firefox(child, socket);
  await firefox.command("session.new", { capabilities: {} });
  return firefox;
}

/** What `promise` brings, unless Firefox lets us wait too long for it. */
async function soon(promise, what) {
  const late = new AbortController();
  const expired = delay(PATIENCE_MS, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(`waited ${PATIENCE_MS / 1000} s for Firefox ${what}`)),
    () => undefined,
  );
  try {
    return await Promise.race([promise, expired]);
  } finally {
    late.abort();
  }
}

/** Where it says that it listens. */
function address(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    child.on("error", reject);
    child.on("exit", (code, signal) => reject(new Error(`Firefox ended before it listened (${code ?? signal}). It said:\n${said}`)));
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said = (said + text).slice(-10_000);
      const [, found] = /^WebDriver BiDi listening on (ws:\S+)/m.exec(said) ?? [];
      if (found) resolve(found);
    });
  });
}

class Firefox {
  #sent = 0;
  #waiting = new Map();

  constructor(child, socket) {
    Object.assign(this, { child, socket });
    socket.on("message", (text) => {
      const { id, type, result, message } = JSON.parse(text);
      const { resolve, reject } = this.#waiting.get(id) ?? {};
      this.#waiting.delete(id);
      if (type === "success") resolve?.(result);
      else reject?.(new Error(message));
    });
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Firefox has closed the connection"));
      this.#waiting.clear();
    });
  }

  command(method, params = {}) {
    const id = ++this.#sent;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.socket.send(JSON.stringify({ id, method, params }));
    return soon(answer, `to answer ${method}`);
  }

  /** Opens a page at `url`, apart from all others. */
  async open(url) {
    const { userContext } = await this.command("browser.createUserContext");
    const { context } = await this.command("browsingContext.create", { type: "tab", userContext });
    await this.command("browsingContext.navigate", { context, url, wait: "complete" });
    return new Page(this, context);
  }

  /** Ends it: it may be gone before its answer to that is. */
  async close() {
    const ended = once(this.child, "exit");
    await this.command("browser.close").catch(() => this.child.kill("SIGKILL"));
    await ended;
  }
}

/** Has those methods of Playwright's pages that the tests of calls need. Values cross as JSON. */
class Page {
  constructor(firefox, context) {
    Object.assign(this, { firefox, context });
  }

  async evaluate(act, argument) {
    const functionDeclaration = `async () => JSON.stringify(await (${act})(${JSON.stringify(argument)}))`;
    const target = { context: this.context };
    const said = await this.firefox.command("script.callFunction", { functionDeclaration, awaitPromise: true, target });
    if (said.type === "exception") throw new Error(said.exceptionDetails.text);
    return said.result.value && JSON.parse(said.result.value);
  }

  async waitForFunction(act, argument) {
    const wait = `async (argument) => {
      for (;;) {
        const found = await (${act})(argument);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }`;
    const found = await this.evaluate(wait, argument);
    return { jsonValue: async () => found };
  }
}
