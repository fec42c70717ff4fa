// Calls in a room where only relayed candidates pass: pages that ask for nothing of the kind reach each other, and neither is told where the other is.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchForCalls, talk } from "./lib/calls.js";
import { connect, exampleSite, letsIn, openCaller } from "./lib/example.js";
import { startServer } from "./lib/server.js";
import { credentials, reading, relaying, relayOnly } from "./lib/turn.js";

const BYTES = 256 * 1024;
const OWN = /\btyp (?:host|srflx|prflx)\b/; // RFC 8839, section 5.1
let site;
let server;
let browser;
before(async () => {
  site = await exampleSite();
  server = await startServer(`${letsIn(site)}${relaying()}
    [[room]]
    match = "relayed-*"
    candidates = "relay"
  `);
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
  site.close();
});

/** Ann and Bo in a room, in a call; what each of them has heard until it stood. All candidates are theirs to use. */
async function call(room, transports) {
  const open = (name, index) => {
    const configuration = { ...relayOnly(server, "udp", credentials(name)), iceTransportPolicy: "all" };
    return openCaller(browser, site, { server, transport: transports[index], name, room, configuration });
  };
  const people = await Promise.all(["Ann", "Bo"].map(open));
  await connect(...people);
  await talk(...people, BYTES);
  const heard = await Promise.all(people.map((caller) => caller.hearsLastCandidate()));
  for (const caller of people) assert.deepEqual(await caller.objections(), []);
  return { heard };
}

/** The candidates in signals, wherever they are. */
const candidatesIn = (signals) => JSON.stringify(signals).match(/candidate:\S+ \d \w+ \d+ \S+ \d+ typ \w+[^"\\]*/g) ?? [];

describe("where only relayed candidates pass", () => {
  for (const transports of [["WebSocket", "EventSource"], ["Socket.IO", "WebSocket"]]) {
    test(transports.join(" and "), async () => {
      const { heard } = await call(`relayed-${transports[0].toLowerCase()}`, transports);
      for (const signals of heard) {
        const candidates = candidatesIn(signals);
        assert.ok(candidates.length > 0, "the others pass");
        for (const candidate of candidates) {
          assert.match(candidate, / typ relay raddr (?:0\.0\.0\.0|::) rport [09]\b/);
          assert.doesNotMatch(candidate, OWN);
        }
        for (const { description } of signals) assert.doesNotMatch(description?.sdp ?? "", /^c=IN IP4 (?!0\.0\.0\.0|127\.0\.0\.1)/m, "relays are at 127.0.0.1 here");
      }
      // Which way it goes is not looked at: on one machine a relay has the same address as the pages, and so lets their own sockets through.
      assert.ok((await reading(server, "turn_allocations_made")) >= 2);
    });
  }
});

test("where all pass, both are told where the other is", async () => {
  const { heard } = await call("open", ["WebSocket", "WebSocket"]);
  for (const signals of heard) assert.match(candidatesIn(signals).join("\n"), OWN);
});
