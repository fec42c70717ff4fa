// The server that relays a call goes away and comes back: both sides are told, and an ICE restart brings the call back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { conversation, launchForCalls, talk } from "./lib/calls.js";
import { elsewhere } from "./lib/pages.js";
import { freePort, startServer } from "./lib/server.js";
import { credentials, reading, relaying, relayOnly, until } from "./lib/turn.js";

const BYTES = 256 * 1024;
let site;
let browser;
before(async () => {
  site = await elsewhere(() => "data:text/javascript,");
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  site.close();
});

const conversing = (server, ways) =>
  conversation(browser, site.base, ways.map((way, index) => relayOnly(server, way, credentials(`user${index}`))));

describe("the server that relays goes away", () => {
  const ends = { "is asked to end": (server) => server.stop(), "is killed": (server) => server.kill() };
  for (const [how, end] of Object.entries(ends)) {
    for (const way of ["udp", "tcp"]) {
      test(`it ${how}, and is back: ${way}`, async (t) => {
        const server = await startServer(relaying(), { port: await freePort() });
        t.after(() => server.stop());
        const phones = await conversing(server, [way, way]);
        await talk(...phones, BYTES);
        await end(server);
        await Promise.all(phones.map((phone) => phone.state("disconnected", "failed")));
        await server.start();
        await phones[0].offer({ iceRestart: true });
        await Promise.all(phones.map((phone) => phone.state("connected")));
        await talk(...phones, BYTES);
        assert.ok((await reading(server, "turn_bytes_to_peers")) > 2 * BYTES);
      });
    }
  }

  test("nothing of it is left when the pages have gone without a word", async (t) => {
    const server = await startServer(relaying(), { port: await freePort() });
    t.after(() => server.stop());
    const phones = await conversing(server, ["tcp", "tcp"]);
    for (const { page } of phones) await page.close();
    await until(server, "turn_allocations", (count) => count === 0);
  });
});

test("an ICE restart while all is well takes new relays, and nobody notices", async (t) => {
  const server = await startServer(relaying());
  t.after(() => server.stop());
  const phones = await conversing(server, ["udp", "tcp"]);
  const made = await reading(server, "turn_allocations_made");
  await Promise.all([talk(...phones, BYTES), phones[0].offer({ iceRestart: true })]);
  await until(server, "turn_allocations_made", (count) => count >= made + 2);
  await talk(...phones, BYTES);
  for (const phone of phones) {
    await phone.state("connected");
    await phone.hangUp();
  }
  await until(server, "turn_allocations", (count) => count === 0);
});
