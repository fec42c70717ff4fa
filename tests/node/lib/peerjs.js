// Somebody with the npm package `peerjs` in a page of Chromium: what happens to him comes out one by one.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { fileURLToPath } from "node:url";
import { Mailbox } from "./clients.js";
import { leavesAfterwards } from "./leaving.js";
import { LONG_MS, soon } from "./soon.js";

// The file for pages that have no bundler, as the package names it ("jsdelivr", "unpkg"); it makes a global `Peer`.
const CLIENT = readFileSync(fileURLToPath(new URL("../node_modules/peerjs/dist/peerjs.min.js", import.meta.url)), "utf8");

/** A page at `url`, in a context of its own, that has the client. */
export async function openPage(browser, url) {
  const context = await browser.newContext();
  leavesAfterwards(() => context.close());
  const page = await context.newPage();
  const person = new Person(page);
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => person.said.push(JSON.parse(payload))));
  await page.exposeFunction("tell", person.tell);
  await page.goto(url);
  await page.evaluate(`${CLIENT};(${prepare})()`);
  return person;
}

/** What `new Peer` is told of a server, as one writes it. */
export function at({ base }, options = {}) {
  const { hostname, port } = new URL(base);
  return { host: hostname, port: Number(port), ...options };
}

/** A wire to the server on which the near end can be cut while the far end hears nothing of it, as when a phone leaves its network. */
export async function silentlyCuttable({ base }) {
  const near = new Set();
  const far = new Set();
  const { hostname, port } = new URL(base);
  const listener = net.createServer((one) => {
    const other = net.connect(Number(port), hostname);
    near.add(one.on("error", () => {}));
    far.add(other.on("error", () => {}));
    one.on("data", (bytes) => other.write(bytes));
    other.on("data", (bytes) => one.write(bytes)).on("end", () => one.end());
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = () => near.forEach((socket) => socket.destroy());
  const close = () => {
    [...near, ...far].forEach((socket) => socket.destroy());
    listener.close();
  };
  return { base: `http://127.0.0.1:${listener.address().port}`, cut, close };
}

class Person {
  /** What was sent to the server. */
  said = [];
  #told = {};

  constructor(page) {
    this.page = page;
  }

  tell = (kind, what) => this.#mailbox(kind).push(what);

  #mailbox(kind) {
    return (this.#told[kind] ??= new Mailbox(`the page to tell of "${kind}"`));
  }

  /** What the page has to say next of this kind: `open`, `error`, `disconnected`, `connection`, `closed`, … */
  told(kind) {
    return this.#mailbox(kind).next();
  }

  /** Begins to come; without an id the server makes one up. */
  come(id, options) {
    return this.page.evaluate(([id, options]) => globalThis.person.come(id, options), [id, options]);
  }

  /** Comes, and gives the id. */
  async open(id, options) {
    await this.come(id, options);
    return (this.id = await this.told("open"));
  }

  /** Has a data connection to `other`, who learns of it too. */
  async connect(other, options = {}) {
    await this.page.evaluate(([id, options]) => globalThis.person.connect(id, options), [other.id, options]);
    await Promise.all([this.told("connection"), other.told("connection")]);
  }

  send(value) {
    return this.page.evaluate((value) => globalThis.person.connection.send(value), value);
  }

  /** Sends so many random bytes; their SHA-256. */
  sendBytes(size) {
    return soon(this.page.evaluate((size) => globalThis.person.sendBytes(size), size), `${size} bytes to be sent`, LONG_MS);
  }

  /** The SHA-256 of the bytes that come next. */
  receiveBytes() {
    return soon(this.page.evaluate(() => globalThis.person.receiveBytes()), "bytes to come", LONG_MS);
  }

  /** The next that comes. */
  receive() {
    return soon(this.page.evaluate(() => globalThis.person.next()), "something to come by the connection");
  }

  /** Calls `other`, who answers; both send a camera and a microphone. */
  call(other) {
    return this.page.evaluate((id) => globalThis.person.call(id), other.id);
  }

  /** Waits until so many pictures of the other have been decoded, and sound has been heard. */
  sees(frames) {
    const enough = async (frames) => {
      const { pictures, sound } = await globalThis.person.played();
      return pictures >= frames && sound > 0;
    };
    return this.page.waitForFunction(enough, frames);
  }

  /** The kinds of the candidates between which data go. */
  path() {
    return this.page.evaluate(() => globalThis.person.path());
  }

  /** Something that `Peer` can do. */
  do(what, ...args) {
    return this.page.evaluate(([what, args]) => void globalThis.person.peer[what](...args), [what, args]);
  }
}

/** Runs in the page. */
function prepare() {
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));
  const camera = () => navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });

  class Person {
    #arrived = [];
    #waiting = [];

    come(id, options) {
      const peer = (this.peer = id ? new globalThis.Peer(id, options) : new globalThis.Peer(options));
      peer.on("open", (id) => globalThis.tell("open", id));
      peer.on("error", ({ type, message }) => globalThis.tell("error", { type, message }));
      peer.on("disconnected", () => globalThis.tell("disconnected", peer.id));
      peer.on("close", () => globalThis.tell("closed"));
      peer.on("connection", (connection) => this.#take(connection));
      peer.on("call", async (call) => {
        call.answer(await camera());
        this.#show(call);
      });
    }

    connect(id, options) {
      this.#take(this.peer.connect(id, options));
    }

    #take(connection) {
      this.connection = connection;
      connection.on("open", () => globalThis.tell("connection", connection.peer));
      connection.on("close", () => globalThis.tell("hung up", connection.peer));
      connection.on("data", (data) => {
        const taker = this.#waiting.shift();
        if (taker) taker(data);
        else this.#arrived.push(data);
      });
    }

    next() {
      if (this.#arrived.length > 0) return this.#arrived.shift();
      return new Promise((resolve) => this.#waiting.push(resolve));
    }

    async sendBytes(size) {
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
      await this.connection.send(bytes);
      return sha256(bytes);
    }

    receiveBytes = async () => sha256(await this.next());

    async call(id) {
      this.#show(this.peer.call(id, await camera()));
    }

    #show(call) {
      this.media = call;
      call.on("stream", (stream) => {
        const screen = (this.screen ??= document.body.appendChild(document.createElement("video")));
        screen.srcObject = stream;
        screen.autoplay = true;
      });
    }

    async played() {
      const stats = await this.media?.peerConnection?.getStats();
      const of = (kind) => [...(stats?.values() ?? [])].find((one) => one.type === "inbound-rtp" && one.kind === kind);
      return { pictures: of("video")?.framesDecoded ?? 0, sound: of("audio")?.totalAudioEnergy ?? 0 };
    }

    async path() {
      const stats = await this.connection.peerConnection.getStats();
      const transport = [...stats.values()].find(({ type }) => type === "transport");
      const pair = stats.get(transport.selectedCandidatePairId);
      return [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.get(id).candidateType);
    }
  }
  globalThis.person = new Person();
}
