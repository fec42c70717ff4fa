// Somebody comes by the name or the address of one who is in a call, and knows the call's id: he does not get the call.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchForCalls, talk } from "./lib/calls.js";
import { connect, exampleSite, letsIn, openCaller } from "./lib/example.js";
import { startServer } from "./lib/server.js";

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

/** Ann and Bo, in a call, and somebody else who calls himself Bo. */
async function people(room) {
  const open = (name) => openCaller(browser, site, { server, transport: "WebSocket", name, room });
  const [ann, bo] = await Promise.all(["Ann", "Bo"].map(open));
  const mallory = await open("Bo");
  await mallory.onlyListens();
  await connect(bo, ann);
  return { ann, bo, mallory };
}

/** An offer of his own, as his browser makes it. */
const offer = (caller) =>
  caller.page.evaluate(async () => {
    const connection = new RTCPeerConnection();
    connection.createDataChannel("data");
    const { type, sdp } = await connection.createOffer();
    return { type, sdp };
  });

/** The number of the last offer that he has heard. */
const lastRound = async (caller) => (await caller.hearsLastCandidate()).findLast(({ description }) => description?.type === "offer").round;

for (const isRepeated of [false, true]) {
  test(`an offer with another certificate ends the call, for both who were in it${isRepeated ? ", also one that seems to be said twice" : ""}`, async () => {
    const { ann, bo, mallory } = await people(isRepeated ? "twice" : "offer");
    const round = isRepeated ? await lastRound(ann) : undefined;
    await mallory.signal(ann.user, { call: await ann.call(), description: await offer(mallory), round });
    assert.equal(await ann.over(), "certificate");
    assert.equal(await bo.over(), "certificate");
    assert.deepEqual(await ann.objections(), []);
  });
}

test("two pages of one person take the call at once: the first has it, the other one is told", async () => {
  const open = (name, transport) => openCaller(browser, site, { server, transport, name, room: "both" });
  const ann = await open("Ann", "WebSocket");
  const bos = [await open("Bo", "WebSocket"), await open("Bo", "EventSource")];
  for (const caller of [ann, ...bos]) await caller.hold("bye"); // nobody hears that another has it
  await ann.ring(bos[0].user);
  await ann.state("connected");
  const bo = await Promise.race(bos.map((bo) => bo.state("connected").then(() => bo)));
  const late = bos.find((one) => one !== bo);
  await ann.hearsOfferFrom(late.address);
  for (const caller of [ann, ...bos]) await caller.release();
  assert.equal(await late.over(), "elsewhere");
  await talk(ann, bo, 64 * 1024);
  assert.deepEqual(await ann.objections(), []);
});
test("an offer with the same one, from another address of his, does not", async () => {
  const { ann, bo } = await people("restart");
  const before = [await ann.fragment(), await bo.fragment()];
  await bo.restart();
  await bo.joined(2);
  for (const caller of [ann, bo]) await caller.otherFragment(before);
  await talk(ann, bo, 64 * 1024);
});
