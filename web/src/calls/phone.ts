// The one phone of this page: one call at a time, whoever rings meanwhile hears that it is busy.
import { signal } from "@preact/signals";
import type { IncomingRing } from "../p2p/ringing";
import type { Switchboard } from "../p2p/switchboard";
import { Call, type Partner } from "./call";
import type { Wish } from "./sources";

const KIND = "call";

export class Phone {
  /** The call there is, or the last one until it is put away. */
  readonly call = signal<Call | undefined>(undefined);

  constructor(private readonly switchboard: Switchboard) {
    switchboard.answer(KIND, { single: true, rings: (ring) => this.onRing(ring) });
  }

  get isBusy(): boolean {
    return this.call.peek()?.isOver === false;
  }

  ring(partner: Partner, wish: Wish): void {
    if (this.isBusy) return;
    const ring = { kind: KIND, audio: true, video: wish.picture !== undefined, ...(wish.picture === "screen" ? { screen: true } : {}) };
    this.call.value = Call.to(partner, wish, () => this.switchboard.ring(partner.person, ring));
  }

  /** Puts a call away that is over. */
  putAway(): void {
    if (!this.isBusy) this.call.value = undefined;
  }

  private onRing(ring: IncomingRing): void {
    if (this.call.peek()?.meets(ring)) return;
    if (this.isBusy) ring.refuse("busy");
    else this.call.value = Call.from(ring);
  }
}
