// webtorrent, as it is, in pages of Chromium, by a tracker that lets only relayed candidates pass: pages that ask for nothing of the kind share a file
// through TURN, and neither is told where the other is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "./lib/server.js";
import { inPage, launchForTorrents } from "./lib/torrents.js";
import { tracking } from "./lib/tracker.js";
import { relaying } from "./lib/turn.js";

const MEGABYTE = 1024 * 1024;
const OWN = /\btyp (?:host|srflx|prflx)\b/; // RFC 8839, section 5.1
let browser;
before(async () => (browser = await launchForTorrents()));
after(() => browser.close());

/** A page that may use all candidates, and all that it says and is told. */
async function enter(t, server) {
  const peer = await inPage(t, server, browser, { relayed: true, policy: "all" });
  const [said, heard] = [[], []];
  peer.page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => said.push(payload));
    socket.on("framereceived", ({ payload }) => heard.push(payload));
  });
  return { peer, said, heard };
}

/** A file goes from page to page; what each of them was told for it. */
async function share(t, settings) {
  const server = await startServer(tracking(`interval = "5 s"\n${settings}`) + relaying());
  t.after(() => server.stop());
  const [ann, bo] = [await enter(t, server), await enter(t, server)];
  const file = await ann.peer.seed(2 * MEGABYTE);
  assert.deepEqual(await bo.peer.get(file.infoHash), file);
  for (const { said } of [ann, bo]) assert.match(said.join("\n"), OWN, "the page says all");
  return [ann.heard.join("\n"), bo.heard.join("\n")];
}

test("where only relayed candidates pass", async (t) => {
  const heard = await share(t, 'candidates = "relay"');
  assert.match(heard.join("\n"), / typ relay raddr (?:0\.0\.0\.0|::) rport [09]\b/);
  for (const told of heard) {
    assert.doesNotMatch(told, OWN);
    assert.doesNotMatch(told, / raddr (?!0\.0\.0\.0 |:: )/);
    assert.doesNotMatch(told, /c=IN IP4 (?!0\.0\.0\.0|127\.0\.0\.1)/, "relays are at 127.0.0.1 here");
  }
});

test("where all pass", async (t) => {
  assert.match((await share(t, "")).join("\n"), OWN);
});
