// webtorrent, as it is, finds others through our tracker: pages and programs share files, directly or through our relays.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "./lib/server.js";
import { eventually } from "./lib/soon.js";
import { inNode, inPage, launchForTorrents } from "./lib/torrents.js";
import { scrape, tracking } from "./lib/tracker.js";
import { reading, relaying } from "./lib/turn.js";

const MEGABYTE = 1024 * 1024;
let server;
let browser;
before(async () => {
  // Two who could not connect, as happens on a busy machine, try again when they next announce themselves.
  server = await startServer(tracking(`interval = "5 s"`) + relaying());
  browser = await launchForTorrents();
});
after(async () => {
  await browser.close();
  await server.stop();
});

/** Waits until so many in a swarm have everything, and so many not. */
async function until(infoHash, wanted) {
  const asWanted = async () => {
    const found = await scrape(server, infoHash);
    return found.complete === wanted.complete && found.incomplete === wanted.incomplete && found;
  };
  return (await eventually(asWanted, `the tracker to count ${JSON.stringify(wanted)}`)).downloaded;
}

const KINDS = { page: (t) => inPage(t, server, browser), program: (t) => inNode(t, server) };

describe("a file goes", () => {
  for (const [from, seeder] of Object.entries(KINDS)) {
    for (const [to, leecher] of Object.entries(KINDS)) {
      const megabytes = from === to ? 20 : 2;
      test(`from a ${from} to a ${to}, ${megabytes} MB`, async (t) => {
        const [ann, bo] = [await seeder(t), await leecher(t)];
        const file = await ann.seed(megabytes * MEGABYTE);
        assert.deepEqual(await bo.get(file.infoHash), file);
        assert.equal(await until(file.infoHash, { complete: 2, incomplete: 0 }), 1);
      });
    }
  }

  test("to many at once, pages and a program, and on when its first has left", async (t) => {
    const [ann, bo, cy] = [await inPage(t, server, browser), await inPage(t, server, browser), inNode(t, server)];
    const file = await ann.seed(2 * MEGABYTE);
    for (const got of await Promise.all([bo, cy].map((other) => other.get(file.infoHash)))) assert.deepEqual(got, file);
    assert.equal(await until(file.infoHash, { complete: 3, incomplete: 0 }), 2);
    await ann.leave();
    await until(file.infoHash, { complete: 2, incomplete: 0 });
    const late = await inPage(t, server, browser);
    assert.deepEqual(await late.get(file.infoHash), file);
    assert.equal(await until(file.infoHash, { complete: 3, incomplete: 0 }), 3);
  });
});

test("a file goes from page to page through nothing but our relays", async (t) => {
  const relayed = async () => Number(await reading(server, "turn_bytes_to_peers"));
  const before = await relayed();
  const [ann, bo] = [await inPage(t, server, browser, { relayed: true }), await inPage(t, server, browser, { relayed: true })];
  const file = await ann.seed(2 * MEGABYTE);
  assert.deepEqual(await bo.get(file.infoHash), file);
  assert.ok((await relayed()) - before >= file.size);
});
