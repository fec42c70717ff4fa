// Firefox and Chromium in a call, each on a page of the example.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchForCalls, talk } from "./lib/calls.js";
import { connect, enter, exampleSite, letsIn, openCaller } from "./lib/example.js";
import { launchFirefox } from "./lib/firefox.js";
import { startServer } from "./lib/server.js";
import { reading, relaying } from "./lib/turn.js";

const BYTES = 256 * 1024;
let site;
let server;
let chromium;
let firefox;
let rooms = 0;
before(async () => {
  site = await exampleSite();
  server = await startServer(letsIn(site) + relaying());
  [chromium, firefox] = await Promise.all([launchForCalls(), launchFirefox()]);
});
after(async () => {
  await Promise.all([chromium.close(), firefox.close()]);
  await server.stop();
  site.close();
});

/** Ann with Chromium and Fay with Firefox, in a room of their own. */
async function people([ofAnn, ofFay], configuration = {}) {
  const room = `firefox-${++rooms}`;
  const page = await firefox.open(`${site.base}/blank.html`);
  return Promise.all([
    openCaller(chromium, site, { server, transport: ofAnn, name: "Ann", room, configuration }),
    enter(page, { server: server.base, transport: ofFay, name: "Fay", room, configuration }),
  ]);
}

async function talkWell(ann, fay) {
  await talk(ann, fay, BYTES);
  for (const caller of [ann, fay]) assert.deepEqual(await caller.objections(), []);
}

describe("a call between Chromium and Firefox", () => {
  for (const mixture of [["WebSocket", "EventSource"], ["EventSource", "Socket.IO"], ["Socket.IO", "WebSocket"]]) {
    test(`${mixture[0]} and ${mixture[1]}; one calls, then the other`, async () => {
      const [ann, fay] = await people(mixture);
      await connect(ann, fay);
      await talkWell(ann, fay);
      await fay.hangUp("once more");
      assert.equal(await ann.over(), "once more");
      await connect(fay, ann);
      await talkWell(ann, fay);
    });
  }

  test("an ICE restart by each, and something to see besides", async () => {
    const [ann, fay] = await people(["WebSocket", "WebSocket"]);
    await connect(ann, fay);
    for (const caller of [ann, fay]) {
      const before = [await ann.fragment(), await fay.fragment()];
      await caller.restart();
      await Promise.all([ann.otherFragment(before), fay.otherFragment(before)]);
      await caller.showMore();
    }
    for (const caller of [ann, fay]) await caller.seesAll(2, 5);
    await talkWell(ann, fay);
  });

  test("candidates that come before the description they belong to", async () => {
    const [ann, fay] = await people(["WebSocket", "WebSocket"]);
    await ann.hold("description", "candidate");
    await ann.ring(fay.user);
    await ann.holdsLastCandidate();
    await ann.release("candidate");
    await Promise.all([ann.state("connected"), fay.state("connected")]);
    await talkWell(ann, fay);
    assert.ok((await fay.taken()).includes(await ann.fragment()));
  });

  test("a candidate of an offer that is none any more counts for nothing; one for nothing there is, is told of", async () => {
    const [ann, fay] = await people(["WebSocket", "WebSocket"]);
    await connect(ann, fay);
    await talkWell(ann, fay);
    const call = await ann.call();
    const candidate = "candidate:1 1 udp 2122260223 127.0.0.1 9 typ host";
    const say = (usernameFragment, sdpMid) => ann.signal(fay.address, { call, candidate: { candidate, sdpMid, usernameFragment } });
    await say("gone", "0");
    await say(await ann.fragment(), "nowhere");
    await fay.objects();
    const [objection, ...others] = await fay.objections();
    assert.match(objection, /nowhere/);
    assert.deepEqual(others, []);
    await talk(ann, fay, BYTES);
  });

  test("relayed only, by what GET /api/ice says", async () => {
    const { iceServers } = await (await fetch(`${server.base}/api/ice?name=Ann`)).json();
    const [ann, fay] = await people(["EventSource", "WebSocket"], { iceServers, iceTransportPolicy: "relay", bundlePolicy: "max-bundle" });
    await connect(fay, ann);
    await talkWell(ann, fay);
    assert.ok((await reading(server, "turn_bytes_to_peers")) > 2 * BYTES);
  });
});
