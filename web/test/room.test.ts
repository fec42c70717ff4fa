import { beforeEach, describe, expect, test } from "vitest";
import type { Envelope, Joined } from "../src/envelope";
import { formatOffset, parseOffset } from "../src/offset";
import { type Marker, type MessageEntry, Room, resumedText } from "../src/room";

let room: Room;
beforeEach(() => {
  room = new Room();
});

function message(offset: string, time = 1000): Envelope {
  const from = "ann@guest.localhost";
  return { id: `id-${offset}`, offset: parseOffset(offset)!, time, from, name: "Ann", event: "message", data: offset };
}

/** Reading begins after `cursor`; the log ends at `head`. */
function joined(cursor: string, head: string, recovered = true): Joined {
  return { cursor: parseOffset(cursor), head: parseOffset(head), recovered, presence: undefined };
}

function accept(...offsets: string[]) {
  return offsets.map((offset) => room.accept(message(offset), 5, 1000));
}

const messages = () => room.entries.filter((e): e is MessageEntry => e.kind === "message");
const markers = () => room.entries.filter((e): e is Marker => e.kind === "marker");
const shownOffsets = () => messages().map((m) => m.key);

describe("order", () => {
  test("one after the other is new, and no fault", () => {
    expect(accept("1-1", "1-2", "1-3")).toEqual(["new", "new", "new"]);
    expect(room.faults).toEqual({ gaps: 0, duplicates: 0 });
    expect(markers()).toEqual([]);
  });

  test("a repetition is reported and not shown", () => {
    expect(accept("1-1", "1-2", "1-2", "1-1")).toEqual(["new", "new", "duplicate", "duplicate"]);
    expect(shownOffsets()).toEqual(["1-1", "1-2"]);
    expect(room.faults).toEqual({ gaps: 0, duplicates: 2 });
  });

  test("a gap is reported, shown, and counted once", () => {
    expect(accept("1-1", "1-4", "1-5")).toEqual(["new", "gap", "new"]);
    expect(shownOffsets()).toEqual(["1-1", "1-4", "1-5"]);
    expect(room.faults).toEqual({ gaps: 1, duplicates: 0 });
    expect(markers()[0]?.text).toBe("Gap: 1-1 was followed by 1-4.");
  });

  test("another epoch that nobody announced is a gap", () => {
    expect(accept("1-7", "2-1")).toEqual(["new", "gap"]);
  });

  test("the first message follows the cursor", () => {
    room.joined(joined("1-7", "1-7"));
    expect(accept("1-9")).toEqual(["gap"]);
    room = new Room();
    room.joined(joined("1-7", "1-9"));
    expect(accept("1-8")).toEqual(["new"]);
  });
});

describe("joining", () => {
  test("what the cursor covers is history, what follows is live", () => {
    room.joined(joined("1-0", "1-2"));
    accept("1-1", "1-2", "1-3");
    expect(messages().map((m) => m.how)).toEqual(["history", "history", "live"]);
    expect(markers()).toEqual([]);
  });

  test("only live messages have a delay, and never a negative one", () => {
    room.joined(joined("1-0", "1-1"));
    room.accept(message("1-1", 900), 5, 1000);
    room.accept(message("1-2", 900), 5, 1000);
    room.accept(message("1-3", 2000), 5, 1000);
    expect(messages().map((m) => m.delay)).toEqual([undefined, 100, 0]);
  });

  test("a room can be resumed from where the reader began, then from the last message", () => {
    expect(room.resumePoint).toBeUndefined();
    room.joined(joined("1-5", "1-7"));
    expect(formatOffset(room.resumePoint!)).toBe("1-5");
    accept("1-6");
    expect(formatOffset(room.resumePoint!)).toBe("1-6");
  });
});

describe("resuming", () => {
  beforeEach(() => {
    room.joined(joined("1-0", "1-0"));
    accept("1-1", "1-2");
  });

  test("counts what was missed, and goes on live", () => {
    room.joined(joined("1-2", "1-4"), 2500);
    accept("1-3", "1-4", "1-5");
    expect(messages().map((m) => m.how)).toEqual(["live", "live", "missed", "missed", "live"]);
    expect(markers()[0]?.resumed).toEqual({ missed: 2, recovered: true, awayMs: 2500 });
    expect(room.faults).toEqual({ gaps: 0, duplicates: 0 });
  });

  test("history that is gone is said, not counted as a gap", () => {
    room.joined(joined("1-7", "1-9", false), 2500);
    expect(accept("1-8", "1-9")).toEqual(["new", "new"]);
    expect(markers()[0]?.resumed).toMatchObject({ missed: 2, recovered: false });
    expect(markers()[0]?.tone).toBe("bad");
  });

  test("a reader too slow for the history kept is told so though the link stood", () => {
    room.joined(joined("1-7", "1-9", false));
    expect(accept("1-8", "1-10")).toEqual(["new", "gap"]);
    expect(markers()[0]?.resumed).toMatchObject({ missed: 1, recovered: false });
  });

  test("a new epoch that was announced is no gap, and what follows is checked again", () => {
    room.joined(joined("2-0", "2-1", false), 2500);
    expect(accept("2-1", "2-3")).toEqual(["new", "gap"]);
  });

  test("a repetition after resuming is still a duplicate", () => {
    room.joined(joined("1-2", "1-2"), 2500);
    expect(accept("1-2", "1-3")).toEqual(["duplicate", "new"]);
  });

  test("the line says it in words", () => {
    expect(resumedText({ missed: 0, recovered: true, awayMs: 1234 })).toBe("Resumed after 1.2 s. Nothing was missed.");
    expect(resumedText({ missed: 1, recovered: true, awayMs: 12_000 })).toContain("12 s. 1 message was missed");
    expect(resumedText({ missed: 3, recovered: true, awayMs: 0 })).toContain("3 messages were missed");
    expect(resumedText({ missed: 3, recovered: false, awayMs: 0 })).toContain("is gone");
  });
});

describe("own messages", () => {
  test("acknowledged first, then back: the round trip ends with the return", () => {
    expect(room.settle("1-1", 10)).toBeUndefined();
    room.accept(message("1-1"), 14, 1000);
    expect(messages()[0]).toMatchObject({ roundTrip: 4 });
    expect(messages()[0]?.delay).toBeUndefined();
  });

  test("back first, then acknowledged: the same figure", () => {
    room.accept(message("1-1"), 14, 1000);
    expect(messages()[0]?.delay).toBe(0);
    expect(room.settle("1-1", 10)).toBe(4);
    expect(messages()[0]).toMatchObject({ roundTrip: 4 });
    expect(messages()[0]?.delay).toBeUndefined();
  });
});

test("the list is bounded; the check goes on", () => {
  for (let seq = 1; seq <= 1200; seq++) accept(`1-${seq}`);
  expect(room.entries).toHaveLength(500);
  expect(shownOffsets().at(-1)).toBe("1-1200");
  expect(accept("1-1200", "1-1202")).toEqual(["duplicate", "gap"]);
});

describe("a message that came without its sender", () => {
  const bare = (offset: string): Envelope => ({ ...message(offset, 0), id: "", from: "", name: "" });

  test("is shown at once, and gets what the log says of it", () => {
    room.accept(bare("1-1"), 14, 1030);
    expect(messages()[0]?.delay).toBeUndefined();
    room.introduced({ ...message("1-1"), data: "what the log has" });
    expect(messages()[0]).toMatchObject({ delay: 30, envelope: { id: "id-1-1", name: "Ann", time: 1000, data: "1-1" } });
  });

  test("keeps its round trip where it is one's own, whichever is known first", () => {
    room.accept(bare("1-1"), 14, 1030);
    room.settle("1-1", 10);
    room.introduced(message("1-1"));
    room.accept(bare("1-2"), 24, 1030);
    room.introduced(message("1-2"));
    room.settle("1-2", 20);
    for (const own of messages()) {
      expect(own).toMatchObject({ roundTrip: 4, envelope: { name: "Ann" } });
      expect(own.delay).toBeUndefined();
    }
  });

  test("is introduced once, and nobody else is", () => {
    room.accept(message("1-1"), 14, 1030);
    room.introduced({ ...message("1-1"), name: "Bo" });
    room.introduced(message("1-2"));
    expect(messages().map((m) => m.envelope.name)).toEqual(["Ann"]);
  });
});

test("the way a connection takes is told where it changed, or could not", () => {
  room.travels({ way: "polling" });
  room.travels({ way: "websocket", change: "upgraded", tookMs: 12.3 });
  room.travels({ way: "polling", change: "stuck", tookMs: 100 });
  expect(markers().map((m) => [m.about, m.text])).toEqual([
    ["upgraded", "Upgraded from polling to WebSocket in 12 ms."],
    ["stuck", "No WebSocket came through; polling goes on."],
  ]);
});

test("the line says what became of a session", () => {
  room.joined(joined("1-2", "1-2"));
  room.joined({ ...joined("1-2", "1-3"), session: "recovered" }, 1234);
  room.joined({ ...joined("1-2", "1-3"), session: "new" }, 1234);
  expect(markers().map((m) => m.text)).toEqual([
    "Resumed after 1.2 s, the session recovered. Nothing was missed.",
    "Resumed after 1.2 s, in a new session. Nothing was missed.",
  ]);
});

describe("what is said of a message", () => {
  const note = (offset: string, about: Envelope["about"], data: unknown, name = "Bo"): Envelope => ({
    ...message(offset),
    from: `${name.toLowerCase()}@guest.localhost`,
    name,
    data,
    ...(about ? { about } : {}),
  });
  const of = (kind: "edit" | "reactions" | "retraction") => ({ kind, id: "id-1-1" }) as const;
  const say = (envelope: Envelope) => room.accept(envelope, 5, 1000);

  test("stands at that message, and leaves no gap in the order", () => {
    accept("1-1", "1-2");
    say(note("1-3", of("edit"), "hallo"));
    say(note("1-4", of("reactions"), ["+1", "!"]));
    say(note("1-5", of("reactions"), ["+1"], "Cy"));
    say(note("1-6", of("reactions"), ["!"]));
    accept("1-7");
    expect(shownOffsets()).toEqual(["1-1", "1-2", "1-7"]);
    expect(room.faults).toEqual({ gaps: 0, duplicates: 0 });
    const [first] = messages();
    expect([first?.envelope.data, first?.edited, first?.envelope.name]).toEqual(["hallo", true, "Ann"]);
    expect(first?.felt).toEqual({ "bo@guest.localhost": ["!"], "cy@guest.localhost": ["+1"] });
    say(note("1-8", of("retraction"), null));
    expect(messages()[0]?.envelope).toMatchObject({ data: null, about: { kind: "retracted", name: "Bo" } });
  });

  test("has a line of its own where that message is not in the list, and replies always have", () => {
    say(note("1-3", of("edit"), "hallo"));
    say(note("1-4", { kind: "reply", id: "id-1-1", name: "Ann", text: "hello" }, "hi"));
    expect(shownOffsets()).toEqual(["1-3", "1-4"]);
  });

  test("finds its message when it is known which one that is", () => {
    say({ ...message("1-1", 0), id: "", from: "", name: "" });
    say({ ...note("1-2", of("reactions"), ["+1"]), time: 0 });
    expect(shownOffsets()).toEqual(["1-1", "1-2"]);
    room.introduced(message("1-1"));
    expect(shownOffsets()).toEqual(["1-1"]);
    expect(messages()[0]?.felt).toEqual({ "bo@guest.localhost": ["+1"] });
  });
});
