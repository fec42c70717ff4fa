// Messages on their way out: one at a time and in order, held while the link is down, sent again
// under the same key until the server has said what became of them.
import { signal } from "@preact/signals";
import type { Ack } from "./envelope";
import { Problem } from "./problem";
import type { Draft } from "./transports/transport";

/** A message that is not in the list yet. */
export interface Pending extends Draft {
  readonly state: "held" | "sending" | "kept" | "failed";
  /** When it first left, in milliseconds of the page's monotonic clock. */
  readonly sentAt?: number;
  /** Known once the server has kept it. */
  readonly offset?: string;
  /** Why it failed and what to do. */
  readonly detail?: string;
}

/** What the outbox needs of the session. */
export interface Carrier {
  /** How to publish right now; `undefined` while the link is down. */
  publisher(): ((draft: Draft) => Promise<Ack>) | undefined;
  /** A message is kept; says whether it is in the list already. */
  kept(offset: string, sentAt: number): boolean;
}

const RETRY_MS = 1_000;

export class Outbox {
  readonly pending = signal<readonly Pending[]>([]);
  private pumping = false;

  constructor(private readonly carrier: Carrier) {}

  add(text: string): void {
    this.pending.value = [...this.pending.value, { key: newKey(), text, state: "held" }];
    void this.pump();
  }

  /** The message at this offset has come back on the stream. */
  arrived(offset: string): void {
    this.pending.value = this.pending.value.filter((p) => p.offset !== offset);
  }

  discard(key: string): void {
    this.pending.value = this.pending.value.filter((p) => p.key !== key);
  }

  retry(key: string): void {
    this.change(key, { state: "held" });
    void this.pump();
  }

  clear(): void {
    this.pending.value = [];
  }

  /** Sends what is held for as long as there is a link. */
  async pump(): Promise<void> {
    if (this.pumping) return;
    this.pumping = true;
    for (let next = this.next(); next; next = this.next()) await this.send(next.draft, next.publish);
    this.pumping = false;
  }

  private next(): { draft: Pending; publish: (draft: Draft) => Promise<Ack> } | undefined {
    const publish = this.carrier.publisher();
    const draft = this.pending.value.find((p) => p.state === "held");
    return publish && draft ? { draft, publish } : undefined;
  }

  private async send(draft: Pending, publish: (draft: Draft) => Promise<Ack>): Promise<void> {
    const sentAt = draft.sentAt ?? performance.now();
    this.change(draft.key, { state: "sending", sentAt });
    try {
      const { offset } = await publish(draft);
      if (this.carrier.kept(offset, sentAt)) this.discard(draft.key);
      else this.change(draft.key, { state: "kept", offset });
    } catch (cause) {
      await this.failed(draft.key, cause);
    }
  }

  private async failed(key: string, cause: unknown): Promise<void> {
    if (cause instanceof Problem && cause.passing) {
      this.change(key, { state: "held", detail: cause.detail });
      await new Promise((resolve) => setTimeout(resolve, (cause.retryAfter ?? 0) * 1000 || RETRY_MS));
      return;
    }
    const detail = cause instanceof Problem ? cause.message : String(cause);
    this.change(key, { state: "failed", detail });
  }

  private change(key: string, change: Partial<Pending>): void {
    this.pending.value = this.pending.value.map((p) => (p.key === key ? { ...p, ...change } : p));
  }
}

/** 128 random bits; `crypto.randomUUID` is only there in secure contexts. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
