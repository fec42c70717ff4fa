// Files from console to console, straight over a data channel: offered, accepted or not, and whole.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { MB, accept, arrivesWhole, offer, offerLarge, openSender, person, reaches, save, small, state, transfer } from "./lib/files.js";
import { Rooms } from "./lib/rooms.js";

const sumOf = (text) => createHash("sha256").update(text).digest("hex");
const rooms = new Rooms("files");

describe("a file", () => {
  test("is there once it is accepted, and not before", async () => {
    const [ann, bo] = await rooms.annAndBo();
    await offer(ann, bo, small("note.txt", "for Bo only"));
    assert.equal((await state(bo, "note.txt", "offered")).bytes, "0");
    assert.equal(await bo.page.evaluate(() => globalThis.connections.length), 0, "no connection before anybody has accepted");
    await accept(bo, "note.txt");
    await arrivesWhole(ann, bo, "note.txt", { size: 11, sum: sumOf("for Bo only") });
  });

  test("of no bytes arrives whole", async () => {
    const [ann, bo] = await rooms.annAndBo();
    await offer(ann, bo, small("empty.txt", ""));
    await accept(bo, "empty.txt");
    await arrivesWhole(ann, bo, "empty.txt", { size: 0, sum: sumOf("") });
  });

  test("may be called anything: its name is text, and leads nowhere", async () => {
    const [ann, bo] = await rooms.annAndBo();
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
    const [ann, bo] = await rooms.annAndBo();
    await offer(ann, bo, small("unwanted.txt", "x"));
    await transfer(bo, "unwanted.txt").getByTestId("file-decline").click();
    await state(ann, "unwanted.txt", "declined");
    assert.equal((await state(bo, "unwanted.txt", "declined")).bytes, "0");
    assert.equal(await bo.page.evaluate(() => globalThis.connections.length), 0);
  });

  test("is taken back before anybody has answered", async () => {
    const [ann, bo] = await rooms.annAndBo();
    await offer(ann, bo, small("secret.txt", "x"));
    await state(bo, "secret.txt", "offered");
    await transfer(ann, "secret.txt").getByTestId("file-cancel").click();
    await state(bo, "secret.txt", "cancelled");
  });

  for (const by of ["sender", "receiver"]) {
    test(`is cancelled midway by the ${by}`, async () => {
      const [ann, bo] = await rooms.annAndBo();
      await offerLarge(ann, bo, "long.bin", 300 * MB);
      await accept(bo, "long.bin");
      await reaches(bo, "long.bin", MB);
      await transfer(by === "sender" ? ann : bo, "long.bin").getByTestId("file-cancel").click();
      for (const one of [ann, bo]) await state(one, "long.bin", "cancelled");
      assert.equal(await transfer(bo, "long.bin").getByTestId("file-save").count(), 0);
    });
  }

  test("whose receiver has loaded his page anew is forgotten there, and can be offered once more", async () => {
    const [ann, bo] = await rooms.annAndBo();
    await offerLarge(ann, bo, "again.bin", 100 * MB);
    await accept(bo, "again.bin");
    await reaches(bo, "again.bin", MB);
    await bo.page.reload();
    await bo.join("Bo", rooms.room, "websocket");
    await state(ann, "again.bin", "failed");
    assert.match(await transfer(ann, "again.bin").getByTestId("file-state").textContent(), /forgotten/);
    assert.equal(await transfer(bo, "again.bin").count(), 0);
    await transfer(ann, "again.bin").getByTestId("file-again").click();
    await state(bo, "again.bin", "offered");
  });

  for (const by of ["sender", "receiver"]) {
    test(`whose ${by} leaves the page meanwhile comes to nothing on both sides`, async () => {
      const [ann, bo] = await rooms.annAndBo();
      await offerLarge(ann, bo, "left.bin", 300 * MB);
      await accept(bo, "left.bin");
      await reaches(bo, "left.bin", MB);
      const [goes, stays] = by === "sender" ? [ann, bo] : [bo, ann];
      await goes.page.reload();
      await state(stays, "left.bin", "cancelled", "failed");
    });
  }

  test("that was offered in one room is not offered to who has the same name in another one", async () => {
    const [ann, bo] = await rooms.annAndBo();
    await offer(ann, bo, small("salaries.ods", "for Bo"));
    await state(bo, "salaries.ods", "offered");
    const elsewhere = `${rooms.room}-elsewhere`;
    await ann.join("Ann", elsewhere, "websocket");
    await state(ann, "salaries.ods", "cancelled");
    await state(bo, "salaries.ods", "cancelled");
    const stranger = await openSender(rooms.browser, rooms.server, "Bo", elsewhere);
    await person(ann, stranger).waitFor();
    await offer(ann, stranger, small("hello.txt", "hello"));
    await accept(stranger, "hello.txt");
    await arrivesWhole(ann, stranger, "hello.txt", { size: 5, sum: sumOf("hello") });
    assert.equal(await transfer(stranger, "salaries.ods").count(), 0);
  });

  test("one is taken and the other is not", async () => {
    const [ann, bo] = await rooms.annAndBo();
    await offer(ann, bo, small("yes.txt", "yes"), small("no.txt", "no"));
    await accept(bo, "yes.txt");
    await arrivesWhole(ann, bo, "yes.txt", { size: 3, sum: sumOf("yes") });
    await transfer(bo, "no.txt").getByTestId("file-decline").click();
    await state(ann, "no.txt", "declined");
  });

  test("for somebody who hears no rings comes to nothing, and says so", async () => {
    const [ann] = await rooms.people(["Ann"]);
    const bo = await rooms.another("Bo", { transport: "polling" });
    await person(ann, bo).waitFor();
    await offer(ann, bo, small("unheard.txt", "x"));
    await state(ann, "unheard.txt", "failed");
    assert.match(await transfer(ann, "unheard.txt").getByTestId("file-state").textContent(), /hears no rings/);
    assert.equal(await person(bo, ann).getByTestId("file-input").count(), 0);
  });
});
