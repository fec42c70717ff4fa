// npm bittorrent-tracker's own client in swarms of our tracker: counts, offers and answers, scrapes, refusals, and a tracker that comes back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { freePort, startServer } from "./lib/server.js";
import { eventually } from "./lib/soon.js";
import { newHash, peerOf, scrape, tell, tracking } from "./lib/tracker.js";

let server;
before(async () => (server = await startServer(tracking())));
after(() => server.stop());

/** How many have everything in a swarm, and how many not, as the tracker says. */
async function counts(infoHash, of = server) {
  const { complete, incomplete } = await scrape(of, infoHash);
  return [complete, incomplete];
}

/** Waits until they are so many. */
async function until(infoHash, complete, incomplete, of = server) {
  const wanted = `${[complete, incomplete]}`;
  await eventually(async () => `${await counts(infoHash, of)}` === wanted, `the tracker to count ${wanted}`);
}

describe("peers of a swarm", () => {
  test("meet by offer and answer, and talk", async (t) => {
    const hash = newHash();
    const [ann, bo] = [peerOf(t, server, hash, "Ann"), peerOf(t, server, hash, "Bo")];
    assert.deepEqual(await ann.announce("start", { left: 0, numwant: 0 }), [1, 0]);
    assert.deepEqual(await bo.announce("start", { left: 100 }), [1, 1]);
    const [annsBo, bosAnn] = await Promise.all([ann.meet(), bo.meet()]);
    assert.deepEqual([annsBo.id, bosAnn.id], [bo.id, ann.id]);
    assert.equal(await tell(annsBo, bosAnn, "Hello Bo"), "Hello Bo");
    assert.equal(await tell(bosAnn, annsBo, "Hello Ann"), "Hello Ann");
  });

  test("are counted while they download, complete, stop and go away", async (t) => {
    const hash = newHash();
    const [ann, bo] = [peerOf(t, server, hash, "Ann"), peerOf(t, server, hash, "Bo")];
    assert.deepEqual(await ann.announce("start", { left: 100, numwant: 0 }), [0, 1]);
    assert.deepEqual(await bo.announce("start", { left: 100, numwant: 0 }), [0, 2]);
    assert.deepEqual(await ann.announce("update", { left: 50, downloaded: 50, numwant: 0 }), [0, 2]);
    assert.deepEqual(await ann.announce("complete", { left: 0, downloaded: 100 }), [1, 1]);
    assert.deepEqual(await bo.announce("update", { left: 0, numwant: 0 }), [2, 0]);
    assert.deepEqual(await ann.announce("stop", { left: 0 }), [1, 0]);
    assert.deepEqual(await counts(hash), [1, 0]);
    await bo.leave();
    await until(hash, 0, 0);
  });

  test("are told how often to announce", async (t) => {
    const ann = peerOf(t, server, newHash(), "Ann");
    ann.client.start({ left: 1, numwant: 0 });
    const { interval, infoHash } = await ann.updates.next();
    assert.deepEqual([interval, infoHash], [120, ann.client.infoHash]);
  });

  test("announce again by themselves, as often as they are told", async (t) => {
    const often = await startServer(tracking(`interval = "1 s"`));
    t.after(() => often.stop());
    const ann = peerOf(t, often, newHash(), "Ann");
    assert.deepEqual(await ann.announce("start", { left: 1, numwant: 0 }), [0, 1]);
    for (let count = 0; count < 2; count += 1) assert.deepEqual(await ann.counts(), [0, 1]);
  });

  test("of which each wants so many meet no more", async (t) => {
    const hash = newHash();
    const others = ["Bo", "Cy", "Di", "Ed"].map((name) => peerOf(t, server, hash, name));
    for (const other of others) await other.announce("start", { left: 1, numwant: 0 });
    const ann = peerOf(t, server, hash, "Ann");
    await ann.announce("start", { left: 1, numwant: 2 });
    const met = [await ann.meet(), await ann.meet()].map(({ id }) => id);
    assert.equal(new Set(met).size, 2);
    // Whoever comes back is answered after everything that was under way to them.
    await ann.announce("update", { left: 1, numwant: 0 });
    const found = others.filter(({ id }) => met.includes(id));
    assert.equal(found.length, 2);
    for (const other of found) assert.equal((await other.meet()).id, ann.id);
  });

  test("are not in other swarms", async (t) => {
    const [one, other] = [newHash(), newHash()];
    const [ann, bo] = [peerOf(t, server, one, "Ann"), peerOf(t, server, other, "Bo")];
    assert.deepEqual(await ann.announce("start", { left: 1, numwant: 0 }), [0, 1]);
    assert.deepEqual(await bo.announce("start", { left: 1, numwant: 0 }), [0, 1]);
    const cy = peerOf(t, server, one, "Cy");
    assert.deepEqual(await cy.announce("start", { left: 1 }), [0, 2]);
    assert.equal((await cy.meet()).id, ann.id);
  });

  test("may be several on one connection, each in a swarm of its own", async (t) => {
    const hashes = [newHash(), newHash()];
    const [ann, annToo] = hashes.map((hash) => peerOf(t, server, hash, "Ann", "both"));
    assert.deepEqual(await ann.announce("start", { left: 0, numwant: 0 }), [1, 0]);
    assert.deepEqual(await annToo.announce("start", { left: 1, numwant: 0 }), [0, 1]);
    await ann.leave();
    assert.deepEqual(await annToo.announce("update", { left: 1, numwant: 0 }), [0, 1]);
    // The connection is still there for the other, so the tracker cannot know but by a word.
    await annToo.leave();
    for (const hash of hashes) await until(hash, 0, 0);
  });
});

describe("a scrape", () => {
  test("counts the peers of one swarm or of several, and the downloads", async (t) => {
    const [one, other, none] = [newHash(), newHash(), newHash()];
    const peers = [peerOf(t, server, one, "Ann"), peerOf(t, server, one, "Bo"), peerOf(t, server, other, "Cy")];
    for (const peer of peers) await peer.announce("start", { left: 9, numwant: 0 });
    await peers[0].announce("complete", { left: 0 });
    assert.deepEqual(await counts(one), [1, 1]);
    assert.deepEqual(await counts(none), [0, 0]);
    const all = await scrape(server, [one, other, none]);
    const known = Object.fromEntries(Object.entries(all).map(([hash, { complete, incomplete }]) => [hash, [complete, incomplete]]));
    assert.deepEqual(known, { [one]: [1, 1], [other]: [0, 1], [none]: [0, 0] });
    assert.deepEqual([all[one].downloaded, all[other].downloaded], [1, 0]);
  });

  test("may be asked for by a peer", async (t) => {
    const ann = peerOf(t, server, newHash(), "Ann");
    await ann.announce("start", { left: 1, numwant: 0 });
    ann.client.scrape();
    const { complete, incomplete, infoHash } = await ann.scrapes.next();
    assert.deepEqual([complete, incomplete, infoHash], [0, 1, ann.client.infoHash]);
  });
});

describe("a client is told", () => {
  /** A peer of a tracker with these settings, in a swarm where somebody is already. */
  async function refused(t, settings, config = "") {
    const strict = await startServer(tracking(settings) + config);
    t.after(() => strict.stop());
    const hash = newHash();
    const [ann, bo] = [peerOf(t, strict, hash, "Ann"), peerOf(t, strict, hash, "Bo")];
    await ann.announce("start", { left: 1, numwant: 0 });
    return { strict, hash, ann, bo };
  }

  test("that a swarm is full, and stays connected", async (t) => {
    const { strict, hash, ann, bo } = await refused(t, "peers = 1");
    bo.client.start({ left: 1, numwant: 0 });
    assert.equal((await bo.warnings.next()).message, "the swarm has as many peers as it may");
    await ann.announce("stop");
    assert.deepEqual(await bo.announce("start", { left: 1, numwant: 0 }), [0, 1]);
    assert.deepEqual(await counts(hash, strict), [0, 1]);
  });

  test("that it makes too many offers", async (t) => {
    const { bo } = await refused(t, "offers = 1");
    bo.client.start({ left: 1, numwant: 2 });
    assert.match((await bo.warnings.next()).message, /offers/);
  });

  test("that there is no tracker", async (t) => {
    const none = await startServer("[tracker]\nenabled = false\n");
    t.after(() => none.stop());
    assert.ok((await peerOf(t, none, newHash(), "Ann").warnings.next()) instanceof Error);
  });
});

test("a client whose tracker went away comes back to it by itself", async (t) => {
  const gone = await startServer(tracking(), { port: await freePort() });
  t.after(() => gone.stop());
  const hash = newHash();
  const ann = peerOf(t, gone, hash, "Ann");
  assert.deepEqual(await ann.announce("start", { left: 1, numwant: 0 }), [0, 1]);
  // Otherwise it waits for up to five minutes; by itself for ten seconds at least.
  t.mock.method(Math, "random", () => 0);
  await gone.kill();
  await gone.start();
  assert.deepEqual(await ann.counts(), [0, 1]);
  assert.deepEqual(await counts(hash, gone), [0, 1]);
});
