// Calls between pages of Chromium by the example (examples/calls): each signals in his own way, and then they see and hear each other.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchForCalls, talk } from "./lib/calls.js";
import { connect, exampleSite, letsIn, openCaller } from "./lib/example.js";
import { startServer } from "./lib/server.js";
import { reading, relaying } from "./lib/turn.js";

const BYTES = 256 * 1024;
let site;
let server;
let browser;
let rooms = 0;
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

/** Ann and Bo, in a room of their own, who signal by these transports. */
function people([ofAnn, ofBo], configuration) {
  const room = `calls-${++rooms}`;
  const open = (name, transport) => openCaller(browser, site, { server, transport, name, room, configuration });
  return Promise.all([open("Ann", ofAnn), open("Bo", ofBo)]);
}

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

const WAYS = ["WebSocket", "Socket.IO", "EventSource"];
for (const way of WAYS) {
  describe(`by ${way}`, () => {
    test("candidates trickle, and one hears that there are no more", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      for (const caller of [ann, bo]) {
        const heard = await caller.hearsLastCandidate();
        const { description } = heard.find(({ description }) => description);
        assert.doesNotMatch(description.sdp, /^a=candidate:/m);
        assert.ok(heard.some(({ candidate }) => candidate?.candidate.startsWith("candidate:")));
        assert.equal(heard.findLast((signal) => "candidate" in signal).candidate, null);
      }
    });

    test("both make an offer at once: the polite one's gives way", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      await glare(ann, bo);
      for (const caller of [ann, bo]) {
        await caller.negotiation("stable");
        await caller.seesAll(2, 5);
      }
      await noObjections(ann, bo);
    });

    test("an ICE restart", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      const before = [await ann.fragment(), await bo.fragment()];
      await bo.restart();
      for (const caller of [ann, bo]) await caller.otherFragment(before);
      await talk(ann, bo, BYTES);
      await noObjections(ann, bo);
    });

    test("one hangs up", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      await ann.hangUp("enough");
      assert.equal(await bo.over(), "enough");
      assert.equal(await ann.over(), "enough");
    });

    test("nobody is there, or no longer", async () => {
      const [ann, bo] = await people([way, way]);
      assert.match(await ann.ring("nobody@guest.localhost"), /here/);
      await bo.page.close();
      await ann.seesNobody();
      for (const address of [bo.user, bo.address]) assert.equal((await ann.signal(address, "hello")).status, 404);
    });
  });
}

/** Both have made an offer before they hear the other's. */
async function glare(ann, bo) {
  for (const caller of [ann, bo]) {
    await caller.hold();
    await caller.showMore();
    await caller.negotiation("have-local-offer");
  }
  await Promise.all([ann.release(), bo.release()]);
}

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
  const room = `calls-${++rooms}`;
  const open = (name, transport) => openCaller(browser, site, { server, transport, name, room });
  const ann = await open("Ann", "EventSource");
  const bos = [await open("Bo", "WebSocket"), await open("Bo", "Socket.IO")];
  await bos[1].onlyListens();
  await connect(ann, bos[0]);
  assert.equal(await bos[1].stopped(), await ann.call());
});

test("relayed only, by what GET /api/ice says", async () => {
  const { iceServers } = await (await fetch(`${server.base}/api/ice?name=Ann`)).json();
  const [ann, bo] = await people(["WebSocket", "EventSource"], { iceServers, iceTransportPolicy: "relay", bundlePolicy: "max-bundle" });
  await connect(ann, bo);
  await talk(ann, bo, BYTES);
  for (const caller of [ann, bo]) assert.equal((await caller.path()).local.candidateType, "relay");
  assert.ok((await reading(server, "turn_bytes_to_peers")) > 2 * BYTES);
});
