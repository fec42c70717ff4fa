// The page of the example as somebody uses it: join, call a person of the room, see him, write to him, and be gone; also while it still rings.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { xml } from "@xmpp/client";
import { enter as enterConsole } from "./lib/callers.js";
import { launchForCalls } from "./lib/calls.js";
import { enter, exampleSite, letsIn } from "./lib/example.js";
import { leavesAfterwards } from "./lib/leaving.js";
import { startServer } from "./lib/server.js";
import { CLIENTS, logIn } from "./lib/xmpp.js";

let site;
let server;
let browser;
let rooms = 0;
before(async () => {
  site = await exampleSite();
  server = await startServer(letsIn(site), { durable: true });
  await server.addUser("romeo", "the password of romeo");
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
  site.close();
});

/** A page at this path, whose clock can be put forward. */
async function open(path) {
  const context = await browser.newContext();
  leavesAfterwards(() => context.close());
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${site.base}/${path}`);
  return page;
}

async function join(room, name, transport) {
  const page = await open("index.html");
  await page.getByLabel("Server").fill(server.base);
  await page.getByLabel("Room").fill(room);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Signals travel by").selectOption(transport);
  await page.getByRole("button", { name: "Join" }).click();
  await states(page, "here as");
  return page;
}

/** Ann and Bo, in a room of their own. */
function both(ofAnn = "WebSocket", ofBo = "WebSocket") {
  const room = `page-${++rooms}`;
  return Promise.all([join(room, "Ann", ofAnn), join(room, "Bo", ofBo)]);
}

const calls = (page, name) => page.getByRole("button", { name: `Call ${name}` }).click();
const states = (page, text) => page.locator("#state", { hasText: text }).waitFor();
const rings = (page, wanted = true) => page.locator("#ringing").waitFor({ state: wanted ? "visible" : "hidden" });
const sees = (page) => page.waitForFunction(() => document.getElementById("theirs").getVideoPlaybackQuality().totalVideoFrames > 10);

test("a call", async () => {
  const [ann, bo] = await both("WebSocket", "EventSource"); // a page's last word and its end go the same way: in order
  await calls(ann, "Bo");
  await bo.getByRole("button", { name: "Answer" }).click();
  await Promise.all([ann, bo].map(sees));
  await ann.getByLabel("Text").fill("hello");
  await ann.getByRole("button", { name: "Send" }).click();
  await bo.getByText("They: hello").waitFor();
  await ann.close();
  await states(bo, "the call is over");
  assert.equal(await bo.locator("#state").textContent(), "the call is over: left");
});

describe("while it rings", () => {
  test("one stops, and may ring again", async () => {
    const [ann, bo] = await both();
    for (let time = 0; time < 2; time++) {
      await calls(ann, "Bo");
      await rings(bo);
      await ann.getByRole("button", { name: "Stop ringing" }).click();
      await states(ann, "no call: hangup");
      await rings(bo, false);
    }
  });

  for (const transport of ["WebSocket", "Socket.IO", "EventSource"]) {
    test(`by ${transport}, who rings goes away: nobody waits for him`, async () => {
      const [ann, bo] = await both(transport);
      await calls(ann, "Bo");
      await rings(bo);
      await ann.close();
      await rings(bo, false);
    });

    test(`by ${transport}, who is rung goes away: the other one is told`, async () => {
      const [ann, bo] = await both("WebSocket", transport);
      await calls(ann, "Bo");
      await rings(bo);
      await bo.close();
      await states(ann, "no call: left");
    });
  }

  test("nobody answers: it ends by itself", async () => {
    const [ann, bo] = await both();
    await calls(ann, "Bo");
    await rings(bo);
    await ann.clock.fastForward(46_000);
    await states(ann, "no call: timeout");
    await rings(bo, false);
  });

  test("another one calls, or is to be called: one thing at a time", async () => {
    const [ann, bo] = await both();
    const cy = await join(`page-${rooms}`, "Cy", "WebSocket");
    await calls(ann, "Bo");
    await rings(bo);
    await calls(cy, "Ann");
    await states(cy, "no call: busy");
    await calls(ann, "Cy");
    await bo.getByRole("button", { name: "Answer" }).click();
    await Promise.all([ann, bo].map(sees));
    assert.equal(await cy.locator("#ringing").isVisible(), false);
  });

  test("one page of somebody is busy, another takes the call", async () => {
    const [ann, bo] = await both();
    const other = await join(`page-${rooms}`, "Bo", "WebSocket");
    const cy = await join(`page-${rooms}`, "Cy", "WebSocket");
    await calls(bo, "Cy");
    await cy.getByRole("button", { name: "Answer" }).click();
    await Promise.all([bo, cy].map(sees));
    await calls(ann, "Bo");
    await other.getByRole("button", { name: "Answer" }).click();
    await Promise.all([ann, other].map(sees));
  });
});

describe("a console and the page:", () => {
  const console = (name) => enterConsole(browser, server, name, `page-${rooms}`);

  test("the page rings two consoles of somebody: one takes the call, the other stops", async () => {
    const ann = await join(`page-${++rooms}`, "Ann", "EventSource");
    const [bo, other] = [await console("Bo"), await console("Bo")];
    await calls(ann, "Bo");
    await other.at("ring").waitFor();
    await bo.answer();
    await other.at("ring").waitFor({ state: "hidden" });
    await Promise.all([sees(ann), bo.sees(), bo.state("connected")]);
    await ann.getByRole("button", { name: "Hang up" }).click();
    await bo.ended();
  });

  for (const transport of ["WebSocket", "EventSource"]) {
    test(`by ${transport}, the console rings two pages of somebody: one takes the call, the other stops`, async () => {
      const ann = await join(`page-${++rooms}`, "Ann", transport);
      const other = await join(`page-${rooms}`, "Ann", "WebSocket");
      const bo = await console("Bo");
      await bo.ring("ann");
      await rings(other);
      await ann.getByRole("button", { name: "Answer" }).click();
      await rings(other, false);
      await Promise.all([sees(ann), bo.sees(), bo.state("connected")]);
      await bo.at("hang-up").click();
      await states(ann, "the call is over: hangup");
    });
  }

  test("one page declines, and none of the others rings on", async () => {
    const ann = await join(`page-${++rooms}`, "Ann", "WebSocket");
    const [other, third] = [await join(`page-${rooms}`, "Ann", "EventSource"), await console("Ann")];
    const bo = await console("Bo");
    await bo.ring("ann");
    await Promise.all([rings(other), third.at("ring").waitFor()]);
    await ann.getByRole("button", { name: "Decline" }).click();
    await bo.ended();
    await Promise.all([rings(other, false), third.at("ring").waitFor({ state: "hidden" })]);
  });
});

async function withRobot() {
  const room = `page-${++rooms}`;
  const bo = await join(room, "Bo", "WebSocket");
  return { bo, robot: await enter(await open("blank.html"), { server: server.base, transport: "WebSocket", name: "Robot", room }) };
}

test("a ring for something else is not for this page", async () => {
  const { bo, robot } = await withRobot();
  await robot.signal("bo@guest.localhost", { call: "1", ring: { kind: "file", files: [] } });
  assert.equal((await robot.hears("bye")).bye, "unsupported");
  assert.equal(await bo.locator("#ringing").isVisible(), false);
});

describe("who has rung is not heard again:", () => {
  /** Bo, whom somebody rings who says nothing more. */
  async function rungByRobot() {
    const { bo, robot } = await withRobot();
    await robot.signal("bo@guest.localhost", { call: "1", ring: { kind: "call" } });
    await rings(bo);
    return bo;
  }

  test("the question goes away", async () => {
    const bo = await rungByRobot();
    await bo.clock.fastForward(61_000);
    await rings(bo, false);
  });

  test("a call with him ends", async () => {
    const bo = await rungByRobot();
    await bo.getByRole("button", { name: "Answer" }).click();
    await bo.locator("#call").waitFor();
    await bo.clock.fastForward(61_000);
    await states(bo, "the call is over: lost");
  });
});

test("where only moderators see who people are, they are called by their names there", async () => {
  const room = "hiding@rooms.localhost";
  const romeo = await logIn(CLIENTS["@xmpp/client"], server, "romeo", "the password of romeo");
  leavesAfterwards(() => romeo.close());
  await romeo.enter(room, "Romeo");
  const field = (name, value) => xml("field", { var: name }, xml("value", {}, value));
  const form = [field("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig"), field("muc#roomconfig_whois", "moderators")];
  await romeo.xmpp.iqCaller.set(xml("query", "http://jabber.org/protocol/muc#owner", xml("x", { xmlns: "jabber:x:data", type: "submit" }, ...form)), room);
  const [ann, bo] = [await join("hiding", "Ann", "WebSocket"), await join("hiding", "Bo", "EventSource")];
  await ann.getByRole("button", { name: "Call Bo" }).click();
  await bo.getByRole("button", { name: "Answer" }).click();
  await bo.locator("#state", { hasText: "connected" }).waitFor();
  assert.equal(await ann.getByRole("button", { name: "Call Ann" }).count(), 0);
  await bo.getByRole("button", { name: "Hang up" }).click();
  await states(ann, "the call is over");
  await calls(ann, "Bo");
  await rings(bo);
  await bo.evaluate(() => addEventListener("pagehide", (event) => event.stopImmediatePropagation(), { capture: true })); // he says nothing
  await bo.close();
  await states(ann, "no call: left");
});
