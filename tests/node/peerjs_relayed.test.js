// The npm package `peerjs`, as it is, in pages of Chromium, by a server that lets only relayed candidates pass: pages that ask for nothing of the
// kind reach each other through TURN, and neither is told where the other is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchForCalls } from "./lib/calls.js";
import { at, openPage } from "./lib/peerjs.js";
import { startServer } from "./lib/server.js";
import { eventually } from "./lib/soon.js";
import { credentials, reading, relaying, relayOnly } from "./lib/turn.js";

const MEGABYTE = 1024 * 1024;
const OWN = /\btyp (?:host|srflx|prflx)\b/; // RFC 8839, section 5.1
let browser;
before(async () => (browser = await launchForCalls()));
after(() => browser.close());

/** Somebody who has an id and may use all candidates, and what his page is told. */
async function enter(server, name) {
  const person = await openPage(browser, server.base);
  const heard = [];
  person.page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => heard.push(payload)));
  const config = { ...relayOnly(server, "udp", credentials(name)), iceTransportPolicy: "all" };
  await person.open(null, at(server, { config }));
  return { person, heard };
}

/** A megabyte crosses whole, both ways at once, between two pages; what each was told for it, once that is `enough`: this may come here later. */
async function exchange(settings, enough) {
  const server = await startServer(`${relaying()}[peerjs]\n${settings}\n`);
  try {
    const [ann, bo] = await Promise.all(["ann", "bo"].map((name) => enter(server, name)));
    await ann.person.connect(bo.person);
    const sent = Promise.all([ann, bo].map(({ person }) => person.sendBytes(MEGABYTE)));
    const received = Promise.all([bo, ann].map(({ person }) => person.receiveBytes()));
    assert.deepEqual(await received, await sent);
    for (const { person } of [ann, bo]) assert.match(JSON.stringify(person.said), OWN, "the page says all");
    const told = () => [ann, bo].map(({ heard }) => heard.join("\n"));
    const heard = await eventually(() => enough(told()) && told(), "candidates to be heard of");
    return { heard, relays: await reading(server, "turn_allocations_made") };
  } finally {
    await server.stop();
  }
}

test("where only relayed candidates pass", async () => {
  const { heard, relays } = await exchange('candidates = "relay"', (heard) => / typ relay /.test(heard.join("\n")));
  assert.ok(relays > 0);
  for (const told of heard) {
    assert.doesNotMatch(told, OWN);
    assert.doesNotMatch(told, / raddr (?!0\.0\.0\.0 |:: )/);
  }
});

test("where all pass, both are told where the other is", () => exchange("", (heard) => heard.every((told) => OWN.test(told))));
