// One call with somebody: how far it has come, what is sent and what is heard.
import { signal } from "@preact/signals";
import type { Ending } from "../p2p/ending";
import type { Peer, PeerState } from "../p2p/peer";
import type { IncomingRing, Outcome, Outgoing } from "../p2p/ringing";
import { Problem } from "../problem";
import { Meter } from "./meter";
import { Remote, sendTrack } from "./remote";
import { Sources, type Wish } from "./sources";

/** `preparing`: the browser is asked for camera and microphone. */
export type CallState = "preparing" | "ringing" | "incoming" | PeerState;

/** Whom the call is with. */
export interface Partner {
  readonly person: string;
  readonly name: string;
}

export class Call {
  readonly state = signal<CallState>("preparing");
  readonly ending = signal<Ending | undefined>(undefined);
  /** Why the browser gives no camera or microphone; the call can be tried again. */
  readonly refusal = signal<Problem | undefined>(undefined);
  readonly sources = new Sources();
  readonly remote = new Remote();
  readonly meter = new Meter();
  /** When it was connected first, in milliseconds of the page's monotonic clock. */
  readonly connectedAt = signal<number | undefined>(undefined);
  /** What it lasted, in milliseconds, once it is over. */
  readonly lasted = signal(0);
  private outgoing: Outgoing | undefined;
  /** The one who is about to be called rings himself. */
  private crossing: IncomingRing | undefined;
  private peer: Peer | undefined;

  private constructor(
    readonly partner: Partner,
    /** What rings here, if the call came from the other one. */
    readonly incoming: IncomingRing | undefined,
    readonly wish: Wish,
  ) {}

  /** Calls somebody: first the devices are opened, then `ring` rings. */
  static to(partner: Partner, wish: Wish, ring: () => Outgoing): Call {
    const call = new Call(partner, undefined, wish);
    void call.begin(ring);
    return call;
  }

  /** Somebody calls. */
  static from(incoming: IncomingRing): Call {
    const { name, person, ring } = incoming;
    const call = new Call({ name, person }, incoming, ring["video"] === true ? { picture: "camera" } : {});
    call.state.value = "incoming";
    incoming.over.subscribe((ending) => ending && call.end(ending));
    return call;
  }

  get isOver(): boolean {
    return this.state.peek() === "ended";
  }

  /** Whether this ring is of the very person whom this call is about to ring: then it is answered instead, once the devices are open. */
  meets(ring: IncomingRing): boolean {
    const isPreparing = this.state.peek() === "preparing" && this.incoming === undefined;
    if (!isPreparing || ring.person !== this.partner.person) return false;
    this.crossing = ring;
    return true;
  }

  /** Takes a call that rings. */
  async accept(wish: Wish): Promise<void> {
    if (!this.incoming || this.state.peek() !== "incoming") return;
    this.state.value = "preparing";
    if (!(await this.prepare(wish))) {
      if (!this.isOver) this.state.value = "incoming";
      return;
    }
    const peer = await this.incoming.accept();
    if (peer) await this.connect(peer);
  }

  /** Hangs up, declines, or stops ringing: whatever it is now. */
  hangUp(): void {
    if (this.isOver) return;
    const isRinging = this.incoming !== undefined && this.peer === undefined;
    this.incoming?.decline();
    this.crossing?.decline();
    this.outgoing?.hangUp();
    this.peer?.hangUp();
    this.end({ by: "here", why: isRinging ? "declined" : "hangup" });
  }

  private async begin(ring: () => Outgoing): Promise<void> {
    if (!(await this.prepare(this.wish))) return this.giveUp();
    const peer = await this.crossing?.accept();
    if (peer) return this.connect(peer);
    this.crossing = undefined;
    this.outgoing = ring();
    this.state.value = "ringing";
    await this.onOutcome(await this.outgoing.outcome);
  }

  /** There are no devices. */
  private giveUp(): void {
    const problem = this.refusal.peek();
    this.crossing?.refuse("declined");
    this.end({ by: "here", why: "refused", ...(problem ? { problem } : {}) });
  }

  /** Opens the devices; `false` if that is refused, or the call is over by then. */
  private async prepare(wish: Wish): Promise<boolean> {
    this.refusal.value = undefined;
    try {
      await this.sources.open(wish);
    } catch (cause) {
      this.refusal.value = cause instanceof Problem ? cause : new Problem("The call did not begin", String(cause));
      return false;
    }
    return !this.isOver;
  }

  private async onOutcome(outcome: Outcome): Promise<void> {
    if ("peer" in outcome) await this.connect(outcome.peer);
    else this.end(outcome.ending);
  }

  private async connect(peer: Peer): Promise<void> {
    if (this.isOver) return peer.hangUp();
    this.peer = peer;
    this.state.value = "connecting";
    this.remote.watch(peer.connection);
    peer.state.subscribe((state) => this.onPeer(state));
    void peer.ended.then((ending) => this.end(ending));
    await this.sources.feed((kind, track) => sendTrack(peer.connection, kind, track));
    // Whoever has nothing to send listens: without anything at all there would be no offer.
    const isEmpty = peer.connection.getTransceivers().length === 0;
    if (isEmpty && !peer.polite) peer.connection.addTransceiver("audio", { direction: "recvonly" });
  }

  private onPeer(state: PeerState): void {
    if (state === "ended") return;
    this.state.value = state;
    if (state !== "connected" || !this.peer) return;
    this.connectedAt.value ??= performance.now();
    this.meter.watch(this.peer.connection);
  }

  private end(ending: Ending): void {
    if (this.isOver) return;
    const since = this.connectedAt.peek();
    if (since !== undefined) this.lasted.value = performance.now() - since;
    this.sources.close();
    this.meter.stop();
    this.ending.value = ending;
    this.state.value = "ended";
  }
}
