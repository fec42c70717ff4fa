// Before a call there is ringing: all the other's telephones ring, and he takes one of them.
//
//   const telephone = new Telephone(signalling, { iceServers });
//   telephone.addEventListener("ring", ({ detail }) => …);        // {id, name, what, answer(), decline()}
//   const talk = await telephone.ring("bo@guest.localhost");      // a call, once he has answered; see call.js
//   addEventListener("pagehide", () => telephone.hangUp("left")); // nobody rings for a page that is gone
import { AGAIN, call, isForNow, person } from "./call.js";

const RING = 45_000; // milliseconds until one who does not answer is rung no more
const RUNG = 60_000; // and until a ring ends of which nothing more is heard
const ATTEMPTS = 10; // to say something to somebody who is told too much
const ONE_PAGE = ["busy", "left", "unsupported"]; // what a page says of itself: others of the same user go on ringing

const isOf = (address, user) => address === user || person(address) === user;
const kindOf = ({ kind = "call" }) => kind;

/** Events: "ring", and "stop" with the id of a ring that nobody needs to answer any more. */
export class Telephone extends EventTarget {
  #signalling;
  #configuration;
  #kinds;
  #ringing = new Map(); // by id, those whom we ring: {user, what, resolve, reject}, how many of their pages ring, and how many do no more
  #rang = new Map(); // by id, all that we ever rang: the page that took it, if one did
  #rung = new Map(); // by id, those who ring here: {from, timer}

  /** Rings of other `kinds` are for other pages: the console offers files so. */
  constructor(signalling, configuration, kinds = ["call"]) {
    super();
    [this.#signalling, this.#configuration, this.#kinds] = [signalling, configuration, kinds];
    signalling.addEventListener("signal", ({ detail }) => this.#hear(detail));
  }

  /** Rejected with the reason if he declines, does not answer, is not there, or `signal` (an AbortSignal) says that we gave up. */
  async ring(user, what = { audio: true, video: true, kind: "call" }, { signal } = {}) {
    const id = crypto.randomUUID();
    const timer = setTimeout(() => this.#giveUp(id, "timeout"), RING);
    const answered = new Promise((resolve, reject) => {
      const ringing = { user, what, resolve, reject, pages: Infinity, refusals: 0 };
      this.#ringing.set(id, ringing);
      this.#rang.set(id, undefined);
      signal?.addEventListener("abort", () => this.#giveUp(id, typeof signal.reason === "string" ? signal.reason : "hangup"));
      const counted = ({ sessions }) => this.#refused(Object.assign(ringing, { pages: sessions }));
      this.#signalling.send(user, { call: id, ring: what }).then(counted, (refusal) => reject(new Error(refusal.detail ?? refusal.message)));
    });
    return answered.finally(() => clearTimeout(timer) ?? this.#ringing.delete(id));
  }

  /** Ends all that rings, there and here. */
  hangUp(reason = "hangup") {
    for (const id of [...this.#ringing.keys()]) this.#giveUp(id, reason);
    for (const [id, { from }] of [...this.#rung]) {
      this.#stop(id);
      this.#refuse(from, id, reason);
    }
  }

  /** He is busy only if all his pages are. */
  #refused(ringing, reason = ringing.reason) {
    ringing.reason = reason;
    if (ringing.refusals >= ringing.pages) ringing.reject(new Error(reason));
  }

  #giveUp(id, reason) {
    const { user, reject } = this.#ringing.get(id) ?? {};
    if (!user) return;
    this.#say(user, { call: id, bye: reason });
    reject(new Error(reason));
  }

  #hear({ from, name, signal }) {
    if (typeof signal !== "object" || signal === null) return; // none of ours
    if (signal.ring) return this.#heardRing(from, name, signal);
    const ours = this.#ringing.get(signal.call);
    if (!ours && signal.bye) this.#stop(signal.call);
    if (signal.accept) return this.#taken(signal.call, from);
    if (!ours || !isOf(from, ours.user)) return;
    if (ONE_PAGE.includes(signal.bye)) this.#refused(Object.assign(ours, { refusals: ours.refusals + 1 }), signal.bye);
    else if (signal.bye && signal.bye !== "elsewhere") ours.reject(new Error(signal.bye)); // that is what his pages tell each other
  }

  /** The first page that takes it has it; any other, and one that comes too late, is not to wait for a call. */
  #taken(id, from) {
    if (!this.#rang.has(id) || this.#rang.get(id) === from) return;
    const ours = this.#ringing.get(id);
    if (!ours || this.#rang.get(id)) return this.#say(from, { call: id, bye: "elsewhere" });
    if (!isOf(from, ours.user)) return;
    this.#rang.set(id, from);
    ours.resolve(this.#call(from, id, false));
  }

  /** When two ring each other at once, the ring with the smaller id goes on, answered by itself. */
  #heardRing(from, name, { call: id, ring: what }) {
    if (!this.#kinds.includes(kindOf(what))) return this.#refuse(from, id, "unsupported");
    const isCrossing = ([, { user, what: ours }]) => isOf(from, user) && kindOf(ours) === kindOf(what);
    const [crossing, ours] = [...this.#ringing].find(isCrossing) ?? [];
    const answer = () => this.#answer(from, id);
    if (crossing < id) return;
    if (crossing) {
      this.#say(ours.user, { call: crossing, bye: "elsewhere" }); // his other telephones stop
      return ours.resolve(answer());
    }
    const decline = (reason = "declined") => this.#settle(id) ?? this.#refuse(from, id, reason);
    this.#rung.set(id, { from, timer: setTimeout(() => this.#stop(id), RUNG) });
    this.dispatchEvent(new CustomEvent("ring", { detail: { id, from, name, what, answer, decline } }));
  }

  /** Nobody needs to answer it any more. */
  #stop(id) {
    this.#settle(id);
    this.dispatchEvent(new CustomEvent("stop", { detail: id }));
  }

  #settle(id) {
    clearTimeout(this.#rung.get(id)?.timer);
    this.#rung.delete(id);
  }

  #refuse(from, id, reason) {
    if (!ONE_PAGE.includes(reason)) this.#quieten(id);
    this.#say(from, { call: id, bye: reason });
  }

  #answer(from, id) {
    this.#settle(id);
    this.#quieten(id);
    const talk = this.#call(from, id, true);
    this.#insist(from, { call: id, accept: true }).catch(() => talk.hangUp("gone"));
    return talk;
  }

  /** Our own other telephones stop. */
  #quieten(id) {
    this.#say(person(this.#signalling.session), { call: id, bye: "elsewhere" });
  }

  /** Whoever is gone need not know. */
  #say(to, signal) {
    this.#insist(to, signal).catch(() => {});
  }

  async #insist(to, signal, attempts = ATTEMPTS) {
    try {
      return await this.#signalling.send(to, signal);
    } catch (refusal) {
      if (!isForNow(refusal) || attempts === 1) throw refusal;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
      return this.#insist(to, signal, attempts - 1);
    }
  }

  #call(to, id, polite) {
    return call(this.#signalling, to, { ...this.#configuration, id, polite });
  }
}
