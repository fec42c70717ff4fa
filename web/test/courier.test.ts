import { describe, expect, test, vi } from "vitest";
import { Courier, type Exchange, RUNG_FOR } from "../src/files/courier";
import type { Offer } from "../src/files/frames";
import { Unreachable } from "../src/files/sending";
import type { Ending } from "../src/p2p/ending";
import type { Peer } from "../src/p2p/peer";
import type { Outcome, Outgoing } from "../src/p2p/ringing";
import type { Ring } from "../src/p2p/signals";
import { Problem } from "../src/problem";

/** Somebody who is rung, and answers as the test says. */
class Phone implements Exchange {
  readonly rings: { readonly person: string; readonly ring: Ring; answer(outcome: Outcome): void; hungUp?: string }[] = [];

  ring(person: string, ring: Ring): Outgoing {
    let answer!: (outcome: Outcome) => void;
    const outcome = new Promise<Outcome>((resolve) => (answer = resolve));
    const rung: Phone["rings"][number] = { person, ring, answer };
    this.rings.push(rung);
    const hangUp = (why: Ending["why"] = "hangup") => {
      rung.hungUp = why;
      answer({ ending: { by: "here", why } });
    };
    return { outcome, hangUp } as unknown as Outgoing;
  }

  /** The newest ring, once there are so many. */
  async nth(count: number) {
    await vi.waitFor(() => expect(this.rings.length).toBe(count), { timeout: 20_000 });
    return this.rings[count - 1]!;
  }
}

/** A peer whose channels are open at once. */
function peer() {
  const channels: EventTarget[] = [];
  let end!: (ending: Ending) => void;
  const ended = new Promise<Ending>((resolve) => (end = resolve));
  const state = { value: "connected" };
  const createDataChannel = () => {
    const channel = new EventTarget();
    channels.push(channel);
    queueMicrotask(() => channel.dispatchEvent(new Event("open")));
    return channel;
  };
  const hangUp = vi.fn();
  return { channels, state, hangUp, end, peer: { connection: { createDataChannel }, ended, state, hangUp } as unknown as Peer };
}

const offer = (id: string): Offer => ({ id, name: `${id}.txt`, size: 3, type: "" });
const files = ({ ring }: { readonly ring: Ring }) => (ring["files"] as Offer[]).map(({ id }) => id);
const ending = (by: Ending["by"], why: string, problem?: Problem): Outcome => ({ ending: { by, why, ...(problem ? { problem } : {}) } });

describe("a courier", () => {
  test("rings once for what is offered together, and has a channel for each", async () => {
    const [phone, bo] = [new Phone(), peer()];
    const courier = new Courier(phone, "bo@x", "Bo");
    const channels = [courier.channel(offer("a"), false), courier.channel(offer("b"), false)];
    const rung = await phone.nth(1);
    expect([files(rung), rung.ring["resume"]]).toEqual([["a", "b"], undefined]);
    rung.answer({ peer: bo.peer });
    expect(await Promise.all(channels)).toEqual(bo.channels);
    await courier.channel(offer("c"), false);
    expect([phone.rings.length, bo.channels.length]).toEqual([1, 3]);
  });

  test("rings anew, for all, when something more is offered while it rings", async () => {
    const phone = new Phone();
    const courier = new Courier(phone, "bo@x", "Bo");
    void courier.channel(offer("a"), false);
    const first = await phone.nth(1);
    void courier.channel(offer("b"), false);
    const second = await phone.nth(2);
    expect([first.hungUp, files(second)]).toEqual(["again", ["a", "b"]]);
  });

  test("rings for no more at once than the server carries", async () => {
    const phone = new Phone();
    const courier = new Courier(phone, "bo@x", "Bo");
    for (let i = 0; i < RUNG_FOR + 5; i++) void courier.channel(offer(`f${i}`), false);
    expect(files(await phone.nth(1)).length).toBe(RUNG_FOR);
  });

  test("says that it resumes, and goes on ringing while nobody is there", { timeout: 30_000 }, async () => {
    const phone = new Phone();
    const courier = new Courier(phone, "bo@x", "Bo");
    void courier.channel(offer("a"), true);
    const first = await phone.nth(1);
    expect(first.ring["resume"]).toBe(true);
    first.answer(ending("nobody", "refused", new Problem("Nobody", "is there", 404)));
    (await phone.nth(2)).answer(ending("nobody", "timeout"));
    await phone.nth(3);
  });

  test("gives up, for all, where it is declined, not understood, or not there to begin with, and when one leaves", async () => {
    for (const [outcome, resume, state] of [
      [ending("there", "declined"), false, "declined"],
      [ending("there", "unsupported"), false, "failed"],
      [ending("here", "left"), true, "cancelled"],
      [ending("nobody", "refused", new Problem("Nobody", "is there", 404)), false, "failed"],
      [ending("nobody", "refused", new Problem("Forbidden", "no", 403)), true, "failed"],
    ] as const) {
      const phone = new Phone();
      const courier = new Courier(phone, "bo@x", "Bo");
      const waiting = ["a", "b"].map((id) => courier.channel(offer(id), resume).catch((cause: unknown) => cause));
      (await phone.nth(1)).answer(outcome);
      for (const cause of await Promise.all(waiting)) expect(cause).toMatchObject({ state });
      expect((await waiting[0]) instanceof Unreachable).toBe(true);
    }
  });

  test("believes that all is forgotten there only when it was said for a while: another page may have it", async () => {
    vi.useFakeTimers();
    const phone = new Phone();
    const courier = new Courier(phone, "bo@x", "Bo");
    const end = courier.channel(offer("a"), true).catch((cause: unknown) => cause);
    const answer = async (outcomes: readonly Outcome[]) => {
      for (const outcome of outcomes) {
        phone.rings.at(-1)!.answer(outcome);
        await vi.advanceTimersByTimeAsync(10_000);
      }
    };
    await vi.advanceTimersByTimeAsync(0);
    const [unknown, away] = [ending("there", "unsupported"), ending("nobody", "timeout")];
    await answer([...Array.from({ length: 9 }, () => unknown), away, ...Array.from({ length: 9 }, () => unknown)]);
    expect(phone.rings.length).toBe(20);
    await answer([unknown]);
    expect(await end).toMatchObject({ state: "failed", why: "Bo’s page has forgotten it." });
    expect(phone.rings.length).toBe(20);
    vi.useRealTimers();
  });

  test("rings for what is new alone where what was accepted before is not known, and gives up only the latter", async () => {
    vi.useFakeTimers();
    const phone = new Phone();
    const courier = new Courier(phone, "bo@x", "Bo");
    const ends: [string, unknown][] = [];
    const want = (id: string, resume: boolean) => void courier.channel(offer(id), resume).then((way) => ends.push([id, way]), (cause: unknown) => ends.push([id, cause]));
    want("old", true);
    want("new", false);
    await vi.advanceTimersByTimeAsync(0);
    const answer = async (outcome: Outcome) => {
      phone.rings.at(-1)!.answer(outcome);
      await vi.advanceTimersByTimeAsync(10_000);
    };
    for (let i = 0; i < 9; i++) {
      await answer(ending("there", "unsupported"));
      await answer(ending("nobody", "timeout"));
    }
    const rung = phone.rings.map((ring) => [files(ring), ring.ring["resume"]]);
    expect(rung).toEqual([...Array.from({ length: 9 }, () => [[["old", "new"], true], [["new"], undefined]]).flat(), [["old", "new"], true]]);
    expect(ends).toEqual([]);
    await answer(ending("there", "unsupported"));
    expect(ends).toEqual([["old", expect.objectContaining({ state: "failed", why: "Bo’s page has forgotten it." })]]);
    expect(files(phone.rings.at(-1)!)).toEqual(["new"]);
    const bo = peer();
    await answer({ peer: bo.peer });
    expect(ends[1]).toEqual(["new", bo.channels[0]]);
    vi.useRealTimers();
  });

  test("where what is new is declined, what was accepted before is still looked for", async () => {
    vi.useFakeTimers();
    const phone = new Phone();
    const courier = new Courier(phone, "bo@x", "Bo");
    const ends: [string, unknown][] = [];
    for (const id of ["old", "new"]) courier.channel(offer(id), id === "old").catch((cause: unknown) => ends.push([id, cause]));
    for (const why of ["unsupported", "declined"]) {
      await vi.advanceTimersByTimeAsync(0);
      phone.rings.at(-1)!.answer(ending("there", why));
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ends).toEqual([["new", expect.objectContaining({ state: "declined" })]]);
    expect(phone.rings.map(files)).toEqual([["old", "new"], ["new"], ["old"]]);
    vi.useRealTimers();
  });

  test("rings whoever is called otherwise by his new address", async () => {
    const phone = new Phone();
    const courier = new Courier(phone, "lobby@rooms.x/Bo", "Bo");
    const end = courier.channel(offer("a"), false).catch((cause: unknown) => cause);
    const first = await phone.nth(1);
    courier.renamed("lobby@rooms.x/Bob", "Bob");
    first.answer(ending("nobody", "timeout"));
    const second = await phone.nth(2);
    expect([first.person, second.person]).toEqual(["lobby@rooms.x/Bo", "lobby@rooms.x/Bob"]);
    second.answer(ending("there", "unsupported"));
    expect(await end).toMatchObject({ why: "Bob’s page takes no files." });
  });

  test("does not look for what a page had accepted that was left; what is new is offered to the next one", async () => {
    const [phone, bo] = [new Phone(), peer()];
    const courier = new Courier(phone, "bo@x", "Bo");
    const waiting = courier.channel(offer("a"), false);
    (await phone.nth(1)).answer({ peer: bo.peer });
    await waiting;
    bo.state.value = "ended";
    bo.end({ by: "there", why: "left" });
    await expect(courier.channel(offer("a"), true)).rejects.toMatchObject({ state: "failed", why: "Bo’s page has forgotten it." });
    courier.done(offer("a"));
    void courier.channel(offer("b"), false);
    expect(files(await phone.nth(2))).toEqual(["b"]);
  });

  test("stops ringing once nothing is wanted any more", async () => {
    const phone = new Phone();
    const courier = new Courier(phone, "bo@x", "Bo");
    const waiting = courier.channel(offer("a"), false).catch((cause: unknown) => cause);
    const rung = await phone.nth(1);
    courier.done(offer("a"));
    expect(rung.hungUp).toBe("hangup");
    expect(await waiting).toMatchObject({ state: "cancelled" });
  });

  test("says on a channel that it is closed when its connection ends, and finds another one", async () => {
    const [phone, bo, back] = [new Phone(), peer(), peer()];
    const courier = new Courier(phone, "bo@x", "Bo");
    const waiting = courier.channel(offer("a"), false);
    (await phone.nth(1)).answer({ peer: bo.peer });
    const channel = await waiting;
    const closed = new Promise((resolve) => channel.addEventListener("close", resolve));
    bo.state.value = "ended";
    bo.end({ by: "nobody", why: "lost" });
    await closed;
    const again = courier.channel(offer("a"), true);
    (await phone.nth(2)).answer({ peer: back.peer });
    expect(await again).toBe(back.channels[0]);
  });
});
