// A large file from console to console over a wire that loses one packet in twenty: it takes its time, and arrives whole.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchForCallsBy } from "./lib/calls.js";
import { CHROMIUM } from "./lib/console.js";
import { accept, arrivesWhole, MB, offerLarge, openSender, person, sumOfLarge, transfer } from "./lib/files.js";
import { lossyNetworks, NEAR } from "./lib/lossy.js";
import { startServer } from "./lib/server.js";

// Loss lets SCTP send 1.2 KB ÷ (RTT × √loss) a second at most: with a round trip of 10 ms this would be ten minutes (RFC 5348, section 3.1).
const SIZE = Number(process.env.HUBBUB_LOSSY_MB ?? 200) * MB;
let networks;
let server;
let browsers;
before(async () => {
  networks = await lossyNetworks({ loss: 5 });
  server = await startServer('[access]\nadmit = ["guests"]\n', { host: NEAR, port: 8080, within: networks.command("near") });
  // The console comes from no secure origin here, and has no camera that would let it see its own addresses.
  const flags = [`--unsafely-treat-insecure-origin-as-secure=${server.base}`, "--disable-features=WebRtcHideLocalIpsWithMdns"];
  browsers = await Promise.all(["near", "far"].map((name) => launchForCallsBy(networks.starter(name, CHROMIUM), ...flags)));
});
after(async () => {
  for (const browser of browsers ?? []) await browser.close();
  await server?.stop();
  await networks.close();
});

test(`${SIZE / MB} MB through 5 % loss`, async () => {
  const ann = await openSender(browsers[0], server, "Ann", "lossy");
  const bo = await openSender(browsers[1], server, "Bo", "lossy");
  await person(ann, bo).waitFor({ state: "attached" });
  await offerLarge(ann, bo, "large.bin", SIZE);
  await accept(bo, "large.bin");
  await transfer(bo, "large.bin").and(bo.page.locator("[data-state=whole]")).waitFor({ timeout: 0 });
  await arrivesWhole(ann, bo, "large.bin", { size: SIZE, sum: sumOfLarge(SIZE) });
  const { near, far } = await networks.report();
  for (const way of [near, far]) assert.ok(way.lost > way.taken / 25, JSON.stringify(way));
  assert.ok(near.taken > SIZE / 1500);
});
