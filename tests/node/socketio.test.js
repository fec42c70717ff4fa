// socket.io-client in a room with people on raw WebSocket, an event stream and a long poll: what one says, all hear.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import msgpack from "socket.io-msgpack-parser";
import { bytes, others, post } from "./lib/others.js";
import { startServer } from "./lib/server.js";
import { knock, once, visit, Visitor, WAYS } from "./lib/socketio.js";

const ann = { auth: { name: "Ann" } };
const bo = { auth: { name: "Bo" } };
let server;
before(async () => (server = await startServer()));
after(() => server.stop());

/** Each way, and each way with packets in msgpack. */
const FORMS = Object.entries(WAYS).flatMap(([way, options]) => [
  [way, options],
  [`${way}, msgpack`, { ...options, parser: msgpack }],
]);

for (const [form, options] of FORMS) {
  describe(form, () => {
    const room = `sio-${form.replace(", ", "-")}`;

    test("an event is a message of the room, whatever it carries", async () => {
      const company = await others(server, room, ["score"]);
      const visitor = await visit(server, `/${room}`, { ...options, ...ann });
      const says = async (event, told) => {
        const kept = await visitor.ask(...event);
        assert.deepEqual(await visitor.next(), event, "the sender hears it in the room's order");
        const { id, offset, time, from } = await company.hear({ event: event[0], ...told });
        assert.deepEqual({ id, offset, time }, kept, "the acknowledgement says where it is kept");
        assert.equal(from, "ann@guest.localhost");
      };
      await says(["message", "grüße 🌍"], { data: "grüße 🌍" });
      await says(["message", ""], { data: "" });
      await says(["score", { home: 3, away: [1, null, true] }], { data: { home: 3, away: [1, null, true] } });
      await says(["score", 3], { data: 3 });
      await says(["score", null], { data: null });
      await says(["message", Buffer.from([0, 255, 1])], bytes(Buffer.of(0, 255, 1)));
      await says(["score"], { data: [], args: true });
      await says(["score", 1, "two", { three: [3] }, null], { data: [1, "two", { three: [3] }, null], args: true });
    });

    test("bytes inside of arguments come out where they went in", async () => {
      const company = await others(server, `${room}-bytes`, ["files"]);
      const [one, two] = [await visit(server, `/${room}-bytes`, { ...options, ...ann }), await visit(server, `/${room}-bytes`, { ...WAYS.websocket, ...bo })];
      const files = [{ name: "a", body: Buffer.from("A") }, "text", [Buffer.from("B"), [Buffer.alloc(0)]]];
      await one.ask("files", ...files);
      assert.deepEqual(await one.next(), ["files", ...files]);
      assert.deepEqual(await two.next(), ["files", ...files]);
      const data = [{ name: "a", body: { base64: "QQ==" } }, "text", [{ base64: "Qg==" }, [{ base64: "" }]]];
      await company.hear({ event: "files", data, args: true });
      const { buffer } = Uint8Array.of(7, 8, 9);
      await two.ask("files", { buffer, view: new Uint8Array(buffer, 1, 1) }, buffer);
      const seen = [{ buffer: Buffer.of(7, 8, 9), view: Buffer.of(8) }, Buffer.of(7, 8, 9)];
      assert.deepEqual(await one.next(), ["files", ...seen]);
    });

    test("what others publish arrives as an event", async () => {
      const company = await others(server, `${room}-heard`);
      const visitor = await visit(server, `/${room}-heard`, { ...options, ...ann });
      const heard = async (event) => assert.deepEqual(await visitor.next(), event);
      company.say("hello from a WebSocket");
      await heard(["message", "hello from a WebSocket"]);
      company.say(Buffer.of(1, 2, 3));
      await heard(["message", Buffer.of(1, 2, 3)]);
      await company.post("hello by POST");
      await heard(["message", "hello by POST"]);
      await company.post('{"x": [1]}', "application/json", "event=move");
      await heard(["move", { x: [1] }]);
      await company.post("[1,2]", "application/json");
      await heard(["message", [1, 2]]);
      await company.post('[1,{"file":{"base64":"AQI="}}]', "application/json", "event=move&args=true");
      await heard(["move", 1, { file: { base64: "AQI=" } }]);
      await company.post(Buffer.of(9), "application/octet-stream", "event=move");
      await heard(["move", Buffer.of(9)]);
      await company.post("taken for the client's own otherwise", "text/plain", "event=disconnect");
      await heard(["hubbub:event", "disconnect", "taken for the client's own otherwise"]);
    });

    test("several namespaces on one connection are several rooms", async () => {
      const red = await visit(server, `/${room}-red`, { ...options, ...ann });
      const blue = new Visitor(red.socket.io.socket(`/${room}-blue`, bo));
      const main = new Visitor(red.socket.io.socket("/"));
      await Promise.all([blue.connected(), main.connected()]);
      assert.equal(blue.socket.io, red.socket.io);
      const company = await others(server, `${room}-blue`);
      await red.ask("message", "red");
      await blue.ask("message", "blue");
      assert.equal((await company.hear({ data: "blue" })).from, "bo@guest.localhost");
      await post(server, `${room}-red`, "to red");
      assert.deepEqual(await red.take(2), [["message", "red"], ["message", "to red"]]);
      const watcher = await visit(server, `/${room}-blue`);
      blue.close();
      assert.equal((await watcher.told("presence")).user, "bo@guest.localhost", "he is gone from there, and only from there");
      await red.ask("message", "still here");
      assert.deepEqual(await red.next(), ["message", "still here"]);
      assert.deepEqual(await blue.next(), ["message", "blue"]);
    });

    test("a thousand events keep their order", async () => {
      const visitor = await visit(server, `/${room}-many`, { ...options, ...ann });
      const sent = Array.from({ length: 1000 }, (_, n) => ["n", n, n % 7 ? "text" : Buffer.of(n % 256)]);
      for (const event of sent) visitor.emit(...event);
      assert.deepEqual(await visitor.take(1000), sent);
    });

    test("half a megabyte, in text and in bytes", async () => {
      const company = await others(server, `${room}-large`);
      const visitor = await visit(server, `/${room}-large`, { ...options, ...ann });
      const [text, blob] = ["ä".repeat(250_000), Buffer.alloc(500_000, 7)];
      await visitor.ask("message", text);
      await visitor.ask("message", blob);
      assert.deepEqual(await visitor.take(2), [["message", text], ["message", blob]]);
      await company.hear({ data: text });
      await company.hear(bytes(blob));
      company.say(blob);
      assert.deepEqual(await visitor.next(), ["message", blob]);
    });
  });
}

describe("being there", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(`${way}: who comes and goes is told`, async () => {
      const room = `sio-there-${way}`;
      const watcher = await visit(server, `/${room}`, { ...options, ...ann });
      assert.equal(watcher.joined.room, room);
      assert.deepEqual(watcher.joined.presence.occupants.map(({ name }) => name), ["Ann"]);
      const other = await visit(server, `/${room}`, { ...options, ...bo });
      assert.deepEqual(await watcher.told("presence"), { room, action: "join", user: "bo@guest.localhost", name: "Bo", count: 2 });
      assert.equal(other.joined.presence.count, 2);
      other.close();
      assert.deepEqual(await watcher.told("presence"), { room, action: "leave", user: "bo@guest.localhost", name: "Bo", count: 1 });
    });
  }

  test("where a room only counts, so does the event", async (t) => {
    const counting = await startServer('[[room]]\nmatch = "*"\npresence = "count"\n');
    t.after(() => counting.stop());
    const one = await visit(counting, "/crowd", ann);
    await visit(counting, "/crowd", bo);
    for (;;) {
      const told = await one.told("presence");
      assert.deepEqual(Object.keys(told).sort(), ["count", "room"]);
      if (told.count === 2) break;
    }
  });
});

test("echo=false: others hear me, I do not", async () => {
  const company = await others(server, "sio-echo");
  const visitor = await visit(server, "/sio-echo", { ...ann, query: { echo: false } });
  await visitor.ask("message", "to the others");
  await company.hear({ data: "to the others" });
  company.say("to Ann");
  assert.deepEqual(await visitor.next(), ["message", "to Ann"]);
});

describe("volatile: what cannot go out at once is not said at all", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(way, async () => {
      const room = `sio-volatile-${way}`;
      const company = await others(server, room);
      const visitor = new Visitor(knock(server, `/${room}`, { ...ann, ...options }));
      visitor.socket.volatile.emit("message", "not connected yet");
      await visitor.connected();
      await visitor.ask("message", "this goes out");
      await company.hear({ data: "this goes out" });
      visitor.emit("message", "this keeps the line busy");
      visitor.socket.volatile.emit("message", "so there is no room for this");
      await company.hear({ data: "this keeps the line busy" });
      await visitor.ask("message", "and this is next");
      await company.hear({ data: "and this is next" });
    });
  }
});

describe("history on coming in, and then what comes next", () => {
  for (const [what, auth, texts] of [
    ["everything", () => ({ since: "0" }), ["0", "1", "2", "3", "4"]],
    ["what followed an offset", (offsets) => ({ since: offsets[2] }), ["3", "4"]],
    ["the last two", () => ({ last: 2 }), ["3", "4"]],
    ["none", () => ({}), []],
  ]) {
    test(what, async () => {
      const room = `sio-history-${what.replaceAll(" ", "-")}`;
      const offsets = [];
      for (let n = 0; n < 5; n++) offsets.push((await post(server, room, `${n}`)).offset);
      const visitor = await visit(server, `/${room}`, { auth: auth(offsets) });
      await post(server, room, "next");
      assert.deepEqual(await visitor.take(texts.length + 1), [...texts, "next"].map((text) => ["message", text]));
    });
  }
});

describe("nothing happens for longer than a heartbeat", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(`${way}: and then somebody speaks`, async (t) => {
      const lively = await startServer('[socketio]\nping_interval = "1 s"\nping_timeout = "1 s"\n');
      t.after(() => lively.stop());
      const company = await others(lively, "quiet");
      const visitor = await visit(lively, "/quiet", { ...ann, ...options });
      for (let heartbeats = 0; heartbeats < 3; heartbeats++) await once(visitor.socket.io, "ping");
      company.say("still there?");
      assert.deepEqual(await visitor.next(), ["message", "still there?"]);
      await visitor.ask("message", "yes");
      await company.hear({ data: "still there?" });
      await company.hear({ data: "yes" });
      assert.equal(visitor.socket.connected, true);
    });
  }
});
