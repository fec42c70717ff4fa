// Files from console to console, straight over a data channel: offered, accepted or not, and whole.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { launchForCalls } from "./lib/calls.js";
import { MB, accept, arrivesWhole, offer, offerLarge, openSender, person, reaches, save, small, state, sumOfLarge, together, transfer } from "./lib/files.js";
import { startServer } from "./lib/server.js";

const axe = createRequire(import.meta.url).resolve("axe-core");
const sumOf = (text) => createHash("sha256").update(text).digest("hex");
let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
});

let rooms = 0;

/** Ann and Bo, in a room of their own. */
const annAndBo = (options) => together(browser, server, `files-${++rooms}`, options);

describe("a file", () => {
  test("is there once it is accepted, and not before", async () => {
    const [ann, bo] = await annAndBo();
    await offer(ann, bo, small("note.txt", "for Bo only"));
    assert.equal((await state(bo, "note.txt", "offered")).bytes, "0");
    assert.equal(await bo.page.evaluate(() => globalThis.connections.length), 0, "no connection before anybody has accepted");
    await accept(bo, "note.txt");
    await arrivesWhole(ann, bo, "note.txt", { size: 11, sum: sumOf("for Bo only") });
  });

  test("of no bytes arrives whole", async () => {
    const [ann, bo] = await annAndBo();
    await offer(ann, bo, small("empty.txt", ""));
    await accept(bo, "empty.txt");
    await arrivesWhole(ann, bo, "empty.txt", { size: 0, sum: sumOf("") });
  });

  test("may be called anything: its name is text, and leads nowhere", async () => {
    const [ann, bo] = await annAndBo();
    const names = ["../../up.txt", `"q" 'r' & <b onmouseover=alert(1)>.txt`, "😀 Ünï.txt", "a\u202etxt.exe"];
    await offer(ann, bo, ...names.map((name) => small(name, name)));
    const shown = ["../../up.txt", names[1], names[2], "atxt.exe"];
    await bo.at("file-offer").nth(3).waitFor();
    assert.deepEqual(await bo.at("file-name").allTextContents(), shown);
    const saved = ["up.txt", "_q_ 'r' & _b onmouseover=alert(1)_.txt", "😀 Ünï.txt", "atxt.exe"];
    for (const [index, name] of shown.entries()) {
      await accept(bo, name);
      await state(bo, name, "whole");
      assert.deepEqual(await save(bo, name), { name: saved[index], size: Buffer.byteLength(names[index]), sum: sumOf(names[index]) });
    }
  });

  test("is declined, and nothing of it has come", async () => {
    const [ann, bo] = await annAndBo();
    await offer(ann, bo, small("unwanted.txt", "x"));
    await transfer(bo, "unwanted.txt").getByTestId("file-decline").click();
    await state(ann, "unwanted.txt", "declined");
    assert.equal((await state(bo, "unwanted.txt", "declined")).bytes, "0");
    assert.equal(await bo.page.evaluate(() => globalThis.connections.length), 0);
  });

  test("is taken back before anybody has answered", async () => {
    const [ann, bo] = await annAndBo();
    await offer(ann, bo, small("secret.txt", "x"));
    await state(bo, "secret.txt", "offered");
    await transfer(ann, "secret.txt").getByTestId("file-cancel").click();
    await state(bo, "secret.txt", "cancelled");
  });

  for (const by of ["sender", "receiver"]) {
    test(`is cancelled midway by the ${by}`, async () => {
      const [ann, bo] = await annAndBo();
      await offerLarge(ann, bo, "long.bin", 300 * MB);
      await accept(bo, "long.bin");
      await reaches(bo, "long.bin", MB);
      await transfer(by === "sender" ? ann : bo, "long.bin").getByTestId("file-cancel").click();
      for (const one of [ann, bo]) await state(one, "long.bin", "cancelled");
      assert.equal(await transfer(bo, "long.bin").getByTestId("file-save").count(), 0);
    });
  }

  test("of 200 MB is whole, byte for byte", async () => {
    const [ann, bo] = await annAndBo();
    await offerLarge(ann, bo, "large.bin", 200 * MB);
    await accept(bo, "large.bin");
    await reaches(ann, "large.bin", MB);
    assert.match(await transfer(ann, "large.bin").getByTestId("file-state").textContent(), /^\d+ % · .* of 200 MB/);
    const { received } = await arrivesWhole(ann, bo, "large.bin", { size: 200 * MB, sum: sumOfLarge(200 * MB) });
    assert.equal(received.resumedFrom, "0");
  });

  test("is one of several at once, both ways", async () => {
    const [ann, bo] = await annAndBo();
    const sizes = { "one.bin": 20 * MB, "two.bin": 30 * MB };
    for (const [name, size] of Object.entries(sizes)) await offerLarge(ann, bo, name, size);
    await offerLarge(bo, ann, "back.bin", 25 * MB);
    for (const name of Object.keys(sizes)) await accept(bo, name);
    await accept(ann, "back.bin");
    for (const [name, size] of Object.entries(sizes)) await arrivesWhole(ann, bo, name, { size, sum: sumOfLarge(size) });
    await arrivesWhole(bo, ann, "back.bin", { size: 25 * MB, sum: sumOfLarge(25 * MB) });
  });

  test("one is taken and the other is not", async () => {
    const [ann, bo] = await annAndBo();
    await offer(ann, bo, small("yes.txt", "yes"), small("no.txt", "no"));
    await accept(bo, "yes.txt");
    await arrivesWhole(ann, bo, "yes.txt", { size: 3, sum: sumOf("yes") });
    await transfer(bo, "no.txt").getByTestId("file-decline").click();
    await state(ann, "no.txt", "declined");
  });

  test("for somebody who hears no rings comes to nothing, and says so", async () => {
    const room = `files-${++rooms}`;
    const [ann, bo] = [await openSender(browser, server, "Ann", room), await openSender(browser, server, "Bo", room, { transport: "polling" })];
    await person(ann, bo).waitFor();
    await offer(ann, bo, small("unheard.txt", "x"));
    await state(ann, "unheard.txt", "failed");
    assert.match(await transfer(ann, "unheard.txt").getByTestId("file-state").textContent(), /hears no rings/);
    assert.equal(await person(bo, ann).getByTestId("file-input").count(), 0);
  });
});

describe("files are handed over", () => {
  /** Has these files dropped on an element. */
  const drop = async (target, ...names) => {
    const data = await target.page().evaluateHandle((names) => {
      const data = new DataTransfer();
      for (const name of names) data.items.add(new File([name], name));
      return data;
    }, names);
    for (const type of ["dragenter", "dragover", "drop"]) await target.dispatchEvent(type, { dataTransfer: data });
  };

  test("by dropping them on somebody", async () => {
    const [ann, bo] = await annAndBo();
    await drop(person(ann, bo), "dropped.txt");
    await accept(bo, "dropped.txt");
    await arrivesWhole(ann, bo, "dropped.txt", { size: 11, sum: sumOf("dropped.txt") });
  });

  test("by dropping them on the conversation, and saying who is to have them", async () => {
    const [ann, bo] = await annAndBo();
    await drop(ann.page.locator(".chat"), "for-one.txt");
    await ann.at("share-choice").waitFor();
    await ann.page.locator(`[data-testid=share-person][data-person='${bo.user}']`).click();
    await accept(bo, "for-one.txt");
    await arrivesWhole(ann, bo, "for-one.txt", { size: 11, sum: sumOf("for-one.txt") });
  });

  test("by keyboard alone", async () => {
    const [ann, bo] = await annAndBo();
    const { keyboard } = ann.page;
    const focused = () => ann.page.evaluate(() => document.activeElement?.dataset.testid);
    await ann.at("share-input").focus();
    const [chooser] = await Promise.all([ann.page.waitForEvent("filechooser"), keyboard.press("Enter")]);
    await chooser.setFiles([small("typed.txt", "typed")]);
    await ann.at("share-choice").waitFor();
    while ((await focused()) !== "share-person") await keyboard.press("Tab");
    await keyboard.press("Enter");
    await transfer(bo, "typed.txt").waitFor();
    await bo.at("message-input").focus();
    while ((await bo.page.evaluate(() => document.activeElement?.dataset.testid)) !== "file-accept") await bo.page.keyboard.press("Shift+Tab");
    await bo.page.keyboard.press("Enter");
    await arrivesWhole(ann, bo, "typed.txt", { size: 5, sum: sumOf("typed") });
  });
});

describe("nothing for axe to complain about, and nothing sticks out", () => {
  for (const [name, options] of [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { viewport: { width: 360, height: 740 } }],
  ]) {
    test(name, async () => {
      const [ann, bo] = await annAndBo({ ...options, reducedMotion: "reduce", bypassCSP: true });
      const looks = async (who, when) => {
        await who.page.addScriptTag({ path: axe });
        const { violations } = await who.page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`), [], when);
        assert.equal(await who.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, when);
      };
      await offerLarge(ann, bo, `a-name-without-end-${"x".repeat(150)}.bin`, 150 * MB);
      await offer(ann, bo, small("small.txt", "small"));
      await bo.at("file-offer").nth(1).waitFor();
      await looks(bo, "offered");
      await accept(bo, "small.txt");
      await state(bo, "small.txt", "whole");
      await accept(bo, "a-name-without-end");
      await reaches(bo, "a-name-without-end", MB);
      await looks(bo, "moving, and whole");
      await looks(ann, "sending");
      await ann.at("share-input").setInputFiles([small("chosen.txt", "chosen")]);
      await ann.at("share-choice").waitFor();
      await looks(ann, "who is to have it");
    });
  }
});
