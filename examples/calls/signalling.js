// How signals reach the server and come back: over WebSocket, over Socket.IO, over EventSource and fetch. Whichever one takes, it has
//
//   await signalling.send(to, signal)   rejected with the server's problem ({status, detail}, RFC 9457), or when nobody answers
//   renew()                             connects anew, as when the network has changed
//   close()
//
// and the events "joined" (at first, and whenever it is back), "presence", and "signal" {from, name, signal}. All reconnect by themselves.

import { hiding } from "./call.js";

const AGAIN = 1_000; // milliseconds until the next attempt to connect
const PATIENCE = 5_000; // milliseconds until a connection that does not answer is given up
const HEARD = ["hubbub:joined", "hubbub:presence", "hubbub:signal"];

let closing; // resolves when the page closes, perhaps to be shown again later
const watch = () => (closing = new Promise((resolve) => globalThis.addEventListener?.("pagehide", resolve, { capture: true, once: true })));
globalThis.addEventListener?.("pageshow", watch);
watch();

/** What they share; each says how to `connect` (to something that can be closed), and how to `post` a signal. */
class Signalling extends EventTarget {
  #timer;

  constructor(server, room, name) {
    super();
    Object.assign(this, { server, room, name });
    this.open();
  }

  open() {
    const before = this.link;
    this.link = this.connect();
    before?.close(); // not sooner: so one never leaves the room
    this.#again(PATIENCE);
  }

  renew() {
    this.open();
  }

  close() {
    const { link } = this;
    this.link = null;
    clearTimeout(this.#timer);
    link.close();
  }

  #again(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), delay);
  }

  lost(link) {
    if (link === this.link) this.#again(AGAIN);
  }

  tell(event, data) {
    if (event === "hubbub:joined") {
      clearTimeout(this.#timer);
      this.session = data.session; // our own address
      // Where a room hides its people, everybody's address begins with its own; one's own says so too.
      if (data.session?.startsWith(`${this.room}@rooms.`)) hiding.add(data.session.split("/", 1)[0]);
    }
    this.dispatchEvent(new CustomEvent(event.replace("hubbub:", ""), { detail: data }));
  }

  async send(to, signal) {
    const { link } = this;
    let late;
    const noAnswer = new Promise((_, reject) => (late = setTimeout(reject, PATIENCE, new Error("no answer"))));
    noAnswer.catch(() => link === this.link && this.renew());
    return Promise.race([this.post(to, signal), noAnswer]).finally(() => clearTimeout(late));
  }

  url(path, query = {}) {
    return new URL(`/rooms/${encodeURIComponent(this.room)}/${path}?${new URLSearchParams(query)}`, this.server);
  }
}

/** The subprotocol `hubbub.json` (docs/websocket.md). */
export class OverWebSocket extends Signalling {
  connect() {
    const address = this.url("ws", { name: this.name });
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, "hubbub.json");
    socket.waiting = new Map(); // by key, those who want to know what became of a signal
    socket.onmessage = ({ data }) => this.#hear(socket, JSON.parse(data));
    socket.onclose = () => {
      for (const { reject } of socket.waiting.values()) reject(new Error("the connection is lost"));
      this.lost(socket);
    };
    return socket;
  }

  #hear(socket, { event, data }) {
    const { resolve, reject } = socket.waiting.get(data?.key) ?? {};
    if (event === "hubbub:ack") resolve?.(data);
    else if (event === "hubbub:error") reject?.(data);
    else if (HEARD.includes(event) && socket === this.link) this.tell(event, data);
  }

  async post(to, signal) {
    const { link: socket } = this;
    if (socket.readyState !== WebSocket.OPEN) throw new Error("not connected");
    const key = crypto.randomUUID();
    socket.send(JSON.stringify({ event: "hubbub:signal", key, data: { to, signal } }));
    const answer = new Promise((resolve, reject) => socket.waiting.set(key, { resolve, reject }));
    return answer.finally(() => socket.waiting.delete(key));
  }
}

/** An event stream to hear, and POST to speak (docs/http.md). */
export class OverEventSource extends Signalling {
  #ticket; // proves that we speak for the stream
  #last = Promise.resolve(); // one after the other: two requests at once might overtake each other

  connect() {
    const source = new EventSource(this.url("messages", { name: this.name }));
    for (const event of HEARD) source.addEventListener(event, ({ data }) => source === this.link && this.#hear(event, JSON.parse(data)));
    source.onerror = () => source.readyState === EventSource.CLOSED && this.lost(source); // otherwise it comes back by itself
    return source;
  }

  #hear(event, { ticket, ...data }) {
    if (ticket) this.#ticket = ticket;
    this.tell(event, data);
  }

  /** A last word waits no more once the page closes: there is no later. */
  post(to, signal) {
    const turn = signal.bye ? Promise.race([this.#last, closing]) : this.#last;
    const posted = turn.then(() => this.#request({ ticket: this.#ticket, to, signal }));
    this.#last = posted.catch(() => {});
    return posted;
  }

  async #request(body) {
    const response = await fetch(this.url("signals"), {
      method: "POST",
      body: JSON.stringify(body), // no `Content-Type`: a browser would have to ask first (CORS), which a page that closes has no time for
      keepalive: Boolean(body.signal.bye), // also when the page is closing
      signal: AbortSignal.timeout(PATIENCE),
    });
    const answer = await response.json();
    if (!response.ok) throw answer;
    return answer;
  }
}

/** The room's namespace (docs/socketio.md). `io` is what the server's own /socket.io/socket.io.min.js brings. */
export class OverSocketIo extends Signalling {
  connect() {
    const namespace = new URL(`/${encodeURIComponent(this.room)}`, this.server).href;
    const socket = globalThis.io(namespace, { auth: { name: this.name }, timeout: PATIENCE, forceNew: true });
    for (const event of HEARD) socket.on(event, (data) => this.tell(event, data));
    socket.on("disconnect", () => socket.active || this.lost(socket)); // otherwise it comes back by itself
    return socket;
  }

  /** Under the same address, if the server still knows it. */
  renew() {
    if (this.link.connected) this.link.io.engine.close();
  }

  async post(to, signal) {
    if (!this.link.connected) throw new Error("not connected"); // Socket.IO would keep it, and send it late
    const answer = await this.link.emitWithAck("hubbub:signal", { to, signal });
    if (answer.error) throw answer.error;
    return answer;
  }
}

/** By the names under which people know them. */
export const TRANSPORTS = { WebSocket: OverWebSocket, "Socket.IO": OverSocketIo, EventSource: OverEventSource };
