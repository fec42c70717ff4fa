// Before two pages are connected: one rings somebody, on all his pages, and one of these takes it.
import { signal } from "@preact/signals";
import { waitBefore } from "../backoff";
import { Problem } from "../problem";
import type { Ending } from "./ending";
import type { Peer } from "./peer";
import type { Ring, Said } from "./signals";

/** A call that is not over, whatever it has come to. */
export interface Party {
  readonly call: string;
  /** Who is on the other side. */
  readonly person: string;
  /** Which of his pages that is, once it is settled. */
  readonly address?: string;
  hear(from: string, said: Said): void;
  relinked(): void;
  /** The other side has another address from now on. */
  renamed(person: string): void;
  hangUp(why: Ending["why"]): void;
}

/** How long somebody is rung, in milliseconds; a page that rings stops by itself a little later. */
const RING_MS = 45_000;
const RUNG_MS = 60_000;

/** The waits between attempts to ring somebody grow no longer than after so many. */
const MOST_PATIENT = 2;

/** What one page says for itself, and not for its user. */
const ONE_PAGE: readonly string[] = ["busy", "unsupported", "left"];

/** What became of ringing. */
export type Outcome = { readonly peer: Peer } | { readonly ending: Ending };

/** What ringing needs of the switchboard. */
export interface Exchange {
  /** Says something about the call to all pages of whoever has the address; how many heard it. */
  tell(to: string, call: string, said: Said): Promise<number>;
  /** Says that it is over, if need be when there is a link again. */
  dismiss(to: string, call: string, why: string): void;
  /** Says the same of a ring that nobody here has looked at: once, and not too often. */
  rebuff(to: string, call: string, why: string): void;
  /** The page at this address has taken the call: from now on it is a peer. */
  connect(call: string, address: string, polite: boolean): Promise<Peer>;
  /** Has the other pages of whoever sits here stop ringing. */
  quieten(call: string): void;
  forget(call: string): void;
}

/** Somebody is rung from here. */
export class Outgoing implements Party {
  /** The other one, or why it came to nothing. */
  readonly outcome: Promise<Outcome>;
  private settle!: (outcome: Outcome) => void;
  private over = false;
  private timer = setTimeout(() => this.giveUp("timeout"), RING_MS);
  /** How many pages ring; unknown until the server has said it. */
  private rung = Infinity;
  private refusals = 0;
  private refusal: Ending["why"] | undefined;
  /** Why the server has had nobody rung yet. */
  private notYet: Problem | undefined;

  constructor(
    private readonly exchange: Exchange,
    readonly call: string,
    public person: string,
    readonly ring: Ring,
  ) {
    this.outcome = new Promise((resolve) => (this.settle = resolve));
    void this.begin();
  }

  /** Has them rung; once more where the server answers that it cannot now: too much is said to them, for one. */
  private async begin(): Promise<void> {
    for (let attempt = 0; !this.over; attempt++) {
      try {
        return this.onRung(await this.exchange.tell(this.person, this.call, { ring: this.ring }));
      } catch (cause) {
        const problem = cause instanceof Problem ? cause : unheard(cause);
        if (!problem.passing || problem.status === 0) return this.refused(problem);
        this.notYet = problem;
        await pause(waitBefore(Math.min(attempt, MOST_PATIENT), problem.retryAfter, Math.random()));
      }
    }
  }

  hear(from: string, said: Said): void {
    if ("accept" in said) void this.take(this.exchange.connect(this.call, from, false));
    if ("bye" in said) this.onBye(said.bye);
  }

  relinked(): void {}

  renamed(person: string): void {
    this.person = person;
  }

  /** Rings no longer. */
  hangUp(why: Ending["why"] = "hangup"): void {
    if (this.over) return;
    this.stopThem(why);
    this.end({ by: "here", why });
  }

  /** The other one rings here at the same moment, and his call goes on in place of this one. */
  giveWay(theirs: Promise<Peer | undefined>): void {
    this.stopThem("elsewhere");
    this.exchange.forget(this.call);
    void this.take(theirs);
  }

  private async take(taking: Promise<Peer | undefined>): Promise<void> {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    const peer = await taking;
    this.settle(peer ? { peer } : { ending: { by: "there", why: "hangup" } });
  }

  private onRung(pages: number): void {
    this.rung = pages;
    this.notYet = undefined;
    if (this.refusal !== undefined) this.onRefusal(this.refusal, 0);
  }

  /** Somebody with several pages is busy only if he is so on all of them. What they tell each other ends nothing here. */
  private onBye(why: string): void {
    if (ONE_PAGE.includes(why)) this.onRefusal(why, 1);
    else if (why !== "elsewhere") this.end({ by: "there", why });
  }

  private onRefusal(why: Ending["why"], more: number): void {
    this.refusals += more;
    this.refusal = why;
    if (this.refusals >= this.rung) this.end({ by: "there", why });
  }

  private giveUp(why: Ending["why"]): void {
    this.stopThem(why);
    if (this.notYet) this.refused(this.notYet);
    else this.end({ by: "nobody", why });
  }

  private refused(problem: Problem): void {
    this.end({ by: "nobody", why: "refused", problem });
  }

  private stopThem(why: string): void {
    this.exchange.dismiss(this.person, this.call, why);
  }

  private end(ending: Ending): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.exchange.forget(this.call);
    this.settle({ ending });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function unheard(cause: unknown): Problem {
  return new Problem("The call did not go out", String(cause));
}

/** Somebody rings here. */
export class IncomingRing implements Party {
  /** Why it has stopped, other than by being taken; `undefined` while it rings. */
  readonly over = signal<Ending | undefined>(undefined);
  private taken = false;
  private timer = setTimeout(() => this.stop({ by: "nobody", why: "timeout" }), RUNG_MS);

  constructor(
    private readonly exchange: Exchange,
    readonly call: string,
    public person: string,
    /** The address of the page that rings. */
    public from: string,
    /** What its user is called. */
    readonly name: string,
    readonly ring: Ring,
  ) {}

  /** Takes it: resolves with the peer, to which tracks and channels can be added, or with nothing if it was over before. */
  async accept(): Promise<Peer | undefined> {
    if (this.isOver) return undefined;
    this.taken = true;
    clearTimeout(this.timer);
    this.exchange.quieten(this.call);
    return this.exchange.connect(this.call, this.from, true);
  }

  /** Declines it, on all pages of whoever sits here. */
  decline(): void {
    if (this.isOver) return;
    this.exchange.quieten(this.call);
    this.exchange.dismiss(this.from, this.call, "declined");
    this.stop({ by: "here", why: "declined" });
  }

  /** This page does not take it, whatever its user might say: it is busy, for one. */
  refuse(why: Ending["why"]): void {
    if (this.isOver) return;
    this.exchange.rebuff(this.from, this.call, why);
    this.stop({ by: "here", why });
  }

  hear(_from: string, said: Said): void {
    if ("bye" in said) this.stop({ by: "there", why: said.bye });
  }

  relinked(): void {}

  renamed(person: string): void {
    this.person = this.from = person;
  }

  hangUp(why: Ending["why"]): void {
    this.refuse(why);
  }

  private get isOver(): boolean {
    return this.taken || this.over.peek() !== undefined;
  }

  private stop(ending: Ending): void {
    if (this.isOver) return;
    clearTimeout(this.timer);
    this.exchange.forget(this.call);
    this.over.value = ending;
  }
}
