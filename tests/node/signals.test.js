// Signals between the clients that pages use: npm `ws`, `eventsource` with fetch, socket.io-client (4.x, 2.x, msgpack) and, over XMPP, `stanza`,
// which knows Simple JSON Messaging (XEP-0432) by itself.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EventSource } from "eventsource";
import msgpack from "socket.io-msgpack-parser";
import { WebSocket } from "ws";
import { Mailbox } from "./lib/clients.js";
import { leavesAfterwards } from "./lib/leaving.js";
import { startServer } from "./lib/server.js";
import { visit, WAYS } from "./lib/socketio.js";
import { visit2 } from "./lib/socketio2.js";
import { CLIENTS, logIn } from "./lib/xmpp.js";

const SIGNAL = "hubbub:signal";
const DATATYPE = "urn:hubbub:signal";
let server;
before(async () => {
  server = await startServer('[access]\nadmit = ["accounts", "guests"]\n[socketio]\neio3 = true\n', { durable: true });
  await server.addUser("romeo", "the password of romeo");
});
after(() => server.stop());

/** Each comes into a room: what its address is, how it signals (rejected if it is refused), and what it hears next. */
const KINDS = {
  ws: async (room) => {
    const socket = new WebSocket(server.ws(room, "?name=Ann"), ["hubbub.json"]);
    leavesAfterwards(() => socket.terminate());
    const inbox = new Mailbox();
    socket.on("message", (text) => inbox.push(JSON.parse(text)));
    const next = async (...names) => (await inbox.find(({ event }) => names.includes(event))).data;
    const { session } = await next("hubbub:joined");
    const signal = async (to, signal) => {
      socket.send(JSON.stringify({ event: SIGNAL, data: { to, signal }, key: "k" }));
      const told = await next("hubbub:ack", "hubbub:error");
      if (told.status) throw told;
      return told.sessions;
    };
    return { session, signal, hear: () => next(SIGNAL) };
  },

  eventsource: async (room) => {
    const source = new EventSource(server.messages(room, "?name=Eve"));
    leavesAfterwards(() => source.close());
    const inbox = new Mailbox();
    source.addEventListener(SIGNAL, ({ data }) => inbox.push(JSON.parse(data)));
    const { session, ticket } = await new Promise((resolve) =>
      source.addEventListener("hubbub:joined", ({ data }) => resolve(JSON.parse(data))),
    );
    const signal = async (to, signal) => {
      const answer = await fetch(`${server.base}/rooms/${room}/signals`, { method: "POST", body: JSON.stringify({ ticket, to, signal }) });
      const told = await answer.json();
      if (!answer.ok) throw told;
      return told.sessions;
    };
    return { session, signal, hear: () => inbox.next() };
  },

  stanza: async (room) => {
    const at = `${room}@rooms.localhost`;
    const visitor = await logIn(CLIENTS.stanza, server, "romeo", "the password of romeo");
    const heard = new Mailbox();
    const refused = new Mailbox();
    visitor.client.on("message", ({ jsonPayloads = [] }) => jsonPayloads.filter(({ type }) => type === DATATYPE).forEach(({ data }) => heard.push(data)));
    visitor.client.on("message:error", ({ error }) => refused.push(error.condition));
    await visitor.enter(at, "Romeo");
    const signal = async (to, signal) => {
      visitor.client.sendMessage({ to: `${at}/Romeo`, type: "chat", jsonPayloads: [{ type: DATATYPE, data: { to, signal } }] });
      // Only a refusal is answered: what the room says of itself afterwards shows that there was none.
      const condition = await Promise.race([refused.next(), visitor.client.getDiscoInfo(at)]);
      if (typeof condition === "string") throw { status: condition };
      return 1;
    };
    return { session: visitor.jid, signal, hear: () => heard.next() };
  },
};

const SOCKETS = { ...WAYS, msgpack: { ...WAYS.websocket, parser: msgpack } };
for (const [form, options] of Object.entries(SOCKETS)) KINDS[`socket.io ${form}`] = (room) => bySocketIo(visit(server, `/${room}`, { auth: { name: "Ida" }, ...options }));
KINDS["socket.io 2.x"] = (room) => bySocketIo(visit2(server, `/${room}`));

async function bySocketIo(coming) {
  const visitor = await coming;
  const signal = async (to, signal) => {
    const told = await visitor.ask(SIGNAL, { to, signal });
    if (told.error) throw told.error;
    return told.sessions;
  };
  const hear = async () => (await visitor.inbox.find(([event]) => event === SIGNAL))[1];
  return { session: visitor.joined.session, signal, hear };
}

const OFFER = { call: "c1", description: { type: "offer", sdp: "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" } };
const ODD = [null, "grüße 🌍 <&>", 1.5, [], { "": [true, { deep: [[[]]] }] }];

for (const [one, come] of Object.entries(KINDS)) {
  describe(one, () => {
    for (const [other, comeToo] of Object.entries(KINDS)) {
      if (one === "stanza" && other === "stanza") continue; // one account
      test(`and ${other} signal each other`, async () => {
        const room = `signals-${one}-${other}`.replace(/[ .]/g, "-");
        const [ann, bo] = [await come(room), await comeToo(room)];
        assert.equal(await ann.signal(bo.session, OFFER), 1);
        const heard = await bo.hear();
        assert.deepEqual([heard.from, heard.signal], [ann.session, OFFER]);
        for (const value of ODD) {
          await bo.signal(heard.from, value);
          assert.deepEqual((await ann.hear()).signal, value);
        }
      });
    }

    test("is told that nobody is there", async () => {
      const ann = await come(`signals-alone-${one}`.replace(/[ .]/g, "-"));
      const refusal = await ann.signal("zoe@guest.localhost", OFFER).catch(({ status }) => status);
      assert.equal(refusal, one === "stanza" ? "item-not-found" : 404);
    });
  });
}
