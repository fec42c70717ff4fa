// Files between consoles: made in the page, so that large ones need not travel there, and of bytes that the test can compute again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { noteConnections } from "./connections.js";
import { visit } from "./console.js";
import { leavesAfterwards } from "./leaving.js";

export const MB = 1_000_000;

/** Somebody in this room, with a page that notes its connections; `told`: the frames that a WebSocket has brought him. */
export async function openSender(browser, server, name, room, { transport = "websocket", ...options } = {}) {
  const visitor = await visit(browser, server, { prepare: noteConnections, ...options });
  leavesAfterwards(() => visitor.close());
  const told = [];
  visitor.page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => told.push(String(payload))));
  await visitor.join(name, room, transport);
  return Object.assign(visitor, { told, user: `${name.toLowerCase()}@guest.localhost` });
}

/** Where somebody stands in the list of people, for `who`. */
export function person(who, { user }) {
  return who.page.locator(`[data-testid=people] [data-user='${user}']`);
}

/** Ann and Bo, who see each other in this room. */
export async function together(browser, server, room, options = {}) {
  const both = [await openSender(browser, server, "Ann", room, options), await openSender(browser, server, "Bo", room, options)];
  await person(both[0], both[1]).waitFor({ state: "attached" });
  await person(both[1], both[0]).waitFor({ state: "attached" });
  return both;
}

/** Files that Playwright hands to the page. */
export const small = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

/** Has `from` offer these files to `to`, as if he had chosen them beside the name. */
export async function offer(from, to, ...files) {
  await person(from, to).getByTestId("file-input").setInputFiles(files);
}

/** The same with a file of so many bytes that is made in the page. */
export async function offerLarge(from, to, name, size) {
  const input = await person(from, to).getByTestId("file-input").elementHandle();
  await input.evaluate(chooseLarge, { name, size });
}

/** Runs in the page: every four bytes say where they stand, so that no two places are alike. */
function chooseLarge(input, { name, size }) {
  const BLOCK = 4 * 1024 * 1024;
  const blocks = [];
  for (let at = 0; at < size; at += BLOCK) {
    const words = new Uint32Array(BLOCK / 4);
    for (let i = 0; i < words.length; i++) words[i] = Math.imul(at / 4 + i, 2654435761);
    blocks.push(new Blob([words]).slice(0, Math.min(BLOCK, size - at)));
  }
  const chosen = new DataTransfer();
  chosen.items.add(new File(blocks, name));
  input.files = chosen.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

/** The SHA-256 of the file that is made so. */
export function sumOfLarge(size) {
  const hash = createHash("sha256");
  const BLOCK = 4 * 1024 * 1024;
  for (let at = 0; at < size; at += BLOCK) {
    const words = new Uint32Array(BLOCK / 4);
    for (let i = 0; i < words.length; i++) words[i] = Math.imul(at / 4 + i, 2654435761);
    hash.update(Buffer.from(words.buffer, 0, Math.min(BLOCK, size - at)));
  }
  return hash.digest("hex");
}

/** The transfer of this name on somebody's page; of several, the last. */
export function transfer(who, name) {
  const named = who.page.getByTestId("file-name").filter({ hasText: name });
  return who.page.locator("[data-testid=file-offer], [data-testid=file-transfer]").filter({ has: named }).last();
}

/** Accepts what is offered under this name. */
export async function accept(who, name) {
  await transfer(who, name).getByTestId("file-accept").click();
}

/** Waits until the transfer is in one of these states; what it says of itself then. */
export async function state(who, name, ...wanted) {
  const found = transfer(who, name);
  await found.and(who.page.locator(wanted.map((one) => `[data-state=${one}]`).join(", "))).waitFor({ timeout: 100_000 });
  return { ...(await found.evaluate(({ dataset }) => ({ ...dataset }))) };
}

/** Waits until so many bytes are there. */
export async function reaches(who, name, bytes) {
  const handle = await transfer(who, name).elementHandle();
  await who.page.waitForFunction(({ handle, bytes }) => Number(handle.dataset.bytes) >= bytes, { handle, bytes }, { timeout: 100_000 });
}

/** Saves what has arrived; the name that the browser saves it by, how large it is and its SHA-256. */
export async function save(who, name, id = "file-save", row = transfer(who, name)) {
  const [download] = await Promise.all([who.page.waitForEvent("download"), row.getByTestId(id).click()]);
  const hash = createHash("sha256");
  let size = 0;
  const stream = createReadStream(await download.path());
  stream.on("data", (piece) => (size += piece.length));
  await pipeline(stream, hash);
  return { name: download.suggestedFilename(), size, sum: hash.digest("hex") };
}

/** Both sides say that it is whole, and what the receiver saves is what it was meant to be. */
export async function arrivesWhole(from, to, name, { size, sum, saved = name }) {
  const [sent, received] = [await state(from, name, "whole"), await state(to, name, "whole")];
  assert.equal(sent.sum, sum);
  assert.equal(received.sum, sum);
  assert.deepEqual(await save(to, name), { name: saved, size, sum });
  return { sent, received };
}

/** From now on nothing gets through to the ports where the newest connection of this page listens, until what is returned is called. */
export async function cutPath(who) {
  const ports = await who.page.evaluate(async () => {
    const stats = [...(await globalThis.connections.at(-1).getStats()).values()];
    return [...new Set(stats.filter(({ type }) => type === "local-candidate").map(({ port }) => port))];
  });
  assert.ok(ports.length > 0, "no way to cut");
  const table = `hubbub_test_${process.pid}_${ports[0]}`;
  // A test that is killed mends nothing: after so long nothing is cut any more, in any case.
  const rules = `table inet ${table} {
    set ports {
      type inet_service
      flags timeout
      elements = { ${ports.map((port) => `${port} timeout 5m`).join(", ")} }
    }
    chain output {
      type filter hook output priority 0;
      udp dport @ports drop
      udp sport @ports drop
    }
  }`;
  execFileSync("nft", ["-f", "-"], { input: rules });
  let isCut = true;
  const mend = () => {
    if (isCut) execFileSync("nft", ["delete", "table", "inet", table]);
    isCut = false;
  };
  leavesAfterwards(mend);
  return mend;
}

/** Has somebody share this file with the room he is in. */
export async function share(who, shared) {
  await who.at("share-input").setInputFiles([shared]);
  await who.at("share-room").click();
}

/** Waits until a torrent is in this state on somebody's page. */
export function torrent(who, state) {
  return who.page.locator(`[data-testid=torrent][data-state=${state}]`).first().waitFor();
}
