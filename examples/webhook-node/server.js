// A chat's application logic behind Hubbub, in Node without dependencies: docs/webhooks.md tells what may be asked and answered.
// Run: HUBBUB_SECRET=… PORT=3000 node server.js
"use strict";

const { createHmac, timingSafeEqual } = require("node:crypto");
const { createServer } = require("node:http");

const secret = process.env.HUBBUB_SECRET;
const seen = new Map(); // delivery → answer: a question that comes again is answered as before

/** Whether Hubbub sent this, within the last five minutes. */
function isSigned(header, body) {
  const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header ?? "") ?? [];
  if (!mac || Math.abs(Date.now() / 1000 - time) > 300) return false;
  const wanted = createHmac("sha256", secret).update(`${time}.`).update(body).digest("hex");
  return timingSafeEqual(Buffer.from(mac), Buffer.from(wanted));
}

/** What the application says to each kind of question. No answer means yes. */
const on = {
  connect({ user, room }) {
    if (user.name === "Mallory") return { refuse: "You are not welcome here." };
    return { actions: [emitToOthers(room, "hello", user.name)] };
  },

  leave({ user, room }) {
    return { actions: [{ action: "emit", room, event: "goodbye", data: user.name }] };
  },

  event({ event, data, user, room }) {
    if (event === "sum") return { publish: false, answer: [data.reduce((sum, n) => sum + n, 0)] };
    if (event === "typing") return { publish: false, actions: [emitToOthers(room, "typing", user.name)] };
    if (event === "whisper") {
      const whisper = { action: "emit", event: "whisper", data: { from: user.name, text: data.text } };
      return { publish: false, actions: [{ ...whisper, user: data.to }] };
    }
    if (typeof data !== "string") return {};
    if (/\bspam\b/i.test(data)) return { refuse: { message: "Mind your language.", data: { word: "spam" } } };
    if (data.includes(":)")) return { rewrite: { data: data.replaceAll(":)", "🙂") } };
  },
};

const emitToOthers = (room, event, data) => ({ action: "emit", room, event, data, except: ["sender"] });

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!isSigned(request.headers["hubbub-signature"], body)) return response.writeHead(401).end();
  const delivery = request.headers["hubbub-delivery"];
  if (!seen.has(delivery)) {
    const question = JSON.parse(body);
    seen.set(delivery, JSON.stringify(on[question.kind]?.(question) ?? {}));
    setTimeout(() => seen.delete(delivery), 60_000).unref();
  }
  response.setHeader("Content-Type", "application/json").end(seen.get(delivery));
});

if (!secret) throw new Error("set HUBBUB_SECRET to the secret of the [[webhook]]");
server.listen(process.env.PORT ?? 3000, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
