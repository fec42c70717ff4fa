// Finds the way to one person for all files that are on their way there: rings, and rings again where the connection was lost for good.
import { backoff } from "../backoff";
import type { Ending } from "../p2p/ending";
import type { Peer } from "../p2p/peer";
import type { Outgoing } from "../p2p/ringing";
import type { Ring } from "../p2p/signals";
import type { Channel } from "./channel";
import type { Offer } from "./frames";
import { Unreachable } from "./sending";

/** What is rung for; a ring of this kind says `files` (offers) and `resume` (whether some of them were accepted before). */
export const KIND = "file";
/** What channels for files are called. */
export const LABEL = "file";

/** What a courier needs of the switchboard. */
export interface Exchange {
  ring(person: string, ring: Ring): Outgoing;
}

/** Why a ring ends that another one takes the place of. */
const AGAIN = "again";
/** A connection that nothing needs any more is kept for so long: for a last word, and for the next file. */
const IDLE_MS = 4_000;
/** The waits between attempts grow no longer than after so many. */
const MOST_PATIENT = 4;
/** HTTP statuses by which the server says that nobody is there at the moment, or that oneself is not. */
const AWAY = [404, 409];

/** As many offers fit into a ring: the server carries 64 KiB at once. What is more is offered once the ring is taken. */
export const RUNG_FOR = 40;

/**
 * So often in a row pages say that they know nothing of what was accepted before, until that is believed: whose page has it may have
 * others, and be away for a while with the one.
 */
const FORGOTTEN = 10;

/** A file that wants to get there. */
interface Wanted {
  readonly offer: Offer;
  /** Whether it was accepted before. */
  readonly resume: boolean;
  /** How many channels it has had. */
  readonly tries: number;
}

export class Courier {
  private readonly wanted = new Map<string, Wanted>();
  private peer: Peer | undefined;
  private finding: Promise<Peer> | undefined;
  private outgoing: Outgoing | undefined;
  /** The page that took the last ring was left, and what it had is gone with it. */
  private hasLeft = false;
  /** Each ends a wait. */
  private readonly waits = new Set<() => void>();

  constructor(
    private readonly exchange: Exchange,
    private readonly person: string,
    private readonly name: string,
  ) {}

  /** A channel of its own for this file, once the other side has taken the ring; rejects with `Unreachable`. */
  async channel(offer: Offer, resume: boolean): Promise<Channel> {
    const tries = this.wanted.get(offer.id)?.tries ?? 0;
    this.wanted.set(offer.id, { offer, resume, tries: tries + 1 });
    if (tries > 0) await this.pause(tries - 1);
    if (!this.wanted.has(offer.id)) throw new Unreachable("cancelled", "");
    if (resume && this.hasLeft) throw this.forgotten();
    if (this.peer?.state.value === "ended") this.peer = undefined;
    // What rings already does not say this file: it is rung once more, for all.
    if (tries === 0) this.outgoing?.hangUp(AGAIN);
    const peer = this.peer ?? (await (this.finding ??= this.find().finally(() => (this.finding = undefined))));
    this.peer = peer;
    return openChannel(peer);
  }

  /** This file needs no way any more. */
  done(offer: Offer): void {
    this.wanted.delete(offer.id);
    if (this.wanted.size > 0) return;
    this.outgoing?.hangUp();
    this.tryNow();
    setTimeout(() => this.rest(), IDLE_MS);
  }

  /** Does not wait any longer with the next attempt. */
  tryNow(): void {
    for (const end of [...this.waits]) end();
  }

  private rest(): void {
    if (this.wanted.size === 0) this.peer?.hangUp();
  }

  private async find(): Promise<Peer> {
    // Files that are dropped together are rung for together.
    await Promise.resolve();
    for (let attempt = 0, unknown = 0; ; attempt++) {
      if (this.wanted.size === 0) throw new Unreachable("cancelled", "");
      const wanted = [...this.wanted.values()].slice(0, RUNG_FOR);
      const resume = wanted.some((one) => one.resume);
      const ring = { kind: KIND, files: wanted.map(({ offer }) => offer), ...(resume ? { resume } : {}) };
      this.outgoing = this.exchange.ring(this.person, ring);
      const outcome = await this.outgoing.outcome;
      this.outgoing = undefined;
      if ("peer" in outcome) return this.found(outcome.peer);
      if (outcome.ending.why === AGAIN) continue;
      unknown = resume && outcome.ending.why === "unsupported" ? unknown + 1 : 0;
      const end = unknown > 0 && unknown < FORGOTTEN ? undefined : this.givesUp(outcome.ending, resume);
      if (end) throw end;
      await this.pause(attempt);
    }
  }

  private found(peer: Peer): Peer {
    this.hasLeft = false;
    void peer.ended.then(({ by, why }) => (this.hasLeft = by === "there" && why === "left"));
    return peer;
  }

  private forgotten(): Unreachable {
    return new Unreachable("failed", `${this.name}’s page has forgotten it.`);
  }

  /** Whether ringing once more is of no use. */
  private givesUp({ why, by, problem }: Ending, resume: boolean): Unreachable | undefined {
    if (why === "declined") return new Unreachable("declined", "");
    if (by === "here" && (why === "left" || this.wanted.size === 0)) return new Unreachable("cancelled", "");
    if (why === "unsupported") return resume ? this.forgotten() : new Unreachable("failed", `${this.name}’s page takes no files.`);
    if (!problem || problem.passing || (resume && AWAY.includes(problem.status))) return undefined;
    const isAway = problem.status === 404;
    return new Unreachable("failed", isAway ? `${this.name} is not here, or came by a transport that hears no rings.` : problem.message);
  }

  private pause(attempt: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.waits.delete(end);
        resolve();
      };
      const timer = setTimeout(end, backoff(Math.min(attempt, MOST_PATIENT), Math.random()));
      this.waits.add(end);
    });
  }
}

/** Resolves with a channel that is open, or already closed. */
function openChannel(peer: Peer): Promise<Channel> {
  const channel = peer.connection.createDataChannel(LABEL);
  closeWith(channel, peer);
  return new Promise((resolve) => {
    const done = () => resolve(channel);
    channel.addEventListener("open", done, { once: true });
    channel.addEventListener("close", done, { once: true });
  });
}

/** A connection that is closed here closes its channels, but does not have them say so (W3C WebRTC 1.0, §4.4.2, `close`). */
export function closeWith(channel: EventTarget, peer: Peer): void {
  void peer.ended.then(() => channel.dispatchEvent(new Event("close")));
}
