// A call goes on when the network under it changes: another address, another link. The networks are namespaces, which takes root.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launchForCallsBy, talk } from "./lib/calls.js";
import { CHROMIUM } from "./lib/console.js";
import { connect, FROM_HERE, letsIn, openCaller } from "./lib/example.js";
import { networks, SERVER } from "./lib/networks.js";
import { startServer } from "./lib/server.js";

const BYTES = 256 * 1024;
const HOME = "198.18.0.2"; // where Ann is at first
const AWAY = "198.18.7.7"; // and later
let wires;
let server;
let browsers;
before(async () => {
  wires = await networks("ann", "bo");
  server = await startServer(`${letsIn(FROM_HERE)}[access]\nadmit = ["guests"]\n`, { host: SERVER, port: 8080, within: wires.command("hubbub") });
});
after(async () => {
  await server?.stop();
  await wires.close();
});
// Chromium listens to the system for changes of the network: one that has seen a change is no longer as it was.
beforeEach(async () => {
  browsers = await Promise.all(["ann", "bo"].map((name) => launchForCallsBy(wires.starter(name, CHROMIUM))));
});
afterEach(() => Promise.all(browsers.map((browser) => browser.close())));

/** Ann and Bo, each in a browser and a network of his own, in a call. */
async function conversation(...transports) {
  const open = (name, index) => openCaller(browsers[index], FROM_HERE, { server, transport: transports[index], name, room: "lobby" });
  const people = await Promise.all(["Ann", "Bo"].map(open));
  await connect(...people);
  await talk(...people, BYTES);
  return people;
}

/** They talk, and Ann does so from there. */
async function talksFrom(address, ann, bo) {
  await talk(ann, bo, BYTES);
  assert.equal((await ann.path()).local.address, address);
  for (const caller of [ann, bo]) {
    await caller.negotiation("stable");
    assert.deepEqual(await caller.objections(), []);
  }
}

describe("her address changes:", () => {
  for (const [ofAnn, ofBo] of [["WebSocket", "EventSource"], ["EventSource", "Socket.IO"], ["Socket.IO", "WebSocket"]]) {
    test(`Ann signals by ${ofAnn}, Bo by ${ofBo}`, async (t) => {
      const [ann, bo] = await conversation(ofAnn, ofBo);
      t.after(() => wires.move("ann", "eth0", [AWAY], [HOME]));
      await wires.move("ann", "eth0", [HOME], [AWAY]);
      await ann.state("disconnected", "failed");
      await ann.state("connected");
      await talksFrom(AWAY, ann, bo);
    });
  }
});

test("her link is gone, and later there is another", async (t) => {
  const [ann, bo] = await conversation("EventSource", "WebSocket");
  t.after(() => wires.plug("ann", "eth0", HOME));
  await wires.unplug("ann", "eth0");
  await Promise.all([ann.state("disconnected", "failed"), bo.state("disconnected", "failed")]);
  t.after(() => wires.unplug("ann", "wlan0"));
  await wires.plug("ann", "wlan0", AWAY);
  await Promise.all([ann.state("connected"), bo.state("connected")]);
  await talksFrom(AWAY, ann, bo);
});
