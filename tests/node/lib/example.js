// The example of calls (examples/calls) in pages of browsers: somebody at each of them, and what he can be told to do.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Phone, prepare } from "./calls.js";
import { leavesAfterwards } from "./leaving.js";

const FOLDER = fileURLToPath(new URL("../../../examples/calls", import.meta.url));
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
let rooms = 0;
const BLANK = `<!doctype html><title>Somebody</title><link rel="icon" href="data:,">`;

/** What the folder has under this path; `/blank.html` is a page with nothing in it. */
async function file(path) {
  const contentType = `${KINDS[extname(path)]}; charset=utf-8`;
  return { contentType, body: path === "/blank.html" ? BLANK : await readFile(join(FOLDER, path)) };
}

/** A web server that has the example, as a developer's would. */
export async function exampleSite() {
  const site = http.createServer(async ({ url }, response) => {
    const { contentType, body } = await file(new URL(url, "http://localhost").pathname);
    response.setHeader("Content-Type", contentType).end(body);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const close = () => {
    site.close();
    site.closeAllConnections();
  };
  return { base: `http://127.0.0.1:${site.address().port}`, close };
}

/** The same without a web server, for pages that have no network to this process. */
export const FROM_HERE = { base: "http://localhost" };
const serveFromHere = (context) =>
  context.route(`${FROM_HERE.base}/**`, async (route) => route.fulfill(await file(new URL(route.request().url()).pathname)));

/** Settings of a server that lets in pages from there. */
export const letsIn = ({ base }) => `
  [http]
  origins = ["${base}"]
`;

/**
 * Somebody in a page of his own at `site`, in a room, whose signals go by `transport`. `configuration` is for his calls; he answers all
 * that ring.
 */
export async function openCaller(browser, site, { server, transport, name, room, configuration = {} }) {
  const context = await browser.newContext();
  leavesAfterwards(() => context.close());
  if (site === FROM_HERE) await serveFromHere(context);
  const page = await context.newPage();
  await page.goto(`${site.base}/blank.html`);
  return enter(page, { server: server.base, transport, name, room, configuration });
}

/** Ann and Bo, in a room of their own, who signal by these transports. */
export function pair(browser, site, server, [ofAnn, ofBo], configuration) {
  const room = `calls-${++rooms}`;
  const open = (name, transport) => openCaller(browser, site, { server, transport, name, room, configuration });
  return Promise.all([open("Ann", ofAnn), open("Bo", ofBo)]);
}

/** The same in a page that is open already, of whatever browser. */
export async function enter(page, settings) {
  await page.evaluate(prepare);
  await page.evaluate(prepareCaller);
  const caller = new Caller(page);
  caller.address = await page.evaluate((settings) => globalThis.caller.enter(settings), settings);
  caller.user = caller.address.split("/", 1)[0];
  return caller;
}

/** The one rings the other, and they are connected. */
export async function connect(ann, bo) {
  await ann.ring(bo.user);
  await Promise.all([ann.state("connected"), bo.state("connected")]);
}

export class Caller extends Phone {
  /** Rings somebody, and waits until he has taken it; why not, if he has not. */
  ring(user) {
    return this.page.evaluate((user) => globalThis.caller.ring(user), user);
  }

  stopRinging() {
    return this.page.evaluate(() => globalThis.caller.telephone.hangUp());
  }

  hangUp(reason) {
    return this.page.evaluate((reason) => globalThis.caller.talk.hangUp(reason), reason);
  }

  restart() {
    return this.page.evaluate(() => globalThis.caller.talk.restart());
  }

  /** Keeps back what he would signal, until `release`; where words are named, only what has one of them. */
  hold(...words) {
    return this.page.evaluate((words) => globalThis.caller.hold(words), words);
  }

  /** Waits until an offer is among that. */
  holdsOffer() {
    return this.page.waitForFunction(() => globalThis.caller.held.some(({ signal }) => signal.description?.type === "offer"));
  }

  /** Waits until it is among that that no more candidates come. */
  holdsLastCandidate() {
    return this.page.waitForFunction(() => globalThis.caller.held.some(({ signal }) => signal.candidate === null));
  }

  /** Signals all that; what has the word `first`, if one is named, before all else. */
  release(first) {
    return this.page.evaluate((first) => globalThis.caller.release(first), first);
  }

  /** The user fragments of the candidates that his browser has taken. */
  taken() {
    return this.page.evaluate(() => globalThis.caller.taken);
  }

  /** What became of a signal: the server's answer, or its problem. */
  signal(to, signal) {
    return this.page.evaluate(([to, signal]) => globalThis.caller.signalling.send(to, signal).catch((problem) => problem), [to, signal]);
  }

  /** The signals that he has heard, once there is among them that no more candidates come. */
  async hearsLastCandidate() {
    const heard = await this.page.waitForFunction(() => globalThis.caller.heard.some(({ candidate }) => candidate === null) && globalThis.caller.heard);
    return heard.jsonValue();
  }

  /** Waits until he has heard so many signals with this word; the last of them. */
  async hears(word, times = 1) {
    const heard = await this.page.waitForFunction(([word, times]) => globalThis.caller.heard.filter((signal) => word in signal)[times - 1], [word, times]);
    return heard.jsonValue();
  }

  /** Waits until he has heard an offer from there. */
  hearsOfferFrom(address) {
    return this.page.waitForFunction((address) => globalThis.caller.offered.includes(address), address);
  }

  /** Waits until he has come into the room so many times; his address then. */
  async joined(times) {
    const addresses = await this.page.waitForFunction((times) => globalThis.caller.joined.length >= times && globalThis.caller.joined, times);
    return (await addresses.jsonValue()).at(-1);
  }

  /** Waits until the call is over; the reason. */
  async over() {
    const reason = await this.page.waitForFunction(() => globalThis.caller.over);
    return reason.jsonValue();
  }

  /** Waits until negotiation is at this point. */
  negotiation(wanted) {
    return this.page.waitForFunction((wanted) => globalThis.caller.talk.connection.signalingState === wanted, wanted);
  }

  /** The user fragment of his ICE: another one after each restart (RFC 8839, section 5.4). */
  fragment() {
    return this.page.evaluate(() => globalThis.caller.fragment());
  }

  /** Waits until it is none of these, and agreed on. */
  otherFragment(known) {
    return this.page.waitForFunction((known) => !known.includes(globalThis.caller.fragment()), known);
  }

  /** The id of his call. */
  call() {
    return this.page.evaluate(() => globalThis.caller.talk.id);
  }

  /** Answers no longer. */
  onlyListens() {
    return this.page.evaluate(() => (globalThis.caller.answers = false));
  }

  /** Waits until he need not answer any more; which call. */
  async stopped() {
    const id = await this.page.waitForFunction(() => globalThis.caller.stopped);
    return id.jsonValue();
  }

  /** Waits until nobody else is in the room. */
  seesNobody() {
    return this.page.waitForFunction(() => globalThis.caller.count === 1);
  }

  /** Shows the other something besides the camera. */
  showMore() {
    return this.page.evaluate(() => globalThis.caller.showMore());
  }

  /** Waits until so many different things have been shown, so many pictures more of each. */
  seesAll(things, frames) {
    return this.page.waitForFunction(([things, frames]) => globalThis.caller.showsAll(things, frames), [things, frames]);
  }

  /** Waits until the browser has had to say something against what the other said. */
  objects() {
    return this.page.waitForFunction(() => globalThis.caller.complaints.length > 0);
  }

  /** What the browser had to say against what the other said: nothing, in a test that goes well. */
  async objections() {
    return this.page.evaluate(() => globalThis.caller.complaints);
  }
}

/** Runs in the page. */
function prepareCaller() {
  class Caller {
    heard = [];
    offered = [];
    joined = [];
    complaints = [];
    taken = [];
    answers = true;

    async enter({ server, transport, name, room, configuration }) {
      const { TRANSPORTS } = await import("/signalling.js");
      const { Telephone } = await import("/telephone.js");
      if (transport === "Socket.IO") await import(`${server}/socket.io/socket.io.min.js`);
      this.signalling = new TRANSPORTS[transport](server, room, name);
      this.signalling.addEventListener("signal", ({ detail }) => this.heard.push(detail.signal));
      this.signalling.addEventListener("signal", ({ detail: { from, signal } }) => signal.description?.type === "offer" && this.offered.push(from));
      this.telephone = new Telephone(this.signalling, configuration);
      this.telephone.addEventListener("ring", ({ detail }) => this.answers && this.begin(detail.answer()));
      this.telephone.addEventListener("stop", ({ detail: id }) => (this.stopped = id));
      this.signalling.addEventListener("presence", ({ detail: { count } }) => (this.count = count));
      return new Promise((resolve) => {
        this.signalling.addEventListener("joined", ({ detail: { session } }) => this.joined.push(session) && resolve(session));
      });
    }

    async ring(user) {
      try {
        await this.begin(await this.telephone.ring(user));
      } catch ({ message }) {
        return message;
      }
    }

    begin(talk) {
      this.talk = talk;
      this.screens = [];
      talk.connection.addEventListener("track", ({ track }) => track.kind === "video" && this.#open(track));
      talk.addEventListener("complaint", ({ detail }) => this.complaints.push(String(detail)));
      talk.addEventListener("over", ({ detail }) => (this.over = detail));
      const { connection } = talk;
      connection.addIceCandidate = async (candidate) => {
        await RTCPeerConnection.prototype.addIceCandidate.call(connection, candidate);
        this.taken.push(candidate?.usernameFragment);
      };
      return globalThis.phone.take(talk.connection);
    }

    fragment() {
      return /^a=ice-ufrag:(.*)$/m.exec(this.talk.connection.currentLocalDescription.sdp)[1];
    }

    hold(words) {
      this.held = [];
      const send = this.signalling.send.bind(this.signalling);
      this.signalling.send = (to, signal) => {
        if (words.length > 0 && !words.some((word) => word in signal)) return send(to, signal);
        return new Promise((resolve) => this.held.push({ signal, go: () => resolve(send(to, signal)) }));
      };
    }

    release(first) {
      delete this.signalling.send;
      this.held.sort((a, b) => (first in b.signal) - (first in a.signal));
      for (const { go } of this.held.splice(0)) go();
    }

    /** Counts what is on the screens: what is decoded need not be shown. */
    showsAll(things, frames) {
      const live = this.screens.filter(({ track }) => track.readyState === "live");
      for (const screen of live) screen.before ??= screen.shown;
      const done = live.length === things && live.every(({ shown, before }) => shown >= before + frames);
      if (done) for (const screen of live) delete screen.before;
      return done;
    }

    #open(track) {
      const video = document.body.appendChild(document.createElement("video"));
      Object.assign(video, { autoplay: true, muted: true, srcObject: new MediaStream([track]) });
      const screen = { track, shown: 0 };
      const count = () => {
        screen.shown += 1;
        video.requestVideoFrameCallback(count);
      };
      video.requestVideoFrameCallback(count);
      this.screens.push(screen);
    }

    showMore() {
      const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 120 });
      const brush = canvas.getContext("2d");
      const paint = (time) => {
        brush.fillStyle = `hsl(${time / 10} 80% 50%)`;
        brush.fillRect(0, 0, canvas.width, canvas.height);
        requestAnimationFrame(paint);
      };
      paint(0);
      this.talk.connection.addTrack(canvas.captureStream(10).getVideoTracks()[0], new MediaStream());
    }
  }
  globalThis.caller = new Caller();
}
