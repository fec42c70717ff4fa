import { afterEach, describe, expect, test, vi } from "vitest";
import { Session, type Settings } from "../src/session";

afterEach(() => vi.unstubAllGlobals());

/** A page's session, whose links never come about; and whatever ended its calls. */
function page() {
  vi.stubGlobal("location", { origin: "http://x", search: "" });
  vi.stubGlobal("WebSocket", class extends EventTarget { close() {} });
  const session = new Session();
  return { session, hungUp: vi.spyOn(session.switchboard, "hangUp") };
}

const GUEST: Settings = { room: "lobby", name: "Ann", transport: "websocket" };
const SIGNED_IN: Settings = { ...GUEST, token: "a" };

test("calls go on while the person and the room are the same", () => {
  for (const [before, after] of [[GUEST, { ...GUEST }], [SIGNED_IN, { ...SIGNED_IN, name: "Anna" }]] as const) {
    const { session, hungUp } = page();
    session.join(before);
    session.join(after);
    expect(hungUp).not.toHaveBeenCalled();
  }
});

test("they end for whoever goes to another room, or is somebody else from now on", () => {
  const moves = [[GUEST, { ...GUEST, room: "other" }], [GUEST, { ...GUEST, name: "Anna" }], [GUEST, SIGNED_IN], [SIGNED_IN, { ...SIGNED_IN, token: "b" }]] as const;
  for (const [before, after] of moves) {
    const { session, hungUp } = page();
    session.join(before);
    session.join(after);
    expect(hungUp).toHaveBeenCalledExactlyOnceWith("left");
  }
});

test("what else is between people of a room is told before the calls end, also when the page is left", () => {
  const { session, hungUp } = page();
  const told = vi.fn();
  session.whenLeaving(told);
  session.join(GUEST);
  session.join({ ...GUEST, transport: "socketio" });
  expect(told).not.toHaveBeenCalled();
  session.join({ ...GUEST, room: "other" });
  session.leave();
  expect(told).toHaveBeenCalledTimes(2);
  expect(told.mock.invocationCallOrder[0]).toBeLessThan(hungUp.mock.invocationCallOrder[0]!);
});

describe("who is called otherwise, or gone", () => {
  const [HIDDEN, OPEN] = ["lobby@rooms.x/Ann", "ann@x/1"];

  /** A page in the room, and what it was told of others. */
  function inRoom(own: string) {
    const { session } = page();
    const calls = vi.spyOn(session.switchboard, "renamed");
    const files = { renamed: vi.fn(), gone: vi.fn() };
    session.followedBy(files);
    session.join(GUEST);
    session.address.value = own;
    return { session, calls, files };
  }

  test("where people are hidden, calls and files follow", () => {
    const { session, calls, files } = inRoom(HIDDEN);
    session["onMoved"]({ action: "rename", user: "3f9a", name: "Bob", former: "Bo", count: 2 });
    session["onMoved"]({ action: "join", user: "77c0", name: "Cy", count: 3 });
    expect(calls).toHaveBeenCalledExactlyOnceWith("lobby@rooms.x/Bo", "lobby@rooms.x/Bob");
    expect(files.renamed).toHaveBeenCalledExactlyOnceWith("lobby@rooms.x/Bo", "lobby@rooms.x/Bob", "Bob");
    expect(files.gone).not.toHaveBeenCalled();
  });

  test("there, who is gone is told, also if that was missed", () => {
    const { session, files } = inRoom(HIDDEN);
    session["onMoved"]({ action: "leave", user: "3f9a", name: "Bo", count: 1 });
    expect(files.gone).toHaveBeenCalledExactlyOnceWith("lobby@rooms.x/Bo");
    const [cy, ed] = [{ user: "77c0", name: "Cy" }, { user: "12e8", name: "Ed" }];
    session["onPresent"]({ count: 2, occupants: [cy, ed] });
    session["onPresent"]({ count: 2, occupants: [{ ...cy, user: "eeee" }, ed] });
    expect(files.gone).toHaveBeenCalledTimes(2);
    expect(files.gone).toHaveBeenLastCalledWith("lobby@rooms.x/Cy");
  });

  test("elsewhere everybody keeps his address, and his pages theirs", () => {
    const { session, calls, files } = inRoom(OPEN);
    session["onPresent"]({ count: 1, occupants: [{ user: "bo@x", name: "Bo" }] });
    session["onMoved"]({ action: "rename", user: "bo@x", name: "Bob", former: "Bo", count: 2 });
    session["onMoved"]({ action: "leave", user: "bo@x", name: "Bob", count: 1 });
    session["onPresent"]({ count: 0, occupants: [] });
    expect([calls, files.renamed, files.gone].flatMap(({ mock }) => mock.calls)).toEqual([]);
  });
});
