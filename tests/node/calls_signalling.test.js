// Calls between pages of Chromium by the example (examples/calls): each signals in his own way, and then they see and hear each other.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchForCalls, talk } from "./lib/calls.js";
import { connect, exampleSite, letsIn, openCaller, pair } from "./lib/example.js";
import { startServer } from "./lib/server.js";
import { reading, relaying } from "./lib/turn.js";

const BYTES = 256 * 1024;
let site;
let server;
let browser;
before(async () => {
  site = await exampleSite();
  server = await startServer(letsIn(site) + relaying());
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
  site.close();
});

const people = (mixture, configuration) => pair(browser, site, server, mixture, configuration);

async function noObjections(...callers) {
  for (const caller of callers) assert.deepEqual(await caller.objections(), []);
}

describe("a call, each signalling in his way", () => {
  const mixtures = [
    ["WebSocket", "WebSocket"],
    ["WebSocket", "Socket.IO"],
    ["Socket.IO", "EventSource"],
    ["EventSource", "EventSource"],
    ["EventSource", "WebSocket"],
    ["Socket.IO", "Socket.IO"],
  ];
  for (const mixture of mixtures) {
    test(mixture.join(" and "), async () => {
      const [ann, bo] = await people(mixture);
      await connect(ann, bo);
      await talk(ann, bo, BYTES);
      await noObjections(ann, bo);
    });
  }
});

test("two ring each other at once: it is one call", async () => {
  const [ann, bo] = await people(["WebSocket", "WebSocket"]);
  for (const caller of [ann, bo]) await caller.hold();
  const rung = [ann.ring(bo.user), bo.ring(ann.user)];
  await Promise.all([ann.release(), bo.release()]);
  assert.deepEqual(await Promise.all(rung), [undefined, undefined]);
  await Promise.all([ann.state("connected"), bo.state("connected")]);
  await talk(ann, bo, BYTES);
  assert.equal(await ann.call(), await bo.call());
});

test("all of somebody's pages ring, and one is taken", async () => {
  const room = "telephones";
  const open = (name, transport) => openCaller(browser, site, { server, transport, name, room });
  const ann = await open("Ann", "EventSource");
  const bos = [await open("Bo", "WebSocket"), await open("Bo", "Socket.IO")];
  await bos[1].onlyListens();
  await connect(ann, bos[0]);
  assert.equal(await bos[1].stopped(), await ann.call());
});

describe("by EventSource,", () => {
  const REFUSED = { status: 503, headers: { "Access-Control-Allow-Origin": "*" }, json: { status: 503, title: "Too much is said to them" } };

  test("a last word does not overtake what was said before it", async () => {
    const [ann, bo] = await people(["EventSource", "EventSource"]);
    const said = [];
    let go;
    const held = new Promise((resolve) => (go = resolve));
    await ann.page.route(/\/signals/, async (route) => {
      said.push(Object.keys(route.request().postDataJSON().signal).at(-1));
      if (said.length === 1) await held;
      await route.continue();
    });
    await bo.onlyListens();
    const first = [ann.signal(bo.user, { call: "0", here: true }), ann.ring(bo.user)];
    await ann.stopRinging();
    go();
    await Promise.all([...first, bo.stopped()]);
    assert.deepEqual(said, ["here", "ring", "bye"]);
  });

  for (const [who, word] of [["ann", "description"], ["bo", "accept"]]) {
    test(`what is refused for now is said again: ${word}`, async () => {
      const [ann, bo] = await people(["EventSource", "EventSource"]);
      let refused = 0;
      await { ann, bo }[who].page.route(/\/signals/, (route) => {
        const isRefused = refused === 0 && word in route.request().postDataJSON().signal;
        refused += isRefused;
        return isRefused ? route.fulfill(REFUSED) : route.continue();
      });
      await connect(ann, bo);
      await talk(ann, bo, BYTES);
      assert.equal(refused, 1);
    });
  }
});

test("relayed only, by what GET /api/ice says", async () => {
  const { iceServers } = await (await fetch(`${server.base}/api/ice?name=Ann`)).json();
  const [ann, bo] = await people(["WebSocket", "EventSource"], { iceServers, iceTransportPolicy: "relay", bundlePolicy: "max-bundle" });
  await connect(ann, bo);
  await talk(ann, bo, BYTES);
  for (const caller of [ann, bo]) assert.equal((await caller.path()).local.candidateType, "relay");
  assert.ok((await reading(server, "turn_bytes_to_peers")) > 2 * BYTES);
});
