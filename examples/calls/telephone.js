// Before a call there is ringing: all the other's telephones ring, and he takes one of them.
//
//   const telephone = new Telephone(signalling, { iceServers });
//   telephone.addEventListener("ring", ({ detail }) => …);        // {id, name, what, answer(), decline()}
//   const talk = await telephone.ring("bo@guest.localhost");      // a call, once he has answered; see call.js
//   addEventListener("pagehide", () => telephone.hangUp("left")); // nobody rings for a page that is gone
import { call, person } from "./call.js";

const RING = 45_000; // milliseconds until one who does not answer is rung no more
const RUNG = 60_000; // and until a ring ends of which nothing more is heard
const ONE_PAGE = ["busy", "left", "unsupported"]; // what a page says of itself: others of the same user go on ringing

const isOf = (address, user) => address === user || person(address) === user;

/** Events: "ring", and "stop" with the id of a ring that nobody needs to answer any more. */
export class Telephone extends EventTarget {
  #signalling;
  #configuration;
  #ringing = new Map(); // by id, those whom we ring: {user, resolve, reject}, how many of their pages ring, and how many do no more
  #rung = new Map(); // by id, those who ring here: {from, timer}

  constructor(signalling, configuration) {
    super();
    [this.#signalling, this.#configuration] = [signalling, configuration];
    signalling.addEventListener("signal", ({ detail }) => this.#hear(detail));
  }

  /** Rejected with the reason if he declines, does not answer, is not there, or `signal` (an AbortSignal) says that we gave up. */
  async ring(user, what = { audio: true, video: true, kind: "call" }, { signal } = {}) {
    const id = crypto.randomUUID();
    const timer = setTimeout(() => this.#giveUp(id, "timeout"), RING);
    const answered = new Promise((resolve, reject) => {
      const ringing = { user, resolve, reject, pages: Infinity, refusals: 0 };
      this.#ringing.set(id, ringing);
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
      this.#decline(from, id, reason);
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
    this.#signalling.send(user, { call: id, bye: reason }).catch(() => {});
    reject(new Error(reason));
  }

  #hear({ from, name, signal }) {
    if (typeof signal !== "object" || signal === null) return; // none of ours
    if (signal.ring) return this.#heardRing(from, name, signal);
    const ours = this.#ringing.get(signal.call);
    if (!ours && signal.bye) this.#stop(signal.call);
    if (!ours || !isOf(from, ours.user)) return;
    if (ONE_PAGE.includes(signal.bye)) this.#refused(Object.assign(ours, { refusals: ours.refusals + 1 }), signal.bye);
    else if (signal.bye) ours.reject(new Error(signal.bye));
    if (!signal.accept) return;
    ours.resolve(this.#call(from, signal.call, false));
    this.#signalling.send(ours.user, { call: signal.call, bye: "elsewhere" }).catch(() => {}); // his other telephones stop
  }

  /** When two ring each other at once, the ring with the smaller id goes on, answered by itself. */
  #heardRing(from, name, { call: id, ring: what }) {
    const [crossing, ours] = [...this.#ringing].find(([, { user }]) => isOf(from, user)) ?? [];
    const answer = () => this.#answer(from, id);
    if (crossing < id) return;
    if (crossing) return ours.resolve(answer());
    const decline = (reason = "declined") => this.#settle(id) ?? this.#decline(from, id, reason);
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

  #decline(from, id, reason) {
    this.#signalling.send(from, { call: id, bye: reason }).catch(() => {});
  }

  #answer(from, id) {
    this.#settle(id);
    const talk = this.#call(from, id, true);
    this.#signalling.send(from, { call: id, accept: true }).catch(() => talk.hangUp("gone"));
    return talk;
  }

  #call(to, id, polite) {
    return call(this.#signalling, to, { ...this.#configuration, id, polite });
  }
}
