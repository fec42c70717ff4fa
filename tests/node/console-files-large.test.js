// Large files from console to console, straight over a data channel, and several at once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchForCalls } from "./lib/calls.js";
import { MB, accept, arrivesWhole, offerLarge, reaches, sumOfLarge, together, transfer } from "./lib/files.js";
import { startServer } from "./lib/server.js";

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
});

let rooms = 0;

/** Ann and Bo, in a room of their own. */
const annAndBo = (options) => together(browser, server, `large-${++rooms}`, options);

test("200 MB arrive whole, byte for byte", async () => {
  const [ann, bo] = await annAndBo();
  await offerLarge(ann, bo, "large.bin", 200 * MB);
  await accept(bo, "large.bin");
  await reaches(ann, "large.bin", MB);
  assert.match(await transfer(ann, "large.bin").getByTestId("file-state").textContent(), /^\d+ % · .* of 200 MB/);
  const { received } = await arrivesWhole(ann, bo, "large.bin", { size: 200 * MB, sum: sumOfLarge(200 * MB) });
  assert.equal(received.resumedFrom, "0");
});

test("several go at once, both ways", async () => {
  const [ann, bo] = await annAndBo();
  const sizes = { "one.bin": 8 * MB, "two.bin": 12 * MB };
  for (const [name, size] of Object.entries(sizes)) await offerLarge(ann, bo, name, size);
  await offerLarge(bo, ann, "back.bin", 10 * MB);
  for (const name of Object.keys(sizes)) await accept(bo, name);
  await accept(ann, "back.bin");
  for (const [name, size] of Object.entries(sizes)) await arrivesWhole(ann, bo, name, { size, sum: sumOfLarge(size) });
  await arrivesWhole(bo, ann, "back.bin", { size: 10 * MB, sum: sumOfLarge(10 * MB) });
});
