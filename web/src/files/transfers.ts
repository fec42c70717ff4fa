// All files on their way from this page and to it: what is offered, to and by whom, and how far each one is.
import { type Signal, signal } from "@preact/signals";
import type { Ending } from "../p2p/ending";
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
  key: string;
  /** Both change where a room hides who its people are, and somebody is called otherwise from now on. */
  person: string;
  name: string;
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
  lapse?: ReturnType<typeof setTimeout>;
  /** Another page of whoever sits here has answered. */
  isElsewhere?: boolean;
}

type Item = Outward | Inward;

/** So many offers that nobody has answered are shown, of one person and of all; the rest is declined. Anybody may offer anything, as often as he likes. */
const OFFERS_EACH = RUNG_FOR;
const OFFERS_SHOWN = 100;
/** Of those that have come to nothing before anybody answered, so many are still shown. */
const MISSED_SHOWN = 5;
/** An offer that nobody has answered goes when nobody has rung for it for so long, in milliseconds: whoever means it rings again sooner. */
const LAPSE_MS = 120_000;
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

  /** Ends all that is under way: whoever has the same address where one goes is nobody to go on with. */
  leave(): void {
    const why = "You left the room.";
    for (const item of this.items) {
      if (item.way === "out") item.work.cancel(why);
      // Who sends it is told that this page was left, and can offer it anew.
      else item.work.withdrawn(why);
    }
    this.couriers.clear();
  }

  /** Whoever had one address has another one from now on: what is under way goes with him, and not with the next one of his former name. */
  renamed(former: string, now: string, name: string): void {
    const courier = this.couriers.get(former);
    if (courier) this.couriers.set(now, courier);
    this.couriers.delete(former);
    for (const item of this.items) {
      if (item.person !== former) continue;
      item.person = now;
      item.name = name;
      if (item.way === "out") item.courier.renamed(now, name);
      else item.key = keyOf(now, item.work.offer);
    }
    courier?.renamed(now, name);
    this.show();
  }

  /** Whoever had this address is gone, and the next one who has it may be somebody else: what nobody has answered was not meant for him. */
  gone(person: string): void {
    this.couriers.delete(person);
    for (const { way, work, name, person: his } of this.items) {
      const isOpen = way === "out" && his === person && work.progress.state === "offered";
      if (isOpen) work.cancel(`Nobody here is called ${name} any more.`);
    }
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
    if (offers.length === 0 || (ring.ring["resume"] === true && known.length === 0)) return ring.refuse("unsupported");
    // What another page has answered is that page's, also while it is away.
    const ours = offers.filter(({ id }) => !this.incoming(ring.person, id)?.isElsewhere);
    const items = ours.flatMap((offer) => this.incoming(ring.person, offer.id) ?? this.expect(ring.person, ring.name, offer) ?? []);
    if (items.length === 0) return ring.refuse("busy");
    const former = new Set(items.flatMap((item) => item.ring ?? []));
    for (const item of items) item.ring = ring;
    // One of which nothing is left to take would ring on for a minute, for nobody.
    for (const one of former) if (this.offeredBy(one).length === 0) one.refuse("busy");
    ring.over.subscribe((ending) => {
      if (!ending) return;
      this.rungOff(ring, ending);
    });
    if (items.some(({ work }) => work.wanted)) void this.take(ring);
    else if (items.every(({ work }) => isOver(work.progress))) ring.refuse(items.some(({ work }) => work.declined) ? "declined" : "unsupported");
  }

  /** Whoever rang has stopped: for now, or for good. */
  private rungOff(ring: IncomingRing, ending: Ending): void {
    const isElsewhere = ending.why === "elsewhere";
    for (const item of this.offeredBy(ring)) {
      item.ring = undefined;
      if (isElsewhere && !item.work.answered) item.isElsewhere = true;
      if (isElsewhere) item.work.withdrawn("Answered on another page of yours.");
      else this.ended(item, ending);
    }
  }

  /** The sender hangs up once nothing is left to send; a connection that is lost is looked for again, unless he has left. */
  private ended(item: Inward, { by, why }: Ending): void {
    if (by === "there" && why === "hangup") item.work.withdrawn();
    else if (by === "there" && why === "left") item.work.withdrawn(`${item.name} left the page.`);
    else this.mayLapse(item);
  }

  private async take(ring: IncomingRing): Promise<void> {
    const items = this.offeredBy(ring);
    for (const item of items) item.ring = undefined;
    const peer = await ring.accept();
    if (!peer) return;
    for (const item of items) item.peer = peer;
    peer.connection.addEventListener("datachannel", ({ channel }) => this.arrives(channel, peer, ring.name));
    const ending = await peer.ended;
    for (const item of this.items) {
      if (item.way === "out" || item.peer !== peer) continue;
      item.peer = undefined;
      this.ended(item, ending);
    }
  }

  /** Nobody rings for it any more, nor offers it over a connection. */
  private mayLapse(item: Inward): void {
    clearTimeout(item.lapse);
    item.lapse = setTimeout(() => {
      if (!item.ring && !item.peer && !item.work.answered) this.keep(this.items.filter((other) => other !== item));
    }, LAPSE_MS);
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
        const known = offer && this.incoming(peer.person, offer.id);
        const item = offer && (known && !known.isElsewhere ? known : this.expect(peer.person, this.nameOf(peer.person) ?? name, offer));
        if (!item) return refuse(channel);
        item.peer = peer;
        item.work.offered(channel);
      },
      bytes: () => refuse(channel),
      closed: () => deaf(),
    });
  }

  /** Nothing, if there is too much already. */
  private expect(person: string, name: string, offer: Offer): Inward | undefined {
    if (!this.hasRoom(person)) return undefined;
    const work: Receiving = new Receiving(offer, () => this.changed(item));
    const item: Inward = { key: keyOf(person, offer), way: "in", person, name, speed: new Speed(), work };
    this.keep([...this.items.filter(({ key }) => key !== item.key), item]);
    return item;
  }

  private changed(item: Item): void {
    const { state, bytes } = item.work.progress;
    if (state === "moving") item.speed.note(performance.now(), bytes);
    else item.speed.clear();
    if (item.way === "out" && isOver(item.work.progress)) item.courier.done(item.work.offer);
    if (isMissed(item)) this.keep(withoutMost(this.items));
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

  /** Whether one more offer of this person is shown. */
  private hasRoom(person: string): boolean {
    const open = this.items.filter((item) => item.way === "in" && item.work.progress.state === "offered");
    return open.length < OFFERS_SHOWN && open.filter((item) => item.person === person).length < OFFERS_EACH;
  }

  private item(key: string): Item | undefined {
    return this.items.find((item) => item.key === key);
  }

  private incoming(person: string, id: string): Inward | undefined {
    return this.items.find((item): item is Inward => item.way === "in" && item.person === person && item.work.offer.id === id);
  }

  /** What somebody is called by now, as far as that is known. */
  private nameOf(person: string): string | undefined {
    return this.items.find((item) => item.person === person)?.name;
  }

  private offeredBy(ring: IncomingRing): Inward[] {
    return this.items.filter((item): item is Inward => item.way === "in" && item.ring === ring);
  }

  private keep(items: readonly Item[]): void {
    this.items = items;
    this.show();
  }
}

function keyOf(person: string, { id }: Offer): string {
  return `in ${person} ${id}`;
}

function shown({ key, way, person, name, work, speed, url }: Item, now: number): Transfer {
  return { key, way, person, name, offer: work.offer, progress: work.progress, rate: speed.rate(now), ...(url ? { url } : {}) };
}

/** Whether it has come to nothing before anybody answered. */
function isMissed(item: Item): boolean {
  return item.way === "in" && !item.work.answered && isOver(item.work.progress);
}

/** All but the oldest of those. */
function withoutMost(items: readonly Item[]): readonly Item[] {
  const gone = new Set(items.filter(isMissed).slice(0, -MISSED_SHOWN));
  return items.filter((item) => !gone.has(item));
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
