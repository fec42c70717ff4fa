// Pages that reach each other, in one process: real switchboards, couriers and transfers, and peers whose data channels are pipes.
import { signal } from "@preact/signals";
import { expect, vi } from "vitest";
import { Transfers } from "../src/files/transfers";
import type { Ending } from "../src/p2p/ending";
import { IceServers } from "../src/p2p/ice";
import type { Carrier } from "../src/p2p/line";
import type { Peer, PeerParts, PeerState } from "../src/p2p/peer";
import type { Signal } from "../src/p2p/signals";
import { Switchboard } from "../src/p2p/switchboard";
import { Problem } from "../src/problem";
import { Pipe } from "./pipe";

/** One end of a connection: what is opened here comes out at the other end of the same call. */
class End {
  readonly connection = Object.assign(new EventTarget(), { createDataChannel: (label: string) => this.open(label) });
  readonly state = signal<PeerState>("connected");
  readonly ended: Promise<Ending>;
  readonly person: string;
  readonly address: string;
  finish!: (ending: Ending) => void;

  constructor(
    private readonly neighbours: Neighbours,
    private readonly parts: PeerParts,
  ) {
    [this.person, this.address] = [parts.person, parts.line.to];
    this.ended = new Promise((resolve) => (this.finish = resolve));
    void this.ended.then(() => (this.state.value = "ended"));
  }

  get call(): string {
    return this.parts.line.call;
  }

  hear(_from: string, said: { readonly bye?: string }): void {
    if (said.bye !== undefined) this.finish({ by: "there", why: said.bye });
  }

  relinked(): void {}

  hangUp(why = "hangup"): void {
    if (this.state.value !== "ended") this.parts.line.close(why);
    this.finish({ by: "here", why });
  }

  private open(label: string): EventTarget {
    const pipe = this.neighbours.pipe();
    const other = this.neighbours.ends.find((end) => end.call === this.call && end !== this);
    setTimeout(() => {
      pipe.here.dispatchEvent(new Event("open"));
      other?.connection.dispatchEvent(Object.assign(new Event("datachannel"), { channel: Object.assign(pipe.there, { label }) }));
    });
    return pipe.here;
  }
}

/** A page at an address; `isUp`: it has a link, and can be heard. */
export class Neighbour implements Carrier {
  readonly switchboard: Switchboard;
  readonly transfers: Transfers;
  isUp = true;

  constructor(
    private readonly neighbours: Neighbours,
    readonly address: string,
  ) {
    const peer = (parts: PeerParts) => neighbours.connect(parts);
    const own = () => ({ address, room: "lobby", isGuest: true });
    this.switchboard = new Switchboard({ carrier: this, ice: new IceServers(async () => undefined), own, policy: () => "all", peer });
    this.transfers = new Transfers(this.switchboard);
  }

  async signal(to: string, what: Signal): Promise<number> {
    await undefined;
    if (!this.isUp) throw new Problem("Down", "No link.");
    return this.neighbours.tell(this, to, what);
  }

  /** How each file is: its state, and what is said of it. */
  async files(): Promise<readonly string[]> {
    // The list is shown at a browser's pace.
    await vi.advanceTimersByTimeAsync(1_000);
    return this.transfers.list.value.map(({ progress: { state, why } }) => (why ? `${state}: ${why}` : state));
  }

  /** Waits until the only file here is in this state. */
  async file(state: string): Promise<void> {
    for (let second = 0; second < 60; second++) if ((await this.files()).join() === state) return;
    expect(await this.files()).toEqual([state]);
  }

  accept(): void {
    this.transfers.accept(this.transfers.list.value[0]!.key);
  }
}

export class Neighbours {
  readonly ends: End[] = [];
  private readonly pages: Neighbour[] = [];
  private readonly breaks: { readonly bytes: number; readonly act: () => void }[] = [];

  /** A page of whoever the address names before its slash. */
  open(address: string): Neighbour {
    const page = new Neighbour(this, address);
    this.pages.push(page);
    return page;
  }

  connect(parts: PeerParts): Peer {
    const end = new End(this, parts);
    this.ends.push(end);
    return end as unknown as Peer;
  }

  /** The next channel breaks once so many bytes have gone through it, and this is done at that moment. */
  breakAfter(bytes: number, act: () => void): void {
    this.breaks.push({ bytes, act });
  }

  /** Every connection is lost. */
  lose(): void {
    for (const end of this.ends) end.finish({ by: "nobody", why: "lost" });
  }

  pipe(): Pipe {
    const next = this.breaks.shift();
    const pipe = new Pipe(next?.bytes);
    if (next) pipe.here.addEventListener("close", next.act);
    return pipe;
  }

  tell(from: Neighbour, to: string, what: Signal): number {
    const hear = this.pages.filter((page) => page !== from && page.isUp && [page.address, person(page.address)].includes(to));
    if (hear.length === 0) throw new Problem("Not found", "Nobody there.", 404);
    for (const page of hear) page.switchboard.heard({ from: from.address, name: person(from.address), signal: structuredClone(what) });
    return hear.length;
  }
}

const person = (address: string) => address.split("/")[0]!;
