// Before a call there is ringing: all the other's telephones ring, and he takes one of them.
//
//   const telephone = new Telephone(signalling, { iceServers });
//   telephone.addEventListener("ring", ({ detail }) => …);        // {id, name, what, answer(), decline()}
//   const talk = await telephone.ring("bo@guest.localhost");      // a call, once he has answered; see call.js
import { call, person } from "./call.js";

const isOf = (address, user) => address === user || person(address) === user;

/** Events: "ring", and "stop" with the id of a ring that nobody needs to answer any more. */
export class Telephone extends EventTarget {
  #signalling;
  #configuration;
  #ringing = new Map(); // by id, those whom we ring: {user, resolve, reject}

  constructor(signalling, configuration) {
    super();
    [this.#signalling, this.#configuration] = [signalling, configuration];
    signalling.addEventListener("signal", ({ detail }) => this.#hear(detail));
  }

  /** Rejected with the reason if he declines, is not there, or `signal` (an AbortSignal) says that we gave up. */
  async ring(user, what = { audio: true, video: true, kind: "call" }, { signal } = {}) {
    const id = crypto.randomUUID();
    const answered = new Promise((resolve, reject) => {
      this.#ringing.set(id, { user, resolve, reject });
      signal?.addEventListener("abort", () => this.#giveUp(id, "hangup"));
      this.#signalling.send(user, { call: id, ring: what }).catch((refusal) => reject(new Error(refusal.detail)));
    });
    return answered.finally(() => this.#ringing.delete(id));
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
    if (!ours && signal.bye) this.dispatchEvent(new CustomEvent("stop", { detail: signal.call }));
    if (!ours || !isOf(from, ours.user)) return;
    if (signal.bye) ours.reject(new Error(signal.bye));
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
    const decline = (reason = "declined") => this.#signalling.send(from, { call: id, bye: reason }).catch(() => {});
    this.dispatchEvent(new CustomEvent("ring", { detail: { id, from, name, what, answer, decline } }));
  }

  #answer(from, id) {
    const talk = this.#call(from, id, true);
    this.#signalling.send(from, { call: id, accept: true }).catch(() => talk.hangUp("gone"));
    return talk;
  }

  #call(to, id, polite) {
    return call(this.#signalling, to, { ...this.#configuration, id, polite });
  }
}
