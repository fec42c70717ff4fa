// Two players find each other in a room and connect: by WebSocket through another room, and by a data channel between their pages.
import { call, person } from "../calls/call.js";
import { OverWebSocket } from "../calls/signalling.js";

const AGAIN = 1_000; // milliseconds until a connection that was lost is tried anew
const PATIENCE = 15_000; // milliseconds in which somebody must have been met: he may be playing with another one

const WAITING = 1_000; // bytes that may wait in the channel

/** The one setting that matters: a message that is lost stays lost, and none waits for another. */
const UNRELIABLE = { ordered: false, maxRetransmits: 0 };

/** Events: "met" with the other's name and the data channel to him, "parted", and "message" with {way, text}. */
export class Meeting extends EventTarget {
  #people = new Map(); // by address, their names
  #talk;
  #other;
  #former; // with whom it has ended last
  #me;
  #patience;

  constructor(server, room, name, iceServers) {
    super();
    Object.assign(this, { iceServers });
    this.signalling = new OverWebSocket(server, room, name);
    this.signalling.addEventListener("joined", ({ detail }) => this.#enter(detail));
    this.signalling.addEventListener("presence", ({ detail }) => this.#see(detail));
    this.signalling.addEventListener("signal", ({ detail }) => this.#refuse(detail));
    this.#listen(server, `${room}-positions`, name);
  }

  /** The other way: what one page says in this room the other hears, because the server tells it. */
  #listen(server, room, name) {
    const address = new URL(`/rooms/${room}/ws?${new URLSearchParams({ name, echo: "false" })}`, server);
    address.protocol = address.protocol.replace("http", "ws");
    this.socket = new WebSocket(address);
    this.socket.onmessage = ({ data }) => this.#hear("socket", data);
    this.socket.onclose = () => setTimeout(() => this.#listen(server, room, name), AGAIN);
  }

  #hear(way, text) {
    this.dispatchEvent(new CustomEvent("message", { detail: { way, text } }));
  }

  #enter({ session, presence }) {
    this.#me = person(session);
    this.#people = new Map((presence?.occupants ?? []).map(({ user, name }) => [user, name]));
    this.#choose();
  }

  #see({ action, user, name }) {
    if (action === "leave") this.#people.delete(user);
    else if (user) this.#people.set(user, name);
    this.#choose();
  }

  /** Whoever calls while one plays with another is told so, and looks for somebody else. */
  #refuse({ from, signal }) {
    const asks = signal?.description?.type === "offer" || signal?.here;
    if (!asks || !this.#other || person(from) === this.#other) return;
    this.signalling.send(from, { call: signal.call, bye: "busy" }).catch(() => {});
  }

  /** One plays with whoever is there, and with him for as long as he is; else with the next one. */
  #choose() {
    if (this.#other && !this.#people.has(this.#other)) this.#talk.hangUp("left");
    const others = [...this.#people.keys()].filter((user) => user !== this.#me);
    const next = others[(others.indexOf(this.#former) + 1) % others.length];
    if (!this.#other && next) this.#connect(next);
  }

  #connect(other) {
    this.#other = other;
    const id = [this.#me, other].toSorted().join(" and ");
    const isCalled = this.#me > other; // one of the two calls, and makes the channel
    const talk = (this.#talk = call(this.signalling, other, { id, polite: isCalled, iceServers: this.iceServers }));
    talk.addEventListener("over", () => this.#part());
    this.#patience = setTimeout(() => talk.hangUp("timeout"), PATIENCE);
    if (!isCalled) return this.#use(talk.connection.createDataChannel("positions", UNRELIABLE));
    talk.connection.ondatachannel = ({ channel }) => this.#use(channel);
    this.signalling.send(other, { call: id, here: true }).catch(() => {}); // he may have called while nobody listened
  }

  #use(channel) {
    channel.onopen = () => {
      clearTimeout(this.#patience);
      this.dispatchEvent(new CustomEvent("met", { detail: this.#people.get(this.#other) }));
    };
    channel.onmessage = ({ data }) => this.#hear("channel", data);
    this.channel = channel;
    if (channel.readyState === "open") channel.onopen();
  }

  #part() {
    clearTimeout(this.#patience);
    this.#putLast(this.#other);
    this.#former = this.#other;
    this.#other = this.channel = undefined;
    this.dispatchEvent(new Event("parted"));
    setTimeout(() => this.#choose(), AGAIN);
  }

  /** Whoever else is there has his turn first. */
  #putLast(user) {
    const name = this.#people.get(user);
    if (this.#people.delete(user)) this.#people.set(user, name);
  }

  /** Tells the other, on both ways. A position that would have to wait long is of no use: a newer one follows. */
  say(text) {
    if (this.channel?.readyState === "open" && this.channel.bufferedAmount < WAITING) this.channel.send(text);
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }
}
