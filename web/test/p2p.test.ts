import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { personOf } from "../src/p2p/addresses";
import type { Ending } from "../src/p2p/ending";
import { IceServers } from "../src/p2p/ice";
import { Line } from "../src/p2p/line";
import type { Peer, PeerParts } from "../src/p2p/peer";
import type { IncomingRing, Outcome } from "../src/p2p/ringing";
import { type Said, type Signal, readSignal } from "../src/p2p/signals";
import { Switchboard } from "../src/p2p/switchboard";
import { Problem } from "../src/problem";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const absent = () => new Problem("Not found", "Nobody there.", 404);
const settled = () => vi.advanceTimersByTimeAsync(0);

describe("signals", () => {
  test("each word is known, anything else is not", () => {
    const description = { type: "offer", sdp: "v=0" };
    const known = [{ ring: { kind: "file", size: 3 } }, { accept: true }, { description }, { candidate: null }, { candidate: { candidate: "x" } }, { here: true }, { bye: "busy" }];
    for (const said of known) expect(readSignal({ call: "1", ...said })).toEqual({ call: "1", ...said });
    expect(readSignal({ call: "1", ring: {} })).toEqual({ call: "1", ring: { kind: "call" } });
    for (const other of [null, 7, "x", [], {}, { bye: "busy" }, { call: "", bye: "x" }, { call: "1" }, { call: "1", accept: 1 }, { call: "1", description: { type: "x" } }, ...["pranswer", "rollback"].map((type) => ({ call: "1", description: { type, sdp: "v=0" } }))]) {
      expect(readSignal(other), JSON.stringify(other)).toBeUndefined();
    }
  });
});

describe("a line", () => {
  /** What was said and to whom; `answer` says what becomes of it. */
  function line(answer: (to: string, signal: Signal) => Problem | undefined, refused?: (problem: Problem) => void) {
    const told: [string, Said][] = [];
    const carrier = {
      async signal(to: string, { call: _, ...said }: Signal) {
        const problem = answer(to, { call: "1", ...said } as Signal);
        if (problem) throw problem;
        told.push([to, said as Said]);
        return 1;
      },
    };
    return { told, line: new Line(carrier, "1", "bo@x", "bo@x/1", refused) };
  }
  const candidate = (n: number): Said => ({ candidate: { candidate: String(n) } });

  test("keeps the order, and what cannot be said until it can", async () => {
    let up = false;
    const { told, line: bo } = line(() => (up ? undefined : new Problem("Down", "No link.")));
    for (const n of [1, 2, 3]) bo.say(candidate(n));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual([]);
    up = true;
    bo.relinked();
    await settled();
    expect(told).toEqual([1, 2, 3].map((n) => ["bo@x/1", candidate(n)]));
  });

  test("asks all pages where the one is gone, and follows it", async () => {
    const { told, line: bo } = line((to) => (to === "bo@x/1" ? absent() : undefined));
    bo.say({ here: true });
    await settled();
    bo.heardFrom("bo@x/2");
    bo.say({ accept: true });
    await settled();
    expect(told).toEqual([["bo@x", { here: true }], ["bo@x/2", { accept: true }]]);
  });

  test("a refusal is told, and the next word is said", async () => {
    const refused = vi.fn();
    const { told, line: bo } = line((_, signal) => ("accept" in signal ? new Problem("Too large", "…", 413) : undefined), refused);
    bo.say({ accept: true });
    bo.say({ here: true });
    await settled();
    expect(refused).toHaveBeenCalledOnce();
    expect(told).toEqual([["bo@x/1", { here: true }]]);
  });

  test("the last word replaces what was held, and is not tried for ever", async () => {
    let up = false;
    const attempts: Signal[] = [];
    const { told, line: bo } = line((_, signal) => (attempts.push(signal), up ? undefined : new Problem("Down", "No link.")));
    bo.say({ here: true });
    bo.close("hangup");
    bo.say(candidate(1));
    await vi.advanceTimersByTimeAsync(5_000);
    up = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([["bo@x/1", { bye: "hangup" }]]);
    up = false;
    const another = line((_, signal) => (attempts.push(signal), absent())).line;
    another.close("hangup");
    await vi.advanceTimersByTimeAsync(30_000);
    const count = attempts.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(attempts.length).toBe(count);
  });
});

describe("ICE servers", () => {
  const answer = (body: object, status = 200) => new Response(JSON.stringify(body), { status });
  const stun = { urls: ["stun:x"] };

  test("are asked for once, and again before they end", async () => {
    const ask = vi.fn(async () => answer({ iceServers: [stun], expires: Date.now() / 1000 + 3600 }));
    const ice = new IceServers(ask);
    expect(await ice.servers()).toEqual([stun]);
    await vi.advanceTimersByTimeAsync(3_500_000);
    await ice.servers();
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(45_000);
    await ice.servers();
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("who is connected is told of new ones by itself", async () => {
    let n = 0;
    const ice = new IceServers(async () => answer({ iceServers: [{ ...stun, username: String(++n) }], expires: Date.now() / 1000 + 600 }));
    await ice.servers();
    const told: unknown[] = [];
    const stop = ice.renew((servers) => told.push(servers[0]?.username));
    await vi.advanceTimersByTimeAsync(1_200_000);
    expect(told).toEqual(["2", "3"]);
    stop();
    await vi.advanceTimersByTimeAsync(1_200_000);
    expect(told).toEqual(["2", "3"]);
  });

  test("there may be none, or no answer now", async () => {
    expect(await new IceServers(async () => answer({ iceServers: [], note: "There is none here." })).servers()).toEqual([]);
    const answers = [undefined, answer({}, 503), answer({ iceServers: [stun] })];
    const ice = new IceServers(async () => answers.shift());
    expect(await ice.servers()).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await ice.servers()).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await ice.servers()).toEqual([stun]);
  });
});

describe("a switchboard", () => {
  /** Stands in for the connection, which wants a browser: it only keeps what it is told. */
  class Wired {
    readonly heard: Said[] = [];
    readonly ended: Promise<Ending>;
    private end!: (ending: Ending) => void;

    constructor(readonly parts: PeerParts) {
      this.ended = new Promise((resolve) => (this.end = resolve));
    }
    get call() {
      return this.parts.line.call;
    }
    get person() {
      return this.parts.person;
    }
    get address() {
      return this.parts.line.to;
    }
    hear(from: string, said: Said) {
      this.parts.line.heardFrom(from);
      this.heard.push(said);
    }
    relinked() {
      this.parts.line.relinked();
      this.parts.line.say({ here: true });
    }
    renamed(person: string) {
      this.parts.line.renamed(person);
    }
    hangUp(why: string) {
      this.parts.line.close(why);
      this.end({ by: "here", why });
    }
  }

  /** The server: sessions by address. Every signal takes a moment. */
  let pages: Map<string, Page>;
  beforeEach(() => (pages = new Map()));

  class Page {
    /** Signals that were asked to be carried. */
    readonly said: [to: string, signal: Signal][] = [];
    readonly rings: IncomingRing[] = [];
    readonly board: Switchboard;

    constructor(public address: string, kinds: readonly string[] = ["call"]) {
      pages.set(address, this);
      this.board = new Switchboard({
        carrier: { signal: (to, signal) => this.carry(to, signal) },
        ice: new IceServers(async () => undefined),
        own: () => this.own,
        policy: () => "all",
        peer: (parts) => new Wired(parts) as unknown as Peer,
      });
      for (const kind of kinds) this.board.answer(kind, { single: kind === "call", rings: (ring) => void this.rings.push(ring) });
    }

    private get own() {
      return { address: this.address, room: "lobby", isGuest: false };
    }

    get person() {
      return personOf(this.address, this.own);
    }

    private async carry(to: string, signal: Signal): Promise<number> {
      this.said.push([to, signal]);
      await Promise.resolve();
      const found = [...pages.values()].filter((page) => page !== this && (page.address === to || page.person === to));
      if (found.length === 0 || !pages.has(this.address)) throw absent();
      for (const page of found) page.board.heard({ from: this.address, name: this.person, signal });
      return found.length;
    }

    /** The link is back under another address. */
    move(address: string) {
      pages.delete(this.address);
      this.address = address;
      pages.set(address, this);
    }
  }

  const wired = (outcome: Outcome) => ("peer" in outcome ? (outcome.peer as unknown as Wired) : expect.fail(JSON.stringify(outcome)));
  const ending = (outcome: Outcome) => ("ending" in outcome ? outcome.ending : expect.fail("connected"));
  const video = { kind: "call", video: true };

  test("one rings, the other takes it, and what is said reaches the call", async () => {
    const [ann, bo] = [new Page("ann@x/1"), new Page("bo@x/1")];
    const outgoing = ann.board.ring("bo@x", video);
    await settled();
    expect(bo.rings[0]).toMatchObject({ person: "ann@x", name: "ann@x", ring: video });
    const theirs = (await bo.rings[0]!.accept()) as unknown as Wired;
    const ours = wired(await outgoing.outcome);
    expect([ours.parts.polite, theirs.parts.polite]).toEqual([false, true]);
    ours.parts.line.say({ candidate: null });
    theirs.parts.line.say({ candidate: { candidate: "c" } });
    await settled();
    expect([theirs.heard, ours.heard]).toEqual([[{ candidate: null }], [{ candidate: { candidate: "c" } }]]);
  });

  test("nobody there, nobody for that kind, declined, no answer, called off", async () => {
    const [ann, bo] = [new Page("ann@x/1"), new Page("bo@x/1")];
    const outcomes = await Promise.all([ann.board.ring("eve@x", video).outcome, ann.board.ring("bo@x", { kind: "file" }).outcome]);
    expect(outcomes.map(ending)).toMatchObject([{ by: "nobody", why: "refused", problem: { status: 404 } }, { by: "there", why: "unsupported" }]);
    const declined = ann.board.ring("bo@x", video);
    await settled();
    bo.rings[0]!.decline();
    expect(ending(await declined.outcome)).toEqual({ by: "there", why: "declined" });
    const unanswered = ann.board.ring("bo@x", video);
    await vi.advanceTimersByTimeAsync(46_000);
    expect(ending(await unanswered.outcome)).toEqual({ by: "nobody", why: "timeout" });
    expect(bo.rings[1]!.over.value).toEqual({ by: "there", why: "timeout" });
    const calledOff = ann.board.ring("bo@x", video);
    await settled();
    calledOff.hangUp();
    expect(ending(await calledOff.outcome)).toEqual({ by: "here", why: "hangup" });
    await settled();
    expect(bo.rings[2]!.over.value).toEqual({ by: "there", why: "hangup" });
  });

  test("a ring for which the server has no room now is told again, not all at the same moment, until it is heard or nobody waits any more", async () => {
    const [ann, bo] = [new Page("ann@x/1"), new Page("bo@x/1")];
    const full = new Problem("Too much is said to them", "Say it later.", 503, 2);
    const carry = vi.spyOn(ann, "carry" as never) as unknown as ReturnType<typeof vi.fn>;
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    for (let i = 0; i < 2; i++) carry.mockRejectedValueOnce(full);
    const heard = ann.board.ring("bo@x", video);
    await vi.advanceTimersByTimeAsync(4_400);
    expect(bo.rings.length).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect([bo.rings.length, carry.mock.calls.length]).toEqual([1, 3]);
    await bo.rings[0]!.accept();
    wired(await heard.outcome);
    random.mockRestore();

    carry.mockRejectedValue(full);
    const unheard = ann.board.ring("bo@x", video);
    await vi.advanceTimersByTimeAsync(46_000);
    expect(ending(await unheard.outcome)).toEqual({ by: "nobody", why: "refused", problem: full });
    const rings = () => carry.mock.calls.filter(([, signal]) => "ring" in (signal as Signal)).length;
    const before = rings();
    const taken = ann.board.ring("bo@x", video);
    await settled();
    taken.hangUp();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rings()).toBe(before + 1);
    carry.mockRestore();
  });

  test("a ring that no link carries ends at once", async () => {
    const ann = new Page("ann@x/1");
    const down = new Problem("Nothing carries signals now", "They go out when there is a link that does.");
    (vi.spyOn(ann, "carry" as never) as unknown as ReturnType<typeof vi.fn>).mockRejectedValue(down);
    const outgoing = ann.board.ring("bo@x", video);
    await settled();
    expect(ending(await outgoing.outcome)).toEqual({ by: "nobody", why: "refused", problem: down });
  });

  test("all pages of somebody ring until one takes it or declines", async () => {
    const [ann, one, two] = [new Page("ann@x/1"), new Page("bo@x/1"), new Page("bo@x/2")];
    const taken = ann.board.ring("bo@x", video);
    await settled();
    await two.rings[0]!.accept();
    await settled();
    expect(one.rings[0]!.over.value).toEqual({ by: "there", why: "elsewhere" });
    expect(wired(await taken.outcome).address).toBe("bo@x/2");
    const declined = ann.board.ring("bo@x", video);
    await settled();
    one.rings[1]!.decline();
    await settled();
    expect(two.rings[1]!.over.value).toEqual({ by: "there", why: "elsewhere" });
    expect(ending(await declined.outcome).why).toBe("declined");
  });

  test("two pages take it at once: one has it, the other is told", async () => {
    const [ann, one, two] = [new Page("ann@x/1"), new Page("bo@x/1"), new Page("bo@x/2")];
    const outgoing = ann.board.ring("bo@x", video);
    await settled();
    const both = (await Promise.all([one.rings[0]!.accept(), two.rings[0]!.accept()])) as unknown as Wired[];
    const ours = wired(await outgoing.outcome);
    await settled();
    const loser = both.find((_, n) => ours.address !== [one, two][n]!.address)!;
    expect(loser.heard).toEqual([{ bye: "elsewhere" }]);
    expect(both.flatMap(({ heard }) => heard).length).toBe(1);
    const { address } = ours;
    for (const one of both) one.parts.line.say({ candidate: null });
    await settled();
    expect([ours.heard, ours.address]).toEqual([[{ candidate: null }], address]);
  });

  test("somebody is busy only if all his pages are", async () => {
    const [ann, one, two] = [new Page("ann@x/1"), new Page("bo@x/1"), new Page("bo@x/2")];
    const outgoing = ann.board.ring("bo@x", video);
    const outcome = vi.fn();
    void outgoing.outcome.then(outcome);
    await settled();
    one.rings[0]!.refuse("busy");
    await settled();
    expect(outcome).not.toHaveBeenCalled();
    expect(two.rings[0]!.over.value).toBeUndefined();
    two.rings[0]!.refuse("busy");
    await settled();
    expect(outcome).toHaveBeenCalledWith({ ending: { by: "there", why: "busy" } });
  });

  test("two that ring each other at once are in one call, that with the smaller id", async () => {
    for (let round = 0; round < 20; round++) {
      const [ann, bo, other] = [new Page("ann@x/1"), new Page("bo@x/1"), new Page("bo@x/2")];
      const both = [ann.board.ring("bo@x", video), bo.board.ring("ann@x", video)] as const;
      const [ours, theirs] = (await Promise.all(both.map(({ outcome }) => outcome))).map(wired);
      await settled();
      expect(ours!.call).toBe(theirs!.call);
      expect(ours!.call).toBe(both.map(({ call }) => call).toSorted()[0]);
      expect(ours!.parts.polite).toBe(!theirs!.parts.polite);
      expect([...ann.rings, ...bo.rings]).toEqual([]);
      expect(other.rings.map((ring) => ring.over.value?.why)).toEqual(["elsewhere"]);
    }
  });

  test("of another kind, both may go on", async () => {
    const [ann, bo] = [new Page("ann@x/1", ["file"]), new Page("bo@x/1", ["file"])];
    const both = [ann.board.ring("bo@x", { kind: "file" }), bo.board.ring("ann@x", { kind: "file" })];
    await settled();
    await Promise.all([ann, bo].map((page) => page.rings[0]!.accept()));
    const [ours, theirs] = (await Promise.all(both.map(({ outcome }) => outcome))).map(wired);
    expect(ours!.call).not.toBe(theirs!.call);
  });

  test("a link that comes back elsewhere is found, even if both do", async () => {
    const [ann, bo] = [new Page("ann@x/1"), new Page("bo@x/1")];
    const outgoing = ann.board.ring("bo@x", video);
    await settled();
    const theirs = (await bo.rings[0]!.accept()) as unknown as Wired;
    const ours = wired(await outgoing.outcome);
    await settled();
    pages.clear();
    ours.parts.line.say({ candidate: null });
    ann.move("ann@x/2");
    ann.board.relinked();
    await vi.advanceTimersByTimeAsync(3_000);
    bo.move("bo@x/2");
    bo.board.relinked();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(theirs.heard).toEqual([{ candidate: null }, { here: true }]);
    expect(ours.heard).toEqual([{ here: true }]);
    expect([ours.address, theirs.address]).toEqual(["bo@x/2", "ann@x/2"]);
  });

  test("where the room hides who its people are, people are connected by what they are called there", async () => {
    const [ann, bo] = [new Page("lobby@rooms.x/Ann (2)"), new Page("lobby@rooms.x/Bo")];
    const stranger = new Page("lobby@rooms.x/Ann");
    const rung = bo.board.ring("lobby@rooms.x/Ann (2)", video);
    await settled();
    const theirs = (await ann.rings[0]!.accept()) as unknown as Wired;
    const ours = wired(await rung.outcome);
    ours.parts.line.say({ candidate: null });
    await settled();
    expect([ours.address, theirs.heard]).toEqual([ann.address, [{ candidate: null }]]);
    // Other pages of the one who was rung are told so, and nobody who is called alike.
    const quiet = ann.said.filter(([, signal]) => "bye" in signal);
    expect(quiet).toEqual([[ann.address, { call: rung.call, bye: "elsewhere" }]]);
    expect(stranger.rings).toEqual([]);
  });

  test("there, who is called otherwise is still the one; who takes the name that is free is not", async () => {
    const [ann, bo] = [new Page("lobby@rooms.x/Ann"), new Page("lobby@rooms.x/Bo")];
    const rename = (page: Page, address: string) => {
      const former = page.address;
      page.move(address);
      for (const one of [ann, bo]) one.board.renamed(former, address);
    };
    const rung = bo.board.ring(ann.address, video);
    await settled();
    rename(bo, "lobby@rooms.x/Bob");
    const impostor = new Page("lobby@rooms.x/Bo");
    const theirs = (await ann.rings[0]!.accept()) as unknown as Wired;
    const ours = wired(await rung.outcome);
    rename(ann, "lobby@rooms.x/Anna");
    const another = new Page("lobby@rooms.x/Ann");
    await another.board.tell(bo.address, rung.call, { here: true });
    for (const one of [theirs, ours]) one.parts.line.say({ candidate: null });
    await settled();
    expect([theirs.heard, ours.heard]).toEqual([[{ candidate: null }], [{ candidate: null }]]);
    expect([theirs.address, ours.address]).toEqual([bo.address, ann.address]);
    expect([impostor, another].flatMap(({ rings }) => rings)).toEqual([]);
  });

  test("a server's domain may begin with rooms", async () => {
    const [ann, bo, other] = [new Page("ann@rooms.x/1"), new Page("bo@rooms.x/1"), new Page("bo@rooms.x/2")];
    const outgoing = ann.board.ring("bo@rooms.x", video);
    await settled();
    await bo.rings[0]!.accept();
    expect(wired(await outgoing.outcome).person).toBe("bo@rooms.x");
    await settled();
    expect(other.rings[0]!.over.value).toEqual({ by: "there", why: "elsewhere" });
  });

  test("who rings without end and is gone has few answers, and nobody waits for them", async () => {
    const bo = new Page("bo@x/1");
    bo.board.answer("call", { rings: (ring) => ring.refuse("busy") });
    for (let i = 0; i < 200; i++) {
      bo.board.heard({ from: "eve@x/1", name: "Eve", signal: { call: `c${i}`, ring: video } });
      bo.board.heard({ from: "eve@x/1", name: "Eve", signal: { call: `n${i}`, ring: { kind: "nonsense" } } });
    }
    await settled();
    expect(bo.said.length).toBeLessThanOrEqual(10);
    const before = bo.said.length;
    await vi.advanceTimersByTimeAsync(25_000);
    expect(bo.said.length).toBe(before);
    // Afterwards as ever.
    const ann = new Page("ann@x/1");
    expect(ending(await ann.board.ring("bo@x", video).outcome).why).toBe("busy");
  });

  test("who rings without end does not keep two pages that take a call at once from being told which has it", async () => {
    const [ann, one, two] = [new Page("ann@x/1"), new Page("bo@x/1"), new Page("bo@x/2")];
    for (let i = 0; i < 20; i++) ann.board.heard({ from: "eve@x/1", name: "Eve", signal: { call: `n${i}`, ring: { kind: "nonsense" } } });
    const outgoing = ann.board.ring("bo@x", video);
    await settled();
    const both = (await Promise.all([one.rings[0]!.accept(), two.rings[0]!.accept()])) as unknown as Wired[];
    wired(await outgoing.outcome);
    await settled();
    expect(both.flatMap(({ heard }) => heard)).toEqual([{ bye: "elsewhere" }]);
  });

  test("who has nothing to do with a call has no say in it", async () => {
    const [ann, bo, eve] = [new Page("ann@x/1"), new Page("bo@x/1"), new Page("eve@x/1")];
    const outgoing = ann.board.ring("bo@x", video);
    await settled();
    const say = (said: Said) => eve.board.tell("ann@x", outgoing.call, said);
    await say({ accept: true });
    await say({ bye: "hangup" });
    const theirs = (await bo.rings[0]!.accept()) as unknown as Wired;
    const ours = wired(await outgoing.outcome);
    await say({ here: true });
    await say({ bye: "hangup" });
    await settled();
    expect([ours.heard, ours.address, theirs.heard]).toEqual([[], "bo@x/1", []]);
  });
});
