// What is needed of a data channel: less than RTCDataChannel, so that tests can have their own.

export type Channel = Pick<
  RTCDataChannel,
  "readyState" | "binaryType" | "bufferedAmount" | "bufferedAmountLowThreshold" | "close" | "addEventListener" | "removeEventListener"
> & { send(data: string | ArrayBuffer): void };

/** Who listens on a channel. */
export interface Listener {
  said(frame: string): void;
  bytes(piece: ArrayBuffer): void;
  closed(): void;
}

/** Listens on a channel until the function that is returned is called. */
export function listen(channel: Channel, listener: Listener): () => void {
  const over = new AbortController();
  const { signal } = over;
  channel.binaryType = "arraybuffer";
  channel.addEventListener("message", ({ data }) => (typeof data === "string" ? listener.said(data) : listener.bytes(data)), { signal });
  channel.addEventListener("close", () => listener.closed(), { signal });
  return () => over.abort();
}

/** Resolves once no more than the threshold is waiting to leave, or the channel is closed. */
export function drained(channel: Channel): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const done = () => {
      over.abort();
      resolve();
    };
    if (channel.readyState !== "open" || channel.bufferedAmount <= channel.bufferedAmountLowThreshold) return done();
    channel.addEventListener("bufferedamountlow", done, { signal: over.signal });
    channel.addEventListener("close", done, { signal: over.signal });
  });
}
