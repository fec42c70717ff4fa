// Large files from console to console, straight over a data channel, and several at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MB, accept, arrivesWhole, offerLarge, reaches, sumOfLarge, transfer } from "./lib/files.js";
import { Rooms } from "./lib/rooms.js";

const rooms = new Rooms("large");

test("200 MB arrive whole, byte for byte", async () => {
  const [ann, bo] = await rooms.annAndBo();
  await offerLarge(ann, bo, "large.bin", 200 * MB);
  await accept(bo, "large.bin");
  await reaches(ann, "large.bin", MB);
  assert.match(await transfer(ann, "large.bin").getByTestId("file-state").textContent(), /^\d+ % · .* of 200 MB/);
  const { received } = await arrivesWhole(ann, bo, "large.bin", { size: 200 * MB, sum: sumOfLarge(200 * MB) });
  assert.equal(received.resumedFrom, "0");
});

test("several go at once, both ways", async () => {
  const [ann, bo] = await rooms.annAndBo();
  const sizes = { "one.bin": 8 * MB, "two.bin": 12 * MB };
  for (const [name, size] of Object.entries(sizes)) await offerLarge(ann, bo, name, size);
  await offerLarge(bo, ann, "back.bin", 10 * MB);
  for (const name of Object.keys(sizes)) await accept(bo, name);
  await accept(ann, "back.bin");
  for (const [name, size] of Object.entries(sizes)) await arrivesWhole(ann, bo, name, { size, sum: sumOfLarge(size) });
  await arrivesWhole(bo, ann, "back.bin", { size: 10 * MB, sum: sumOfLarge(10 * MB) });
});
