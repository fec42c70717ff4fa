// Finds the way to one person for all files that are on their way there: rings, and rings again where the connection was lost for good.
import { backoff } from "../backoff";
import type { Ending } from "../p2p/ending";
import type { Peer } from "../p2p/peer";
import type { Outcome, Outgoing } from "../p2p/ringing";
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
  /** Rejects once it alone has no way any more. */
  readonly lost: Promise<never>;
  fail(cause: Unreachable): void;
}

/** Which of them a ring is for. */
type Which = (one: Wanted) => boolean;
const ALL: Which = () => true;
const RESUMED: Which = ({ resume }) => resume;
const NEW: Which = ({ resume }) => !resume;

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
    private person: string,
    private name: string,
  ) {}

  /** Whoever is on the other side has another address from now on, and is called otherwise. What rings follows by itself. */
  renamed(person: string, name: string): void {
    this.person = person;
    this.name = name;
  }

  /** A channel of its own for this file, once the other side has taken the ring; rejects with `Unreachable`. */
  async channel(offer: Offer, resume: boolean): Promise<Channel> {
    const tries = this.wanted.get(offer.id)?.tries ?? 0;
    const { lost } = this.want(offer, resume, tries + 1);
    if (tries > 0) await Promise.race([this.pause(tries - 1), lost]);
    if (!this.wanted.has(offer.id)) throw new Unreachable("cancelled", "");
    if (resume && this.hasLeft) throw this.forgotten();
    if (this.peer?.state.value === "ended") this.peer = undefined;
    // What rings already does not say this file: it is rung once more, for all.
    if (tries === 0) this.outgoing?.hangUp(AGAIN);
    const peer = this.peer ?? (await Promise.race([(this.finding ??= this.find().finally(() => (this.finding = undefined))), lost]));
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

  private want(offer: Offer, resume: boolean, tries: number): Wanted {
    let fail!: (cause: Unreachable) => void;
    const lost = new Promise<never>((_, reject) => (fail = reject));
    // Whoever has a channel at the moment does not wait for a way.
    lost.catch(() => {});
    const wanted: Wanted = { offer, resume, tries, lost, fail };
    this.wanted.set(offer.id, wanted);
    return wanted;
  }

  private rest(): void {
    if (this.wanted.size === 0) this.peer?.hangUp();
  }

  private async find(): Promise<Peer> {
    // Files that are dropped together are rung for together.
    await Promise.resolve();
    for (let attempt = 0, unknown = 0, which = ALL; ; attempt++) {
      const outcome = await this.ring(which);
      if ("peer" in outcome) return this.found(outcome.peer);
      const { ending } = outcome;
      const rung = which;
      which = ALL;
      if (ending.why === AGAIN) continue;
      const isUnknown = ending.why === "unsupported" && rung === ALL && this.has(RESUMED);
      if (rung === ALL) unknown = isUnknown ? unknown + 1 : 0;
      if (!isUnknown) this.giveUp(rung, this.givesUp(ending));
      else if (unknown >= FORGOTTEN) this.giveUp(RESUMED, this.forgotten());
      // A page that knows nothing of what was begun may well take what is new: that is rung for alone, at once.
      else if (this.has(NEW)) which = NEW;
      if (which === ALL) await this.pause(attempt);
    }
  }

  private async ring(which: Which): Promise<Outcome> {
    const wanted = this.those(which).slice(0, RUNG_FOR);
    if (wanted.length === 0) throw new Unreachable("cancelled", "");
    const resume = wanted.some(RESUMED);
    const ring = { kind: KIND, files: wanted.map(({ offer }) => offer), ...(resume ? { resume } : {}) };
    this.outgoing = this.exchange.ring(this.person, ring);
    const outcome = await this.outgoing.outcome;
    this.outgoing = undefined;
    return outcome;
  }

  private those(which: Which): Wanted[] {
    return [...this.wanted.values()].filter(which);
  }

  private has(which: Which): boolean {
    return this.those(which).length > 0;
  }

  /** These have no way any more, if there is a reason; throws it where nothing else is wanted. */
  private giveUp(which: Which, reason: Unreachable | undefined): void {
    if (!reason) return;
    for (const one of this.those(which)) {
      this.wanted.delete(one.offer.id);
      one.fail(reason);
    }
    if (this.wanted.size === 0) throw reason;
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
  private givesUp({ why, by, problem }: Ending): Unreachable | undefined {
    if (why === "declined") return new Unreachable("declined", "");
    if (by === "here" && (why === "left" || this.wanted.size === 0)) return new Unreachable("cancelled", "");
    if (why === "unsupported") return new Unreachable("failed", `${this.name}’s page takes no files.`);
    if (!problem || problem.passing || (this.has(RESUMED) && AWAY.includes(problem.status))) return undefined;
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
