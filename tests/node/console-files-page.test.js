// How files are handed over in the console: by mouse, by keyboard, on a phone, and for a screen reader.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { MB, accept, arrivesWhole, offer, offerLarge, person, reaches, small, state, transfer } from "./lib/files.js";
import { LOOKS, looksWell } from "./lib/looks.js";
import { Rooms } from "./lib/rooms.js";

const sumOf = (text) => createHash("sha256").update(text).digest("hex");
const rooms = new Rooms("handed");

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
    const [ann, bo] = await rooms.annAndBo();
    await drop(person(ann, bo), "dropped.txt");
    await accept(bo, "dropped.txt");
    await arrivesWhole(ann, bo, "dropped.txt", { size: 11, sum: sumOf("dropped.txt") });
  });

  test("by dropping them on the conversation, and saying who is to have them", async () => {
    const [ann, bo] = await rooms.annAndBo();
    await drop(ann.page.locator(".chat"), "for-one.txt");
    await ann.at("share-choice").waitFor();
    await ann.page.locator(`[data-testid=share-person][data-person='${bo.user}']`).click();
    await accept(bo, "for-one.txt");
    await arrivesWhole(ann, bo, "for-one.txt", { size: 11, sum: sumOf("for-one.txt") });
  });

  test("by keyboard alone", async () => {
    const [ann, bo] = await rooms.annAndBo();
    const { keyboard } = ann.page;
    const focused = () => ann.page.evaluate(() => document.activeElement?.dataset.testid);
    await ann.at("share-input").focus();
    // The browser gives its choosers to the test from the next round trip on.
    const choosing = ann.page.waitForEvent("filechooser");
    assert.equal(await focused(), "share-input");
    const [chooser] = await Promise.all([choosing, keyboard.press("Enter")]);
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
  for (const [name, options] of LOOKS) {
    test(name, async () => {
      const [ann, bo] = await rooms.annAndBo(options);
      await offerLarge(ann, bo, `a-name-without-end-${"x".repeat(150)}.bin`, 150 * MB);
      await offer(ann, bo, small("small.txt", "small"));
      await bo.at("file-offer").nth(1).waitFor();
      await looksWell(bo, "offered");
      await accept(bo, "small.txt");
      await state(bo, "small.txt", "whole");
      await accept(bo, "a-name-without-end");
      await reaches(bo, "a-name-without-end", MB);
      await looksWell(bo, "moving, and whole");
      await looksWell(ann, "sending");
      await ann.at("share-input").setInputFiles([small("chosen.txt", "chosen")]);
      await ann.at("share-choice").waitFor();
      await looksWell(ann, "who is to have it");
    });
  }
});
