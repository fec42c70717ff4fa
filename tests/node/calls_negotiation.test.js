// What two pages of the example (examples/calls) settle between them, whichever way they signal: candidates, crossing offers, restarts, the end.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchForCalls, talk } from "./lib/calls.js";
import { connect, exampleSite, letsIn, pair } from "./lib/example.js";
import { startServer } from "./lib/server.js";

const BYTES = 256 * 1024;
let site;
let server;
let browser;
before(async () => {
  site = await exampleSite();
  server = await startServer(letsIn(site));
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
  site.close();
});

const people = (mixture, configuration) => pair(browser, site, server, mixture, configuration);

async function noObjections(...callers) {
  for (const caller of callers) assert.deepEqual(await caller.objections(), []);
}

const WAYS = ["WebSocket", "Socket.IO", "EventSource"];
for (const way of WAYS) {
  describe(`by ${way}`, () => {
    test("candidates trickle, and one hears that there are no more", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      for (const caller of [ann, bo]) {
        const heard = await caller.hearsLastCandidate();
        const { description } = heard.find(({ description }) => description);
        assert.doesNotMatch(description.sdp, /^a=candidate:/m);
        assert.ok(heard.some(({ candidate }) => candidate?.candidate.startsWith("candidate:")));
        assert.equal(heard.findLast((signal) => "candidate" in signal).candidate, null);
      }
    });

    test("both make an offer at once: the polite one's gives way", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      await glare(ann, bo);
      for (const caller of [ann, bo]) {
        await caller.negotiation("stable");
        await caller.seesAll(2, 10);
      }
      await noObjections(ann, bo);
    });

    test("an ICE restart", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      const before = [await ann.fragment(), await bo.fragment()];
      await bo.restart();
      for (const caller of [ann, bo]) await caller.otherFragment(before);
      await talk(ann, bo, BYTES);
      await noObjections(ann, bo);
    });

    test("one hangs up", async () => {
      const [ann, bo] = await people([way, way]);
      await connect(ann, bo);
      await ann.hangUp("enough");
      assert.equal(await bo.over(), "enough");
      assert.equal(await ann.over(), "enough");
    });

    test("nobody is there, or no longer", async () => {
      const [ann, bo] = await people([way, way]);
      assert.match(await ann.ring("nobody@guest.localhost"), /here/);
      await bo.page.close();
      await ann.seesNobody();
      for (const address of [bo.user, bo.address]) assert.equal((await ann.signal(address, "hello")).status, 404);
    });
  });
}

test("who answers that he takes nothing of what is offered does not end what is negotiated later", async () => {
  const [ann, bo] = await people(["WebSocket", "WebSocket"]);
  await bo.onlyListens();
  const rung = ann.ring(bo.user);
  const { call } = await bo.hears("ring");
  await bo.signal(ann.address, { call, accept: true });
  await rung;
  const first = await bo.hears("description");
  await bo.signal(ann.address, { call, description: takesNothing(first.description), round: first.round });
  await ann.negotiation("stable");
  await ann.showMore();
  await bo.hears("description", 2);
  await noObjections(ann);
});

/** An answer that rejects every section (RFC 3264, section 6): then there is nothing in it of how they connect. */
function takesNothing({ sdp }) {
  const kinds = [...sdp.matchAll(/^(m=\w+) \d+ (.*)$/gm)];
  const mids = [...sdp.matchAll(/^a=mid:.*$/gm)];
  const sections = kinds.flatMap(([, kind, rest], index) => [`${kind} 0 ${rest}`, "c=IN IP4 0.0.0.0", mids[index][0], "a=inactive"]);
  return { type: "answer", sdp: ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", ...sections, ""].join("\r\n") };
}

/** Both have made an offer before they hear the other's. */
async function glare(ann, bo) {
  await talk(ann, bo, BYTES);
  for (const caller of [ann, bo]) await caller.seesAll(1, 5); // nothing is left to be settled
  for (const caller of [ann, bo]) {
    await caller.hold();
    await caller.showMore();
    await caller.holdsOffer();
  }
  await Promise.all([ann.release(), bo.release()]);
}
