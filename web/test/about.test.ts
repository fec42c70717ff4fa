import { expect, test } from "vitest";
import { afterWriting, readAbout, readWriting } from "../src/about";
import { readEnvelope } from "../src/envelope";
import { readSaid } from "../src/transports/arguments";

const STAMP = { id: "m2", from: "bo@guest.localhost", name: "Bo" };

test("envelopes say what a message is about", () => {
  const quote = { from: "ann@guest.localhost", name: "Ann", text: "hello" };
  expect(readAbout({ reply_to: "m1", quote })).toEqual({ kind: "reply", id: "m1", name: "Ann", text: "hello" });
  expect(readAbout({ edit_of: "m1" })).toEqual({ kind: "edit", id: "m1" });
  expect(readAbout({ reactions_to: "m1" })).toEqual({ kind: "reactions", id: "m1" });
  expect(readAbout({ retracts: "m1" })).toEqual({ kind: "retraction", id: "m1" });
  expect(readAbout({ retracted: { ...STAMP, time: 1 } })).toEqual({ kind: "retracted", name: "Bo" });
  expect(readAbout({ data: "hello" })).toBeUndefined();
  const envelope = readEnvelope({ ...STAMP, offset: "1-2", event: "message", edit_of: "m1", data: "hi" });
  expect(envelope?.about).toEqual({ kind: "edit", id: "m1" });
});

test("events of Socket.IO have an argument for it, which is none of their own", () => {
  expect(readSaid(["hi", { ...STAMP, edit_of: "m1" }])).toEqual({ ...STAMP, data: "hi", about: { kind: "edit", id: "m1" } });
  expect(readSaid([{ ...STAMP, retracts: "m1" }])).toEqual({ ...STAMP, data: null, about: { kind: "retraction", id: "m1" } });
  expect(readSaid(["psst", { ...STAMP, to: "cy@localhost" }])).toEqual({ ...STAMP, data: "psst" });
  const own = { id: "7", edit_of: "x" };
  expect(readSaid(["move", own])).toEqual({ id: "", from: "", name: "", data: ["move", own] });
});

test("who is writing", () => {
  const ann = readWriting({ user: "ann@guest.localhost", name: "Ann", typing: true });
  const bo = readWriting({ user: "bo@guest.localhost", typing: true });
  expect(bo.name).toBe("bo@guest.localhost");
  const both = afterWriting(afterWriting([], ann), bo);
  expect(afterWriting(both, ann)).toEqual([bo, ann]);
  expect(afterWriting(both, { ...bo, typing: false })).toEqual([ann]);
});
