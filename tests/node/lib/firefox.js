// Debian's Firefox, told what to do by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/): as much of it as a call and the console take.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { Elements } from "./firefox_elements.js";
import { PATIENCE_MS, soon } from "./soon.js";

const PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "browser.download.folderList": 2, // where `browser.download.dir` says
  "browser.download.always_ask_before_handling_new_types": false,
  "browser.download.alwaysOpenPanel": false,
};

/** Starts Firefox without a screen, with a profile of its own. */
export async function launchFirefox() {
  const profile = mkdtempSync(join(tmpdir(), "hubbub-test-firefox-"));
  const lines = Object.entries({ ...PREFERENCES, "browser.download.dir": profile }).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, "user.js"), lines.join(""));
  const program = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
  const child = spawn(program, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const listening = await soon(address(child), "Firefox to say where it listens");
  const socket = new WebSocket(`${listening}/session`);
  await soon(once(socket, "open"), "Firefox to take a connection");
  const firefox = new Firefox(child, socket);
  await firefox.command("session.new", { capabilities: {} });
  await firefox.command("session.subscribe", { events: ["log.entryAdded", "browsingContext.downloadWillBegin", "browsingContext.downloadEnd"] });
  return firefox;
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
  #pages = new Map(); // by the ids of what BiDi calls contexts

  constructor(child, socket) {
    Object.assign(this, { child, socket, ended: once(child, "exit") });
    socket.on("message", (text) => this.#hear(JSON.parse(text)));
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Firefox has closed the connection"));
      this.#waiting.clear();
    });
  }

  #hear({ id, type, result, message, method, params }) {
    if (method) return this.#pages.get((params.source ?? params).context)?.heard(method, params);
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (type === "success") resolve?.(result);
    else reject?.(new Error(message));
  }

  command(method, params = {}, patience = PATIENCE_MS) {
    const id = ++this.#sent;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.socket.send(JSON.stringify({ id, method, params }));
    return soon(answer, `Firefox to answer ${method}`, patience);
  }

  /** Opens a page at `url`, apart from all others. */
  async open(url) {
    const page = await (await this.newContext()).newPage();
    await page.goto(url);
    return page;
  }

  async newContext() {
    const { userContext } = await this.command("browser.createUserContext");
    return new Context(this, userContext);
  }

  async newPage(owner) {
    const { context } = await this.command("browsingContext.create", { type: "tab", userContext: owner.userContext });
    const page = new Page(this, owner, context);
    this.#pages.set(context, page);
    return page;
  }

  /** Ends it: it may be gone before its answer to that is. */
  async close() {
    const closing = Promise.allSettled([this.command("browser.close"), this.ended]);
    await soon(closing, "Firefox to end").catch(() => this.child.kill("SIGKILL"));
    await this.ended;
  }
}

/** Pages that share nothing with those of others. */
class Context {
  constructor(firefox, userContext) {
    Object.assign(this, { firefox, userContext });
  }

  newPage() {
    return this.firefox.newPage(this);
  }

  close() {
    return this.firefox.command("browser.removeUserContext", { userContext: this.userContext });
  }
}

/** Has those methods of Playwright's pages that the tests need. Values cross as JSON. */
class Page {
  #id;
  #listeners = {};

  constructor(firefox, owner, id) {
    Object.assign(this, { firefox, context: () => owner });
    this.#id = id;
  }

  /** One command of BiDi's that is about this page. */
  command(method, params, patience) {
    return this.firefox.command(method, { context: this.#id, ...params }, patience);
  }

  goto(url) {
    return this.command("browsingContext.navigate", { url, wait: "complete" });
  }

  /** Has this run in the page whenever it is loaded, before anything else. */
  addInitScript(act) {
    return this.firefox.command("script.addPreloadScript", { functionDeclaration: String(act), contexts: [this.#id] });
  }

  /** `pageerror`, `console` or `download`. */
  on(event, listener) {
    this.#listeners[event] = listener;
  }

  waitForEvent(event) {
    return soon(new Promise((resolve) => this.on(event, resolve)), `Firefox to tell of a ${event}`);
  }

  /** An event of BiDi's, as Playwright tells it. A download is told of when it is over. */
  heard(event, { type, level, method, text, suggestedFilename, filepath }) {
    if (event === "browsingContext.downloadWillBegin") this.saving = suggestedFilename;
    const { saving } = this;
    if (event === "browsingContext.downloadEnd") this.#listeners.download?.({ suggestedFilename: () => saving, path: async () => filepath });
    if (type === "console") this.#listeners.console?.({ type: () => method, text: () => text });
    if (type === "javascript" && level === "error") this.#listeners.pageerror?.(text);
  }

  locator(css) {
    return new Elements(this).locator(css);
  }

  getByTestId(id) {
    return new Elements(this).getByTestId(id);
  }

  async evaluate(act, argument, patience) {
    const { value } = await this.call(`async () => JSON.stringify(await (${act})(${JSON.stringify(argument)}))`, patience);
    return value && JSON.parse(value);
  }

  /** What this function of no arguments brings, as BiDi says it. */
  async call(functionDeclaration, patience) {
    const target = { context: this.#id };
    const said = await this.firefox.command("script.callFunction", { functionDeclaration, awaitPromise: true, target }, patience);
    if (said.type === "exception") throw new Error(said.exceptionDetails.text);
    return said.result;
  }

  /** Asks again and again in the page until there is something, for so many milliseconds at most. */
  async waitForFunction(act, argument, { timeout = PATIENCE_MS / 2 } = {}) {
    const wait = `async (argument) => {
      for (const end = performance.now() + ${timeout}; performance.now() < end; ) {
        const found = await (${act})(argument);
        if (found) return { found };
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return null;
    }`;
    const answer = await this.evaluate(wait, argument, PATIENCE_MS + timeout);
    if (!answer) throw new Error(`waited ${timeout / 1000} s in Firefox for ${act}, of ${JSON.stringify(argument)}`);
    return { jsonValue: async () => answer.found };
  }
}
