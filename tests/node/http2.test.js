// HTTP/2 by node itself: WebSockets on streams (RFC 8441), event streams, and both on one connection.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { publish } from "./lib/clients.js";
import { connectHttp2, extendedConnect } from "./lib/http2.js";
import { startServer } from "./lib/server.js";
import { eventually } from "./lib/soon.js";

let server;
let session;
before(async () => {
  server = await startServer();
  session = await connectHttp2(server);
});
after(async () => {
  session.destroy();
  await server.stop();
});

test("the server offers extended CONNECT", () => {
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
});

test("a WebSocket on a stream", async () => {
  const { response, socket } = await extendedConnect(session, "/rooms/h2/ws?name=Ann");
  assert.equal(response[":status"], 200);
  assert.equal(response["sec-websocket-accept"], undefined, "RFC 8441 section 5: there is no key and no accept");
  socket.send("hello");
  assert.deepEqual(await socket.inbox.next(), { data: "hello", binary: false });
  socket.send(Buffer.from([1, 2, 3]), true);
  assert.deepEqual(await socket.inbox.next(), { data: Buffer.from([1, 2, 3]), binary: true });
  await publish(server, "h2", "from curl");
  assert.equal((await socket.inbox.next()).data, "from curl");
  assert.equal(await socket.close(1000), 1000);
});

test("envelopes and large messages", async () => {
  const { response, socket } = await extendedConnect(session, "/rooms/h2-json/ws", { "sec-websocket-protocol": "hubbub.json" });
  assert.equal(response["sec-websocket-protocol"], "hubbub.json");
  assert.equal(JSON.parse((await socket.inbox.next()).data).event, "hubbub:joined");
  const large = "x".repeat(60_000);
  for (let n = 0; n < 20; n++) socket.send(JSON.stringify({ data: `${n} ${large}` }));
  for (let n = 0; n < 20; n++) assert.equal(JSON.parse((await socket.inbox.next()).data).data, `${n} ${large}`);
  await socket.close();
});

test("many sockets share one connection", async () => {
  const opened = await Promise.all(Array.from({ length: 20 }, () => extendedConnect(session, "/rooms/h2-many/ws")));
  opened[7].socket.send("to all");
  for (const { socket } of opened) assert.equal((await socket.inbox.next()).data, "to all");
  assert.deepEqual(await Promise.all(opened.map(({ socket }) => socket.close())), Array(20).fill(1000));
});

test("resuming by `since`", async () => {
  const { offset } = await publish(server, "h2-since", "one");
  await publish(server, "h2-since", "two");
  const { socket } = await extendedConnect(session, `/rooms/h2-since/ws?since=${offset}`);
  assert.equal((await socket.inbox.next()).data, "two");
  await socket.close();
});

for (const [what, path, headers, status] of [
  ["another version", "/rooms/h2/ws", { "sec-websocket-version": "12" }, 426],
  ["another protocol than websocket", "/rooms/h2/ws", { ":protocol": "chat" }, 405],
  ["an origin that is not allowed", "/rooms/h2/ws", { origin: "https://stranger.example" }, 403],
  ["a token that is none", "/rooms/h2/ws?token=nonsense", {}, 401],
  ["an offset that is none", "/rooms/h2/ws?since=yesterday", {}, 400],
  ["no such path", "/rooms/h2/wss", {}, 404],
]) {
  test(`${what} is refused with ${status}`, async () => {
    const { response, stream } = await extendedConnect(session, path, headers);
    assert.equal(response[":status"], status);
    let body = "";
    for await (const chunk of stream) body += chunk;
    assert.equal(JSON.parse(body).status, status);
  });
}

test("a stream that is reset takes only its own socket along", async () => {
  const one = await extendedConnect(session, "/rooms/h2-reset/ws?name=Ann");
  const other = await extendedConnect(session, "/rooms/h2-reset/ws?name=Bo");
  one.stream.close(8); // CANCEL
  await once(one.stream, "close");
  other.socket.send("still here");
  assert.equal((await other.socket.inbox.next()).data, "still here");
  await other.socket.close();
});

test("an event stream", async () => {
  const stream = session.request({ ":path": "/rooms/h2-sse/messages", accept: "text/event-stream" });
  const [response] = await once(stream, "response");
  assert.equal(response[":status"], 200);
  assert.match(response["content-type"], /^text\/event-stream/);
  let text = "";
  stream.setEncoding("utf8").on("data", (data) => (text += data));
  const { offset } = await publish(server, "h2-sse", "hello");
  while (!text.includes(`id: ${offset}\n`) && !text.includes(`id:${offset}\n`)) await once(stream, "data");
  stream.close();
});

test("a socket that never reads is let go, and the others on its connection hear everything", async () => {
  const small = await startServer("[limits]\noutbox_bytes = 65536\n");
  const shared = await connectHttp2(small);
  const deaf = shared.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":path": "/rooms/h2-deaf/ws",
    ":authority": "localhost",
    "sec-websocket-version": "13",
  });
  deaf.on("error", () => {}); // its stream is reset in the end
  const [response] = await once(deaf, "response"); // and from here on nothing is read
  assert.equal(response[":status"], 200);
  const { socket } = await extendedConnect(shared, "/rooms/h2-deaf/ws");
  const large = "x".repeat(50_000);
  for (let n = 0; n < 20; n++) {
    socket.send(`${n} ${large}`);
    assert.equal((await socket.inbox.next()).data, `${n} ${large}`);
  }
  const sessions = async () => {
    const text = await (await fetch(`${small.base}/metrics`)).text();
    return [...text.matchAll(/^hubbub_sessions\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  await eventually(async () => (await sessions()) <= 1, "the server to let it go");
  socket.send("still here");
  assert.equal((await socket.inbox.next()).data, "still here");
  assert.equal(await socket.close(), 1000);
  shared.destroy();
  await small.stop();
});
