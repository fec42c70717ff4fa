// Calls between pages of Chromium, with a camera and a microphone of its own making: the test carries what they signal.
import assert from "node:assert/strict";
import { CHROMIUM, launchBy } from "./console.js";
import { leavesAfterwards } from "./leaving.js";
import { LONG_MS, soon } from "./soon.js";

const FLAGS = [
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--allow-loopback-in-peer-connection",
];

export const launchForCalls = (...flags) => launchForCallsBy(CHROMIUM, ...flags);
export const launchForCallsBy = (program, ...flags) => launchBy(program, ...FLAGS, ...flags);

/** A page at `url`, in a context of its own, that can make calls. */
export async function openPhone(browser, url) {
  const context = await browser.newContext();
  leavesAfterwards(() => context.close());
  const page = await context.newPage();
  const phone = new Phone(page);
  page.on("pageerror", (error) => phone.complaints.push(String(error)));
  await page.exposeFunction("signal", (said) => phone.other?.evaluate((said) => globalThis.phone.hear(said), said));
  await page.addInitScript(prepare);
  await page.goto(url);
  return phone;
}

/** Two pages at `url` that connect by these configurations, in a call. */
export async function conversation(browser, url, configurations) {
  const phones = await Promise.all(configurations.map(() => openPhone(browser, url)));
  await Promise.all(phones.map((phone, index) => phone.prepare(configurations[index])));
  await call(...phones);
  return phones;
}

/** Has the one call the other, and waits until they are connected. */
export async function call(caller, called) {
  await ring(caller, called);
  await Promise.all([caller.state("connected"), called.state("connected")]);
}

/** Has the one call the other. */
export async function ring(caller, called) {
  caller.other = called.page;
  called.other = caller.page;
  await caller.offer();
}

/** Both see and hear the other, and so many bytes cross whole, both ways at once. */
export async function talk(ann, bo, size) {
  await Promise.all([ann.isReady(), bo.isReady()]);
  const [sent, received] = await Promise.all([
    Promise.all([ann.send(size), bo.send(size)]),
    Promise.all([bo.receive(size), ann.receive(size)]),
    ann.sees(10),
    bo.sees(10),
  ]);
  assert.deepEqual(received, sent);
}

export class Phone {
  complaints = [];

  constructor(page) {
    this.page = page;
  }

  /** Takes the camera, the microphone and a data channel, and makes ready to connect in this way. */
  prepare(configuration) {
    return this.page.evaluate((configuration) => globalThis.phone.prepare(configuration), configuration);
  }

  /** Waits until the connection is in one of these states. */
  state(...wanted) {
    return this.page.waitForFunction((wanted) => wanted.includes(globalThis.phone.connection.connectionState), wanted);
  }

  /** Calls, or with `iceRestart` looks for new ways, as one does when the connection is lost. */
  offer(options = {}) {
    return this.page.evaluate((options) => globalThis.phone.offer(options), options);
  }

  /** Waits until the camera, the microphone and the data channel are there: what comes by the channel before that is lost. */
  isReady() {
    return soon(this.page.evaluate(() => globalThis.phone.ready), "the camera and the microphone");
  }

  /** Sends so many bytes; their SHA-256. */
  send(size) {
    return soon(this.page.evaluate((size) => globalThis.phone.send(size), size), `${size} bytes to be sent`, LONG_MS);
  }

  /** The SHA-256 of the next so many bytes that arrive. */
  receive(size) {
    return soon(this.page.evaluate((size) => globalThis.phone.receive(size), size), `${size} bytes to come`, LONG_MS);
  }

  /** Waits until so many more pictures have been seen, and so much more has been heard. */
  async sees(frames) {
    const before = await this.page.evaluate(() => globalThis.phone.played());
    const more = async ({ before, frames }) => {
      const { pictures, sound } = await globalThis.phone.played();
      return pictures >= before.pictures + frames && sound > before.sound;
    };
    await this.page.waitForFunction(more, { before, frames });
  }

  /** The two candidates between which everything goes; of the other's, Chromium does not know how it comes to its relay. */
  path() {
    return this.page.evaluate(() => globalThis.phone.path());
  }

  /** Why there is no way through a server, once one has said so. */
  async refusal() {
    const told = await this.page.waitForFunction(() => globalThis.phone.refusals[0]);
    return told.jsonValue();
  }

  hangUp() {
    return this.page.evaluate(() => globalThis.phone.connection.close());
  }
}

/** Runs in the page. */
export function prepare() {
  const PIECE = 16 * 1024;
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async (pieces) => hex(await crypto.subtle.digest("SHA-256", await new Blob(pieces).arrayBuffer()));
  const event = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));

  class Phone {
    refusals = [];
    #arrived = [];

    prepare(configuration) {
      const connection = new RTCPeerConnection(configuration);
      connection.onicecandidate = ({ candidate }) => candidate && globalThis.signal({ candidate: candidate.toJSON() });
      connection.onicecandidateerror = ({ errorCode, errorText, url }) => this.refusals.push({ errorCode, errorText, url });
      return this.take(connection);
    }

    /** Uses a connection that somebody else has made. */
    take(connection) {
      this.connection = connection;
      return (this.ready = this.#furnish(connection));
    }

    async #furnish(connection) {
      connection.ontrack = ({ streams: [stream] }) => this.#show(stream);
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
      for (const track of stream.getTracks()) connection.addTrack(track, stream);
      const channel = (this.channel = connection.createDataChannel("data", { negotiated: true, id: 0 }));
      channel.binaryType = "arraybuffer";
      channel.bufferedAmountLowThreshold = 8 * PIECE;
      channel.onmessage = ({ data }) => this.#arrived.push(data);
    }

    #show(stream) {
      const screen = (this.screen ??= document.body.appendChild(document.createElement("video")));
      screen.srcObject = stream;
      screen.autoplay = true;
    }

    async offer(options) {
      await this.connection.setLocalDescription(await this.connection.createOffer(options));
      await globalThis.signal({ description: this.connection.localDescription.toJSON() });
    }

    async hear({ description, candidate }) {
      if (candidate) return this.connection.addIceCandidate(candidate);
      await this.connection.setRemoteDescription(description);
      if (description.type !== "offer") return;
      await this.connection.setLocalDescription();
      await globalThis.signal({ description: this.connection.localDescription.toJSON() });
    }

    async send(size) {
      if (this.channel.readyState !== "open") await event(this.channel, "open");
      const sent = [];
      for (let left = size; left > 0; left -= sent.at(-1).length) {
        sent.push(crypto.getRandomValues(new Uint8Array(Math.min(left, PIECE))));
        if (this.channel.bufferedAmount > 64 * PIECE) await event(this.channel, "bufferedamountlow");
        this.channel.send(sent.at(-1));
      }
      return sha256(sent);
    }

    async receive(size) {
      const bytes = () => this.#arrived.reduce((sum, piece) => sum + piece.byteLength, 0);
      while (bytes() < size) await event(this.channel, "message");
      return sha256(this.#arrived.splice(0));
    }

    async played() {
      const incoming = [...(await this.connection.getStats()).values()].filter(({ type }) => type === "inbound-rtp");
      const of = (kind) => incoming.find((one) => one.kind === kind);
      return { pictures: of("video")?.framesDecoded ?? 0, sound: of("audio")?.totalAudioEnergy ?? 0 };
    }

    async path() {
      const stats = await this.connection.getStats();
      const transport = [...stats.values()].find(({ type }) => type === "transport");
      const pair = stats.get(transport?.selectedCandidatePairId);
      const of = (id) => {
        const { candidateType, relayProtocol, address, port } = stats.get(id) ?? {};
        return { candidateType, relayProtocol, address, port };
      };
      return { local: of(pair?.localCandidateId), remote: of(pair?.remoteCandidateId) };
    }
  }
  globalThis.phone = new Phone();
}
