// Every piece of JavaScript and HTML in these documents is run as it stands there, by somebody who does what they say.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { launchForCalls } from "./lib/calls.js";
import { Mailbox, publish } from "./lib/clients.js";
import { bundler, pieces, says, Site } from "./lib/docs.js";
import { leavesAfterwards } from "./lib/leaving.js";
import { startServer } from "./lib/server.js";
import { eventually, soon } from "./lib/soon.js";
import { SECRET, token } from "./lib/tokens.js";
import { relaying } from "./lib/turn.js";

let browser;
let site;
let server;
before(async () => {
  browser = await launchForCalls();
  site = await Site.open(browser);
  // Pages that open at once connect to each other: a slow machine may open the one much later than the other.
  server = await startServer(`${letsIn(site)}\npeerjs.expire = "1 min"\n${relaying()}`);
});
after(async () => {
  await browser.close();
  site.close();
  await server.stop();
});

/** Settings of a server that lets in pages from there. */
const letsIn = ({ origin }) => `http.origins = ["${origin}"]`;

/** For each document what is done with its pieces of code, one after the other: what they show, and how it is seen. */
const TRIED = {
  "examples/calls/README.md": [["a call between two pages", callsByExample]],
  "examples/game/README.md": [["two players see each other", plays]],
  "docs/peerjs.md": [
    ["a call between two pages", callsByPeerJs],
    ["data and a file", sendsByPeerJs],
    ["other relays later", renewsRelays],
    ["a name and a token", comesWithToken],
  ],
  "docs/tracker.md": [["a file from page to page", sharesByTorrent]],
  "docs/signals.md": [
    ["signals over a WebSocket", signalsByWebSocket],
    ["signals beside an event stream", signalsByEventStream],
    ["perfect negotiation", negotiates],
  ],
  "docs/turn.md": [["servers for a connection, by a token", relaysByToken]],
  "docs/http.md": [["an event stream", readsEvents]],
  "docs/websocket.md": [
    ["a raw WebSocket", speaksRaw],
    ["envelopes from an offset that is gone", resumes],
    ["messages about messages", saysAboutMessages],
    ["a signal to nobody", signalsToNobody],
  ],
  "docs/socketio.md": [
    ["the official client", entersBySocketIo],
    ["what is kept is acknowledged", acknowledges],
    ["messages about messages", reacts],
    ["a signal", signalsBySocketIo],
    ["many rooms over one socket", joinsRooms],
    ["Engine.IO alone", speaksEngineIo],
  ],
  "README.md": [
    ["a WebSocket", speaksRaw],
    ["Socket.IO", speaksSocketIo],
  ],
};

for (const [path, tried] of Object.entries(TRIED)) {
  describe(path, () => {
    const found = pieces(path);
    test("has no code that is not tried here", () => assert.equal(found.length, tried.length));
    tried.forEach(([what, run], index) => test(`${what} (line ${found[index]?.line})`, () => run(found[index], found)));
  });
}

/** Both see the other's pictures. */
const seesTheOther = (page) => page.waitForFunction(() => globalThis.theirs.videoWidth > 0);

async function callsByExample(piece) {
  const enter = (name) => site.show(server, piece, { folder: "examples/calls", query: `?name=${name}` });
  const [ann, bo] = [await enter("Ann"), await enter("Bo")];
  bo.on("dialog", (dialog) => dialog.accept());
  await ann.getByRole("button", { name: "Call Bo" }).click();
  await Promise.all([ann, bo].map(seesTheOther));
  assert.deepEqual([ann.complaints, bo.complaints], [[], []]);
}

async function plays(piece) {
  const enter = () => site.show(server, piece, { folder: "examples" });
  const [ann, bo] = [await enter(), await enter()];
  await moveUntil(ann, bo);
  await moveUntil(bo, ann);
  assert.deepEqual([ann.complaints, bo.complaints], [[], []]);
}

/** The one moves the pointer until the other knows where it is: what is said before the two have met nobody hears. */
async function moveUntil(one, other) {
  const seen = other.waitForFunction(() => /^\d+, \d+$/.test(globalThis.other.value)).then(() => true);
  for (let x = 0; !(await Promise.race([seen, one.mouse.move(100 + (x % 100), 100)])); x++);
}

/** A page of the first piece of docs/peerjs.md; its id. */
async function ownsId(piece) {
  const page = await site.show(server, piece);
  const id = await page.waitForFunction(() => /-/.test(document.getElementById("name").value) && document.getElementById("name").value);
  return { page, id: await id.jsonValue() };
}

async function callsByPeerJs(piece) {
  const [ann, bo] = [await ownsId(piece), await ownsId(piece)];
  ann.page.on("dialog", (dialog) => dialog.accept(bo.id));
  await ann.page.getByRole("button", { name: "Call" }).click();
  await Promise.all([ann.page, bo.page].map(seesTheOther));
  assert.deepEqual([ann.page.complaints, bo.page.complaints], [[], []]);
}

/** What comes before the later pieces of docs/peerjs.md: the client, and what the first one declares. */
const PEERJS = `<script src="https://unpkg.com/peerjs@1.5.5/dist/peerjs.min.js"></script>`;
const withServer = (more) => `
  const server = new URL("http://127.0.0.1:8080");
  const [port, secure] = [Number(server.port), false];
  ${more}`;
const withPeer = (id, more = "") =>
  withServer(`
  const peer = new Peer("${id}", { host: server.hostname, port, secure });
  await new Promise((resolve) => peer.on("open", resolve));
  ${more}`);

async function sendsByPeerJs(piece) {
  const to = (other) => `const [id, file] = ["${other}", new File(["some words"], "words.txt")];`;
  const open = (own, other) => site.run(server, piece, { body: PEERJS, before: withPeer(own, to(other)) });
  const pages = await Promise.all([open("docs-ann", "docs-bo"), open("docs-bo", "docs-ann")]);
  for (const page of pages) {
    await says(page, "hello");
    await says(page, "words.txt: 10 bytes");
  }
}

async function renewsRelays(piece) {
  const page = await site.run(server, piece, { body: PEERJS, before: withPeer("docs-cleo"), names: ["peer"] });
  const { urls } = await page.evaluate(() => globalThis.peer.options.config.iceServers.at(-1));
  assert.match(urls[0], /^turn:/);
}

async function comesWithToken(piece) {
  const closed = await startServer(`${letsIn(site)}\naccess.admit = ["tokens"]\ntoken.hmac_secret = "${SECRET}"`);
  try {
    const before = withServer(`const jwt = "${token("ann")}";`);
    const page = await site.run(closed, piece, { body: PEERJS, before, names: ["peer"] });
    await page.waitForFunction(() => globalThis.peer.open);
    await page.close();
  } finally {
    await closed.stop();
  }
}

async function sharesByTorrent(piece) {
  const [ann, bo] = [await site.show(server, piece), await site.show(server, piece)];
  await ann.waitForFunction(() => globalThis.file.onchange);
  await ann.setInputFiles("#file", { name: "words.txt", mimeType: "text/plain", buffer: Buffer.from("some words") });
  await ann.waitForFunction(() => globalThis.link.value);
  await bo.waitForFunction(() => globalThis.get.onclick);
  await bo.fill("#link", await ann.inputValue("#link"));
  await bo.getByRole("button", { name: "Get" }).click();
  await bo.getByRole("link", { name: "words.txt" }).waitFor();
  assert.equal(await bo.evaluate(async () => (await fetch(document.querySelector("a").href)).text()), "some words");
}

/** Somebody else in the room of docs/signals.md; what he is told, as it comes. */
async function listener(name) {
  const socket = new WebSocket(server.ws("lobby", `?name=${name}`), "hubbub.json");
  const told = new Mailbox(`what ${name} is told next`);
  socket.addEventListener("message", ({ data }) => told.push(JSON.parse(data)));
  leavesAfterwards(() => socket.close());
  return {
    /** The data of the next event of this name. */
    async next(name) {
      for (;;) {
        const { event, data } = await told.next();
        if (event === name) return data;
      }
    },
    tell: (to, signal) => socket.send(JSON.stringify({ event: "hubbub:signal", data: { to, signal } })),
  };
}

/** Somebody else hears a signal of this page, and answers it. */
async function answered(page, other) {
  const { from, name, signal } = await other.next("hubbub:signal");
  assert.deepEqual([name, signal], ["Ann", { word: "from the page" }]);
  other.tell(from, { word: "from the other" });
  await page.waitForFunction(() => globalThis.heard.some((text) => text.includes("from the other")));
}

/** Has a page keep what it writes on its console, as text. */
const KEEPS = `
  globalThis.heard = [];
  console.log = (...said) => heard.push(JSON.stringify(said));`;

async function inLobby(piece, name) {
  const other = await listener(name);
  other.user = (await other.next("hubbub:joined")).session.split("/", 1)[0];
  return { other, page: await site.run(server, piece, { before: KEEPS, names: ["signal"] }) };
}

async function signalsByWebSocket(piece) {
  const { other, page } = await inLobby(piece, "Bo");
  await page.waitForFunction(() => globalThis.heard.some((text) => text.includes("I am")));
  await page.evaluate((to) => globalThis.signal(to, { word: "from the page" }), other.user);
  await answered(page, other);
}

async function signalsByEventStream(piece) {
  const { other, page } = await inLobby(piece, "Cleo");
  // Refused until the stream has begun, and the page has its ticket.
  await page.waitForFunction(async (to) => (await globalThis.signal(to, { word: "from the page" })).ok, other.user);
  await answered(page, other);
}

/** Two connections of one page, both of which begin at once. */
async function negotiates(piece) {
  const page = await site.run(server, piece, { names: ["negotiate"] });
  const opening = page.evaluate(async () => {
    const [ann, bo] = [new RTCPeerConnection(), new RTCPeerConnection()];
    const channels = [ann, bo].map((one) => new Promise((resolve) => (one.ondatachannel = ({ channel }) => resolve(channel.label))));
    const hears = {};
    let fail;
    const failed = new Promise((_, reject) => (fail = reject));
    const carry = () => {
      let last = Promise.resolve(); // what one of them says arrives in its order
      return (to, signal) => (last = last.then(() => hears[to](JSON.parse(JSON.stringify(signal)))).catch(fail));
    };
    const [ofAnn, ofBo] = [carry(), carry()];
    hears.ann = globalThis.negotiate(ann, false, (signal) => ofAnn("bo", signal));
    hears.bo = globalThis.negotiate(bo, true, (signal) => ofBo("ann", signal));
    [ann.createDataChannel("from Ann"), bo.createDataChannel("from Bo")];
    return Promise.race([failed, Promise.all(channels)]);
  });
  assert.deepEqual(await soon(opening, "both channels to open"), ["from Bo", "from Ann"]);
  assert.deepEqual(page.complaints, []);
}

async function relaysByToken(piece) {
  const closed = await startServer(`${letsIn(site)}\naccess.admit = ["tokens"]\ntoken.hmac_secret = "${SECRET}"\n${relaying()}`);
  try {
    const page = await site.run(closed, piece, { before: `const token = "${token("ann")}";`, names: ["connection"] });
    const { urls, username } = await page.evaluate(() => globalThis.connection.getConfiguration().iceServers.at(-1));
    assert.match(urls[0], /^turn:/);
    assert.match(username, /:ann@localhost$/);
    await page.close();
  } finally {
    await closed.stop();
  }
}

async function readsEvents(piece) {
  const page = await site.run(server, piece, { before: KEEPS, names: ["source"] });
  await page.waitForFunction(() => globalThis.source.readyState === EventSource.OPEN);
  await publish(server, "lobby", "for the stream");
  await page.waitForFunction(() => globalThis.heard.some((text) => text.includes("for the stream")));
}

async function speaksRaw(piece) {
  const page = await site.run(server, piece);
  await says(page, "hello");
}

async function resumes(piece) {
  const after = "globalThis.first = new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(JSON.parse(data))));";
  const page = await site.run(server, piece, { after });
  const { event, data } = await soon(
    page.evaluate(() => globalThis.first),
    "the page to hear something",
  );
  assert.deepEqual([event, data.recovered], ["hubbub:joined", false]);
}

/** What comes before the later pieces of docs/websocket.md: its second one, without an offset. */
const opened = ([, { code }]) => `${code.replace(/&since=[\d-]+/, "")}
  await new Promise((resolve) => (socket.onopen = resolve));`;

async function saysAboutMessages(piece, all) {
  const page = await site.run(server, piece, { before: opened(all), names: ["say"] });
  await page.evaluate(() => globalThis.say({ data: "helo all" }));
  const said = async () => {
    const { messages } = await (await fetch(server.messages("lobby", "?last=10"))).json();
    const about = messages.map(({ event, data, retracted, reply_to }) => (retracted ? "retracted" : reply_to ? `answer: ${data}` : event));
    return about.includes("hubbub:retraction") && about;
  };
  const about = await eventually(said, "the page to take something back");
  assert.ok(["retracted", "answer: hi", "hubbub:reactions"].every((one) => about.includes(one)), about.join());
}

async function signalsToNobody(piece, all) {
  const before = `${opened(all)}
  const say = (frame) => socket.send(JSON.stringify(frame));
  globalThis.answered = new Promise((resolve) => {
    socket.onmessage = ({ data }) => data.includes('"s1"') && resolve(JSON.parse(data));
  });`;
  const page = await site.run(server, piece, { before });
  const { event, data } = await soon(
    page.evaluate(() => globalThis.answered),
    "an answer to the signal",
  );
  assert.deepEqual([event, data.status], ["hubbub:error", 404]);
}

async function speaksSocketIo(piece) {
  const body = `<script src="http://127.0.0.1:8080/socket.io/socket.io.min.js"></script>`;
  const page = await site.run(server, piece, { body });
  await says(page, "hello from Socket.IO");
}

/** What a page needs for the pieces of docs/socketio.md, and what comes before the later ones: the first one. */
const body = bundler({ "socket.io-client": "dist/socket.io.esm.min.js", "engine.io-client": "dist/engine.io.esm.min.js" });
const entered = ([{ code }]) => code;

async function entersBySocketIo(piece) {
  await says(await site.run(server, piece, { body }), "hello");
}

async function acknowledges(piece, all) {
  const page = await site.run(server, piece, { body, before: entered(all), names: ["kept"] });
  const kept = page.evaluate(() => globalThis.kept);
  assert.match((await soon(kept, "the acknowledgement")).offset, /^\d+-\d+$/);
}

async function reacts(piece, all) {
  const page = await site.run(server, piece, { body, before: entered(all) });
  for (const part of ["Ann to Ann: hi", "Ann meant: hello all", "Ann feels", "Ann takes back"]) await says(page, part);
}

async function signalsBySocketIo(piece, all) {
  const bo = await listener("Bo");
  await bo.next("hubbub:joined");
  const page = await site.run(server, piece, { body, before: entered(all), names: ["sessions"] });
  const sessions = page.evaluate(() => globalThis.sessions);
  assert.equal(await soon(sessions, "the acknowledgement"), 1);
  assert.deepEqual((await bo.next("hubbub:signal")).signal, { ring: true });
  await says(page, "I am ann@guest.localhost/");
}

async function joinsRooms(piece) {
  const page = await site.run(server, piece, { body, before: `import { io } from "socket.io-client";` });
  await says(page, "lobby message");
}

async function speaksEngineIo(piece) {
  const page = await site.run(server, piece, { body, names: ["socket"] });
  await page.waitForFunction(() => globalThis.socket.readyState === "open");
}
