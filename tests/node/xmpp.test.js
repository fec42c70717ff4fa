// Clients of XMPP in JavaScript, over WebSocket: they log in, and in a room they meet people on raw WebSocket, an event stream and a long poll.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { others } from "./lib/others.js";
import { startServer } from "./lib/server.js";
import { CLIENTS, logIn } from "./lib/xmpp.js";

let server;
before(async () => {
  server = await startServer('[access]\nadmit = ["accounts", "guests"]\n', { durable: true });
  for (const user of ["ann", "bo"]) await server.addUser(user, `the password of ${user}`);
});
after(() => server.stop());

for (const [name, Kind] of Object.entries(CLIENTS)) {
  describe(name, () => {
    const ann = () => logIn(Kind, server, "ann", "the password of ann");
    const bo = () => logIn(CLIENTS["@xmpp/client"], server, "bo", "the password of bo");
    const room = `xmpp-${name.replace(/\W/g, "")}`;

    test("logs in, and the server answers", async () => {
      const one = await ann();
      assert.match(one.jid, /^ann@localhost\/./);
      await one.ping();
    });

    test("a wrong password is refused", async () => {
      const stranger = new Kind();
      await assert.rejects(stranger.connect(`${server.base.replace("http", "ws")}/xmpp-websocket`, "ann", "wrong"));
      await stranger.giveUp();
    });

    test("speaks in a room and is heard by all, whatever they use", async () => {
      const company = await others(server, room);
      const one = await ann();
      await one.enter(`${room}@rooms.localhost`, "Ann");
      await one.say(`${room}@rooms.localhost`, "grüße 🌍 <&>");
      await company.hear({ data: "grüße 🌍 <&>" });
      assert.deepEqual(await one.heard.next(), { room: `${room}@rooms.localhost`, nick: "Ann", body: "grüße 🌍 <&>" });
    });

    test("hears in a room what others say by any protocol", async () => {
      const company = await others(server, `${room}-2`);
      const one = await ann();
      await one.enter(`${room}-2@rooms.localhost`, "Ann");
      company.say("by WebSocket");
      assert.deepEqual(await one.heard.next(), { room: `${room}-2@rooms.localhost`, nick: "Wes", body: "by WebSocket" });
      await company.post("by POST");
      assert.equal((await one.heard.next()).body, "by POST");
    });

    test("writes to somebody and gets an answer", async () => {
      const [one, two] = [await ann(), await bo()];
      await one.say(two.jid, "are you there?", "chat");
      assert.deepEqual(await two.letters.next(), { from: one.jid, body: "are you there?" });
      await two.say(one.jid, "yes", "chat");
      assert.deepEqual(await one.letters.next(), { from: two.jid, body: "yes" });
    });

    test("keeps a roster", async () => {
      const one = await ann();
      await one.befriend(`friend-of-${room}@localhost`);
      assert.ok((await one.roster()).includes(`friend-of-${room}@localhost`));
    });
  });
}
