// How fast bytes have moved of late.

/** What counts as of late, in milliseconds. */
const WINDOW_MS = 4_000;
/** Without a sample for so long, nothing moves. */
const STILL_MS = 2_500;
/** Closer together than this, samples are not kept apart. */
const STEP_MS = 100;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

export class Speed {
  private samples: Sample[] = [];

  /** So many bytes are there at this time, in milliseconds of a monotonic clock. Fewer than before begins anew. */
  note(at: number, bytes: number): void {
    const [before, last] = this.samples.slice(-2);
    if (last && bytes < last.bytes) this.samples = [];
    else if (before && last && last.at - before.at < STEP_MS) this.samples.pop();
    this.samples.push({ at, bytes });
    while (this.samples.length > 2 && at - this.samples[1]!.at > WINDOW_MS) this.samples.shift();
  }

  /** Bytes a second at this time; 0 while nothing is known, and where nothing has moved for a while. */
  rate(now: number): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at === first.at || now - last.at > STILL_MS) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  clear(): void {
    this.samples = [];
  }
}
