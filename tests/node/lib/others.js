// The others in the room: one on a raw WebSocket, one on an event stream, one on a long poll. What one protocol says, all hear.
import assert from "node:assert/strict";
import { once } from "node:events";
import { EventSource } from "eventsource";
import { WebSocket } from "ws";
import { Mailbox } from "./clients.js";
import { leavesAfterwards } from "./leaving.js";

/** All three, in `room`. Event streams tell events by name, so `events` names those that are to be heard besides `message`. */
export async function others(server, room, events = [], query = "") {
  const ask = (name) => `?name=${name}${query && `&${query}`}`;
  const [socket, stream, poll] = await Promise.all([
    openSocket(server.ws(room, ask("Wes"))),
    openStream(server.messages(room, ask("Esther")), ["message", ...events]),
    openPoll(server.messages(room, ask("Paul"))),
  ]);
  for (const one of [socket, stream, poll]) leavesAfterwards(one.close);
  return new Others({ server, room, socket, stream, poll });
}

async function openSocket(url) {
  const socket = new WebSocket(url);
  const inbox = new Mailbox();
  socket.on("message", (data, binary) => inbox.push(binary ? data : data.toString()));
  await once(socket, "open");
  return { inbox, send: (data) => socket.send(data), close: () => socket.terminate() };
}

async function openStream(url, names) {
  const source = new EventSource(url);
  const inbox = new Mailbox();
  for (const name of names) source.addEventListener(name, (event) => inbox.push(JSON.parse(event.data)));
  await new Promise((resolve) => source.addEventListener("hubbub:joined", resolve, { once: true }));
  return { inbox, close: () => source.close() };
}

async function openPoll(url) {
  const inbox = new Mailbox();
  const ended = new AbortController();
  let { cursor } = await (await fetch(url)).json();
  const run = async () => {
    for (;;) {
      const answer = await (await fetch(`${url}&since=${cursor}&wait=20`, { signal: ended.signal })).json();
      answer.messages.forEach(inbox.push);
      cursor = answer.cursor;
    }
  };
  const running = run().catch((error) => {
    if (!ended.signal.aborted) throw error;
  });
  return {
    inbox,
    close: () => {
      ended.abort();
      return running;
    },
  };
}

class Others {
  constructor(members) {
    Object.assign(this, members);
  }

  /** The one on the WebSocket speaks: a string or a Buffer. */
  say(data) {
    this.socket.send(data);
  }

  /** Somebody publishes by POST; the server's answer. */
  post(body, type = "text/plain", query = "") {
    return post(this.server, this.room, body, type, query);
  }

  /** All three hear this next: `data` as in an envelope, and as a `frame` on the WebSocket. Gives the envelope. */
  async hear({ event = "message", data, frame = asFrame(data), ...more }) {
    const [streamed, polled] = [await this.stream.inbox.next(), await this.poll.inbox.next()];
    const { id, offset, time, from, name, ...said } = streamed;
    assert.deepEqual(said, { event, data, ...more }, "on the event stream");
    assert.deepEqual(polled, streamed, "by long poll");
    assert.deepEqual(await this.socket.inbox.next(), frame, "on the WebSocket");
    return { id, offset, time, from, name };
  }
}

const asFrame = (data) => (typeof data === "string" ? data : JSON.stringify(data));

/** What an envelope says of bytes, and the frame they come in. */
export const bytes = (frame) => ({ data: frame.toString("base64"), encoding: "base64", frame });

/** Publishes by POST; the server's answer. */
export async function post(server, room, body, type = "text/plain", query = "") {
  const url = server.messages(room, `?name=Carl${query && `&${query}`}`);
  const response = await fetch(url, { method: "POST", body, headers: { "Content-Type": type } });
  assert.equal(response.status, 201, await response.clone().text());
  return response.json();
}
