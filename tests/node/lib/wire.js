// What is between a client and the server: a wire that can be cut, and a proxy that lets no WebSocket through.
import { once } from "node:events";
import http from "node:http";
import net from "node:net";

async function listen(server, close) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { base: `http://127.0.0.1:${server.address().port}`, close };
}

/** A TCP wire to the server that can be cut at any moment. */
export async function cuttable(target) {
  const sockets = new Set();
  const { hostname, port } = new URL(target.base);
  const listener = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  // One that is shutting down already cannot be reset, and node would wait for it for ever.
  const cut = () => sockets.forEach((socket) => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy()));
  const close = () => {
    cut();
    listener.close();
  };
  return { ...(await listen(listener, close)), cut };
}

/** What proxies do to a WebSocket that they do not know: refuse it, or take the request and never answer. */
export const REFUSALS = {
  "answers 403": (socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
  "hangs up": (socket) => socket.resetAndDestroy(),
  "never answers": () => {},
};

/** An HTTP proxy that passes on everything but WebSockets. `refused` counts them. */
export async function withoutWebSocket(target, refuse) {
  const { hostname, port } = new URL(target.base);
  const waiting = new Set();
  const proxy = http.createServer((request, response) => {
    const { method, url, headers } = request;
    const onward = http.request({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  const wire = await listen(proxy, () => {
    waiting.forEach((socket) => socket.destroy());
    proxy.close();
    proxy.closeAllConnections();
  });
  wire.refused = 0;
  proxy.on("upgrade", (_, socket) => {
    wire.refused += 1;
    waiting.add(socket.on("error", () => {}));
    refuse(socket);
  });
  return wire;
}
