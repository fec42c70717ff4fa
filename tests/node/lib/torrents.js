// Peers that share files by webtorrent: in Node, and in pages of Chromium. Each says the SHA-256 of what it has.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash, randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import WebTorrent from "webtorrent";
import { launchForCalls } from "./calls.js";
import { LONG_MS, soon } from "./soon.js";
import { trackerOf } from "./tracker.js";

/** What a page loads, as it would from a bundler or a content network. */
const BUNDLE = fileURLToPath(new URL("../node_modules/webtorrent/dist/webtorrent.min.js", import.meta.url));
const MODULE = "/webtorrent.min.js";

/** Peers find each other through the tracker only, and on this machine. */
const ALONE = { dht: false, lsd: false, natPmp: false, natUpnp: false, utPex: false, utp: false, webSeeds: false };
const DIRECT = { iceServers: [] };

/** Chromium whose pages say the addresses of this machine as they are: nobody here resolves the names of mDNS. */
export const launchForTorrents = () => launchForCalls("--disable-features=WebRtcHideLocalIpsWithMdns");

let names = 0;

/** A peer in Node, until the end of the test. */
export function inNode(t, server) {
  const peer = new NodePeer(trackerOf(server, `Node${(names += 1)}`));
  t.after(() => peer.leave());
  return peer;
}

/** A peer in a page of its own, until the end of the test; `relayed` if it may use nothing but the relays of the server, and with
 * the policy `all` those too. */
export async function inPage(t, server, browser, { relayed = false, policy = "relay" } = {}) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.route(`**${MODULE}`, (route) => route.fulfill({ path: BUNDLE, contentType: "text/javascript" }));
  await page.goto(server.base);
  const peer = new PagePeer(page);
  await page.evaluate(prepare, { module: MODULE, tracker: trackerOf(server, `Page${(names += 1)}`), options: ALONE, relayed, policy });
  return peer;
}

class NodePeer {
  constructor(tracker) {
    this.announce = [tracker];
    this.folders = [];
    this.client = new WebTorrent({ ...ALONE, tracker: { rtcConfig: DIRECT } });
    this.failed = new Promise((_, reject) => this.client.on("error", reject));
    this.failed.catch(() => {});
  }

  /** Shares a new file of so many bytes. */
  async seed(size) {
    const bytes = Object.assign(randomBytes(size), { name: "file.bin" });
    const path = await this.#folder();
    const torrent = await this.#first("a torrent to begin", (done) => this.client.seed(bytes, { announce: this.announce, path }, done));
    return { infoHash: torrent.infoHash, size, sha256: digest(bytes) };
  }

  /** Gets the file of that hash from whoever has it. */
  async get(infoHash) {
    const path = await this.#folder();
    const torrent = this.client.add(infoHash, { announce: this.announce, path });
    await this.#first("a torrent to be whole", (done) => torrent.once("done", done));
    const bytes = Buffer.from(await torrent.files[0].arrayBuffer());
    return { infoHash, size: bytes.length, sha256: digest(bytes) };
  }

  async leave() {
    if (!this.client.destroyed) await new Promise((resolve) => this.client.destroy(resolve));
    await Promise.all(this.folders.splice(0).map((path) => rm(path, { recursive: true, force: true })));
  }

  /** One of its own: else all who run at the same time have the same, and files of one name are one file. */
  async #folder() {
    const path = await mkdtemp(join(tmpdir(), "hubbub-torrent-"));
    this.folders.push(path);
    return path;
  }

  #first(what, begin) {
    return soon(Promise.race([new Promise(begin), this.failed]), what, LONG_MS);
  }
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

class PagePeer {
  constructor(page) {
    this.page = page;
  }

  seed(size) {
    return soon(this.page.evaluate((size) => globalThis.torrents.seed(size), size), "a torrent to begin in a page", LONG_MS);
  }

  get(infoHash) {
    return soon(this.page.evaluate((infoHash) => globalThis.torrents.get(infoHash), infoHash), "a torrent to be whole in a page", LONG_MS);
  }

  /** The page is closed, as by somebody who has what he wanted. */
  leave() {
    return this.page.close();
  }
}

/** Runs in the page. */
async function prepare({ module, tracker, options, relayed, policy }) {
  const { default: WebTorrent } = await import(module);
  const rtcConfig = { iceServers: [] };
  if (relayed) {
    const { iceServers } = await (await fetch("/api/ice")).json();
    Object.assign(rtcConfig, { iceServers, iceTransportPolicy: policy });
  }
  const client = new WebTorrent({ ...options, tracker: { rtcConfig } });
  const failed = new Promise((_, reject) => client.on("error", reject));
  const announce = [tracker];
  const seen = async (infoHash, bytes) => {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return { infoHash, size: bytes.byteLength, sha256: [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
  };
  globalThis.torrents = {
    async seed(size) {
      const bytes = new Uint8Array(size);
      // No more than 64 KiB are made at once.
      for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
      const file = new File([bytes], "file.bin");
      const torrent = await Promise.race([failed, new Promise((resolve) => client.seed(file, { announce }, resolve))]);
      return seen(torrent.infoHash, bytes);
    },
    async get(infoHash) {
      const torrent = client.add(infoHash, { announce });
      await Promise.race([failed, new Promise((resolve) => torrent.once("done", resolve))]);
      return seen(infoHash, await (await torrent.files[0].blob()).arrayBuffer());
    },
  };
}
