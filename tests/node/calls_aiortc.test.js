// A page of Chromium calls a program: aiortc, which has another ICE, another DTLS and another SCTP, and hears of the call in its own way.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openAnswerer } from "./lib/answerer.js";
import { launchForCalls } from "./lib/calls.js";
import { exampleSite, letsIn, openCaller } from "./lib/example.js";
import { startServer } from "./lib/server.js";
import { eventually } from "./lib/soon.js";
import { relaying } from "./lib/turn.js";

const BYTES = 256 * 1024;
let site;
let server;
let browser;
let ice;
let rooms = 0;
before(async () => {
  site = await exampleSite();
  server = await startServer(letsIn(site) + relaying());
  browser = await launchForCalls();
  ice = (await (await fetch(`${server.base}/api/ice?name=Py`)).json()).iceServers;
});
after(async () => {
  await browser.close();
  await server.stop();
  site.close();
});

/** Where the room shows somebody of this name. */
async function userCalled(name, room) {
  const inRoom = async () => {
    const { occupants } = await (await fetch(`${server.base}/rooms/${room}/presence`)).json();
    return occupants.find((one) => one.name === name);
  };
  return (await eventually(inRoom, `${name} to be in the room`)).user;
}

async function conversation(transport, way) {
  const room = `aiortc-${++rooms}`;
  const [ann, py] = await Promise.all([
    openCaller(browser, site, { server, transport, name: "Ann", room, configuration: { iceServers: ice } }),
    openAnswerer(server, { way, room, name: "Py", ice }),
  ]);
  assert.equal(await ann.ring(await userCalled("Py", room)), undefined);
  await ann.state("connected");
  return [ann, py];
}

describe("a page and aiortc", () => {
  for (const [transport, way] of [["WebSocket", "EventSource"], ["EventSource", "WebSocket"], ["Socket.IO", "XMPP"]]) {
    test(`${transport} and ${way}`, async () => {
      const [ann, py] = await conversation(transport, way);
      await Promise.all([ann.sees(20), py.sees()]);
      const sent = await ann.send(BYTES);
      assert.equal(await ann.receive(BYTES), sent);
      assert.deepEqual(await ann.objections(), []);
      await ann.hangUp("enough");
      assert.deepEqual(await py.told("over"), ["enough"]);
      assert.equal(await py.ended, 0);
    });
  }
});
