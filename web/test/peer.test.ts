import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IceServers } from "../src/p2p/ice";
import { Line } from "../src/p2p/line";
import { Peer } from "../src/p2p/peer";
import type { Signal } from "../src/p2p/signals";

/** Stands in for what only browsers have: it takes every description, and keeps them. */
class Connection {
  readonly taken: string[] = [];
  localDescription = { type: "answer", sdp: "v=0\r\n" };
  signalingState = "stable";
  connectionState = "new";

  async setRemoteDescription({ sdp }: { readonly sdp: string }) {
    this.taken.push(sdp);
  }
  async setLocalDescription() {}
  restartIce() {}
  close() {}
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", Connection);
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("removeEventListener", () => {});
  vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Somebody's page that was rung by Ida's, and what it says to whom. */
function rung() {
  const said: [to: string, signal: Signal][] = [];
  const carrier = { signal: async (to: string, signal: Signal) => said.push([to, signal]) };
  const line = new Line(carrier, "1", "ida@x", "ida@x/1");
  const peer = new Peer({ person: "ida@x", line, polite: true, servers: [], ice: new IceServers(async () => undefined), policy: "all" });
  let version = 0;
  /** Somebody offers, with these certificates. */
  const offer = async (from: string, ...digests: readonly string[]) => {
    const lines = digests.map((digest) => `a=fingerprint:${digest}\r\n`);
    peer.hear(from, { description: { type: "offer", sdp: `o=- ${version++}\r\n${lines.join("")}` } });
    await vi.advanceTimersByTimeAsync(0);
  };
  return { peer, offer, said, taken: (peer.connection as unknown as Connection).taken };
}

test("whoever shows another certificate than the call began with gets no answer, and ends it", async () => {
  const { peer, offer, said, taken } = rung();
  await offer("ida@x/1", "sha-256 AA");
  said.length = 0;
  await offer("ida@x/2", "sha-256 BB");
  expect(await peer.ended).toEqual({ by: "here", why: "certificate" });
  expect(taken.length).toBe(1);
  expect(said).toEqual([["ida@x", { call: "1", bye: "certificate" }]]);
});

test("one more certificate is another one, too", async () => {
  const { peer, offer } = rung();
  await offer("ida@x/1", "sha-256 AA");
  await offer("ida@x/1", "sha-256 AA", "SHA-256 BB");
  expect(peer.state.value).toBe("ended");
});

test("the same one under another address, fewer of them, or none that says so is no reason", async () => {
  const { peer, offer, taken } = rung();
  await offer("ida@x/1");
  await offer("ida@x/1", "sha-256 AA", "sha-384 AB");
  await offer("ida@x/2", "SHA-256 aa");
  await offer("ida@x/2");
  expect(taken.length).toBe(4);
  expect(peer.state.value).toBe("connecting");
});

test("whoever is called otherwise by now is the one on the other side by that name", async () => {
  const { peer, said } = rung();
  peer.renamed("lobby@rooms.x/Bob");
  peer.hangUp();
  await vi.advanceTimersByTimeAsync(0);
  expect([peer.person, said.map(([to]) => to)]).toEqual(["lobby@rooms.x/Bob", ["lobby@rooms.x/Bob"]]);
});
