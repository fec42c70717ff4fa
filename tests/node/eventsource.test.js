// npm `eventsource`: the browser's API, resuming by itself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EventSource } from "eventsource";
import { Mailbox, publish } from "./lib/clients.js";
import { startServer } from "./lib/server.js";
import { cuttable } from "./lib/wire.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

/** An open stream and a mailbox of its events, by the names listened for. */
async function open(url, ...names) {
  const source = new EventSource(url);
  const inbox = new Mailbox();
  for (const name of ["message", ...names]) source.addEventListener(name, inbox.push);
  await new Promise((resolve) => (source.onopen = resolve));
  return { source, inbox };
}

test("messages arrive with the envelope of a poll", async () => {
  const { source, inbox } = await open(server.messages("es", "?name=Ann"), "hubbub:joined");
  assert.equal(JSON.parse((await inbox.next()).data).room, "es");
  const posted = await publish(server, "es", "zwei\nZeilen 🌍");
  const event = await inbox.next();
  assert.equal(event.lastEventId, posted.offset);
  assert.deepEqual(JSON.parse(event.data), { ...posted, data: "zwei\nZeilen 🌍" });
  source.close();
});

test("named events and presence arrive under their names", async () => {
  const { source, inbox } = await open(server.messages("es-named", "?name=Ann"), "score", "hubbub:presence");
  const bo = await open(server.messages("es-named", "?name=Bo"));
  const presence = await inbox.find((event) => event.type === "hubbub:presence");
  assert.equal(JSON.parse(presence.data).name, "Bo");
  await fetch(server.messages("es-named", "?event=score"), { method: "POST", body: "3", headers: { "Content-Type": "text/plain" } });
  assert.equal(JSON.parse((await inbox.find((event) => event.type === "score")).data).data, "3");
  bo.source.close();
  source.close();
});

test("cut on the way, it comes back by itself and misses nothing", async () => {
  const wire = await cuttable(server);
  const { source, inbox } = await open(`${wire.base}/rooms/es-cut/messages?name=Ann`);
  const sent = [];
  for (let round = 0; round < 5; round++) {
    for (let n = 0; n < 4; n++) {
      sent.push(`${round}.${n}`);
      await publish(server, "es-cut", sent.at(-1));
      if (n === 1) wire.cut();
    }
  }
  const received = (await inbox.take(sent.length)).map((event) => JSON.parse(event.data).data);
  assert.deepEqual(received, sent);
  source.close();
  wire.close();
});
