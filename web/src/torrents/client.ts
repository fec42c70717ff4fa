// The client of WebTorrent, fetched when it is first wanted: it is as large as the rest of this page together.
import type WebTorrent from "webtorrent/dist/webtorrent.min.js";
import { readPolicy } from "../link";
import type { IceServers } from "../p2p/ice";

/** Where peers are found: the server that this page came from. */
export const TRACKER = `${location.origin.replace(/^http/, "ws")}/tracker`;

/** Whether this page can share at all: hashes of pieces are computed by what browsers only have where a page came by TLS or from this machine. */
export const canShare = isSecureContext && "RTCPeerConnection" in globalThis;

let client: Promise<WebTorrent> | undefined;

/** The client, the same for every torrent. */
export function webtorrent(ice: IceServers): Promise<WebTorrent> {
  client ??= load(ice).catch((cause: unknown) => {
    client = undefined;
    throw cause;
  });
  return client;
}

async function load(ice: IceServers): Promise<WebTorrent> {
  const [{ default: WebTorrent }, iceServers] = await Promise.all([import("webtorrent/dist/webtorrent.min.js"), ice.servers()]);
  // Looked at anew for each connection, so credentials can be put in its place.
  const rtcConfig: RTCConfiguration = { iceServers, iceTransportPolicy: readPolicy(location.search) };
  ice.renew((servers) => void (rtcConfig.iceServers = servers));
  // No way but the tracker's: nothing else is told what this page has or wants.
  const made = new WebTorrent({ tracker: { rtcConfig }, dht: false, lsd: false, utPex: false, webSeeds: false, natUpnp: false, natPmp: false });
  made.on("error", (error) => console.warn(error));
  return made;
}
