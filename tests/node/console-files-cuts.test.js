// Files from console to console that are cut midway: by what is between the two, by the receiver's link, by the sender's change of transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MB, accept, arrivesWhole, cutPath, offerLarge, reaches, state, sumOfLarge, transfer } from "./lib/files.js";
import { Rooms } from "./lib/rooms.js";
import { eventually } from "./lib/soon.js";

const rooms = new Rooms("cuts");

const SIZE = 60 * MB;

test("a cut of the path: another one is found and the transfer goes on", async () => {
  const [ann, bo] = await rooms.annAndBo();
  await offerLarge(ann, bo, "path.bin", SIZE);
  await accept(bo, "path.bin");
  await reaches(bo, "path.bin", 2 * MB);
  await cutPath(bo);
  await arrivesWhole(ann, bo, "path.bin", { size: SIZE, sum: sumOfLarge(SIZE) });
});

test("a cut of the path and of the receiver's link until both have given up: it is resumed from the byte that is there", async () => {
  const [ann, bo] = await rooms.annAndBo();
  for (const { page } of [ann, bo]) await page.clock.install();
  await offerLarge(ann, bo, "resumed.bin", SIZE);
  await accept(bo, "resumed.bin");
  await reaches(bo, "resumed.bin", 2 * MB);
  await bo.page.context().setOffline(true);
  const mend = await cutPath(bo);
  await bo.cut();
  // As long as a connection is looked for.
  for (const one of [ann, bo]) await giveUp(one, "resumed.bin");
  const { bytes } = await state(bo, "resumed.bin", "cut");
  assert.ok(Number(bytes) >= 2 * MB && Number(bytes) < SIZE, bytes);
  mend();
  await bo.page.context().setOffline(false);
  await bo.reconnect();
  const { received } = await arrivesWhole(ann, bo, "resumed.bin", { size: SIZE, sum: sumOfLarge(SIZE) });
  assert.equal(received.resumedFrom, bytes);
});

test("a cut of both, and the sender on another transport when it comes back: it is resumed all the same", async () => {
  const [ann, bo] = await rooms.annAndBo();
  for (const { page } of [ann, bo]) await page.clock.install();
  await offerLarge(ann, bo, "moved.bin", SIZE);
  await accept(bo, "moved.bin");
  await reaches(bo, "moved.bin", 2 * MB);
  const mend = await cutPath(bo);
  await bo.cut();
  await ann.join("Ann", rooms.room, "socketio-websocket");
  for (const one of [ann, bo]) await giveUp(one, "moved.bin");
  mend();
  await bo.reconnect();
  const { received } = await arrivesWhole(ann, bo, "moved.bin", { size: SIZE, sum: sumOfLarge(SIZE) });
  assert.ok(Number(received.resumedFrom) >= 2 * MB);
});

test("while the page that has accepted is away, another one of the same person declines nothing: it is resumed by the first", async () => {
  const [ann, bo] = await rooms.annAndBo();
  const other = await rooms.another("Bo");
  for (const { page } of [ann, bo]) await page.clock.install();
  await offerLarge(ann, bo, "twice.bin", SIZE);
  await state(other, "twice.bin", "offered");
  await accept(bo, "twice.bin");
  await state(other, "twice.bin", "cancelled");
  await reaches(bo, "twice.bin", 2 * MB);
  await bo.page.context().setOffline(true);
  const mend = await cutPath(bo);
  await bo.cut();
  for (const one of [ann, bo]) await giveUp(one, "twice.bin");
  const isRung = async () => {
    await ann.page.clock.fastForward(10_000);
    return other.told.some((frame) => frame.includes('"resume":true'));
  };
  await eventually(isRung, "the other page to be rung");
  // What that page has to say to it comes before this.
  await other.say("rung");
  await ann.message("rung");
  await state(ann, "twice.bin", "cut");
  mend();
  await bo.page.context().setOffline(false);
  await bo.reconnect();
  const { received } = await arrivesWhole(ann, bo, "twice.bin", { size: SIZE, sum: sumOfLarge(SIZE) });
  assert.ok(Number(received.resumedFrom) >= 2 * MB);
  assert.equal(await transfer(other, "twice.bin").getByTestId("file-accept").count(), 0);
});

test("a cut of the sender's link only: nothing is cut at all", async () => {
  const [ann, bo] = await rooms.annAndBo();
  await offerLarge(ann, bo, "link.bin", SIZE);
  await accept(bo, "link.bin");
  await reaches(bo, "link.bin", 2 * MB);
  await ann.cut();
  const { received } = await arrivesWhole(ann, bo, "link.bin", { size: SIZE, sum: sumOfLarge(SIZE) });
  assert.equal(received.resumedFrom, "0");
});

/** Lets a page's clock run ahead until it has given the connection up. */
async function giveUp(who, name) {
  const cut = state(who, name, "cut").then(() => true);
  for (let given = false; !given; ) {
    await who.page.clock.fastForward(5_000);
    given = await Promise.race([cut, who.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(false))))]);
  }
}
