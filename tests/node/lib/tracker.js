// Peers of a tracker as npm bittorrent-tracker's client has them: what the tracker tells them comes out one by one.
import { randomBytes } from "node:crypto";
import Client from "bittorrent-tracker/client";
import { Mailbox } from "./clients.js";

/** The configuration of a server that has a tracker; `settings` are more of `[tracker]`. */
export const tracking = (settings = "") => `
  [tracker]
  enabled = true
  ${settings}
`;

/** Where its tracker is. Clients in one process share a connection to one address, so each should have a name of its own. */
export const trackerOf = (server, name) => `${server.base.replace("http", "ws")}/tracker?name=${name}`;

export const newHash = () => randomBytes(20).toString("hex");

/** Somebody who can be in the swarm of that hash, until the end of the test. Those with one name and one `swarms` share a connection. */
export function peerOf(t, server, infoHash, name, swarms = infoHash) {
  const peer = new Announcer(infoHash, trackerOf(server, `${name}-${swarms}`));
  t.after(() => peer.leave());
  return peer;
}

let scrapes = 0;

/** What a tracker says of swarms (`{complete, incomplete, downloaded}`), one hash or several. */
export function scrape(server, infoHash) {
  const asked = { announce: trackerOf(server, `Scraper${(scrapes += 1)}`), infoHash, rtcConfig: { iceServers: [] } };
  return new Promise((resolve, reject) => Client.scrape(asked, (error, found) => (error ? reject(error) : resolve(found))));
}

class Announcer {
  updates = new Mailbox();
  peers = new Mailbox();
  warnings = new Mailbox();
  scrapes = new Mailbox();
  #met = [];

  constructor(infoHash, announce) {
    this.id = randomBytes(20).toString("hex");
    // Nobody is asked for addresses: those of this machine do.
    this.client = new Client({ infoHash, peerId: this.id, announce, port: 6881, rtcConfig: { iceServers: [] } });
    this.client.on("update", this.updates.push);
    this.client.on("warning", this.warnings.push);
    this.client.on("scrape", this.scrapes.push);
    this.client.on("peer", (peer) => {
      this.#met.push(peer);
      peer.on("error", this.warnings.push);
      this.peers.push(peer);
    });
  }

  /** Announces (`start`, `update`, `complete` or `stop`), and waits for how many have everything, and how many not. */
  async announce(event, options) {
    this.client[event](options);
    return this.counts();
  }

  async counts() {
    const { complete, incomplete } = await this.updates.next();
    return [complete, incomplete];
  }

  /** Waits until it has met another peer and is connected to it. */
  async meet() {
    const peer = await this.peers.next();
    if (!peer.connected) await new Promise((resolve) => peer.once("connect", resolve));
    return peer;
  }

  async leave() {
    for (const peer of this.#met) peer.destroy();
    if (!this.client.destroyed) await new Promise((resolve) => this.client.destroy(resolve));
  }
}

/** Says something to a peer, and waits until the other side has heard it. */
export async function tell(from, to, words) {
  const heard = new Promise((resolve) => to.once("data", (chunk) => resolve(Buffer.from(chunk).toString())));
  from.send(words);
  return heard;
}
