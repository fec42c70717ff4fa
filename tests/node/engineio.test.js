// engine.io-client at /engine.io/: the messages of a room as they are, without Socket.IO.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Socket } from "engine.io-client";
import { Mailbox } from "./lib/clients.js";
import { leavesAfterwards } from "./lib/leaving.js";
import { bytes, others, post } from "./lib/others.js";
import { startServer } from "./lib/server.js";
import { WAYS } from "./lib/socketio.js";
import { SECRET, token } from "./lib/tokens.js";

const CONFIG = `
[access]
admit = ["guests", "tokens"]
[token]
hmac_secret = "${SECRET}"
[socketio]
ping_interval = "1 s"
ping_timeout = "2 s"
[[room]]
match = "members*"
join = ["users"]
read = ["users"]
publish = ["users"]
`;
let server;
before(async () => (server = await startServer(CONFIG)));
after(() => server.stop());

/** A client in a room; `inbox` has its messages. */
function knock(room, { query = {}, ...options } = {}) {
  const socket = new Socket(server.base, { path: "/engine.io/", query: { room, ...query }, ...options });
  const inbox = new Mailbox();
  // A message without content has no data at all, as this client sees it.
  socket.on("message", (data = "") => inbox.push(data));
  const heard = { open: new Promise((resolve) => socket.on("open", resolve)), close: new Promise((resolve) => socket.on("close", resolve)) };
  leavesAfterwards(() => socket.close());
  return { socket, inbox, heard };
}

async function enter(room, options) {
  const visitor = knock(room, options);
  await visitor.heard.open;
  return visitor;
}

for (const [way, options] of Object.entries(WAYS)) {
  describe(way, () => {
    const ann = { ...options, query: { name: "Ann" } };

    test("text and bytes, as they are, both ways", async () => {
      const company = await others(server, `eio-${way}`);
      const { socket, inbox } = await enter(`eio-${way}`, { ...ann, query: { name: "Ann", last: 0 } });
      for (const data of ["grüße 🌍", "", "4 is not a type here", Buffer.of(0, 255, 1), Buffer.alloc(0)]) {
        socket.send(data);
        assert.deepEqual(await inbox.next(), data);
        const { from } = await company.hear(typeof data === "string" ? { data } : bytes(data));
        assert.equal(from, "ann@guest.localhost");
      }
      company.say("from a WebSocket");
      company.say(Buffer.of(9, 8));
      await company.hear({ data: "from a WebSocket" });
      await company.hear(bytes(Buffer.of(9, 8)));
      await company.post('{"x": 1}', "application/json");
      assert.deepEqual(await inbox.take(3), ["from a WebSocket", Buffer.of(9, 8), '{"x": 1}']);
    });

    test("a thousand messages keep their order, also while the transport changes", async () => {
      const { socket, inbox } = await enter(`eio-many-${way}`, ann);
      const sent = Array.from({ length: 1000 }, (_, n) => (n % 5 ? `${n}` : Buffer.of(n % 256)));
      for (const [n, data] of sent.entries()) {
        socket.send(data);
        if (n % 100 === 99) await fetch(`${server.base}/health`);
      }
      assert.deepEqual(await inbox.take(1000), sent);
      assert.equal(socket.transport.name, way === "polling" ? "polling" : "websocket");
    });

    test("history, from the beginning or from an offset", async () => {
      const room = `eio-history-${way}`;
      const { offset } = await post(server, room, "one");
      await post(server, room, "two");
      const all = await enter(room, { ...options, query: { since: "0" } });
      assert.deepEqual(await all.inbox.take(2), ["one", "two"]);
      const rest = await enter(room, { ...options, query: { since: offset } });
      assert.deepEqual(await rest.inbox.take(1), ["two"]);
      const last = await enter(room, { ...options, query: { last: 1 } });
      assert.deepEqual(await last.inbox.take(1), ["two"]);
    });

    test("echo=false: others hear me, I do not", async () => {
      const company = await others(server, `eio-echo-${way}`);
      const { socket, inbox } = await enter(`eio-echo-${way}`, { ...options, query: { name: "Ann", echo: false } });
      socket.send("to the others");
      await company.hear({ data: "to the others" });
      company.say("to Ann");
      assert.equal(await inbox.next(), "to Ann");
    });

    test("it is let in by a token", async () => {
      const company = await others(server, "members", [], `token=${token("wes")}`);
      const { socket } = await enter("members", { ...options, query: { token: token("bea") } });
      socket.send(`by ${way}`);
      assert.equal((await company.hear({ data: `by ${way}` })).from, "bea@localhost");
    });

    test("without one it is not", async () => {
      const room = `members-only-${way}`;
      const { socket, inbox, heard } = knock(room, options);
      socket.send("let me in");
      await heard.close;
      const { messages } = await (await fetch(server.messages(room, `?since=0&token=${token("bea")}`))).json();
      assert.deepEqual(messages, []);
      inbox.push("nothing before this");
      assert.equal(await inbox.next(), "nothing before this");
    });

    test("it stays through heartbeats", async () => {
      const company = await others(server, `eio-quiet-${way}`);
      const { socket, inbox } = await enter(`eio-quiet-${way}`, ann);
      for (let n = 0; n < 3; n++) await new Promise((resolve) => socket.once("ping", resolve));
      company.say("still there?");
      assert.equal(await inbox.next(), "still there?");
    });

    test("closing makes him gone", async () => {
      const company = await others(server, `eio-gone-${way}`, ["hubbub:presence"]);
      const { socket } = await enter(`eio-gone-${way}`, ann);
      const told = async (action) => (await company.stream.inbox.find((data) => data.action === action && data.name === "Ann")).user;
      assert.equal(await told("join"), "ann@guest.localhost");
      socket.close();
      assert.equal(await told("leave"), "ann@guest.localhost");
    });
  });
}

for (const [what, query, status, detail] of [
  ["no room", "", 400, /\?room=lobby/],
  ["a room that is none", "&room=%00", 400, /name/],
  ["a room for members", "&room=members&token=nonsense", 401, /JWT/],
]) {
  test(`${what} is refused with ${status}`, async () => {
    const response = await fetch(`${server.base}/engine.io/?EIO=4&transport=polling${query}`);
    const problem = await response.json();
    assert.equal(response.status, status);
    assert.match(problem.detail, detail);
  });
}

describe("a request that comes again, because its answer was lost on the way", () => {
  /** A session of a client that marks its requests, as engine.io-client does; how to ask. */
  const session = async (room) => {
    const address = (query) => `${server.base}/engine.io/?EIO=4&transport=polling&room=${room}&${query}`;
    const { sid } = JSON.parse((await (await fetch(address("t=begin"))).text()).slice(1));
    return async (t, body) => {
      const response = await fetch(address(`t=${t}&sid=${sid}`), body === undefined ? {} : { method: "POST", body });
      return [response.status, await response.text()];
    };
  };

  test("a POST is heard once", async () => {
    const ask = await session("eio-again");
    assert.deepEqual(await ask("post1", "4hello"), [200, "ok"]);
    assert.deepEqual(await ask("post1", "4hello"), [200, "ok"]);
    assert.deepEqual(await ask("post2", "4hello"), [200, "ok"]);
    const { messages } = await (await fetch(server.messages("eio-again", "?since=0"))).json();
    assert.deepEqual(messages.map(({ data }) => data), ["hello", "hello"]);
  });

  test("a poll ends the session, so that its client asks for what it missed", async () => {
    const ask = await session("eio-again-poll");
    const first = ask("poll1");
    await post(server, "eio-again-poll", "lost on the way");
    assert.deepEqual(await first, [200, "4lost on the way"]);
    await post(server, "eio-again-poll", "and this would hide it");
    assert.equal((await ask("poll1"))[0], 400);
    assert.equal((await ask("poll2"))[0], 400, "it is over");
  });

  test("a client that does not mark its requests, or counts seconds, is left alone", async () => {
    for (const t of ["", "1763800000"]) {
      const ask = await session(`eio-unmarked-${t}`);
      assert.deepEqual(await ask(t, "4one"), [200, "ok"]);
      assert.deepEqual(await ask(t, "4one"), [200, "ok"]);
      let heard = "";
      while (!heard.includes("4one\x1e4one") && heard !== "4one4one") {
        const [status, text] = await ask(t);
        assert.equal(status, 200);
        heard += text;
      }
    }
  });
});
