// A room's message says in XMPP which id the log has it under (XEP-0359), not where it stands. The log says that: this
// brings both together, in the order of the log. What the log has and the stream did not bring is left out, and shows as a gap.
import type { Envelope } from "../../envelope";

/** A message of the log, and when the stream brought it: milliseconds of the page's monotonic clock. */
export interface Placed {
  readonly envelope: Envelope;
  readonly heardAt: number;
}

/** Ids remembered of what is told already. */
const KEPT = 2_000;

export class Places {
  private readonly heardAt = new Map<string, number>();
  private readonly told = new Set<string>();
  private logged: readonly Envelope[] = [];

  /** The stream has brought the message with this id; `false` if it is told already. */
  heard(id: string, now: number): boolean {
    if (this.told.delete(id)) return false;
    this.heardAt.set(id, now);
    return true;
  }

  /** The log has this, after what it had before. */
  stands(envelope: Envelope): void {
    this.logged = [...this.logged, envelope];
  }

  /** This is told without waiting for the stream: it was said before. */
  tell(envelope: Envelope): void {
    if (this.heardAt.delete(envelope.id)) return;
    this.told.add(envelope.id);
    const [oldest] = this.told;
    if (this.told.size > KEPT && oldest !== undefined) this.told.delete(oldest);
  }

  /** What is heard and has its place, each once. */
  take(): readonly Placed[] {
    const end = this.logged.findLastIndex(({ id }) => this.heardAt.has(id)) + 1;
    const passed = this.logged.slice(0, end);
    this.logged = this.logged.slice(end);
    return passed.flatMap((envelope) => {
      const heardAt = this.heardAt.get(envelope.id);
      this.heardAt.delete(envelope.id);
      return heardAt === undefined ? [] : [{ envelope, heardAt }];
    });
  }
}
