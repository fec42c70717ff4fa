// Files shared with a whole room: WebTorrent in consoles, and in a plain page of somebody else's, all by this server's tracker.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { publish } from "./lib/clients.js";
import { save, share, torrent } from "./lib/files.js";
import { Rooms } from "./lib/rooms.js";

const BYTES = randomBytes(3_000_000);
const SUM = createHash("sha256").update(BYTES).digest("hex");
const file = (name, buffer = BYTES) => ({ name, mimeType: "image/jpeg", buffer });
const rooms = new Rooms("torrents");

test("a file dropped on the room is fetched by two others, and by a third from them once its owner has gone", async () => {
  const [ann, bo, cy] = await rooms.people(["Ann", "Bo", "Cy"]);
  const data = await ann.page.evaluateHandle((bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], "tern & chick.jpg", { type: "image/jpeg" }));
    return data;
  }, BYTES.toString("base64"));
  const chat = ann.page.locator(".chat");
  for (const type of ["dragenter", "dragover", "drop"]) await chat.dispatchEvent(type, { dataTransfer: data });
  await ann.at("share-room").click();
  await torrent(ann, "seeding");
  for (const one of [bo, cy]) {
    await torrent(one, "offered");
    assert.equal(await one.at("torrent-name").textContent(), "tern & chick.jpg");
    assert.equal(await one.at("torrent-size").textContent(), "3 MB");
    await one.at("torrent-download").click();
  }
  for (const one of [bo, cy]) await fetched(one, "tern & chick.jpg");
  await ann.at("torrent-stop").click();
  await torrent(ann, "offered");
  const dee = await rooms.another("Dee");
  await dee.at("torrent-download").click();
  await fetched(dee, "tern & chick.jpg");
});

test("what is said in the room is a magnet link that any client of WebTorrent can follow", async () => {
  const [ann] = await rooms.people(["Ann"]);
  await share(ann, file("tern.jpg"));
  await torrent(ann, "seeding");
  const { messages } = await (await fetch(rooms.server.messages(rooms.room, "?last=1"))).json();
  const link = new URL(messages[0].data);
  assert.equal(link.protocol, "magnet:");
  assert.match(link.searchParams.get("xt"), /^urn:btih:[0-9a-f]{40}$/);
  assert.equal(link.searchParams.get("dn"), "tern.jpg");
  assert.equal(link.searchParams.get("xl"), "3000000");
  assert.equal(link.searchParams.get("tr"), `${rooms.server.base.replace("http", "ws")}/tracker`);
  assert.equal(await stranger(messages[0].data), SUM);
});

test("what is larger than its link says is fetched only by who knows it", async () => {
  const [ann] = await rooms.people(["Ann"]);
  await share(ann, file("small.jpg", randomBytes(2_000_000)));
  await torrent(ann, "seeding");
  const link = await ann.at("torrent-magnet").getAttribute("href");
  const [bo] = await rooms.people(["Bo"]);
  await publish(rooms.server, rooms.room, link.replace(/xl=\d+/, "xl=12"));
  await torrent(bo, "offered");
  assert.equal(await bo.at("torrent-size").textContent(), "12 bytes");
  await bo.at("torrent-download").click();
  await torrent(bo, "larger");
  assert.equal(await bo.at("torrent-state").textContent(), "It is 2 MB, and not 12 bytes as the link says.");
  assert.equal(await bo.at("torrent-size").textContent(), "2 MB");
  await bo.at("torrent-download").click();
  await torrent(bo, "whole");
});

/** Fetches what the link names in a page that knows nothing but WebTorrent; the SHA-256 of it. */
async function stranger(link) {
  const page = await rooms.browser.newPage();
  await page.goto(rooms.server.base);
  const entry = await page.evaluate(async () => {
    const names = performance.getEntriesByType("resource").map(({ name }) => name);
    const script = names.find((name) => /assets\/index-.*\.js$/.test(name));
    return /webtorrent\.min-[\w-]+\.js/.exec(await (await fetch(script)).text())[0];
  });
  const sum = await page.evaluate(async ({ entry, link }) => {
    const { default: WebTorrent } = await import(`/assets/${entry}`);
    const found = new WebTorrent().add(link);
    await new Promise((resolve) => found.on("done", resolve));
    const hash = await crypto.subtle.digest("SHA-256", await (await found.files[0].blob()).arrayBuffer());
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }, { entry, link });
  await page.close();
  return sum;
}

test("WebTorrent is fetched when it is first wanted, and not before", async () => {
  const [ann] = await rooms.people(["Ann"]);
  const loaded = () => ann.page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("webtorrent")));
  assert.equal(await loaded(), false);
  await share(ann, file("wanted.jpg"));
  await torrent(ann, "seeding");
  assert.equal(await loaded(), true);
});

test("an empty file is refused, and a file that nobody has any more is looked for until one stops", async () => {
  const [ann, bo] = await rooms.people(["Ann", "Bo"]);
  await share(ann, file("empty.jpg", Buffer.alloc(0)));
  await ann.page.locator("[data-testid=share][data-state=failed]").waitFor();
  assert.match(await ann.at("share-state").textContent(), /empty/);
  await ann.at("share-stop").click();
  await publish(rooms.server, rooms.room, `gone: magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=${encodeURIComponent("<i>gone</i>.txt")}`);
  await bo.message(`gone: magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=${encodeURIComponent("<i>gone</i>.txt")}`);
  assert.equal(await bo.at("torrent-name").textContent(), "<i>gone</i>.txt");
  await bo.at("torrent-download").click();
  await torrent(bo, "finding");
  await bo.at("torrent-stop").click();
  await torrent(bo, "offered");
});

test("a link sends nobody to servers that it names", async () => {
  const [ann, bo] = await rooms.people(["Ann", "Bo"]);
  await share(ann, file("safe.jpg"));
  await torrent(ann, "seeding");
  const asked = [];
  bo.page.on("websocket", (socket) => asked.push(socket.url()));
  bo.page.on("request", (request) => asked.push(request.url()));
  const hash = await ann.at("torrent").getAttribute("data-hash");
  const elsewhere = encodeURIComponent("ws://127.0.0.2:9/announce");
  await publish(rooms.server, rooms.room, `magnet:?xt=urn:btih:${hash}&tr=${elsewhere}&ws=${elsewhere}&xs=${elsewhere}&as=${elsewhere}`);
  await bo.at("torrent").nth(1).waitFor();
  await bo.at("torrent-download").nth(1).click();
  await bo.page.locator("[data-testid=torrent][data-state=whole]").first().waitFor();
  assert.ok(asked.some((url) => url.endsWith("/tracker")), String(asked));
  assert.deepEqual(asked.filter((url) => new URL(url).host !== new URL(rooms.server.base).host && !url.startsWith("blob:")), []);
});

/** It is whole on somebody's page, and what he saves is the file. */
async function fetched(who, name) {
  await torrent(who, "whole");
  assert.deepEqual(await save(who, name, "torrent-save", who.at("torrent")), { name, size: BYTES.length, sum: SUM });
}
