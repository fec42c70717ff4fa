import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Ack } from "../src/envelope";
import { Outbox } from "../src/outbox";
import { Problem } from "../src/problem";
import type { Draft } from "../src/transports/transport";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A link that can be down, refuse, or keep what it is given. */
function setUp() {
  const link = {
    up: true,
    sent: [] as Draft[],
    refusals: [] as Problem[],
    inList: false,
    async publish(draft: Draft): Promise<Ack> {
      link.sent.push(draft);
      const refusal = link.refusals.shift();
      if (refusal) throw refusal;
      return { id: `id-${draft.text}`, offset: `1-${draft.text}` };
    },
  };
  const outbox = new Outbox({
    publisher: () => (link.up ? (draft) => link.publish(draft) : undefined),
    kept: () => link.inList,
  });
  const states = () => outbox.pending.value.map((p) => `${p.text}:${p.state}`);
  return { link, outbox, states };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe("the outbox", () => {
  test("sends in order, and lets go when the message is back", async () => {
    const { link, outbox, states } = setUp();
    outbox.add("a");
    outbox.add("b");
    await settle();
    expect(link.sent.map((d) => d.text)).toEqual(["a", "b"]);
    expect(states()).toEqual(["a:kept", "b:kept"]);
    outbox.arrived("1-a");
    expect(states()).toEqual(["b:kept"]);
  });

  test("lets go at once when the message was back before its acknowledgement", async () => {
    const { link, outbox, states } = setUp();
    link.inList = true;
    outbox.add("a");
    await settle();
    expect(states()).toEqual([]);
  });

  test("holds everything while the link is down", async () => {
    const { link, outbox, states } = setUp();
    link.up = false;
    outbox.add("a");
    outbox.add("b");
    await settle();
    expect(link.sent).toEqual([]);
    expect(states()).toEqual(["a:held", "b:held"]);
    link.up = true;
    await outbox.pump();
    expect(link.sent.map((d) => d.text)).toEqual(["a", "b"]);
  });

  test("a passing refusal is tried again under the same key, before what follows", async () => {
    const { link, outbox } = setUp();
    link.refusals = [new Problem("Busy", "Wait.", 503, 2)];
    outbox.add("a");
    outbox.add("b");
    await vi.advanceTimersByTimeAsync(1999);
    expect(link.sent.map((d) => d.text)).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(link.sent.map((d) => d.text)).toEqual(["a", "a", "b"]);
    expect(link.sent[0]?.key).toBe(link.sent[1]?.key);
    expect(link.sent[0]?.key).not.toBe(link.sent[2]?.key);
  });

  test("a lasting refusal is shown, holds nobody up, and can be tried again or discarded", async () => {
    const { link, outbox, states } = setUp();
    link.refusals = [new Problem("Too large", "Send less.", 413)];
    outbox.add("a");
    outbox.add("b");
    await settle();
    expect(states()).toEqual(["a:failed", "b:kept"]);
    const failed = outbox.pending.value[0]!;
    expect(failed.detail).toBe("Too large: Send less.");
    outbox.retry(failed.key);
    await settle();
    expect(states()).toEqual(["a:kept", "b:kept"]);
    outbox.discard(failed.key);
    expect(states()).toEqual(["b:kept"]);
  });

  test("keys are valid idempotency keys", () => {
    const { link, outbox } = setUp();
    link.up = false;
    outbox.add("a");
    expect(outbox.pending.value[0]?.key).toMatch(/^[\x21-\x7e]{1,128}$/);
  });
});
