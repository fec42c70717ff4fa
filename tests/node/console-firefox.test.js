// The console in Firefox, and in Chromium beside it: calls, files straight from one to the other, and messages.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { enter } from "./lib/callers.js";
import { launchForCalls } from "./lib/calls.js";
import { fragment, hears, noteConnections, otherFragment } from "./lib/connections.js";
import { accept, arrivesWhole, offer, openSender, person, small, transfer } from "./lib/files.js";
import { launchFirefox } from "./lib/firefox.js";
import { startServer } from "./lib/server.js";
import { relaying } from "./lib/turn.js";

let server;
let chromium;
let firefox;
let rooms = 0;
before(async () => {
  server = await startServer(relaying());
  [chromium, firefox] = await Promise.all([launchForCalls(), launchFirefox()]);
});
after(async () => {
  await Promise.all([chromium.close(), firefox.close()]);
  await server.stop();
});

/** Ann with Chromium and Fay with Firefox, in a room of their own. */
async function people(options = {}) {
  const room = `firefox-${++rooms}`;
  const open = (browser, name) => enter(browser, server, name, room, "websocket", { prepare: noteConnections, ...options });
  return Promise.all([open(chromium, "Ann"), open(firefox, "Fay")]);
}

/** The one rings the other, who answers; both with what `how` says. */
async function connect(caller, called, { guest, how = "video" }) {
  await caller.ring(guest, how);
  await called.answer(how);
  await Promise.all([caller.state("connected"), called.state("connected")]);
}

const seeAndHear = (...people) => Promise.all(people.flatMap((one) => [one.sees(), hears(one.page)]));
const noComplaints = (...people) => assert.deepEqual(people.flatMap(({ complaints }) => complaints), []);

describe("a call between Chromium and Firefox", () => {
  for (const who of ["Chromium", "Firefox"]) {
    test(`${who} calls; each looks for another way; ${who} hangs up`, async () => {
      const [ann, fay] = await people();
      const [caller, called, guest] = who === "Chromium" ? [ann, fay, "fay"] : [fay, ann, "ann"];
      await connect(caller, called, { guest });
      await Promise.all([seeAndHear(ann, fay), ann.path(), fay.path()]);
      for (const one of [ann, fay]) {
        const before = await Promise.all([ann, fay].map(({ page }) => fragment(page)));
        await one.page.evaluate(() => globalThis.dispatchEvent(new Event("online")) && undefined);
        await Promise.all([ann, fay].map(({ page }) => otherFragment(page, before)));
        await seeAndHear(ann, fay);
      }
      await caller.at("hang-up").click();
      assert.match(await caller.ended(), /^You hung up\. It lasted 0:\d\d\.$/);
      assert.match(await called.ended(), /^(Ann|Fay) hung up\. It lasted 0:\d\d\.$/);
      noComplaints(ann, fay);
    });
  }

  test("by voice, to which both add pictures, and take them away again", async () => {
    const [ann, fay] = await people();
    await connect(ann, fay, { guest: "fay", how: "voice" });
    await Promise.all([hears(ann.page), hears(fay.page)]);
    for (const [one, other] of [[ann, fay], [fay, ann]]) {
      await one.at("camera").click();
      await other.sees();
    }
    await fay.at("mute").click();
    await ann.hears(false);
    for (const [one, other] of [[ann, fay], [fay, ann]]) {
      await one.at("camera").click();
      await other.at("there").waitFor({ state: "hidden" });
    }
    noComplaints(ann, fay);
  });

  test("by relay only", async () => {
    const [ann, fay] = await people({ query: "?ice=relay" });
    await connect(fay, ann, { guest: "ann" });
    await seeAndHear(ann, fay);
    for (const one of [ann, fay]) assert.deepEqual(await one.path(), { local: "relay", remote: "relay", protocol: "udp" });
  });

  test("how it goes is shown", async () => {
    const [ann, fay] = await people();
    await connect(ann, fay, { guest: "fay" });
    await fay.path();
    await fay.at("path").click();
    for (const figure of ["round-trip", "loss", "bitrate-in", "bitrate-out"]) {
      await fay.page.locator(`[data-testid=${figure}][data-value]`).waitFor();
    }
  });
});

test("files, straight from one to the other", async () => {
  const room = `firefox-${++rooms}`;
  const [ann, fay] = [await openSender(chromium, server, "Ann", room), await openSender(firefox, server, "Fay", room)];
  for (const [from, to, name] of [[ann, fay, "for-fay.txt"], [fay, ann, "for-ann.txt"]]) {
    await person(from, to).waitFor();
    await offer(from, to, small(name, `This is ${name}.`));
    await accept(to, name);
    const text = `This is ${name}.`;
    const sum = createHash("sha256").update(text).digest("hex");
    await arrivesWhole(from, to, name, { size: text.length, sum });
    for (const one of [from, to]) assert.equal(await transfer(one, name).getByTestId("file-sum").textContent(), `SHA-256 ${sum}`);
  }
  noComplaints(ann, fay);
});

for (const transport of ["websocket", "sse", "socketio", "xmpp", "polling"]) {
  test(`messages, where Firefox takes ${transport}`, async () => {
    const room = `firefox-${++rooms}`;
    const [ann, fay] = [await enter(chromium, server, "Ann", room), await enter(firefox, server, "Fay", room, transport)];
    await ann.visitor.say("Hello, Fay 👋");
    await fay.visitor.message("Hello, Fay 👋", { name: "Ann" });
    await fay.visitor.say("Hello, Ann 🦊");
    for (const { visitor } of [ann, fay]) {
      await visitor.message("Hello, Ann 🦊", { name: "Fay" });
      assert.deepEqual(await visitor.texts(), ["Hello, Fay 👋", "Hello, Ann 🦊"]);
      assert.deepEqual(await visitor.faults(), { gaps: 0, duplicates: 0 });
    }
    noComplaints(ann, fay);
  });
}
