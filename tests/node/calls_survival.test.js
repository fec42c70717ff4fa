// A call goes on while the connections that signal are cut, ended by the server, or gone with it; and what is negotiated later arrives.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchForCalls, talk } from "./lib/calls.js";
import { connect, exampleSite, letsIn, openCaller } from "./lib/example.js";
import { freePort, startServer } from "./lib/server.js";
import { cuttable } from "./lib/wire.js";

const BYTES = 256 * 1024;
const TOKEN = "a token of at least thirty-two bytes, of the application";
const MIXTURES = [
  ["WebSocket", "Socket.IO"],
  ["EventSource", "WebSocket"],
  ["Socket.IO", "EventSource"],
];
let site;
let browser;
before(async () => {
  site = await exampleSite();
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  site.close();
});

const start = async () => startServer(`${letsIn(site)}[api]\ntoken = "${TOKEN}"\n`, { port: await freePort() });

/** Ann and Bo, in a call, who signal through these. */
async function conversation(servers, mixture) {
  const open = (name, index) => openCaller(browser, site, { server: servers[index], transport: mixture[index], name, room: "lobby" });
  const people = await Promise.all(["Ann", "Bo"].map(open));
  await connect(...people);
  return people;
}

/** They are still in the call that they were in, without another ICE restart; and can change what it is made of. */
async function stillTalk(ann, bo, before) {
  await talk(ann, bo, BYTES);
  for (const caller of [ann, bo]) await caller.showMore();
  for (const caller of [ann, bo]) await caller.seesAll(2, 5);
  assert.deepEqual([await ann.fragment(), await bo.fragment()], before);
  for (const caller of [ann, bo]) assert.deepEqual(await caller.objections(), []);
}

const fragments = (...people) => Promise.all(people.map((caller) => caller.fragment()));

for (const mixture of MIXTURES) {
  describe(`${mixture.join(" and ")}:`, () => {
    test("the wire of one is cut", async (t) => {
      const server = await start();
      const wire = await cuttable(server);
      t.after(() => server.stop());
      t.after(() => wire.close());
      const [ann, bo] = await conversation([wire, server], mixture);
      const before = await fragments(ann, bo);
      await Promise.all([talk(ann, bo, BYTES), wire.cut()]);
      await ann.joined(2);
      await stillTalk(ann, bo, before);
    });

    test("the wires of both are cut, and they want to change something before they are back", async (t) => {
      const server = await start();
      const wires = [await cuttable(server), await cuttable(server)];
      t.after(() => server.stop());
      for (const wire of wires) t.after(() => wire.close());
      const [ann, bo] = await conversation(wires, mixture);
      const before = await fragments(ann, bo);
      for (const wire of wires) wire.cut();
      await Promise.all([ann.showMore(), bo.showMore()]);
      for (const caller of [ann, bo]) await caller.seesAll(2, 5);
      for (const caller of [ann, bo]) await caller.joined(2);
      assert.deepEqual(await fragments(ann, bo), before);
    });

    test("the server ends both sessions", async (t) => {
      const server = await start();
      t.after(() => server.stop());
      const [ann, bo] = await conversation([server, server], mixture);
      const before = await fragments(ann, bo);
      await act(server, { action: "disconnect", all: true, reason: "try again" });
      for (const caller of [ann, bo]) await caller.joined(2);
      await stillTalk(ann, bo, before);
    });

    test("the server is killed, and is back", async (t) => {
      const server = await start();
      t.after(() => server.stop());
      const [ann, bo] = await conversation([server, server], mixture);
      const before = await fragments(ann, bo);
      await server.kill();
      await talk(ann, bo, BYTES);
      await server.start();
      for (const caller of [ann, bo]) await caller.joined(2);
      await stillTalk(ann, bo, before);
    });
  });
}

/** Has the server do this, as an application does. */
async function act(server, action) {
  const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
  const response = await fetch(`${server.base}/api/actions`, { method: "POST", headers, body: JSON.stringify({ actions: [action] }) });
  assert.equal(response.status, 200, await response.text());
}
