// The page of the example as somebody uses it: join, call a person of the room, see him, write to him, and be gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launchForCalls } from "./lib/calls.js";
import { exampleSite, letsIn } from "./lib/example.js";
import { startServer } from "./lib/server.js";

async function join(browser, site, server, name, transport) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${site.base}/index.html`);
  await page.getByLabel("Server").fill(server.base);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Signals travel by").selectOption(transport);
  await page.getByRole("button", { name: "Join" }).click();
  await page.locator("#state", { hasText: "here as" }).waitFor();
  return page;
}

const sees = (page) => page.waitForFunction(() => document.getElementById("theirs").getVideoPlaybackQuality().totalVideoFrames > 10);

test("the page of examples/calls", async (t) => {
  const site = await exampleSite();
  t.after(() => site.close());
  const server = await startServer(letsIn(site));
  t.after(() => server.stop());
  const browser = await launchForCalls();
  t.after(() => browser.close());
  const ann = await join(browser, site, server, "Ann", "EventSource");
  const bo = await join(browser, site, server, "Bo", "Socket.IO");
  await ann.getByRole("button", { name: "Call Bo" }).click();
  await bo.getByRole("button", { name: "Answer" }).click();
  await Promise.all([ann, bo].map(sees));
  await ann.getByLabel("Text").fill("hello");
  await ann.getByRole("button", { name: "Send" }).click();
  await bo.getByText("They: hello").waitFor();
  await ann.close();
  await bo.locator("#state", { hasText: "the call is over" }).waitFor();
  assert.equal(await bo.locator("#state").textContent(), "the call is over: left");
});
