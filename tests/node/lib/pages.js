// Somebody with socket.io-client in a page of Chromium. The page is as simple as can be; what it hears comes out one by one.
import { once } from "node:events";
import http from "node:http";
import { Mailbox } from "./clients.js";
import { leavesAfterwards } from "./leaving.js";

/** A web server somewhere else, whose pages load the client of Socket.IO from `script()`. */
export async function elsewhere(script) {
  const site = http.createServer((_, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,"><script src="${script()}"></script>`);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const close = () => {
    site.close();
    site.closeAllConnections();
  };
  return { base: `http://127.0.0.1:${site.address().port}`, close };
}

/** Opens a page at `url` in a context of its own, with these cookies. */
export async function openPage(browser, url, cookies = []) {
  const context = await browser.newContext();
  leavesAfterwards(() => context.close());
  await context.addCookies(cookies);
  const page = await context.newPage();
  const visitor = new PageVisitor(page);
  await page.exposeFunction("tell", visitor.tell);
  await page.addInitScript(prepare);
  await page.goto(url);
  return visitor;
}

/** A page of the server's own, with the client it serves. */
export async function openOwnPage(browser, server, cookies = []) {
  const visitor = await openPage(browser, server.base, cookies);
  await visitor.page.addScriptTag({ url: "/socket.io/socket.io.min.js" });
  return visitor;
}

/** Runs in the page: bytes cross to node as `{bytes: […]}` and back. */
function prepare() {
  const map = (value, leaf) => {
    const changed = leaf(value);
    if (changed !== value || typeof value !== "object" || value === null) return changed;
    if (Array.isArray(value)) return value.map((one) => map(one, leaf));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, map(one, leaf)]));
  };
  // The client gives bytes as an ArrayBuffer, with msgpack as a view of one.
  const all = (one) => (ArrayBuffer.isView(one) ? new Uint8Array(one.buffer, one.byteOffset, one.byteLength) : new Uint8Array(one));
  const plain = (value) => map(value, (one) => (one instanceof ArrayBuffer || ArrayBuffer.isView(one) ? { bytes: [...all(one)] } : one));
  const real = (value) => map(value, (one) => (one?.bytes ? Uint8Array.from(one.bytes).buffer : one));
  globalThis.enter = (url, options) => {
    const socket = (globalThis.socket = globalThis.io(url, options));
    socket.on("connect", () => globalThis.tell("connect", socket.recovered ?? false));
    socket.on("connect_error", ({ message, data }) => globalThis.tell("connect_error", { message, data }));
    socket.on("disconnect", (reason) => globalThis.tell("disconnect", reason));
    socket.io.on("open", () => {
      globalThis.tell("transport", socket.io.engine.transport.name);
      socket.io.engine.on("upgrade", ({ name }) => globalThis.tell("transport", name));
    });
    socket.onAny((...event) => {
      const own = event[0].startsWith("hubbub:");
      if (!own) event.pop(); // the offset
      globalThis.tell(own ? event[0] : "heard", own ? event[1] : plain(event));
    });
  };
  globalThis.say = (event) => globalThis.socket.emit(...real(event));
  globalThis.ask = (event) => globalThis.socket.timeout(30_000).emitWithAck(...real(event));
}

class PageVisitor {
  #told = {};

  constructor(page) {
    this.page = page;
  }

  #mailbox(kind) {
    return (this.#told[kind] ??= new Mailbox(`the page to tell of "${kind}"`));
  }

  tell = (kind, what) => this.#mailbox(kind).push(what);

  /** What the page has to say next of this kind: `connect`, `connect_error`, `disconnect`, `transport`, `heard`, `hubbub:joined`, … */
  told(kind) {
    return this.#mailbox(kind).next();
  }

  /** The next events that the application hears. */
  take(count) {
    return this.#mailbox("heard").take(count);
  }

  /** Begins to connect. */
  knock(server, namespace, options = {}) {
    return this.page.evaluate(([url, options]) => globalThis.enter(url, options), [server.base + namespace, options]);
  }

  /** Connects, and waits until it is in. */
  async enter(server, namespace, options = {}) {
    await this.knock(server, namespace, options);
    await this.told("connect");
    this.joined = await this.told("hubbub:joined");
  }

  /** Says it and waits until it is kept. */
  ask(...event) {
    return this.page.evaluate((event) => globalThis.ask(event), event);
  }

  say(...event) {
    return this.page.evaluate((event) => globalThis.say(event), event);
  }

  transport() {
    return this.page.evaluate(() => globalThis.socket.io.engine.transport.name);
  }
}
