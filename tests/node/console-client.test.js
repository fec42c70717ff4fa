// The client of Socket.IO that the server hands out: pages need no package and no other host.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./lib/console.js";
import { startServer } from "./lib/server.js";

const SCRIPT = "text/javascript; charset=utf-8";
const packages = fileURLToPath(new URL("../../web/node_modules/socket.io-client/", import.meta.url));
let server;
before(async () => (server = await startServer()));
after(() => server.stop());

for (const name of ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"]) {
  for (const [file, type] of [[name, SCRIPT], [`${name}.map`, "application/json"]]) {
    test(`${file} is the package's, and is asked for only once`, async () => {
      const address = `${server.base}/socket.io/${file}`;
      const answer = await fetch(address);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("content-type"), type);
      assert.equal(answer.headers.get("cache-control"), "no-cache");
      assert.equal(await answer.text(), readFileSync(`${packages}dist/${file}`, "utf8"));
      const again = await fetch(address, { headers: { "If-None-Match": answer.headers.get("etag") } });
      assert.equal(again.status, 304);
    });
  }
}

test("its licence, and those of the console, are there to be read", async () => {
  for (const [path, words] of [
    ["/socket.io/LICENSE", "Guillermo Rauch"],
    ["/licenses.md", "engine.io-client"],
    ["/figtree-LICENSE", "SIL OPEN FONT LICENSE"],
  ]) {
    const answer = await fetch(server.base + path);
    assert.match(answer.headers.get("content-type"), /^text\//);
    assert.ok((await answer.text()).includes(words), `${path} says ${words}`);
  }
});

test("the protocol keeps its address", async () => {
  const answer = await fetch(`${server.base}/socket.io/?EIO=4&transport=polling`);
  assert.match(await answer.text(), /^0\{"sid":/);
  assert.equal((await fetch(`${server.base}/socket.io/nothing.js`)).status, 404);
});

describe("in Chromium, on a page from elsewhere", () => {
  const SPEAK = 'socket.on("message", (text) => (document.title = text)); socket.on("connect", () => socket.emit("message", "hello"));';
  const PAGES = {
    "/script": (base) => `<script src="${base}/socket.io/socket.io.min.js"></script>
      <script>const socket = io("${base}/client-script"); ${SPEAK}</script>`,
    "/msgpack": (base) => `<script src="${base}/socket.io/socket.io.msgpack.min.js"></script>
      <script>const socket = io("${base}/client-msgpack"); ${SPEAK}</script>`,
    "/module": (base) => `<script type="module">import { io } from "${base}/socket.io/socket.io.esm.min.js";
      const socket = io("${base}/client-module"); ${SPEAK}</script>`,
  };
  let browser;
  let pages;
  let hub;
  before(async () => {
    pages = createServer((request, response) => {
      response.writeHead(PAGES[request.url] ? 200 : 404, { "Content-Type": "text/html" });
      response.end(PAGES[request.url]?.(hub.base));
    });
    await new Promise((ready) => pages.listen(0, "127.0.0.1", ready));
    hub = await startServer(`[http]\norigins = ["http://127.0.0.1:${pages.address().port}"]\n`);
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    pages.close();
    await hub.stop();
  });

  for (const path of Object.keys(PAGES)) {
    test(path.slice(1), async () => {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${pages.address().port}${path}`);
      await page.waitForFunction(() => document.title === "hello");
      await page.close();
    });
  }
});
