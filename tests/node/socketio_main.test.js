// socket.io-client in the namespace `/`: one socket that joins, leaves and publishes where it likes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import msgpack from "socket.io-msgpack-parser";
import { bytes, others, post } from "./lib/others.js";
import { startServer } from "./lib/server.js";
import { visit, Visitor, WAYS } from "./lib/socketio.js";

const CONFIG = `
[socketio]
rooms = 3
[[room]]
match = "members"
join = ["users"]
read = ["users"]
publish = ["users"]
`;
let server;
before(async () => (server = await startServer(CONFIG)));
after(() => server.stop());

const ann = { auth: { name: "Ann" } };

for (const [form, options] of [...Object.entries(WAYS), ["msgpack", { ...WAYS.websocket, parser: msgpack }]]) {
  describe(form, () => {
    test("join, publish, hear which room it was, leave", async () => {
      const [red, blue] = [`main-red-${form}`, `main-blue-${form}`];
      const inRed = await others(server, red, ["move"]);
      const inBlue = await others(server, blue);
      const visitor = await visit(server, "/", { ...options, ...ann });
      const joined = await visitor.ask("join", red);
      assert.equal(joined.room, red);
      assert.equal(joined.presence.count, 4);
      assert.deepEqual(await visitor.told("joined"), joined);
      await visitor.ask("join", blue);

      const kept = await visitor.ask("publish", red, "move", { x: 1 }, Buffer.of(7));
      assert.deepEqual(await visitor.next(), ["publish", red, "move", { x: 1 }, Buffer.of(7)]);
      const told = await inRed.hear({ event: "move", data: [{ x: 1 }, { base64: "Bw==" }], args: true });
      assert.equal(told.offset, kept.offset);
      inBlue.say("from blue");
      assert.deepEqual(await visitor.next(), ["publish", blue, "message", "from blue"]);
      inRed.say(Buffer.of(1, 2));
      assert.deepEqual(await visitor.next(), ["publish", red, "message", Buffer.of(1, 2)]);

      assert.deepEqual(await visitor.ask("leave", red), { room: red });
      assert.deepEqual(await visitor.told("left"), { room: red });
      inRed.say("not for Ann any more");
      await inRed.hear(bytes(Buffer.of(1, 2)));
      await inRed.hear({ data: "not for Ann any more" });
      inBlue.say("for Ann");
      assert.deepEqual(await visitor.next(), ["publish", blue, "message", "for Ann"]);
    });

    test("history on joining", async () => {
      const room = `main-history-${form}`;
      for (const text of ["one", "two", "three"]) await post(server, room, text);
      const said = (...texts) => texts.map((text) => ["publish", room, "message", text]);
      const visitor = await visit(server, "/", { ...options, ...ann });
      const { cursor, head } = await visitor.ask("join", room, { last: 2 });
      assert.equal(Number(head.split("-")[1]) - Number(cursor.split("-")[1]), 2);
      assert.deepEqual(await visitor.take(2), said("two", "three"));
      await visitor.ask("leave", room);
      await visitor.ask("join", room, { since: "0" });
      assert.deepEqual(await visitor.take(3), said("one", "two", "three"));
      await visitor.ask("leave", room);
      await visitor.ask("join", room, { since: cursor });
      assert.deepEqual(await visitor.take(2), said("two", "three"));
    });

    test("presence names the room", async () => {
      const room = `main-presence-${form}`;
      const visitor = await visit(server, "/", { ...options, ...ann });
      await visitor.ask("join", room);
      const other = await visit(server, "/", { ...options, auth: { name: "Bo" } });
      await other.ask("join", room);
      assert.deepEqual(await visitor.told("presence"), { room, action: "join", user: "bo@guest.localhost", name: "Bo", count: 2 });
      await other.ask("leave", room);
      assert.deepEqual(await visitor.told("presence"), { room, action: "leave", user: "bo@guest.localhost", name: "Bo", count: 1 });
    });

    test("in a room both by its namespace and from /", async () => {
      const room = `main-both-${form}`;
      const company = await others(server, room);
      const main = await visit(server, "/", { ...options, ...ann });
      const own = new Visitor(main.socket.io.socket(`/${room}`));
      await own.connected();
      await main.ask("join", room);
      company.say("to both");
      assert.deepEqual(await own.next(), ["message", "to both"]);
      assert.deepEqual(await main.next(), ["publish", room, "message", "to both"]);
      await main.ask("leave", room);
      company.say("to one");
      assert.deepEqual(await own.next(), ["message", "to one"]);
      await main.ask("join", room);
      own.socket.disconnect();
      company.say("to the other");
      assert.deepEqual(await main.next(), ["publish", room, "message", "to the other"]);
    });
  });
}

test("one may publish where one has not joined", async () => {
  const company = await others(server, "main-from-outside");
  const visitor = await visit(server, "/", ann);
  await visitor.ask("publish", "main-from-outside", "message", "over the fence");
  await company.hear({ data: "over the fence" });
  const { count } = await (await fetch(`${server.base}/rooms/main-from-outside/presence`)).json();
  assert.equal(count, 3, "who only publishes is not there");
});

describe("what cannot be done is said in the acknowledgement", () => {
  for (const [what, event, status] of [
    ["a room for members", ["join", "members"], 403],
    ["to publish there", ["publish", "members", "message", "let me in"], 403],
    ["no room at all", ["join"], 400],
    ["a room that is no text", ["join", { room: "lobby" }], 400],
    ["a name that is none", ["join", "\u0000"], 400],
    ["a room elsewhere", ["join", "lobby@rooms.example.org"], 404],
    ["to publish nothing", ["publish", "lobby"], 400],
    ["an event of the server's", ["publish", "lobby", "hubbub:joined", {}], 400],
    ["a since that is none", ["join", "lobby", { since: "yesterday" }], 400],
    ["an event that / does not know", ["dance", 1], 404],
  ]) {
    test(what, async () => {
      const visitor = await visit(server, "/", ann);
      const { error } = await visitor.ask(...event);
      assert.equal(error.status, status);
      visitor.emit(...event);
      assert.deepEqual(await visitor.told("error"), error, "and by an event to whom wants no acknowledgement");
      assert.equal((await visitor.ask("join", "main-fine")).room, "main-fine", "nothing else is harmed");
    });
  }

  test("one room too many", async () => {
    const visitor = await visit(server, "/", ann);
    for (const n of [1, 2, 3]) await visitor.ask("join", `main-many-${n}`);
    assert.equal((await visitor.ask("join", "main-many-4")).error.status, 429);
    await visitor.ask("leave", "main-many-2");
    assert.equal((await visitor.ask("join", "main-many-4")).room, "main-many-4");
  });
});
