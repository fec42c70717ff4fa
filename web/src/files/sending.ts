// The sender's side of one file: offers it, sends it from where the other side wants it, and once more where the way was cut.
import { type Channel, drained, listen } from "./channel";
import { CHUNK, type Offer, type Reason, type Said, readSaid } from "./frames";
import { OFFERED, type Progress, isOver } from "./progress";
import { Sum } from "./sum";

/** Finds a way to the other side and opens a channel there; takes as long as it takes. Rejects with `Unreachable` where none will be found. */
export type Reach = () => Promise<Channel>;

/** There is no way, and there will be none. */
export class Unreachable extends Error {
  constructor(
    readonly state: "declined" | "cancelled" | "failed",
    readonly why: string,
  ) {
    super(why);
  }
}

/** Read from the file at once. */
const BLOCK = 1024 * 1024;
/** What may wait in the channel: enough to keep it busy, and little enough that progress says what has left. */
const HIGH = 1024 * 1024;
const LOW = 256 * 1024;

export class Sending {
  private now: Progress = OFFERED;
  private readonly sum = new Sum();
  private channel: Channel | undefined;
  /** Ends the stay on the channel. */
  private leave = () => {};
  /** Counts what was accepted: a later one ends the sending that an earlier one began. */
  private run = 0;

  constructor(
    readonly offer: Offer,
    private readonly file: Blob,
    private readonly reach: Reach,
    private readonly changed: () => void,
  ) {}

  get progress(): Progress {
    return this.now;
  }

  /** Offers the file, and sees to it until it is over. */
  async start(): Promise<void> {
    while (!isOver(this.now)) {
      try {
        const channel = await this.reach();
        await this.stay(channel);
      } catch (cause) {
        if (isOver(this.now)) return;
        const { state, why } = cause instanceof Unreachable ? cause : { state: "failed" as const, why: String(cause) };
        return this.tell({ state, why });
      }
      if (this.now.state !== "offered" && !isOver(this.now)) this.tell({ state: "cut" });
    }
  }

  /** Takes the offer back, or breaks off. */
  cancel(why?: string): void {
    this.end({ state: "cancelled", ...(why === undefined ? {} : { why }) }, "cancelled");
  }

  /** Speaks over this channel until it is closed or the transfer is over. */
  private stay(channel: Channel): Promise<void> {
    return new Promise((resolve) => {
      if (channel.readyState !== "open") return resolve();
      if (isOver(this.now)) {
        // The other side was rung for it, and may be waiting.
        say(channel, { offer: this.offer });
        part(channel, "cancelled");
        return resolve();
      }
      const deaf = listen(channel, {
        said: (frame) => this.hear(channel, readSaid(frame)),
        bytes: () => this.end({ state: "failed", why: BROKEN }, "broken"),
        closed: () => this.leave(),
      });
      this.leave = () => {
        deaf();
        this.channel = undefined;
        this.run++;
        resolve();
      };
      this.channel = channel;
      channel.bufferedAmountLowThreshold = LOW;
      say(channel, { offer: this.offer });
    });
  }

  private hear(channel: Channel, said: Said | undefined): void {
    if (said && "accept" in said && said.accept <= this.offer.size) void this.send(channel, said.accept);
    else if (said && "whole" in said && this.sum.length === this.offer.size) this.finish(said.whole);
    else if (said && "stop" in said) this.end(stopped(said.stop));
    else this.end({ state: "failed", why: BROKEN }, "broken");
  }

  /** Sends everything from this byte on, unless the channel is gone before. */
  private async send(channel: Channel, from: number): Promise<void> {
    const run = ++this.run;
    const { size } = this.offer;
    this.tell({ state: "moving", bytes: from, resumedFrom: this.now.state === "cut" ? from : this.now.resumedFrom });
    try {
      // What is before has been sent by this page, and so is in the sum; unless nothing was.
      for (let at = Math.min(from, this.sum.length); at < size; at += BLOCK) {
        const block = await this.read(at);
        if (run !== this.run) return;
        this.sum.add(at, block);
        if (!(await this.sendBlock(channel, block.subarray(Math.max(0, from - at)), Math.max(at, from), run))) return;
      }
    } catch {
      if (run === this.run) this.end({ state: "failed", why: UNREADABLE }, "unreadable");
      return;
    }
    say(channel, { end: this.sum.hex });
    this.tell({ state: "checking", bytes: size });
  }

  private async read(at: number): Promise<Uint8Array> {
    return new Uint8Array(await this.file.slice(at, Math.min(at + BLOCK, this.offer.size)).arrayBuffer());
  }

  /** Sends these bytes as fast as they leave; `false` once this is not the sending that counts any more. */
  private async sendBlock(channel: Channel, block: Uint8Array, at: number, run: number): Promise<boolean> {
    for (let done = 0; done < block.length; done += CHUNK) {
      if (channel.bufferedAmount > HIGH) await drained(channel);
      if (run !== this.run || channel.readyState !== "open") return false;
      const piece = block.slice(done, done + CHUNK);
      channel.send(piece.buffer as ArrayBuffer);
      this.tell({ bytes: Math.max(0, at + done + piece.length - channel.bufferedAmount) });
    }
    return true;
  }

  /** Both sums are known. */
  private finish(theirs: string): void {
    const sum = this.sum.hex;
    this.end(sum === theirs ? { state: "whole", sum } : { state: "differs", sum, why: `${DIFFERS} ${theirs}.` });
  }

  /** It is over; `reason` is said to the other side. */
  private end(change: Partial<Progress>, reason?: Reason): void {
    if (isOver(this.now)) return;
    const { channel } = this;
    this.tell(change);
    this.leave();
    if (channel) part(channel, reason);
  }

  private tell(change: Partial<Progress>): void {
    this.now = { ...this.now, ...change };
    this.changed();
  }
}

const BROKEN = "The other side said something that is no part of a transfer.";
const UNREADABLE = "The file cannot be read any more: it was moved or changed.";
const DIFFERS = "The other side has other bytes: its sum is";

/** What it means that the other side stops. */
export function stopped(reason: Reason): Partial<Progress> {
  switch (reason) {
    case "declined":
      return { state: "declined" };
    case "cancelled":
      return { state: "cancelled", why: "The other side has cancelled it." };
    case "unreadable":
      return { state: "failed", why: "The sender cannot read the file any more." };
    case "broken":
      return { state: "failed", why: "The other side could not make sense of what it was sent." };
  }
}

/** Says it, if the channel takes it. */
export function say(channel: Channel, said: Said): void {
  if (channel.readyState === "open") channel.send(JSON.stringify(said));
}

function part(channel: Channel, reason: Reason | undefined): void {
  if (reason) say(channel, { stop: reason });
  channel.close();
}
