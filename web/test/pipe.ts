// A data channel between two ends in one process, which can break.

type Message = string | ArrayBuffer;

/** One end of a data channel: what is sent waits in it, and arrives at the other end piece by piece. */
export class End extends EventTarget {
  readyState: RTCDataChannelState = "open";
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  other!: End;
  /** The most that ever waited. */
  waited = 0;
  private readonly queue: Message[] = [];
  private moving = false;

  constructor(private readonly pipe: Pipe) {
    super();
  }

  send(data: Message): void {
    if (this.readyState !== "open") throw new DOMException("not open", "InvalidStateError");
    this.queue.push(data);
    this.bufferedAmount += length(data);
    this.waited = Math.max(this.waited, this.bufferedAmount);
    if (!this.moving) void this.move();
  }

  /** What waits still arrives; then both ends are closed. */
  close(): void {
    if (this.readyState !== "open") return;
    this.readyState = "closing";
    if (!this.moving) this.pipe.shut();
  }

  shut(): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.queue.length = 0;
    this.dispatchEvent(new Event("close"));
  }

  private async move(): Promise<void> {
    this.moving = true;
    for (let data = this.queue.shift(); data !== undefined; data = this.queue.shift()) {
      await turn();
      if (this.readyState === "closed") return;
      const above = this.bufferedAmount > this.bufferedAmountLowThreshold;
      this.bufferedAmount -= length(data);
      if (above && this.bufferedAmount <= this.bufferedAmountLowThreshold) this.dispatchEvent(new Event("bufferedamountlow"));
      this.other.dispatchEvent(new MessageEvent("message", { data }));
      this.pipe.carried(length(data));
    }
    this.moving = false;
    if (this.readyState === "closing") this.pipe.shut();
  }
}

/** Both ends of a data channel, which breaks once so many bytes have gone through it. */
export class Pipe {
  readonly here: End = new End(this);
  readonly there: End = new End(this);

  constructor(private left = Infinity) {
    this.here.other = this.there;
    this.there.other = this.here;
  }

  carried(bytes: number): void {
    this.left -= bytes;
    if (this.left <= 0) this.shut();
  }

  shut(): void {
    this.here.shut();
    this.there.shut();
  }
}

const length = (data: Message) => (typeof data === "string" ? data.length : data.byteLength);
export const turn = () => new Promise((resolve) => setImmediate(resolve));
