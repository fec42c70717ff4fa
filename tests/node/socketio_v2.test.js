// socket.io-client 2.x, where the setting `socketio.eio3` lets it in: the same rooms, the same people.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { bytes, others, post } from "./lib/others.js";
import { startServer } from "./lib/server.js";
import { once, visit, WAYS } from "./lib/socketio.js";
import { knock2, visit2, Visitor2 } from "./lib/socketio2.js";
import { SECRET, token } from "./lib/tokens.js";

const CONFIG = `
[access]
admit = ["guests", "tokens"]
[token]
hmac_secret = "${SECRET}"
[socketio]
eio3 = true
ping_interval = "1 s"
ping_timeout = "2 s"
[[room]]
match = "members"
join = ["users"]
read = ["users"]
publish = ["users"]
`;
let server;
before(async () => (server = await startServer(CONFIG)));
after(() => server.stop());

const ann = { query: { name: "Ann" } };
const FORMS = { ...WAYS, "polling in base64": { ...WAYS.polling, forceBase64: true } };

for (const [form, options] of Object.entries(FORMS)) {
  describe(form, () => {
    const room = `old-${form.replaceAll(" ", "-")}`;

    test("an event is a message of the room, whatever it carries", async () => {
      const company = await others(server, room, ["score"]);
      const visitor = await visit2(server, `/${room}`, { ...options, ...ann });
      const says = async (event, told) => {
        const kept = await visitor.ask(...event);
        assert.deepEqual(await visitor.next(), event);
        const { id, offset, time, from } = await company.hear({ event: event[0], ...told });
        assert.deepEqual({ id, offset, time }, kept);
        assert.equal(from, "ann@guest.localhost");
      };
      await says(["message", "grüße 🌍 €"], { data: "grüße 🌍 €" });
      await says(["score", { home: 3 }], { data: { home: 3 } });
      await says(["score"], { data: [], args: true });
      await says(["score", 1, "two", null], { data: [1, "two", null], args: true });
      await says(["message", Buffer.from([0, 255, 1])], bytes(Buffer.of(0, 255, 1)));
      await says(["score", { file: Buffer.of(7) }, "🌍"], { data: [{ file: { base64: "Bw==" } }, "🌍"], args: true });
    });

    test("what others publish arrives as an event, with nothing added", async () => {
      const company = await others(server, `${room}-heard`);
      const modern = await visit(server, `/${room}-heard`);
      const visitor = await visit2(server, `/${room}-heard`, { ...options, ...ann });
      company.say("ein Wort 🌍");
      company.say(Buffer.of(1, 2, 3));
      await company.hear({ data: "ein Wort 🌍" });
      await company.hear(bytes(Buffer.of(1, 2, 3)));
      await company.post('{"x": [1]}', "application/json", "event=move");
      await modern.ask("move", { file: Buffer.of(9) }, "there");
      assert.deepEqual(await visitor.take(4), [
        ["message", "ein Wort 🌍"],
        ["message", Buffer.of(1, 2, 3)],
        ["move", { x: [1] }],
        ["move", { file: Buffer.of(9) }, "there"],
      ]);
      assert.deepEqual(visitor.offsets, [], "a client of those days would take an offset for an argument");
    });

    test("several namespaces on one connection, and /", async () => {
      const [red, blue] = [`${room}-red`, `${room}-blue`];
      const main = await visit2(server, "/", { ...options, ...ann });
      const [one, two] = [[red, "Ann"], [blue, "Bo"]].map(([room, name]) => new Visitor2(main.socket.io.socket(`/${room}`, { query: { name } })));
      await Promise.all([one.told("joined"), two.told("joined")]);
      const company = await others(server, blue);
      await two.ask("message", "blue");
      assert.equal((await company.hear({ data: "blue" })).from, "bo@guest.localhost");
      assert.equal((await main.ask("join", red)).room, red);
      await main.ask("publish", red, "message", "red");
      assert.deepEqual(await main.next(), ["publish", red, "message", "red"]);
      assert.deepEqual(await one.next(), ["message", "red"]);
      assert.deepEqual(await two.next(), ["message", "blue"]);
    });

    test("it stays through heartbeats, which are the client's in this protocol", async () => {
      const company = await others(server, `${room}-quiet`);
      const visitor = await visit2(server, `/${room}-quiet`, { ...options, ...ann });
      for (let n = 0; n < 3; n++) await once(visitor.socket, "pong");
      company.say("still there?");
      assert.deepEqual(await visitor.next(), ["message", "still there?"]);
    });

    test("a thousand events keep their order", async () => {
      const visitor = await visit2(server, `/${room}-many`, { ...options, ...ann });
      const sent = Array.from({ length: 1000 }, (_, n) => ["n", n, n % 7 ? "Text €" : Buffer.of(n % 256)]);
      for (const event of sent) visitor.emit(...event);
      assert.deepEqual(await visitor.take(1000), sent);
    });
  });
}

describe("moving to WebSocket while both sides speak", () => {
  for (let round = 0; round < 5; round++) {
    test(`round ${round}`, async () => {
      const room = `old-upgrade-${round}`;
      const company = await others(server, room);
      const visitor = await visit2(server, `/${room}`, { ...WAYS.upgrade, ...ann });
      let said = 0;
      for (let left = 10; left > 0; left -= visitor.transport === "websocket" ? 1 : 0) {
        company.say(`others ${said}`);
        visitor.emit("message", `Ann ${said}`);
        await visitor.ask("message", said);
        said += 1;
      }
      await company.stream.inbox.take(3 * said);
      const { messages } = await (await fetch(server.messages(room, "?since=0&limit=1000"))).json();
      assert.equal(messages.length, 3 * said);
      assert.deepEqual(await visitor.take(messages.length), messages.map(({ event, data }) => [event, data]));
    });
  }
});

test("who one is, one says in the query of the namespace", async () => {
  const company = await others(server, "members", [], `token=${token("wes")}`);
  const main = new Visitor2(knock2(server, "/"));
  await main.connected();
  const member = new Visitor2(main.socket.io.socket("/members", { query: { token: token("bea") } }));
  await member.told("joined");
  await member.ask("message", "hello, members");
  assert.equal((await company.hear({ data: "hello, members" })).from, "bea@localhost");
});

test("a refused namespace says why", async () => {
  const main = new Visitor2(knock2(server, "/"));
  await main.connected();
  const why = await once(main.socket.io.socket("/members"), "error");
  assert.match(String(why), /does not let you in/);
  assert.equal((await main.ask("join", "lobby")).room, "lobby", "the connection stays");
});

test("it goes away and comes back, and asks for what it missed", async () => {
  const visitor = await visit2(server, "/old-back", ann);
  const { offset } = await visitor.ask("message", "before");
  await visitor.cut();
  await post(server, "old-back", "meanwhile");
  const again = await visit2(server, `/old-back?since=${offset}`, ann);
  assert.deepEqual(await again.next(), ["message", "meanwhile"]);
});

describe("without the setting it is refused, and told why", () => {
  let modern;
  before(async () => (modern = await startServer()));
  after(() => modern.stop());

  for (const [way, options] of Object.entries(WAYS)) {
    test(way, async () => {
      const error = await once(knock2(modern, "/", options), "connect_error");
      assert.match(error.message, way === "websocket" ? /websocket error/ : /xhr poll error/);
      if (way !== "websocket") assert.equal(error.description, 400);
    });
  }

  test("in the words that clients know", async () => {
    const response = await fetch(`${modern.base}/socket.io/?EIO=3&transport=polling`);
    const { code, message, detail } = await response.json();
    assert.deepEqual([response.status, code, message], [400, 5, "Unsupported protocol version"]);
    assert.match(detail, /socketio\.eio3/);
  });
});
