// WebSocket over HTTP/2 (RFC 8441): node's http2 for the stream, the frames by the codec of npm `ws`.
import { once } from "node:events";
import http2 from "node:http2";
import { Receiver, Sender } from "ws";
import { Mailbox } from "./clients.js";

/** An HTTP/2 connection whose server has said that it takes extended CONNECT. */
export async function connectHttp2(server) {
  const session = http2.connect(server.base);
  await once(session, "remoteSettings");
  return session;
}

/** Asks for a WebSocket on a stream of `session`; the response headers, and the socket if it was accepted. */
export async function extendedConnect(session, path, headers = {}) {
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "sec-websocket-version": "13",
    ...headers,
  });
  const [response] = await once(stream, "response");
  return { response, stream, socket: response[":status"] === 200 ? new StreamSocket(stream) : undefined };
}

/** Frames on an HTTP/2 stream. Messages arrive in `inbox` as `{data, binary}`. */
class StreamSocket {
  inbox = new Mailbox();
  closed = new Promise((resolve) => (this.resolveClosed = resolve));

  constructor(stream) {
    this.stream = stream;
    this.sender = new Sender(stream, {});
    const receiver = new Receiver({ isServer: false });
    receiver.on("message", (data, binary) => this.inbox.push({ data: binary ? data : data.toString(), binary }));
    receiver.on("ping", (data) => this.sender.pong(data, true));
    receiver.on("conclude", (code) => this.resolveClosed(code));
    stream.pipe(receiver);
  }

  send(data, binary = false) {
    this.sender.send(data, { binary, compress: false, fin: true, mask: true });
  }

  /** Sends a close frame; the code that comes back. */
  close(code = 1000) {
    this.sender.close(code, "", true);
    return this.closed;
  }
}
