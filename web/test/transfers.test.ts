import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Offer } from "../src/files/frames";
import type { Progress } from "../src/files/progress";
import { Transfers } from "../src/files/transfers";
import type { Ending } from "../src/p2p/ending";
import type { Peer } from "../src/p2p/peer";
import type { IncomingRing, Outcome, Outgoing } from "../src/p2p/ringing";
import type { Ring } from "../src/p2p/signals";
import type { Answerer } from "../src/p2p/switchboard";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A page that takes files, and whoever rings it. */
class Page {
  readonly transfers: Transfers;
  private answerer!: Answerer;

  constructor() {
    const ring = (): Outgoing => expect.fail("nothing is sent here");
    this.transfers = new Transfers({ ring, answer: (_, answerer) => void (this.answerer = answerer) });
  }

  /** Rings for these files; `peer` is what it is taken by. */
  ring(person: string, ids: readonly string[], peer?: Peer) {
    const over = signal<Ending | undefined>(undefined);
    const refused: string[] = [];
    const end = (why: string) => (over.value ??= { by: "there", why });
    const refuse = (why: string) => {
      refused.push(why);
      over.value ??= { by: "here", why };
    };
    const files = ids.map((id) => ({ id, name: "f", size: 1, type: "" }));
    const ring = { person, name: person, ring: { kind: "file", files }, over, refuse, decline: () => refuse("declined"), accept: async () => peer };
    this.answerer.rings(ring as unknown as IncomingRing);
    return { refused, end };
  }

  async states(): Promise<readonly Progress["state"][]> {
    // The list is shown at a browser's pace.
    await vi.advanceTimersByTimeAsync(1_000);
    return this.transfers.list.value.map(({ progress }) => progress.state);
  }

  async count(state: Progress["state"]): Promise<number> {
    return (await this.states()).filter((one) => one === state).length;
  }
}

/** A page that sends files, and whom it rings. */
function sender() {
  const rung: { readonly person: string; readonly names: readonly string[]; readonly hangUp: ReturnType<typeof vi.fn>; end(ending: Ending): void }[] = [];
  const ring = (person: string, { files }: Ring) => {
    let end!: (ending: Ending) => void;
    const outcome = new Promise<Outcome>((resolve) => (end = (ending) => resolve({ ending })));
    const hangUp = vi.fn((why = "hangup") => end({ by: "here", why }));
    rung.push({ person, names: (files as Offer[]).map(({ name }) => name), hangUp, end });
    return { outcome, hangUp } as unknown as Outgoing;
  };
  const transfers = new Transfers({ ring, answer: () => {} });
  const shown = async () => {
    await vi.advanceTimersByTimeAsync(20_000);
    return transfers.list.value.map(({ person, name, progress }) => [person, name, progress.state, progress.why]);
  };
  return { transfers, rung, shown };
}

const [BO, BOB] = ["lobby@rooms.x/Bo", "lobby@rooms.x/Bob"];
const file = (name: string) => new File(["x"], name);

test("what is offered goes with whoever is called otherwise, and not to the next one of his name", async () => {
  const { transfers, rung, shown } = sender();
  transfers.send(BO, "Bo", [file("for Bo")]);
  await shown();
  transfers.renamed(BO, BOB, "Bob");
  rung[0]!.end({ by: "nobody", why: "timeout" });
  expect(await shown()).toEqual([[BOB, "Bob", "offered", undefined]]);
  // Somebody else has the name that was free.
  transfers.send(BO, "Bo", [file("for Eve")]);
  transfers.send(BOB, "Bob", [file("for Bo, too")]);
  await shown();
  const last = (person: string) => rung.findLast((one) => one.person === person)!.names;
  expect([last(BO), last(BOB)]).toEqual([["for Eve"], ["for Bo", "for Bo, too"]]);
  expect(rung[1]!.person).toBe(BOB);
});

test("what nobody has answered is taken back when nobody has the name any more, and nobody is rung for it", async () => {
  const { transfers, rung, shown } = sender();
  transfers.send(BO, "Bo", [file("for Bo")]);
  transfers.send(BOB, "Bob", [file("for Bob")]);
  await shown();
  transfers.gone(BO);
  const gone = "Nobody here is called Bo any more.";
  expect(await shown()).toEqual([[BO, "Bo", "cancelled", gone], [BOB, "Bob", "offered", undefined]]);
  expect(rung.map(({ person, hangUp }) => [person, hangUp.mock.calls.length])).toEqual([[BO, 1], [BOB, 0]]);
});

test("a file that was taken comes on from whoever is called otherwise by now, and what he offers is offered by his name", async () => {
  const page = new Page();
  const connection = new EventTarget();
  const peer = { connection, ended: new Promise<Ending>(() => {}), person: BO };
  page.ring(BO, ["a"], peer as unknown as Peer);
  await page.states();
  page.transfers.accept(`in ${BO} a`);
  await vi.advanceTimersByTimeAsync(0);
  page.transfers.renamed(BO, BOB, "Bob");
  peer.person = BOB;
  for (const id of ["a", "b"]) {
    const channel = Object.assign(new EventTarget(), { label: "file", readyState: "open", send: vi.fn(), close: vi.fn() });
    connection.dispatchEvent(Object.assign(new Event("datachannel"), { channel }));
    channel.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ offer: { id, name: "f", size: 1, type: "" } }) }));
  }
  expect(await page.states()).toEqual(["moving", "offered"]);
  expect(page.transfers.list.value.map(({ key, name }) => [key, name])).toEqual([[`in ${BOB} a`, "Bob"], [`in ${BOB} b`, "Bob"]]);
});

/** Ids that nobody has used before. */
const fresh = ((last) => (count: number) => Array.from({ length: count }, () => `id${++last}`))(0);

test("who offers and takes back without end leaves a few lines", async () => {
  const page = new Page();
  for (let i = 0; i < 100; i++) page.ring("eve@x", fresh(40)).end("hangup");
  expect(await page.states()).toEqual(Array.from({ length: 5 }, () => "cancelled"));
});

test("of one person only so many offers are shown, also beside one that is known", async () => {
  const page = new Page();
  const first = page.ring("eve@x", ["known"]);
  for (let i = 0; i < 100; i++) page.ring("eve@x", ["known", ...fresh(39)]);
  expect([await page.count("offered"), first.refused]).toEqual([40, ["busy"]]);
  expect(page.ring("eve@x", fresh(1)).refused).toEqual(["busy"]);
  // Somebody else has room as well.
  expect(page.ring("ann@x", fresh(40)).refused).toEqual([]);
  expect(await page.count("offered")).toBe(80);
});

test("a ring ends once nothing of it is left to take but by a later one", async () => {
  const page = new Page();
  const [both, one, other] = [["a", "b"], ["a"], ["b"]].map((ids) => page.ring("ann@x", ids));
  expect([both, one, other].map((ring) => ring!.refused)).toEqual([["busy"], [], []]);
  expect(await page.states()).toEqual(["offered", "offered"]);
});

test("of all people only so many: of a ring as many as there is room for", async () => {
  const page = new Page();
  for (let i = 0; i < 50; i++) page.ring(`eve${i}@x`, fresh(30));
  expect(await page.count("offered")).toBe(100);
  expect(page.ring("ann@x", fresh(1)).refused).toEqual(["busy"]);
});

test("what is answered makes room", async () => {
  const page = new Page();
  page.ring("ann@x", fresh(40));
  await page.states();
  for (const { key } of page.transfers.list.value) page.transfers.stop(key);
  expect(page.ring("ann@x", fresh(40)).refused).toEqual([]);
  expect([await page.count("declined"), await page.count("offered")]).toEqual([40, 40]);
});

test("an offer for which nobody rings any more goes, one that is rung for again stays", async () => {
  const page = new Page();
  page.ring("eve@x", ["gone"]).end("timeout");
  page.ring("ann@x", ["again"]).end("timeout");
  await vi.advanceTimersByTimeAsync(60_000);
  page.ring("ann@x", ["again"]).end("timeout");
  await vi.advanceTimersByTimeAsync(90_000);
  await page.states();
  expect(page.transfers.list.value.map(({ offer }) => offer.id)).toEqual(["again"]);
  page.ring("ann@x", ["again"]);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(await page.states()).toEqual(["offered"]);
});

test("over a connection that was accepted, no more offers come than by rings", async () => {
  const page = new Page();
  const connection = new EventTarget();
  const ended = new Promise<Ending>(() => {});
  page.ring("eve@x", ["wanted"], { connection, ended, person: "eve@x" } as unknown as Peer);
  await page.states();
  page.transfers.accept("in eve@x wanted");
  await vi.advanceTimersByTimeAsync(0);
  const offer = (id: string) => {
    const channel = Object.assign(new EventTarget(), { label: "file", readyState: "open", send: vi.fn(), close: vi.fn() });
    connection.dispatchEvent(Object.assign(new Event("datachannel"), { channel }));
    channel.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ offer: { id, name: "f", size: 1, type: "" } }) }));
    return channel;
  };
  const channels = fresh(60).map(offer);
  expect(await page.count("offered")).toBe(40);
  expect(channels.map(({ close }) => close.mock.calls.length)).toEqual(channels.map((_, n) => (n < 40 ? 0 : 1)));
  for (const channel of channels) channel.dispatchEvent(new MessageEvent("message", { data: '{"stop":"cancelled"}' }));
  expect([await page.count("offered"), await page.count("cancelled")]).toEqual([0, 5]);
});
