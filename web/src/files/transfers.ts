// All files on their way from this page and to it: what is offered, to and by whom, and how far each one is.
import { type Signal, signal } from "@preact/signals";
import type { Peer } from "../p2p/peer";
import type { IncomingRing } from "../p2p/ringing";
import type { Switchboard } from "../p2p/switchboard";
import { paced } from "../pace";
import { listen } from "./channel";
import { Courier, KIND, LABEL, RUNG_FOR, closeWith } from "./courier";
import { type Offer, readOffer, readSaid } from "./frames";
import { type Progress, isOver } from "./progress";
import { Receiving } from "./receiving";
import { Sending, say } from "./sending";
import { Speed } from "./speed";

/** A file on its way, as it is shown. */
export interface Transfer {
  readonly key: string;
  readonly way: "out" | "in";
  /** Who is on the other side: the address, and what one is called. */
  readonly person: string;
  readonly name: string;
  readonly offer: Offer;
  readonly progress: Progress;
  /** Bytes a second, of late. */
  readonly rate: number;
  /** Where the file is to be had, once it is whole. */
  readonly url?: string;
}

interface Common {
  readonly key: string;
  readonly person: string;
  readonly name: string;
  readonly speed: Speed;
  url?: string;
}

interface Outward extends Common {
  readonly way: "out";
  readonly work: Sending;
  readonly courier: Courier;
  readonly file: File;
}

interface Inward extends Common {
  readonly way: "in";
  readonly work: Receiving;
  /** The ring by which it was offered, while that can be taken. */
  ring?: IncomingRing | undefined;
  /** The connection over which it comes. */
  peer?: Peer | undefined;
}

type Item = Outward | Inward;

/** More than so many offers that nobody has answered are not shown; the rest is declined. */
const OFFERS_SHOWN = 50;
/** What is under way is looked at so often, in milliseconds, even if nothing comes. */
const LOOK_MS = 1_000;

export class Transfers {
  readonly list: Signal<readonly Transfer[]> = signal([]);
  private items: readonly Item[] = [];
  private readonly couriers = new Map<string, Courier>();
  private readonly show = paced(() => this.showNow());
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly switchboard: Pick<Switchboard, "ring" | "answer">) {
    switchboard.answer(KIND, { rings: (ring) => this.rung(ring) });
  }

  /** Offers these files to somebody. */
  send(person: string, name: string, files: readonly File[]): void {
    for (const file of files) this.sendOne(person, name, file);
  }

  accept(key: string): void {
    const item = this.item(key);
    if (item?.way !== "in") return;
    item.work.accept();
    if (item.ring) void this.take(item.ring);
  }

  /** Declines, takes back, or breaks off. */
  stop(key: string): void {
    const item = this.item(key);
    if (item?.way === "out") item.work.cancel();
    if (item?.way !== "in") return;
    item.work.refuse();
    const { ring } = item;
    if (ring && this.offeredBy(ring).every(({ work }) => isOver(work.progress))) ring.decline();
  }

  /** Does not wait for the next attempt to come back; or offers anew what has come to nothing. */
  again(key: string): void {
    const item = this.item(key);
    if (item?.way !== "out") return;
    if (!isOver(item.work.progress)) return item.courier.tryNow();
    this.dismiss(key);
    this.sendOne(item.person, item.name, item.file);
  }

  /** Takes what is over out of the list; a file that was not saved is gone with it. */
  dismiss(key: string): void {
    const item = this.item(key);
    if (!item || !isOver(item.work.progress)) return;
    if (item.url) URL.revokeObjectURL(item.url);
    this.keep(this.items.filter((other) => other !== item));
  }

  /** There is a network again. */
  hurry(): void {
    for (const courier of this.couriers.values()) courier.tryNow();
  }

  private sendOne(person: string, name: string, file: File): void {
    const courier = this.couriers.get(person) ?? new Courier(this.switchboard, person, name);
    this.couriers.set(person, courier);
    const offer: Offer = { id: newId(), name: file.name, size: file.size, type: file.type };
    const reach = () => courier.channel(offer, work.progress.state !== "offered");
    const work: Sending = new Sending(offer, file, reach, () => this.changed(item));
    const item: Outward = { key: `out ${offer.id}`, way: "out", person, name, speed: new Speed(), work, courier, file };
    this.keep([...this.items, item]);
    void work.start();
  }

  private rung(ring: IncomingRing): void {
    const offers = readOffers(ring.ring["files"]);
    const known = offers.filter(({ id }) => this.incoming(ring.person, id));
    if (offers.length === 0 || (ring.ring["resume"] === true && known.length === 0)) return ring.decline("unsupported");
    if (known.length === 0 && this.isFull) return ring.decline("busy");
    const items = offers.map((offer) => this.incoming(ring.person, offer.id) ?? this.expect(ring.person, ring.name, offer));
    for (const item of items) item.ring = ring;
    ring.over.subscribe((ending) => {
      if (!ending) return;
      const isWithdrawn = (ending.by === "there" && ending.why === "hangup") || ending.why === "elsewhere";
      this.rungOff(ring, isWithdrawn, ending.why === "elsewhere");
    });
    if (items.some(({ work }) => work.wanted)) void this.take(ring);
    else if (items.every(({ work }) => isOver(work.progress))) ring.decline();
  }

  /** Whoever rang has stopped: for now, or for good. */
  private rungOff(ring: IncomingRing, isWithdrawn: boolean, isElsewhere: boolean): void {
    for (const item of this.offeredBy(ring)) {
      item.ring = undefined;
      if (isWithdrawn) item.work.withdrawn(isElsewhere ? "Answered on another page of yours." : undefined);
    }
  }

  private async take(ring: IncomingRing): Promise<void> {
    const items = this.offeredBy(ring);
    for (const item of items) item.ring = undefined;
    const peer = await ring.accept();
    if (!peer) return;
    for (const item of items) item.peer = peer;
    peer.connection.addEventListener("datachannel", ({ channel }) => this.arrives(channel, peer, ring.name));
    const { by, why } = await peer.ended;
    // The sender hangs up once nothing is left to send; a connection that is lost is looked for again.
    if (by === "there" && why === "hangup") for (const item of this.items) if (item.way === "in" && item.peer === peer) item.work.withdrawn();
  }

  /** A channel for one file: its first frame says which. */
  private arrives(channel: RTCDataChannel, peer: Peer, name: string): void {
    if (channel.label !== LABEL) return;
    closeWith(channel, peer);
    const deaf = listen(channel, {
      said: (frame) => {
        deaf();
        const said = readSaid(frame);
        const offer = said && "offer" in said ? said.offer : undefined;
        const item = offer && (this.incoming(peer.person, offer.id) ?? (this.isFull ? undefined : this.expect(peer.person, name, offer)));
        if (!item) return refuse(channel);
        item.peer = peer;
        item.work.offered(channel);
      },
      bytes: () => refuse(channel),
      closed: () => deaf(),
    });
  }

  private expect(person: string, name: string, offer: Offer): Inward {
    const work: Receiving = new Receiving(offer, () => this.changed(item));
    const item: Inward = { key: `in ${person} ${offer.id}`, way: "in", person, name, speed: new Speed(), work };
    this.keep([...this.items, item]);
    return item;
  }

  private changed(item: Item): void {
    const { state, bytes } = item.work.progress;
    if (state === "moving") item.speed.note(performance.now(), bytes);
    else item.speed.clear();
    if (item.way === "out" && isOver(item.work.progress)) item.courier.done(item.work.offer);
    const file = item.way === "in" && !item.url ? item.work.file : undefined;
    if (file) item.url = URL.createObjectURL(file);
    this.show();
  }

  /** Also when nothing happens to what is under way: then it has come to a stand, which is to be seen. */
  private showNow(): void {
    const now = performance.now();
    this.list.value = this.items.map((item) => shown(item, now));
    clearTimeout(this.timer);
    if (this.items.some(({ work }) => work.progress.state === "moving")) this.timer = setTimeout(() => this.showNow(), LOOK_MS);
  }

  private get isFull(): boolean {
    return this.items.filter(({ way, work }) => way === "in" && work.progress.state === "offered").length >= OFFERS_SHOWN;
  }

  private item(key: string): Item | undefined {
    return this.items.find((item) => item.key === key);
  }

  private incoming(person: string, id: string): Inward | undefined {
    return this.items.find((item): item is Inward => item.way === "in" && item.person === person && item.work.offer.id === id);
  }

  private offeredBy(ring: IncomingRing): Inward[] {
    return this.items.filter((item): item is Inward => item.way === "in" && item.ring === ring);
  }

  private keep(items: readonly Item[]): void {
    this.items = items;
    this.show();
  }
}

function shown({ key, way, person, name, work, speed, url }: Item, now: number): Transfer {
  return { key, way, person, name, offer: work.offer, progress: work.progress, rate: speed.rate(now), ...(url ? { url } : {}) };
}

/** Nothing is taken over this channel. */
function refuse(channel: RTCDataChannel): void {
  say(channel, { stop: "declined" });
  channel.close();
}

function readOffers(value: unknown): readonly Offer[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, RUNG_FOR).flatMap((one) => readOffer(one) ?? []);
}

/** 128 random bits; `crypto.randomUUID` is only there in secure contexts. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
