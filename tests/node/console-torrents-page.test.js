// Torrents in the console: nothing for axe to complain about, and nothing that sticks out on a phone.
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { share, torrent } from "./lib/files.js";
import { LOOKS, looksWell } from "./lib/looks.js";
import { Rooms } from "./lib/rooms.js";

const rooms = new Rooms("looks");

for (const [name, options] of LOOKS) {
  test(name, async () => {
    const [ann, bo] = await rooms.people(["Ann", "Bo"], options);
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
