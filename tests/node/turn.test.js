// Two pages of Chromium that may use nothing but the relays of the server: video, voice and data over UDP, TCP and TLS.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { call, conversation, launchForCalls, openPhone, ring, talk } from "./lib/calls.js";
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
const conversing = (ways, to = server) =>
  conversation(browser, to.base, ways.map((way, index) => relayOnly(to, way, credentials(`user${index}`))));

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

describe("what a page is told", () => {
  test("that its credentials are wrong, or no longer good", async () => {
    for (const known of [{ ...credentials("eve"), credential: "guessed" }, credentials("eve", -60)]) {
      for (const way of WAYS) {
        const eve = await openPhone(browser, server.base);
        await eve.prepare(relayOnly(server, way, known));
        await eve.offer();
        assert.equal((await eve.refusal()).errorCode, 401, way);
      }
    }
    assert.equal(await reading(server, "turn_allocations"), 0);
  });

  test("by GET /api/ice: all that it needs for a call", async () => {
    const phones = [await openPhone(browser, server.base), await openPhone(browser, server.base)];
    for (const { page } of phones) {
      const answer = await page.evaluate(async () => {
        const { iceServers } = await (await fetch("/api/ice")).json();
        await globalThis.phone.prepare({ iceServers, iceTransportPolicy: "relay" });
        return iceServers;
      });
      const { host } = new URL(server.base);
      assert.deepEqual(answer.flatMap(({ urls }) => urls).toSorted(), [
        `stun:${host}`,
        `turn:${host}?transport=tcp`,
        `turn:${host}?transport=udp`,
        `turns:${host}?transport=tcp`,
      ]);
    }
    await call(...phones);
    await talk(...phones, MEGABYTES);
    for (const phone of phones) assert.equal((await phone.path()).remote.candidateType, "relay");
  });
});

test("a server that allows no loopback relays nothing to it", async (t) => {
  const strict = await startServer(relaying().replace(/allow = .*/, ""));
  t.after(() => strict.stop());
  const phones = await Promise.all([openPhone(browser, strict.base), openPhone(browser, strict.base)]);
  for (const phone of phones) await phone.prepare(relayOnly(strict, "udp"));
  await ring(...phones);
  await until(strict, "turn_peers_refused", (count) => count > 1);
  assert.equal(await reading(strict, "turn_packets_to_peers"), 0);
});

test("a call outlives the first lifetime of its allocations, and its nonces", async (t) => {
  const brief = await startServer(relaying(`lifetime = "4 s"\nnonce_lifetime = "1 s"`));
  t.after(() => brief.stop());
  const phones = await conversing(["udp", "tcp"], brief);
  await talk(...phones, MEGABYTES);
  const made = await reading(brief, "turn_allocations_made");
  const challenges = await reading(brief, "turn_challenges");
  await until(brief, "turn_challenges", (count) => count >= challenges + 8);
  await talk(...phones, MEGABYTES);
  assert.equal(await reading(brief, "turn_allocations_made"), made);
});
