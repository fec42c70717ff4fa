// What a page of Chromium is told when it wants to relay: where and with which credentials, that these are wrong, that a peer is refused,
// that a nonce is old.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { call, conversation, launchForCalls, openPhone, ring, talk } from "./lib/calls.js";
import { startServer } from "./lib/server.js";
import { credentials, reading, relaying, relayOnly, trusting, until, WAYS } from "./lib/turn.js";

const BYTES = 1024 * 1024;
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

describe("a page is told", () => {
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
    await talk(...phones, BYTES);
    for (const phone of phones) assert.equal((await phone.path()).remote.candidateType, "relay");
  });
});

test("a page can use no peer on loopback where the server allows none", async (t) => {
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
  const phones = await conversation(browser, brief.base, [relayOnly(brief, "udp"), relayOnly(brief, "tcp", credentials("bo"))]);
  await talk(...phones, BYTES);
  const made = await reading(brief, "turn_allocations_made");
  const challenges = await reading(brief, "turn_challenges");
  await until(brief, "turn_challenges", (count) => count >= challenges + 8);
  await talk(...phones, BYTES);
  assert.equal(await reading(brief, "turn_allocations_made"), made);
});
