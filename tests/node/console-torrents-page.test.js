// Torrents in the console: nothing for axe to complain about, and nothing that sticks out on a phone.
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { launchForCalls } from "./lib/calls.js";
import { openSender, share, torrent } from "./lib/files.js";
import { LOOKS, looksWell } from "./lib/looks.js";
import { startServer } from "./lib/server.js";

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

/** These people, in a room of their own. */
function people(names, options) {
  const room = `looks-${++rooms}`;
  return Promise.all(names.map((name) => openSender(browser, server, name, room, options)));
}

for (const [name, options] of LOOKS) {
  test(name, async () => {
    const [ann, bo] = await people(["Ann", "Bo"], options);
    await share(ann, { name: `without-end-${"x".repeat(150)}.jpg`, mimeType: "image/jpeg", buffer: randomBytes(100_000) });
    await torrent(ann, "seeding");
    await looksWell(ann, "seeding");
    await torrent(bo, "offered");
    await looksWell(bo, "offered");
    await bo.at("torrent-download").click();
    await torrent(bo, "whole");
    await looksWell(bo, "whole");
  });
}
