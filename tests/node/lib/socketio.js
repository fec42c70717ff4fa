// People on socket.io-client: what they hear, one by one, and how they come in.
import { io } from "socket.io-client";
import { Mailbox } from "./clients.js";
import { leavesAfterwards } from "./leaving.js";

/** The ways a client may go, as options of its own. */
export const WAYS = {
  websocket: { transports: ["websocket"] },
  polling: { transports: ["polling"] },
  upgrade: { transports: ["polling", "websocket"] },
};

/** A position in a room, or in `/` in several. */
const OFFSET = /^(\d+-\d+|[^=&]+=\d+-\d+(&[^=&]+=\d+-\d+)*)$/;

/** A visitor who is in: connected, and told so by `hubbub:joined` unless the namespace is `/`. */
export async function visit(server, namespace, options = {}) {
  const visitor = new Visitor(knock(server, namespace, options));
  await visitor.connected();
  if (namespace !== "/") visitor.joined = await visitor.told("joined");
  return visitor;
}

/** A client's socket, on a connection of its own; whether it gets in remains to be seen. */
export function knock(server, namespace, options = {}) {
  const socket = io(server.base + namespace, { forceNew: true, reconnection: false, ...options });
  leavesAfterwards(() => socket.io.reconnection(false).engine.close());
  return socket;
}

/** Somebody, by their socket. `inbox` has what the application would hear, `[event, ...arguments]`, `offsets` where that stands; what Hubbub itself says is apart. */
export class Visitor {
  inbox = new Mailbox();
  offsets = [];
  #told = { joined: new Mailbox(), left: new Mailbox(), presence: new Mailbox(), error: new Mailbox() };

  constructor(socket) {
    this.socket = socket;
    socket.onAny((event, ...args) => this.#heard(event, args));
  }

  #heard(event, args) {
    const own = /^hubbub:(joined|left|presence|error)$/.exec(event)?.[1];
    if (own) return this.#told[own].push(args[0]);
    if (OFFSET.test(args.at(-1))) this.offsets.push(args.pop());
    this.inbox.push([event, ...args]);
  }

  /** What Hubbub says next of this kind: `joined`, `left`, `presence`, `error`. */
  told(kind) {
    return this.#told[kind].next();
  }

  /** Waits until the socket is connected; fails as it fails, unless it tries again by itself. */
  async connected() {
    if (!this.socket.connected) await (this.socket.io.reconnection() ? once(this.socket, "connect") : outcome(this.socket));
  }

  next() {
    return this.inbox.next();
  }

  take(count) {
    return this.inbox.take(count);
  }

  emit(...event) {
    this.socket.emit(...event);
  }

  /** Says it and waits until it is kept. */
  ask(...event) {
    return this.socket.timeout(30_000).emitWithAck(...event);
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  /** Waits until the connection has moved to WebSocket. */
  async upgraded() {
    const { engine } = this.socket.io;
    if (engine.transport.name !== "websocket") await once(engine, "upgrade");
  }

  /** Ends the connection as a lost network would, and waits until the client has noticed. */
  async cut() {
    const noticed = once(this.socket, "disconnect");
    this.socket.io.engine.close();
    await noticed;
  }

  /** Connects again. */
  back() {
    this.socket.connect();
    return this.connected();
  }

  close() {
    this.socket.disconnect();
  }
}

/** Waits until something that has no listeners of node's kind says so. */
export const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

/** Resolves once the socket is connected, rejects as it is refused. */
export function outcome(socket) {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
}

/** Why it is not let in. */
export async function refusal(socket) {
  try {
    await outcome(socket);
  } catch (error) {
    return error;
  }
  throw new Error("it was let in");
}
