// The receiver's side of one file: nothing is taken before a person has said so; what has arrived stays when the way is cut.
import { type Channel, listen } from "./channel";
import { type Offer, type Reason, type Said, readSaid } from "./frames";
import { Parts } from "./parts";
import { OFFERED, type Progress, isOver } from "./progress";
import { say, stopped } from "./sending";
import { Sum } from "./sum";

export class Receiving {
  private now: Progress = OFFERED;
  private readonly sum = new Sum();
  private readonly parts = new Parts();
  private accepted = false;
  private refused = false;
  private channel: Channel | undefined;
  /** Stops listening on the channel. */
  private deaf = () => {};
  /** What to answer should it be offered once more, though it is over and not whole. */
  private refusal: Reason | undefined;

  constructor(
    readonly offer: Offer,
    private readonly changed: () => void,
  ) {}

  get progress(): Progress {
    return this.now;
  }

  /** The file, once it is whole. */
  get file(): Blob | undefined {
    return this.now.state === "whole" ? this.parts.file : undefined;
  }

  /** The sender has offered it over this channel: for the first time, or again after a cut. */
  offered(channel: Channel): void {
    this.deaf();
    this.channel = channel;
    this.deaf = listen(channel, {
      said: (frame) => this.hear(readSaid(frame)),
      bytes: (piece) => this.take(piece),
      closed: () => this.cut(),
    });
    if (this.refusal) say(channel, { stop: this.refusal });
    else if (this.accepted) this.goOn(channel);
  }

  accept(): void {
    if (this.accepted || isOver(this.now)) return;
    this.accepted = true;
    if (this.channel) this.goOn(this.channel);
    else this.tell({ state: "cut" });
  }

  /** Declines what was not accepted yet, cancels what was. */
  refuse(): void {
    this.refused = true;
    this.end({ state: this.accepted ? "cancelled" : "declined" }, this.accepted ? "cancelled" : "declined");
  }

  /** Whether a person has said no to it. */
  get declined(): boolean {
    return this.refused;
  }

  /** Whether a person has said anything to it. */
  get answered(): boolean {
    return this.accepted || this.refused;
  }

  /** Whether a person wants it, and the sender does not know yet that all of it is there. */
  get wanted(): boolean {
    return this.accepted && (!isOver(this.now) || this.isThere);
  }

  /** It is not offered any more. */
  withdrawn(why = "The other side has cancelled it."): void {
    this.over({ state: "cancelled", why });
  }

  /** Whether all bytes have come, the right ones or others. */
  private get isThere(): boolean {
    return this.now.state === "whole" || this.now.state === "differs";
  }

  private goOn(channel: Channel): void {
    const from = this.sum.length;
    say(channel, { accept: from });
    // An end that was not heard of is only said once more.
    if (!isOver(this.now)) this.tell({ state: "moving", resumedFrom: from > 0 ? from : this.now.resumedFrom });
  }

  private hear(said: Said | undefined): void {
    if (said && "end" in said && this.accepted && this.sum.length === this.offer.size) this.finish(said.end);
    else if (said && "stop" in said) this.over(stopped(said.stop));
    else this.end({ state: "failed", why: BROKEN }, "broken");
  }

  private take(piece: ArrayBuffer): void {
    if (!this.accepted || isOver(this.now)) return;
    if (piece.byteLength === 0 || this.sum.length + piece.byteLength > this.offer.size) return this.end({ state: "failed", why: BROKEN }, "broken");
    this.sum.add(this.sum.length, new Uint8Array(piece));
    this.parts.add(piece);
    this.tell({ bytes: this.sum.length });
  }

  private finish(theirs: string): void {
    const sum = this.sum.hex;
    if (this.channel) say(this.channel, { whole: sum });
    this.over(sum === theirs ? { state: "whole", sum } : { state: "differs", sum, why: `The sender's file has another sum: ${theirs}.` });
  }

  private cut(): void {
    this.deaf();
    this.channel = undefined;
    if (this.accepted && !isOver(this.now)) this.tell({ state: "cut" });
  }

  /** It is over because of this side; the sender is told, now or when it comes again. */
  private end(change: Partial<Progress>, reason: Reason): void {
    if (isOver(this.now)) return;
    this.refusal = reason;
    if (this.channel) say(this.channel, { stop: reason });
    this.over(change);
  }

  private over(change: Partial<Progress>): void {
    if (isOver(this.now)) return;
    // Of what came as something else, both know once the sums are said; a sender who missed that is told again.
    if (change.state !== "whole" && change.state !== "differs") this.refusal ??= "cancelled";
    if (change.state !== "whole") this.parts.clear();
    this.tell(change);
  }

  private tell(change: Partial<Progress>): void {
    this.now = { ...this.now, ...change };
    this.changed();
  }
}

const BROKEN = "The other side said something that is no part of a transfer.";
