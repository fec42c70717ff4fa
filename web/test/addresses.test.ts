import { describe, expect, test } from "vitest";
import { type Occupant, readPresenceChange } from "../src/envelope";
import { isGuest, isHidden, isSelf, personOf, reached } from "../src/p2p/addresses";
import { addressAfter, afterMove, goneBetween } from "../src/people";

const own = (address: string, isGuest = false) => ({ address, room: "lobby", isGuest });

describe("addresses", () => {
  const [open, hidden] = [own("ann@x/s0.1"), own("lobby@rooms.x/Ann (2)")];

  test("who somebody is", () => {
    expect(["bo@x/s0.1", "bo@x", "bo@rooms.x/s0.1"].map((address) => personOf(address, open))).toEqual(["bo@x", "bo@x", "bo@rooms.x"]);
    expect(personOf("bo@x/s0.1", undefined)).toBe("bo@x");
    expect(personOf("lobby@rooms.x/Bo/2", hidden)).toBe("lobby@rooms.x/Bo/2");
  });

  test("a domain may begin with rooms", () => {
    for (const at of ["ann@rooms.x/s0.1", "ann@guest.rooms.x/s0.1"]) expect(personOf("bo@rooms.x/s0.2", own(at))).toBe("bo@rooms.x");
    expect(personOf("lobby@rooms.rooms.x/Bo", own("lobby@rooms.rooms.x/Ann"))).toBe("lobby@rooms.rooms.x/Bo");
  });

  test("by what people of a room are rung, and who of them is oneself", () => {
    expect(reached({ user: "bo@x", name: "Bo" }, open)).toBe("bo@x");
    // Where people are hidden, presence says no address: what it says instead reaches nobody.
    expect(reached({ user: "3f9a", name: "Bo" }, hidden)).toBe("lobby@rooms.x/Bo");
    expect([open, hidden].map((who) => isSelf({ user: "ann@x", name: "Ann" }, who))).toEqual([true, false]);
    expect(isSelf({ user: "77c0", name: "Ann (2)" }, hidden)).toBe(true);
    expect([open, hidden].map(isHidden)).toEqual([false, true]);
  });

  test("who is a guest, as accounts and guests see it", () => {
    const [account, guest] = [own("ann@x/1"), own("eve@guest.x/1", true)];
    for (const who of [account, guest]) expect(["bo@guest.x", "bo@guest.x/s0.1", "bo@x"].map((at) => isGuest(at, who))).toEqual([true, true, false]);
    // Of a server whose domain is guest.x.
    expect(["bo@guest.guest.x", "bo@guest.x"].map((at) => isGuest(at, own("ann@guest.x/1")))).toEqual([true, false]);
    expect(isGuest("lobby@rooms.x/Bo", own("lobby@rooms.x/Ann", true))).toBe(false);
  });
});

describe("who is called otherwise", () => {
  const change = readPresenceChange({ action: "rename", user: "77c0", name: "Anna", former: "Ann", count: 2 });

  test("is still there", () => {
    const before = { count: 2, occupants: [{ user: "77c0", name: "Ann" }, { user: "3f9a", name: "Bo" }] };
    expect(afterMove(before, change)).toEqual({ count: 2, occupants: [{ user: "3f9a", name: "Bo" }, { user: "77c0", name: "Anna" }] });
  });

  test("has another address where people are known by name", () => {
    expect(addressAfter("lobby@rooms.x/Ann", change)).toBe("lobby@rooms.x/Anna");
    for (const other of [undefined, "lobby@rooms.x/Bo", "ann@x/s0.1"]) expect(addressAfter(other, change)).toBe(other);
    expect(addressAfter("lobby@rooms.x/Ann", readPresenceChange({ action: "join", user: "x", name: "Ann", count: 2 }))).toBe("lobby@rooms.x/Ann");
  });
});

test("who is gone between two lists: by another name, or by the same one as somebody else, but not by another protocol", () => {
  const [bo, cy, ed] = ["Bo", "Cy", "Ed"].map((name, n) => ({ user: `${n}f9a`, name })) as [Occupant, Occupant, Occupant];
  const gone = (...occupants: readonly Occupant[]) => goneBetween({ count: 3, occupants: [bo, cy, ed] }, { count: occupants.length, occupants });
  expect(gone(ed, cy, bo, { user: "77c0", name: "Flo" })).toEqual([]);
  expect(gone(cy, { ...bo, name: "Bob" })).toEqual([bo, ed]);
  expect(gone({ ...bo, user: "eeee" }, cy, ed)).toEqual([bo]);
  expect(gone(...[bo, cy, ed].map(({ name }) => ({ user: `lobby@rooms.x/${name}`, name })))).toEqual([]);
  expect(goneBetween({ count: 1, occupants: [bo] }, { count: 0 })).toEqual([]);
  expect(goneBetween(undefined, { count: 1, occupants: [bo] })).toEqual([]);
});
