// The console in Chromium: every transport, by mouse and by keyboard, on a phone, and for a screen reader.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { publish } from "./lib/clients.js";
import { launch, visit } from "./lib/console.js";
import { startServer } from "./lib/server.js";

const TRANSPORTS = ["polling", "longpoll", "sse", "websocket", "socketio", "socketio-polling", "socketio-websocket"];
const axe = createRequire(import.meta.url).resolve("axe-core");
let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.stop();
});

for (const transport of TRANSPORTS) {
  describe(transport, () => {
    const room = `console-${transport}`;

    test("join, speak, hear, see who is there", async () => {
      const ann = await visit(browser, server);
      await ann.join("Ann", room, transport);
      await ann.say("hello from the page");
      await ann.message("hello from the page", { name: "Ann", own: "true" });
      const posted = await publish(server, room, "hello from curl", "Bo");
      await ann.message("hello from curl", { offset: posted.offset, from: "bo@guest.localhost", how: "live" });
      await ann.page.locator("[data-testid=people] [data-user='ann@guest.localhost']").waitFor();
      assert.deepEqual(ann.complaints, []);
      await ann.close();
    });

    test("cut, spoken to meanwhile, back, and nothing missed", async () => {
      const ann = await visit(browser, server);
      await ann.join("Ann", `${room}-cut`, transport);
      await publish(server, `${room}-cut`, "before");
      await ann.message("before");
      for (let round = 0; round < 3; round++) {
        await ann.cut();
        await publish(server, `${room}-cut`, `away ${round}, one`);
        await publish(server, `${room}-cut`, `away ${round}, two`);
        await ann.reconnect();
        const late = await ann.message(`away ${round}, two`);
        assert.equal(await late.getAttribute("data-how"), "missed");
        const resumed = ann.at("resumed").nth(round);
        await resumed.waitFor();
        assert.equal(await resumed.getAttribute("data-recovered"), "true");
      }
      await publish(server, `${room}-cut`, "after");
      await ann.message("after");
      const away = [0, 1, 2].flatMap((round) => [`away ${round}, one`, `away ${round}, two`]);
      assert.deepEqual(await ann.texts(), ["before", ...away, "after"]);
      assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
      await ann.close();
    });

    test("what is said while cut goes out once, on coming back", async () => {
      const ann = await visit(browser, server);
      await ann.join("Ann", `${room}-held`, transport);
      await ann.cut();
      await ann.say("held for later");
      await ann.at("pending").waitFor();
      await ann.reconnect();
      await ann.message("held for later");
      const kept = await (await fetch(server.messages(`${room}-held`, "?since=0"))).json();
      assert.deepEqual(kept.messages.map((message) => message.data), ["held for later"]);
      await ann.close();
    });
  });
}

test("pages on all transports read one log in one order", async () => {
  const pages = [];
  for (const transport of TRANSPORTS) {
    pages.push(await visit(browser, server));
    await pages.at(-1).join(`by-${transport}`, "console-together", transport);
  }
  await Promise.all(pages.map(async (page, n) => {
    for (let i = 0; i < 5; i++) await page.say(`${n}.${i}`);
  }));
  for (const page of pages) for (let n = 0; n < pages.length; n++) await page.message(`${n}.4`);
  const shown = await Promise.all(pages.map((page) => page.texts()));
  assert.equal(shown[0].length, 5 * TRANSPORTS.length);
  for (const one of shown) assert.deepEqual(one, shown[0]);
  for (const page of pages) await page.close();
});

test("the keyboard is enough", async () => {
  const ann = await visit(browser, server);
  const { keyboard } = ann.page;
  /** Tabs on until the element with this test id has the focus. */
  const tabTo = async (id) => {
    for (let n = 0; n < 60; n++) {
      if (await ann.page.evaluate((id) => document.activeElement?.dataset.testid === id, id)) return;
      await keyboard.press("Tab");
    }
    assert.fail(`no way to ${id} by Tab`);
  };
  await tabTo("name");
  await keyboard.press("Control+A");
  await keyboard.type("Ann");
  await tabTo("room");
  await keyboard.press("Control+A");
  await keyboard.type("console-keys");
  await tabTo("transport");
  await keyboard.type("Server");
  await tabTo("join");
  await keyboard.press("Enter");
  await ann.state("live");
  await tabTo("message-input");
  await keyboard.type("typed, not clicked");
  await keyboard.press("Enter");
  await ann.message("typed, not clicked");
  await tabTo("cut");
  await keyboard.press("Enter");
  await ann.state("cut");
  await tabTo("reconnect");
  await keyboard.press("Enter");
  await ann.state("live");
  await ann.close();
});

test("360 pixels wide, nothing sticks out sideways", async () => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
  const ann = await visit(browser, server, phone);
  const overflow = () => ann.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await overflow(), 0, "before joining");
  await ann.join("Ann", "console-phone", "socketio");
  await ann.way("websocket");
  await ann.say("a word without end: " + "w".repeat(400));
  await ann.at("message").first().waitFor();
  assert.equal(await overflow(), 0, "with a message in the room");
  await ann.close();
});

describe("nothing for axe to complain about", () => {
  /** Runs axe-core in the page; each violation as one readable line. */
  const violations = async (page) => {
    await page.addScriptTag({ path: axe });
    const found = await page.evaluate(() => globalThis.axe.run());
    return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target).join(", ")}`);
  };

  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { viewport: { width: 360, height: 740 } }],
  ]) {
    test(name, async () => {
      const ann = await visit(browser, server, { ...options, reducedMotion: "reduce", bypassCSP: true });
      assert.deepEqual(await violations(ann.page), [], "before joining");
      await ann.join("Ann", "console-axe", "socketio");
      await ann.way("websocket");
      await ann.say("hello");
      await ann.message("hello");
      assert.deepEqual(await violations(ann.page), [], "in the room");
      await ann.cut();
      assert.deepEqual(await violations(ann.page), [], "cut");
      await ann.reconnect();
      await ann.way("websocket");
      assert.deepEqual(await violations(ann.page), [], "back");
      await ann.close();
    });
  }
});
