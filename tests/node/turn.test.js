// Two pages of Chromium that may use nothing but the relays of the server: video, voice and data over UDP, TCP and TLS.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { conversation, launchForCalls, talk } from "./lib/calls.js";
import { startServer } from "./lib/server.js";
import { credentials, reading, relaying, relayOnly, trusting, until, WAYS } from "./lib/turn.js";

const MEGABYTES = 4 * 1024 * 1024;
let server;
let browser;
before(async () => {
  server = await startServer(relaying());
  browser = await launchForCalls(await trusting(server));
});
after(async () => {
  await browser.close();
  await server.stop();
});

/** Two pages, each with its way to the server, in a call. */
const conversing = (ways) =>
  conversation(browser, server.base, ways.map((way, index) => relayOnly(server, way, credentials(`user${index}`))));

const COUNTED = ["turn_bytes_to_peers", "turn_bytes_to_clients", "turn_packets_to_peers", "turn_packets_to_clients"];
const counted = () => Promise.all(COUNTED.map((name) => reading(server, name)));

describe("a call through relays only", () => {
  const alike = WAYS.map((way) => [way, way]);
  for (const ways of [...alike, ["udp", "tls"], ["tls", "tcp"]]) {
    test(`${ways[0]} on one side, ${ways[1]} on the other`, async () => {
      const before = await counted();
      const phones = await conversing(ways);
      await talk(...phones, MEGABYTES);
      for (const [index, phone] of phones.entries()) {
        const { local, remote } = await phone.path();
        assert.equal(local.candidateType, "relay");
        assert.equal(local.relayProtocol, ways[index]);
        assert.equal(remote.candidateType, "relay");
      }
      const more = (await counted()).map((now, index) => now - before[index]);
      for (const bytes of more.slice(0, 2)) assert.ok(bytes > 2 * MEGABYTES, `${more}`);
      for (const packets of more.slice(2)) assert.ok(packets > 0, `${more}`);
      for (const phone of phones) await phone.hangUp();
      await until(server, "turn_allocations", (count) => count === 0);
      assert.equal(await reading(server, "turn_relays"), 0);
      for (const { complaints } of phones) assert.deepEqual(complaints, []);
    });
  }
});
