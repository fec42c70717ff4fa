import { describe, expect, test } from "vitest";
import { readEnvelope, readJoined, readPresenceChange, shown } from "../src/envelope";
import { Problem, readProblem, readRetryAfter } from "../src/problem";
import { closeProblem } from "../src/transports/closecodes";
import { dispatchMessage, dispatchOwn, keyOf, parseJson } from "../src/transports/events";
import { readPage } from "../src/transports/pages";
import type { Sink } from "../src/transports/transport";

const WIRE = {
  id: "019aa",
  offset: "1763800000-1",
  time: 1763800000123,
  from: "ann@guest.localhost",
  name: "Ann",
  event: "message",
  data: "hello",
};

/** A sink that writes down what it is told. */
function recorder() {
  const told: unknown[][] = [];
  const note =
    (what: string) =>
    (...args: unknown[]) =>
      void told.push([what, ...args]);
  const names = ["joined", "message", "stands", "present", "moved", "mending", "lost"] as const;
  return { told, sink: Object.fromEntries(names.map((n) => [n, note(n)])) as unknown as Sink };
}

describe("envelopes", () => {
  test("are read", () => {
    expect(readEnvelope(WIRE)).toEqual({ ...WIRE, offset: { epoch: 1763800000, seq: 1n } });
  });

  test.each([undefined, null, "x", [], {}, { ...WIRE, offset: "nonsense" }, { ...WIRE, id: 7 }])("%j is none", (value) => {
    expect(readEnvelope(value)).toBeUndefined();
  });

  test("text, JSON and binary are shown as what they are", () => {
    expect(shown(readEnvelope(WIRE)!)).toBe("hello");
    expect(shown(readEnvelope({ ...WIRE, data: { a: [1] } })!)).toBe('{"a":[1]}');
    expect(shown(readEnvelope({ ...WIRE, data: "aGVsbG8=", encoding: "base64" })!)).toBe("5 bytes of binary");
  });
});

describe("pages", () => {
  test("are read", () => {
    const page = readPage({ room: "lobby", cursor: "1763800000-1", more: true, messages: [WIRE] });
    expect(page.cursor).toEqual({ epoch: 1763800000, seq: 1n });
    expect(page.more).toBe(true);
    expect(page.messages.map((m) => m.data)).toEqual(["hello"]);
  });

  test.each([{}, { cursor: "1-1" }, { messages: [] }, { cursor: "x", messages: [] }, "x"])("%j is none", (value) => {
    expect(() => readPage(value)).toThrow(Problem);
  });
});

describe("events of a stream", () => {
  test("joined tells the place and who is there", () => {
    const { told, sink } = recorder();
    const data = { room: "lobby", cursor: "1-7", head: "1-9", recovered: false, presence: { count: 1, occupants: [{ user: "a@b", name: "A", sessions: 1 }] } };
    expect(dispatchOwn("hubbub:joined", data, sink)).toBeUndefined();
    const presence = { count: 1, occupants: [{ user: "a@b", name: "A" }] };
    expect(told).toEqual([
      ["joined", { cursor: { epoch: 1, seq: 7n }, head: { epoch: 1, seq: 9n }, recovered: false, presence }],
      ["present", presence],
    ]);
  });

  test("a first join is recovered unless it says otherwise", () => {
    expect(readJoined({ cursor: "1-7" })).toEqual({ cursor: { epoch: 1, seq: 7n }, head: undefined, recovered: true, presence: undefined });
  });

  test("presence tells who moved, or only how many there are", () => {
    const move = { action: "leave", user: "a@b", name: "A", count: 2 };
    expect(readPresenceChange(move)).toEqual(move);
    expect(readPresenceChange({ count: 9 }).action).toBeUndefined();
  });

  test("an error ends the stream", () => {
    const { told, sink } = recorder();
    const problem = dispatchOwn("hubbub:error", { title: "Gone", detail: "Come back.", status: 503 }, sink);
    expect(problem).toMatchObject({ status: 503, detail: "Come back.", passing: true });
    expect(told).toEqual([]);
  });

  test("messages reach the sink, nonsense does not", () => {
    const { told, sink } = recorder();
    dispatchMessage(WIRE, sink);
    dispatchMessage({ data: 1 }, sink);
    expect(told).toHaveLength(1);
    expect(parseJson("{")).toBeUndefined();
  });

  test("a refusal of one frame carries its key", () => {
    expect(keyOf({ key: "k", status: 403 })).toBe("k");
    expect(keyOf({ status: 403 })).toBeUndefined();
  });
});

describe("problems", () => {
  test("say what to do", () => {
    const problem = readProblem({ type: "urn:hubbub:problem:forbidden", title: "Forbidden.", status: 403, detail: "Sign in." });
    expect(problem.message).toBe("Forbidden: Sign in.");
    expect(problem.passing).toBe(false);
  });

  test.each([
    [408, true],
    [429, true],
    [503, true],
    [400, false],
    [401, false],
    [413, false],
  ])("status %i: trying again helps: %s", (status, passing) => {
    expect(readProblem(undefined, status).passing).toBe(passing);
  });

  test("Retry-After is seconds", () => {
    expect(readRetryAfter("7")).toBe(7);
    expect(readRetryAfter(null)).toBeUndefined();
    expect(readRetryAfter("Wed, 21 Oct 2026 07:28:00 GMT")).toBeUndefined();
  });

  test.each([
    [1001, true],
    [1006, true],
    [1013, true],
    [4408, true],
    [3999, true],
    [1008, false],
    [1009, false],
    [4401, false],
  ])("close code %i: coming back helps: %s", (code, passing) => {
    expect(closeProblem(code, "").passing).toBe(passing);
  });

  test("a close reason is shown", () => {
    expect(closeProblem(1008, "read only").detail).toContain("(read only)");
  });
});
