import { afterEach, expect, test, vi } from "vitest";
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

test("where people are hidden, calls follow who is called otherwise", () => {
  const addresses = { "lobby@rooms.x/Ann": ["lobby@rooms.x/Bo", "lobby@rooms.x/Bob"], "ann@x/1": ["bo@x", "bo@x"] };
  for (const [own, renamed] of Object.entries(addresses)) {
    const { session } = page();
    const followed = vi.spyOn(session.switchboard, "renamed");
    session.join(GUEST);
    session.address.value = own;
    session["onMoved"]({ action: "rename", user: "bo@x", name: "Bob", former: "Bo", count: 2 });
    session["onMoved"]({ action: "join", user: "cy@x", name: "Cy", count: 3 });
    expect(followed).toHaveBeenCalledExactlyOnceWith(...renamed);
  }
});
