// The npm package `peerjs`, as it is, in pages of Chromium: data and media, through relays too, coming back, and what it is told when it
// cannot have what it wants.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchForCalls } from "./lib/calls.js";
import { connectHttp2, extendedConnect } from "./lib/http2.js";
import { at, openPage, silentlyCuttable } from "./lib/peerjs.js";
import { freePort, startServer } from "./lib/server.js";
import { SECRET, token } from "./lib/tokens.js";
import { reading, relaying, until } from "./lib/turn.js";
import { cuttable } from "./lib/wire.js";

const MEGABYTE = 1024 * 1024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NO_HELP = { iceServers: [] };

let server;
let browser;
before(async () => {
  server = await startServer(`server.workers = 3\n${relaying()}`);
  browser = await launchForCalls();
});
after(async () => {
  await browser.close();
  await server.stop();
});

/** Two pages that have ids. */
async function two(where = server, options = {}, page = where) {
  const people = [await openPage(browser, page.base), await openPage(browser, page.base)];
  for (const person of people) await person.open(null, at(where, { config: NO_HELP, ...options }));
  return people;
}

/** A megabyte crosses whole, both ways at once. */
async function exchange(ann, bo) {
  const sent = Promise.all([ann.sendBytes(MEGABYTE), bo.sendBytes(MEGABYTE)]);
  const received = Promise.all([bo.receiveBytes(), ann.receiveBytes()]);
  assert.deepEqual(await received, await sent);
}

describe("data", () => {
  for (const path of ["/", "/peerjs", "peerjs/"]) {
    test(`both ways, with the path ${path}`, async () => {
      const [ann, bo] = await two(server, { path });
      assert.match(ann.id, UUID);
      assert.notEqual(ann.id, bo.id);
      await ann.connect(bo);
      await ann.send({ hello: "Bo", list: [1, null, "ü"] });
      assert.deepEqual(await bo.receive(), { hello: "Bo", list: [1, null, "ü"] });
      await bo.send("hello Ann");
      assert.equal(await ann.receive(), "hello Ann");
      await exchange(ann, bo);
    });
  }

  for (const serialization of ["binary", "binary-utf8", "json", "raw"]) {
    test(`as ${serialization}`, async () => {
      const [ann, bo] = await two();
      await ann.connect(bo, { serialization, reliable: true });
      await ann.send("hello Bo");
      assert.equal(await bo.receive(), "hello Bo");
      await bo.send("hello Ann");
      assert.equal(await ann.receive(), "hello Ann");
    });
  }

  test("by ids of one's own choice, before the other has come", async (t) => {
    const patient = await startServer(`peerjs.expire = "1 min"`);
    t.after(() => patient.stop());
    const [ann, bo] = [await openPage(browser, patient.base), await openPage(browser, patient.base)];
    await ann.open("ann of verona", at(patient, { config: NO_HELP }));
    bo.id = "bo_7";
    const connected = ann.connect(bo);
    await ann.page.waitForFunction(() => globalThis.person.connection?.peerConnection?.signalingState === "have-local-offer");
    assert.equal(await bo.open("bo_7", at(patient, { config: NO_HELP })), "bo_7");
    await connected;
    await exchange(ann, bo);
  });
});

test("media, both ways, beside data", async () => {
  const [ann, bo] = await two();
  await ann.connect(bo);
  await ann.call(bo);
  await Promise.all([ann.sees(10), bo.sees(10), exchange(ann, bo)]);
});

test("through relays only, by GET /api/ice: no other address is told to anybody", async () => {
  const [ann, bo] = [await openPage(browser, server.base), await openPage(browser, server.base)];
  for (const person of [ann, bo]) {
    const { iceServers } = await person.page.evaluate(async () => (await fetch("/api/ice")).json());
    await person.open(null, at(server, { config: { iceServers, iceTransportPolicy: "relay" } }));
  }
  await ann.connect(bo);
  await ann.call(bo);
  await Promise.all([ann.sees(10), bo.sees(10), exchange(ann, bo)]);
  for (const person of [ann, bo]) {
    assert.deepEqual(await person.path(), ["relay", "relay"]);
    const candidates = person.said.filter(({ type }) => type === "CANDIDATE").map(({ payload }) => payload.candidate.candidate);
    const described = person.said.flatMap(({ payload }) => payload?.sdp?.sdp?.match(/a=candidate.*/g) ?? []);
    const all = [...candidates, ...described].filter(Boolean);
    assert.ok(all.length > 0);
    for (const candidate of all) assert.match(candidate, / typ relay /);
  }
  assert.ok((await reading(server, "turn_bytes_to_peers")) > 2 * MEGABYTE);
});

describe("coming back", () => {
  test("reconnect() after the connection was cut, under the same id; what pages have between them goes on", async (t) => {
    const wire = await cuttable(server);
    t.after(() => wire.close());
    const [ann, bo] = await two(wire);
    await ann.connect(bo);
    wire.cut();
    for (const person of [ann, bo]) {
      assert.deepEqual((await person.told("error")).type, "network");
      await person.told("disconnected");
      await person.do("reconnect");
      assert.equal(await person.told("open"), person.id);
    }
    await exchange(ann, bo);
    await bo.connect(ann);
    await exchange(ann, bo);
  });

  test("reconnect() before the server has noticed that the connection is lost", async (t) => {
    const wire = await silentlyCuttable(server);
    t.after(() => wire.close());
    const [ann, bo] = await two(wire);
    wire.cut();
    for (const person of [ann, bo]) {
      await person.told("disconnected");
      await person.do("reconnect");
      assert.equal(await person.told("open"), person.id);
    }
    await ann.connect(bo);
    await exchange(ann, bo);
  });

  test("reconnect() to a server that was started again", async (t) => {
    const port = await freePort();
    const brief = await startServer("", { port });
    t.after(() => brief.stop());
    const [ann, bo] = await two(brief);
    await ann.connect(bo);
    await brief.stop();
    for (const person of [ann, bo]) await person.told("disconnected");
    await exchange(ann, bo);
    await brief.start();
    for (const person of [ann, bo]) {
      await person.do("reconnect");
      assert.equal(await person.told("open"), person.id);
    }
    await bo.connect(ann);
    await exchange(ann, bo);
  });
});

describe("going", () => {
  test("destroy() frees the id and ends what there was between pages", async () => {
    const [ann, bo] = await two();
    await ann.connect(bo);
    const peers = await reading(server, "peerjs_peers");
    await ann.do("destroy");
    await ann.told("closed");
    assert.equal(await bo.told("hung up"), ann.id);
    await until(server, "peerjs_peers", (count) => count === peers - 1);
    const another = await openPage(browser, server.base);
    assert.equal(await another.open(ann.id, at(server)), ann.id);
  });

  test("disconnect() leaves the server and keeps what there is between pages", async () => {
    const [ann, bo] = await two();
    await ann.connect(bo);
    await ann.do("disconnect");
    await ann.told("disconnected");
    await exchange(ann, bo);
  });

  test("a page that is left is soon gone", async () => {
    const [ann, bo] = await two();
    const peers = await reading(server, "peerjs_peers");
    await ann.page.close();
    await until(server, "peerjs_peers", (count) => count === peers - 1);
    await bo.page.evaluate((id) => void globalThis.person.connect(id), ann.id);
    assert.equal((await bo.told("error")).type, "peer-unavailable");
  });
});

describe("it is told", () => {
  /** What a page with these options is told instead of that it is there. */
  async function refusal(where, id, options) {
    const eve = await openPage(browser, where.base);
    await eve.come(id, at(where, options));
    return eve.told("error");
  }

  test("that an id is taken", async () => {
    const [ann] = await two();
    assert.equal((await refusal(server, ann.id)).type, "unavailable-id");
    assert.equal((await refusal(server, ann.id, { token: "guessed" })).type, "unavailable-id");
  });

  test("that nobody has an id", async () => {
    const [ann] = await two();
    await ann.page.evaluate(() => void globalThis.person.connect("nobody-at-all"));
    const { type, message } = await ann.told("error");
    assert.deepEqual([type, message], ["peer-unavailable", "Could not connect to peer nobody-at-all"]);
  });

  test("that its key is wrong", async () => {
    const told = await refusal(server, "eve", { path: "/peerjs", key: "another" });
    assert.deepEqual([told.type, told.message], ["server-error", "Invalid key provided"]);
  });

  test("that peers are not listed", async () => {
    const [ann] = await two();
    await ann.do("listAllPeers");
    // The client leaves out what it says itself of a 401.
    assert.equal((await ann.told("error")).type, "server-error");
    await ann.told("disconnected");
  });

  test("who is there, where that may be known", async (t) => {
    const open = await startServer("peerjs.discovery = true");
    t.after(() => open.stop());
    const [ann, bo] = await two(open);
    const listed = await ann.page.evaluate(() => new Promise((resolve) => void globalThis.person.peer.listAllPeers(resolve)));
    assert.deepEqual(listed, [ann.id, bo.id].toSorted());
  });

  test("that it must say who it is; with a token it is let in", async (t) => {
    const closed = await startServer(`access.admit = ["tokens"]\ntoken.hmac_secret = "${SECRET}"`);
    t.after(() => closed.stop());
    const { type, message } = await refusal(closed, "eve");
    assert.equal(type, "server-error");
    assert.match(message, /guests are not admitted/);
    const people = [await openPage(browser, closed.base), await openPage(browser, closed.base)];
    for (const [index, person] of people.entries()) {
      await person.open(null, at(closed, { config: NO_HELP, token: token(`user${index}`) }));
    }
    await people[0].connect(people[1]);
    await exchange(...people);
  });
});

test("peers on streams of one connection of HTTP/2", async (t) => {
  const session = await connectHttp2(server);
  t.after(() => session.destroy());
  const peer = async (id) => (await extendedConnect(session, `/peerjs?key=peerjs&id=${id}&token=t`)).socket;
  const [ann, bo] = [await peer("h2-ann"), await peer("h2-bo")];
  for (const one of [ann, bo]) assert.equal((await one.inbox.next()).data, '{"type":"OPEN"}');
  ann.send('{"type":"OFFER","dst":"h2-bo","payload":1}');
  assert.equal((await bo.inbox.next()).data, '{"type":"OFFER","src":"h2-ann","dst":"h2-bo","payload":1}');
  assert.equal(await bo.close(1000), 1000);
});
