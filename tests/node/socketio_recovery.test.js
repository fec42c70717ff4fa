// Connection state recovery with socket.io-client: cut, spoken to meanwhile, back, and each event exactly once and in order.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import msgpack from "socket.io-msgpack-parser";
import { others, post } from "./lib/others.js";
import { freePort, startServer } from "./lib/server.js";
import { knock, visit, Visitor, WAYS } from "./lib/socketio.js";
import { cuttable } from "./lib/wire.js";
import { SECRET } from "./lib/tokens.js";

let server;
before(async () => (server = await startServer('[server]\nworkers = 3\n[[room]]\nmatch = "short-*"\nhistory_count = 3\n')));
after(() => server.stop());

const ann = { auth: { name: "Ann" } };

/** Says so many things, by WebSocket and by POST; what was said, in the room's order. */
async function speak(company, ...texts) {
  for (const text of texts) {
    if (text.length % 2) await company.post(text);
    else {
      company.say(text);
      await company.poll.inbox.find(({ data }) => data === text);
    }
  }
  return texts.map((text) => ["message", text]);
}

const goBy = (visitor, { transports }) => (visitor.socket.io.opts.transports = transports);

describe("five times away", () => {
  for (const [from, to] of [
    ["websocket", "websocket"],
    ["polling", "polling"],
    ["upgrade", "upgrade"],
    ["websocket", "polling"],
    ["polling", "websocket"],
  ]) {
    test(`${from}, then ${to}, and so on`, async () => {
      const room = `back-${from}-${to}`;
      const company = await others(server, room);
      const visitor = await visit(server, `/${room}`, { ...WAYS[from], ...ann });
      const { id } = visitor.socket;
      const hear = async (said) => assert.deepEqual(await visitor.take(said.length), said);
      await hear(await speak(company, "before"));
      for (let round = 0; round < 5; round++) {
        await visitor.cut();
        const said = await speak(company, `away ${round}, a`, `away ${round}, bb`);
        goBy(visitor, WAYS[round % 2 ? from : to]);
        await visitor.back();
        assert.equal(visitor.socket.recovered, true);
        assert.equal(visitor.socket.id, id);
        assert.equal((await visitor.told("joined")).recovered, true);
        await hear([...said, ...(await speak(company, `here ${round}`))]);
      }
      assert.equal(new Set(visitor.offsets).size, 1 + 5 * 3, "nothing came twice");
    });
  }

  test("with packets in msgpack", async () => {
    const company = await others(server, "back-msgpack");
    const visitor = await visit(server, "/back-msgpack", { ...ann, parser: msgpack });
    await visitor.cut();
    const said = await speak(company, "away");
    await visitor.back();
    assert.equal(visitor.socket.recovered, true);
    assert.deepEqual(await visitor.next(), said[0]);
  });
});

describe("the network breaks at any moment, and the client comes back by itself", () => {
  // When both links break in the middle of an upgrade, the client may not notice until it misses the heartbeat.
  let lively;
  before(async () => (lively = await startServer('[server]\nworkers = 3\n[socketio]\nping_interval = "1 s"\nping_timeout = "2 s"\n')));
  after(() => lively.stop());

  for (const [way, options] of Object.entries(WAYS)) {
    test(way, async (t) => {
      const wire = await cuttable(lively);
      t.after(wire.close);
      const room = `broken-${way}`;
      const company = await others(lively, room);
      const again = { reconnection: true, reconnectionDelay: 5, reconnectionDelayMax: 5 };
      const visitor = await visit(wire, `/${room}`, { ...options, ...ann, ...again });
      const recovered = [];
      visitor.socket.on("connect", () => recovered.push(visitor.socket.recovered));
      const said = [];
      for (let round = 0; round < 8; round++) {
        said.push(...(await speak(company, `${round}, odd`, `${round}, even`)));
        wire.cut();
        said.push(...(await speak(company, `${round}, away`)));
        if (round % 2) await visitor.connected();
      }
      assert.deepEqual(await visitor.take(said.length), said);
      assert.ok(recovered.length > 0 && recovered.every(Boolean), `${recovered}`);
    });
  }
});

for (const [way, options] of Object.entries(WAYS)) {
  test(`${way}: what Ann says while she is away goes out when she is back, once`, async () => {
    const room = `held-${way}`;
    const company = await others(server, room);
    const visitor = await visit(server, `/${room}`, { ...options, ...ann });
    await visitor.cut();
    visitor.emit("message", "held for later");
    const said = await speak(company, "meanwhile");
    await visitor.back();
    assert.deepEqual(await visitor.take(2), [...said, ["message", "held for later"]]);
  });
}

test("nothing was said before the cut: what follows is not missed either", async () => {
  const company = await others(server, "nothing-yet");
  const visitor = await visit(server, "/nothing-yet", ann);
  await visitor.cut();
  const said = await speak(company, "first words");
  await visitor.back();
  assert.equal(visitor.socket.recovered, true);
  assert.deepEqual(await visitor.next(), said[0]);
});

test("each namespace of a connection recovers by itself", async () => {
  const [company, other] = [await others(server, "twin-a"), await others(server, "short-twin")];
  const one = await visit(server, "/twin-a", ann);
  const two = new Visitor(one.socket.io.socket("/short-twin", ann));
  await two.connected();
  await two.told("joined");
  await one.cut();
  const said = await speak(company, "for one");
  await speak(other, "1", "22", "3", "44", "5");
  await Promise.all([one.back(), two.back()]);
  assert.deepEqual([one.socket.recovered, two.socket.recovered], [true, false]);
  assert.equal((await two.told("joined")).recovered, false);
  assert.deepEqual(await one.next(), said[0]);
});

describe("more was said than is kept: it is told that something is missing", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    const away = async (room, auth) => {
      const company = await others(server, room);
      const visitor = await visit(server, `/${room}`, { ...options, auth: { name: "Ann", ...auth } });
      await speak(company, "before");
      assert.deepEqual(await visitor.next(), ["message", "before"]);
      const { id } = visitor.socket;
      await visitor.cut();
      await speak(company, "1", "22", "3", "44", "5");
      await visitor.back();
      assert.equal(visitor.socket.recovered, false);
      assert.notEqual(visitor.socket.id, id);
      assert.equal((await visitor.told("joined")).recovered, false);
      const said = await speak(company, "now", "and then");
      return { visitor, said };
    };

    test(`${way}: and goes on with what comes next`, async () => {
      const { visitor, said } = await away(`short-${way}`, {});
      assert.deepEqual(await visitor.take(2), said);
      await visitor.cut();
      await visitor.back();
      assert.equal(visitor.socket.recovered, true, "and the new session recovers");
    });

    test(`${way}: or with the history it asks for`, async () => {
      const { visitor, said } = await away(`short-history-${way}`, { last: 2 });
      assert.deepEqual(await visitor.take(4), [["message", "44"], ["message", "5"], ...said]);
    });
  }
});

describe("in the namespace /, every joined room", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    const joined = async (...rooms) => {
      const visitor = await visit(server, "/", { ...options, ...ann });
      for (const room of rooms) {
        await visitor.ask("join", room);
        await visitor.told("joined");
      }
      return visitor;
    };
    const published = (room, texts) => texts.map((text) => ["publish", room, "message", text]);

    test(`${way}: is restored, and none that was left`, async () => {
      const [a, b, left] = ["a", "b b", "left"].map((name) => `all ${way} ${name}`);
      const visitor = await joined(a, b, left);
      await post(server, a, "heard");
      assert.deepEqual(await visitor.take(1), published(a, ["heard"]));
      await visitor.ask("leave", left);
      await visitor.cut();
      for (const text of ["1", "2"]) for (const room of [a, b, left]) await post(server, room, text);
      await visitor.back();
      assert.equal(visitor.socket.recovered, true);
      const heard = await visitor.take(4);
      for (const room of [a, b]) assert.deepEqual(heard.filter(([, where]) => where === room), published(room, ["1", "2"]));
      await post(server, left, "nobody here");
      await post(server, b, "live");
      assert.deepEqual(await visitor.take(1), published(b, ["live"]));
    });

    test(`${way}: or none, if one of them has lost something`, async () => {
      const [long, short] = [`long-${way}`, `short-main-${way}`];
      const visitor = await joined(long, short);
      await visitor.cut();
      await post(server, long, "missed");
      for (const text of ["1", "2", "3", "4", "5"]) await post(server, short, text);
      await visitor.back();
      assert.equal(visitor.socket.recovered, false);
      await visitor.ask("join", long, { last: 1 });
      assert.deepEqual(await visitor.take(1), published(long, ["missed"]));
    });
  }
});

describe("a session is not somebody else's", () => {
  const stolen = async () => {
    const visitor = await visit(server, "/stolen", ann);
    await visitor.ask("message", "a secret between Ann and the room");
    // The acknowledgement may come before the event itself.
    await visitor.next();
    const [offset, pid] = [visitor.offsets[0], visitor.socket._pid];
    assert.ok(pid && offset);
    await visitor.cut();
    return { pid, offset, id: visitor.socket.id };
  };
  for (const [what, auth] of [
    ["another name", () => ({ name: "Eve" })],
    ["a forged note", ({ pid }) => ({ name: "Ann", pid: `${pid.slice(0, -2)}AA` })],
    ["no note at all", () => ({ name: "Ann", pid: "mine" })],
    ["an offset that is none", () => ({ name: "Ann", offset: "yesterday" })],
  ]) {
    test(what, async () => {
      const { pid, offset, id } = await stolen();
      const eve = new Visitor(knock(server, "/stolen", { auth: { pid, offset, ...auth({ pid }) } }));
      await eve.connected();
      assert.equal((await eve.told("joined")).recovered, false);
      assert.notEqual(eve.socket.id, id);
    });
  }

  test("nor of another room", async () => {
    const { pid, offset } = await stolen();
    const elsewhere = new Visitor(knock(server, "/elsewhere", { auth: { name: "Ann", pid, offset } }));
    await elsewhere.connected();
    assert.equal((await elsewhere.told("joined")).recovered, false);
  });
});

describe("a client that wants no offsets", () => {
  test("recovery=false: gets its arguments and nothing else, and begins anew", async () => {
    const visitor = await visit(server, "/plain", { ...ann, query: { recovery: false } });
    const heard = [];
    visitor.socket.onAny((...event) => heard.push(event));
    await visitor.ask("message", "just this");
    await visitor.next();
    assert.deepEqual(heard.find(([event]) => event === "message"), ["message", "just this"]);
    assert.deepEqual(visitor.offsets, []);
    const { id } = visitor.socket;
    await visitor.cut();
    await visitor.back();
    assert.ok(!visitor.socket.recovered);
    assert.notEqual(visitor.socket.id, id);
  });
});

describe("the server is killed", () => {
  const again = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 50 };
  for (const [way, options] of Object.entries(WAYS)) {
    test(`${way}: a durable room goes on where it was`, async () => {
      const durable = await startServer("", { durable: true, port: await freePort() });
      const visitor = await visit(durable, "/lobby", { ...options, ...ann, ...again });
      const main = new Visitor(visitor.socket.io.socket("/"));
      await main.connected();
      await main.ask("join", "garden");
      const { id } = visitor.socket;
      await visitor.ask("message", "kept");
      await post(durable, "garden", "kept as well");
      assert.deepEqual(await main.next(), ["publish", "garden", "message", "kept as well"]);
      await durable.kill();
      await durable.start();
      await post(durable, "lobby", "after the restart");
      await post(durable, "garden", "flowers");
      assert.equal((await visitor.told("joined")).recovered, true);
      assert.deepEqual([visitor.socket.recovered, visitor.socket.id], [true, id]);
      assert.deepEqual(await visitor.take(2), [["message", "kept"], ["message", "after the restart"]]);
      assert.deepEqual(await main.next(), ["publish", "garden", "message", "flowers"]);
      assert.equal(main.socket.recovered, true);
      visitor.socket.disconnect();
      main.socket.disconnect();
      await durable.stop();
    });
  }

  for (const [what, config] of [
    ["a room in memory is gone, and that is said", ""],
    ["even where the server still knows its own seal", `[token]\nhmac_secret = "${SECRET}"\n`],
  ]) {
    test(what, async () => {
      const forgetful = await startServer(config, { port: await freePort() });
      const visitor = await visit(forgetful, "/lobby", { ...ann, ...again });
      await visitor.ask("message", "lost");
      assert.deepEqual(await visitor.next(), ["message", "lost"]);
      await forgetful.kill();
      await forgetful.start();
      assert.equal((await visitor.told("joined")).recovered, false);
      assert.equal(visitor.socket.recovered, false);
      await visitor.ask("message", "anew");
      assert.deepEqual(await visitor.next(), ["message", "anew"]);
      visitor.socket.disconnect();
      await forgetful.stop();
    });
  }
});
