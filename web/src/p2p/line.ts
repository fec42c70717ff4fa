// What one page has to say to another one about a call: in order, each word once, held while there is no way to say it.
import { waitBefore } from "../backoff";
import { Problem } from "../problem";
import type { Said, Signal } from "./signals";

/** How signals travel; the session is this. */
export interface Carrier {
  /**
   * Has the session at the address told, or all of a person's sessions; resolves with how many heard it. Rejects with a `Problem`:
   * 404 if nobody is there who can hear it, a passing one while there is no link.
   */
  signal(to: string, signal: Signal): Promise<number>;
}

/** HTTP statuses after which the same word can be heard later: nobody there now, oneself not there now (XMPP: `not-acceptable`). */
const LATER = [404, 406, 409];
/** How long a last word is tried, in milliseconds: after that nobody waits for it any more. */
const LAST_WORD_MS = 20_000;

export class Line {
  private held: readonly Said[] = [];
  private saying = false;
  private over = false;
  private wake: (() => void) | undefined;
  /** The page that was told last. */
  private told: string | undefined;

  constructor(
    private readonly carrier: Carrier,
    readonly call: string,
    /** Who the other one is: all his pages have this address. */
    private person: string,
    /** Where he was heard last. */
    private address: string,
    /** The server will not carry what is said. */
    private readonly refused: (problem: Problem) => void = () => {},
  ) {}

  get to(): string {
    return this.address;
  }

  /** Whether everything is said. */
  get isQuiet(): boolean {
    return this.held.length === 0;
  }

  /** Whether the page there has heard everything. */
  hasTold(address: string): boolean {
    return this.isQuiet && this.told === address;
  }

  say(said: Said): void {
    if (this.over) return;
    this.held = [...this.held, said];
    void this.pump();
  }

  /** Says this as the last word. What is held before it is not worth saying any more. */
  close(bye: string): void {
    if (this.over) return;
    this.held = [{ bye }];
    this.over = true;
    void this.pump();
    setTimeout(() => this.cut(), LAST_WORD_MS);
  }

  /** Says nothing any more. */
  cut(): void {
    this.over = true;
    this.held = [];
    this.wake?.();
  }

  /** The other one has been heard from there: what is held goes to that address. */
  heardFrom(address: string): void {
    if (address === this.address) return;
    this.address = address;
    this.wake?.();
  }

  /** What is said from now on is for all his pages, until one is heard. */
  tellAll(): void {
    this.heardFrom(this.person);
  }

  /** The other one is called otherwise from now on, where nothing else is known of him: this is the address of his page, too. */
  renamed(person: string): void {
    this.person = person;
    this.heardFrom(person);
  }

  /** There is a link again: what is held is said at once. */
  relinked(): void {
    this.wake?.();
  }

  private async pump(): Promise<void> {
    if (this.saying) return;
    this.saying = true;
    for (let attempt = 0, next = this.held[0]; next; next = this.held[0]) {
      const problem = await this.tell(next);
      if (problem && (problem.passing || LATER.includes(problem.status))) {
        await this.pause(waitBefore(Math.min(attempt++, 2), problem.retryAfter, Math.random()));
        continue;
      }
      attempt = 0;
      if (this.held[0] === next) this.held = this.held.slice(1);
      if (problem) this.refused(problem);
    }
    this.saying = false;
  }

  /** Says it there where the other one was heard, or else to all his pages: one of them knows the call. */
  private async tell(said: Said): Promise<Problem | undefined> {
    const signal = { call: this.call, ...said };
    const problem = await this.attempt(this.address, signal);
    return problem?.status === 404 && this.address !== this.person ? this.attempt(this.person, signal) : problem;
  }

  private async attempt(to: string, signal: Signal): Promise<Problem | undefined> {
    try {
      await this.carrier.signal(to, signal);
      this.told = to;
      return undefined;
    } catch (cause) {
      return cause instanceof Problem ? cause : new Problem("The page stumbled", String(cause), 400);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(), ms);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }
}
