// Calls between people of a room through the console, in Chromium with a camera and a microphone of its own making.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { enter, inCall } from "./lib/callers.js";
import { launchForCalls } from "./lib/calls.js";
import { launch, visit } from "./lib/console.js";
import { leavesAfterwards } from "./lib/leaving.js";
import { freePort, startServer } from "./lib/server.js";
import { relaying } from "./lib/turn.js";

const axe = createRequire(import.meta.url).resolve("axe-core");
let server;
let browser;
before(async () => {
  server = await startServer(relaying());
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
});

describe("a call", () => {
  test("with video: both see and hear each other, and how it goes is shown", async () => {
    const [ann, bo] = await inCall(browser, server, "call-video");
    await Promise.all([ann.sees(), bo.sees(), ann.hears(), bo.hears(), ann.path()]);
    assert.match(await ann.at("path").textContent(), /^Direct, UDP: (host|reflexive) here, (host|reflexive) there$/);
    await ann.at("path").click();
    for (const figure of ["round-trip", "loss", "bitrate-in", "bitrate-out"]) {
      await ann.page.locator(`[data-testid=${figure}][data-value]`).waitFor();
    }
    await ann.at("hang-up").click();
    assert.match(await ann.ended(), /^You hung up\. It lasted 0:\d\d\.$/);
    assert.match(await bo.ended(), /^Ann hung up\. It lasted 0:\d\d\.$/);
    assert.deepEqual([...ann.complaints, ...bo.complaints], []);
  });

  test("by voice, to which both add pictures later", async () => {
    const [ann, bo] = [await enter(browser, server, "Ann", "call-voice"), await enter(browser, server, "Bo", "call-voice")];
    await ann.ring("bo", "voice");
    await bo.answer("voice");
    await Promise.all([ann.state("connected"), bo.state("connected")]);
    await Promise.all([ann.hears(), bo.hears()]);
    assert.equal(await bo.at("there").isVisible(), false);
    await ann.at("camera").click();
    await bo.sees();
    assert.equal(await ann.at("there").isVisible(), false);
    await bo.at("camera").click();
    await ann.sees();
  });

  test("muted, without a camera, with a screen, and back", async () => {
    const [ann, bo] = await inCall(browser, server, "call-switches");
    await bo.sees();
    await ann.at("mute").click();
    await bo.hears(false);
    await ann.at("mute").click();
    await bo.hears();
    await ann.at("camera").click();
    await bo.at("there").waitFor({ state: "hidden" });
    await ann.at("screen").click();
    await bo.sees();
    assert.equal(await ann.at("here").getAttribute("data-mirror"), "false");
    await ann.at("screen").click();
    await bo.at("there").waitFor({ state: "hidden" });
    await ann.at("camera").click();
    await bo.sees();
    await ann.sees();
    assert.deepEqual([...ann.complaints, ...bo.complaints], []);
  });

  test("that begins with a screen", async () => {
    const [ann, bo] = [await enter(browser, server, "Ann", "call-screen"), await enter(browser, server, "Bo", "call-screen")];
    await ann.ring("bo", "screen");
    await bo.at("ring").getByText("wants to show you a screen").waitFor();
    await bo.answer("voice");
    await bo.sees();
  });

  test("by relay only, where the address says ?ice=relay", async (t) => {
    const relay = await startServer(relaying());
    t.after(() => relay.stop());
    const [ann, bo] = await inCall(browser, relay, "call-relay", undefined, { query: "?ice=relay" });
    await Promise.all([ann.sees(), bo.sees()]);
    for (const one of [ann, bo]) assert.deepEqual(await one.path(), { local: "relay", remote: "relay", protocol: "udp" });
  });
});

describe("whatever each side speaks", () => {
  const PAIRS = [
    ["sse", "websocket"],
    ["socketio", "sse"],
    ["xmpp", "socketio-polling"],
    ["socketio-websocket", "xmpp"],
  ];
  for (const pair of PAIRS) {
    test(pair.join(" calls "), async () => {
      const [ann, bo] = await inCall(browser, server, `speak-${pair.join("-")}`, pair);
      await Promise.all([ann.sees(), bo.sees()]);
      await bo.at("camera").click();
      await ann.at("there").waitFor({ state: "hidden" });
      await bo.at("hang-up").click();
      assert.match(await ann.ended(), /^Bo hung up\./);
      // That nobody else is there who could stop ringing is an answer too: Chromium tells of every 404.
      assert.deepEqual([...ann.complaints, ...bo.complaints].filter((complaint) => !complaint.includes("404")), []);
    });
  }

  test("one changes what it speaks, twice, and the call goes on", async () => {
    const [ann, bo] = await inCall(browser, server, "speak-change");
    const change = async (transport) => {
      await ann.at("transport").selectOption(transport);
      await ann.at("join").click();
      await ann.visitor.state("live");
    };
    await change("polling");
    await bo.sees();
    // Polls carry no signals: what is to be said is said by what comes next.
    await ann.at("camera").click();
    await ann.at("here").waitFor({ state: "hidden" });
    assert.equal(await bo.at("there").isVisible(), true);
    await change("sse");
    await bo.at("there").waitFor({ state: "hidden" });
    await ann.at("camera").click();
    await bo.sees();
  });
});

describe("ringing", () => {
  test("declined", async () => {
    const [ann, bo] = [await enter(browser, server, "Ann", "ring-no"), await enter(browser, server, "Bo", "ring-no")];
    await ann.ring("bo");
    await bo.at("decline").click();
    assert.equal(await ann.ended(), "Bo declined.");
    assert.equal(await bo.ended(), "You declined the call from Ann.");
  });

  test("called off before it is taken", async () => {
    const [ann, bo] = [await enter(browser, server, "Ann", "ring-off"), await enter(browser, server, "Bo", "ring-off")];
    await ann.ring("bo");
    await bo.at("ring").waitFor();
    assert.equal(await bo.page.title(), "Ann calls · Hubbub");
    await ann.at("hang-up").click();
    assert.equal(await bo.ended(), "Ann called, and hung up.");
    assert.equal(await bo.at("ring").isVisible(), false);
  });

  test("on all pages of somebody, until one takes it", async () => {
    const [ann, one, two] = await Promise.all(["Ann", "Bo", "Bo"].map((name) => enter(browser, server, name, "ring-pages")));
    await ann.ring("bo");
    await one.at("ring").waitFor();
    await two.answer();
    assert.equal(await one.ended(), "Taken on another page of yours.");
    await Promise.all([ann.sees(), two.sees()]);
  });

  test("somebody who is in another call", async () => {
    await inCall(browser, server, "ring-busy");
    const eve = await enter(browser, server, "Eve", "ring-busy");
    await eve.ring("ann");
    assert.equal(await eve.ended(), "Ann is in another call.");
  });

  test("each other at the same moment is one call", async () => {
    const [ann, bo] = [await enter(browser, server, "Ann", "ring-glare"), await enter(browser, server, "Bo", "ring-glare")];
    await Promise.all([ann.ring("bo"), bo.ring("ann")]);
    await Promise.all([ann.state("connected"), bo.state("connected")]);
    await Promise.all([ann.sees(), bo.sees()]);
    for (const one of [ann, bo]) assert.equal(await one.at("ring").count(), 0);
  });

  test("somebody who leaves the page", async () => {
    const [ann, bo] = await inCall(browser, server, "ring-left");
    await bo.page.close({ runBeforeUnload: true });
    assert.match(await ann.ended(), /^Bo left the page\./);
  });

  test("somebody whose page hears no signals, and from such a page", async () => {
    const [ann, bo] = [await enter(browser, server, "Ann", "ring-poll"), await enter(browser, server, "Bo", "ring-poll", "polling")];
    await ann.ring("bo");
    assert.match(await ann.ended(), /^Bo is not here, or cannot be called/);
    await bo.at("no-signals").waitFor();
    assert.equal(await bo.button("ann").count(), 0);
  });
});

test("a guest is named as one, where he rings and in the call; who has an account is not", async (t) => {
  const accounts = await startServer("", { durable: true });
  t.after(() => accounts.stop());
  await accounts.addUser("ann", "the password of ann");
  const ann = await visit(browser, accounts);
  leavesAfterwards(() => ann.close());
  await ann.page.getByText("Sign in").first().click();
  await ann.page.getByLabel("Account").fill("ann");
  await ann.page.getByLabel("Password").fill("the password of ann");
  await ann.at("sign-in").click();
  await ann.page.getByRole("button", { name: "Sign out" }).waitFor();
  await ann.at("room").fill("guests");
  await ann.at("join").click();
  const bo = await enter(browser, accounts, "Bo", "guests");
  await bo.page.locator("[data-user='ann@localhost']").getByTestId("call-voice").click();
  const mark = "a guest: anybody may call himself so";
  await ann.at("ring").getByText(mark, { exact: true }).waitFor();
  await ann.at("answer-voice").click();
  await bo.state("connected");
  await ann.at("call").getByText(mark, { exact: true }).waitFor();
  assert.equal(await bo.at("guest").count(), 0);
});

describe("a call goes on", () => {
  /** The one switches the camera off and on again, which only a signal can tell the other. */
  const negotiate = async (one, other) => {
    await one.at("camera").click();
    await other.at("there").waitFor({ state: "hidden" });
    await one.at("camera").click();
    await other.sees();
  };

  test("while a link is cut; what was to be said is said when it is back, under another address", async () => {
    const [ann, bo] = await inCall(browser, server, "on-cut");
    await ann.visitor.cut();
    await bo.sees();
    await ann.at("camera").click();
    await ann.at("here").waitFor({ state: "hidden" });
    assert.equal(await bo.at("there").isVisible(), true);
    await ann.visitor.reconnect();
    await bo.at("there").waitFor({ state: "hidden" });
    await negotiate(bo, ann);
  });

  test("while both links are cut, and both have something to say when they are back", async () => {
    const [ann, bo] = await inCall(browser, server, "on-cut-both");
    await Promise.all([ann.visitor.cut(), bo.visitor.cut()]);
    await Promise.all([ann.at("camera").click(), bo.at("camera").click()]);
    await ann.visitor.reconnect();
    await bo.visitor.reconnect();
    await Promise.all([ann.at("there").waitFor({ state: "hidden" }), bo.at("there").waitFor({ state: "hidden" })]);
    await Promise.all([ann.at("camera").click(), bo.at("camera").click()]);
    await Promise.all([ann.sees(), bo.sees()]);
  });

  test("through a restart of the server, after which it carries signals again", async (t) => {
    const port = await freePort();
    const first = await startServer("", { port });
    const [ann, bo] = await inCall(browser, first, "on-restart");
    await first.kill();
    await ann.visitor.state("retrying");
    await Promise.all([ann.sees(60), bo.sees(60)]);
    const second = await startServer("", { port });
    t.after(() => second.stop());
    await Promise.all([ann.visitor.state("live"), bo.visitor.state("live")]);
    await negotiate(ann, bo);
    await negotiate(bo, ann);
  });

  test("by new relays when the server that relays has been restarted", async (t) => {
    const port = await freePort();
    const first = await startServer(relaying(), { port });
    const [ann, bo] = await inCall(browser, first, "on-relay", undefined, { query: "?ice=relay" });
    await first.kill();
    await Promise.all([ann.state("reconnecting"), bo.state("reconnecting")]);
    const second = await startServer(relaying(), { port });
    t.after(() => second.stop());
    await Promise.all([ann.state("connected"), bo.state("connected")]);
    await Promise.all([ann.sees(), bo.sees()]);
  });

  test("when the network was away for a moment", async () => {
    const [ann, bo] = await inCall(browser, server, "on-offline");
    const context = ann.page.context();
    const offers = () => ann.at("wire").getByText('"type":"offer"').count();
    const before = await offers();
    await context.setOffline(true);
    await context.setOffline(false);
    await ann.page.waitForFunction((before) => globalThis.document.querySelector("[data-testid=wire]").textContent.split('"type":"offer"').length - 1 > before, before);
    await Promise.all([ann.sees(), bo.sees()]);
  });

  test("in another room it does not: whoever leaves the room leaves the call", async () => {
    const [ann, bo] = await inCall(browser, server, "on-leaving");
    await ann.visitor.join("Ann", "on-elsewhere", "websocket");
    assert.match(await bo.ended(), /^Ann left the page\./);
  });
});

describe("what a page is not given", () => {
  test("the microphone: it is said what to do", async () => {
    const strict = await launch("--use-fake-device-for-media-stream");
    leavesAfterwards(() => strict.close());
    const [ann, bo] = [await enter(strict, server, "Ann", "no-device"), await enter(browser, server, "Bo", "no-device")];
    const browserItself = await ann.page.context().newCDPSession(ann.page);
    await browserItself.send("Browser.setPermission", { permission: { name: "microphone" }, setting: "denied", origin: server.base });
    await ann.ring("bo");
    assert.match(await ann.ended(), /^This page may not use the microphone\. Allow it/);
    await bo.ring("ann");
    await ann.answer();
    assert.match(await ann.at("call-problem").textContent(), /^This page may not use the microphone\. Allow it/);
    await ann.at("decline").click();
    assert.equal(await bo.ended(), "Ann declined.");
  });

  test("a camera, where there is none: one can watch and listen", async () => {
    const bare = await launch("--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required");
    leavesAfterwards(() => bare.close());
    const [ann, bo] = [await enter(bare, server, "Ann", "no-camera"), await enter(browser, server, "Bo", "no-camera")];
    await ann.ring("bo");
    await bo.answer();
    await ann.sees();
    await ann.hears();
    assert.match(await ann.at("call-problem").textContent(), /^There is no camera\. /);
    assert.equal(await bo.at("there").isVisible(), false);
  });

  test("anything, where it did not come by HTTPS", async (t) => {
    const port = await freePort();
    const far = { base: `http://hubbub.test:${port}` };
    const open = await startServer(`http.origins = ["${far.base}"]`, { port });
    t.after(() => open.stop());
    const elsewhere = await launch("--host-resolver-rules=MAP hubbub.test 127.0.0.1");
    leavesAfterwards(() => elsewhere.close());
    const [ann] = [await enter(elsewhere, far, "Ann", "no-https"), await enter(browser, open, "Bo", "no-https")];
    await ann.ring("bo");
    assert.match(await ann.ended(), /^Calls need HTTPS\. /);
  });
});

describe("for everybody", () => {
  test("the keyboard is enough", async () => {
    const [ann, bo] = [await enter(browser, server, "Ann", "all-keys"), await enter(browser, server, "Bo", "all-keys")];
    const press = async ({ page }, id, key = "Enter") => {
      for (let n = 0; n < 80; n++) {
        if (await page.evaluate((id) => globalThis.document.activeElement?.dataset.testid === id, id)) return page.keyboard.press(key);
        await page.keyboard.press("Tab");
      }
      assert.fail(`no way to ${id} by Tab`);
    };
    await ann.button("bo", "video").waitFor();
    await press(ann, "call-video");
    await bo.at("ring").waitFor();
    await press(bo, "answer-video");
    await Promise.all([ann.state("connected"), bo.state("connected")]);
    await press(ann, "mute", "Space");
    await ann.page.locator("[data-testid=mute][aria-pressed=true]").waitFor();
    await press(bo, "hang-up");
    assert.match(await ann.ended(), /^Bo hung up\./);
  });

  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
  ]) {
    test(`nothing for axe to complain about and nothing that sticks out: ${name}`, async () => {
      const looks = { ...options, reducedMotion: "reduce", bypassCSP: true };
      const room = `all-${name}`;
      const [ann, bo] = [await enter(browser, server, "Ann", room, "websocket", looks), await enter(browser, server, "Bo", room, "websocket", looks)];
      if (name === "phone") for (const { page } of [ann, bo]) await page.getByRole("button", { name: "Room", exact: true }).click();
      await ann.ring("bo");
      await bo.at("ring").waitFor();
      await check(bo, "ringing there");
      await check(ann, "ringing here");
      await bo.answer();
      await Promise.all([ann.sees(), bo.sees(), ann.path()]);
      await ann.at("mute").click();
      await check(ann, "connected");
      await bo.at("hang-up").click();
      await ann.ended();
      await check(ann, "over");
    });
  }

  /** Axe finds nothing, and the page is no wider than the screen. */
  async function check({ page }, when) {
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target).join(", ")}`), [], when);
    const overflow = await page.evaluate(() => globalThis.document.documentElement.scrollWidth - globalThis.document.documentElement.clientWidth);
    assert.equal(overflow, 0, when);
  }
});
