// npm `ws`, with and without permessage-deflate.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { Mailbox, publish } from "./lib/clients.js";
import { startServer } from "./lib/server.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

/** An open socket and a mailbox of its messages. */
async function open(room, { query = "", protocols = [], ...options } = {}) {
  const socket = new WebSocket(server.ws(room, query), protocols, options);
  const inbox = new Mailbox();
  socket.on("message", (data, binary) => inbox.push(binary ? data : data.toString()));
  await once(socket, "open");
  return { socket, inbox };
}

for (const perMessageDeflate of [true, false]) {
  describe(`perMessageDeflate: ${perMessageDeflate}`, () => {
    const room = `ws-${perMessageDeflate}`;
    const long = "to and fro, ".repeat(2000);

    test("the extension is agreed on when it is offered", async () => {
      const { socket } = await open(room, { perMessageDeflate });
      assert.equal(socket.extensions.startsWith("permessage-deflate"), perMessageDeflate);
      socket.terminate();
    });

    test("text, binary and nothing at all go round", async () => {
      const ann = await open(room, { perMessageDeflate, query: "?name=Ann" });
      const bo = await open(room, { perMessageDeflate: !perMessageDeflate, query: "?name=Bo" });
      const sent = ["grüße", "", long, Buffer.from([0, 255, 1]), Buffer.alloc(0), Buffer.from(long)];
      for (const data of sent) ann.socket.send(data);
      assert.deepEqual(await ann.inbox.take(sent.length), sent);
      assert.deepEqual(await bo.inbox.take(sent.length), sent);
      ann.socket.close();
      bo.socket.close();
    });

    test("a thousand messages keep their order", async () => {
      const { socket, inbox } = await open(`${room}-many`, { perMessageDeflate });
      const sent = Array.from({ length: 1000 }, (_, n) => `${n} ${"x".repeat(n)}`);
      for (const text of sent) socket.send(text);
      assert.deepEqual(await inbox.take(1000), sent);
      socket.close();
      const [code] = await once(socket, "close");
      assert.ok([1000, 1005].includes(code), `${code}`);
    });

    test("envelopes", async () => {
      const { socket, inbox } = await open(room, { perMessageDeflate, protocols: ["hubbub.json"], query: "?name=Ann" });
      assert.equal(socket.protocol, "hubbub.json");
      const envelopes = async () => JSON.parse(await inbox.next());
      assert.equal((await envelopes()).event, "hubbub:joined");
      const posted = await publish(server, room, long);
      assert.deepEqual(await envelopes(), { ...posted, data: long });
      socket.send(JSON.stringify({ data: { long }, key: "k" }));
      const told = [await envelopes(), await envelopes()];
      const ack = told.find((one) => one.event === "hubbub:ack");
      const message = told.find((one) => one.event === "message");
      assert.equal(ack.data.offset, message.offset);
      assert.deepEqual(message.data, { long });
      socket.terminate();
    });
  });
}

test("a cut and a return by `since` miss nothing", async () => {
  const first = await open("ws-resume", { protocols: ["hubbub.json"] });
  const next = async (from) => JSON.parse(await from.inbox.find((text) => !JSON.parse(text).event.startsWith("hubbub:")));
  await publish(server, "ws-resume", "one");
  const { offset } = await next(first);
  first.socket.terminate();
  await publish(server, "ws-resume", "two");
  await publish(server, "ws-resume", "three");
  const second = await open("ws-resume", { protocols: ["hubbub.json"], query: `?since=${offset}` });
  assert.deepEqual([(await next(second)).data, (await next(second)).data], ["two", "three"]);
  second.socket.terminate();
});

test("the closing handshake both ways", async () => {
  const { socket } = await open("ws-close");
  socket.close(4321, "enough");
  const [code] = await once(socket, "close");
  assert.ok([1000, 4321].includes(code), `${code}`);
});

test("pings are answered", async () => {
  const { socket } = await open("ws-ping");
  socket.ping("are you there?");
  const [data] = await once(socket, "pong");
  assert.equal(data.toString(), "are you there?");
  socket.terminate();
});
