// socket.io-client moving from polling to WebSocket while everybody speaks: nothing is lost, nothing comes twice.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { others } from "./lib/others.js";
import { freePort, startServer } from "./lib/server.js";
import { knock, once, visit, Visitor, WAYS } from "./lib/socketio.js";
import { REFUSALS, withoutWebSocket } from "./lib/wire.js";

let server;
before(async () => (server = await startServer("[server]\nworkers = 3\n")));
after(() => server.stop());

/** What the room's log says was said. */
async function log(room) {
  const { messages } = await (await fetch(server.messages(room, "?since=0&limit=1000"))).json();
  return messages.map(({ event, data }) => [event, ...(Array.isArray(data) ? data : [data])]);
}

describe("both sides speak all the while", () => {
  for (let round = 0; round < 12; round++) {
    test(`round ${round}`, async () => {
      const room = `upgrade-${round}`;
      const company = await others(server, room);
      const visitor = new Visitor(knock(server, `/${room}`, { ...WAYS.upgrade, auth: { name: "Ann" } }));
      await visitor.connected();
      await visitor.told("joined");
      const { engine } = visitor.socket.io;
      const transports = [engine.transport.name];
      engine.on("upgrade", ({ name }) => transports.push(name));
      let said = 0;
      const acknowledged = [];
      // On until the transport has changed, and then as much again.
      for (let left = 20; left > 0; left -= engine.transport.name === "websocket" ? 1 : 0) {
        company.say(`from the others, ${said}`);
        acknowledged.push(visitor.ask("message", `from Ann, ${said}`));
        visitor.emit("message", said % 2 ? { said } : Buffer.of(said % 256));
        said += 1;
        await (said % 3 ? Promise.resolve() : fetch(`${server.base}/health`));
      }
      await visitor.ask("message", "the last word");
      company.say("no, this is");
      await company.stream.inbox.find(({ data }) => data === "no, this is");
      const offsets = (await Promise.all(acknowledged)).map(({ offset }) => Number(offset.split("-")[1]));
      assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b), "Ann's own order is kept");
      const kept = await log(room);
      assert.equal(kept.length, 3 * said + 2);
      const bare = ([event, data]) => [event, Buffer.isBuffer(data) ? data.toString("base64") : data];
      assert.deepEqual((await visitor.take(kept.length)).map(bare), kept);
      assert.equal(new Set(visitor.offsets).size, visitor.offsets.length);
      assert.deepEqual(transports.at(-1), "websocket");
    });
  }
});

test("the client says which transport it is on: first the one, then the other", async () => {
  const visitor = new Visitor(knock(server, "/upgrade-seen", WAYS.upgrade));
  const seen = [];
  visitor.socket.io.on("open", () => {
    const { engine } = visitor.socket.io;
    seen.push(engine.transport.name);
    engine.on("upgrade", ({ name }) => seen.push(name));
  });
  await visitor.connected();
  await visitor.upgraded();
  assert.deepEqual(seen, ["polling", "websocket"]);
  await visitor.ask("message", "over the WebSocket");
  assert.deepEqual(await visitor.next(), ["message", "over the WebSocket"]);
});

describe("a proxy on the way lets no WebSocket through", () => {
  for (const [how, refuse] of Object.entries(REFUSALS)) {
    test(`${how}: the client stays on polling, and it works`, async (t) => {
      const wire = await withoutWebSocket(server, refuse);
      t.after(wire.close);
      const room = `no-websocket-${how.replaceAll(" ", "-")}`;
      const company = await others(server, room);
      const visitor = await visit(wire, `/${room}`, { ...WAYS.upgrade, auth: { name: "Ann" } });
      for (let n = 0; n < 20; n++) {
        await visitor.ask("message", `${n}`);
        company.say(Buffer.of(n));
      }
      const heard = (await visitor.take(40)).map(([, data]) => data);
      assert.deepEqual(heard.filter((data) => typeof data === "string"), Array.from({ length: 20 }, (_, n) => `${n}`));
      assert.deepEqual(heard.filter(Buffer.isBuffer), Array.from({ length: 20 }, (_, n) => Buffer.of(n)));
      assert.equal(visitor.transport, "polling");
      assert.equal(wire.refused, 1);
    });
  }

  test("a client that begins with WebSocket falls back to polling", async (t) => {
    const wire = await withoutWebSocket(server, REFUSALS["answers 403"]);
    t.after(wire.close);
    const company = await others(server, "fallback");
    const visitor = await visit(wire, "/fallback", { transports: ["websocket", "polling"], tryAllTransports: true });
    assert.equal(visitor.transport, "polling");
    await visitor.ask("message", "round about");
    await company.hear({ data: "round about" });
  });
});

describe("the server closes", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(`${way}: it waits for nobody, and the client comes back by itself`, async () => {
      const port = await freePort();
      const closing = await startServer('[server]\nclose_grace = "10 min"\n', { port });
      const visitor = await visit(closing, "/lobby", { ...options, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 50 });
      const lost = once(visitor.socket, "disconnect");
      await closing.stop();
      assert.match(await lost, /^transport (close|error)$/);
      await closing.start();
      await visitor.connected();
      assert.equal(visitor.socket.recovered, false, "a room in memory is gone with its server");
      assert.equal((await visitor.told("joined")).recovered, false);
      await visitor.ask("message", "a new beginning");
      assert.deepEqual(await visitor.next(), ["message", "a new beginning"]);
      visitor.socket.disconnect();
      await closing.stop();
    });
  }
});
